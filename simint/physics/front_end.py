"""Joining a trace and the converter of a supply: what of the source reaches the capacitor.

The trace owns the source, the supply what comes after it. Which pairs work:

| trace    | direct, through a diode                          | boost, constant efficiency | boost, by table          |
|----------|--------------------------------------------------|----------------------------|--------------------------|
| power    | refused: the voltage is not known                | a = eta * P                | needs the source voltage |
| current  | b = I while V < compliance - drop                | a = eta * V * I            | a = eta(V, I) * V * I    |
| thevenin | b = (Vs - drop)/Rs, d = 1/Rs while V < Vs - drop | a = eta * Vs^2 / (4 Rs)    | a = eta(V, I) * V * I    |
| iv       | piecewise: I(V + drop) per linear piece          | a = eta * P at the MPP     | a = eta(V, I) * V * I    |

With a tracker (`mppt`) the input sits where the tracker holds it, in every column; without, at the maximum power point.
"""

from __future__ import annotations

import numpy as np

from simint.errors import InputError
from simint.hardware.converter import Boost
from simint.hardware.efficiency import efficiency_at
from simint.hardware.supply import Supply
from simint.physics.harvest_tree import build_harvest_tree
from simint.physics.operating_point import OperatingPoints, clamped_points, operating_points
from simint.physics.source import CONVERTED, CURRENT, CURVE, HOLD, LOOP, STOP, THEVENIN, Array, CompiledSource
from simint.trace.power_trace import PowerTrace, TraceEnd
from simint.trace.source import CurrentSource, CurveSource, PowerSource, TheveninSource, max_power_w

_ENDS = {TraceEnd.LOOP: LOOP, TraceEnd.HOLD: HOLD, TraceEnd.STOP: STOP}
_NONE: Array = np.zeros(0)
# Up to so many segments values become double precision, whatever the recording has: every type has loops of its own,
# and compiling them takes a minute. Longer traces would take too much memory.
_LONG = 1 << 22


def compile_source(trace: PowerTrace, supply: Supply) -> CompiledSource:
    """Join a trace and the converter of a supply.

    Raises InputError for a pair that has no meaning, and where a direct converter can never lift the capacitor to
    `v_on` because the source's highest open-circuit voltage lies below it.
    """
    if isinstance(supply.converter, Boost):
        return _converted(trace, supply.converter, supply.name)
    source, drop_v = trace.source, supply.converter.diode_drop
    bare = _bare(trace)
    if isinstance(source, PowerSource):
        raise InputError(
            f"trace {trace.name!r} gives power without a voltage and cannot charge a capacitor directly; "
            f'supply {supply.name!r} needs a converter of kind "boost", or the trace a Thevenin, current or IV source'
        )
    if isinstance(source, TheveninSource):
        _require_reach(supply, float(source.voltage_v.max()), drop_v, trace.name)
        values = _own(source.voltage_v)
        ohm = np.atleast_1d(np.array(source.resistance_ohm, dtype=np.float64))
        return bare._replace(link=THEVENIN, values=values, resistance=ohm, drop_v=drop_v, peak=float(values.max()))
    if isinstance(source, CurrentSource):
        _require_reach(supply, source.compliance_v, drop_v, trace.name)
        values = _own(source.current_a)
        limit_v, peak = source.compliance_v, float(values.max())
        return bare._replace(link=CURRENT, values=values, limit_v=limit_v, drop_v=drop_v, peak=peak)
    assert isinstance(source, CurveSource)
    knee_v = np.atleast_2d(np.array(source.voltage_v, dtype=np.float64))
    _require_reach(supply, float(knee_v[:, -1].max()), drop_v, trace.name)
    values, knee_i = _own(max_power_w(source)), np.array(source.current_a)
    peak = float(values.max())
    return bare._replace(link=CURVE, values=values, knee_v=knee_v, knee_i=knee_i, drop_v=drop_v, peak=peak)


