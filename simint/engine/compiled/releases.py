"""The workload's clock: what `event._release_clock` and `ReleaseQueue` do, as arithmetic.

Of events at one time the one that was set first comes first, as in SimPy: each gets a rank when it is set.
"""

from __future__ import annotations

from simint.compiled import borrowing
from simint.engine.compiled.memory import (
    CHECKPOINT,
    CLOCK_RANK,
    CLOCK_S,
    DROPPED,
    ENV_S,
    JOB,
    JOB_CYCLES,
    NEXT_RELEASE_S,
    NUMBER,
    ORDINAL,
    RANKS,
    RELEASE_S,
    RELEASED,
    START_S,
    TAKEN,
    UNCOMMITTED,
    WAITING,
    WAITING_S,
    Memory,
)
from simint.engine.compiled.tables import Rules


@borrowing
def start_clock(rules: Rules, memory: Memory) -> None:
    """The first periodic release is at time 0."""
    if rules.release_s > 0.0:
        _tick(rules, memory)


@borrowing
def _tick(rules: Rules, memory: Memory) -> None:
    whole, real = memory.whole, memory.real
    real[NEXT_RELEASE_S] = (whole[RELEASED] + 1) * rules.release_s
    release(rules, memory, real[ENV_S])
    real[CLOCK_S] = real[ENV_S] + max(real[NEXT_RELEASE_S] - real[ENV_S], 0.0)
    whole[CLOCK_RANK] = whole[RANKS]
    whole[RANKS] += 1


@borrowing
def release(rules: Rules, memory: Memory, now_s: float) -> None:
    """Put a new release in line; without `fifo`, one that waits already is dropped."""
    whole = memory.whole
    if not rules.fifo and whole[WAITING] > 0:
        whole[DROPPED] += 1
        whole[WAITING] = 0
    whole[WAITING] += 1
    whole[RELEASED] += 1
    memory.real[WAITING_S] = now_s


@borrowing
def follow(rules: Rules, memory: Memory, now_s: float) -> None:
    """Time has passed for the device until `now_s`: make the releases that fell into it."""
    if rules.release_s <= 0.0:
        return
    whole, real = memory.whole, memory.real
    until_s, rank = real[ENV_S] + max(now_s - real[ENV_S], 0.0), whole[RANKS]
    whole[RANKS] += 1
    while real[CLOCK_S] < until_s or (real[CLOCK_S] == until_s and whole[CLOCK_RANK] < rank):
        real[ENV_S] = real[CLOCK_S]
        _tick(rules, memory)
    real[ENV_S] = until_s


@borrowing
def take(rules: Rules, memory: Memory, now_s: float) -> bool:
    """Begin the next inference, if one waits."""
    whole, real = memory.whole, memory.real
    if whole[WAITING] == 0:
        return False
    number = whole[RELEASED] - whole[WAITING]
    whole[WAITING] -= 1
    whole[TAKEN] += 1
    whole[JOB], whole[NUMBER], whole[ORDINAL], whole[UNCOMMITTED], whole[CHECKPOINT] = 1, number, 0, 0, 0
    whole[JOB_CYCLES] = 1
    real[RELEASE_S] = number * rules.release_s if rules.release_s > 0.0 else real[WAITING_S]
    real[START_S] = now_s
    return True
