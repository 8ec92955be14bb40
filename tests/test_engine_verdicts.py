"""How runs end: every verdict, with its reason, and none that goes on for ever."""

from __future__ import annotations

import dataclasses
import itertools
import math

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
from engine_strategies import Draft, drafts, scale
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from simint.engine.event import Case, simulate
from simint.engine.policy import RecoveryPolicy, Restart, Tile, TileShutdown
from simint.engine.run import Run, Verdict
from simint.engine.workload import Workload
from simint.errors import InputError
from simint.hardware.supply import Capacitor, Supply
from simint.tiling.schedule import Cost, Schedule
from simint.trace.power_trace import TraceEnd

POLICIES = [Tile(), Tile(guards=True), TileShutdown(), Restart()]
random_runs = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LEAKY = Capacitor(capacitance=1e-3, leakage=10e3)
# What 10 kohm leak at v_on = 3 V.
LEAK_W = 3.0**2 / 10e3


@random_runs
@given(drafts())
def test_verdicts_mean_what_they_say(draft: Draft) -> None:
    run = simulated(draft.case())
    wanted = draft.workload.inferences
    assert (run.verdict is Verdict.COMPLETED) == (wanted is not None and len(run.finished) == wanted)
    assert (run.verdict is Verdict.NONTERMINATION) == (run.nontermination is not None)
    assert run.verdict is not Verdict.INTERRUPTED
    if run.verdict is Verdict.STOPPED:
        assert run.power_cycles
        assert run.note or run.duration_s == pytest.approx(draft.duration_s)
    if run.verdict is Verdict.NEVER_ON:
        assert run.note
        assert not run.finished or draft.initial_voltage > draft.supply.v_off
    if run.nontermination is not None:
        assert run.nontermination.layer in ("boot", *(each.name for each in run.layers))
        assert run.nontermination.smallest_capacitance > draft.supply.capacitor.capacitance * (1 - 1e-9)
        assert run.nontermination.reason


@random_runs
@given(drafts(), st.sampled_from([TraceEnd.LOOP, TraceEnd.HOLD]))
def test_no_run_without_a_time_limit_goes_on_for_ever(draft: Draft, end: TraceEnd) -> None:
    """A number of inferences is a sufficient end: it is reached, or found out of reach."""
    endless = dataclasses.replace(
        draft,
        trace=draft.trace.with_end(end),
        workload=Workload(inferences=draft.workload.inferences or 1),
        duration_s=math.inf,
    )
    run = simulated(endless.case(), events=500_000)
    assert run.verdict in (Verdict.COMPLETED, Verdict.NEVER_ON, Verdict.NONTERMINATION, Verdict.STOPPED)


# --- never-on


@random_runs
@given(scale(1e-5, 1e-2), scale(1e3, 1e6), scale(1e-8, 1e-3), st.sampled_from([TraceEnd.LOOP, TraceEnd.HOLD]))
def test_never_on_is_decided_by_the_balance_at_v_on(
    power_w: float, leakage: float, quiescent: float, end: TraceEnd
) -> None:
    """A constant source lifts the capacitor to v_on exactly if it brings more than is lost there."""
    losses_w = 3.0**2 / leakage + 3.0 * quiescent
    assume(abs(power_w / losses_w - 1) > 1e-3)
    supply = boost(Capacitor(capacitance=1e-3, leakage=leakage), quiescent=quiescent)
    run = simulated(case(power(power_w, end=end), uniform(1, 1e-6), supply), events=2000)
    assert (run.verdict is Verdict.NEVER_ON) == (power_w < losses_w)
    assert math.isnan(run.first_turn_on_s) == (power_w < losses_w)


@pytest.mark.parametrize(("share", "verdict"), [(0.97, Verdict.NEVER_ON), (1.03, Verdict.COMPLETED)])
@pytest.mark.parametrize("step_s", [0.01, 1.0])
def test_a_fluctuating_source_converges_below_the_threshold_or_reaches_it(
    share: float, verdict: Verdict, step_s: float
) -> None:
    """The balance at v_on decides within the ripple; far fewer events than the 30 s of charging have passes."""
    trace = power(2 * share * LEAK_W, 0.0, step_s=step_s)
    # One second of twice the mean lifts by about 4 %: raise v_on by the ripple there.
    ripple_j = share * LEAK_W * step_s
    v_on = math.sqrt(9.0 + ripple_j / 1e-3)
    run = simulated(case(trace, uniform(1, 1e-6), boost(LEAKY, v_on=v_on)), events=20_000)
    assert run.verdict is verdict


def test_a_weak_source_is_recognised_after_few_passes_of_a_short_trace() -> None:
    """RC = 10 s is a million periods of this trace; the climb is judged at doubling intervals."""
    run = simulated(case(power(0.9 * LEAK_W, 0.8 * LEAK_W, step_s=5e-3), uniform(1), boost(LEAKY)), events=5000)
    assert run.verdict is Verdict.NEVER_ON
    assert "below v_on = 3 V" in run.note


