"""Simint's own trace file: a compressed npz with the source's arrays, the timing, and where it all came from."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from simint.errors import InputError
from simint.files import replacing
from simint.trace.power_trace import (
    CurrentSource,
    CurveSource,
    PowerSource,
    PowerTrace,
    Source,
    TheveninSource,
    TraceEnd,
)
from simint.trace.readers.options import ReadOptions
from simint.trace.source import FloatArray

# Layout number under the key that marks the file as ours.
MARK = "simint_trace"
VERSION = 1

# What numpy raises for a file that is cut short or no npz at all.
_DAMAGED = (ValueError, EOFError, zipfile.BadZipFile, zlib.error)


def write_npz(trace: PowerTrace, path: Path) -> None:
    """Write a trace so that `read_npz` gives back an equal one; the file appears whole or not at all.

    Keys: `simint_trace` (layout number), `name`, `end`, `provenance`, `step_s` or `edges_s`, and the fields of the
    source (`power_w`, `voltage_v` | `current_a`, `compliance_v` | `voltage_v`, `resistance_ohm` | `voltage_v`,
    `current_a`), in SI units.
    """
    source = trace.source
    arrays: dict[str, object] = {MARK: VERSION, "name": trace.name, "end": trace.end, "provenance": trace.provenance}
    if isinstance(source, PowerSource):
        arrays |= {"power_w": source.power_w, "voltage_v": source.voltage_v}
    elif isinstance(source, CurrentSource):
        arrays |= {"current_a": source.current_a, "compliance_v": source.compliance_v}
    elif isinstance(source, TheveninSource):
        arrays |= {"voltage_v": source.voltage_v, "resistance_ohm": source.resistance_ohm}
    else:
        arrays |= {"voltage_v": source.voltage_v, "current_a": source.current_a}
    arrays |= {"step_s": trace.step_s, "edges_s": trace.edges_s}
    present = {key: np.asarray(value) for key, value in arrays.items() if value is not None}
    with replacing(path) as draft, open(draft, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **present)


def read_npz(path: Path, name: str = "", options: ReadOptions | None = None) -> PowerTrace:
    """Read a file written by `write_npz`; the trace keeps the name it was written with.

    Raises InputError for another layout, a missing array, and whatever the trace itself refuses.
    """
    with open_npz(path) as file:
        if MARK not in file:
            raise InputError(f"not a simint trace file (no {MARK!r} in it); choose an array with {path.name}#NAME")
        if int(file[MARK]) != VERSION:
            raise InputError(f"layout {int(file[MARK])} of a trace file, this version reads layout {VERSION}")
        try:
            end = TraceEnd(str(file["end"]))
            source = _source(file)
            step_s = float(file["step_s"]) if "step_s" in file else None
            edges_s = array_of(file, "edges_s") if "edges_s" in file else None
            return PowerTrace(str(file["name"]), source, step_s, edges_s, end, str(file["provenance"]))
        except KeyError as error:
            raise InputError(f"damaged trace file: {error.args[0]}") from None
        except ValueError as error:
            raise InputError(f"damaged trace file: {error}") from None


def open_npz(path: Path) -> np.lib.npyio.NpzFile:
    """Open an npz file without pickles; InputError where it is damaged or something else."""
    try:
        file = np.load(path, allow_pickle=False)
    except _DAMAGED:
        raise InputError("not an npz file, or a truncated one") from None
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise InputError("a single npy array, an npz file is expected")
    return file


def array_of(file: np.lib.npyio.NpzFile, key: str) -> FloatArray:
    """One array of an npz file as it is stored; InputError where it is damaged or holds objects."""
    try:
        values = np.asarray(file[key])
    except _DAMAGED as error:
        raise InputError(f"array {key!r} cannot be read ({error})") from None
    if values.dtype.kind not in "iuf":
        raise InputError(f"array {key!r} holds {values.dtype}, numbers are expected")
    return values


def _source(file: np.lib.npyio.NpzFile) -> Source:
    if "power_w" in file:
        return PowerSource(array_of(file, "power_w"), array_of(file, "voltage_v") if "voltage_v" in file else None)
    if "compliance_v" in file:
        return CurrentSource(array_of(file, "current_a"), _number(file, "compliance_v"))
    if "current_a" in file:
        return CurveSource(array_of(file, "voltage_v"), array_of(file, "current_a"))
    resistance = array_of(file, "resistance_ohm")
    return TheveninSource(array_of(file, "voltage_v"), float(resistance) if resistance.ndim == 0 else resistance)


def _number(file: np.lib.npyio.NpzFile, key: str) -> float:
    value = array_of(file, key)
    if value.ndim != 0:
        raise InputError(f"array {key!r} has shape {value.shape}, one number is expected")
    return float(value)
