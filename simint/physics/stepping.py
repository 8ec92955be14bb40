"""The capacitor through a whole trace: from event to event, never by a time step.

`advance` carries the node through segments, bends of the source, edges of tables, the clamp and an empty capacitor
until a threshold is met or the time is over. Every term of the energy books is integrated on its own along the way.
"""

from __future__ import annotations

import math

from simint.compiled import borrowing, compiled
from simint.physics.banks import change_step, down_at, joined_node, up_at
from simint.physics.books import Stretch, book_stretch
from simint.physics.crossing import walk_blocks
from simint.physics.node import direction, flow, integrals, net_power, stays_signed
from simint.physics.series_resistance import advance_behind_esr
from simint.physics.source import CONVERTED, HOLD, CompiledSource
from simint.physics.state import HIGH, LOW, NEVER, SPILLED, TIME, NodeState, segment_stop
from simint.physics.wiring import Load, Node, Setting, load_of, setting_at


@borrowing
def advance(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    load_w: float,
    on: bool,
    duration_s: float,
    low_v: float,
    high_v: float,
    connected: bool,
) -> tuple[int, float]:
    """Carry the node on for `duration_s` with a constant-power load, or until it falls to `low_v` or rises to `high_v`.

    The thresholds are of the terminals. Returns why it stopped (TIME, LOW, HIGH, or NEVER where nothing will ever
    happen again) and the seconds that passed. `on`: whether the device is powered, which its quiescent current depends
    on. `connected` false takes the source away (for models that credit no harvest while the device is on).
    """
    load = load_of(node, load_w, on)
    if node.esr > 0.0:
        return advance_behind_esr(node, source, state, load, duration_s, low_v, high_v, connected)
    if state.banks.size > 0:
        return _advance_ladder(node, source, state, load, duration_s, low_v, high_v, connected)
    return advance_capacitor(node, source, state, load, duration_s, low_v, high_v, connected)


@borrowing
def is_plain(node: Node, state: NodeState) -> bool:
    """Whether `advance_capacitor` is all there is, for callers in a hurry: no series resistance, no banks."""
    return node.esr == 0.0 and state.banks.size == 0


@compiled
def _advance_ladder(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    load: Load,
    duration_s: float,
    low_v: float,
    high_v: float,
    connected: bool,
) -> tuple[int, float]:
    """`advance` with banks that come and go."""
    left, passed_s = duration_s, 0.0
    while True:
        joined = joined_node(node, state)
        low, high = max(low_v, down_at(node, state)), min(high_v, up_at(node, state))
        code, elapsed = advance_capacitor(joined, source, state, load, left, low, high, connected)
        left -= elapsed
        passed_s += elapsed
        if code == HIGH and high < high_v:
            change_step(node, state, 1)
        elif code == LOW and low > low_v:
            change_step(node, state, -1)
        else:
            return code, duration_s if code == TIME else passed_s


@borrowing
def advance_capacitor(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    load: Load,
    duration_s: float,
    low_v: float,
    high_v: float,
    connected: bool,
) -> tuple[int, float]:
    """`advance` for one capacitor without series resistance."""
    left, passed_s = duration_s, 0.0
    tv, at = state.tv, state.at
    while True:
        if tv[1] >= high_v:
            return HIGH, passed_s
        if left <= 0.0:
            return TIME, duration_s
        alive = connected
        stop = math.inf
        if connected:
            stop = segment_stop(source, state)
            alive = at[0] < source.segments or source.end == HOLD
            if source.link == CONVERTED and left > stop - tv[0]:
                walked = walk_blocks(node, source, state, load, left, low_v, high_v)
                if walked > 0.0:
                    left -= walked
                    passed_s += walked
                    continue
        segment = min(at[0], source.segments - 1)
        v = tv[1]
        here = setting_at(node, source, segment, alive, v, True, load)
        heading = _heading(here, v)
        dt = min(left, stop - tv[0])
        if heading < 0.0 and v <= here.low_v and v > max(low_v, 0.0):
            below = setting_at(node, source, segment, alive, v, False, load)
            upward = _heading(below, v)
            if upward > 0.0:
                # Driven to the edge from both sides: the voltage stays, and the two take turns.
                if dt == math.inf:
                    return NEVER, passed_s
                fall, rise = _net(here, v), _net(below, v)
                share = fall / (fall - rise)
                _book_rest(source, state, below, load, segment, alive, share * dt, v)
                _book_rest(source, state, here, load, segment, alive, dt - share * dt, v)
                tv[0] = stop if dt < left else tv[0] + dt
                left -= dt
                passed_s += dt
                continue
            here, heading = below, upward
        if heading < 0.0 and v <= low_v:
            return LOW, passed_s
        target = min(high_v, node.ceiling_v, here.high_v) if heading > 0.0 else max(low_v, here.low_v, 0.0)
        held = heading == 0.0 or (target - v) * heading <= 0.0
        a, b, d = here.a, here.b - here.leak_a, here.d + here.leak_s
        met = dt == math.inf
        if met:
            if held or not stays_signed(v, target, a, b, d):
                return NEVER, passed_s
            elapsed, j1, j2 = integrals(v, target, a, b, d, here.capacitance)
            tv[1] = target
        elif held:
            elapsed, j1, j2 = dt, v * dt, v * v * dt
            if v >= node.ceiling_v and heading > 0.0:
                state.supply_j[SPILLED] += net_power(v, a, b, d) * dt
        else:
            elapsed, tv[1], j1, j2, met = flow(v, dt, target, a, b, d, here.capacitance)
        book_stretch(source, state, here, load, segment, alive, Stretch(elapsed, j1, j2, j1, j2))
        passed_s += elapsed
        if met:
            tv[0] += elapsed
            left -= elapsed
            if target == low_v and heading < 0.0:
                return LOW, passed_s
        else:
            tv[0] = stop if dt < left else tv[0] + elapsed
            left -= dt


@borrowing
def _heading(here: Setting, v: float) -> float:
    """Positive where the voltage rises."""
    return float(direction(v, here.a, here.b - here.leak_a, here.d + here.leak_s))


@borrowing
def _net(here: Setting, v: float) -> float:
    """Power flowing into the capacitor, W."""
    return float(net_power(v, here.a, here.b - here.leak_a, here.d + here.leak_s))


@borrowing
def _book_rest(
    source: CompiledSource, state: NodeState, here: Setting, load: Load, segment: int, alive: bool, dt: float, v: float
) -> None:
    """Book a stretch at rest."""
    j1, j2 = v * dt, v * v * dt
    book_stretch(source, state, here, load, segment, alive, Stretch(dt, j1, j2, j1, j2))
