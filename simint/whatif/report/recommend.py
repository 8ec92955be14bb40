"""The recommendation of a study: which design to take, what limits it, and how far the study carries the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simint.whatif.report.columns import Better, Column, in_sentence, metric_column, value_text
from simint.whatif.report.designs import environments
from simint.whatif.report.goal import Condition, Goal
from simint.whatif.report.judge import Answer, Judged, alike, judge
from simint.whatif.report.study import Parameter, Study, is_number, numbers_of

# Without a goal, what comes so near to the best value counts as good enough.
NEAR = 0.10


@dataclass(frozen=True, slots=True)
class Finding:
    """What a study says about a goal in one environment, or in all of them (`environment` empty).

    `chosen`: the cheapest design that qualifies, or None, and then `nearest` comes closest. `below`, `above`: its next
    cheaper and next dearer neighbour, alike but for the size, that does not qualify; `gaps`: neighbours that do not
    qualify between some that do. `doubtful`: cheaper designs that might qualify, not computed yet. `edges`: numeric
    parameters of `chosen` at the end of the studied range. `upper`: the dearest that qualifies,
    alike but for the size.
    """

    goal: Goal
    size: Column
    environment: Mapping[str, Any]
    designs: int
    chosen: Judged | None
    nearest: Judged | None
    below: Judged | None = None
    above: Judged | None = None
    upper: Judged | None = None
    gaps: tuple[Judged, ...] = ()
    doubtful: int = 0
    edges: tuple[Parameter, ...] = ()


def find(study: Study, goal: Goal, size: Column, environment: Mapping[str, Any], tie: Column) -> Finding:
    """Judge all designs in an environment and choose; designs of equal size are told apart by the worst of `tie`."""
    judged = judge(study, goal, size, environment)
    good = [one for one in judged if one.answer is Answer.YES and not math.isnan(one.cost)]
    if not good:
        near = min(judged, key=lambda one: one.distance, default=None)
        unknown = sum(one.answer is Answer.UNKNOWN for one in judged)
        return Finding(goal, size, environment, len(judged), None, near, doubtful=unknown)
    cheapest = [one for one in good if one.cost <= good[0].cost + 1e-9 * abs(good[0].cost)]
    chosen = min(cheapest, key=lambda one: _worst(study, one, tie))
    family = alike(judged, chosen, _free(study, size))
    doubtful = sum(one.answer is Answer.UNKNOWN and one.cost < chosen.cost for one in judged)
    return Finding(
        goal,
        size,
        environment,
        len(judged),
        chosen,
        None,
        *_neighbours(family, chosen),
        doubtful=doubtful,
        edges=tuple(p for p in study.design if p.numeric and _at_edge(p, chosen)),
    )


def _neighbours(
    family: Sequence[Judged], chosen: Judged
) -> tuple[Judged | None, Judged | None, Judged | None, tuple[Judged, ...]]:
    """Below, above, upper and gaps of a `Finding`, among designs that differ in their size alone."""
    place = next(k for k, one in enumerate(family) if one.design == chosen.design)
    below = family[place - 1] if place and family[place - 1].answer is Answer.NO else None
    dearer = family[place:]
    last = max(k for k, one in enumerate(dearer) if one.answer is Answer.YES)
    gaps = tuple(one for one in dearer[:last] if one.answer is Answer.NO)
    above = next((one for one in dearer[last + 1 :] if one.answer is Answer.NO), None)
    return below, above, dearer[last], gaps


def _free(study: Study, size: Column) -> tuple[str, ...]:
    """The parameter that makes the size."""
    if any(parameter.name == size.name for parameter in study.design):
        return (size.name,)
    numbers = [parameter.name for parameter in study.design if parameter.numeric]
    return tuple(numbers) if len(numbers) == 1 else ()


def _worst(study: Study, one: Judged, column: Column) -> float:
    values = numbers_of(study.frame.iloc[list(one.rows)], column)
    worst = float(values.min() if column.better is Better.HIGH else values.max())
    return math.inf if math.isnan(worst) else -worst if column.better is Better.HIGH else worst


def _at_edge(parameter: Parameter, chosen: Judged) -> bool:
    ends = parameter.values[0], parameter.values[-1]
    return len(parameter.values) > 1 and chosen.design[parameter.name] in ends


def scopes(study: Study) -> list[dict[str, Any]]:
    """What a recommendation is made for: all environments together, then each of several."""
    table = environments(study)
    if len(table) < 2:
        return [{}]
    return [{}, *({str(k): v for k, v in row.items()} for row in table.to_dict("records"))]


def preferred_size(study: Study) -> Column | None:
    """What a design costs: the first numeric parameter of which less is better, else the capacitance where it differs.

    None where neither is there; the best value of a metric then decides.
    """
    for parameter in study.design:
        if parameter.numeric and parameter.column.better is not None and len(parameter.values) > 1:
            return parameter.column
    frame = study.frame
    if "capacitance_f" in frame.columns and is_number(frame["capacitance_f"]) and frame["capacitance_f"].nunique() > 1:
        return metric_column("capacitance_f")
    return None


def near_best(study: Study, metric: Column, environment: Mapping[str, Any]) -> Goal | None:
    """The goal to come within `NEAR` of the best value that any design reaches in the environment; None without one."""
    best: float | None = None
    sign = -1.0 if metric.better is Better.HIGH else 1.0
    everything = Goal((Condition(metric, True, 1e300, ""),))
    for one in judge(study, everything, metric, environment):
        if one.answer is Answer.YES and (best is None or one.cost < best):
            best = one.cost
    if best is None:
        return None
    bound = best * (1.0 + NEAR if best > 0 else 1.0 - NEAR)
    words = f"comes within {100 * NEAR:.0f} % of the best {in_sentence(metric)} ({value_text(metric, sign * best)})"
    return Goal((Condition(metric, metric.better is not Better.HIGH, sign * bound, words),))
