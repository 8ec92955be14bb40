from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from simint.errors import InputError
from simint.hardware.platform import Variant
from simint.hardware.presets import load_platform
from simint.tiling.published.electrical import (
    ElectricalSettings,
    bench_settings,
    recharge_of,
    recharge_slope,
    recharge_time,
)

TINAS = load_platform("msp430fr5994-tinas2024")
BENCH = bench_settings(TINAS)


@st.composite
def benches(draw: st.DrawFn) -> ElectricalSettings:
    v_supply = draw(st.floats(2.0, 6.0))
    v_on = v_supply * draw(st.floats(0.3, 0.995))
    v_off = v_on * draw(st.floats(0.2, 0.99))
    return ElectricalSettings(
        capacitance=draw(st.floats(1e-6, 1e-1)),
        resistance=draw(st.floats(1.0, 1e5)),
        v_supply=v_supply,
        v_on=v_on,
        v_off=v_off,
        margin=draw(st.floats(0.05, 1.0)),
    )


def test_published_bench_by_hand() -> None:
    """Specification 16: the budget of the 5 mF bench."""
    assert BENCH.budget_j == pytest.approx(0.014613187500000003, rel=1e-14)
    assert bench_settings(TINAS, 470e-6).resistance == 3000


def test_a_capacitor_without_calibration_needs_its_resistance() -> None:
    with pytest.raises(InputError, match=r"no calibrated source resistance.*5e-05"):
        bench_settings(TINAS, 50e-6)
    assert bench_settings(TINAS, 50e-6, 3100.0).capacitance == 50e-6


@settings(deadline=None, max_examples=40)
@given(bench=benches(), share=st.floats(0.02, 0.98))
def test_recharge_is_the_charging_of_a_capacitor_through_a_resistor(bench: ElectricalSettings, share: float) -> None:
    """dV/dt = (V_supply - V) / (R C) from the voltage the cycle ends at, to v_on."""
    used = share * bench.budget_j
    seconds = recharge_time(recharge_of(bench, Variant.TINAS2024), used)
    v_end = math.sqrt(bench.v_on**2 - 2 * used / bench.capacitance)
    tau = bench.resistance * bench.capacitance

    def slope(_: float, v: Any) -> Any:
        return (bench.v_supply - v) / tau

    charged = solve_ivp(slope, (0.0, seconds), [v_end], rtol=1e-11, atol=1e-12)
    assert charged.y[0, -1] == pytest.approx(bench.v_on, rel=1e-8)


def test_inas_recharges_even_after_a_cycle_that_used_nothing() -> None:
    """Quirk Q12: the margin is inside the voltage the cycle ends at."""
    tiny = 1e-9 * BENCH.budget_j
    assert recharge_time(recharge_of(BENCH, Variant.TINAS2024), tiny) < 1e-6
    idle = recharge_time(recharge_of(BENCH, Variant.INAS2021), tiny)
    kept = math.sqrt(BENCH.margin * BENCH.v_on**2 + (1 - BENCH.margin) * BENCH.v_off**2)
    tau = BENCH.resistance * BENCH.capacitance
    assert idle == pytest.approx(tau * math.log((BENCH.v_supply - kept) / (BENCH.v_supply - BENCH.v_on)), rel=1e-6)


@settings(deadline=None)
@given(bench=benches(), share=st.floats(1e-6, 1.0, exclude_max=True), variant=st.sampled_from(Variant))
def test_no_recharge_is_faster_than_the_slope(bench: ElectricalSettings, share: float, variant: Variant) -> None:
    """The bound that lets the sweep skip logarithms."""
    recharge = recharge_of(bench, variant)
    used = share * recharge.budget_j
    assume(used > 0)
    # Close to v_on the recharge time is the difference of nearly equal voltages: allow its rounding, not more.
    rounding = 4e-15 * recharge.tau_s * bench.v_supply / (bench.v_supply - bench.v_on)
    assert recharge_time(recharge, used) >= recharge_slope(recharge) * used * (1 - 1e-12) - rounding


def test_undefined_outside_the_budget() -> None:
    """Quirk Q14: a cycle of exactly the budget has no published recharge time."""
    recharge = recharge_of(BENCH, Variant.TINAS2024)
    for used in (0.0, -1.0, recharge.budget_j, 1.0):
        assert math.isnan(recharge_time(recharge, used))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"capacitance": 0.0}, "capacitance"),
        ({"resistance": -1.0}, "resistance"),
        ({"resistance": math.inf}, "resistance"),
        ({"v_off": 4.6}, "v_off < v_on"),
        ({"v_on": 5.892}, "v_on < v_supply"),
        ({"margin": 0.0}, "margin"),
        ({"margin": 1.01}, "margin"),
    ],
)
def test_nonsense_settings_are_refused_by_name(change: dict[str, float], named: str) -> None:
    good = {name: getattr(BENCH, name) for name in BENCH.__struct_fields__}
    with pytest.raises(InputError, match=named):
        ElectricalSettings(**(good | change))
