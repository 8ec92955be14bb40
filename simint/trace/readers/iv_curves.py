"""JSON files of measured current-voltage curves: `{"0": {"<volt>": <ampere>, ...}}`, as of the Simba simulator.

Layout: github.com/LENS-TUGraz/simba, Simba/src/Harvesters/harvesting_data/IVCurves. A curve there has no time; the
names of the outer table put several curves in order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from simint.errors import InputError
from simint.trace.power_trace import PowerTrace
from simint.trace.readers.options import ReadOptions
from simint.trace.source import CurveSource, FloatArray, SourceKind

# How long a curve holds unless `step_s` says so: as long as the constant traces of the catalogue. In a looped trace of
# one curve it matters only for the count of loops.
CURVE_S = 60.0


def read_iv_curves(path: Path, name: str, options: ReadOptions) -> PowerTrace:
    """Read the curves of a file, each a segment of `step_s` (60 s by default); nothing is thinned out.

    What counts as delivered is the sign that most of the current has. A current must not rise with the voltage, but
    noise makes it: each one becomes the highest measured at its own or a higher voltage. The first current is
    extended to 0 V; a curve that was not measured up to its open circuit falls to 0 A one mean voltage step later;
    what lies beyond the open circuit is left out.

    Raises InputError for another layout, numbers that are none, fewer than two points, and voltages below 0 or twice.
    """
    if options.as_source not in (None, SourceKind.IV):
        raise InputError(f"`as_source`: measured curves give iv, not {options.as_source}")
    curves = [_curve(points, where) for where, points in _ordered(_read_json(path))]
    step_s = options.step_s or CURVE_S
    said = f"{len(curves)} measured current-voltage curve(s), {step_s:g} s each"
    return PowerTrace(name, _on_one_grid(curves), step_s, provenance=f"{path.name}; {said}")


def _read_json(path: Path) -> dict[str, dict[str, float]]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, float]])
    except msgspec.ValidationError as error:
        raise InputError(
            f'{str(error).replace("`$", "`file")}; {{"0": {{"<volt>": <ampere>, ...}}}} expected'
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InputError("not a JSON file, or a truncated one") from None


def _ordered(data: dict[str, dict[str, float]]) -> list[tuple[str, dict[str, float]]]:
    if not data:
        raise InputError("no curve in the file")
    return sorted(data.items(), key=lambda item: _number(item[0], "name of a curve"))


def _number(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise InputError(f"{what} {text!r} is not a number")
    return value


def _curve(points: dict[str, float], where: str) -> tuple[FloatArray, FloatArray]:
    """Voltages from 0 on and falling currents that end at 0."""
    if len(points) < 2:
        raise InputError(f"curve {where!r} has {len(points)} point(s), at least two are needed")
    voltage = np.array([_number(text, f"curve {where!r}: voltage") for text in points])
    order = np.argsort(voltage)
    voltage = voltage[order]
    current = np.array(list(points.values()))[order]
    if voltage[0] < 0 or (np.diff(voltage) == 0).any():
        raise InputError(f"curve {where!r}: voltages must not be negative and no voltage may stand there twice")
    if not np.isfinite(current).all():
        raise InputError(f"curve {where!r}: the current at {voltage[~np.isfinite(current)][0]:g} V is not a number")
    current = np.maximum(-current if current.sum() < 0 else current, 0.0)
    current = np.maximum.accumulate(current[::-1])[::-1]
    # A dark curve keeps its first point as open circuit, or its second where that is 0 V.
    kept = min(max(int(np.count_nonzero(current)) + 1, 1 + (voltage[0] == 0)), current.size)
    voltage, current = voltage[:kept], current[:kept]
    if current[-1] > 0:
        voltage = np.append(voltage, voltage[-1] + (voltage[-1] - voltage[0]) / (voltage.size - 1))
        current = np.append(current, 0.0)
    if voltage[0] > 0:
        voltage, current = np.insert(voltage, 0, 0.0), np.insert(current, 0, current[0])
    return voltage, current


def _on_one_grid(curves: list[tuple[FloatArray, FloatArray]]) -> CurveSource:
    """All curves on the union of their voltages: straight pieces stay what they are, and dark beyond their end."""
    grid: Any = np.unique(np.concatenate([voltage for voltage, _ in curves]))
    return CurveSource(grid, np.array([np.interp(grid, voltage, current) for voltage, current in curves]))
