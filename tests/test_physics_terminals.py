"""Series resistance: closed forms, the terminals' jumps and collapse, the clamp, and what must hold for any circuit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import reference_circuit as reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from stepping_cases import converted, direct, simple_node
from supply_cases import TOP_V, Case, draw_case, go, go_in_parts, imbalance_j, moved_j, rounding_j

from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Direct
from simint.hardware.supply import Supply
from simint.physics import series_resistance, stepping
from simint.physics.front_end import compile_source
from simint.physics.source import CompiledSource
from simint.physics.state import (
    ESR_LOSS,
    FRONTEND_LOSS,
    HARVESTED,
    HIGH,
    LEAKED,
    LOW,
    NEVER,
    QUIESCENT,
    REGULATOR_LOSS,
    SPILLED,
    TIME,
    NodeState,
    start_state,
)
from simint.physics.stepping import advance
from simint.physics.wiring import Node, stored_at
from simint.trace.power_trace import CurrentSource, PowerTrace, TraceEnd

EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32)
NOTHING = converted([0.0], 1e9)


def node_of(farad: float, esr: float, leak_s: float = 0.0, quiescent_a: float = 0.0, top_v: float = math.inf) -> Node:
    return simple_node(farad, leak_s, quiescent_a, top_v)._replace(esr=esr)


def linear(node: Node, output_v: float) -> Node:
    """With an LDO in front of the device: it draws a constant current."""
    return node._replace(output_v=output_v, linear=True)


def carry(
    node: Node,
    source: CompiledSource,
    v0: float,
    load_w: float = 0.0,
    seconds: float = math.inf,
    low_v: float = -math.inf,
    high_v: float = math.inf,
) -> tuple[int, float, NodeState]:
    state = start_state(source, v0, 0.0)
    code, passed = advance(node, source, state, load_w, True, seconds, low_v, high_v, True)
    return int(code), float(passed), state


def current_source(amp: float, compliance_v: float) -> CompiledSource:
    supply = Supply(
        name="s",
        source="test",
        converter=Direct(diode_drop=0.2),
        capacitor=Capacitor(capacitance=1.0),
        v_on=0.02,
        v_off=0.01,
    )
    return compile_source(PowerTrace("t", CurrentSource(np.array([amp]), compliance_v), 1.0), supply)


# --- Closed forms ---


@EXAMPLES
@given(st.floats(1e-5, 1e-1), st.floats(0.01, 50.0), st.floats(1e-5, 1e-2))
def test_a_constant_current_discharges_in_a_straight_line_below_its_drop(farad: float, esr: float, amp: float) -> None:
    node = linear(node_of(farad, esr), 1.0)
    assume(3.0 - amp * esr > 1.6)
    code, seconds, state = carry(node, NOTHING, 3.0, load_w=amp, low_v=1.5)
    assert code == LOW
    assert seconds == pytest.approx(farad * (3.0 - amp * esr - 1.5) / amp, rel=1e-12)
    assert state.tv[1] == pytest.approx(1.5 + amp * esr, rel=1e-14)
    assert state.supply_j[ESR_LOSS] == pytest.approx(amp**2 * esr * seconds, rel=1e-12)
    mean_u = 0.5 * (3.0 - amp * esr + 1.5)
    assert state.supply_j[REGULATOR_LOSS] == pytest.approx((mean_u - 1.0) * amp * seconds, rel=1e-11)


@EXAMPLES
@given(st.floats(1e-5, 1e-1), st.floats(0.01, 1e3), st.floats(1.0, 1e4), st.floats(0.01, 8.0))
def test_a_thevenin_source_charges_through_both_resistances(farad: float, esr: float, ohm: float, taus: float) -> None:
    source, tau = direct([5.0], ohm, 1e9, end=TraceEnd.HOLD), farad * (ohm + esr)
    code, _, state = carry(node_of(farad, esr), source, 1.0, seconds=taus * tau)
    left_v = 4.0 * math.exp(-taus)
    assert code == TIME
    assert state.tv[1] == pytest.approx(5.0 - left_v, rel=1e-13)
    square = 0.5 * farad * (16.0 - left_v**2) / (ohm + esr)
    assert state.supply_j[ESR_LOSS] == pytest.approx(esr * square, rel=1e-11)
    assert state.supply_j[HARVESTED] == pytest.approx(5.0 * farad * (4.0 - left_v) - ohm * square, rel=1e-11)


@EXAMPLES
@given(st.floats(0.01, 300.0), st.floats(0.05, 3.0))
def test_the_charging_current_lifts_the_terminals_to_the_threshold_early(esr: float, high_v: float) -> None:
    farad, ohm = 1e-3, 200.0
    source = direct([5.0], ohm, 1e9, end=TraceEnd.HOLD)
    begin_u = 5.0 * esr / (ohm + esr)
    assume(high_v > begin_u + 1e-3)
    code, seconds, state = carry(node_of(farad, esr), source, 0.0, high_v=high_v)
    assert code == HIGH
    missing = (5.0 - high_v) * (ohm + esr) / ohm  # of the capacitor's own voltage
    assert seconds == pytest.approx(-farad * (ohm + esr) * math.log(missing / 5.0), rel=1e-11)
    assert state.tv[1] == pytest.approx(5.0 - missing, rel=1e-12, abs=1e-13)


@EXAMPLES
@given(st.floats(1e-6, 30.0), st.floats(1e-4, 2e-2))
def test_a_constant_power_falls_as_its_integral_says(esr: float, load_w: float) -> None:
    """C dV = -P/u dt with u the upper root; down to the terminals' threshold, or to their collapse."""
    farad, low_v, collapse_u = 1e-3, 1.2, math.sqrt(esr * load_w)
    end_u = max(low_v, collapse_u)
    end_v = end_u + esr * load_w / end_u
    assume(end_v < 2.99)
    code, seconds, state = carry(node_of(farad, esr), NOTHING, 3.0, load_w=load_w, low_v=low_v)
    begin_u = 1.5 + math.sqrt(2.25 - esr * load_w)
    wanted, _ = quad(lambda u: farad * u / load_w * (1.0 - esr * load_w / u**2), end_u, begin_u, epsrel=1e-13)
    assert code == LOW
    assert seconds == pytest.approx(wanted, rel=1e-11)
    assert state.tv[1] == pytest.approx(end_v, rel=1e-13)
    lost, _ = quad(lambda u: farad * esr * load_w / u * (1.0 - esr * load_w / u**2), end_u, begin_u, epsrel=1e-13)
    assert state.supply_j[ESR_LOSS] == pytest.approx(lost, rel=1e-10)