def _converted(trace: PowerTrace, boost: Boost, supply_name: str) -> CompiledSource:
    """Power behind a boost charger; the trace's segments are cut where its tracker samples."""
    plain = boost.table is None and boost.mppt is None and boost.cold_start is None and boost.input_min == 0.0
    if plain:
        values = _own(max_power_w(trace.source))
        bare = _bare(trace)._replace(values=values, efficiency=boost.efficiency, peak=float(values.max()))
        return bare._replace(tree=build_harvest_tree(values, bare.step_s, bare.edges_s))
    points = operating_points(trace, boost.mppt, boost.source_voltage)
    taken = np.where(_starved(points.voltage_v, boost), 0.0, points.power_w)
    delivered = _efficiency(boost, points, trace.name, supply_name) * taken
    cold, cold_v = np.zeros((0, 2)), 0.0
    if boost.cold_start is not None:
        cold_v, cold_taken = boost.cold_start.below, taken
        if boost.cold_start.input_voltage is not None and not isinstance(trace.source, PowerSource):
            clamped_w = clamped_points(trace, boost.cold_start.input_voltage).power_w
            cold_taken = clamped_w if points.segment is None else clamped_w[points.segment]
        cold = np.stack([boost.cold_start.efficiency * cold_taken, cold_taken], axis=1)
    step_s, edges = points.step_s or 0.0, _NONE if points.edges_s is None else np.array(points.edges_s)
    return _bare(trace)._replace(
        segments=int(delivered.size),
        values=delivered,
        harvest=np.array(taken),
        available=np.array(points.available_w),
        cold=cold,
        cold_v=cold_v,
        peak=float(delivered.max()),
        step_s=step_s,
        edges_s=edges,
        tree=build_harvest_tree(delivered, step_s, edges, (taken, points.available_w)),
    )


def _efficiency(boost: Boost, points: OperatingPoints, trace_name: str, supply_name: str) -> Array | float:
    if boost.table is None:
        return boost.efficiency
    if np.isnan(points.voltage_v).any():
        raise InputError(
            f"the efficiency table of supply {supply_name!r} needs the voltage of the source, and trace "
            f"{trace_name!r} gives power alone: set `converter.source_voltage`, or use a trace with a voltage"
        )
    return efficiency_at(boost.table, points.voltage_v, points.current_a)


def _starved(voltage_v: Array, boost: Boost) -> Array:
    return np.asarray(voltage_v < boost.input_min)


def _bare(trace: PowerTrace) -> CompiledSource:
    """The timing of a trace, and nothing yet of what it delivers.

    Own copies everywhere: a trace's arrays are read-only, and those take ten times longer to hand to a compiled loop.
    """
    edges = _NONE if trace.edges_s is None else np.array(trace.edges_s, dtype=np.float64)
    return CompiledSource(
        link=CONVERTED,
        segments=trace.segments,
        values=_NONE,
        harvest=_NONE,
        available=_NONE,
        cold=np.zeros((0, 2)),
        resistance=_NONE,
        knee_v=np.zeros((0, 0)),
        knee_i=np.zeros((0, 0)),
        efficiency=1.0,
        drop_v=0.0,
        cold_v=0.0,
        limit_v=0.0,
        step_s=trace.step_s or 0.0,
        edges_s=edges,
        duration_s=trace.duration_s,
        peak=0.0,
        end=_ENDS[trace.end],
        tree=build_harvest_tree(_NONE, 1.0, _NONE),
    )


def _own(values: Array) -> Array:
    """A copy of a trace's values."""
    return np.array(values, dtype=values.dtype if values.size > _LONG else np.float64)


def _require_reach(supply: Supply, highest_v: float, drop_v: float, trace_name: str) -> None:
    if supply.v_on >= highest_v - drop_v:
        raise InputError(
            f"`v_on` of {supply.v_on:g} V can never be reached: trace {trace_name!r} has an open-circuit voltage of at "
            f"most {highest_v:g} V" + (f" less a diode drop of {drop_v:g} V" if drop_v else "")
        )
