"""Asleep: the compiled counterpart of `engine.sleeping`."""

from __future__ import annotations

import math

from simint.compiled import borrowing
from simint.engine.compiled.memory import (
    AFTER,
    AT,
    BEFORE_V,
    CLIMB_ASLEEP,
    GUARD,
    GUARDED,
    IDLE,
    JOB,
    NEVER_WAKES,
    NEXT,
    NEXT_CHECK,
    PASSES,
    POWER_FAILED_ASLEEP,
    RESUMED,
    SLEEP,
    SLEEP_END_S,
    SOURCE_ENDED,
    STOPPED,
    UNTIL_V,
    WHY,
    Memory,
)
from simint.engine.compiled.releases import follow
from simint.engine.compiled.tables import Rules
from simint.engine.execution import Ledger
from simint.engine.waiting import rest
from simint.physics.source import LOOP, STOP, CompiledSource
from simint.physics.state import HIGH, LOW, NEVER, NodeState
from simint.physics.wiring import Node

_GO_ON = -1


@borrowing
def fall_asleep(memory: Memory, why: int, end_s: float, until_v: float) -> None:
    """Sleep next, until a time or until the capacitor is at a voltage."""
    memory.whole[AT], memory.whole[WHY] = SLEEP, why
    memory.real[SLEEP_END_S], memory.real[UNTIL_V] = end_s, until_v
    begin_climb(memory)


@borrowing
def begin_climb(memory: Memory) -> None:
    """A wait for a voltage begins; see `stagnation.Climb`."""
    memory.whole[PASSES], memory.whole[NEXT_CHECK] = 0, 1


@borrowing
def time_is_over(rules: Rules, state: NodeState) -> bool:
    """Whether the time of the run is over, to rounding."""
    return bool(state.tv[0] >= rules.horizon_s * (1.0 - 1e-15))


@borrowing
def sleep(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    ledger: Ledger,
    rules: Rules,
    memory: Memory,
) -> int:
    """A piece of sleep."""
    whole, real = memory.whole, memory.real
    before_v, now_s = state.tv[1], state.tv[0]
    wait_left = max(real[SLEEP_END_S] - now_s, 0.0)
    longest = source.duration_s if source.end == LOOP else math.inf
    piece = min(wait_left, max(rules.horizon_s - now_s, 0.0), longest)
    code = rest(node, source, state, ledger, rules.sleep_w, piece, rules.v_off, real[UNTIL_V])
    follow(rules, memory, state.tv[0])
    if code == LOW:
        return POWER_FAILED_ASLEEP
    if code == HIGH or (piece == wait_left and code != NEVER):
        if whole[WHY] == IDLE:
            whole[AT] = NEXT
        elif whole[WHY] == GUARDED:
            whole[AT] = GUARD
        else:
            whole[RESUMED] = 1
            whole[AT] = whole[AFTER]
        return _GO_ON
    if time_is_over(rules, state):
        return STOPPED
    if code == NEVER and source.end == STOP:
        return SOURCE_ENDED
    if whole[JOB] == 0:
        return _GO_ON
    if code == NEVER:
        return NEVER_WAKES
    if source.end != LOOP or piece < source.duration_s:
        return _GO_ON
    whole[PASSES] += 1
    if whole[PASSES] >= whole[NEXT_CHECK]:
        real[BEFORE_V] = before_v
        return CLIMB_ASLEEP
    return _GO_ON