@EXAMPLES
@given(st.floats(1e-2, 1e3), st.floats(1e-5, 1e-3))
def test_behind_the_clamp_the_capacitor_goes_on_filling(esr: float, amp: float) -> None:
    """Terminals at the ceiling, the rest of a constant current spilled, the distance falling exponentially."""
    farad, ceiling = 1e-4, 3.0
    assume(amp * esr < 2.0)
    node, source = node_of(farad, esr, top_v=ceiling), current_source(amp, 8.0)
    meets_v = ceiling - amp * esr
    _, _, state = carry(node, source, meets_v - 0.1, seconds=0.1 * farad / amp + 2.0 * esr * farad)
    missing = amp * esr * math.exp(-2.0)
    assert state.tv[1] == pytest.approx(ceiling - missing, rel=1e-12)
    charge = farad * (amp * esr - missing)
    assert state.supply_j[SPILLED] == pytest.approx(
        ceiling * (amp * 2.0 * esr * farad - charge), rel=1e-9, abs=1e-9 * ceiling * farad * 0.1
    )
    square = 0.1 * farad * amp + 0.5 * farad / esr * ((amp * esr) ** 2 - missing**2)
    assert state.supply_j[ESR_LOSS] == pytest.approx(esr * square, rel=1e-10)


@EXAMPLES
@given(st.floats(1e-2, 1e3), st.floats(1e-5, 1e-3), st.floats(0.0, 4e-5))
def test_a_current_source_at_its_compliance_gives_what_is_taken(esr: float, amp: float, drawn_a: float) -> None:
    """Charged at constant current, then at constant voltage: the terminals stay at compliance less the drop."""
    farad, cut = 1e-4, 3.0
    assume(amp * esr < 2.0 and drawn_a < 0.9 * amp)
    node, source = node_of(farad, esr, quiescent_a=drawn_a), current_source(amp, cut + 0.2)
    meets_v, hold_s = cut - (amp - drawn_a) * esr, 3.0 * esr * farad
    code, _, state = carry(node, source, meets_v, seconds=hold_s)
    missing = (cut - meets_v) * math.exp(-3.0)
    assert code == TIME
    assert state.tv[1] == pytest.approx(cut - missing, rel=1e-12)
    charge = farad * (cut - meets_v - missing) + drawn_a * hold_s
    assert state.supply_j[HARVESTED] == pytest.approx((cut + 0.2) * charge, rel=1e-9)
    assert state.supply_j[FRONTEND_LOSS] == pytest.approx(0.2 * charge, rel=1e-9)
    assert state.supply_j[QUIESCENT] == pytest.approx(cut * drawn_a * hold_s, rel=1e-9)


