"""Where a charger's input sits on its source: at the maximum power point, at a sampled voltage, or at a fixed one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simint.errors import InputError
from simint.hardware.mppt import Mppt
from simint.physics.sampling import Cuts, IndexArray, cut_at, sampling_starts, uncut
from simint.trace.curve_points import currents_at, maximum_power_points, open_circuit_voltages
from simint.trace.power_trace import (
    CurrentSource,
    CurveSource,
    FloatArray,
    PowerSource,
    PowerTrace,
    Source,
    TheveninSource,
    TraceEnd,
    take_segments,
)
from simint.trace.source import CHUNK


@dataclass(frozen=True, eq=False)
class OperatingPoints:
    """Voltage and current at a source's terminals in each of n segments.

    Exactly one of `step_s` (uniform) and `edges_s` ((n+1,) s) is set. `segment`: (n,) the trace's segment that each
    one is a part of, None where the two are the same. `voltage_v`, `current_a`, `power_w`: (n,), the power being their
    product; without current the voltage is that of the open circuit. Of a power trace the power is always known, its
    voltage and current are NaN where it names no voltage. `available_w`: (n,) at the maximum power point. Arrays that
    are equal throughout may be one.
    """

    step_s: float | None
    edges_s: FloatArray | None
    segment: IndexArray | None
    voltage_v: FloatArray
    current_a: FloatArray
    power_w: FloatArray
    available_w: FloatArray


def operating_points(trace: PowerTrace, mppt: Mppt | None, source_voltage: float | None = None) -> OperatingPoints:
    """The points at which a charger taps one pass of `trace`.

    Without `mppt`: the maximum power point of each segment (of a Thevenin source Vs/2, of a current source the
    compliance voltage, of a curve the highest vertex); uniform traces stay uniform.

    With `mppt`: from each multiple of its period, counted from the start of the pass, nothing flows for the sampling
    time. The open-circuit voltage just before its end (without a sampling time: just after its start) times the
    fraction is then held. Until the next sampling the current follows the source at that voltage; it is 0 where the
    open-circuit voltage falls below. Segments are cut at these times where they do not lie on the trace's own edges. A
    sampling that does not end before the pass does is left out, and each pass of a looped trace begins with one: a
    looped trace should be long against the period. A source that is dark while it is sampled gives nothing until the
    next time.

    A power trace is taken as it is, since its power says where the recording charger had its input: no sampling. Its
    voltage is its own, else `source_voltage` (V).

    Raises InputError for a looped trace shorter than the period, and any trace not longer than the sampling time.
    """
    if isinstance(trace.source, PowerSource):
        return _recorded_points(trace, trace.source, source_voltage)
    if mppt is None:
        return _best_points(trace)
    if trace.end is TraceEnd.LOOP and trace.duration_s < mppt.period * (1 - 1e-9):
        raise InputError(
            f"trace {trace.name!r} loops after {trace.duration_s:g} s, but the charger samples its source every "
            f"{mppt.period:g} s: make the trace longer, or let it hold or stop at its end"
        )
    if trace.duration_s <= mppt.sampling:
        raise InputError(
            f"trace {trace.name!r} ends after {trace.duration_s:g} s, while the charger still samples its source "
            f"({mppt.sampling:g} s)"
        )
    return _sampled_points(trace, mppt)


def clamped_points(trace: PowerTrace, voltage_v: float) -> OperatingPoints:
    """The points of each segment with the input held at `voltage_v`, as by the cold-start circuit of a charger.

    A source whose open-circuit voltage lies below gives nothing. The power of a power trace is taken as it is.

    Raises InputError for a voltage that is not positive.
    """
    if not 0 < voltage_v < float("inf"):
        raise InputError(f"the voltage at which an input is held must be positive and finite, got {voltage_v:g} V")
    if isinstance(trace.source, PowerSource):
        return _recorded_points(trace, PowerSource(trace.source.power_w), voltage_v)
    points = _empty_points(uncut(trace))
    for part, source, row in _parts(trace.source, uncut(trace)):
        _fill(points, part, source, row, np.full(row.size, float(voltage_v)))
    return points


def _best_points(trace: PowerTrace) -> OperatingPoints:
    cuts = uncut(trace)
    voltage, current, power = (np.empty(trace.segments) for _ in range(3))
    for part, source, _ in _parts(trace.source, cuts):
        voltage[part], current[part] = _maximum(source)
        np.multiply(voltage[part], current[part], out=power[part])
    return OperatingPoints(cuts.step_s, cuts.edges_s, None, voltage, current, power, power)


def _recorded_points(trace: PowerTrace, source: PowerSource, source_voltage: float | None) -> OperatingPoints:
    cuts = uncut(trace)
    power = np.asarray(source.power_w, dtype=np.float64)
    if source.voltage_v is not None:
        voltage = np.asarray(source.voltage_v, dtype=np.float64)
    else:
        voltage = np.broadcast_to(np.float64(np.nan if source_voltage is None else source_voltage), power.shape)
    # A power at no voltage has no finite current: unknown rather than infinite.
    current = np.full(power.size, np.nan)
    np.divide(power, voltage, out=current, where=voltage > 0)
    current[power == 0] = 0.0
    return OperatingPoints(cuts.step_s, cuts.edges_s, None, voltage, current, power, power)


def _sampled_points(trace: PowerTrace, mppt: Mppt) -> OperatingPoints:
    starts = sampling_starts(trace.duration_s, mppt)
    stops = starts + mppt.sampling
    cuts = cut_at(trace, np.unique(np.concatenate((starts, stops))))
    # Without a sampling time the piece that begins at the start is the one sampled.
    sampled = cuts.piece_before(stops) if mppt.sampling > 0 else _next_piece(cuts, starts)
    held = mppt.fraction * _open_circuit_of(trace.source, sampled if cuts.segment is None else cuts.segment[sampled])
    points = _empty_points(cuts)
    for part, source, row in _parts(trace.source, cuts):
        middle = cuts.midpoints(part.start, part.stop)
        number = np.minimum((middle / mppt.period).astype(np.intp), starts.size - 1)
        # While sampling the input is open: held at infinity, so to say.
        wanted = np.where(middle < stops[number], np.inf, held[number])
        _fill(points, part, source, row, wanted)
    return points


def _next_piece(cuts: Cuts, starts: FloatArray) -> IndexArray:
    following = np.zeros(starts.size, dtype=np.intp)
    following[1:] = cuts.piece_before(starts[1:]) + 1
    return np.minimum(following, cuts.count - 1)


def _empty_points(cuts: Cuts) -> OperatingPoints:
    voltage, current, power, available = (np.empty(cuts.count) for _ in range(4))
    return OperatingPoints(cuts.step_s, cuts.edges_s, cuts.segment, voltage, current, power, available)


def _parts(source: Source, cuts: Cuts) -> Iterator[tuple[slice, Source, IndexArray]]:
    """Stretches of pieces: where they lie, the source's segments they are of, and each piece's index among these."""
    size = CHUNK if not isinstance(source, CurveSource) else max(1, CHUNK // source.current_a.shape[1])
    for first in range(0, cuts.count, size):
        part = slice(first, min(first + size, cuts.count))
        if cuts.segment is None:
            yield part, take_segments(source, part.start, part.stop), np.arange(part.stop - part.start)
        else:
            segment = cuts.segment[part]
            yield part, take_segments(source, segment[0], segment[-1] + 1), segment - segment[0]


def _fill(points: OperatingPoints, part: slice, source: Source, row: IndexArray, wanted: FloatArray) -> None:
    """Points with the input held at the voltages `wanted`, or open where the source does not reach them."""
    voltage = np.minimum(wanted, _open_circuit(source)[row])
    current = _current_at(source, row, voltage)
    current[wanted > voltage] = 0.0
    points.voltage_v[part], points.current_a[part] = voltage, current
    np.multiply(voltage, current, out=points.power_w[part])
    best_voltage, best_current = _maximum(source)
    points.available_w[part] = (best_voltage * best_current)[row]


def _maximum(source: Source) -> tuple[FloatArray, FloatArray]:
    """Voltage and current (n,) at the maximum power point: matched load, corner, or highest vertex."""
    if isinstance(source, TheveninSource):
        half = source.voltage_v.astype(np.float64) / 2.0
        return half, np.asarray(half / source.resistance_ohm)
    if isinstance(source, CurrentSource):
        return np.full(source.segments, source.compliance_v), source.current_a.astype(np.float64)
    assert isinstance(source, CurveSource)
    return maximum_power_points(source.voltage_v, source.current_a)


def _open_circuit(source: Source) -> FloatArray:
    """Voltage (n,) of the source without a load."""
    if isinstance(source, TheveninSource):
        return source.voltage_v.astype(np.float64)
    if isinstance(source, CurrentSource):
        return np.where(source.current_a > 0, source.compliance_v, 0.0)
    assert isinstance(source, CurveSource)
    return open_circuit_voltages(source.voltage_v, source.current_a)


def _current_at(source: Source, row: IndexArray, voltage_v: FloatArray) -> FloatArray:
    """Current (k,) of the segments `row` (k,) at voltages up to their open-circuit voltage."""
    if isinstance(source, TheveninSource):
        ohm = source.resistance_ohm
        missing = source.voltage_v[row] - voltage_v
        return np.asarray(missing / (ohm if isinstance(ohm, float) else ohm[row]), dtype=np.float64)
    if isinstance(source, CurrentSource):
        return source.current_a[row].astype(np.float64)
    assert isinstance(source, CurveSource)
    return currents_at(source.voltage_v, source.current_a, row, voltage_v)


def _open_circuit_of(source: Source, segment: IndexArray) -> FloatArray:
    """Voltage (k,) without a load of the rising segments `segment` (k,)."""
    voltage = np.empty(segment.size)
    size = CHUNK if not isinstance(source, CurveSource) else max(1, CHUNK // source.current_a.shape[1])
    for first in range(0, source.segments, size):
        last = min(first + size, source.segments)
        inside = slice(*np.searchsorted(segment, (first, last)).tolist())
        if inside.start < inside.stop:
            voltage[inside] = _open_circuit(take_segments(source, first, last))[segment[inside] - first]
    return voltage
