"""HDF5 recordings of the shepherd testbed: operating points, end points or whole ramps of current-voltage curves.

Layout (nes-lab.github.io/shepherd, "Data format", and shepherd_core's reader and writer): group `data` with attributes
`datatype` and `window_samples`, datasets `voltage` and `current` (uint32 converter counts) and `time` (uint64, since
1970), each with attributes `gain` and `offset` so that SI value = count * gain + offset; root attribute `mode`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from simint.errors import InputError
from simint.trace.power_trace import CurveSource, PowerSource, PowerTrace, Source
from simint.trace.readers.diode import CURVE_POINTS, fill_factor_curves
from simint.trace.readers.options import ReadOptions
from simint.trace.readers.ramps import curves_from_ramps
from simint.trace.readers.timing import Timing, timing_of
from simint.trace.source import CHUNK, FloatArray, SourceKind

# The testbed samples at 100 kHz (shepherd_core, samplerate_sps_default) and stores time in nanoseconds.
STEP_S = 1e-5
TIME_GAIN_S = 1e-9

# Maximum power over Isc * Voc: the mean of 30,834 curves that the same laboratory recorded of a wearable solar cell
# (shepherd-tools, shepherd_data/examples/jogging_10m.iv), which range from 0.557 to 0.633.
FILL_FACTOR = 0.604

# The names of shepherd_core's EnergyDType, which has changed them over time.
_SAMPLES = ("ivsample", "ivsamples", "ivtrace")
_RAMPS = ("ivcurve", "ivcurves", "ivsurface")
_END_POINTS = ("isc_voc",)
_HARVEST_MODES = ("harvester", "harvesting")


def read_shepherd(path: Path, name: str, options: ReadOptions) -> PowerTrace:
    """Read a recording of a harvester.

    `ivsample`: operating points, power V * I with the voltage kept. `ivcurve`: one curve per window of
    `window_samples` samples; an unfinished last window is left out. `isc_voc`: pairs of short-circuit current and
    open-circuit voltage, which need a fill factor (default 0.604): power by default, or diode curves with
    `as_source = "iv"`. Counts below zero after the offset are taken as 0. Without `time` the interval is 10 us.

    Raises InputError for a damaged file, a missing dataset or attribute, an unknown datatype, the recording of an
    emulated load (which is no harvest), times that go back, and where h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise InputError("reading HDF5 needs h5py, install it with: pip install 'simint[shepherd]'") from None
    try:
        with h5py.File(path, "r") as file:
            return _read_open(file, path.name, name, options)
    except (OSError, RuntimeError, KeyError) as error:
        raise InputError(f"not an HDF5 file, or a truncated one ({str(error).splitlines()[0][:120]})") from None


def _read_open(file: Any, origin: str, name: str, options: ReadOptions) -> PowerTrace:
    mode = _text(file.attrs.get("mode", "harvester"))
    if mode not in _HARVEST_MODES:
        raise InputError(f"mode {mode!r}: the file records a load, a recording of a harvester is expected")
    if "data" not in file:
        raise InputError(f"no group 'data'; the file has {', '.join(file) or 'nothing'}")
    data = file["data"]
    datatype = _text(data.attrs.get("datatype", "ivsample"))
    window = int(data.attrs.get("window_samples", 0)) if datatype in _RAMPS else 1
    count = min(_dataset(data, "voltage").shape[0], _dataset(data, "current").shape[0])
    if datatype in _RAMPS and window < 2:
        raise InputError(f"datatype ivcurve needs the attribute window_samples (at least 2), got {window}")
    if count < window or count == 0:
        raise InputError(f"{count} samples are too few, at least {max(window, 1)} are needed")
    count -= count % window
    voltage, current = _si_values(data, "voltage", count), _si_values(data, "current", count)
    if datatype in _SAMPLES:
        source, said = _operating_points(voltage, current, options)
    elif datatype in _RAMPS:
        source, said = _ramps(voltage, current, window, options)
    elif datatype in _END_POINTS:
        source, said = _end_points(voltage, current, options)
    else:
        raise InputError(f"datatype {datatype!r} is unknown, expected ivsample, ivcurve or isc_voc")
    timing = _timing(data, count, window, options.step_s)
    return PowerTrace(name, source, timing.step_s, timing.edges_s, provenance=f"{origin}; shepherd {datatype}; {said}")


