"""Chargers with tables, cold start and limits: what they take of a source and give on, and what bounds it all."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import reference_circuit as reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from supply_cases import BOOST_TABLE, V_OFF, V_ON, Case, draw_case, go

from simint.errors import InputError
from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Boost, ColdStart, Converter, Direct
from simint.hardware.mppt import Mppt
from simint.hardware.supply import Supply
from simint.physics.best_case import best_case, no_source
from simint.physics.front_end import compile_source
from simint.physics.source import CompiledSource, available_w, element_at
from simint.physics.state import AVAILABLE, FRONTEND_LOSS, HARVESTED, HIGH, LOW, start_state
from simint.physics.stepping import advance
from simint.trace.power_trace import (
    CurrentSource,
    CurveSource,
    PowerSource,
    PowerTrace,
    Source,
    TheveninSource,
    TraceEnd,
)

EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32)
SEGMENTS = 4


def supply(converter: Converter) -> Supply:
    return Supply(
        name="s", source="test", converter=converter, capacitor=Capacitor(capacitance=1e-3), v_on=V_ON, v_off=V_OFF
    )


def compiled(source: Source, converter: Converter, end: TraceEnd = TraceEnd.LOOP) -> CompiledSource:
    return compile_source(PowerTrace("t", source, step_s=1.0, end=end), supply(converter))


@st.composite
def sources(draw: st.DrawFn) -> Source:
    """Any kind of source, each with a known voltage."""
    rng = np.random.default_rng(draw(SEEDS))
    strength = rng.uniform(0.05, 2.0, SEGMENTS)
    kind = draw(st.sampled_from([PowerSource, TheveninSource, CurrentSource, CurveSource]))
    if kind is PowerSource:
        return PowerSource(3e-3 * strength, rng.uniform(0.2, 3.0, SEGMENTS))
    if kind is TheveninSource:
        return TheveninSource(4.0 * strength, float(10.0 ** rng.uniform(1, 4)))
    if kind is CurrentSource:
        return CurrentSource(1e-3 * strength, float(rng.uniform(0.3, 4.0)))
    volts = np.array([0.0, 0.5, 0.9, 1.3, 2.2]) * rng.uniform(0.3, 2.0)
    return CurveSource(volts, strength[:, None] * np.array([1.0, 0.95, 0.8, 0.4, 0.0]) * 2e-3)


# --- What is taken and what is given ---


@EXAMPLES
@given(sources(), st.floats(1.0, 4.0))
def test_a_table_is_read_at_the_maximum_power_point(source: Source, v: float) -> None:
    made = compiled(source, Boost(table=BOOST_TABLE))
    for segment in range(SEGMENTS):
        volt, amp = reference.operating_point(source, segment, None)
        element = element_at(made, segment, v, True)
        eta = reference.looked_up(BOOST_TABLE, volt, amp)
        assert element.taken_w == pytest.approx(volt * amp, rel=1e-9)
        assert available_w(made, segment) == pytest.approx(volt * amp, rel=1e-9)
        near = any(abs(amp / edge - 1.0) < 1e-6 for edge in BOOST_TABLE.current)
        assert near or element.a == pytest.approx(eta * volt * amp, rel=1e-9)


@EXAMPLES
@given(sources(), st.floats(0.01, 1.0), st.floats(0.0, 1.7))
def test_below_cold_start_another_efficiency_holds(source: Source, eta: float, v: float) -> None:
    boost = Boost(table=BOOST_TABLE, cold_start=ColdStart(below=1.8, efficiency=eta))
    cold, warm = compiled(source, boost), compiled(source, Boost(table=BOOST_TABLE))
    for segment in range(SEGMENTS):
        low, high = element_at(cold, segment, v, True), element_at(warm, segment, v, True)
        assert low.a == pytest.approx(eta * high.taken_w, rel=1e-14)
        assert (low.taken_w, low.high_v) == (high.taken_w, 1.8)
        assert element_at(cold, segment, 1.8, False) == low
        above = element_at(cold, segment, 1.8, True)
        assert (above.a, above.taken_w, above.low_v) == (high.a, high.taken_w, 1.8)


@EXAMPLES
@given(st.floats(0.1, 6.0), st.floats(1.0, 1e4), st.floats(0.1, 1.0))
def test_a_cold_start_that_clamps_its_input_takes_what_the_source_gives_there(
    open_v: float, ohm: float, held_v: float
) -> None:
    cold = ColdStart(below=1.8, efficiency=0.1, input_voltage=held_v)
    made = compiled(TheveninSource(np.array([open_v]), ohm), Boost(efficiency=0.9, cold_start=cold))
    taken_w = held_v * max(open_v - held_v, 0.0) / ohm
    element = element_at(made, 0, 1.0, True)
    assert element.taken_w == pytest.approx(taken_w, rel=1e-13, abs=1e-18)
    assert element.a == pytest.approx(0.1 * taken_w, rel=1e-13, abs=1e-18)
    assert available_w(made, 0) == pytest.approx(open_v**2 / (4 * ohm), rel=1e-14)


@EXAMPLES
@given(sources(), st.floats(0.1, 2.0))
def test_an_input_below_its_least_voltage_gives_nothing(source: Source, input_min: float) -> None:
    made = compiled(source, Boost(efficiency=0.7, input_min=input_min))
    for segment in range(SEGMENTS):
        volt, amp = reference.operating_point(source, segment, None)
        assume(abs(volt - input_min) > 1e-9)
        element = element_at(made, segment, 3.0, True)
        taken_w = volt * amp if volt >= input_min else 0.0
        assert element.taken_w == pytest.approx(taken_w, rel=1e-9)
        assert element.a == pytest.approx(0.7 * taken_w, rel=1e-9)
        assert available_w(made, segment) == pytest.approx(volt * amp, rel=1e-9)


def test_a_tracker_gives_nothing_while_it_samples() -> None:
    """Over a period of 16 s of which 4 s sample: three quarters of what flows at the fraction of the voltage."""
    boost, ohm = Boost(efficiency=0.9, mppt=Mppt(fraction=0.8, period=16.0, sampling=4.0)), 100.0
    trace = PowerTrace("t", TheveninSource(np.full(8, 2.0), ohm), step_s=4.0)
    case = Case(supply(boost), trace, 2.0, 0.0, False, 32.0, -math.inf, math.inf)
    way = go(case)
    taken_j = 0.75 * 32.0 * 1.6 * 0.4 / ohm
    assert way.book(HARVESTED) == pytest.approx(taken_j, rel=1e-12)
    assert way.book(FRONTEND_LOSS) == pytest.approx(0.1 * taken_j, rel=1e-12)
    assert way.book(AVAILABLE) == pytest.approx(32.0 / ohm, rel=1e-12)


def test_a_table_on_a_power_trace_needs_the_sources_voltage() -> None:
    power = PowerSource(np.array([1e-3]))
    with pytest.raises(InputError, match="source_voltage"):
        compiled(power, Boost(table=BOOST_TABLE))
    made = compiled(power, Boost(table=BOOST_TABLE, source_voltage=2.0))
    assert element_at(made, 0, 3.0, True).a == pytest.approx(0.8e-3, rel=1e-14)  # 0.5 mA: the first column


# --- The best case ---


@EXAMPLES
@given(sources(), st.floats(0.0, 4.5), st.sampled_from(["table", "cold", "direct"]))
def test_the_best_case_gives_at_least_as_much_at_every_voltage(source: Source, v: float, converter: str) -> None:
    cold = ColdStart(below=1.8, efficiency=0.3, input_voltage=0.4)
    chosen: Converter = Boost(table=BOOST_TABLE, cold_start=cold if converter == "cold" else None)
    if converter == "direct":
        assume(not isinstance(source, PowerSource))
        chosen = Direct(diode_drop=0.1)
    try:
        made = compiled(source, chosen)
    except InputError:  # a direct source that never reaches v_on
        assume(False)
    best, none = best_case(made), no_source(made)
    for at_v in (v, 1.8, element_at(made, 0, v, True).high_v):
        for rising in (False, True):
            if not math.isfinite(at_v):
                continue
            most, nothing = (delivered_w(each, 0, at_v, rising) for each in (best, none))
            assert nothing <= 0.0
            for segment in range(SEGMENTS):
                here = delivered_w(made, segment, at_v, rising)
                assert most >= here - 1e-12 * abs(here) - 1e-15


def delivered_w(source: CompiledSource, segment: int, v: float, rising: bool) -> float:
    element = element_at(source, segment, v, rising)
    return float(element.a + (element.b - element.d * v) * v)


@settings(EXAMPLES, max_examples=300)
@given(SEEDS, st.booleans())
def test_on_the_best_case_a_device_lasts_longest_and_turns_on_first(seed: int, esr: bool) -> None:
    """Tables, edges and series resistance included: what the verdict of non-termination rests on."""
    case = replace(draw_case(seed, extreme=False, esr=esr), offset_s=0.0)
    way = go(case)
    assume(way.code in (LOW, HIGH))
    state, node = start_state(best_case(case.source()), case.v0, 0.0), case.node()
    seconds = way.seconds if way.code == HIGH else way.seconds * (1.0 - 1e-9)
    code, passed = advance(
        node, best_case(case.source()), state, case.load_w, case.on, seconds, case.low_v, case.high_v, True
    )
    if way.code == LOW:
        assert code != LOW or passed >= seconds
    else:
        assert code == HIGH or state.tv[1] >= way.voltage * (1.0 - 1e-9)


def test_nothing_charges_from_no_source() -> None:
    for seed in range(40):
        case = draw_case(seed, extreme=False, esr=seed % 2 == 0)
        supplied = msgspec.structs.replace(case.supply, quiescent=0.0)
        case = replace(case, supply=supplied, load_w=0.0, on=False)
        none = no_source(case.source())
        state = start_state(none, 2.0, 0.0)
        advance(case.node(), none, state, 0.0, False, 10.0, -math.inf, math.inf, True)
        assert state.tv[1] <= 2.0
        assert state.supply_j[[HARVESTED, FRONTEND_LOSS]].sum() == 0.0
