"""The reward of iNAS and the moving average of accuracy it is relative to (specification F.3)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nas.problem.evaluation import HardwareCosts
from nas.problem.objectives import Requirements

LIMIT = 0.1  # rewards lie within it, and what cannot run earns the least


def reward(
    costs: HardwareCosts, requirements: Requirements, accuracy: float, average: float, *, flat_misses: bool = False
) -> float:
    """Reward of a network; `accuracy` (0 to 1) counts for a feasible one, NaN if it could not be measured.

    Cases in the published order: too large for the memory, no design for some layer, too slow, feasible. A miss of the
    latency requirement alone is graded, unless `flat_misses` (as published, where an offset makes all of them equal).
    """
    if not math.isfinite(costs.latency_s) or not _fits(costs, requirements):
        return -LIMIT
    relative = costs.latency_s / requirements.latency_s if math.isfinite(requirements.latency_s) else 0.0
    if relative > 1.0:
        return _clipped((1.0 - relative) / 10.0 - (1.0 if flat_misses else 0.0))
    if math.isnan(accuracy):
        return -LIMIT
    return _clipped(accuracy - average + relative / 10.0)


def _fits(costs: HardwareCosts, requirements: Requirements) -> bool:
    """Whether all is met but perhaps the latency: NVM, and IMO if one is asked."""
    return (
        costs.weight_bytes <= requirements.weight_bytes
        and costs.feature_bytes <= requirements.feature_bytes
        and costs.weight_bytes + costs.feature_bytes <= requirements.nvm_bytes
        and costs.imo_percent <= requirements.imo_percent
    )


def _clipped(value: float) -> float:
    return min(max(value, -LIMIT), LIMIT)


@dataclass(frozen=True, slots=True)
class Average:
    """Exponential moving average of accuracy (0 to 1), corrected for its start by the first value."""

    memory: float
    value: float = 0.0
    started: bool = False

    def updated(self, accuracy: float) -> Average:
        """With one more accuracy."""
        value = self.memory * self.value + (1.0 - self.memory) * accuracy if self.started else accuracy
        return Average(self.memory, value, True)

    def raised(self, factor: float) -> Average:
        """After a repeated proposal, so that it earns less."""
        return Average(self.memory, self.value * factor, self.started)
