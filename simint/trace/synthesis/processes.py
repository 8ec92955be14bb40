"""Random processes that several generators share: two-state renewal, Ornstein-Uhlenbeck, and a first-order lag."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simint.trace.power_trace import FloatArray

# Draws `count` durations, (count,) seconds.
Durations = Callable[[int], FloatArray]


@dataclass(frozen=True, eq=False)
class TwoState:
    """A process that is on or off: edges (n+1,) seconds from 0 to the duration, and `on` (n,) of each interval."""

    edges_s: FloatArray
    on: NDArray[np.bool_]

    def at(self, times_s: FloatArray) -> NDArray[np.bool_]:
        """The state at each of the given times."""
        index = np.searchsorted(self.edges_s, times_s, side="right") - 1
        return self.on[np.minimum(index, self.on.size - 1)]


def alternating(on_for: Durations, off_for: Durations, mean_cycle_s: float, duration_s: float, on: bool) -> TwoState:
    """An alternating renewal process over `duration_s` that starts `on` or off; the last interval is cut.

    `mean_cycle_s`, the mean of one on and one off interval, only sizes the blocks that are drawn.
    """
    lengths: list[FloatArray] = []
    total = 0.0
    while total <= duration_s:
        count = max(8, math.ceil(1.1 * (duration_s - total) / mean_cycle_s))
        first, second = (on_for, off_for) if on else (off_for, on_for)
        block = np.column_stack((first(count), second(count))).reshape(-1)
        lengths.append(block)
        total += float(block.sum())
    ends = np.cumsum(np.concatenate(lengths))
    starts = np.concatenate(([0.0], ends[:-1]))
    states = (np.arange(ends.size) % 2 == 0) == on
    # A draw can vanish in rounding; such an interval is dropped, its neighbours are then in the same state.
    kept = (ends > starts) & (starts < duration_s)
    edges = np.concatenate(([0.0], np.minimum(ends[kept], duration_s)))
    return TwoState(edges, states[kept])


def markov(rng: np.random.Generator, mean_on_s: float, mean_off_s: float, duration_s: float) -> TwoState:
    """A stationary two-state Markov process in continuous time: exponential sojourns with the given means.

    The share of time on is mean_on / (mean_on + mean_off); the process starts in that distribution.
    """
    start_on = bool(rng.random() < mean_on_s / (mean_on_s + mean_off_s))
    return alternating(
        lambda count: rng.exponential(mean_on_s, count),
        lambda count: rng.exponential(mean_off_s, count),
        mean_on_s + mean_off_s,
        duration_s,
        start_on,
    )


def ornstein_uhlenbeck(rng: np.random.Generator, count: int, step_s: float, correlation_s: float) -> FloatArray:
    """A stationary Ornstein-Uhlenbeck process of mean 0 and variance 1, sampled every `step_s`, (count,).

    Exact for any step: x[k+1] = a x[k] + sqrt(1 - a^2) e[k] with a = exp(-step / correlation time)
    (D. T. Gillespie, Phys. Rev. E 54, 2084, 1996).
    """
    from simint.trace.synthesis.recursion import first_order

    decay = math.exp(-step_s / correlation_s)
    start = float(rng.standard_normal())
    values: FloatArray = rng.standard_normal(count)
    values *= math.sqrt(-math.expm1(-2 * step_s / correlation_s))
    first_order(values, decay, start)
    return values


def lagged(values: FloatArray, step_s: float, time_constant_s: float) -> FloatArray:
    """A first-order lag of values that are constant within each step, in its steady state at the start, (n,)."""
    from simint.trace.synthesis.recursion import first_order

    decay = math.exp(-step_s / time_constant_s)
    result: FloatArray = values * (1 - decay)
    first_order(result, decay, float(values[0]))
    return result
