"""Many segments at a time: the node behind a converter, carried from block to block of the trace.

With a converter in front the harvest is a power whatever the voltage, so the energy in the capacitor obeys an equation
that is linear but for the small quiescent term. Where bounds prove that no threshold can be met inside a block of the
harvest tree, the node crosses it in one short step, and a finely sampled trace costs about as much as a coarse one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simint.compiled import compiled
from simint.physics.harvest_tree import ENERGY, FANOUT, LOWEST, MOMENT1, MOMENT2, SHIFT, block_seconds
from simint.physics.source import CompiledSource, segment_end
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

# A stretch is crossed in one step only where the worst that is neglected stays below these shares of the energy it
# moves: the next orders of the decay by leakage, and the spread of V(E) about its way in the quiescent energy. The
# second is a bound for power that comes all at one end of the stretch; strong noise about a mean gave a tenth of it.
_DECAY_LIMIT = 1e-12
_SPREAD_LIMIT = 1e-8


class Stretch(NamedTuple):
    """Some segments ahead: their length in s, the integrals of `HarvestTree` over them, the lowest P, and how many."""

    seconds: float
    energy: float
    moment1: float
    moment2: float
    lowest: float
    segments: int


@compiled
def walk_blocks(
    node: Node, source: CompiledSource, state: NodeState, load_w: float, left: float, low_v: float, high_v: float
) -> float:
    """Carry the node on for at most `left` seconds, as long as no threshold can be near; returns the seconds walked.

    Zero where the very next segment has to be followed exactly.
    """
    v, now, k = state.tv[1], state.tv[0], state.at[0]
    if v <= 0.0:
        return 0.0
    base, c, eta = pass_start(source, state), node.capacitance, source.efficiency
    clamped = v >= node.ceiling_v
    roof = 0.5 * c * min(high_v, node.ceiling_v) ** 2
    floor = 0.5 * c * low_v * low_v if low_v > 0.0 else 0.0
    decay = 2.0 * node.leakage_s / c
    whole = now == (base if k == 0 else base + segment_end(source, k - 1))
    walked = harvested = leaked = quiescent = spilled = 0.0
    reach = left  # how long a stretch is worth gathering; afterwards what the power of the last one lets expect
    while k < source.segments and walked < left:
        stop = base + segment_end(source, k)
        if not whole or left - walked < stop - now:
            p, t = np.float64(source.values[k]), min(stop - now, left - walked)
            ahead = Stretch(t, p * t, 0.5 * p * t * t, p * t * t * t / 6.0, p, 0 if t < stop - now else 1)
            if not _may_cross(node, v, eta * p, eta * ahead.energy, t, load_w, roof, floor, clamped):
                break
        else:
            level = _level_at(source, k)
            while level >= 0:
                ahead = _gather(source, k, level, min(left - walked, reach))
                t = ahead.seconds
                if ahead.segments > 0:
                    lowest, gain = eta * ahead.lowest, eta * ahead.energy
                    if _may_cross(node, v, lowest, gain, t, load_w, roof, floor, clamped):
                        break
                    reach = 0.5 * t
                    if ahead.segments > 1 << (SHIFT * level):
                        continue
                level -= 1
            if level < 0:
                break
            reach = left if clamped else _reach(node, v, eta * ahead.energy / t, load_w, roof, floor)
        harvested += ahead.energy
        if clamped:
            spilled += eta * ahead.energy - (load_w + (node.quiescent_a + node.leakage_s * v) * v) * t
            quiescent += node.quiescent_a * v * t
            leaked += node.leakage_s * v * v * t
        else:
            # dE/dt = eta*P - load - Iq*V - lambda*E, expanded in s = lambda*t. The mean of V is that of a straight
            # way in E, 2/3 of a ratio of powers of V, and the slope of V(E) for what the mean of E departs from it.
            e, s, drain = 0.5 * c * v * v, decay * t, load_w + node.quiescent_a * v
            gain = eta * ahead.energy
            moved = eta * (ahead.moment1 - decay * ahead.moment2) - drain * t * t * (0.5 - s / 6.0)
            je = e * t + moved - e * t * s * (0.5 - s / 6.0 + s * s / 24.0)
            end_v = math.sqrt(2.0 / c * (e + gain - drain * t - decay * je))
            mean_v = 2.0 / 3.0 * (v + end_v * end_v / (v + end_v))
            mean_v += (je / t - 0.25 * c * (v * v + end_v * end_v)) / (c * mean_v)
            je -= 0.5 * node.quiescent_a * (mean_v - v) * t * t
            e += gain - (load_w + node.quiescent_a * mean_v) * t - decay * je
            v = math.sqrt(2.0 * e / c)
            quiescent += node.quiescent_a * mean_v * t
            leaked += decay * je
        if ahead.segments == 0:  # the time is over inside a segment
            walked = left
            now += t
            break
        walked += t
        k += ahead.segments
        now, whole = base + segment_end(source, k - 1), True
    state.tv[0], state.tv[1], state.at[0] = now, v, k
    books = state.supply_j
    books[HARVESTED] += harvested
    books[AVAILABLE] += harvested
    books[FRONTEND_LOSS] += (1.0 - eta) * harvested
    books[SPILLED] += spilled
    books[LEAKED] += leaked
    books[QUIESCENT] += quiescent
    return walked


@compiled
def _level_at(source: CompiledSource, k: int) -> int:
    """The highest level of the tree at which a block starts with segment `k`."""
    level, levels = 0, source.tree.start.size - 1
    while level < levels and k & ((FANOUT << (SHIFT * level)) - 1) == 0:
        level += 1
    return level


@compiled
def _gather(source: CompiledSource, k: int, level: int, longest: float) -> Stretch:
    """Consecutive blocks of `level` from segment `k`, up to the next start of a higher block or `longest` seconds."""
    shift = SHIFT * level
    block, last = k >> shift, min(((k >> (shift + SHIFT)) + 1) << SHIFT, source.segments >> shift)
    seconds = energy = moment1 = moment2 = 0.0
    lowest, first = math.inf, block
    while block < last:
        t = block_seconds(level, block, source.step_s, source.edges_s)
        if seconds + t > longest:
            break
        moment2 += (moment1 + 0.5 * energy * t) * t
        moment1 += energy * t
        if level == 0:
            p = np.float64(source.values[block])
            energy += p * t
            moment1 += 0.5 * p * t * t
            moment2 += p * t * t * t / 6.0
            lowest = min(lowest, p)
        else:
            row = source.tree.start[level - 1] + block
            energy += source.tree.rows[row, ENERGY]
            moment1 += source.tree.rows[row, MOMENT1]
            moment2 += source.tree.rows[row, MOMENT2]
            lowest = min(lowest, source.tree.rows[row, LOWEST])
        seconds += t
        block += 1
    return Stretch(seconds, energy, moment1, moment2, lowest, (block - first) << shift)


@compiled
def _reach(node: Node, v: float, gain_w: float, load_w: float, roof: float, floor: float) -> float:
    """How long the next stretch may probably be, if the harvest goes on as it was; `_may_cross` decides."""
    e = 0.5 * node.capacitance * v * v
    loss_w = load_w + (node.quiescent_a + node.leakage_s * v) * v
    moved_w = gain_w + loss_w
    longest = min((roof - e) / gain_w, (e - floor) / loss_w, 0.1 * e / moved_w)
    longest = min(longest, 1e-4 * node.capacitance / node.leakage_s)
    return 0.85 * min(longest, e * math.sqrt(32.0 * _SPREAD_LIMIT / (node.quiescent_a * v * moved_w)))


@compiled
def _may_cross(
    node: Node,
    v: float,
    lowest_w: float,
    gain: float,
    t: float,
    load_w: float,
    roof: float,
    floor: float,
    clamped: bool,
) -> bool:
    """Whether no threshold can be met while `gain` joule come in during `t` seconds, and one step is accurate.

    Harvest is never negative, so all harvest and no loss bounds the energy from above, all loss and no harvest from
    below. At the clamp every sample has to bring at least what is drawn.
    """
    if clamped:
        return lowest_w >= load_w + (node.quiescent_a + node.leakage_s * v) * v
    c = node.capacitance
    e = 0.5 * c * v * v
    highest_v = v + gain / (c * v)  # V(E) is concave
    loss = (load_w + (node.quiescent_a + node.leakage_s * highest_v) * highest_v) * t
    if e + gain >= roof or e - loss <= floor:
        return False
    moved, s = gain + loss, 2.0 * node.leakage_s / c * t
    if moved > 0.1 * e or s * s * s * (moved + 0.2 * s * e) > 24.0 * _DECAY_LIMIT * moved:
        return False
    # V(E) is concave with V'' = -V/(4 E^2): a spread of E by `moved` changes the mean of V by less than
    # V*(moved/E)^2/32.
    return node.quiescent_a * v * t * moved <= 32.0 * _SPREAD_LIMIT * e * e
