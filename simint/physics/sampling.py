"""When a charger samples its source: the times, and a trace's segments cut there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simint.hardware.mppt import Mppt
from simint.trace.power_trace import FloatArray, PowerTrace

IndexArray = NDArray[np.intp]

# A time within a millionth of a segment of its edge is meant to lie on it: k * period and k * step carry rounding of
# their own.
_ON_EDGE = 1e-6


@dataclass(frozen=True, eq=False)
class Cuts:
    """A trace's segments, some of them cut into pieces, n in all.

    Exactly one of `step_s` and `edges_s` ((n+1,) s) is set. `segment`: (n,) the trace's segment of each piece, None
    where nothing is cut.
    """

    count: int
    step_s: float | None
    edges_s: FloatArray | None
    segment: IndexArray | None

    def midpoints(self, first: int, last: int) -> FloatArray:
        """Middle of the pieces `first` to `last` - 1, (last - first,) seconds."""
        return self.middle_of(np.arange(first, last))

    def middle_of(self, piece: IndexArray) -> FloatArray:
        """Middle of each of some pieces, seconds."""
        if self.step_s is not None:
            return np.asarray((piece + 0.5) * self.step_s)
        assert self.edges_s is not None
        return np.asarray((self.edges_s[piece] + self.edges_s[piece + 1]) / 2)

    def piece_before(self, time_s: FloatArray) -> IndexArray:
        """The last piece whose middle lies before each time; the times must not lie before the first middle."""
        if self.step_s is not None:
            piece = np.floor(time_s / self.step_s).astype(np.intp)
        else:
            assert self.edges_s is not None
            piece = np.searchsorted(self.edges_s, time_s, side="right") - 1
        piece = np.minimum(piece, self.count - 1)
        return np.asarray(piece - (self.middle_of(piece) >= time_s))


def sampling_starts(duration_s: float, mppt: Mppt) -> FloatArray:
    """Starts of the samplings within a pass, (k,) seconds: multiples of the period whose sampling ends by the end.

    The first, at 0, is always there.
    """
    starts = np.arange(int(duration_s / mppt.period) + 1) * mppt.period
    # At least a sliver of the pass must follow, or the voltage would be held for no time.
    fits = starts + mppt.sampling < duration_s * (1 - _ON_EDGE)
    fits[0] = True
    return np.asarray(starts[fits])


def uncut(trace: PowerTrace) -> Cuts:
    """The segments as they are."""
    edges = None if trace.edges_s is None else np.asarray(trace.edges_s, dtype=np.float64)
    return Cuts(trace.segments, trace.step_s, edges, None)


def cut_at(trace: PowerTrace, times_s: FloatArray) -> Cuts:
    """Cut the segments at rising times that do not lie on their edges; a trace that needs no cut stays uniform."""
    whole = uncut(trace)
    if trace.step_s is not None:
        share = times_s / trace.step_s
        inside = np.abs(share - np.round(share)) > _ON_EDGE
        if not inside.any():
            return whole
    edges = trace.edge_times().astype(np.float64, copy=False)
    right = np.clip(np.searchsorted(edges, times_s, side="right"), 1, trace.segments)
    margin = _ON_EDGE * (edges[right] - edges[right - 1])
    inside = (times_s - edges[right - 1] > margin) & (edges[right] - times_s > margin)
    if not inside.any():
        return whole
    right, times_s = right[inside], times_s[inside]
    pieces = 1 + np.bincount(right - 1, minlength=trace.segments)
    segment = np.repeat(np.arange(trace.segments), pieces)
    return Cuts(segment.size, None, np.insert(edges, right, times_s), segment)
