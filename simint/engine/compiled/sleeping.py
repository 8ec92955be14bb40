"""Asleep: the compiled counterpart of `engine.sleeping`."""

from __future__ import annotations

from simint.compiled import compiled
from simint.engine.compiled.memory import (
    AT,
    NEXT_CHECK,
    PASSES,
    SLEEP,
    SLEEP_END_S,
    UNTIL_V,
    WHY,
    Memory,
)

# How a piece of sleep ended.
POWER_FAILED, AWAKE, TIME_OVER, NOTHING_HAPPENS, SLEEPS_ON = range(5)


@compiled
def fall_asleep(memory: Memory, why: int, end_s: float, until_v: float) -> None:
    """Sleep next, until a time or until the capacitor is at a voltage."""
    memory.whole[AT], memory.whole[WHY] = SLEEP, why
    memory.real[SLEEP_END_S], memory.real[UNTIL_V] = end_s, until_v
    begin_climb(memory)


@compiled
def begin_climb(memory: Memory) -> None:
    """A wait for a voltage begins; see `stagnation.Climb`."""
    memory.whole[PASSES], memory.whole[NEXT_CHECK] = 0, 1
