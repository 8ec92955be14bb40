"""A trace behind a converter, as flat arrays that compiled loops can read (built in `front_end.py`)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import borrowing
from simint.physics.harvest_tree import HarvestTree

Array = NDArray[np.floating[Any]]

# How a segment's value reaches the node.
CONVERTED, THEVENIN, CURVE, CURRENT = 0, 1, 2, 3
# What follows the last segment.
LOOP, HOLD, STOP = 0, 1, 2


class CompiledSource(NamedTuple):
    """Everything the stepping kernel needs to know about the source; n segments, m points of a curve.

    `values`: (n,) power in W (CONVERTED; CURVE: at the maximum power point), open-circuit voltage in V (THEVENIN) or
    current in A (CURRENT). Of a converted power, `efficiency` reaches the capacitor.
    `harvest`, `available`: (n,) W taken from the source and offered at its maximum power point, where they are not
    `values` themselves; else (0,). `cold`: (n, 2) W reaching the capacitor and taken from the source below `cold_v`, or
    (0, 2). `resistance`: (1,) or (n,) ohm. `knee_v`: (1, m) or (n, m) V and `knee_i`: (n, m) A. `limit_v`: the
    compliance of a current source. `step_s`: 0 where `edges_s` (n + 1,) holds. `peak`: the largest of `values`. `tree`
    sums a CONVERTED source over blocks of segments.
    """

    link: int
    segments: int
    values: Array
    harvest: Array
    available: Array
    cold: Array
    resistance: Array
    knee_v: Array
    knee_i: Array
    efficiency: float
    drop_v: float
    cold_v: float
    limit_v: float
    step_s: float
    edges_s: Array
    duration_s: float
    peak: float
    end: int
    tree: HarvestTree


class Element(NamedTuple):
    """The source between two bends of its curve: it delivers a + b*V - d*V**2 to the node there.

    `taken_w`: what a converter takes from the source for it, W.
    """

    a: float
    b: float
    d: float
    low_v: float
    high_v: float
    taken_w: float


@borrowing
def no_element() -> Element:
    """Nothing is connected."""
    return Element(0.0, 0.0, 0.0, 0.0, np.inf, 0.0)


@borrowing
def element_at(source: CompiledSource, segment: int, v: float, rising: bool) -> Element:
    """The source element of `segment` around the capacitor voltage `v`; at a bend the side one is heading for."""
    if source.link == CONVERTED:
        cold_v = source.cold_v
        if v < cold_v or (v == cold_v and not rising and cold_v > 0.0):
            return Element(source.cold[segment, 0], 0.0, 0.0, 0.0, cold_v, source.cold[segment, 1])
        value = np.float64(source.values[segment])
        taken = source.harvest[segment] if source.harvest.size > 0 else value
        return Element(source.efficiency * value, 0.0, 0.0, cold_v, np.inf, taken)
    if source.link == THEVENIN:
        ohm = source.resistance[segment if source.resistance.size > 1 else 0]
        cut = source.values[segment] - source.drop_v
        if v > cut or (v == cut and rising):
            return Element(0.0, 0.0, 0.0, max(cut, 0.0), np.inf, 0.0)
        return Element(0.0, cut / ohm, 1.0 / ohm, 0.0, cut, 0.0)
    if source.link == CURRENT:
        cut = source.limit_v - source.drop_v
        if v > cut or (v == cut and rising):
            return Element(0.0, 0.0, 0.0, max(cut, 0.0), np.inf, 0.0)
        return Element(0.0, np.float64(source.values[segment]), 0.0, 0.0, cut, 0.0)
    row = segment if source.knee_v.shape[0] > 1 else 0
    points = source.knee_v.shape[1]
    for k in range(points - 1):
        high = source.knee_v[row, k + 1] - source.drop_v
        if v < high or (v == high and not rising):
            low = source.knee_v[row, k] - source.drop_v
            slope = (source.knee_i[segment, k] - source.knee_i[segment, k + 1]) / (high - low)
            return Element(0.0, source.knee_i[segment, k] + slope * low, slope, max(low, 0.0), high, 0.0)
    return Element(0.0, 0.0, 0.0, max(source.knee_v[row, points - 1] - source.drop_v, 0.0), np.inf, 0.0)


@borrowing
def available_w(source: CompiledSource, segment: int) -> float:
    """Power at the maximum power point of a segment, W."""
    if source.link == THEVENIN:
        ohm = source.resistance[segment if source.resistance.size > 1 else 0]
        return float(np.float64(source.values[segment]) ** 2 / (4.0 * ohm))
    if source.link == CURRENT:
        return float(np.float64(source.values[segment]) * source.limit_v)
    if source.available.size > 0:
        return float(source.available[segment])
    return np.float64(source.values[segment])


@borrowing
def segment_end(source: CompiledSource, segment: int) -> float:
    """End of a segment in trace time, s."""
    if source.step_s > 0.0:
        return (segment + 1) * source.step_s
    return float(source.edges_s[segment + 1])


@borrowing
def segment_at(source: CompiledSource, trace_time_s: float) -> int:
    """The segment that holds a trace time within one pass."""
    if source.step_s > 0.0:
        k = int(trace_time_s / source.step_s)
        while k > 0 and k * source.step_s > trace_time_s:
            k -= 1
        while k < source.segments - 1 and (k + 1) * source.step_s <= trace_time_s:
            k += 1
        return min(k, source.segments - 1)
    return min(max(int(np.searchsorted(source.edges_s, trace_time_s, side="right")) - 1, 0), source.segments - 1)
