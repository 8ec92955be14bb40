"""Peripheral tasks around an inference, and applications of tasks alone."""

from __future__ import annotations

import math

import msgspec
import pytest
from engine_cases import BOOT, INDEX, boost, case, power, simulated, uniform

from simint.engine.application import Application, Task
from simint.engine.compose import tasks_alone
from simint.engine.event import Case, simulate
from simint.engine.policy import (
    POLICIES,
    Footprint,
    JustInTime,
    PerLayer,
    RecoveryPolicy,
    Restart,
    Tile,
    TileShutdown,
    Timer,
)
from simint.engine.run import CycleEnd, TaskCounts, Verdict
from simint.engine.workload import Workload
from simint.errors import InputError
from simint.tiling.schedule import ZERO

SENSE = Task(name="sense", power=3e-3, duration=10e-3)
SEND = Task(name="send", current=12e-3, voltage=3.0, duration=5e-3)
NODE = Application(before=(SENSE,), after=(SEND,))
TASKS_J, TASKS_S = 30e-6 + 180e-6, 15e-3
KEEPING = [Tile(), TileShutdown(), PerLayer(), Footprint(), Timer(0.05), JustInTime()]
SWING_J = 0.5 * 1e-3 * (3.0**2 - 2.0**2)


def named(policy: RecoveryPolicy) -> str:
    return policy.name


@pytest.mark.parametrize("policy", [Restart(), Tile(), PerLayer(), Timer(10.0), JustInTime()], ids=named)
def test_the_latency_goes_from_release_to_the_end_of_the_last_task(policy: RecoveryPolicy) -> None:
    """With power that never fails an application takes its tasks, its inference and the records of the policy."""
    supply, trace, workload = boost(v_max=3.0), power(1.0), Workload(inferences=3)
    with_tasks = simulated(case(trace, uniform(10), supply, policy, workload, application=NODE))
    alone = simulated(case(trace, uniform(10), supply, policy, workload))
    records = 0 if policy.name == "none" else 2
    more_s, more_j = TASKS_S + records * INDEX.time_s, TASKS_J + records * INDEX.energy_j
    for longer, shorter in zip(with_tasks.inferences, alone.inferences, strict=True):
        assert longer.latency_s == pytest.approx(shorter.latency_s + more_s)
    assert with_tasks.energy.peripheral == pytest.approx(3 * TASKS_J)
    assert with_tasks.time.peripheral == pytest.approx(3 * TASKS_S)
    assert with_tasks.energy.device == pytest.approx(alone.energy.device + 3 * more_j)
    assert with_tasks.continuous_s == pytest.approx(alone.continuous_s + 3 * TASKS_S)
    assert with_tasks.tasks == (TaskCounts("sense", 3, 3, 0), TaskCounts("send", 3, 3, 0))
    assert [each.name for each in with_tasks.layers] == ["L0"]
    assert alone.tasks == ()


@pytest.mark.parametrize("policy", KEEPING, ids=named)
def test_a_task_that_was_cut_is_done_again_and_a_finished_one_is_not(policy: RecoveryPolicy) -> None:
    """Sending takes most of a charge, so it never fits in what the inference leaves; sensing is never repeated."""
    send = Task(name="send", power=20e-3, duration=0.1)
    node = Application(before=(SENSE,), after=(send,))
    run = simulated(case(power(1e-3), uniform(10), policy=policy, application=node, workload=Workload(inferences=3)))
    assert run.verdict is Verdict.COMPLETED
    sensed, sent = run.tasks
    assert (sensed.done, sensed.committed, sent.done, sent.committed) == (3, 3, 3, 3)
    assert run.energy.peripheral == pytest.approx(3 * (30e-6 + 2e-3))
    assert run.layers[0].tiles_committed == 30
    if not policy.shuts_down and not policy.watches:
        assert sent.cut > 0
    if policy.shuts_down:
        assert (sensed.cut, sent.cut) == (0, 0)


def test_none_starts_the_whole_application_again() -> None:
    """The first attempt dies in the inference or while it sends; the next one finds enough harvest."""
    node = Application(before=(Task(name="sense", power=5e-3, duration=0.2),), after=(SEND,))
    run = simulated(case(power(1e-3, 6e-3, step_s=4.0), uniform(20), policy=Restart(), application=node))
    assert run.verdict is Verdict.COMPLETED
    sensed, sent = run.tasks
    assert len(run.power_cycles) == 2
    assert (sensed.done, sensed.committed, sent.done, sent.committed) == (2, 1, 1, 1)
    assert run.energy.peripheral == pytest.approx(1e-3 + 180e-6)
    assert run.energy.lost == pytest.approx(run.power_cycles[0].energy_j)


def test_a_low_voltage_does_not_interrupt_a_task() -> None:
    """It falls to the threshold in the middle of the task, which goes on; only then the device sleeps."""
    task = Task(name="sense", power=20e-3, duration=0.1)
    node = Application(before=(task,))
    run = simulated(case(power(1e-3), uniform(3), policy=JustInTime(2.6), application=node))
    assert run.verdict is Verdict.COMPLETED
    assert run.tasks == (TaskCounts("sense", 1, 1, 0),)
    assert run.checkpoints is not None
    assert run.checkpoints.saved == 0  # the end of the task was a commit, and nothing was done since
    assert run.time.sleep > 0
    assert len(run.power_cycles) == 1


