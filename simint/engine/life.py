"""The life of a device as a SimPy process: off until the capacitor is full, boot, work and sleep, power failure."""

from __future__ import annotations

import math
from collections.abc import Generator

import simpy

from simint.engine.checkpointing import restore
from simint.engine.device import Attempt, Device, Job, RunOver, Wait
from simint.engine.execution import DONE, FELL, OUT_OF_TIME
from simint.engine.failure import power_failed
from simint.engine.run import CycleEnd, PowerCycle, Verdict
from simint.engine.sleeping import asleep
from simint.engine.stagnation import Climb
from simint.engine.working import work
from simint.physics.source import LOOP
from simint.physics.state import HIGH, NEVER


def live(device: Device) -> Wait:
    """The process; `device.ending` says how it ended."""
    try:
        while not device.all_done():
            yield from _recharge(device)
            yield from _power_cycle(device)
        if device.recharge_at_end:
            yield from _recharge(device)
        device.ending = RunOver(Verdict.COMPLETED)
    except RunOver as over:
        device.ending = over


def _recharge(device: Device) -> Wait:
    """Off, until the capacitor is at `v_on`."""
    storage, tally, v_on = device.storage, device.tally, device.storage.supply.v_on
    looped = storage.source.end == LOOP
    climb = Climb()
    while True:
        before, since = storage.voltage, device.remember()
        left = device.time_left()
        piece = min(left, storage.source.duration_s) if looped else left
        started_s = storage.now_s
        code = storage.charge(v_on, piece)
        tally.off_s += storage.now_s - started_s
        yield device.passed("off", storage.now_s, since)
        if code == HIGH:
            return
        if device.time_is_over():
            raise out_of_time(device)
        whole_pass = looped and piece == storage.source.duration_s
        if code == NEVER or (whole_pass and climb.hopeless(storage, before, v_on, 0.0, False)):
            raise never_on(device)


def out_of_time(device: Device) -> RunOver:
    """The verdict on a run that is over while the device is off."""
    if device.tally.power_cycles:
        return RunOver(Verdict.STOPPED)
    return RunOver(Verdict.NEVER_ON, f"the capacitor was at {device.storage.voltage:.3g} V when the time was over")


def never_on(device: Device) -> RunOver:
    """The verdict on a recharge that can never end."""
    storage = device.storage
    note = f"the capacitor stays near {storage.voltage:.3g} V, below v_on = {storage.supply.v_on:g} V"
    # A source that has ended may have lifted the capacitor before; a looped one would do it again.
    died = device.tally.power_cycles and storage.source.end != LOOP
    return RunOver(Verdict.STOPPED if died else Verdict.NEVER_ON, note)


def _power_cycle(device: Device) -> Wait:
    """From turn-on to turn-off."""
    storage, tally = device.storage, device.tally
    on_s, drawn_j = storage.now_s, storage.drawn_j
    committed, lost = tally.tiles_committed, tally.tiles_lost
    if math.isnan(tally.first_turn_on_s):
        tally.first_turn_on_s = on_s
        device.queue.first_turn_on(on_s)
    if device.job is not None:
        device.job.power_cycles += 1
    device.vm_warm = device.failed = False
    ended_by = CycleEnd.END_OF_RUN
    try:
        ended_by = yield from _powered(device)
    finally:
        # Also the one that ended the run; behind a series resistance the capacitor itself is still above `v_off`.
        if device.failed or storage.voltage <= storage.v_off:
            ended_by = CycleEnd.BROWN_OUT
        tally.power_cycles.append(
            PowerCycle(
                on_s=on_s,
                off_s=storage.now_s,
                v_end=storage.voltage,
                energy_j=storage.drawn_j - drawn_j,
                tiles_committed=tally.tiles_committed - committed,
                tiles_lost=tally.tiles_lost - lost,
                ended_by=ended_by,
            )
        )


def _powered(device: Device) -> Generator[simpy.Event, None, CycleEnd]:
    """Boot and restore, then batches and sleep; says why the power cycle ended."""
    if not ((yield from _boot(device)) and (yield from restore(device))):
        return CycleEnd.BROWN_OUT
    device.restart_timer()
    while True:
        if device.job is None and not (yield from _next_job(device)):
            return CycleEnd.BROWN_OUT
        ended_by = yield from work(device)
        if ended_by is not None:
            return ended_by


def _boot(device: Device) -> Attempt:
    device.begins(device.program.start)
    code, _, now_s = device.storage.execute(device.program.start, False, device.horizon_s)
    yield device.passed("boot", now_s)
    if code == OUT_OF_TIME:
        raise RunOver(Verdict.STOPPED)
    if code == FELL:
        power_failed(device, None)
    return code == DONE


def _next_job(device: Device) -> Attempt:
    """Take the next release, asleep until there is one."""
    while True:
        release = device.queue.take()
        if release is not None:
            steps = device.program.steps()
            device.job = Job(release, device.storage.now_s, steps, next(steps))
            device.restart_timer()
            return True
        if not (yield from asleep(device, device.queue.next_release_s - device.storage.now_s, math.inf)):
            return False
