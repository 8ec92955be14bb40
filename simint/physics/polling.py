"""A supervisor that looks at the voltage only so often: turn-on and turn-off at multiples of its period."""

from __future__ import annotations

import math

from simint.compiled import borrowing
from simint.physics.source import CompiledSource
from simint.physics.state import HIGH, LOW, NEVER, TIME, NodeState
from simint.physics.stepping import advance
from simint.physics.wiring import Node


@borrowing
def advance_polled(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    load_w: float,
    on: bool,
    duration_s: float,
    low_v: float,
    high_v: float,
    connected: bool,
    poll_s: float,
) -> tuple[int, float]:
    """`stepping.advance` with the thresholds compared at multiples of `poll_s` (of the run's time) only.

    Below `node.floor_v` the regulator cannot hold its output, and the device browns out at once.
    """
    left, passed_s = duration_s, 0.0
    while True:
        code, elapsed = advance(node, source, state, load_w, on, left, low_v, high_v, connected)
        passed_s += elapsed
        left -= elapsed
        if code in (TIME, NEVER):
            return code, duration_s if code == TIME else passed_s
        # A crossing at the very moment of a look, to rounding, is seen by it.
        looks = math.ceil(state.tv[0] / poll_s * (1.0 - 1e-12))
        wait_s = max(looks * poll_s - state.tv[0], 0.0)
        floor_v = node.floor_v if on else -math.inf
        met, elapsed = advance(node, source, state, load_w, on, min(left, wait_s), floor_v, math.inf, connected)
        passed_s += elapsed
        left -= elapsed
        if met == LOW:
            return LOW, passed_s
        if elapsed < wait_s:
            return TIME, duration_s
        if (code == HIGH and state.tv[1] >= high_v) or (code == LOW and state.tv[1] <= low_v):
            return code, passed_s


@borrowing
def advance_on(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    load_w: float,
    duration_s: float,
    low_v: float,
    high_v: float,
    connected: bool,
) -> tuple[int, float]:
    """`stepping.advance` for a device that is on, whose brown-out may be looked for only every `node.poll_s`.

    An upper threshold is then watched as rarely: only turn-on and wake-up have one, and nothing else waits for them.
    """
    if node.poll_s > 0.0:
        return advance_polled(node, source, state, load_w, True, duration_s, low_v, high_v, connected, node.poll_s)
    return advance(node, source, state, load_w, True, duration_s, low_v, high_v, connected)