def test_a_quiescent_current_takes_what_the_resistance_lets_through() -> None:
    """Down to the voltage at which nothing is left at the terminals; from there the resistance takes it all."""
    farad, esr, amp = 1e-3, 1e3, 1e-3
    code, _, state = carry(node_of(farad, esr, quiescent_a=amp), NOTHING, 2.0, seconds=1.0 + 2.0)
    assert code == TIME
    assert state.tv[1] == pytest.approx(1.0 * math.exp(-2.0), rel=1e-12)
    assert state.supply_j[QUIESCENT] == pytest.approx(amp * 0.5, rel=1e-12)
    assert state.supply_j[ESR_LOSS] == pytest.approx(amp**2 * esr + 0.5 * farad * (1.0 - math.exp(-4.0)), rel=1e-12)


# --- Jumps and collapse ---


@EXAMPLES
@given(st.floats(0.1, 1e4), st.floats(1.0, 4.0), st.floats(1e-6, 0.5))
def test_more_than_the_resistance_lets_through_is_an_instant_brown_out(esr: float, v0: float, margin: float) -> None:
    limit_w = v0**2 / (4.0 * esr)
    for low_v in (-math.inf, 0.1):
        code, seconds, state = carry(node_of(1e-3, esr), NOTHING, v0, load_w=limit_w * (1.0 + margin), low_v=low_v)
        assert (code, seconds) == (LOW, 0.0)
        assert state.supply_j.sum() == 0.0
    code, seconds, state = carry(node_of(1e-3, esr), NOTHING, v0, load_w=limit_w * (1.0 - margin), low_v=0.1)
    assert code == LOW
    assert seconds > 0.0
    assert state.tv[1] >= 2.0 * math.sqrt(esr * limit_w * (1.0 - margin)) * (1.0 - 1e-14)


@EXAMPLES
@given(st.floats(0.1, 100.0), st.floats(1e-6, 0.2))
def test_a_load_step_browns_out_at_once_where_the_terminals_jump_below_the_threshold(esr: float, margin: float) -> None:
    low_v, load_w = 1.8, 5e-3
    border_v = low_v + esr * load_w / low_v
    node = node_of(1e-3, esr)
    assert carry(node, NOTHING, border_v * (1.0 - 1e-9), load_w=load_w, low_v=low_v)[:2] == (LOW, 0.0)
    code, seconds, _ = carry(node, NOTHING, border_v * (1.0 + margin), load_w=load_w, low_v=low_v)
    assert code == LOW
    assert seconds > 0.0
    # The load gone, the terminals are back at the capacitor's voltage.
    assert carry(node, NOTHING, border_v, high_v=border_v * (1.0 - 1e-12))[:2] == (HIGH, 0.0)


