"""Designs held against a goal: which qualify everywhere, which nowhere near, which nobody knows yet."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simint.whatif.report.columns import Better, Column
from simint.whatif.report.goal import Goal
from simint.whatif.report.study import Outcome, Study, numbers_of


class Answer(enum.Enum):
    """Whether a design qualifies."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """One design: its parameters, what it costs, and how it does in the environments asked for.

    `rows`: its rows of the study. `shortfall`: relative distance from the goal in the worst of them, 0 where it
    qualifies, infinite where something has no value there. `lacking`: environments in which it does not qualify.
    """

    design: Mapping[str, Any]
    cost: float
    rows: tuple[int, ...]
    answer: Answer
    shortfall: float
    lacking: int
    worst_row: int

    @property
    def distance(self) -> tuple[float, float]:
        """Order by nearness to the goal: first what has no value in the fewest environments, then the shortfall."""
        return (float(self.lacking) if math.isinf(self.shortfall) else 0.0, self.shortfall)


def judge(study: Study, goal: Goal, size: Column, environment: Mapping[str, Any]) -> list[Judged]:
    """Every design of the study, in the environments that agree with `environment` (empty: all), cheapest first.

    `size` is what a design costs: low is good unless the column says that high is.
    """
    frame = study.frame
    asked = np.ones(len(frame), dtype=bool)
    for name, value in environment.items():
        asked = asked & (frame[name] == value).to_numpy()
    places = np.flatnonzero(asked)
    part = frame.iloc[places].reset_index(drop=True)
    wanted = len(part[[p.name for p in study.given]].drop_duplicates()) if study.given else 1
    outcomes = [Outcome(word) for word in part["outcome"]]
    finished = np.array([outcome is Outcome.FINISHED for outcome in outcomes])
    shortfalls = np.where(finished, goal.shortfalls(part), math.inf)
    costs = numbers_of(part, size) * (-1.0 if size.better is Better.HIGH else 1.0)
    names = [parameter.name for parameter in study.design]
    groups = part.groupby(names, sort=False).indices if names else {(): np.arange(len(part))}
    found = []
    for key, rows in groups.items():
        design = dict(zip(names, key if isinstance(key, tuple) else (key,), strict=True))
        known = [row for row in rows if outcomes[row] is not Outcome.MISSING]
        failing = [row for row in known if shortfalls[row] > 0]
        worst = max(known, key=lambda row: shortfalls[row], default=rows[0])
        complete = len(known) >= wanted
        answer = Answer.NO if failing else Answer.YES if complete else Answer.UNKNOWN
        measured = costs[rows][~np.isnan(costs[rows])]
        found.append(
            Judged(
                design=design,
                cost=float(measured.max()) if measured.size else math.nan,
                rows=tuple(int(places[row]) for row in rows),
                answer=answer,
                shortfall=float(shortfalls[worst]) if known else math.inf,
                lacking=len(failing) + (wanted - len(known)),
                worst_row=int(places[worst]),
            )
        )
    return sorted(found, key=lambda judged: math.inf if math.isnan(judged.cost) else judged.cost)


def alike(judged: Sequence[Judged], one: Judged, free: Sequence[str]) -> list[Judged]:
    """The designs that differ from `one` at most in the parameters `free`, cheapest first."""
    kept = {name: value for name, value in one.design.items() if name not in free}
    return [other for other in judged if all(other.design[name] == value for name, value in kept.items())]
