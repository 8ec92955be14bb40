"""Many steps at once, where the energy in the capacitor is a plain sum.

Behind a converter, without leakage and quiescent current, nothing depends on the voltage: during a constant harvest h
the energy is E + h*t - W(t), with W what the steps take. If every phase draws more than h the energy only falls, so it
is enough to look at its end; otherwise no harvest at all bounds it from below, and no load at all from above.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simint.compiled import borrowing
from simint.engine.compiled.tables import TOTAL_J, TOTAL_S


@borrowing
def leap_to(
    sums: NDArray[np.float64],
    first: int,
    last: int,
    energy_j: float,
    floor_j: float,
    roof_j: float,
    harvest_w: float,
    gain: float,
    falls: bool,
    seconds: float,
) -> int:
    """The farthest place of the inference up to `last` that the steps from `first` on reach without an event.

    `gain`: energy from the capacitor per energy of the device. `falls`: every phase draws more than the harvest. All is
    to happen within `seconds`. `floor_j`, `roof_j`: where an event would be.
    """
    start_j, start_s = sums[first, TOTAL_J], sums[first, TOTAL_S]
    low, high = first, last + 1
    while high - low > 1:
        middle = (low + high) >> 1
        took_s = sums[middle, TOTAL_S] - start_s
        spent_j, gained_j = gain * (sums[middle, TOTAL_J] - start_j), harvest_w * took_s
        if falls:
            fits = energy_j + gained_j - spent_j > floor_j
        else:
            fits = energy_j - spent_j > floor_j and energy_j + gained_j < roof_j
        if fits and took_s <= seconds:
            low = middle
        else:
            high = middle
    return low
