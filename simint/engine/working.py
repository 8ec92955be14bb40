"""Batch after batch of one inference, with what its policy does before, after and in the middle of one."""

from __future__ import annotations

import math
from collections.abc import Generator

import simpy

from simint.engine.checkpointing import hibernate, save, voltage_is_low
from simint.engine.device import Attempt, Device, RunOver
from simint.engine.execution import DONE, DUE, OUT_OF_TIME, settle
from simint.engine.failure import power_failed
from simint.engine.program import DONE_S, FIRST, PHASE, ROW, SECOND, Step
from simint.engine.run import CycleEnd, Verdict
from simint.engine.sleeping import admitted


def work(device: Device) -> Generator[simpy.Event, None, CycleEnd | None]:
    """Work until the power cycle ends, and say what ended it; None where only the inference ended."""
    storage, policy, tally, horizon_s = device.storage, device.policy, device.tally, device.horizon_s
    guards, watches, checkpoints, shuts_down = policy.guards, policy.watches, policy.checkpoints, policy.shuts_down
    execute = storage.execute
    while device.job is not None:
        step, warm = device.job.step, device.vm_warm
        if guards and not (yield from admitted(device, step)):
            return CycleEnd.BROWN_OUT
        if watches and voltage_is_low(device) and not (yield from hibernate(device)):
            return CycleEnd.BROWN_OUT
        rows = step.warm if warm else step.cold
        device.begins(rows, step)
        if checkpoints and not step.atomic:
            code, begun, now_s = storage.execute_watching(rows, step.commits, horizon_s, device.low_v, device.due_s)
        else:
            code, begun, now_s = execute(rows, step.commits, horizon_s)
        if code != DONE:
            tally.piece(step, begun)
            yield device.passed("work", now_s)
            if not (yield from _left_off(device, step, code)):
                return CycleEnd.BROWN_OUT
            continue
        if device.resumed:
            tally.piece(step, begun - step.tiles)
            device.resumed = False
        tally.done(step, warm)
        if checkpoints and step.commits:
            device.restart_timer()
        yield device.passed("work", now_s)
        device.vm_warm = True
        _move_on(device, step, now_s)
        if shuts_down and step.commits:
            return CycleEnd.SHUTDOWN
    return CycleEnd.END_OF_RUN if device.all_done() else None


def _move_on(device: Device, step: Step, now_s: float) -> None:
    """Move the inference on past `step`; a commit was part of it, and the end of an inference counts as one."""
    job = device.job
    assert job is not None
    if step.commits:
        device.last_commit_s = now_s
        job.uncommitted, job.checkpoint = 0, None
    else:
        job.uncommitted += 1
    following = next(job.steps, None)
    if following is not None:
        job.ordinal += 1
        job.step = following
        return
    if not step.commits:
        device.last_commit_s = now_s
        settle(device.storage.ledger)
        device.tally.commit()
    device.tally.finished(job.release, job.start_s, now_s, job.power_cycles, device.queue.workload)
    device.job = None
    device.queue.completed(now_s)


def _left_off(device: Device, step: Step, code: int) -> Attempt:
    """A step was not done: the run or the power is over, or a checkpoint is to be taken."""
    if code == OUT_OF_TIME:
        raise RunOver(Verdict.STOPPED)
    if code == DUE:
        device.resumed = True
        return (yield from save(device))
    if device.policy.watches and not step.atomic and device.storage.sustains(_power_w(device, step)):
        return (yield from hibernate(device))
    if device.program.endless and step.atomic and math.isinf(step.warm[0, FIRST + 2]):
        _ended_by_power_failure(device, step)
    else:
        device.tally.cuts[step.number] += step.atomic
        power_failed(device, step)
    return False


def _power_w(device: Device, step: Step) -> float:
    """What the phase draws in which work was left off."""
    place = device.storage.place
    return float(device.rows(step)[int(place[ROW]), (FIRST, SECOND)[int(place[PHASE])] + 1])


def _ended_by_power_failure(device: Device, step: Step) -> None:
    """A brown-out is how a task without end is completed; nothing is lost, and volatile memory is."""
    storage = device.storage
    device.tally.endless_s += float(storage.place[DONE_S])
    settle(storage.ledger)
    device.tally.done(step, device.vm_warm)
    storage.place[:] = 0.0
    device.vm_warm = device.resumed = False
    _move_on(device, step, storage.now_s)
