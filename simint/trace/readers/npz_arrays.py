"""Traces out of npz files of other people: one evenly sampled array, converter counts, or diode coefficients."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simint.errors import InputError
from simint.trace.power_trace import PowerTrace
from simint.trace.readers.current import describe_current, source_from_current
from simint.trace.readers.diode import CURVE_POINTS, diode_curves
from simint.trace.readers.headers import Quantity, parse_header, quantity_by_unit, scale_of
from simint.trace.readers.irradiance import irradiance_trace
from simint.trace.readers.mementos import mementos_trace
from simint.trace.readers.npz import array_of, open_npz
from simint.trace.readers.options import ReadOptions, TraceFormat
from simint.trace.readers.timing import Timing, timing_of
from simint.trace.readers.voltage import describe_voltage, source_from_voltage
from simint.trace.source import FloatArray, PowerSource, SourceKind

# The indoor recording of CapSimu (github.com/naveedanwarbhatti/CapSimu) states neither load nor sampling. Its own
# simulator plays one sample a millisecond and charges the capacitor towards the recorded voltage through 1 kohm
# (camsimu.py, --r_charging), that is, as a Thevenin source: the same is done here.
ADC_STEP_S = 1e-3
ADC_SOURCE_OHM = 1e3


@dataclass(frozen=True)
class KnownArrays:
    """Arrays of a published collection that say neither quantity nor sampling interval: both come from its notes."""

    pattern: re.Pattern[str]
    quantity: Quantity
    step_s: float


_KNOWN = (
    # NREL Solar Radiation Research Laboratory, corrected CM3 pyranometer, doi:10.5439/1052221: one value a minute.
    KnownArrays(re.compile(r"ghi_\d{4}[a-z]{3}"), Quantity.IRRADIANCE, 60.0),
    # US National Solar Radiation Data Base 1991-2010, by station number: one value an hour, W/m2.
    KnownArrays(re.compile(r"station_\d{6}"), Quantity.IRRADIANCE, 3600.0),
)
_MEMENTOS = re.compile(r"trace_\d{2}")


def npz_format(path: Path, selector: str) -> TraceFormat:
    """Which reader fits an npz file, from the names of its arrays."""
    with open_npz(path) as file:
        names = set(file.files)
    if "simint_trace" in names:
        return TraceFormat.NPZ
    if not selector and {"a", "b", "c"} <= names:
        return TraceFormat.DIODE
    if not selector and {"adc", "volts_per_lsb"} <= names:
        return TraceFormat.ADC
    return TraceFormat.MEMENTOS if _MEMENTOS.fullmatch(selector) else TraceFormat.ARRAY


def read_array(path: Path, selector: str, name: str, options: ReadOptions) -> PowerTrace:
    """Read one array (n,): its name says the quantity and the unit (`power_uW`), or a unit option does.

    The arrays of the irradiance collections named in this file need no options but the cell.

    Raises InputError where the array is missing, its quantity or sampling interval unknown, or it is no single row.
    """
    values = _selected(path, selector)
    header = parse_header(selector)
    known = next((entry for entry in _KNOWN if entry.pattern.fullmatch(selector)), None)
    quantity = known.quantity if known is not None else header.quantity or quantity_by_unit(options)
    step_s = options.step_s or (known.step_s if known is not None else None)
    if quantity is None:
        raise InputError(
            f"array {selector!r}: give its unit (`power_unit`, `voltage_unit`, `current_unit` or `irradiance_unit`)"
        )
    if step_s is None:
        raise InputError(f"array {selector!r} has no times, give `step_s`")
    values = values * scale_of(header, quantity, options)
    origin = f"{path.name}, array {selector}"
    if quantity is Quantity.CURRENT:
        flow = source_from_current(values, options.as_source, options.compliance_v)
        return PowerTrace(name, flow, step_s, provenance=f"{origin}; {describe_current(flow.compliance_v)}")
    if options.compliance_v is not None:
        raise InputError(f"`compliance_v` belongs to a current, array {selector!r} holds a {quantity.name.lower()}")
    if quantity is Quantity.IRRADIANCE:
        return irradiance_trace(values, Timing(step_s=step_s), name, origin, options)
    if quantity is Quantity.POWER:
        return PowerTrace(name, PowerSource(values), step_s, provenance=origin)
    if quantity is Quantity.VOLTAGE:
        kind = options.as_source or SourceKind.POWER
        source = source_from_voltage(values, kind, options.load_ohm, options.source_ohm)
        origin += f"; {describe_voltage(kind, options.load_ohm, options.source_ohm)}"
        return PowerTrace(name, source, step_s, provenance=origin)
    raise InputError(
        f"array {selector!r} holds a {quantity.name.lower()}, a power, voltage, current or irradiance is expected"
    )


def read_mementos_array(path: Path, selector: str, name: str, options: ReadOptions) -> PowerTrace:
    """Read one array of volts across the Mementos load, a sample per millisecond; see `mementos_trace`."""
    return mementos_trace(_selected(path, selector), name, f"{path.name}, array {selector}", options)


def read_adc(path: Path, name: str, options: ReadOptions) -> PowerTrace:
    """Read converter counts `adc` (n,) times `volts_per_lsb`.

    Default: a Thevenin source with the recorded voltage as open-circuit voltage behind 1 kohm, 1 ms a sample. With
    `load_ohm` the voltage was measured across that load; `as_source = "power"` then gives the power into it.
    """
    with open_npz(path) as file:
        _require(file.files, ("adc", "volts_per_lsb"))
        voltage = array_of(file, "adc") * float(array_of(file, "volts_per_lsb"))
    kind = options.as_source or SourceKind.THEVENIN
    source_ohm = options.source_ohm or ADC_SOURCE_OHM
    source = source_from_voltage(voltage, kind, options.load_ohm, source_ohm)
    said = describe_voltage(kind, options.load_ohm, source_ohm)
    return PowerTrace(name, source, options.step_s or ADC_STEP_S, provenance=f"{path.name}, converter counts; {said}")


def read_diode(path: Path, name: str, options: ReadOptions) -> PowerTrace:
    """Read coefficients `a`, `b`, `c` (n,) at `time_s` as current-voltage curves (see `diode_curves`)."""
    with open_npz(path) as file:
        _require(file.files, ("a", "b", "c") if options.step_s else ("a", "b", "c", "time_s"))
        a, b, c = (np.asarray(array_of(file, key), dtype=np.float64) for key in ("a", "b", "c"))
        timing = timing_of(a if options.step_s else array_of(file, "time_s"), 1.0, options.step_s)
    if not a.shape == b.shape == c.shape or a.ndim != 1:
        raise InputError(f"a, b and c must be rows of the same length, got shapes {a.shape}, {b.shape}, {c.shape}")
    points = options.curve_points or CURVE_POINTS
    return PowerTrace(
        name,
        diode_curves(a, b, c, points),
        timing.step_s,
        timing.edges_s,
        provenance=f"{path.name}, diode curves I = a - b (exp(c V) - 1) as {points} points each",
    )


def _selected(path: Path, selector: str) -> FloatArray:
    with open_npz(path) as file:
        if selector not in file.files:
            what = f"no array {selector!r}" if selector else "choose an array with FILE#NAME"
            raise InputError(f"{what}; the file has {', '.join(file.files)}")
        values = array_of(file, selector)
    if values.ndim != 1 or values.size == 0:
        raise InputError(f"array {selector!r} has shape {values.shape}, one row of samples is expected")
    # Counts (int16) would overflow when squared.
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _require(names: list[str], wanted: tuple[str, ...]) -> None:
    missing = [key for key in wanted if key not in names]
    if missing:
        raise InputError(f"array {missing[0]!r} is missing; the file has {', '.join(names)}")
