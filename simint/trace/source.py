"""What a harvester offers in each segment of a trace: a power, a Thevenin equivalent or a current-voltage curve."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simint.errors import InputError

FloatArray = NDArray[np.floating[Any]]

# Checks and sums walk long traces in pieces of this many values, so their temporaries stay near 8 MB.
CHUNK = 1 << 20


class SourceKind(enum.StrEnum):
    """What a trace's values mean electrically."""

    POWER = "power"
    THEVENIN = "thevenin"
    IV = "iv"


@dataclass(frozen=True, eq=False)
class PowerSource:
    """Power that a converter at its operating point can take.

    `power_w`: (n,) watt, one value per segment. `voltage_v`: (n,) volt at the source's terminals where the recording
    knows it; tables of converter efficiency need it.
    """

    power_w: FloatArray
    voltage_v: FloatArray | None = None

    def __post_init__(self) -> None:
        _store(self, "power_w", _values(self.power_w, "power_w"))
        if self.voltage_v is not None:
            _store(self, "voltage_v", _values(self.voltage_v, "voltage_v"))
            _require_length(self.voltage_v, self.power_w.size, "voltage_v")

    @property
    def segments(self) -> int:
        """Number of segments n."""
        return int(self.power_w.size)


@dataclass(frozen=True, eq=False)
class TheveninSource:
    """An open-circuit voltage behind a resistance.

    `voltage_v`: (n,) volt. `resistance_ohm`: one number for all segments, or (n,) ohm.
    """

    voltage_v: FloatArray
    resistance_ohm: float | FloatArray

    def __post_init__(self) -> None:
        _store(self, "voltage_v", _values(self.voltage_v, "voltage_v"))
        if isinstance(self.resistance_ohm, (int, float, np.number)):
            resistance = float(self.resistance_ohm)
            if not 0 < resistance < math.inf:
                raise InputError(f"resistance_ohm must be positive and finite, got {resistance:g}")
            _store(self, "resistance_ohm", resistance)
        else:
            values = _values(self.resistance_ohm, "resistance_ohm", positive=True)
            _require_length(values, self.voltage_v.size, "resistance_ohm")
            _store(self, "resistance_ohm", values)

    @property
    def segments(self) -> int:
        """Number of segments n."""
        return int(self.voltage_v.size)


@dataclass(frozen=True, eq=False)
class CurveSource:
    """A piecewise linear current-voltage curve I(V) per segment, as of a solar cell.

    `voltage_v`: (n, m) volt, or (m,) where all segments share one grid; each row rises strictly from 0.
    `current_a`: (n, m) ampere; each row never rises and ends at 0, at the open-circuit voltage.
    """

    voltage_v: FloatArray
    current_a: FloatArray

    def __post_init__(self) -> None:
        _store(self, "voltage_v", _values(self.voltage_v, "voltage_v", dimensions=(1, 2)))
        _store(self, "current_a", _values(self.current_a, "current_a", dimensions=(2,)))
        wanted = self.current_a.shape if self.voltage_v.ndim == 2 else self.current_a.shape[1:]
        if self.voltage_v.shape != wanted:
            raise InputError(
                f"voltage_v has shape {self.voltage_v.shape}, but current_a {self.current_a.shape} needs {wanted}"
            )
        if self.current_a.shape[1] < 2:
            raise InputError("a current-voltage curve needs at least two points")
        _check_curves(self.voltage_v, self.current_a)

    @property
    def segments(self) -> int:
        """Number of segments n."""
        return int(self.current_a.shape[0])


Source = PowerSource | TheveninSource | CurveSource


def source_kind(source: Source) -> SourceKind:
    """The kind of a source."""
    if isinstance(source, PowerSource):
        return SourceKind.POWER
    return SourceKind.THEVENIN if isinstance(source, TheveninSource) else SourceKind.IV


