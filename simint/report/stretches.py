"""Numbers behind the picture of a run: what happens in each of many equal stretches of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simint.engine.run import PowerCycle, Run
from simint.report.recorder import Curve, FloatArray


@dataclass(frozen=True, slots=True)
class Band:
    """Lowest, mean and highest voltage in each of n stretches, V."""

    lowest: FloatArray
    mean: FloatArray
    highest: FloatArray


def mean_power(curve: Curve, edges_s: FloatArray) -> FloatArray:
    """Mean harvested power between neighbouring edges, (n,) W."""
    power: FloatArray = np.diff(np.interp(edges_s, curve.time_s, curve.harvested_j)) / np.diff(edges_s)
    return power


def voltage_band(curve: Curve, edges_s: FloatArray) -> Band:
    """The range of the voltage between neighbouring edges, with straight lines from point to point, and its mean."""
    times = np.union1d(curve.time_s, edges_s)
    volts = np.interp(times, curve.time_s, curve.voltage)
    first, last = np.searchsorted(times, edges_s[:-1]), np.searchsorted(times, edges_s[1:])
    return Band(
        lowest=np.minimum(np.minimum.reduceat(volts, first), volts[last]),
        mean=np.diff(np.interp(edges_s, curve.time_s, curve.volt_s)) / np.diff(edges_s),
        highest=np.maximum(np.maximum.reduceat(volts, first), volts[last]),
    )


def powered_share(cycles: tuple[PowerCycle, ...], edges_s: FloatArray) -> FloatArray:
    """Share of the time between neighbouring edges in which the device was on, (n,) from 0 to 1."""
    if not cycles:
        return np.zeros(edges_s.size - 1)
    corners = np.array([(cycle.on_s, cycle.off_s) for cycle in cycles])
    on_before = np.concatenate(([0.0], np.cumsum(corners[:, 1] - corners[:, 0])))
    powered_s = np.interp(edges_s, corners.ravel(), np.repeat(on_before, 2)[1:-1])
    share: FloatArray = np.diff(powered_s) / np.diff(edges_s)
    return share


def progress_at(curve: Curve, run: Run) -> FloatArray:
    """Committed inferences with their fraction at the times of `curve`, (n,).

    The fraction is the share of fetching and computing time committed, so it grows evenly while the device works; it is
    scaled to the tiles committed in the whole run, which are what counts.
    """
    whole_s = run.time.useful
    return curve.work_s * (run.progress / whole_s) if whole_s > 0 else np.zeros_like(curve.work_s)
