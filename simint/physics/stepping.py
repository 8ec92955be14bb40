"""The capacitor through a whole trace: from event to event, never by a time step.

`advance` carries the node through segments, bends of the source, the clamp and an empty capacitor until a threshold is met
or the time is over. Every term of the energy books is integrated on its own along the way.
"""

from __future__ import annotations

import math

from simint.compiled import compiled
from simint.physics.crossing import cross, longest_crossing, window
from simint.physics.node import direction, flow, net_power, time_between
from simint.physics.source import CONVERTED, HOLD, CompiledSource, Element, available_w, element_at
from simint.physics.state import (
    AVAILABLE,
    FRONTEND_LOSS,
    HARVESTED,
    LEAKED,
    QUIESCENT,
    SPILLED,
    Node,
    NodeState,
    segment_stop,
)

# Why `advance` returned: the time is over, the lower or upper voltage is met, or nothing will ever happen again.
TIME, LOW, HIGH, NEVER = 0, 1, 2, 3


@compiled
def advance(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    load_w: float,
    duration_s: float,
    low_v: float,
    high_v: float,
    connected: bool,
) -> tuple[int, float]:
    """Carry the node on for `duration_s` with a constant-power load, or until it falls to `low_v` or rises to `high_v`.

    Returns why it stopped and the seconds that passed. `connected` false takes the source away (a comparison with
    models that credit no harvest while the device is on).
    """
    left = duration_s
    tv, at = state.tv, state.at
    reach = duration_s  # how long a window is worth trying
    while True:
        if tv[1] >= high_v:
            return HIGH, duration_s - left
        if left <= 0.0:
            return TIME, duration_s
        alive = connected
        stop = math.inf
        if connected:
            stop = segment_stop(source, state)
            alive = at[0] < source.segments or source.end == HOLD
            if source.link == CONVERTED and left > stop - tv[0]:
                stop, reach, took = _cross_windows(node, source, state, load_w, left, stop, reach, low_v, high_v)
                if took > 0.0:
                    left -= took
                    continue
        segment = min(at[0], source.segments - 1)
        v = tv[1]
        element = Element(0.0, 0.0, 0.0, 0.0, math.inf)
        if alive:
            element = element_at(source, segment, v, True)
        heading = _heading(node, element, v, load_w)
        if heading < 0.0 and v <= element.low_v and alive:
            element = element_at(source, segment, v, False)
            heading = _heading(node, element, v, load_w)
        if heading < 0.0 and v <= low_v:
            return LOW, duration_s - left
        dt = min(left, stop - tv[0])
        target = min(high_v, node.ceiling_v, element.high_v) if heading > 0.0 else max(low_v, element.low_v, 0.0)
        held = heading == 0.0 or target == v or (heading < 0.0 and v <= 0.0)
        a, b, d = _coefficients(node, element, load_w)
        if dt == math.inf:
            dt = math.inf if held else time_between(v, target, a, b, d, node.capacitance) * (1.0 + 1e-12)
            if dt == math.inf:
                return NEVER, duration_s - left if left < math.inf else 0.0
        met = False
        if held:
            elapsed, j1, j2 = dt, v * dt, v * v * dt
            if v >= node.ceiling_v and heading > 0.0:
                state.supply_j[SPILLED] += net_power(v, a, b, d) * dt
        else:
            elapsed, tv[1], j1, j2, met = flow(v, dt, target, a, b, d, node.capacitance)
        _book(node, source, state, element, segment, alive, elapsed, j1, j2)
        if met:
            tv[0] += elapsed
            left -= elapsed
            if target == low_v and heading < 0.0:
                return LOW, duration_s - left
        else:
            tv[0] = stop if dt < left else tv[0] + elapsed
            left -= dt


@compiled
def _coefficients(node: Node, element: Element, load_w: float) -> tuple[float, float, float]:
    return element.a - load_w, element.b - node.quiescent_a, element.d + node.leakage_s


@compiled
def _heading(node: Node, element: Element, v: float, load_w: float) -> float:
    a, b, d = _coefficients(node, element, load_w)
    return float(direction(v, a, b, d))


@compiled
def _book(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    element: Element,
    segment: int,
    alive: bool,
    dt: float,
    j1: float,
    j2: float,
) -> None:
    """Add one stretch to the books: `j1`, `j2` are the integrals of V and V**2 over it."""
    books = state.supply_j
    books[LEAKED] += node.leakage_s * j2
    books[QUIESCENT] += node.quiescent_a * j1
    if not alive:
        return
    books[AVAILABLE] += available_w(source, segment) * dt
    if source.link == CONVERTED:
        offered = source.values[segment] * dt
        books[HARVESTED] += offered
        books[FRONTEND_LOSS] += (1.0 - source.efficiency) * offered
    else:
        charge = element.b * dt - element.d * j1
        books[HARVESTED] += element.b * j1 - element.d * j2 + source.drop_v * charge
        books[FRONTEND_LOSS] += source.drop_v * charge


@compiled
def _cross_windows(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    load_w: float,
    left: float,
    stop: float,
    reach: float,
    low_v: float,
    high_v: float,
) -> tuple[float, float, float]:
    """Cross the longest window of several segments that can be crossed; returns (stop, reach, seconds taken).

    Nothing taken: the node has to walk to `stop`, the end of the segment or of a window of one constant value. `reach` is
    how long a window is worth trying next time.
    """
    now, v = state.tv[0], state.tv[1]
    wanted = min(left, reach, source.duration_s)
    while v > 0.0 and wanted > stop - now:
        w = window(source, state, wanted)
        t = w.end_s - now
        if w.lowest_w == w.highest_w:
            return w.end_s, 2.0 * wanted, 0.0
        longest = longest_crossing(node, source, v, w, t, load_w, low_v, high_v)
        if longest >= t:
            cross(node, source, state, w, t, load_w)
            # The last window ends with the time that is left, so that no rounding remains.
            return stop, 1.2 * wanted, left if wanted == left and w.end_s == now + left else t
        wanted = 0.9 * longest
    return stop, max(4.0 * wanted, stop - now), 0.0
