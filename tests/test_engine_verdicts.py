"""How runs end: every verdict, with its reason, and none that goes on for ever."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
from engine_cases import (
    boost,
    case,
    direct,
    power,
    simulated,
    thevenin,
    uniform,
)
from engine_strategies import Draft, drafts, scale
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from simint.engine.event import simulate
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
from simint.engine.run import Verdict
from simint.engine.workload import Workload
from simint.errors import InputError
from simint.hardware.capacitor import Capacitor
from simint.trace.power_trace import TraceEnd

POLICIES = [Tile(), Tile(guards=True), TileShutdown(), PerLayer(), Footprint(), Timer(0.05), JustInTime(), Restart()]
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
    if (policy.guards or policy.watches) and end is TraceEnd.HOLD:
        assert run.verdict is Verdict.NONTERMINATION
    else:
        assert run.verdict is Verdict.STOPPED
        assert run.note
    assert run.power_cycles[0].on_s < 5.0
    assert run.final_voltage < 3.0


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
