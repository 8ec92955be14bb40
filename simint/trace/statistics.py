"""What a trace offers, in numbers: power, energy, duty and outages. Long traces are walked in pieces."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simint.errors import InputError
from simint.trace.power_trace import FloatArray, PowerTrace, SourceKind, TraceEnd, max_power_w, take_segments
from simint.trace.source import CHUNK

IndexArray = NDArray[np.intp]

_DAY_S = 86400.0
# Share of the mean power that counts as an outage unless a threshold is given.
DEFAULT_THRESHOLD_SHARE = 0.1


@dataclass(frozen=True)
class TraceStatistics:
    """Numbers of one pass of a trace; every power is at the maximum power point.

    `step_s`: sampling interval, None for a trace with edges. `duty`: share of time above `threshold_w`.
    `longest_outage_s`: longest time at or below the threshold. Where the trace loops (`outage_wraps`), an outage at
    its end goes on at its start, and it is infinite if the power is never above; else it is within the one pass.
    """

    name: str
    kind: SourceKind
    end: TraceEnd
    segments: int
    duration_s: float
    step_s: float | None
    mean_w: float
    peak_w: float
    energy_j: float
    energy_per_day_j: float
    threshold_w: float
    duty: float
    longest_outage_s: float
    outage_wraps: bool


def power_pieces(trace: PowerTrace, size: int = CHUNK) -> Iterator[tuple[int, FloatArray]]:
    """First segment and maximum power (watt) of pieces of at most `size` segments, in order."""
    for first in range(0, trace.segments, size):
        yield first, max_power_w(take_segments(trace.source, first, min(first + size, trace.segments)))


def energy_j(trace: PowerTrace) -> float:
    """Energy of one pass at the maximum power point, joule."""
    parts = []
    for first, power in power_pieces(trace):
        if trace.step_s is not None:
            parts.append(float(np.sum(power, dtype=np.float64)) * trace.step_s)
        else:
            parts.append(float(np.dot(power.astype(np.float64), np.diff(trace.edge_times(first, first + power.size)))))
    return math.fsum(parts)


def trace_statistics(trace: PowerTrace, threshold_w: float | None = None) -> TraceStatistics:
    """All numbers of a trace; the threshold is a tenth of the mean power unless given.

    Raises InputError for a threshold that is negative or not finite.
    """
    energy = energy_j(trace)
    mean = energy / trace.duration_s
    threshold = DEFAULT_THRESHOLD_SHARE * mean if threshold_w is None else threshold_w
    if not 0 <= threshold < math.inf:
        raise InputError(f"the threshold must be finite and not negative, got {threshold:g} W")
    outages = _Outages.of(trace, threshold)
    return TraceStatistics(
        name=trace.name,
        kind=trace.kind,
        end=trace.end,
        segments=trace.segments,
        duration_s=trace.duration_s,
        step_s=trace.step_s,
        mean_w=mean,
        peak_w=max(float(power.max()) for _, power in power_pieces(trace)),
        energy_j=energy,
        energy_per_day_j=mean * _DAY_S,
        threshold_w=threshold,
        duty=1 - outages.total_s / trace.duration_s,
        longest_outage_s=outages.longest_wrapped_s if trace.end is TraceEnd.LOOP else outages.longest_s,
        outage_wraps=trace.end is TraceEnd.LOOP,
    )


@dataclass(frozen=True)
class _Outages:
    """Total and longest time at or below the threshold, and how long the trace starts and ends that way, seconds."""

    total_s: float
    longest_s: float
    first_s: float
    last_s: float
    whole: bool

    @property
    def longest_wrapped_s(self) -> float:
        return math.inf if self.whole else max(self.longest_s, self.first_s + self.last_s)

    @staticmethod
    def of(trace: PowerTrace, threshold_w: float) -> _Outages:
        starts, stops = _runs_below(trace, threshold_w)
        if starts.size == 0:
            return _Outages(0.0, 0.0, 0.0, 0.0, False)
        lengths = _times(trace, stops) - _times(trace, starts)
        at_start, at_end = starts[0] == 0, stops[-1] == trace.segments
        return _Outages(
            total_s=min(math.fsum(lengths), trace.duration_s),
            longest_s=float(lengths.max()),
            first_s=float(lengths[0]) if at_start else 0.0,
            last_s=float(lengths[-1]) if at_end else 0.0,
            whole=bool(at_start and stops[0] == trace.segments),
        )


def _runs_below(trace: PowerTrace, threshold_w: float) -> tuple[IndexArray, IndexArray]:
    """First segment, and the one behind the last, of every run of segments at or below the threshold."""
    changes = []
    before = False
    for first, power in power_pieces(trace):
        below = power <= threshold_w
        change = first + np.flatnonzero(np.diff(below, prepend=before))
        changes.append(change)
        before = bool(below[-1])
    edges = np.concatenate(changes)
    if before:
        edges = np.append(edges, trace.segments)
    return edges[::2], edges[1::2]


def _times(trace: PowerTrace, edge: IndexArray) -> FloatArray:
    times: FloatArray
    if trace.step_s is not None:
        times = edge * trace.step_s
    else:
        assert trace.edges_s is not None
        times = trace.edges_s[edge]
    return times
