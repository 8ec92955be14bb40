"""A power failure: what is lost, where work goes on, and whether it ever can."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from simint.engine.device import Device, Job, RunOver
from simint.engine.execution import lose
from simint.engine.nontermination import can_complete, diagnose, smallest_capacitance
from simint.engine.program import COUNT, FIRST, REPETITION, ROW, SECOND, Place, Rows, Step
from simint.engine.run import Verdict

# The time of an attempt is summed differently from that of a run; an estimate must not ask for a unit of work more.
_ROUNDING = 1e-9


def power_failed(device: Device, step: Step | None, asleep: bool = False) -> None:
    """Everything since the last commit is lost; work that can never be done ends the run.

    `step`: what was cut, None in a boot, a restore or in sleep.
    """
    device.failed = True
    job = device.job
    failed_at = None if job is None else job.ordinal
    lose(device.storage.ledger)
    device.tally.lose()
    device.storage.place[:] = 0.0
    device.vm_warm = device.resumed = False
    if job is not None:
        rewind(device, job)
    # A guarded device may sleep after its boot, so its batch may start from a fuller capacitor than `v_on`.
    if step is None or not device.policy.guards:
        require_possible(device, step is not None, failed_at)
    if job is None and asleep:
        device.stagnation.forget()  # the next release will change the course of things
    elif device.stagnation.repeats_after_failure(device.storage, device.last_commit_s):
        raise repeating(device, failed_at)


def require_possible(device: Device, working: bool, failed_at: int | None) -> None:
    """Raise the verdict where no power cycle could bring the device past a failure at step `failed_at`.

    `working`: whether it failed in that step, and not in a boot, a restore or in sleep.
    """
    if _possible(device, working):
        return
    # After its boot a guarded device gathers energy; any other goes straight on with the pending work.
    work = attempt(device, not device.policy.guards)
    enough = smallest_capacitance(device.storage, work, device.storage.harvest_while_on)
    where = position(device, failed_at if working else None)
    reason = "it does not complete from a full charge at the best of the trace"
    raise impossible(device, where, attempt(device, working), reason, enough)


def repeating(device: Device, failed_at: int | None) -> RunOver:
    """The verdict on failures, the last in step `failed_at`, that lead back to where they began."""
    enough = smallest_capacitance(device.storage, [*attempt(device, True), *_save(device)], harvest=False)
    reason = "the same state comes back without a commit in between"
    return impossible(device, position(device, failed_at), attempt(device, device.job is not None), reason, enough)


def rewind(device: Device, job: Job) -> None:
    """Go back to the last commit or checkpoint."""
    if job.uncommitted:
        job.ordinal -= job.uncommitted
        job.uncommitted = 0
        job.steps = device.program.steps(job.ordinal)
        job.step = next(job.steps)


def position(device: Device, ordinal: int | None) -> tuple[str, int]:
    """Name of the layer or task with that step, and the tiles of it before the step; `boot` for None."""
    if ordinal is None:
        return "boot", 0
    return device.program.names[device.program.section_of(ordinal)], device.program.tiles_before(ordinal)


def impossible(device: Device, where: tuple[str, int], work: list[Rows], reason: str, enough_f: float) -> RunOver:
    """The verdict on `work` that cannot be done, `where` it is."""
    return RunOver(Verdict.NONTERMINATION, cause=diagnose(device.storage, work, *where, reason, enough_f))


def attempt(device: Device, working: bool) -> list[Rows]:
    """What has to run through in one power cycle after a failure: the start, and if `working` what is pending then."""
    job = device.job
    rows = [device.program.start]
    if job is not None and job.checkpoint is not None:
        rows.append(device.program.loads[job.step.section])
    if working:
        rows += _until_safe(device)
    return rows


def _until_safe(device: Device) -> Iterator[Rows]:
    """The work from the last commit to the next one, or to the next checkpoint."""
    job = device.job
    ordinal = 0 if job is None else job.ordinal
    checkpoint = None if job is None else job.checkpoint
    left_s = device.policy.period * (1.0 - _ROUNDING)
    warm = False
    for step in device.program.steps(ordinal):
        if device.policy.watches and not step.atomic:
            return  # whatever is done before the voltage gets low is kept
        rows = step.warm if warm else step.cold
        if checkpoint is not None:
            rows, checkpoint = _rest(step, checkpoint.place, checkpoint.warm), None
        whole_s = _seconds(rows)
        if math.isinf(whole_s):
            return  # a power failure is how a task without end is completed
        if whole_s >= left_s and not step.atomic:
            yield _units(rows, left_s)
            yield device.program.saves[step.section]
            return
        left_s -= whole_s
        yield rows
        if step.commits:
            return
        warm = True


def _rest(step: Step, place: Place, warm: bool) -> Rows:
    """The rows of a step from a unit of work on."""
    rows = (step.warm if warm else step.cold)[int(place[ROW]) :].copy()
    rows[0, COUNT] -= place[REPETITION]
    return rows


def _seconds(rows: Rows) -> float:
    return float((rows[:, COUNT] * (rows[:, FIRST + 2] + rows[:, SECOND + 2])).sum())


def _units(rows: Rows, seconds: float) -> Rows:
    """The fewest whole units from the start that take at least `seconds`."""
    kept = []
    for row in rows:
        unit_s = float(row[FIRST + 2] + row[SECOND + 2])
        count = int(row[COUNT]) if unit_s <= 0.0 else min(int(row[COUNT]), math.ceil(seconds / unit_s))
        part = row.copy()
        part[COUNT] = count
        kept.append(part)
        seconds -= count * unit_s
        if seconds <= 0.0:
            break
    return np.array(kept)


def _save(device: Device) -> list[Rows]:
    """The checkpoint that progress takes where it is kept by nothing else."""
    job = device.job
    section = device.program.first_layer if job is None else job.step.section
    return [device.program.saves[section]] if device.policy.watches else []


def _possible(device: Device, working: bool) -> bool:
    """Whether some power cycle could bring the device past a failure; asked once for each place of failure."""
    job = device.job
    key: tuple[object, ...] = (working,)
    if working and job is not None:
        key = (working, job.step.number)
        if job.checkpoint is not None:
            key = (working, job.ordinal, job.checkpoint.place.tobytes())
    if key not in device.known_possible:
        if not (
            can_complete(device.storage, attempt(device, working), device.storage.supply.v_on)
            or (working and _possible_after_sleep(device))
        ):
            return False
        device.known_possible.add(key)
    return True


def _possible_after_sleep(device: Device) -> bool:
    """The same where a policy that watches the voltage goes to sleep after the boot: work begins at `v_resume`."""
    storage, thresholds = device.storage, device.thresholds
    if thresholds is None or thresholds.v_resume <= storage.supply.v_on:
        return False
    start, whole = attempt(device, False), attempt(device, True)
    return can_complete(storage, start, storage.supply.v_on) and can_complete(
        storage, whole[len(start) :], thresholds.v_resume
    )
