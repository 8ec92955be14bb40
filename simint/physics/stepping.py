"""The capacitor through a whole trace: from event to event, never by a time step.

`advance` carries the node through segments, bends of the source, the clamp and an empty capacitor until a threshold is
met or the time is over. Every term of the energy books is integrated on its own along the way.
"""

from __future__ import annotations

import math

from simint.compiled import compiled
from simint.physics.crossing import walk_blocks
from simint.physics.node import direction, flow, integrals, net_power, stays_signed
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
    left, began = duration_s, state.tv[0]
    tv, at = state.tv, state.at
    while True:
        if tv[1] >= high_v:
            return HIGH, _spent(duration_s, left, tv[0] - began)
        if left <= 0.0:
            return TIME, duration_s
        alive = connected
        stop = math.inf
        if connected:
            stop = segment_stop(source, state)
            alive = at[0] < source.segments or source.end == HOLD
            if source.link == CONVERTED and left > stop - tv[0]:
                walked = walk_blocks(node, source, state, load_w, left, low_v, high_v)
                if walked > 0.0:
                    left -= walked
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
            return LOW, _spent(duration_s, left, tv[0] - began)
        dt = min(left, stop - tv[0])
        target = min(high_v, node.ceiling_v, element.high_v) if heading > 0.0 else max(low_v, element.low_v, 0.0)
        held = heading == 0.0 or target == v or (heading < 0.0 and v <= 0.0)
        a, b, d = _coefficients(node, element, load_w)
        met = dt == math.inf
        if met:
            if held or not stays_signed(v, target, a, b, d):
                return NEVER, _spent(duration_s, left, tv[0] - began)
            elapsed, j1, j2 = integrals(v, target, a, b, d, node.capacitance)
            tv[1] = target
        elif held:
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
                return LOW, _spent(duration_s, left, tv[0] - began)
        else:
            tv[0] = stop if dt < left else tv[0] + elapsed
            left -= dt


@compiled
def _spent(duration_s: float, left: float, passed_s: float) -> float:
    """The difference of two durations is the more exact one, but says nothing where there was no limit of time."""
    return passed_s if left == math.inf else duration_s - left


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
