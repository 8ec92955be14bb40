"""From a device whose run is over to the result, with the books closed; the same for both engines."""

from __future__ import annotations

import math

from simint.engine.books import check_books, energy_book, roundings, time_book
from simint.engine.case import Case
from simint.engine.device import Device
from simint.engine.engines import Engine
from simint.engine.execution import settle
from simint.engine.run import CheckpointCounts, Inference, Run
from simint.engine.tally import continuous_s, layer_counts, task_counts
from simint.engine.workload import Release, Workload
from simint.physics.source import LOOP
from simint.physics.wiring import stored_at

# A long trace ends where the sum of its segments does, which rounds.
_SAME_TIME = 1e-9


def close_run(case: Case, device: Device, engine: Engine) -> Run:
    """The result of a run that `engine` brought to its end; raises LedgerError where the books do not close."""
    ending, storage, program, tally = device.ending, device.storage, device.program, device.tally
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
        dropped=len(device.queue.dropped),
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
        engine=engine,
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
