"""A long trace as few points for drawing: lowest, mean and highest power of each of some hundred intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simint.trace.power_trace import FloatArray, PowerTrace
from simint.trace.statistics import power_pieces


@dataclass(frozen=True, eq=False)
class Envelope:
    """Power in bins of equal duration: edges (n+1,) seconds; lowest, time-mean and highest (n,) watt."""

    edges_s: FloatArray
    low_w: FloatArray
    mean_w: FloatArray
    high_w: FloatArray


def envelope(trace: PowerTrace, bins: int) -> Envelope:
    """Reduce one pass of a trace to `bins` intervals; the means keep the energy."""
    edges = np.linspace(0.0, trace.duration_s, bins + 1)
    width = trace.duration_s / bins
    low, high = np.full(bins, np.inf), np.zeros(bins)
    energy_at_edge = np.zeros(bins + 1)
    for first, power in power_pieces(trace):
        times = trace.edge_times(first, first + power.size)
        cumulative = np.concatenate(([0.0], np.cumsum(power * np.diff(times), dtype=np.float64)))
        # Energy up to each bin edge: linear within a segment; before this piece 0 is added, behind it all of it.
        energy_at_edge += np.interp(edges, times, cumulative)
        # A segment touches the bins from its start to just before its end.
        start = np.clip((times[:-1] / width).astype(np.intp), 0, bins - 1)
        stop = np.clip(np.ceil(times[1:] / width).astype(np.intp) - 1, start, bins - 1)
        for touched in (start, stop):
            # The bins rise along the piece: each one's segments are a run.
            runs = np.flatnonzero(np.diff(touched, prepend=-1))
            bin_of = touched[runs]
            low[bin_of] = np.minimum(low[bin_of], np.minimum.reduceat(power, runs))
            high[bin_of] = np.maximum(high[bin_of], np.maximum.reduceat(power, runs))
        for index in np.flatnonzero(stop - start > 1):
            low[start[index] + 1 : stop[index]] = np.minimum(low[start[index] + 1 : stop[index]], power[index])
            high[start[index] + 1 : stop[index]] = np.maximum(high[start[index] + 1 : stop[index]], power[index])
    return Envelope(edges, low, np.clip(np.diff(energy_at_edge) / width, low, high), high)


def share_above(trace: PowerTrace, levels: int, peak_w: float) -> FloatArray:
    """Share of time at or above each of `levels` + 1 evenly spaced powers from 0 to `peak_w`, (levels + 1,).

    The values are sorted into `levels` bins; the last one holds the peak, the share behind it is 0.
    """
    time_s = np.zeros(levels)
    for first, power in power_pieces(trace):
        level = np.minimum((power / peak_w * levels).astype(np.intp), levels - 1)
        if trace.step_s is None:
            time_s += np.bincount(level, np.diff(trace.edge_times(first, first + power.size)), levels)
        else:
            time_s += np.bincount(level, minlength=levels) * trace.step_s
    shares: FloatArray = np.concatenate((np.cumsum(time_s[::-1])[::-1], [0.0])) / trace.duration_s
    return shares
