"""A supply that cannot start its device is refused before the run."""

from __future__ import annotations

import math

import pytest
from engine_cases import boost, case, power, simulated, uniform

from simint.errors import InputError
from simint.hardware.capacitor import Capacitor

# Before the first batch these schedules draw 80 uJ in 20 ms, then 0.4 uJ in 50 us to read the index: 8 mW.
BOOT_W, V_ON, V_OFF = 8e-3, 3.0, 2.0


def drop_to(esr: float) -> float:
    """Terminal voltage at the turn-on with the boot's load, from u**2 - v*u + r*P = 0; NaN where it collapses."""
    inside = V_ON**2 - 4.0 * esr * BOOT_W
    return (V_ON + math.sqrt(inside)) / 2.0 if inside >= 0.0 else math.nan


@pytest.mark.parametrize("esr", [251.0, 300.0])
def test_a_boot_that_browns_out_by_its_own_drop_is_refused(esr: float) -> None:
    assert not drop_to(esr) > V_OFF
    supply = boost(Capacitor(capacitance=1e-3, esr=esr))
    with pytest.raises(InputError, match=r"`capacitor.esr` of .* is too much: the boot draws 8 mW"):
        simulated(case(power(1e-3), uniform(3), supply))


def test_a_smaller_drop_is_let_through() -> None:
    """At 2 V the load draws 4 mA, so 250 ohm drop 1 V: that is where the line is."""
    assert drop_to(249.0) > V_OFF
    supply = boost(Capacitor(capacitance=50e-3, esr=200.0))
    assert drop_to(200.0) > V_OFF
    simulated(case(power(1e-3), uniform(3, compute_j=10e-6, power_w=1e-3), supply))
