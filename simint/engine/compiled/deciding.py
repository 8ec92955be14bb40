"""Decisions that the loop leaves to the functions of the reference engine, and the way back into them."""

from __future__ import annotations

from simint.engine.compiled.handing import make_room, show_job
from simint.engine.compiled.memory import (
    ASK_GUARD,
    ASK_POSSIBLE,
    BEFORE_V,
    CLIMB_ASLEEP,
    CLIMB_OFF,
    COMPLETED,
    FAILED_AT,
    FAILED_WORKING,
    FULL,
    GUARDED,
    HIBERNATING,
    KNOWN_START,
    NEVER_ON,
    NEVER_WAKES,
    NEXT_CHECK,
    OUT_OF_TIME_OFF,
    PASSES,
    PAUSED,
    REPEATS,
    SOURCE_ENDED,
    STOPPED,
    UNTIL_V,
    WHY,
    Memory,
)
from simint.engine.device import Device, RunOver
from simint.engine.failure import repeating, require_possible
from simint.engine.life import never_on, out_of_time
from simint.engine.run import Verdict
from simint.engine.sleeping import GUARD_HOPELESS, SAVED_HOPELESS, SOURCE_ENDED_NOTE, guarded_v, never_wakes
from simint.engine.stagnation import Climb

_HOPELESS = {GUARDED: GUARD_HOPELESS, HIBERNATING: SAVED_HOPELESS}


def decide(device: Device, memory: Memory, code: int) -> Memory:
    """Answer the loop, which came back with `code`; raises RunOver with the verdict where the run is over."""
    if code == PAUSED:
        if device.stop_requested():
            raise RunOver(Verdict.INTERRUPTED)
    elif code == FULL:
        return make_room(device, memory)
    elif code == COMPLETED:
        raise RunOver(Verdict.COMPLETED)
    elif code == STOPPED:
        raise RunOver(Verdict.STOPPED)
    elif code == SOURCE_ENDED:
        raise RunOver(Verdict.STOPPED, SOURCE_ENDED_NOTE)
    else:
        memory = make_room(device, memory)
        show_job(device, memory)
        _judge(device, memory, code)
    return memory


def _judge(device: Device, memory: Memory, code: int) -> None:
    whole, real = memory.whole, memory.real
    storage = device.storage
    failed_at = int(whole[FAILED_AT]) if whole[FAILED_AT] >= 0 else None
    if code == OUT_OF_TIME_OFF:
        raise out_of_time(device)
    if code == NEVER_ON:
        raise never_on(device)
    if code == CLIMB_OFF:
        if _hopeless(device, memory, storage.supply.v_on, 0.0, False):
            raise never_on(device)
    elif code in (CLIMB_ASLEEP, NEVER_WAKES):
        until_v = float(real[UNTIL_V])
        if code == NEVER_WAKES or _hopeless(device, memory, until_v, device.sleep_power_w, True):
            raise never_wakes(device, until_v, _HOPELESS.get(int(whole[WHY]), ""))
    elif code == ASK_GUARD:
        assert device.job is not None
        step = device.job.step
        memory.needed[int(device.vm_warm), step.number] = guarded_v(device, step)
    elif code == ASK_POSSIBLE:
        working = bool(whole[FAILED_WORKING])
        require_possible(device, working, failed_at)
        if not working:
            whole[KNOWN_START] = 1
        elif device.job is not None and device.job.checkpoint is None:
            memory.known[device.job.step.number] = True
    else:
        assert code == REPEATS
        raise repeating(device, failed_at)


def _hopeless(device: Device, memory: Memory, high_v: float, load_w: float, on: bool) -> bool:
    whole = memory.whole
    climb = Climb(int(whole[PASSES]) - 1, int(whole[NEXT_CHECK]))
    hopeless = climb.hopeless(device.storage, float(memory.real[BEFORE_V]), high_v, load_w, on)
    whole[NEXT_CHECK] = climb.next_check
    return hopeless
