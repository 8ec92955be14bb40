"""All that a study recommends: for every environment together, and for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simint.whatif.report.columns import Better, Column
from simint.whatif.report.goal import Condition, Goal
from simint.whatif.report.recommend import Finding, find, near_best, scopes
from simint.whatif.report.study import Study
from simint.whatif.report.wording import Advice, advise


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to take in one environment (empty: in all of them), as data and in words."""

    environment: Mapping[str, Any]
    finding: Finding
    advice: Advice


def recommendations(study: Study, goal: Goal | None, metric: Column, size: Column | None) -> tuple[Recommendation, ...]:
    """For all environments together, then for each of several.

    With a goal: the smallest design that meets it. Without one: the smallest that comes near the best value of
    `metric`. Without a `size` (what shall be small), the design with the best value of `metric`.
    """
    found = []
    for environment in scopes(study):
        aim = goal or (near_best(study, metric, environment) if size is not None else anything(metric))
        if aim is None:
            aim = anything(metric)
        finding = find(study, aim, size or metric, environment, metric)
        found.append(Recommendation(environment, finding, advise(study, finding)))
    return tuple(found)


def anything(metric: Column) -> Goal:
    """The goal that every design meets which has a value of the metric."""
    high = metric.better is Better.HIGH
    return Goal((Condition(metric, not high, -1e300 if high else 1e300, ""),))
