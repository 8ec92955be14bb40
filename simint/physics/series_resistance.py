"""The capacitor behind its series resistance through a whole trace: `stepping.advance` where `esr` is not zero.

Thresholds and clamp are of the terminals, and so are the bends of a source without a converter. Edges at which
something jumps (bins of tables, cold start) are judged at the capacitor's own voltage: the terminals would jump to and
fro across them. The terminals sit at the highest voltage at which the currents balance.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simint.compiled import borrowing
from simint.physics.books import book_stretch
from simint.physics.source import CONVERTED, CURRENT, HOLD, CompiledSource, element_at, no_element
from simint.physics.state import (
    ESR_LOSS,
    FRONTEND_LOSS,
    HARVESTED,
    HIGH,
    LOW,
    NEVER,
    SPILLED,
    TIME,
    NodeState,
    segment_stop,
)
from simint.physics.terminals import (
    Passage,
    Point,
    at_rest,
    climbing,
    follow,
    held_point,
    hold,
    inflow,
    inner_voltage,
    lowest_terminal,
    point_at,
)
from simint.physics.wiring import EDGE, Load, Node, Setting, bin_at, join

# What determines the voltage of the terminals: the currents; the clamp; the compliance of a current source; nothing is
# left for the quiescent current to take; no voltage feeds the load.
FREE, CLAMPED, COMPLIANT, EMPTY, COLLAPSED = range(5)


class Stand(NamedTuple):
    """What acts on the capacitor while its own voltage lies between `low_v` and `high_v`.

    `held_v`: of the terminals where they are not FREE. COMPLIANT: `here` is without the source.
    """

    kind: int
    here: Setting
    low_v: float
    high_v: float
    held_v: float


@borrowing
def advance_behind_esr(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    load: Load,
    duration_s: float,
    low_v: float,
    high_v: float,
    connected: bool,
) -> tuple[int, float]:
    """See `stepping.advance`."""
    left, passed_s, r = duration_s, 0.0, node.esr
    tv, at = state.tv, state.at
    while True:
        alive, stop = connected, math.inf
        if connected:
            stop = segment_stop(source, state)
            alive = at[0] < source.segments or source.end == HOLD
        segment = min(at[0], source.segments - 1)
        dt = min(left, stop - tv[0])
        v = tv[1]
        stand = stand_at(node, source, segment, alive, v, True, load)
        if stand.kind == COLLAPSED:
            return LOW, passed_s
        point = terminals_at(stand, r, v)
        if point.u >= high_v:
            return HIGH, passed_s
        if left <= 0.0:
            return TIME, duration_s
        heading = climbing(stand.here, point)
        if heading < 0.0 and v <= stand.low_v and v > 0.0 and point.u > low_v:
            below = stand_at(node, source, segment, alive, v, False, load)
            if below.kind == COLLAPSED:
                return LOW, passed_s
            below_point = terminals_at(below, r, v)
            upward = climbing(below.here, below_point)
            if upward > 0.0:  # driven to the edge from both sides: the two take turns
                if dt == math.inf:
                    return NEVER, passed_s
                share = heading / (heading - upward)
                _book(source, state, below, load, segment, alive, at_rest(below_point, share * dt), r)
                _book(source, state, stand, load, segment, alive, at_rest(point, dt - share * dt), r)
                tv[0] = stop if dt < left else tv[0] + dt
                left -= dt
                passed_s += dt
                continue
            stand, point, heading = below, below_point, upward
        if heading < 0.0 and point.u <= low_v:
            return LOW, passed_s
        target, threshold = _target(stand, r, heading, low_v, high_v)
        met = False
        if threshold and (target - v) * heading <= 0.0:  # reached but for rounding
            return HIGH if heading > 0.0 else LOW, passed_s
        if heading == 0.0 or (target - v) * heading <= 0.0:
            passage = at_rest(point, dt if dt < math.inf else 0.0)
        elif stand.kind == FREE:
            v, passage, met = follow(stand.here, r, v, dt, target)
        else:
            v, passage, met = hold(stand.here, r, v, stand.held_v, dt, target)
        if dt == math.inf and not met:
            return NEVER, passed_s
        _book(source, state, stand, load, segment, alive, passage, r)
        tv[1] = v
        if met:
            dt = passage.stretch.seconds
            tv[0] += dt
        else:
            tv[0] = stop if dt < left else tv[0] + dt
        left -= dt
        passed_s += dt
        if met and threshold:
            return HIGH if heading > 0.0 else LOW, passed_s


@borrowing
def stand_at(
    node: Node, source: CompiledSource, segment: int, alive: bool, v: float, rising: bool, load: Load
) -> Stand:
    """What acts on a capacitor at `v`: the terminals are looked for from above, piece by piece of the source's curve.

    Where a constant-power load makes V(u) fall, there are more balances than one; the highest is where the terminals
    are when a load begins. Only rising stretches of V(u) are stable.
    """
    k, r, top = bin_at(node, v, rising), node.esr, node.ceiling_v
    low = node.bins[k, EDGE]
    high = node.bins[k + 1, EDGE] if k + 1 < node.bins.shape[0] else math.inf
    bends = alive and source.link != CONVERTED
    element = no_element()
    if alive:
        element = element_at(source, segment, top, True) if bends else element_at(source, segment, v, rising)
    if not bends:
        low, high = max(low, element.low_v), min(high, element.high_v)
    here = join(node, element, k, load)
    if lowest_terminal(here, r) < top < math.inf:
        edge = inner_voltage(here, r, top)
        if v > edge or (v == edge and rising):
            return Stand(CLAMPED, here, max(low, edge), high, top)
        high = min(high, edge)
    while True:
        bottom = max(lowest_terminal(here, r), element.low_v if bends else 0.0)
        if bottom < top:
            edge = -math.inf if bottom == 0.0 and here.a > 0.0 else inner_voltage(here, r, bottom)
            if v > edge or (v == edge and rising):
                return Stand(FREE, here, max(low, edge), high, math.nan)
            high = min(high, edge)
        if not bends or element.low_v <= 0.0:
            return Stand(EMPTY if here.a == 0.0 else COLLAPSED, here, low, high, 0.0)
        top = element.low_v
        element = element_at(source, segment, top, False)
        below = join(node, element, k, load)
        if source.link == CURRENT:  # the current falls from its value to nothing at one voltage
            edge = inner_voltage(below, r, top)
            if v > edge or (v == edge and rising):
                return Stand(COMPLIANT, here, max(low, edge), high, top)
            high = min(high, edge)
        here = below


@borrowing
def terminals_at(stand: Stand, r: float, v: float) -> Point:
    """The terminals in front of a capacitor at `v`."""
    return point_at(stand.here, r, v) if stand.kind == FREE else held_point(r, v, stand.held_v)


@borrowing
def _target(stand: Stand, r: float, heading: float, low_v: float, high_v: float) -> tuple[float, bool]:
    """The capacitor's voltage at which something changes next, and whether it is at a threshold of the terminals."""
    target = stand.high_v if heading > 0.0 else max(stand.low_v, 0.0)
    if stand.kind == FREE and heading > 0.0 and high_v < math.inf:
        at_high = inner_voltage(stand.here, r, high_v)
        if at_high <= target:
            return at_high, True
    if stand.kind == FREE and heading < 0.0 and low_v > lowest_terminal(stand.here, r):
        at_low = inner_voltage(stand.here, r, low_v)
        if at_low >= target:
            return at_low, True
    return target, False


@borrowing
def _book(
    source: CompiledSource,
    state: NodeState,
    stand: Stand,
    load: Load,
    segment: int,
    alive: bool,
    passage: Passage,
    r: float,
) -> None:
    """Every term of what passed; where the terminals are held, the clamp takes what is too much of the current."""
    book_stretch(source, state, stand.here, load, segment, alive, passage.stretch)
    books = state.supply_j
    books[ESR_LOSS] += r * passage.current_squared
    if stand.kind == CLAMPED or stand.kind == COMPLIANT:
        u = stand.held_v
        surplus = inflow(stand.here, u) * passage.stretch.seconds - passage.charge
        if stand.kind == CLAMPED:
            books[SPILLED] += u * surplus
        else:
            books[HARVESTED] -= (u + source.drop_v) * surplus
            books[FRONTEND_LOSS] -= source.drop_v * surplus
