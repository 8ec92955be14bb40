"""A verdict that no time could change is given only where none could."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from engine_cases import batch, boost, case, direct, layer, power, schedule, simulated, thevenin, uniform

from simint.engine.application import Application, Task
from simint.engine.case import Case
from simint.engine.compiled.simulate import simulate_compiled
from simint.engine.policy import JustInTime, RecoveryPolicy, Restart, Tile
from simint.engine.run import Run, Verdict
from simint.engine.workload import Workload
from simint.hardware.bank import Bank, Ladder
from simint.hardware.capacitor import Capacitor
from simint.hardware.regulator import Buck
from simint.hardware.supply import Supply
from simint.tiling.schedule import Cost
from simint.trace.power_trace import TraceEnd

Simulate = Callable[[Case], Run]
engines = pytest.mark.parametrize("engine", [simulated, simulate_compiled], ids=["event", "compiled"])


# --- asleep, and the voltage falls


@engines
@pytest.mark.parametrize("policy", [JustInTime(2.3, 3.0), Tile(guards=True)], ids=["jit", "guard"])
def test_a_sleep_that_a_power_failure_will_end_is_not_for_ever(engine: Simulate, policy: RecoveryPolicy) -> None:
    """Asleep it draws twice the harvest, off it recovers; how long a constant trace is makes no difference."""
    runs = [
        engine(
            case(
                power(50e-6, step_s=step_s),
                uniform(10, 1.2e-3),
                policy=policy,
                sleep_power_w=100e-6,
                duration_s=5000.0,
            )
        )
        for step_s in (1.0, 4999.0)
    ]
    assert [run.verdict for run in runs] == [Verdict.COMPLETED] * 2
    assert len(runs[0].power_cycles) > 2
    assert runs[0].duration_s == pytest.approx(runs[1].duration_s, rel=1e-9)


@engines
@pytest.mark.parametrize("end", [TraceEnd.LOOP, TraceEnd.HOLD])
def test_a_sleep_that_comes_to_rest_above_the_brown_out_is_for_ever(engine: Simulate, end: TraceEnd) -> None:
    """A leak of 1 kohm balances the source at 2.6 V under sleep: below `v_resume`, above `v_off`."""
    supply = boost(Capacitor(capacitance=1e-3, leakage=1e3))
    trace = power(6.86e-3, end=end) if end is TraceEnd.HOLD else power(7.06e-3, 6.66e-3, step_s=5e-3)
    one = case(
        trace,
        uniform(40, 100e-6, power_w=8e-3),
        supply,
        JustInTime(2.7, 2.9),
        sleep_power_w=0.1e-3,
        initial_voltage=3.0,
    )
    run = engine(one)
    assert run.verdict is Verdict.NONTERMINATION
    assert run.nontermination is not None
    assert "neither recovers nor fails" in run.nontermination.reason
    assert run.final_voltage == pytest.approx(2.6, abs=0.1)


# --- the end of the run


@engines
def test_a_run_that_ends_in_the_dark_was_on(engine: Simulate) -> None:
    """The sums of tens of thousands of segments round: the time is over all the same, and the trace is not to blame."""
    random = np.random.default_rng(1)
    volt = np.concatenate([random.uniform(3.0, 5.0, 2_000), random.uniform(0.0, 1.0, 30_000)])
    leaky = Capacitor(capacitance=1e-3, leakage=20e3)
    for step_s in (1.1e-3, 1.3e-3, 1.7e-3, 1.9e-3):
        trace = thevenin(*volt, ohm=500.0, step_s=step_s)
        duration_s = 0.97 * trace.duration_s
        run = engine(case(trace, uniform(30, 300e-6), direct(leaky), workload=Workload(), duration_s=duration_s))
        assert run.power_cycles
        assert run.verdict is Verdict.STOPPED
        assert run.duration_s == pytest.approx(duration_s, rel=1e-11)


# --- a state that comes back


@engines
@pytest.mark.parametrize("end", [TraceEnd.LOOP, TraceEnd.HOLD])
def test_two_failures_within_a_moment_of_a_long_trace_are_not_one_state(engine: Simulate, end: TraceEnd) -> None:
    """A year of hours: the batch fails every 26 ms of the first hour and runs through in the second."""
    hours = np.full(365 * 24, 20e-3)
    hours[0] = 1e-3
    work = schedule(layer("L0", (batch(100e-6, power_w=10e-3), 3)), boot=Cost(5e-6, 1e-3))
    supply = boost(Capacitor(capacitance=10e-6))
    short = case(power(*hours[:24], step_s=1.0, end=end), work, supply)
    assert engine(short).verdict is Verdict.COMPLETED
    run = engine(dataclasses.replace(case(power(*hours, step_s=3600.0, end=end), work, supply), start_s=3599.0))
    assert run.verdict is Verdict.COMPLETED
    assert run.duration_s == pytest.approx(engine(short).duration_s, rel=1e-6)


# --- banks


@engines
@pytest.mark.parametrize(("policy", "batches"), [(Tile(), 5), (Restart(), 1)], ids=["tile", "none"])
def test_what_banks_keep_from_cycle_to_cycle_counts(engine: Simulate, policy: RecoveryPolicy, batches: int) -> None:
    """An empty bank takes the charge of the first power cycles; once it holds some, the work is done."""
    bank = Bank(cells=1, capacitance=5e-3, series_first=False)
    supply = msgspec.structs.replace(boost(), ladder=Ladder(v_up=3.0, v_down=2.2, banks=(bank,)))
    run = engine(case(power(1e-3), uniform(batches, 1.5e-3), supply, policy, duration_s=3000.0))
    assert run.verdict is Verdict.COMPLETED
    assert run.power_cycles[0].tiles_committed == 0
    assert run.power_cycles[-1].tiles_committed == 1


# --- polling


def polled(supply: Supply, poll: float, turn_off: bool = True) -> Supply:
    regulator = Buck(output_voltage=1.0) if turn_off else None
    return msgspec.structs.replace(supply, poll=poll, poll_turn_off=turn_off, regulator=regulator)


@engines
def test_a_late_look_at_the_thresholds_may_give_the_energy_that_lacks(engine: Simulate) -> None:
    """2.5 mJ between the thresholds; turned on and off as late as by 64 ms, some power cycle holds more."""
    for compute_j in (2.6e-3, 2.8e-3):
        one = case(power(1e-3), uniform(3, compute_j), polled(boost(), 0.064), duration_s=500.0)
        assert engine(one).verdict is Verdict.COMPLETED


@engines
def test_work_that_no_look_is_late_enough_for_is_found_out(engine: Simulate) -> None:
    run = engine(case(power(1e-3), uniform(3, 20e-3), polled(boost(), 0.064)))
    assert run.verdict is Verdict.NONTERMINATION


@engines
def test_a_crossing_that_the_first_look_misses(engine: Simulate) -> None:
    """A burst of 0.1 s each second lifts a leaky capacitor above `v_on` until soon after; looked at every 0.3 s."""
    supply = polled(boost(Capacitor(capacitance=1e-3, leakage=50.0)), 0.3, turn_off=False)
    one = case(power(*[0.0] * 4, 0.4, *[0.0] * 5, step_s=0.1), uniform(1, 10e-6), supply)
    run = engine(one)
    assert run.verdict is Verdict.COMPLETED
    assert run.first_turn_on_s == pytest.approx(1.5)
    # Looks at the same places in each second never see it.
    blind = engine(dataclasses.replace(one, supply=polled(supply, 0.2, turn_off=False)))
    assert blind.verdict is Verdict.NEVER_ON


# --- a fuller start


@engines
def test_a_task_may_begin_fuller_than_the_turn_on(engine: Simulate) -> None:
    """4 mJ: too much from `v_on`, where a strong harvest lets it begin; enough from `v_resume`, after a weak one."""
    send = Task(name="send", power=20e-3, duration=0.2)
    run = engine(
        case(
            power(6e-3, *[3e-3] * 10),
            uniform(3, 100e-6),
            boost(v_max=5.0),
            JustInTime(2.995, 3.7),
            application=Application(before=(send,)),
        )
    )
    assert run.verdict is Verdict.COMPLETED
    assert run.tasks[0].cut == 1
