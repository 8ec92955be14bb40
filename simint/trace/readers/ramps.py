"""Recorded voltage ramps as current-voltage curves: put in order, freed of noise and thinned, all curves at once."""

from __future__ import annotations

import numpy as np

from simint.trace.source import CHUNK, CurveSource, FloatArray

# Equal voltages of neighbouring samples (a ramp that waits, a coarse converter) are drawn apart by this much per point
# so that each grid rises; a converter's count is 20 uV.
_APART_V = 1e-9


def curves_from_ramps(voltage_v: FloatArray, current_a: FloatArray, points: int) -> CurveSource:
    """Curves (n, points + 2) from ramps of w samples in any order, (n, w) volt and ampere, none negative.

    A curve's current must not rise with the voltage, but noise makes it: each current becomes the highest at its
    own or a higher voltage. The highest product V * I of the samples is not changed by that, and its sample is
    always among the points kept, the others being evenly spread over the ramp. The first sample's current is extended
    to 0 V, and where the ramp ends before the open circuit the curve falls to 0 A one mean ramp step later.
    """
    rows, samples = voltage_v.shape
    kept = min(points, samples)
    voltage = np.empty((rows, kept + 2))
    current = np.empty((rows, kept + 2))
    block = max(1, CHUNK // samples)
    for first in range(0, rows, block):
        part = slice(first, first + block)
        _fill(voltage[part], current[part], voltage_v[part], current_a[part], kept)
    return CurveSource(voltage, current)


def _fill(
    voltage: FloatArray, current: FloatArray, ramp_voltage: FloatArray, ramp_current: FloatArray, kept: int
) -> None:
    """Write the curves of some ramps into `voltage` and `current`."""
    order = np.argsort(ramp_voltage, axis=1, kind="stable")
    sorted_v = np.take_along_axis(ramp_voltage, order, axis=1).astype(np.float64)
    sorted_i = np.take_along_axis(ramp_current, order, axis=1).astype(np.float64)
    envelope = np.maximum.accumulate(sorted_i[:, ::-1], axis=1)[:, ::-1]
    chosen = _chosen_points(sorted_v * envelope, kept)
    voltage[:, 0], voltage[:, 1:-1] = 0.0, np.take_along_axis(sorted_v, chosen, axis=1)
    current[:, 1:-1] = np.take_along_axis(envelope, chosen, axis=1)
    current[:, 0], current[:, -1] = current[:, 1], 0.0
    samples = sorted_v.shape[1]
    voltage[:, -1] = sorted_v[:, -1] + (sorted_v[:, -1] - sorted_v[:, 0]) / (samples - 1)
    voltage += _APART_V * np.arange(voltage.shape[1])


def _chosen_points(power: FloatArray, kept: int) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Indices (n, kept) of the points to keep, in order: evenly spread, one of them moved to the highest power."""
    rows, samples = power.shape
    even = np.linspace(0, samples - 1, kept).round().astype(np.intp)
    best = power.argmax(axis=1)
    chosen = np.tile(even, (rows, 1))
    nearest = np.abs(even - best[:, None]).argmin(axis=1)
    chosen[np.arange(rows), nearest] = best
    return chosen