def max_power_w(source: Source) -> FloatArray:
    """Power at the maximum power point of each segment, (n,) watt.

    The value itself for a power source, Vs^2 / (4 Rs) for a Thevenin source (maximum power transfer), and the highest
    vertex of V * I(V) over the linear pieces for a curve: on a piece I = I0 - g (V - V0) the product has its
    vertex at V = (I0 + g V0) / (2 g).
    """
    if isinstance(source, PowerSource):
        return source.power_w
    if isinstance(source, TheveninSource):
        return np.square(source.voltage_v, dtype=np.float64) / (4.0 * np.asarray(source.resistance_ohm, np.float64))
    best = np.empty(source.segments)
    rows = max(1, CHUNK // source.current_a.shape[1])
    for first in range(0, source.segments, rows):
        piece = take_segments(source, first, min(first + rows, source.segments))
        best[first : first + rows] = _curve_maximum(piece)
    return best


def take_segments(source: Source, first: int, last: int) -> Source:
    """Segments `first` to `last` - 1 as a source that shares the arrays' memory."""
    if isinstance(source, PowerSource):
        voltage = None if source.voltage_v is None else source.voltage_v[first:last]
        return PowerSource(source.power_w[first:last], voltage)
    if isinstance(source, TheveninSource):
        resistance = source.resistance_ohm
        if not isinstance(resistance, float):
            resistance = resistance[first:last]
        return TheveninSource(source.voltage_v[first:last], resistance)
    grid = source.voltage_v if source.voltage_v.ndim == 1 else source.voltage_v[first:last]
    return CurveSource(grid, source.current_a[first:last])


def scale_source(source: Source, factor: float) -> Source:
    """A source whose maximum power is `factor` times that of `source`.

    Powers and the currents of curves are multiplied by the factor; a Thevenin source keeps its resistance and has its
    voltage multiplied by the square root, because its maximum power goes with the square of the voltage.
    """
    if not 0 <= factor < math.inf:
        raise InputError(f"a scale factor must be finite and not negative, got {factor:g}")
    if isinstance(source, PowerSource):
        return PowerSource(source.power_w * float(factor), source.voltage_v)
    if isinstance(source, TheveninSource):
        return TheveninSource(source.voltage_v * math.sqrt(factor), source.resistance_ohm)
    return CurveSource(source.voltage_v, source.current_a * float(factor))


def check_values(values: FloatArray, name: str, *, positive: bool = False) -> None:
    """Refuse NaN, infinite and negative values (and zero, if `positive`), naming the index of the first."""
    # Smallest and largest need no temporary and show NaN too; only a bad array is searched for the place.
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high < math.inf and (low > 0 or not positive):
        return
    flat = values.reshape(-1)
    for first in range(0, flat.size, CHUNK):
        piece = flat[first : first + CHUNK]
        bad = ~(np.isfinite(piece) & ((piece > 0) if positive else (piece >= 0)))
        if bad.any():
            index = np.unravel_index(first + int(np.argmax(bad)), values.shape)
            place = ", ".join(str(int(i)) for i in index)
            allowed = "finite and positive" if positive else "finite and not negative"
            raise InputError(f"{name}[{place}] is {values[index]:g}, it must be {allowed}")


def float_array(values: ArrayLike, name: str) -> FloatArray:
    """`values` as a read-only contiguous array: float32 stays float32, everything else becomes float64."""
    try:
        array = np.asarray(values)
        kept = array.dtype if array.dtype in (np.float32, np.float64) else np.dtype(np.float64)
        array = np.ascontiguousarray(array, dtype=kept).view()
    except (TypeError, ValueError):
        raise InputError(f"{name} must be an array of numbers") from None
    array.flags.writeable = False
    return array


def _values(values: ArrayLike, name: str, *, positive: bool = False, dimensions: tuple[int, ...] = (1,)) -> FloatArray:
    array = float_array(values, name)
    if array.size == 0:
        raise InputError(f"{name} is empty, a trace needs at least one segment")
    if np.ndim(values) not in dimensions:
        raise InputError(f"{name} must have {' or '.join(map(str, dimensions))} dimension(s), got {np.ndim(values)}")
    check_values(array, name, positive=positive)
    return array


def _store(instance: object, field: str, value: object) -> None:
    object.__setattr__(instance, field, value)


def _require_length(values: FloatArray, length: int, name: str) -> None:
    if values.size != length:
        raise InputError(f"{name} has {values.size} values for {length} segments")


def _check_curves(voltage: FloatArray, current: FloatArray) -> None:
    """Shape rules of current-voltage curves, row by row in pieces; the message names the row and point."""
    rows = max(1, CHUNK // current.shape[1])
    grids = voltage.reshape(-1, current.shape[1])
    for first in range(0, grids.shape[0], rows):
        grid = grids[first : first + rows]
        _refuse(grid[:, :1] != 0, first, 0, "voltage_v", "each curve must start at 0 V")
        _refuse(np.diff(grid, axis=1) <= 0, first, 1, "voltage_v", "voltages must rise strictly along a curve")
    for first in range(0, current.shape[0], rows):
        piece = current[first : first + rows]
        _refuse(np.diff(piece, axis=1) > 0, first, 1, "current_a", "the current must not rise with the voltage")
        end = "each curve must end at 0 A (the open-circuit voltage)"
        _refuse(piece[:, -1:] != 0, first, piece.shape[1] - 1, "current_a", end)


def _refuse(bad: NDArray[np.bool_], first_row: int, first_point: int, name: str, rule: str) -> None:
    """Name the first bad point; `bad` covers the rows from `first_row` and the points from `first_point` on."""
    if bad.any():
        row, point = np.unravel_index(int(np.argmax(bad)), bad.shape)
        raise InputError(f"{name}[{first_row + int(row)}, {first_point + int(point)}]: {rule}")


def _curve_maximum(source: Source) -> FloatArray:
    assert isinstance(source, CurveSource)
    voltage = np.broadcast_to(source.voltage_v, source.current_a.shape).astype(np.float64)
    current = source.current_a.astype(np.float64)
    left, right, top = voltage[:, :-1], voltage[:, 1:], current[:, :-1]
    slope = (top - current[:, 1:]) / (right - left)
    # A flat piece has no vertex: its product rises up to the right end.
    flat = slope <= 0
    vertex = np.where(flat, right, (top + slope * left) / np.where(flat, 1.0, 2.0 * slope))
    point = np.clip(vertex, left, right)
    powers: FloatArray = point * (top - slope * (point - left))
    return np.asarray(powers.max(axis=1))
