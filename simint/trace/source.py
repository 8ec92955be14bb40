"""What a harvester offers in each segment of a trace: a power, a current, a Thevenin equivalent or an I(V) curve."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simint.errors import InputError
from simint.trace.curve_points import CHUNK, FloatArray, check_curves, maximum_power_points

__all__ = [
    "CHUNK",
    "CurrentSource",
    "CurveSource",
    "FloatArray",
    "PowerSource",
    "Source",
    "SourceKind",
    "TheveninSource",
    "check_values",
    "float_array",
    "max_power_w",
    "scale_source",
    "source_kind",
    "take_segments",
]


class SourceKind(enum.StrEnum):
    """What a trace's values mean electrically."""

    POWER = "power"
    CURRENT = "current"
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
class CurrentSource:
    """A current that flows while the voltage at the source's terminals is below the compliance voltage, then none.

    `current_a`: (n,) ampere. `compliance_v`: volt, one number for all segments.
    """

    current_a: FloatArray
    compliance_v: float

    def __post_init__(self) -> None:
        _store(self, "current_a", _values(self.current_a, "current_a"))
        compliance = float(self.compliance_v)
        if not 0 < compliance < math.inf:
            raise InputError(f"compliance_v must be positive and finite, got {compliance:g}")
        _store(self, "compliance_v", compliance)

    @property
    def segments(self) -> int:
        """Number of segments n."""
        return int(self.current_a.size)


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
        check_curves(self.voltage_v, self.current_a)

    @property
    def segments(self) -> int:
        """Number of segments n."""
        return int(self.current_a.shape[0])


Source = PowerSource | CurrentSource | TheveninSource | CurveSource


def source_kind(source: Source) -> SourceKind:
    """The kind of a source."""
    if isinstance(source, PowerSource):
        return SourceKind.POWER
    if isinstance(source, CurrentSource):
        return SourceKind.CURRENT
    return SourceKind.THEVENIN if isinstance(source, TheveninSource) else SourceKind.IV


def max_power_w(source: Source) -> FloatArray:
    """Power at the maximum power point of each segment, (n,) watt.

    The value itself for a power source, current times compliance voltage for a current source (its least upper bound),
    Vs^2 / (4 Rs) for a Thevenin source (maximum power transfer), and the highest vertex of V * I(V) over the linear
    pieces for a curve: on a piece I = I0 - g (V - V0) the product has its vertex at V = (I0 + g V0) / (2 g).
    """
    if isinstance(source, PowerSource):
        return source.power_w
    if isinstance(source, CurrentSource):
        return np.multiply(source.current_a, source.compliance_v, dtype=np.float64)
    if isinstance(source, TheveninSource):
        return np.square(source.voltage_v, dtype=np.float64) / (4.0 * np.asarray(source.resistance_ohm, np.float64))
    best = np.empty(source.segments)
    rows = max(1, CHUNK // source.current_a.shape[1])
    for first in range(0, source.segments, rows):
        piece = take_segments(source, first, min(first + rows, source.segments))
        assert isinstance(piece, CurveSource)
        voltage, current = maximum_power_points(piece.voltage_v, piece.current_a)
        np.multiply(voltage, current, out=best[first : first + rows])
    return best


def take_segments(source: Source, first: int, last: int) -> Source:
    """Segments `first` to `last` - 1 as a source that shares the arrays' memory."""
    if isinstance(source, PowerSource):
        voltage = None if source.voltage_v is None else source.voltage_v[first:last]
        return PowerSource(source.power_w[first:last], voltage)
    if isinstance(source, CurrentSource):
        return CurrentSource(source.current_a[first:last], source.compliance_v)
    if isinstance(source, TheveninSource):
        resistance = source.resistance_ohm
        if not isinstance(resistance, float):
            resistance = resistance[first:last]
        return TheveninSource(source.voltage_v[first:last], resistance)
    grid = source.voltage_v if source.voltage_v.ndim == 1 else source.voltage_v[first:last]
    return CurveSource(grid, source.current_a[first:last])


def scale_source(source: Source, factor: float) -> Source:
    """A source whose maximum power is `factor` times that of `source`.

    Powers and currents (those of curves too) are multiplied by the factor; a Thevenin source keeps its resistance and
    has its voltage multiplied by the square root, because its maximum power goes with the square of the voltage.
    """
    if not 0 <= factor < math.inf:
        raise InputError(f"a scale factor must be finite and not negative, got {factor:g}")
    if isinstance(source, PowerSource):
        return PowerSource(source.power_w * float(factor), source.voltage_v)
    if isinstance(source, CurrentSource):
        return CurrentSource(source.current_a * float(factor), source.compliance_v)
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
