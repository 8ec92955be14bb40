"""Compiled waits of a device: off until turn-on, asleep, and a look whether a load can be borne; for both engines."""

from __future__ import annotations

import math

from simint.compiled import borrowing, compiled
from simint.engine.execution import Ledger
from simint.engine.program import Activity
from simint.physics.polling import advance_on, advance_polled
from simint.physics.source import LOOP, STOP, CompiledSource
from simint.physics.state import LOW, NodeState
from simint.physics.stepping import advance
from simint.physics.wiring import Node

# Too short for a voltage to move, long enough for the terminals to be judged under a load.
INSTANT_S = 1e-12

_SLEEP = int(Activity.SLEEP)


@borrowing
def charge(
    node: Node, source: CompiledSource, state: NodeState, high_v: float, duration_s: float, poll_s: float
) -> int:
    """Wait with the device off until `high_v` or the time is over; looked at every `poll_s` where that is not 0."""
    if poll_s > 0.0:
        return advance_polled(node, source, state, 0.0, False, duration_s, -math.inf, high_v, True, poll_s)[0]
    return advance(node, source, state, 0.0, False, duration_s, -math.inf, high_v, True)[0]


@borrowing
def rest(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    ledger: Ledger,
    power_w: float,
    duration_s: float,
    low_v: float,
    high_v: float,
) -> int:
    """Wait with the device asleep; sleep is no work in progress, so it is settled at once."""
    started_s = state.tv[0]
    code, elapsed = advance_on(node, source, state, power_w, duration_s, low_v, high_v, True)
    if duration_s == math.inf:
        elapsed = state.tv[0] - started_s
    ledger.settled_j[_SLEEP] += power_w * elapsed
    ledger.settled_s[_SLEEP] += elapsed
    return code


@compiled
def sustains(
    node: Node, source: CompiledSource, state: NodeState, load_w: float, low_v: float, connected: bool
) -> bool:
    """Whether a device that is on stays on under a load that begins now."""
    trial = NodeState(state.tv.copy(), state.at.copy(), state.supply_j.copy(), state.offset_s, state.banks.copy())
    code, _ = advance_on(node, source, trial, load_w, INSTANT_S, low_v, math.inf, connected)
    return code != LOW


@borrowing
def trace_place(source: CompiledSource, state: NodeState) -> float:
    """Place in the trace, s: at equal places, what is still to come from the source is equal."""
    trace_s = state.tv[0] + state.offset_s
    if source.segments == 1 and source.end != STOP:
        return 0.0
    return float(trace_s % source.duration_s if source.end == LOOP else min(trace_s, source.duration_s))
