"""The reference engine: SimPy processes for the workload's clock and the device, on a storage solved exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import simpy

from simint.engine.application import Application
from simint.engine.books import check_books, energy_book, roundings, time_book
from simint.engine.compose import NO_TASKS, build_program
from simint.engine.device import Device
from simint.engine.execution import settle
from simint.engine.life import live
from simint.engine.observer import Observer, WorkObserver
from simint.engine.policy import JustInTime, RecoveryPolicy
from simint.engine.ratings import require_current
from simint.engine.run import CheckpointCounts, Inference, Run
from simint.engine.storage import open_storage
from simint.engine.tally import continuous_s, layer_counts, new_tally, task_counts
from simint.engine.voltage_budget import checkpoint_thresholds
from simint.engine.workload import Release, ReleaseQueue, Workload
from simint.errors import InputError
from simint.hardware.supply import Supply
from simint.physics.source import LOOP, CompiledSource
from simint.physics.wiring import stored_at
from simint.tiling.schedule import Schedule

# A long trace ends where the sum of its segments does, which rounds.
_SAME_TIME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything one run needs.

    `start_s`: trace time at the start. `duration_s`: when the run is over at the latest (infinite: by the workload).
    `harvest_while_on` and `recharge_at_end` exist for the comparison with the published abstract model, which credits
    no harvest while the device is on and counts a recharge after the last batch.
    """

    supply: Supply
    source: CompiledSource
    schedule: Schedule
    policy: RecoveryPolicy
    workload: Workload
    initial_voltage: float
    application: Application = NO_TASKS
    sleep_power_w: float = 0.0
    start_s: float = 0.0
    duration_s: float = math.inf
    harvest_while_on: bool = True
    recharge_at_end: bool = False


def simulate(case: Case, observers: Sequence[Observer] = (), stop_requested: Callable[[], bool] = lambda: False) -> Run:
    """Run one case to its verdict.

    `stop_requested` is asked between events; when it says yes, the run ends as `interrupted` with what was done.
    Raises InputError for a case without an end or with parts that contradict each other, InfeasibleError where a
    checkpoint does not fit the capacitor, and LedgerError where the books do not close.
    """
    if case.workload.inferences is None and case.duration_s == math.inf:
        raise InputError("a run needs an end: a number of inferences, or a duration")
    if case.application.endless and case.duration_s == math.inf:
        raise InputError("a task without end goes on for as long as power lasts: the run needs a duration")
    env = simpy.Environment()
    program = build_program(case.schedule, case.policy, case.application)
    require_current(case.supply, program, case.sleep_power_w)
    storage = open_storage(case.supply, case.source, case.initial_voltage, case.start_s, case.harvest_while_on)
    queue, tally = ReleaseQueue(case.workload), new_tally(program)
    device = Device(
        env=env,
        storage=storage,
        program=program,
        policy=case.policy,
        queue=queue,
        tally=tally,
        observers=observers,
        followers=[observer for observer in observers if isinstance(observer, WorkObserver)],
        sleep_power_w=case.sleep_power_w,
        horizon_s=case.duration_s,
        recharge_at_end=case.recharge_at_end,
        stop_requested=stop_requested,
    )
    if isinstance(case.policy, JustInTime):
        device.thresholds = checkpoint_thresholds(storage, program, case.policy)
    if case.workload.period is not None:
        env.process(_release_clock(env, queue, case.workload.period))
    env.run(until=env.process(live(device)))
    ending = device.ending
    assert ending is not None
    # What is in progress at the end was spent and is neither lost nor committed.
    settle(storage.ledger)
    duration = storage.now_s
    energy, time = energy_book(storage, case.initial_voltage), time_book(storage.ledger, tally.off_s)
    highest = max(case.initial_voltage, storage.voltage, case.supply.v_on)
    layers = layer_counts(tally, program)
    stored_scale_j = stored_at(storage.node, highest)
    check_books(energy, time, duration, stored_scale_j, roundings(storage, layers, len(tally.power_cycles)))
    return Run(
        verdict=ending.verdict,
        duration_s=duration,
        first_turn_on_s=tally.first_turn_on_s,
        inferences=tuple(_all_inferences(device, duration)),
        dropped=len(queue.dropped),
        power_cycles=tuple(tally.power_cycles),
        energy=energy,
        time=time,
        layers=layers,
        continuous_s=continuous_s(tally, program),
        progress=tally.tiles_committed / program.tiles if program.tiles else float(len(tally.inferences)),
        loops=_passes_begun(case, duration),
        initial_voltage=case.initial_voltage,
        final_voltage=storage.voltage,
        nontermination=ending.cause,
        tasks=task_counts(tally, program),
        checkpoints=_checkpoint_counts(device) if case.policy.checkpoints else None,
        note=ending.note,
    )


def _checkpoint_counts(device: Device) -> CheckpointCounts:
    tally, used = device.tally, device.thresholds
    if used is None:
        return CheckpointCounts(tally.saves, tally.torn_saves, tally.restores)
    return CheckpointCounts(
        tally.saves, tally.torn_saves, tally.restores, used.v_checkpoint, used.v_resume, used.v_safe
    )


def _passes_begun(case: Case, duration_s: float) -> int:
    """Passes of the looped trace that were begun; one that begins as the run ends, to rounding, is none."""
    if case.source.end != LOOP:
        return 1
    passes = (case.start_s % case.source.duration_s + duration_s) / case.source.duration_s
    return max(math.ceil(passes * (1.0 - _SAME_TIME)), 1)


def _release_clock(env: simpy.Environment, queue: ReleaseQueue, period_s: float) -> Generator[simpy.Event, None, None]:
    """Release an inference at every multiple of the period, whether or not there is power."""
    while True:
        queue.next_release_s = (queue.released + 1) * period_s
        queue.release(env.now)
        yield env.timeout(max(queue.next_release_s - env.now, 0.0))


def _all_inferences(device: Device, end_s: float) -> list[Inference]:
    """Completed inferences, then the one in progress and, for a periodic workload, those never begun."""
    inferences = list(device.tally.inferences)
    workload, job = device.queue.workload, device.job
    if job is not None:
        missed = _missed(workload, job.release, end_s)
        inferences.append(
            Inference(job.release.number, job.release.release_s, job.start_s, math.nan, job.power_cycles, missed)
        )
    if workload.period is not None:
        for release in (*device.queue.dropped, *device.queue.waiting):
            missed = _missed(workload, release, end_s)
            inferences.append(Inference(release.number, release.release_s, math.nan, math.nan, 0, missed))
    return sorted(inferences, key=lambda inference: inference.number)


def _missed(workload: Workload, release: Release, now_s: float) -> bool | None:
    """An unfinished inference misses its deadline at the deadline; before that nothing is known."""
    if workload.deadline is None or now_s < release.release_s + workload.deadline:
        return None
    return False
