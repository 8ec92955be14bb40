"""PowerTrace: what a harvester offers over time, constant within each segment."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import math
from dataclasses import dataclass

import numpy as np

from simint.errors import InputError
from simint.trace.source import (
    CHUNK,
    CurrentSource,
    CurveSource,
    FloatArray,
    PowerSource,
    Source,
    SourceKind,
    TheveninSource,
    float_array,
    max_power_w,
    scale_source,
    source_kind,
    take_segments,
)

__all__ = [
    "CurrentSource",
    "CurveSource",
    "FloatArray",
    "PowerSource",
    "PowerTrace",
    "Source",
    "SourceKind",
    "TheveninSource",
    "TraceEnd",
    "content_hash",
    "max_power_w",
    "take_segments",
]

# A crop within a millionth of a sampling interval of a sample's edge is meant to lie on it; decimal text such as
# 0.1 s over 10 us is off by 1e-12 intervals.
_ON_GRID = 1e-6


class TraceEnd(enum.StrEnum):
    """What follows the last segment: the trace again, its last value for ever, or the end of the run."""

    LOOP = "loop"
    HOLD = "hold"
    STOP = "stop"


@dataclass(frozen=True, eq=False)
class PowerTrace:
    """A source that is constant within each of n segments.

    Exactly one of `step_s` (uniform sampling: segment k spans k*step_s to (k+1)*step_s, no edges are stored) and
    `edges_s` ((n+1,) seconds, from 0, strictly increasing) is set. The arrays are read-only; crops share their memory.
    `provenance` says where the values came from and what was assumed to read them.

    Raises InputError for a wrong number of edges, edges that do not rise from 0, or a step that is not positive.
    """

    name: str
    source: Source
    step_s: float | None = None
    edges_s: FloatArray | None = None
    end: TraceEnd = TraceEnd.LOOP
    provenance: str = ""

    def __post_init__(self) -> None:
        if (self.step_s is None) == (self.edges_s is None):
            raise InputError("a trace needs either a sampling interval or edges, not both and not neither")
        if self.step_s is not None:
            if not 0 < self.step_s * self.segments < math.inf:
                raise InputError(f"the sampling interval must be positive and finite, got {self.step_s:g} s")
            # A numpy scalar would print, and so hash, differently from the same float.
            object.__setattr__(self, "step_s", float(self.step_s))
        if self.edges_s is not None:
            # Seconds over days at microseconds need more digits than float32 has.
            edges = float_array(np.asarray(self.edges_s, dtype=np.float64), "edges_s")
            object.__setattr__(self, "edges_s", edges)
            _check_edges(edges, self.segments)

    @property
    def kind(self) -> SourceKind:
        """What the values mean: power, current, Thevenin equivalent or current-voltage curve."""
        return source_kind(self.source)

    @property
    def segments(self) -> int:
        """Number of segments n."""
        return self.source.segments

    @property
    def duration_s(self) -> float:
        """Length of one pass, seconds."""
        if self.step_s is not None:
            return self.segments * self.step_s
        assert self.edges_s is not None
        return float(self.edges_s[-1])

    def edge_times(self, first: int = 0, last: int | None = None) -> FloatArray:
        """Edges of segments `first` to `last` - 1 (all by default), (last - first + 1,) seconds."""
        last = self.segments if last is None else last
        if self.step_s is not None:
            return np.arange(first, last + 1) * self.step_s
        assert self.edges_s is not None
        return self.edges_s[first : last + 1]

    def crop(self, start_s: float = 0.0, stop_s: float | None = None) -> PowerTrace:
        """The part from `start_s` to `stop_s` (the end by default), shifted to time 0; values are shared.

        A uniform trace cut on its sampling grid stays uniform; cut inside a sample it gets edges, because its
        first or last segment is then shorter. Raises InputError where the part is empty or outside the trace.
        """
        stop = self.duration_s if stop_s is None else stop_s
        # The product n * step carries rounding: a stop that prints as the duration is the duration.
        if self.duration_s < stop <= self.duration_s * (1 + 1e-12):
            stop = self.duration_s
        if not 0 <= start_s < stop <= self.duration_s:
            raise InputError(
                f"trace {self.name!r}: cannot crop from {start_s:g} s to {stop:g} s; "
                f"start < stop within 0 to {self.duration_s:g} s expected"
            )
        if self.step_s is not None:
            low, high = start_s / self.step_s, stop / self.step_s
            first, last = round(low), round(high)
            low_on_grid, high_on_grid = abs(low - first) < _ON_GRID, abs(high - last) < _ON_GRID
            if low_on_grid and high_on_grid and first < last:
                return dataclasses.replace(self, source=take_segments(self.source, first, last))
            if not low_on_grid or first == last:
                first = math.floor(low)
            if not high_on_grid or first == last:
                # Rounding can lift the quotient just above the number of segments.
                last = min(math.ceil(high), self.segments)
        else:
            assert self.edges_s is not None
            first = int(np.searchsorted(self.edges_s, start_s, side="right")) - 1
            last = int(np.searchsorted(self.edges_s, stop, side="left"))
        edges = np.array(self.edge_times(first, last), dtype=np.float64)
        edges[0], edges[-1] = start_s, stop
        edges -= start_s
        return dataclasses.replace(self, source=take_segments(self.source, first, last), step_s=None, edges_s=edges)

    def scaled(self, factor: float) -> PowerTrace:
        """The trace with its maximum power multiplied by `factor` (see `scale_source`)."""
        return dataclasses.replace(self, source=scale_source(self.source, factor))

    def with_end(self, end: TraceEnd) -> PowerTrace:
        """The same trace with another end behaviour."""
        return dataclasses.replace(self, end=end)


def content_hash(trace: PowerTrace) -> str:
    """SHA-256 (hexadecimal) of kind, values and timing: equal for traces that drive a replay alike.

    The name, the provenance and the end behaviour do not enter. Values count in the precision they are held in.
    """
    digest = hashlib.sha256(trace.kind.encode())
    source = trace.source
    parts: tuple[object, ...]
    if isinstance(source, PowerSource):
        parts = (source.power_w, source.voltage_v)
    elif isinstance(source, CurrentSource):
        parts = (source.current_a, source.compliance_v)
    elif isinstance(source, TheveninSource):
        parts = (source.voltage_v, source.resistance_ohm)
    else:
        parts = (source.voltage_v, source.current_a)
    for part in (*parts, trace.step_s, trace.edges_s):
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(part.data)
        else:
            digest.update(repr(part).encode())
    return digest.hexdigest()


def _check_edges(edges: FloatArray, segments: int) -> None:
    if edges.shape != (segments + 1,):
        raise InputError(f"edges_s has shape {edges.shape}, {segments} segments need ({segments + 1},)")
    if edges[0] != 0:
        raise InputError(f"edges_s[0] is {edges[0]:g}, a trace starts at 0 s")
    for first in range(0, segments, CHUNK):
        piece = edges[first : first + CHUNK + 1]
        bad = ~(piece[1:] > piece[:-1])
        if bad.any():
            index = first + int(np.argmax(bad)) + 1
            raise InputError(
                f"edges_s[{index}] is {edges[index]:.9g} s after {edges[index - 1]:.9g} s, edges must rise strictly"
            )
    if not math.isfinite(edges[-1]):
        raise InputError(f"edges_s[{segments}] is {edges[-1]:g}, edges must be finite")
