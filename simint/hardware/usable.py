"""What a full capacitor is worth to the device behind the regulator."""

from __future__ import annotations

import math

from simint.hardware.capacitor import capacitance_steps, stored_j
from simint.hardware.efficiency import EfficiencyTable
from simint.hardware.regulator import Buck, Ldo
from simint.hardware.supply import Supply


def usable_j(supply: Supply) -> float:
    """Energy the device can draw while the capacitor falls from `v_on` to `v_off`, J; all other losses left out.

    A linear regulator gives the charge at its own output voltage; a switching one its efficiency's share of the energy,
    by a table that of the best output current.
    """
    capacitor, regulator = supply.capacitor, supply.regulator
    if isinstance(regulator, Ldo):
        return regulator.output_voltage * _charge(supply)
    if isinstance(regulator, Buck) and regulator.table is not None:
        return _through(regulator.table, supply)
    efficiency = regulator.efficiency if isinstance(regulator, Buck) else 1.0
    return efficiency * (stored_j(capacitor, supply.v_on) - stored_j(capacitor, supply.v_off))


def _charge(supply: Supply) -> float:
    """Charge between `v_on` and `v_off`, C."""
    lows, sizes = capacitance_steps(supply.capacitor)
    total = 0.0
    for low, high, size in zip(lows, (*lows[1:], math.inf), sizes, strict=True):
        total += size * max(0.0, min(high, supply.v_on) - max(low, supply.v_off))
    return total


def _through(table: EfficiencyTable, supply: Supply) -> float:
    """Energy between `v_on` and `v_off` times the best efficiency of every row."""
    total = 0.0
    lows = (0.0, *table.voltage[1:])
    for low, high, row in zip(lows, (*lows[1:], math.inf), table.efficiency, strict=True):
        bottom, top = max(low, supply.v_off), min(high, supply.v_on)
        if top > bottom:
            total += max(row) * (stored_j(supply.capacitor, top) - stored_j(supply.capacitor, bottom))
    return total
