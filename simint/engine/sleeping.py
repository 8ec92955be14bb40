"""Asleep: until the next release, until a guard's batch is covered, or until a checkpointed supply has recovered."""

from __future__ import annotations

import math

from simint.engine.device import Attempt, Device, RunOver
from simint.engine.failure import attempt, impossible, position, power_failed
from simint.engine.nontermination import capacitance_to_hold
from simint.engine.program import Step
from simint.engine.run import Verdict
from simint.engine.stagnation import Climb
from simint.engine.voltage_budget import lowest_start_v
from simint.physics.source import LOOP, STOP
from simint.physics.state import HIGH, LOW, NEVER

# A batch's phases round the voltage at each of their ends; a guard that counts on every digit would lose batches.
ROUNDING = 1e-12
GUARD_HOPELESS = "the guard never finds enough energy for it"
SAVED_HOPELESS = "asleep after a checkpoint, the supply neither recovers nor fails"
SOURCE_ENDED_NOTE = "the source ended while the device slept"


def admitted(device: Device, step: Step) -> Attempt:
    """Sleep until the stored energy covers the step whatever the source does meanwhile."""
    storage, needed_v = device.storage, guarded_v(device, step)
    until_v = needed_v
    while storage.voltage < needed_v:
        if not (yield from asleep(device, math.inf, until_v, GUARD_HOPELESS)):
            return False
        # Charging lifts the terminals above the capacitor behind its series resistance.
        until_v += max(needed_v - storage.voltage, ROUNDING * needed_v)
    return True


def guarded_v(device: Device, step: Step) -> float:
    """The voltage from which a guard lets the step begin; raises the verdict where the clamp lies below it."""
    storage, key = device.storage, (step.number, device.vm_warm)
    if key not in device.needed_v:
        device.needed_v[key] = lowest_start_v(storage, [device.rows(step)]) * (1.0 + ROUNDING)
    needed_v = device.needed_v[key]
    if needed_v > storage.node.ceiling_v:
        enough = capacitance_to_hold(storage, needed_v, storage.node.ceiling_v)
        where, work = _pending(device), attempt(device, True)
        raise impossible(device, where, work, "the guard waits for a voltage above the clamp", enough)
    return needed_v


def never_wakes(device: Device, until_v: float, hopeless: str) -> RunOver:
    """The verdict on a sleep with work pending from which neither the supply nor a power failure wakes the device."""
    enough = capacitance_to_hold(device.storage, until_v, device.storage.voltage)
    return impossible(device, _pending(device), attempt(device, True), hopeless, enough)


def _pending(device: Device) -> tuple[str, int]:
    return position(device, None if device.job is None else device.job.ordinal)


def asleep(device: Device, wait_s: float, until_v: float, hopeless: str = "") -> Attempt:
    """Asleep for `wait_s`, or until the capacitor is at `until_v`.

    `hopeless`: why the run cannot go on where the voltage is never reached and power never fails either.
    """
    storage, climb = device.storage, Climb()
    looped = storage.source.end == LOOP
    end_s = storage.now_s + wait_s
    while True:
        before, since = storage.voltage, device.remember()
        wait_left = max(end_s - storage.now_s, 0.0)
        piece = min(wait_left, device.time_left(), storage.source.duration_s if looped else math.inf)
        code = storage.rest(device.sleep_power_w, piece, storage.supply.v_off, until_v)
        yield device.passed("sleep", storage.now_s, since, device.sleep_power_w)
        if code == LOW:
            power_failed(device, None, asleep=True)
            return False
        if code == HIGH or (piece == wait_left and code != NEVER):
            return True
        if device.time_is_over():
            raise RunOver(Verdict.STOPPED)
        if code == NEVER and storage.source.end == STOP:
            raise RunOver(Verdict.STOPPED, SOURCE_ENDED_NOTE)
        if device.job is None:
            continue
        whole_pass = looped and piece == storage.source.duration_s
        if code == NEVER or (whole_pass and climb.hopeless(storage, before, until_v, device.sleep_power_w, True)):
            raise never_wakes(device, until_v, hopeless)