def test_a_task_that_no_power_cycle_holds_is_named() -> None:
    node = Application(after=(Task(name="send", power=30e-3, duration=0.1),))
    for kind in POLICIES.values():
        run = simulated(case(power(1e-3), uniform(3), policy=kind(), application=node), events=2000)
        assert run.verdict is Verdict.NONTERMINATION
        assert run.nontermination is not None
        assert run.nontermination.layer == "send"
        enough = boost(msgspec.structs.replace(boost().capacitor, capacitance=run.nontermination.smallest_capacitance))
        assert simulated(case(power(1e-3), uniform(3), enough, kind(), application=node)).verdict is Verdict.COMPLETED


# --- applications of tasks alone


def node_case(tasks: tuple[Task, ...], policy: RecoveryPolicy | None = None, **options: float) -> Case:
    return case(
        power(1e-3),
        tasks_alone(BOOT, INDEX, INDEX),
        policy=policy or Restart(),
        application=Application(before=tasks),
        **options,
    )


def test_tasks_alone_run_back_to_back() -> None:
    tasks = (SENSE, SEND)
    run = simulated(node_case(tasks, workload=Workload(inferences=50), harvest_while_on=False))
    assert run.verdict is Verdict.COMPLETED
    assert len(run.finished) == 50
    assert run.progress == 50.0
    per_cycle = int((SWING_J - BOOT.energy_j) // TASKS_J)
    assert [sum(inference.end_s <= cycle.off_s for inference in run.finished) for cycle in run.power_cycles][:2] == [
        per_cycle,
        2 * per_cycle,
    ]
    assert run.layers == ()
    assert run.tasks[0].done >= run.tasks[1].done == 50


@pytest.mark.parametrize("policy", [Restart(), Tile(), JustInTime()], ids=named)
def test_burning_until_power_fails(policy: RecoveryPolicy) -> None:
    """Each power cycle is one application: a charge, spent to the end, and nothing of it lost."""
    burn = Task(name="burn", power=5e-3)
    run = simulated(node_case((SENSE, burn), policy, workload=Workload(inferences=4), duration_s=100.0))
    assert run.verdict is Verdict.COMPLETED
    assert len(run.finished) == len(run.power_cycles) == 4
    assert {cycle.ended_by for cycle in run.power_cycles} == {CycleEnd.BROWN_OUT}
    assert run.energy.lost == 0
    records_j = 0.0 if policy.name == "none" else 2 * INDEX.energy_j
    records_s = 0.0 if policy.name == "none" else 2 * INDEX.time_s
    fixed_j, fixed_s = BOOT.energy_j + 30e-6 + records_j, BOOT.time_s + 10e-3 + records_s
    burnt_s = (SWING_J + 1e-3 * fixed_s - fixed_j) / (5e-3 - 1e-3)
    for cycle in run.power_cycles:
        assert cycle.off_s - cycle.on_s == pytest.approx(fixed_s + burnt_s)
    assert run.energy.peripheral == pytest.approx(4 * (30e-6 + 5e-3 * burnt_s))
    assert run.overhead_s == pytest.approx(4 * (BOOT.time_s + records_s))


def test_burning_stops_when_the_time_is_over() -> None:
    """A source stronger than the load: power never fails."""
    burn = Task(name="burn", power=1e-3)
    run = simulated(
        case(
            power(5e-3),
            tasks_alone(BOOT),
            boost(v_max=3.5),
            Restart(),
            Workload(),
            application=Application(before=(burn,)),
            duration_s=20.0,
        )
    )
    assert (run.verdict, run.duration_s) == (Verdict.STOPPED, 20.0)
    assert run.time.peripheral == pytest.approx(20.0 - run.first_turn_on_s - BOOT.time_s)
    assert not run.finished


def test_what_cannot_be_is_refused() -> None:
    burn = Task(name="burn", power=1e-3)
    with pytest.raises(InputError, match="task 'burn' needs a `duration`: the inference follows it"):
        simulate(case(power(1e-3), uniform(3), application=Application(before=(burn,)), duration_s=1.0))
    with pytest.raises(InputError, match="only the last task may go on without end"):
        Application(before=(burn, SENSE))
    with pytest.raises(InputError, match="the run needs a duration"):
        simulate(node_case((burn,)))
    with pytest.raises(InputError, match="a schedule without layers needs at least one task"):
        simulate(case(power(1e-3), tasks_alone(ZERO)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "x"}, "task 'x': give either `power`, or `current` and `voltage`"),
        ({"name": "x", "power": 1.0, "current": 1.0, "voltage": 1.0}, "give either `power`, or"),
        ({"name": "x", "current": 1.0}, "`current` and `voltage` belong together"),
        ({"name": "x", "power": -1.0}, "`power` must be a number from 0 on, got -1"),
        ({"name": "x", "power": 1.0, "duration": 0.0}, "`duration` must be positive and finite, got 0 s"),
        ({"name": "x", "power": 1.0, "duration": math.inf}, "`duration` must be positive and finite, got inf s"),
        ({"name": "", "power": 1.0}, "a task needs a `name`"),
    ],
)
def test_a_task_without_meaning_is_refused(fields: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Task(**fields)
