"""Many segments in one step: what a converter harvests over a window, and the node carried through it.

With a converter in front the harvest is a power whatever the voltage, so the energy in the capacitor obeys an equation
that is linear but for the small quiescent term. Where bounds prove that no threshold can be met inside a window, the
node crosses it in one step, and a finely sampled trace costs no more than a coarse one of equal energy.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simint.compiled import compiled
from simint.physics.harvest_tree import FANOUT, SHIFT, block_seconds
from simint.physics.source import CompiledSource, segment_at, segment_end
from simint.physics.state import (
    AVAILABLE,
    FRONTEND_LOSS,
    HARVESTED,
    LEAKED,
    QUIESCENT,
    SPILLED,
    Node,
    NodeState,
    pass_start,
)

# A window is crossed in one step only where the worst that is neglected stays below these shares of the energy it moves: the
# third order of the decay by leakage, and the spread of V around its path in the quiescent energy. The second is a bound
# for power that comes all at one end of the window; for noise on a trend the error is some 100 times smaller.
_DECAY_LIMIT = 1e-12
_SPREAD_LIMIT = 1e-8


class Window(NamedTuple):
    """The source from now until `end_s`: integral of P in J, of P*(end - t) and of P*(end - t)**2/2, extremes in W.

    `segment`: the one that holds the end.
    """

    end_s: float
    energy_j: float
    moment1: float
    moment2: float
    lowest_w: float
    highest_w: float
    segment: int


@compiled
def window(source: CompiledSource, state: NodeState, wanted_s: float) -> Window:
    """The next `wanted_s` seconds of a converted source, or less where the pass of the trace ends before."""
    start, base = state.tv[0], pass_start(source, state)
    end = min(start + wanted_s, base + source.duration_s)
    first = state.at[0]
    last = segment_at(source, end - base) if end < base + source.duration_s else source.segments
    p = float(source.values[first])
    t = min(base + segment_end(source, first), end) - start
    energy, moment1, moment2 = p * t, p * t * t / 2.0, p * t * t * t / 6.0
    lowest, highest = p, p
    tree, k = source.tree, first + 1
    top = SHIFT * (tree.start.size - 1)
    while k < last:
        shift = 0
        while shift < top and k & ((FANOUT << shift) - 1) == 0 and k + (FANOUT << shift) <= last:
            shift += SHIFT
        if shift == 0:
            p = float(source.values[k])
            t = source.step_s if source.step_s > 0.0 else source.edges_s[k + 1] - source.edges_s[k]
            part, part1, part2, low, high = p * t, p * t * t / 2.0, p * t * t * t / 6.0, p, p
        else:
            row = tree.start[shift // SHIFT - 1] + (k >> shift)
            t = block_seconds(shift // SHIFT, k >> shift, source.step_s, source.edges_s)
            part, part1, part2 = tree.energy_j[row], tree.moment1[row], tree.moment2[row]
            low, high = tree.lowest_w[row], tree.highest_w[row]
        moment2 += moment1 * t + energy * t * t / 2.0 + part2
        moment1 += energy * t + part1
        energy += part
        lowest, highest = min(lowest, low), max(highest, high)
        k += 1 << shift
    if first < last < source.segments:  # the last segment, up to the window's end
        p = float(source.values[last])
        t = max(end - base - segment_end(source, last - 1), 0.0)
        moment2 += moment1 * t + energy * t * t / 2.0 + p * t * t * t / 6.0
        moment1 += energy * t + p * t * t / 2.0
        energy += p * t
        lowest, highest = min(lowest, p), max(highest, p)
    return Window(end, energy, moment1, moment2, lowest, highest, last)


@compiled
def longest_crossing(
    node: Node, source: CompiledSource, v0: float, w: Window, t: float, load_w: float, low_v: float, high_v: float
) -> float:
    """How long a window may be so that no threshold is met inside and one step through it is accurate.

    The powers of `w`, which lasts `t` seconds, are taken for those of the shorter window; where the answer is at least `t`,
    `w` itself may be crossed. Harvest is never negative, so all harvest and no loss bounds the energy from above, all loss
    and no harvest from below. At the clamp, every sample has to bring at least what is drawn.
    """
    c = node.capacitance
    if v0 >= node.ceiling_v:
        return t if source.efficiency * w.lowest_w >= _drawn_at(node, v0, load_w) else 0.0
    e0, gain = 0.5 * c * v0 * v0, source.efficiency * w.energy_j
    highest = 2.0 * (e0 + gain) / c
    roof = 0.5 * c * min(high_v, node.ceiling_v) ** 2
    floor = max(0.5 * c * low_v * low_v if low_v > 0.0 else 0.0, 0.5 * e0)
    gain_w, loss_w = gain / t, load_w + node.quiescent_a * math.sqrt(highest) + node.leakage_s * highest
    moved_w, decay = gain_w + loss_w, 2.0 * node.leakage_s / c
    longest = min((roof - e0) / gain_w, (e0 - floor) / loss_w)
    # (decay t)^3 e0 / 6 <= limit * moved
    longest = min(longest, math.sqrt(6.0 * _DECAY_LIMIT * moved_w / (decay * decay * decay * e0)))
    # V(E) is concave with V'' = -V/(4 E^2): the spread of E by `moved` changes the mean of V by less than V*(moved/E)^2/32.
    return min(longest, e0 * math.sqrt(32.0 * _SPREAD_LIMIT / (node.quiescent_a * v0 * moved_w)))


@compiled
def _drawn_at(node: Node, v: float, load_w: float) -> float:
    return load_w + (node.quiescent_a + node.leakage_s * v) * v


@compiled
def cross(node: Node, source: CompiledSource, state: NodeState, w: Window, t: float, load_w: float) -> None:
    """Carry the node through a window of `t` seconds that `longest_crossing` allows.

    dE/dt = eta*P(t) - load - Iq*Vm - lambda*E, with lambda = 2/(R C); the integral of E follows from the moments of P to
    second order in lambda*t. The mean voltage Vm is that of a straight way in E from end to end (2/3 of a ratio of
    powers of V), plus the first-order effect of what the mean energy departs from that way.
    """
    c, v0, eta = node.capacitance, state.tv[1], source.efficiency
    if v0 >= node.ceiling_v:
        state.supply_j[SPILLED] += eta * w.energy_j - _drawn_at(node, v0, load_w) * t
        mean_v, j2 = v0, v0 * v0 * t
    else:
        e0, decay = 0.5 * c * v0 * v0, 2.0 * node.leakage_s / c
        x = decay * t
        drain = load_w + node.quiescent_a * v0
        je = e0 * t * (1.0 - 0.5 * x + x * x / 6.0) - drain * t * t * (0.5 - x / 6.0)
        je += eta * (w.moment1 - decay * w.moment2)
        gain = eta * w.energy_j
        v1 = math.sqrt(2.0 / c * (e0 + gain - drain * t - decay * je))
        straight_v = 2.0 / 3.0 * (v0 * v0 + v0 * v1 + v1 * v1) / (v0 + v1)
        mean_v = straight_v + (je / t - 0.25 * c * (v0 * v0 + v1 * v1)) / (c * straight_v)
        je -= node.quiescent_a * (mean_v - v0) * t * t * (0.5 - x / 6.0)
        e1 = e0 + gain - (load_w + node.quiescent_a * mean_v) * t - decay * je
        state.tv[1], j2 = math.sqrt(2.0 * e1 / c), 2.0 * je / c
    state.supply_j[LEAKED] += node.leakage_s * j2
    state.supply_j[QUIESCENT] += node.quiescent_a * mean_v * t
    state.supply_j[HARVESTED] += w.energy_j
    state.supply_j[AVAILABLE] += w.energy_j
    state.supply_j[FRONTEND_LOSS] += (1.0 - eta) * w.energy_j
    state.tv[0] = w.end_s
    state.at[0] = w.segment
