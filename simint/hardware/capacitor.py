"""The storage capacitor as a part: capacitance over voltage, leakage, series resistance, rating."""

from __future__ import annotations

import datetime
import math
from itertools import pairwise

import msgspec

from simint.config import Ampere, Farad, Ohm, Ratio, Volt
from simint.errors import InputError


class Derating(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """DC bias: the share of the nominal capacitance that is left, dQ/dV over `Capacitor.capacitance`.

    `share[k]` holds from `voltage[k]` up to `voltage[k + 1]`, the last one above; `voltage` starts at 0 V. In a
    class-2 ceramic the small-signal capacitance of the data sheet's bias curve is this dQ/dV.
    """

    voltage: tuple[Volt, ...]
    share: tuple[Ratio, ...]

    def __post_init__(self) -> None:
        _require_table(self.voltage, self.share, "share")
        if not all(0 < share <= 1 for share in self.share):
            raise InputError("`share` must lie in (0, 1]")


class LeakageTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Leakage current over the capacitor's voltage, linear between the points; from (0 V, 0 A), rising."""

    voltage: tuple[Volt, ...]
    current: tuple[Ampere, ...]

    def __post_init__(self) -> None:
        _require_table(self.voltage, self.current, "current")
        if self.current[0] != 0 or any(b < a for a, b in pairwise(self.current)):
            raise InputError("`current` must start at 0 A and never fall with the voltage")
        if len(self.voltage) < 2:
            raise InputError("a leakage table needs at least two points")


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a part costs, in US dollars; `source`: who asks for it, for how many; `date`: when, as 2026-01-31."""

    usd: float
    source: str
    date: str

    def __post_init__(self) -> None:
        if not 0 < self.usd < math.inf:
            raise InputError(f"`usd` must be positive and finite, got {self.usd:g}")
        if not self.source.strip():
            raise InputError("`source` must say whose price it is: prices differ by seller and number")
        try:
            datetime.date.fromisoformat(self.date)
        except ValueError:
            raise InputError(f"`date` must be a day such as 2026-01-31, got {self.date!r}") from None


class Capacitor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Storage capacitor: capacitance, leakage as a parallel resistance or a table, `esr`, highest voltage it may see.

    `volume_mm3`, `price`: for studies that trade size or cost; absent where nobody said.
    """

    capacitance: Farad
    leakage: Ohm = math.inf
    leakage_table: LeakageTable | None = None
    esr: Ohm = 0.0
    derating: Derating | None = None
    rated_voltage: Volt = math.inf
    volume_mm3: float | None = None
    price: Price | None = None
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for field, value in (("capacitance", self.capacitance), ("leakage", self.leakage)):
            if not value > 0:
                raise InputError(f"`{field}` must be positive, got {value:g}")
        if not math.isfinite(self.capacitance):
            raise InputError("`capacitance` must be finite")
        if not self.rated_voltage > 0:
            raise InputError(f"`rated_voltage` must be positive, got {self.rated_voltage:g}")
        if not 0 <= self.esr < math.inf:
            raise InputError(f"`esr` must not be negative, got {self.esr:g}")
        if self.leakage_table is not None and self.leakage != math.inf:
            raise InputError("`leakage` and `leakage_table` say the same thing: give one of them")
        if self.volume_mm3 is not None and not self.volume_mm3 > 0:
            raise InputError(f"`volume_mm3` must be positive, got {self.volume_mm3:g}")


def in_parallel(capacitor: Capacitor, count: int) -> Capacitor:
    """`count` equal ones side by side: `count` times charge, leakage, volume and price, a `count`-th of `esr`.

    Raises InputError for a `count` below 1.
    """
    if count < 1:
        raise InputError(f"`parallel` must be at least 1, got {count}")
    table, price = capacitor.leakage_table, capacitor.price
    if table is not None:
        table = LeakageTable(voltage=table.voltage, current=tuple(count * ampere for ampere in table.current))
    return msgspec.structs.replace(
        capacitor,
        capacitance=count * capacitor.capacitance,
        leakage=capacitor.leakage / count,
        leakage_table=table,
        esr=capacitor.esr / count,
        volume_mm3=None if capacitor.volume_mm3 is None else count * capacitor.volume_mm3,
        price=None if price is None else msgspec.structs.replace(price, usd=count * price.usd),
    )


def resized(capacitor: Capacitor, capacitance: float) -> Capacitor:
    """Another capacitance, and all else the same; what such a part measures and costs, nobody said."""
    if capacitance == capacitor.capacitance:
        return capacitor
    return msgspec.structs.replace(capacitor, capacitance=capacitance, volume_mm3=None, price=None)


def capacitance_steps(capacitor: Capacitor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Lower voltage of every step of C(V), and the capacitance dQ/dV in F from there to the next."""
    derating = capacitor.derating
    if derating is None:
        return (0.0,), (capacitor.capacitance,)
    return derating.voltage, tuple(capacitor.capacitance * share for share in derating.share)


def stored_j(capacitor: Capacitor, voltage: float) -> float:
    """Energy in the capacitor at `voltage`, J: the integral of C(V) V dV from 0."""
    lows, sizes = capacitance_steps(capacitor)
    total = 0.0
    for low, high, size in zip(lows, (*lows[1:], math.inf), sizes, strict=True):
        top = min(high, voltage)
        if top > low:
            total += 0.5 * size * (top - low) * (top + low)
    return total


def voltage_storing(capacitor: Capacitor, energy_j: float) -> float:
    """The voltage at which the capacitor holds `energy_j`, V."""
    lows, sizes = capacitance_steps(capacitor)
    left = energy_j
    for low, high, size in zip(lows, (*lows[1:], math.inf), sizes, strict=True):
        inside = 0.5 * size * (high - low) * (high + low) if high < math.inf else math.inf
        if left <= inside:
            return math.sqrt(low * low + 2.0 * left / size)
        left -= inside
    raise AssertionError("the last step has no upper end")


def _require_table(voltage: tuple[float, ...], values: tuple[float, ...], name: str) -> None:
    if not voltage or len(voltage) != len(values):
        raise InputError(f"`voltage` and `{name}` must have the same length, got {len(voltage)} and {len(values)}")
    if voltage[0] != 0 or any(b <= a for a, b in pairwise(voltage)) or not math.isfinite(voltage[-1]):
        raise InputError("`voltage` must start at 0 V and rise strictly")
