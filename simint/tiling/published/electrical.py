"""Energy of a power cycle and the time to recharge after it, as the published model has them (specification 8)."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from simint.compiled import compiled
from simint.config import Farad, Ohm, Volt
from simint.errors import InputError
from simint.hardware.platform import Platform, Variant


class ElectricalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source of `v_supply` behind `resistance` charges `capacitance`; the device works from `v_on` down to `v_off`.

    `margin`: share of the stored energy that one power cycle may use.
    """

    capacitance: Farad
    resistance: Ohm
    v_supply: Volt
    v_on: Volt
    v_off: Volt
    margin: float

    def __post_init__(self) -> None:
        for field in ("capacitance", "resistance", "v_off"):
            if not 0 < getattr(self, field) < math.inf:
                raise InputError(f"`{field}` must be positive and finite, got {getattr(self, field):g}")
        if not self.v_off < self.v_on < self.v_supply < math.inf:
            # At v_on = v_supply the recharge would take for ever.
            raise InputError(f"v_off < v_on < v_supply expected, got {self.v_off:g}, {self.v_on:g}, {self.v_supply:g}")
        if not 0 < self.margin <= 1:
            raise InputError(f"`margin` must lie in (0, 1], got {self.margin:g}")

    @property
    def swing_j(self) -> float:
        """Energy between v_on and v_off."""
        return 0.5 * self.capacitance * (self.v_on**2 - self.v_off**2)

    @property
    def budget_j(self) -> float:
        """Energy one power cycle may use."""
        return self.margin * self.swing_j


def bench_settings(
    platform: Platform, capacitance: float | None = None, resistance: float | None = None
) -> ElectricalSettings:
    """The published bench of a platform, with another capacitor on request.

    `resistance` defaults to the value calibrated for that capacitor; InputError where none was.
    """
    bench = platform.bench
    chosen = bench.capacitance if capacitance is None else capacitance
    return ElectricalSettings(
        capacitance=chosen,
        resistance=bench.resistance_ohm(chosen) if resistance is None else resistance,
        v_supply=bench.v_supply,
        v_on=bench.v_on,
        v_off=bench.v_off,
        margin=bench.margin,
    )


class Recharge(NamedTuple):
    """The numbers the recharge time depends on.

    `top_j` is the energy above v_off that a cycle is taken from: the full swing, or in `inas2021` the budget (quirk
    Q12). `tau_s` is resistance times capacitance.
    """

    budget_j: float
    top_j: float
    capacitance: float
    tau_s: float
    v_off: float
    v_on: float
    v_supply: float


def recharge_of(settings: ElectricalSettings, variant: Variant) -> Recharge:
    """Flat form of the settings for compiled code."""
    return Recharge(
        budget_j=settings.budget_j,
        top_j=settings.budget_j if variant is Variant.INAS2021 else settings.swing_j,
        capacitance=settings.capacitance,
        tau_s=settings.resistance * settings.capacitance,
        v_off=settings.v_off,
        v_on=settings.v_on,
        v_supply=settings.v_supply,
    )


@compiled
def recharge_time(recharge: Recharge, energy_j: float) -> float:
    """Seconds to recharge to v_on after a power cycle of `energy_j`; NaN outside 0 < energy < budget (quirk Q14)."""
    if not 0.0 < energy_j < recharge.budget_j:
        return math.nan
    v_end = math.sqrt(2.0 * (recharge.top_j - energy_j) / recharge.capacitance + recharge.v_off * recharge.v_off)
    return -recharge.tau_s * math.log((recharge.v_on - recharge.v_supply) / (v_end - recharge.v_supply))


@compiled
def recharge_slope(recharge: Recharge) -> float:
    """Seconds per joule that no recharge after a cycle within the budget undercuts.

    d(time)/d(energy) = resistance / (V * (v_supply - V)) at the voltage V where charging starts. Where V stays above
    half the supply, time is concave in energy and the chord to the budget lies below it; otherwise the smallest
    derivative is the bound.
    """
    slack = 1.0 - 1e-9  # rounding must not turn a tie into a loss
    half = recharge.v_supply / 2.0
    lowest = math.sqrt(2.0 * (recharge.top_j - recharge.budget_j) / recharge.capacitance + recharge.v_off**2)
    highest = math.sqrt(2.0 * recharge.top_j / recharge.capacitance + recharge.v_off**2)
    if lowest >= half:
        nearly_all = recharge.budget_j * slack
        return recharge_time(recharge, nearly_all) / recharge.budget_j * slack
    slowest = min(max(half, lowest), highest)
    return recharge.tau_s / recharge.capacitance / (slowest * (recharge.v_supply - slowest)) * slack