def _operating_points(voltage: FloatArray, current: FloatArray, options: ReadOptions) -> tuple[Source, str]:
    if options.as_source not in (None, SourceKind.POWER):
        raise InputError(f"`as_source`: operating points give power, not {options.as_source}")
    return PowerSource(voltage * current, voltage), "power V * I at the recorded operating points"


def _ramps(voltage: FloatArray, current: FloatArray, window: int, options: ReadOptions) -> tuple[CurveSource, str]:
    if options.as_source not in (None, SourceKind.IV):
        raise InputError(f"`as_source`: ramps give current-voltage curves (iv), not {options.as_source}")
    points = options.curve_points or CURVE_POINTS
    curves = curves_from_ramps(voltage.reshape(-1, window), current.reshape(-1, window), points)
    return curves, f"one curve per {window} samples, thinned to {points} of its points and its two ends"


def _end_points(voc_v: FloatArray, isc_a: FloatArray, options: ReadOptions) -> tuple[Source, str]:
    fill_factor = options.fill_factor or FILL_FACTOR
    said = f"assumed fill factor {fill_factor:g}"
    kind = options.as_source or SourceKind.POWER
    if kind is SourceKind.POWER:
        return PowerSource(voc_v * isc_a * np.float32(fill_factor)), f"power Isc * Voc with an {said}"
    if kind is SourceKind.THEVENIN:
        raise InputError("`as_source`: end points give power or iv, a Thevenin source has a fill factor of 1/4")
    if kind is SourceKind.CURRENT:
        raise InputError("`as_source`: end points give power or iv, a current source has a fill factor of 1")
    curves = fill_factor_curves(
        voc_v.astype(np.float64), isc_a.astype(np.float64), fill_factor, options.curve_points or CURVE_POINTS
    )
    return curves, f"diode curves with an {said}"


def _timing(data: Any, count: int, window: int, step_s: float | None) -> Timing:
    """Timing of the windows; `time` may be absent or empty, as in files that a tool has thinned out."""
    if step_s is not None:
        return Timing(step_s=step_s * window)
    if "time" not in data or data["time"].shape[0] == 0:
        return Timing(step_s=STEP_S * window)
    times = data["time"]
    if times.shape[0] < count:
        raise InputError(f"dataset 'time' has {times.shape[0]} values for {count} samples")
    gain = float(times.attrs.get("gain", TIME_GAIN_S))
    starts = times[0:count:window]
    # Nanoseconds since 1970 exceed the 53 bits of a double: the first is taken off while they are integers.
    elapsed = (starts.astype(np.int64) - int(starts[0])).astype(np.float64) if starts.dtype.kind in "iu" else starts
    if elapsed.size == 1 and times.shape[0] > 1:
        return Timing(step_s=(float(times[1]) - float(times[0])) * gain * window)
    return timing_of(elapsed, gain)


def _si_values(data: Any, key: str, count: int) -> FloatArray:
    """The first `count` samples in SI units, float32: converters of 18 bits leave the 24 of a float32 to spare."""
    dataset = _dataset(data, key)
    for attribute in ("gain", "offset"):
        if attribute not in dataset.attrs:
            raise InputError(f"dataset {key!r} has no attribute {attribute!r}")
    gain, offset = float(dataset.attrs["gain"]), float(dataset.attrs["offset"])
    values = np.empty(count, dtype=np.float32)
    for first in range(0, count, CHUNK):
        piece = dataset[first : min(first + CHUNK, count)] * gain + offset
        # The calibrated zero lies above the converter's: an open circuit reads a few counts below 0 A.
        values[first : first + CHUNK] = np.maximum(piece, 0.0)
    return values


def _dataset(data: Any, key: str) -> Any:
    if key not in data:
        raise InputError(f"no dataset data/{key}; the group has {', '.join(data) or 'nothing'}")
    if data[key].ndim != 1:
        raise InputError(f"dataset data/{key} has shape {data[key].shape}, one row is expected")
    return data[key]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
