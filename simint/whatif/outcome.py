"""What is asked of a worker, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simint.whatif.metrics import MetricValue
from simint.whatif.variation import Value
from simint.workers.dispatch import LOST


@dataclass(frozen=True, slots=True)
class Task:
    """One point to compute: its number, and its values in the order of the study's parameters."""

    point: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one point: its metrics, or why there are none."""

    point: int
    seconds: float
    metrics: Mapping[str, MetricValue] | None
    error: str = ""


def lost(task: Task) -> Outcome:
    """What came of a point at which workers die."""
    return Outcome(task.point, 0.0, None, LOST)
