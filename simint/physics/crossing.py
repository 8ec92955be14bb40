"""Many segments at a time: the node behind a converter, carried from block to block of the trace.

With a converter in front the harvest is a power whatever the voltage, so the energy in the capacitor obeys an equation
that is linear but for the small quiescent term. Where bounds prove that no threshold can be met inside a block of the
harvest tree, the node crosses it in one short step, and a finely sampled trace costs about as much as a coarse one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simint.compiled import borrowing
from simint.physics.blocks import Ahead, blocks_ahead, level_at, piece_ahead
from simint.physics.harvest_tree import SHIFT
from simint.physics.source import CompiledSource, no_element, segment_end
from simint.physics.state import (
    AVAILABLE,
    FRONTEND_LOSS,
    HARVESTED,
    LEAKED,
    QUIESCENT,
    REGULATOR_LOSS,
    SPILLED,
    NodeState,
    pass_start,
)
from simint.physics.wiring import Load, Node, bin_at, join

# A stretch is crossed in one step only where the worst that is neglected stays below these shares of the energy it
# moves: the next orders of the decay by leakage, and the spread of V(E) about its way in the quiescent energy. The
# second is a bound for power that comes all at one end of the stretch; strong noise about a mean gave a tenth of it
# where quiescent currents are small, two thirds behind a linear regulator, whose load is such a current.
_DECAY_LIMIT = 1e-12
_SPREAD_LIMIT = 1e-8


class Crossing(NamedTuple):
    """What holds while blocks are crossed: the bin, what is drawn, and the nearest events as energies 0.5*C*V**2.

    `drain_a`: everything that draws a constant current.
    """

    capacitance: float
    load_w: float
    drain_a: float
    leak_s: float
    roof: float
    floor: float
    clamped: bool


@borrowing
def walk_blocks(
    node: Node, source: CompiledSource, state: NodeState, load: Load, left: float, low_v: float, high_v: float
) -> float:
    """Carry the node on for at most `left` seconds, as long as no threshold can be near; returns the seconds walked.

    Zero where the very next segment has to be followed exactly.
    """
    v, now, k = state.tv[1], state.tv[0], state.at[0]
    if v <= 0.0 or v < source.cold_v:
        return 0.0
    here = join(node, no_element(), bin_at(node, v, True), load)
    base, c, eta = pass_start(source, state), here.capacitance, source.efficiency
    lowest_v, highest_v = max(low_v, here.low_v, source.cold_v, 0.0), min(high_v, node.ceiling_v, here.high_v)
    x = Crossing(
        c,
        here.load_a,
        here.quiescent_a + here.leak_a + here.load_b,
        here.leak_s,
        0.5 * c * highest_v**2,
        0.5 * c * lowest_v**2,
        v >= node.ceiling_v,
    )
    decay = 2.0 * x.leak_s / c
    whole = now == (base if k == 0 else base + segment_end(source, k - 1))
    walked = energy = taken = offered = leaked = volts = spilled = 0.0
    reach = left  # how long a stretch is worth gathering; afterwards what the power of the last one lets expect
    while k < source.segments and walked < left:
        stop = base + segment_end(source, k)
        if not whole or left - walked < stop - now:
            t = min(stop - now, left - walked)
            ahead = piece_ahead(source, k, t, t == stop - now)
            if not _may_cross(x, v, eta * ahead.lowest, eta * ahead.energy, t):
                break
        else:
            level = level_at(source, k)
            while level >= 0:
                ahead = blocks_ahead(source, k, level, min(left - walked, reach))
                t = ahead.seconds
                if ahead.segments > 0:
                    if _may_cross(x, v, eta * ahead.lowest, eta * ahead.energy, t):
                        break
                    reach = 0.5 * t
                    if ahead.segments > 1 << (SHIFT * level):
                        continue
                level -= 1
            if level < 0:
                break
            reach = left if x.clamped else _reach(x, v, eta * ahead.energy / t)
        energy += ahead.energy
        taken += ahead.taken
        offered += ahead.offered
        if x.clamped:
            spilled += eta * ahead.energy - (x.load_w + (x.drain_a + x.leak_s * v) * v) * t
            volts += v * t
            leaked += x.leak_s * v * v * t
        else:
            v, mean_v, decayed = _cross(x, v, eta, ahead, decay)
            volts += mean_v * t
            leaked += decayed
        if ahead.segments == 0:  # the time is over inside a segment
            walked = left
            now += t
            break
        walked += t
        k += ahead.segments
        now, whole = base + segment_end(source, k - 1), True
    state.tv[0], state.tv[1], state.at[0] = now, v, k
    books = state.supply_j
    books[HARVESTED] += taken
    books[AVAILABLE] += offered
    books[FRONTEND_LOSS] += (1.0 - eta) * energy + (taken - energy)
    books[SPILLED] += spilled
    books[LEAKED] += leaked + here.leak_a * volts
    books[QUIESCENT] += here.quiescent_a * volts
    books[REGULATOR_LOSS] += (here.load_a - load.power_w) * walked + here.load_b * volts
    return walked


@borrowing
def _cross(x: Crossing, v: float, eta: float, ahead: Ahead, decay: float) -> tuple[float, float, float]:
    """One stretch without an event: the voltage at its end, its mean, and the energy that leaked, J.

    dE/dt = eta*P - load - I*V - lambda*E, expanded in s = lambda*t. The mean of V is that of a straight way in E, 2/3
    of a ratio of powers of V, and the slope of V(E) for what the mean of E departs from it.
    """
    c, t = x.capacitance, ahead.seconds
    e, s, drain = 0.5 * c * v * v, decay * t, x.load_w + x.drain_a * v
    gain = eta * ahead.energy
    moved = eta * (ahead.moment1 - decay * ahead.moment2) - drain * t * t * (0.5 - s / 6.0)
    je = e * t + moved - e * t * s * (0.5 - s / 6.0 + s * s / 24.0)
    end_v = math.sqrt(2.0 / c * (e + gain - drain * t - decay * je))
    mean_v = 2.0 / 3.0 * (v + end_v * end_v / (v + end_v))
    mean_v += (je / t - 0.25 * c * (v * v + end_v * end_v)) / (c * mean_v)
    je -= 0.5 * x.drain_a * (mean_v - v) * t * t
    e += gain - (x.load_w + x.drain_a * mean_v) * t - decay * je
    return math.sqrt(2.0 * e / c), mean_v, decay * je


@borrowing
def _reach(x: Crossing, v: float, gain_w: float) -> float:
    """How long the next stretch may probably be, if the harvest goes on as it was; `_may_cross` decides."""
    e = 0.5 * x.capacitance * v * v
    loss_w = x.load_w + (x.drain_a + x.leak_s * v) * v
    moved_w = gain_w + loss_w
    longest = min((x.roof - e) / gain_w, (e - x.floor) / loss_w, 0.1 * e / moved_w)
    longest = min(longest, 1e-4 * x.capacitance / x.leak_s)
    return 0.85 * min(longest, e * math.sqrt(32.0 * _SPREAD_LIMIT / (abs(x.drain_a) * v * moved_w)))


@borrowing
def _may_cross(x: Crossing, v: float, lowest_w: float, gain: float, t: float) -> bool:
    """Whether no event can be met while `gain` joule come in during `t` seconds, and one step is accurate.

    Harvest is never negative, so all harvest and no loss bounds the energy from above, all loss and no harvest from
    below. At the clamp every sample has to bring at least what is drawn.
    """
    if x.clamped:
        return lowest_w >= x.load_w + (x.drain_a + x.leak_s * v) * v
    c = x.capacitance
    e = 0.5 * c * v * v
    highest_v = v + gain / (c * v)  # V(E) is concave
    loss = (x.load_w + (x.drain_a + x.leak_s * highest_v) * highest_v) * t
    if e + gain >= x.roof or e - loss <= x.floor:
        return False
    moved, s = gain + loss, 2.0 * x.leak_s / c * t
    if moved > 0.1 * e or s * s * s * (moved + 0.2 * s * e) > 24.0 * _DECAY_LIMIT * moved:
        return False
    # V(E) is concave with V'' = -V/(4 E^2): a spread of E by `moved` changes the mean of V by less than
    # V*(moved/E)^2/32.
    return abs(x.drain_a) * v * t * moved <= 32.0 * _SPREAD_LIMIT * e * e
