"""Checkpoints of volatile memory: saved when the timer runs out or the voltage gets low, restored after a failure.

Two versioned copies are written in turn, so a save that a brown-out cuts leaves the former checkpoint valid.
"""

from __future__ import annotations

import math

import numpy as np

from simint.engine.device import Attempt, Checkpoint, Device, RunOver, beginning
from simint.engine.execution import DONE, FELL, OUT_OF_TIME
from simint.engine.failure import power_failed
from simint.engine.program import done_before
from simint.engine.run import Verdict
from simint.engine.sleeping import SAVED_HOPELESS, asleep
from simint.engine.tally import Part


def save(device: Device) -> Attempt:
    """Write volatile memory and the index to NVM in the middle of a step; progress is safe once that is complete."""
    job, storage, tally = device.job, device.storage, device.tally
    assert job is not None
    place = storage.place.copy()
    storage.place[:] = 0.0
    rows = device.program.saves[job.step.section]
    device.begins(rows)
    code, _, now_s = storage.execute(rows, True, device.horizon_s)
    if code == DONE:
        tally.saves += 1
        tiles, continuous_s = done_before(device.rows(job.step), place)
        tally.commit(Part(job.step.section, tiles, continuous_s))
        job.checkpoint, job.uncommitted = Checkpoint(place, device.vm_warm), 0
        device.last_commit_s = now_s
        device.restart_timer()
        storage.place[:] = place
    yield device.passed("checkpoint", now_s)
    if code == OUT_OF_TIME:
        raise RunOver(Verdict.STOPPED)
    if code == FELL:
        tally.torn_saves += 1
        power_failed(device, job.step)
    return code == DONE


def restore(device: Device) -> Attempt:
    """Read the valid checkpoint back after a boot, if there is one."""
    job, storage = device.job, device.storage
    if job is None or job.checkpoint is None:
        return True
    rows = device.program.loads[job.step.section]
    device.begins(rows)
    code, _, now_s = storage.execute(rows, False, device.horizon_s)
    if code == DONE:
        device.tally.restores += 1
        storage.place[:] = job.checkpoint.place
        device.vm_warm, device.resumed = job.checkpoint.warm, True
    yield device.passed("restore", now_s)
    if code == OUT_OF_TIME:
        raise RunOver(Verdict.STOPPED)
    if code == FELL:
        power_failed(device, None)
    return code == DONE


def voltage_is_low(device: Device) -> bool:
    """Whether the policy watches the voltage and finds it at its threshold."""
    return device.thresholds is not None and device.storage.voltage <= device.thresholds.v_checkpoint


def hibernate(device: Device) -> Attempt:
    """Save what is new since the last checkpoint, then sleep until the supply has recovered."""
    assert device.thresholds is not None
    if _has_progress(device) and not (yield from save(device)):
        return False
    if not (yield from asleep(device, math.inf, device.thresholds.v_resume, SAVED_HOPELESS)):
        return False
    device.resumed = True
    return True


def _has_progress(device: Device) -> bool:
    """Whether anything was done since the last commit or checkpoint."""
    job = device.job
    assert job is not None
    kept = beginning() if job.checkpoint is None else job.checkpoint.place
    return job.uncommitted > 0 or not np.array_equal(device.storage.place, kept)