def test_a_source_feeds_the_device_past_a_resistance_that_could_not() -> None:
    """The load is more than the capacitor can ever give, but the terminals stand on the source."""
    ohm, esr, load_w = 10.0, 1e3, 10e-3
    source = direct([2.0], ohm, 1.0)
    code, _, state = carry(node_of(1e-3, esr), source, 1.9, load_w=load_w, seconds=50.0, low_v=1.5)
    u = 0.5 * (2.0 + math.sqrt(4.0 - 4.0 * ohm * load_w))  # the load alone on the source
    assert code == TIME
    assert state.tv[1] == pytest.approx(u, rel=1e-12)


def test_terminals_that_collapse_may_be_caught_by_the_source() -> None:
    """From 7 V the terminals follow the capacitor down to their collapse at 3.16 V; then the source holds them."""
    farad, ohm, esr, load_w = 1e-3, 10.0, 1e3, 10e-3
    source, node = direct([2.0], ohm, 1e3), node_of(farad, esr)
    collapse_u = math.sqrt(esr * load_w)
    falling, _ = quad(lambda u: farad * u / load_w * (1.0 - esr * load_w / u**2), collapse_u, 5.0, epsrel=1e-13)
    code, seconds, state = carry(node, source, 7.0, load_w=load_w, low_v=2.5)
    assert (code, state.tv[1]) == (LOW, pytest.approx(2.0 * collapse_u, rel=1e-14))
    assert seconds == pytest.approx(falling, rel=1e-11)
    code, _, state = carry(node, source, 7.0, load_w=load_w, low_v=1.5, seconds=falling + 60.0)
    assert code == TIME
    assert state.tv[1] == pytest.approx(0.5 * (2.0 + math.sqrt(4.0 - 4.0 * ohm * load_w)), rel=1e-12)


def test_no_threshold_above_the_clamp_is_ever_met() -> None:
    node = node_of(1e-3, 100.0, top_v=3.0)
    code, _, state = carry(node, direct([9.0], 10.0, 1.0), 1.0, seconds=10.0, high_v=3.5)
    assert code == TIME
    assert state.tv[1] == pytest.approx(3.0, rel=1e-14)
    assert carry(node, direct([9.0], 10.0, 1.0, end=TraceEnd.HOLD), 1.0, high_v=3.5)[0] == NEVER


# --- An independent solution of any circuit ---


# Not over at once, within the leakage table's voltages, not stiff, and the trace lasts: all sources, all three ends.
@pytest.mark.parametrize(
    "seed", [0, 1, 2, 6, 10, 12, 14, 15, 16, 17, 22, 23, 26, 27, 29, 31, 33, 34, 38, 39, 42, 45, 52]
)
def test_random_circuits_pass_as_a_general_integrator_finds(seed: int) -> None:
    case = draw_case(seed, extreme=False, esr=True)
    way = go(case)
    assert way.seconds > 0.0
    assert max(case.v0, way.voltage) <= TOP_V
    now, code = reference.Now(case.v0), reference.PASSED
    segments, step, end = case.trace.segments, case.trace.step_s, case.trace.end
    assert step is not None
    number = int(case.offset_s / step)
    while code == reference.PASSED and case.duration_s - now.time_s > 1e-12 * case.duration_s:
        stop = min((number + 1) * step - case.offset_s, case.duration_s)
        last = number >= segments and end is not TraceEnd.LOOP
        assert not (last and end is TraceEnd.STOP)
        segment = segments - 1 if last else number % segments
        circuit = reference.Circuit(case.supply, case.trace.source, segment, case.load_w, case.on)
        try:
            code = reference.follow(circuit, now, stop - now.time_s, case.low_v, case.high_v)
        except reference.Collapse:
            assert way.code == LOW
            assert way.seconds >= now.time_s
            return
        number += 1
    assert way.code == code
    assert way.seconds == pytest.approx(now.time_s, rel=1e-10)
    assert way.voltage == pytest.approx(now.voltage, rel=1e-10)
    terms = [HARVESTED, FRONTEND_LOSS, SPILLED, LEAKED, ESR_LOSS, QUIESCENT, REGULATOR_LOSS]
    assert way.state.supply_j[terms] == pytest.approx(now.books, abs=1e-10 * moved_j(case, way))


