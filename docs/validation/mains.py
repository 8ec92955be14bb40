"""Mains hum on the input of the node's comparator, read from the scatter of off-times inside one capture.

The comparator sees V(t) + a sin(2 pi f t + phi) through a divider of some megaohm. While the capacitor charges with a
constant current at the slope k, an off-state from t0 to t1 then lasts

    t1 - t0 = (dV - a [sin(2 pi f t1 + phi) - sin(2 pi f t0 + phi)]) / k

which is linear in dV, a cos(phi) and a sin(phi): a least-squares fit for every f near the mains frequency.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from captures import States

# Mains frequency in Austria, where the captures were made; it was within 0.1 Hz of it, as it always is.
HUM_HZ = 50.0
_BAND_HZ, _STEP_HZ = 0.1, 0.005


@dataclass(frozen=True)
class HumFit:
    """Share of the variance that the best frequency explains, its amplitude on the capacitor, V, and dV, V."""

    share: float
    frequency_hz: float
    amplitude_v: float
    swing_v: float


def explained_by_hum(states: States, slope_v_per_s: float, centre_hz: float = HUM_HZ) -> HumFit:
    """The best fit within 0.1 Hz of `centre_hz`."""
    lengths = states.ended_s - states.began_s
    variance = float(np.var(lengths))
    best = HumFit(-np.inf, centre_hz, 0.0, 0.0)
    for frequency in np.arange(centre_hz - _BAND_HZ, centre_hz + _BAND_HZ, _STEP_HZ):
        began, ended = 2.0 * np.pi * frequency * states.began_s, 2.0 * np.pi * frequency * states.ended_s
        columns = np.stack([np.ones_like(lengths), np.sin(ended) - np.sin(began), np.cos(ended) - np.cos(began)])
        found, *_ = np.linalg.lstsq(columns.T, lengths, rcond=None)
        share = 1.0 - float(np.mean((lengths - found @ columns) ** 2)) / variance
        if share > best.share:
            amplitude = float(np.hypot(found[1], found[2])) * slope_v_per_s
            best = HumFit(share, float(frequency), amplitude, float(found[0]) * slope_v_per_s)
    return best
