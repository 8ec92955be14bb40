"""From a column of times to a sampling interval, where the times are regular, or to edges, where they are not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simint.errors import InputError
from simint.trace.source import CHUNK, FloatArray

# Times printed with less than a tenth of the interval as last digit are judged to within that digit; a coarser
# digit could hide real jitter, so there they must be regular as they stand.
_DIGIT_FRACTION = 0.1
_EXACT = 1e-6


@dataclass(frozen=True)
class Timing:
    """When samples hold: exactly one of a sampling interval (s) and edges ((n+1,) s, from 0)."""

    step_s: float | None = None
    edges_s: FloatArray | None = None


def timing_of(times: FloatArray, seconds_per_unit: float, step_s: float | None = None) -> Timing:
    """Timing of samples taken at `times` ((n,) in a unit of `seconds_per_unit` seconds), shifted to start at 0.

    A sample holds until the next one. The last one holds as long as the interval before it, because nothing follows
    that would end it. Times that are regular to within their printed digits give a uniform trace. With `step_s` the
    times are not looked at.

    Raises InputError where times are not finite or do not rise (with the data row), and for one row without `step_s`.
    """
    if step_s is not None:
        return Timing(step_s=step_s)
    if times.size < 2:
        raise InputError("a single row has no length, give `step_s`")
    _check_rising(times)
    digit = _last_digit(times[: 1 << 16])
    step = _regular_step(times, seconds_per_unit, digit)
    if step is not None:
        return Timing(step_s=step)
    edges = np.empty(times.size + 1)
    np.subtract(times, times[0], out=edges[:-1])
    edges[-1] = 2.0 * edges[-2] - edges[-3]
    edges *= seconds_per_unit
    return Timing(edges_s=edges)


def _check_rising(times: FloatArray) -> None:
    for first in range(0, times.size, CHUNK):
        piece = times[first : first + CHUNK + 1]
        if not np.isfinite(piece).all():
            row = first + int(np.argmin(np.isfinite(piece))) + 1
            raise InputError(f"data row {row}: time {times[row - 1]:g} is not a number")
        bad = ~(piece[1:] > piece[:-1])
        if bad.any():
            row = first + int(np.argmax(bad)) + 2
            raise InputError(f"data row {row}: time {times[row - 1]:.9g} after {times[row - 2]:.9g}, times must rise")


def _last_digit(times: FloatArray) -> float:
    """Value of the last decimal digit the times were printed with; 0 where they have more than nine decimals."""
    for decimals in range(10):
        if np.allclose(np.round(times, decimals), times, rtol=1e-15, atol=1e-12):
            return float(10.0**-decimals)
    return 0.0


def _regular_step(times: FloatArray, seconds_per_unit: float, digit: float) -> float | None:
    """The roundest interval in seconds that all times agree with, or None."""
    count = times.size - 1
    raw = float(times[-1] - times[0]) / count * seconds_per_unit
    tolerance = _EXACT * raw
    if digit * seconds_per_unit <= _DIGIT_FRACTION * raw:
        tolerance = max(tolerance, (1 + _EXACT) * digit * seconds_per_unit)
    # Doubles far from zero (seconds since 1970) carry rounding of their own.
    tolerance += 4 * float(np.finfo(np.float64).eps * max(abs(times[0]), abs(times[-1]))) * seconds_per_unit
    for digits in range(1, 17):
        step = float(f"{raw:.{digits}g}") if digits < 16 else raw
        if abs(step - raw) * count <= tolerance and _fits(times, seconds_per_unit, step, tolerance):
            return step
    return None


def _fits(times: FloatArray, seconds_per_unit: float, step: float, tolerance: float) -> bool:
    """Whether all times lie within `tolerance` seconds of a grid of `step` seconds from the first."""
    for first in range(0, times.size, CHUNK):
        piece = times[first : first + CHUNK]
        ideal = np.arange(first, first + piece.size) * step
        if (np.abs((piece - times[0]) * seconds_per_unit - ideal) > tolerance).any():
            return False
    return True