def test_a_thevenin_source_whose_mean_lies_too_low() -> None:
    """Above v_on for a tenth of the time only, and a leak that takes the voltage down again."""
    trace = thevenin(3.3, *[0.0] * 9, ohm=2000.0, step_s=0.1)
    run = simulated(case(trace, uniform(1), direct(LEAKY)), events=5000)
    assert run.verdict is Verdict.NEVER_ON
    with pytest.raises(InputError, match="`v_on` of 3 V can never be reached"):
        case(thevenin(2.9), uniform(1), direct())


@pytest.mark.parametrize("end", [TraceEnd.HOLD, TraceEnd.STOP])
def test_a_source_that_ends_before_the_capacitor_is_full(end: TraceEnd) -> None:
    run = simulated(case(power(1e-3, 0.0, end=end), uniform(1)), events=100)
    assert run.verdict is Verdict.NEVER_ON
    assert not run.power_cycles
    assert math.isnan(run.first_turn_on_s)


def test_time_over_before_the_first_turn_on() -> None:
    run = simulated(case(power(1e-3), uniform(1), duration_s=2.0))
    assert (run.verdict, run.duration_s) == (Verdict.NEVER_ON, 2.0)
    assert run.time.off == 2.0


def test_an_initial_charge_above_v_on_starts_at_once() -> None:
    run = simulated(case(power(1e-6), uniform(3), initial_voltage=3.5))
    assert (run.verdict, run.first_turn_on_s) == (Verdict.COMPLETED, 0.0)


def test_a_first_charge_that_the_supply_cannot_renew() -> None:
    run = simulated(case(power(0.5 * LEAK_W), uniform(60), boost(LEAKY), initial_voltage=3.0))
    assert run.verdict is Verdict.NEVER_ON
    assert len(run.power_cycles) == 1


# --- stopped


def test_stopped_inside_an_inference_reports_what_was_done() -> None:
    run = simulated(case(power(1e-3), uniform(200), duration_s=10.0))
    assert (run.verdict, run.duration_s) == (Verdict.STOPPED, 10.0)
    (unfinished,) = run.inferences
    assert not unfinished.completed
    assert 0 < run.progress < 1
    assert run.progress * 200 == pytest.approx(run.layers[0].tiles_committed)


@pytest.mark.parametrize("duration_s", [2.49, 2.505, 2.53, 2.6, 3.1, 4.0])
def test_the_time_can_be_over_anywhere(duration_s: float) -> None:
    """Off, in the boot, in a batch: the run ends on the dot, and its books with it (`simulate` checks them)."""
    run = simulated(case(power(1e-3), uniform(200), duration_s=duration_s))
    assert run.duration_s == pytest.approx(duration_s, rel=1e-12)
    assert run.verdict is (Verdict.STOPPED if run.power_cycles else Verdict.NEVER_ON)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name + "-guard" * policy.guards)
@pytest.mark.parametrize("end", [TraceEnd.STOP, TraceEnd.HOLD])
def test_a_source_that_dies_stops_the_run(policy: RecoveryPolicy, end: TraceEnd) -> None:
    """What is left in the capacitor is still used."""
    trace = power(2e-3, 0.0, step_s=5.0, end=end)
    run = simulated(case(trace, uniform(15), policy=policy, workload=Workload(inferences=1000)), events=2000)
    assert run.finished
    if policy.guards and end is TraceEnd.HOLD:
        assert run.verdict is Verdict.NONTERMINATION
    else:
        assert run.verdict is Verdict.STOPPED
        assert run.note
    assert run.power_cycles[0].on_s < 5.0
    assert run.final_voltage < 3.0


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
    """The best of the trace never comes back, which only its end tells."""
    trace = power(8e-3, 0.3e-3, step_s=0.1, end=TraceEnd.HOLD)
    work = uniform(8, 2.6e-3, power_w=5e-3)
    run = simulated(case(trace, work, boost(v_max=3.2), policy), events=2000)
    assert run.verdict is Verdict.NONTERMINATION


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


# --- interrupted


@random_runs
@given(drafts(), st.integers(0, 300))
def test_an_interrupted_run_is_the_beginning_of_the_whole_one(draft: Draft, events: int) -> None:
    asked = itertools.count()
    part = simulate(draft.case(), (), lambda: next(asked) >= events)
    whole = simulated(draft.case())
    if part.verdict is not Verdict.INTERRUPTED:
        assert repr(part) == repr(whole)
        return
    assert part.duration_s <= whole.duration_s
    done = part.power_cycles[:-1]  # the last one may have been cut
    assert whole.power_cycles[: len(done)] == done
    assert whole.finished[: len(part.finished)] == part.finished
    for each, later in zip(part.layers, whole.layers, strict=True):
        in_progress = each.tiles_started - each.tiles_committed - each.tiles_lost
        assert in_progress >= 0
        assert each.tiles_committed <= later.tiles_committed


def test_an_interruption_before_anything_happened() -> None:
    run = simulate(case(power(1e-3), uniform(3)), (), lambda: True)
    assert run.verdict is Verdict.INTERRUPTED
    assert not run.power_cycles
    assert not run.inferences
