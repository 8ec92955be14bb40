"""The capacitor through a whole trace: from event to event, never by a time step.

`advance` carries the node through segments, bends of the source, the clamp and an empty capacitor until a threshold is met
or the time is over. Every term of the energy books is integrated on its own along the way.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.physics.harvest_tree import FANOUT, block_seconds
from simint.physics.node import direction, flow, net_power, time_between
from simint.physics.source import (
    CONVERTED,
    HOLD,
    LOOP,
    CompiledSource,
    Element,
    available_w,
    element_at,
    segment_at,
    segment_end,
)

# Why `advance` returned: the time is over, the lower or upper voltage is met, or nothing will ever happen again.
TIME, LOW, HIGH, NEVER = 0, 1, 2, 3

# Terms of the supply's books, J: positions in `NodeState.supply_j`.
HARVESTED, AVAILABLE, FRONTEND_LOSS, SPILLED, LEAKED, QUIESCENT = range(6)
SUPPLY_TERMS = 6

# A block is crossed in one step only where the neglected terms stay below 1e-12 of the energy it moves: the decay is
# expanded to second order (remainder (lambda*T)**3/6) and V(E) to first (remainder x**2/8 of the quiescent energy).
_DECAY_LIMIT = 1e-5
_TANGENT_LIMIT = 8e-12


class Node(NamedTuple):
    """What hangs on the capacitor all the time: capacitance F, leakage S, quiescent current A, clamp V."""

    capacitance: float
    leakage_s: float
    quiescent_a: float
    ceiling_v: float


class NodeState(NamedTuple):
    """The moving part: `tv` = [time s, voltage V]; `at` = [segment, passes of the trace done]; energies in J.

    `offset_s`: trace time at simulation time 0.
    """

    tv: NDArray[np.float64]
    at: NDArray[np.int64]
    supply_j: NDArray[np.float64]
    offset_s: float


def start_state(source: CompiledSource, voltage: float, offset_s: float) -> NodeState:
    """A node at time 0 with `voltage` on the capacitor, `offset_s` seconds into the trace."""
    state = NodeState(np.array([0.0, voltage]), np.zeros(2, dtype=np.int64), np.zeros(SUPPLY_TERMS), offset_s)
    locate(source, state)
    return state


def copy_state(state: NodeState) -> NodeState:
    """An independent copy, to look ahead."""
    return NodeState(state.tv.copy(), state.at.copy(), state.supply_j.copy(), state.offset_s)


@compiled
def locate(source: CompiledSource, state: NodeState) -> None:
    """Find the segment of the present time afresh (at the start, and after time that passed without the source)."""
    trace_time = state.tv[0] + state.offset_s
    passes = int(trace_time / source.duration_s) if source.end == LOOP else 0
    inside = trace_time - passes * source.duration_s
    state.at[1] = passes
    state.at[0] = source.segments if inside >= source.duration_s else segment_at(source, inside)
    if source.end == LOOP and state.at[0] == source.segments:
        state.at[0], state.at[1] = 0, passes + 1


@compiled
def _base(source: CompiledSource, state: NodeState) -> float:
    """Simulation time at which the present pass of the trace began."""
    return state.at[1] * source.duration_s - state.offset_s


@compiled
def _segment_stop(source: CompiledSource, state: NodeState) -> float:
    """Simulation time at which the present segment ends; steps on where that time is reached."""
    while True:
        if state.at[0] >= source.segments:
            if source.end != LOOP:
                return math.inf
            state.at[0] = 0
            state.at[1] += 1
        stop = _base(source, state) + segment_end(source, state.at[0])
        if stop > state.tv[0]:
            return float(stop)
        state.at[0] += 1


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
    while True:
        if tv[1] >= high_v:
            return HIGH, duration_s - left
        if left <= 0.0:
            return TIME, duration_s
        alive = connected
        stop = math.inf
        if connected:
            stop = _segment_stop(source, state)
            alive = at[0] < source.segments or source.end == HOLD
            if source.link == CONVERTED and at[0] % FANOUT == 0 and at[0] < source.segments:
                width = _constant_width(source, state, left)
                if width > 1:
                    stop = _base(source, state) + segment_end(source, at[0] + width - 1)
                elif width == 0:
                    took = _cross_block(node, source, state, load_w, left, low_v, high_v)
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
def _constant_width(source: CompiledSource, state: NodeState, left: float) -> int:
    """Segments of the largest block that starts here, fits and has one value; 0: a block starts here; 1: none does."""
    found = 1
    tree = source.tree
    begins = state.at[0] == 0 or _base(source, state) + segment_end(source, state.at[0] - 1) == state.tv[0]
    if not begins or tree.start.size < 2:
        return 1
    for level in range(1, tree.start.size):
        width = FANOUT**level
        if state.at[0] % width != 0 or state.at[0] + width > source.segments:
            break
        row = tree.start[level - 1] + state.at[0] // width
        if tree.lowest_w[row] == tree.highest_w[row]:
            found = width
        elif level == 1:
            return 0
    return found


@compiled
def _cross_block(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    load_w: float,
    left: float,
    low_v: float,
    high_v: float,
) -> float:
    """Cross the largest block in which no threshold can be met; the time it took, 0 where there is none.

    Harvest is never negative, so all harvest and no loss bounds the energy from above, all loss and no harvest from
    below. Inside, dE/dt = eta*P(t) - p - lambda*E with V(E) replaced by its tangent in the small quiescent term.
    """
    tree, c, v0 = source.tree, node.capacitance, state.tv[1]
    if v0 <= 0.0:
        return 0.0
    e0 = 0.5 * c * v0 * v0
    roof = 0.5 * c * min(high_v, node.ceiling_v) ** 2
    floor = 0.5 * c * low_v * low_v
    decay = 2.0 * node.leakage_s / c + node.quiescent_a / (c * v0)
    for level in range(tree.start.size - 1, 0, -1):
        width = FANOUT**level
        if state.at[0] % width != 0 or state.at[0] + width > source.segments:
            continue
        block = state.at[0] // width
        t = block_seconds(level, block, source.step_s, source.edges_s)
        row = tree.start[level - 1] + block
        if t > left:
            continue
        if v0 >= node.ceiling_v:
            drawn = load_w + (node.quiescent_a + node.leakage_s * v0) * v0
            if source.efficiency * tree.lowest_w[row] >= drawn:
                return _spill_block(node, source, state, row, width, t, drawn)
            continue
        if decay * t > _DECAY_LIMIT:
            continue
        gain = source.efficiency * tree.energy_j[row]
        highest = 2.0 * (e0 + gain) / c
        loss = (load_w + node.quiescent_a * math.sqrt(highest) + node.leakage_s * highest) * t
        if e0 + gain >= roof or e0 - loss <= max(floor, 0.5 * e0):
            continue
        bent = (gain + loss) / e0
        if node.quiescent_a * v0 * t * bent * bent > _TANGENT_LIMIT * (gain + loss):
            continue
        moment1, moment2 = source.efficiency * tree.moment1[row], source.efficiency * tree.moment2[row]
        drain = load_w + 0.5 * node.quiescent_a * v0
        x = decay * t
        e1 = e0 - e0 * (x - 0.5 * x * x) + gain - decay * moment1 + decay * decay * moment2
        e1 -= drain * t * (1.0 - 0.5 * x + x * x / 6.0)
        je = e0 * t * (1.0 - 0.5 * x + x * x / 6.0) + moment1 - decay * moment2 - drain * t * t * (0.5 - x / 6.0)
        state.tv[1] = math.sqrt(2.0 * e1 / c)
        _leave_block(node, source, state, row, width, 0.5 * v0 * t + je / (c * v0), 2.0 * je / c)
        return float(t)
    return 0.0


@compiled
def _spill_block(
    node: Node, source: CompiledSource, state: NodeState, row: int, width: int, t: float, drawn_w: float
) -> float:
    """Pass a block at the clamp, where every sample brings at least what is drawn."""
    v = state.tv[1]
    state.supply_j[SPILLED] += source.efficiency * source.tree.energy_j[row] - drawn_w * t
    _leave_block(node, source, state, row, width, v * t, v * v * t)
    return t


@compiled
def _leave_block(
    node: Node, source: CompiledSource, state: NodeState, row: int, width: int, j1: float, j2: float
) -> None:
    """Book a block that was crossed in one step and move to its end."""
    energy = source.tree.energy_j[row]
    state.supply_j[LEAKED] += node.leakage_s * j2
    state.supply_j[QUIESCENT] += node.quiescent_a * j1
    state.supply_j[HARVESTED] += energy
    state.supply_j[AVAILABLE] += energy
    state.supply_j[FRONTEND_LOSS] += (1.0 - source.efficiency) * energy
    state.tv[0] = _base(source, state) + segment_end(source, state.at[0] + width - 1)
    state.at[0] += width


def stored_j(capacitance: float, voltage: float) -> float:
    """Energy in the capacitor, J."""
    return 0.5 * capacitance * voltage * voltage

