"""Fixed-step models of two boards, independent of simint: nothing but Euler's rule and the boards' numbers."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@njit(cache=True)
def botoks_states(
    capacitance: float,
    v_on: float,
    v_off: float,
    panel_v: FloatArray,
    panel_a: FloatArray,
    task_s: FloatArray,
    task_a: FloatArray,
    repeats: bool,
    quiescent_a: FloatArray,
    duration_s: float,
    step_s: float,
) -> tuple[FloatArray, FloatArray]:
    """Lengths of complete on-states and off-states of a node behind a linear regulator.

    The node runs its tasks after every turn-on; it then repeats those after the first, or stays in the last one.
    `quiescent_a`: off and on.
    """
    voltage, now, on, task, left = v_off, 0.0, False, 0, 0.0
    edge, lengths, levels = 0.0, np.zeros(4000), np.zeros(4000)
    count = 0
    while now < duration_s and count < 4000:
        load = task_a[task] + quiescent_a[1] if on else quiescent_a[0]
        before = voltage
        voltage += (np.interp(voltage, panel_v, panel_a) - load) * step_s / capacitance
        now += step_s
        if on:
            left -= step_s
            if left <= 0.5 * step_s:
                if task + 1 < task_s.size:
                    task += 1
                elif repeats:
                    task = 1
                left += task_s[task]
        crossed = v_off if on else v_on
        if (on and voltage < v_off) or (not on and voltage > v_on):
            turn = now - step_s * (voltage - crossed) / (voltage - before)
            lengths[count], levels[count], count = turn - edge, 1.0 if on else 0.0, count + 1
            on, edge, task, left = not on, turn, 0, task_s[0]
    kept, of = lengths[1:count], levels[1:count]
    return kept[of == 1.0], kept[of == 0.0]


@njit(cache=True)
def emulated_edges(
    capacitance: float,
    leak_ohm: float,
    fed_w: float,
    fed_s: float,
    period_s: float,
    load_on: FloatArray,
    load_off_w: float,
    enable_v: float,
    disable_v: float,
    good_v: FloatArray,
    poll_s: float,
    step_v: float,
    duration_s: float,
) -> tuple[FloatArray, float]:
    """Times of the edges of power-good of an emulated source (the first one rises), and what its store gave, J.

    The store shows its voltage in steps, each at its middle. `load_on`: W of a load behind a buck, A of one straight
    on the store. The output is enabled and disabled at polls only; power-good follows its two thresholds `good_v` at
    once while the output is enabled.
    """
    step_s = 1e-5
    voltage, enabled, good, given = 2.0, False, False, 0.0
    times, count, polls = np.zeros(1000), 0, 0
    for step in range(round(duration_s / step_s)):
        shown = (np.floor(voltage / step_v) + 0.5) * step_v
        load = load_on[0] + load_on[1] * shown if good else load_off_w
        if not enabled:
            load = 0.0
        fed = fed_w if (step * step_s) % period_s < fed_s - 1e-9 else 0.0
        given += load * step_s
        voltage += ((fed - load) / shown - shown / leak_ohm) * step_s / capacitance
        shown = (np.floor(voltage / step_v) + 0.5) * step_v
        if step * step_s >= polls * poll_s - 1e-9:
            polls += 1
            enabled = shown >= (disable_v if enabled else enable_v)
        now_good = enabled and (shown > good_v[1] if good else shown >= good_v[0])
        if now_good != good:
            good = now_good
            times[count], count = step * step_s, count + 1
    return times[:count], given
