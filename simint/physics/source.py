"""A trace behind a front end, as flat arrays that compiled loops can read.

The trace owns the source, the supply what comes after it. Which pairs work (and with which coefficients) is the table
of `docs/architecture.md`:

| trace    | direct, through a diode                              | boost of constant efficiency    |
|----------|------------------------------------------------------|---------------------------------|
| power    | refused: the voltage is not known                    | a = eta * P                     |
| thevenin | b = (Vs - drop)/Rs, d = 1/Rs while V < Vs - drop     | a = eta * Vs^2 / (4 Rs)         |
| iv       | piecewise: I(V + drop) per linear piece              | a = eta * P at the maximum power point |
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.errors import InputError
from simint.hardware.supply import FrontEnd, Supply
from simint.physics.harvest_tree import HarvestTree, build_harvest_tree
from simint.trace.power_trace import CurveSource, PowerSource, PowerTrace, TheveninSource, TraceEnd, max_power_w

Array = NDArray[np.floating[Any]]

# How a segment's value reaches the node.
CONVERTED, THEVENIN, CURVE = 0, 1, 2
# What follows the last segment.
LOOP, HOLD, STOP = 0, 1, 2
_ENDS = {TraceEnd.LOOP: LOOP, TraceEnd.HOLD: HOLD, TraceEnd.STOP: STOP}


class CompiledSource(NamedTuple):
    """Everything the stepping kernel needs to know about the source; n segments, m points of a curve.

    `values`: (n,) maximum power in W (CONVERTED, CURVE) or open-circuit voltage in V (THEVENIN).
    `resistance`: (1,) or (n,) ohm. `knee_v`: (1, m) or (n, m) V and `knee_i`: (n, m) A. `step_s`: 0 where `edges_s`
    (n + 1,) holds. `peak`: the largest of `values`. `tree` sums the values of a CONVERTED source over blocks of
    segments.
    """

    link: int
    segments: int
    values: Array
    resistance: Array
    knee_v: Array
    knee_i: Array
    efficiency: float
    drop_v: float
    step_s: float
    edges_s: Array
    duration_s: float
    peak: float
    end: int
    tree: HarvestTree


def compile_source(trace: PowerTrace, supply: Supply) -> CompiledSource:
    """Join a trace and the front end of a supply.

    Raises InputError for a pair that has no meaning, and where the direct front end can never lift the capacitor to
    `v_on` because the source's highest open-circuit voltage lies below it.
    """
    boost = supply.front_end is FrontEnd.BOOST
    source = trace.source
    none: Array = np.zeros(0)
    link, values, resistance, knee_v, knee_i = CONVERTED, none, none, np.zeros((0, 0)), np.zeros((0, 0))
    if boost:
        values = max_power_w(source)
    elif isinstance(source, PowerSource):
        raise InputError(
            f"trace {trace.name!r} gives power without a voltage and cannot charge a capacitor directly; "
            f'supply {supply.name!r} needs front_end = "boost", or the trace a Thevenin or IV source'
        )
    elif isinstance(source, TheveninSource):
        link, values = THEVENIN, source.voltage_v
        resistance = np.atleast_1d(np.asarray(source.resistance_ohm, dtype=np.float64))
        _require_reach(supply, float(values.max()), trace.name)
    else:
        assert isinstance(source, CurveSource)
        link, values = CURVE, max_power_w(source)
        knee_v = np.atleast_2d(np.asarray(source.voltage_v, dtype=np.float64))
        knee_i = np.asarray(source.current_a, dtype=np.float64)
        _require_reach(supply, float(knee_v[:, -1].max()), trace.name)
    edges = np.zeros(0) if trace.edges_s is None else np.array(trace.edges_s, dtype=np.float64)
    return CompiledSource(
        link=link,
        segments=trace.segments,
        # Own copies: a trace's arrays are read-only, and those take ten times longer to hand to a compiled loop.
        values=np.array(values),
        resistance=np.array(resistance),
        knee_v=np.array(knee_v),
        knee_i=np.array(knee_i),
        efficiency=supply.efficiency,
        drop_v=supply.diode_drop,
        step_s=trace.step_s or 0.0,
        edges_s=edges,
        duration_s=trace.duration_s,
        peak=float(values.max()),
        end=_ENDS[trace.end],
        tree=build_harvest_tree(values if link == CONVERTED else none, trace.step_s or 0.0, edges),
    )


def _require_reach(supply: Supply, highest_v: float, trace_name: str) -> None:
    if supply.v_on >= highest_v - supply.diode_drop:
        raise InputError(
            f"`v_on` of {supply.v_on:g} V can never be reached: trace {trace_name!r} has an open-circuit voltage of at "
            f"most {highest_v:g} V" + (f" less a diode drop of {supply.diode_drop:g} V" if supply.diode_drop else "")
        )


class Element(NamedTuple):
    """The source between two bends of its curve: it delivers a + b*V - d*V**2 to the node there."""

    a: float
    b: float
    d: float
    low_v: float
    high_v: float


@compiled
def element_at(source: CompiledSource, segment: int, v: float, rising: bool) -> Element:
    """The source element of `segment` around the capacitor voltage `v`; at a bend the side one is heading for."""
    if source.link == CONVERTED:
        return Element(source.efficiency * source.values[segment], 0.0, 0.0, 0.0, np.inf)
    if source.link == THEVENIN:
        ohm = source.resistance[segment if source.resistance.size > 1 else 0]
        cut = source.values[segment] - source.drop_v
        if v > cut or (v == cut and rising):
            return Element(0.0, 0.0, 0.0, max(cut, 0.0), np.inf)
        return Element(0.0, cut / ohm, 1.0 / ohm, 0.0, cut)
    row = segment if source.knee_v.shape[0] > 1 else 0
    points = source.knee_v.shape[1]
    for k in range(points - 1):
        high = source.knee_v[row, k + 1] - source.drop_v
        if v < high or (v == high and not rising):
            low = source.knee_v[row, k] - source.drop_v
            slope = (source.knee_i[segment, k] - source.knee_i[segment, k + 1]) / (high - low)
            return Element(0.0, source.knee_i[segment, k] + slope * low, slope, max(low, 0.0), high)
    return Element(0.0, 0.0, 0.0, max(source.knee_v[row, points - 1] - source.drop_v, 0.0), np.inf)


@compiled
def available_w(source: CompiledSource, segment: int) -> float:
    """Power at the maximum power point of a segment, W."""
    if source.link == THEVENIN:
        ohm = source.resistance[segment if source.resistance.size > 1 else 0]
        return float(np.float64(source.values[segment]) ** 2 / (4.0 * ohm))
    return np.float64(source.values[segment])


@compiled
def segment_end(source: CompiledSource, segment: int) -> float:
    """End of a segment in trace time, s."""
    if source.step_s > 0.0:
        return (segment + 1) * source.step_s
    return float(source.edges_s[segment + 1])


@compiled
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
