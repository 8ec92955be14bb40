"""What every generator is asked for: how long a trace, sampled how; and the checks their parameters share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np

from simint.errors import InputError
from simint.trace.power_trace import FloatArray

# A duration within a millionth of a step of a whole number of samples is one; 24 h over 0.1 s is off by 1e-10 steps.
_WHOLE = 1e-6


@dataclass(frozen=True)
class Span:
    """Duration of a trace and its sampling interval, seconds; None where the generator gives exact edges.

    Raises InputError for a duration that is not positive and finite, or no whole number of sampling intervals.
    """

    duration_s: float
    step_s: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.duration_s < math.inf:
            raise InputError(f"`duration` must be positive and finite, got {self.duration_s:g} s")
        if self.step_s is None:
            return
        if not 0 < self.step_s <= self.duration_s:
            raise InputError(
                f"`sampling` must be positive and not above the duration ({self.duration_s:g} s), got {self.step_s:g} s"
            )
        ratio = self.duration_s / self.step_s
        if abs(ratio - round(ratio)) > _WHOLE:
            raise InputError(
                f"`duration` must be a whole number of sampling intervals, {self.duration_s:g} s is {ratio:.6g} "
                f"times {self.step_s:g} s"
            )

    @property
    def step(self) -> float:
        """The sampling interval of a sampled generator, seconds."""
        assert self.step_s is not None
        return self.step_s

    @property
    def samples(self) -> int:
        """Number of samples of a sampled generator."""
        return round(self.duration_s / self.step)

    def midpoints(self) -> FloatArray:
        """Middle of each sample, (samples,) seconds; a smooth model is read there."""
        times: FloatArray = (np.arange(self.samples) + 0.5) * self.step
        return times


def require_positive(parameters: msgspec.Struct, *fields: str) -> None:
    """Refuse fields that are not positive and finite, by name."""
    for field in fields:
        if not 0 < getattr(parameters, field) < math.inf:
            raise InputError(f"`{field}` must be positive and finite, got {getattr(parameters, field):g}")


def require_range(parameters: msgspec.Struct, low: float, high: float, *fields: str) -> None:
    """Refuse fields outside `low` to `high` (both allowed, but always finite), by name."""
    for field in fields:
        value = getattr(parameters, field)
        if not (low <= value <= high and math.isfinite(value)):
            allowed = f"not be below {low:g}" if high == math.inf else f"lie between {low:g} and {high:g}"
            raise InputError(f"`{field}` must {allowed}, got {value:g}")