# --- What must hold for any circuit ---


@settings(EXAMPLES, max_examples=400)
@given(SEEDS, st.booleans())
def test_the_books_close(seed: int, extreme: bool) -> None:
    case = draw_case(seed, extreme, esr=True)
    way = go(case)
    assert np.isfinite(way.state.supply_j).all()
    assert way.seconds <= case.duration_s
    assert abs(imbalance_j(case, way)) <= 1e-9 * moved_j(case, way) + rounding_j(case, way)
    assert (way.state.supply_j >= -1e-11 * moved_j(case, way) - rounding_j(case, way)).all()


@settings(EXAMPLES, max_examples=200)
@given(SEEDS, st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4))
def test_any_split_of_the_time_ends_the_same(seed: int, shares: list[float]) -> None:
    case = draw_case(seed, extreme=False, esr=True)
    whole, parts = go(case), go_in_parts(case, shares)
    assume(whole.code != NEVER)
    assert parts.code == whole.code
    assert parts.state.tv == pytest.approx(whole.state.tv, rel=1e-9, abs=1e-12)
    allowed = 1e-9 * moved_j(case, whole) + rounding_j(case, whole)
    assert parts.state.supply_j == pytest.approx(whole.state.supply_j, rel=1e-12, abs=allowed)


@settings(EXAMPLES, max_examples=200)
@given(SEEDS)
def test_a_vanishing_resistance_is_none(seed: int) -> None:
    """Currents are below 0.1 A here, so 1 nohm moves voltages by less than 1e-10 V."""
    case = draw_case(seed, extreme=False, esr=False)
    without, tiny = go(case), go(case.with_esr(1e-9))
    assume(without.code != NEVER)
    assert tiny.code == without.code
    allowed = 2e-6 * moved_j(case, without)
    assert tiny.seconds == pytest.approx(without.seconds, rel=1e-6, abs=1e-9)
    stored = [stored_at(case.node(), way.voltage) for way in (tiny, without)]
    assert stored[0] == pytest.approx(stored[1], abs=allowed)
    assert tiny.state.supply_j == pytest.approx(without.state.supply_j, abs=allowed)


@settings(EXAMPLES, max_examples=300)
@given(SEEDS, st.booleans(), st.booleans())
def test_no_circuit_keeps_the_loop_turning(seed: int, extreme: bool, esr: bool) -> None:
    """A few turns for every segment: bins, bends, clamp and what is left of each."""
    case = draw_case(seed, extreme, esr)
    turns = turns_of(case, series_resistance if esr else stepping)
    segments = 2 + case.duration_s / case.trace.duration_s * case.trace.segments
    assert turns <= 30 * segments


def turns_of(case: Case, module: Any) -> int:
    """How often the loop asks what acts on the capacitor; it runs in Python here, what it calls stays compiled."""
    name = "stand_at" if module is series_resistance else "setting_at"
    loop = module.advance_behind_esr if module is series_resistance else module.advance_capacitor
    asked: Callable[..., Any] = getattr(module, name)
    count = 0

    def counted(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count > 20_000:
            raise AssertionError("the loop turns on and on")
        return asked(*arguments)

    node, source = case.node(), case.source()
    load = stepping.load_of(node, case.load_w, case.on)
    state = start_state(source, case.v0, case.offset_s)
    try:
        setattr(module, name, counted)
        loop.py_func(node, source, state, load, case.duration_s, case.low_v, case.high_v, True)
    finally:
        setattr(module, name, asked)
    return count
