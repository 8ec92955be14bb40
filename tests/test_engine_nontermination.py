"""Work that can never be done: named, measured, and with the capacitor that would do."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
from engine_cases import (
    BOOT,
    INDEX,
    batch,
    boost,
    case,
    direct,
    layer,
    power,
    schedule,
    simulated,
    thevenin,
    uniform,
)
from engine_strategies import scale
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from simint.engine.compiled.simulate import simulate_compiled
from simint.engine.event import Case
from simint.engine.policy import (
    Footprint,
    JustInTime,
    PerLayer,
    RecoveryPolicy,
    Restart,
    Tile,
    TileShutdown,
    Timer,
)
from simint.engine.run import CycleEnd, Run, Verdict
from simint.hardware.capacitor import Capacitor
from simint.hardware.supply import Supply
from simint.tiling.schedule import Cost, Schedule
from simint.trace.power_trace import TraceEnd

POLICIES = [Tile(), Tile(guards=True), TileShutdown(), PerLayer(), Footprint(), Timer(0.05), JustInTime(), Restart()]
random_runs = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


# --- nontermination, static


def too_large(compute_j: float) -> Schedule:
    """Ten small batches, then one that may not fit."""
    return schedule(layer("small", (batch(50e-6), 10)), layer("large", (batch(50e-6), 3), (batch(compute_j), 1)))


def with_capacitance(one: Case, capacitance: float) -> Case:
    supply = one.supply
    capacitor = Capacitor(capacitance=capacitance, leakage=supply.capacitor.leakage)
    fields = {name: getattr(supply, name) for name in supply.__struct_fields__} | {"capacitor": capacitor}
    return dataclasses.replace(one, supply=Supply(**fields))


def assert_smallest_capacitance(one: Case, run: Run, decided_by_trace: bool = False) -> None:
    """1 % more than the capacitor named will do; 1 % less will not, where the best of the trace is all there is."""
    assert run.nontermination is not None
    enough_f = run.nontermination.smallest_capacitance
    assert enough_f > one.supply.capacitor.capacitance
    assert simulated(with_capacitance(one, 1.01 * enough_f)).verdict is Verdict.COMPLETED
    if not decided_by_trace and 0.99 * enough_f > one.supply.capacitor.capacitance:
        assert simulated(with_capacitance(one, 0.99 * enough_f)).verdict is Verdict.NONTERMINATION


@pytest.mark.parametrize("engine", [simulated, simulate_compiled], ids=["event", "compiled"])
@pytest.mark.parametrize("esr", [0.0, 20.0])
@pytest.mark.parametrize(
    ("policy", "harvest_w"), [(Tile(), 1e-4), (TileShutdown(), 1e-4), (Restart(), 1e-3)], ids=lambda each: str(each)
)
def test_the_failure_that_ends_the_run_is_a_brown_out(
    engine: Callable[[Case], Run], esr: float, policy: RecoveryPolicy, harvest_w: float
) -> None:
    """Power fails where the terminals are at `v_off`; the capacitor is higher by what its series resistance takes."""
    supply = boost(Capacitor(capacitance=1e-3, esr=esr))
    run = engine(case(power(harvest_w), too_large(2.8e-3), supply, policy))
    assert run.verdict is Verdict.NONTERMINATION
    assert {cycle.ended_by for cycle in run.power_cycles[-1:]} == {CycleEnd.BROWN_OUT}
    drop_v = run.power_cycles[-1].v_end - supply.v_off
    assert drop_v == pytest.approx(esr * (5e-3 - harvest_w) / supply.v_off, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("policy", [Tile(), TileShutdown()], ids=lambda policy: policy.name)
def test_a_batch_that_no_power_cycle_can_complete_is_named(policy: RecoveryPolicy) -> None:
    one = case(power(1e-3), too_large(4e-3), policy=policy)
    run = simulated(one)
    assert run.verdict is Verdict.NONTERMINATION
    cause = run.nontermination
    assert cause is not None
    assert (cause.layer, cause.tile) == ("large", 3)
    assert cause.needed_j == pytest.approx(BOOT.energy_j + INDEX.energy_j + 1.2 * 4e-3 + INDEX.energy_j)
    assert cause.given_j == pytest.approx(2.5e-3)
    assert [each.tiles_committed for each in run.layers] == [10, 3]
    assert_smallest_capacitance(one, run)


@random_runs
@given(
    scale(1.01, 30.0),
    scale(1e-4, 4e-3),
    st.sampled_from([math.inf, 30e3]),
    st.booleans(),
    st.sampled_from([Tile(), TileShutdown(), Restart()]),
)
def test_the_smallest_capacitance_is_the_smallest(
    factor: float, harvest_w: float, leakage: float, through_diode: bool, policy: RecoveryPolicy
) -> None:
    capacitor = Capacitor(capacitance=1e-3, leakage=leakage)
    work = too_large(factor * 2.5e-3 / 1.2)
    if through_diode:
        one = case(thevenin(4.0, ohm=4.0 / harvest_w), work, direct(capacitor), policy)
    else:
        one = case(power(harvest_w), work, boost(capacitor), policy)
    run = simulated(one)
    assume(run.verdict is not Verdict.NEVER_ON)
    if run.verdict is Verdict.NONTERMINATION:
        assert_smallest_capacitance(one, run)
    else:
        assert run.verdict is Verdict.COMPLETED


def test_a_boot_that_never_succeeds() -> None:
    for policy in POLICIES:
        work = schedule(layer("L0", (batch(), 3)), boot=Cost(4e-3, 1.0))
        one = case(power(1e-3), work, policy=policy)
        run = simulated(one, events=100)
        assert run.verdict is Verdict.NONTERMINATION
        assert run.nontermination is not None
        assert run.nontermination.layer == "boot"
        assert_smallest_capacitance(one, run)


def test_work_beyond_any_capacitor() -> None:
    """1200 J between 2 V and 3 V would take 480 F."""
    run = simulated(case(power(1e-3), uniform(1, 1e3)), events=100)
    assert run.nontermination is not None
    assert run.nontermination.smallest_capacitance == math.inf


# --- nontermination, dynamic


BURSTS = power(4e-3, *[0.0] * 9)


@pytest.mark.parametrize("policy", [Tile(), TileShutdown()], ids=lambda policy: policy.name)
def test_a_batch_that_the_best_of_the_trace_could_do_but_the_trace_never_does(policy: RecoveryPolicy) -> None:
    """8 mJ at 1 mW: at the 4 mW of the bursts for ever that is nothing, but a burst lasts a second."""
    one = case(BURSTS, uniform(3, 8e-3 / 1.2, power_w=1e-3), policy=policy)
    run = simulated(one, events=2000)
    assert run.verdict is Verdict.NONTERMINATION
    assert run.nontermination is not None
    assert "the same state comes back" in run.nontermination.reason
    assert (run.nontermination.layer, run.nontermination.tile) == ("L0", 0)
    assert_smallest_capacitance(one, run, decided_by_trace=True)


def test_none_on_a_trace_that_never_lasts_for_an_inference() -> None:
    one = case(BURSTS, uniform(80, 100e-6, power_w=1e-3), policy=Restart())
    run = simulated(one, events=20_000)
    assert run.verdict is Verdict.NONTERMINATION
    assert_smallest_capacitance(one, run, decided_by_trace=True)
    assert simulated(dataclasses.replace(one, policy=Tile())).verdict is Verdict.COMPLETED


def test_a_boot_that_the_trace_never_lasts_for() -> None:
    work = schedule(layer("L0", (batch(), 3)), boot=Cost(8e-3, 8.0))
    for policy in POLICIES:
        run = simulated(case(BURSTS, work, policy=policy), events=2000)
        assert run.verdict is Verdict.NONTERMINATION
        assert run.nontermination is not None
        assert run.nontermination.layer == "boot"


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name + "-guard" * policy.guards)
def test_a_source_that_stays_weak_after_a_strong_start(policy: RecoveryPolicy) -> None:
    """The best of the trace never comes back, which only its end tells. A checkpoint in mid-batch gets by with less."""
    trace = power(8e-3, 0.3e-3, step_s=0.1, end=TraceEnd.HOLD)
    work = uniform(8, 2.6e-3, power_w=5e-3)
    run = simulated(case(trace, work, boost(v_max=3.2), policy), events=2000)
    assert run.verdict is (Verdict.COMPLETED if policy.watches else Verdict.NONTERMINATION)


@pytest.mark.parametrize("seed", range(4))
def test_states_that_come_back_after_several_passes(seed: int) -> None:
    """7.2 mJ at 1.9 mW on a random trace of 1 mW mean and 6.4 s, no multiple of which is a power cycle."""
    trace = power(*np.random.default_rng(seed).uniform(0.0, 2e-3, 37), step_s=0.173)
    run = simulated(case(trace, uniform(2, 6e-3, power_w=1.9e-3)), events=1000)
    assert run.verdict is Verdict.NONTERMINATION
    assert run.loops > 2
    assert simulated(case(trace, uniform(12, 1e-3, power_w=1.9e-3))).verdict is Verdict.COMPLETED


# --- the guard


def test_a_guard_that_waits_for_more_than_the_clamp_allows() -> None:
    one = case(power(1e-3), too_large(4e-3), boost(v_max=3.2), Tile(guards=True))
    run = simulated(one)
    assert run.verdict is Verdict.NONTERMINATION
    assert run.nontermination is not None
    assert "above the clamp" in run.nontermination.reason
    assert (run.nontermination.layer, run.nontermination.tile) == ("large", 3)
    assert run.energy.lost == 0
    assert_smallest_capacitance(one, run)


def test_a_guard_that_waits_for_more_than_the_source_can_lift() -> None:
    """Open-circuit voltage 3.05 V: 2.65 mJ at the most."""
    one = case(thevenin(3.05), uniform(3, 2.6e-3), direct(), Tile(guards=True))
    run = simulated(one, events=1000)
    assert run.verdict is Verdict.NONTERMINATION
    assert run.nontermination is not None
    assert "never finds enough energy" in run.nontermination.reason


@pytest.mark.parametrize("step_s", [0.02, 1.0, 500.0])
@pytest.mark.parametrize("end", [TraceEnd.LOOP, TraceEnd.HOLD])
def test_a_patient_guard_is_no_nontermination(step_s: float, end: TraceEnd) -> None:
    """Charging for a batch takes 18 s, which may be any number of passes of the trace."""
    run = simulated(case(power(100e-6, step_s=step_s, end=end), uniform(3, 1.5e-3), policy=Tile(guards=True)))
    assert run.verdict is Verdict.COMPLETED
    assert run.time.sleep > 10.0
    assert run.energy.lost == 0
