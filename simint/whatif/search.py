"""Thresholds: the smallest value of one parameter that meets a goal, by bisection.

Bisection is right only where the goal, once met, stays met. That is not taken for granted: the whole range is scanned
first, coarsely, and every place where the goal is lost again is reported. Then the first bracket of the scan is halved
until it is narrow.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simint.errors import InputError
from simint.scenario import Scenario
from simint.whatif.metrics import METRICS
from simint.whatif.outcome import Outcome, Task
from simint.whatif.report.goal import Goal, parse_goal
from simint.whatif.session import Prepared, prepare
from simint.whatif.study import Hold, Study
from simint.whatif.variation import Range, Value, Variation
from simint.workers.pool import Pool, Where, make_pool

_HERE = Where(1)
# A wider range is scanned and halved by ratios, where nobody says otherwise.
_DECADE = 10.0


@dataclass(frozen=True, slots=True)
class Search:
    """A study whose first parameter is searched, in `range`; `whole`: it counts. The others make the groups."""

    study: Study
    range: Range
    whole: bool

    @property
    def groups(self) -> list[tuple[Value, ...]]:
        """Every combination of the other parameters."""
        return list(itertools.product(*(variation.values for variation in self.study.variations[1:])))


@dataclass(frozen=True, slots=True)
class Threshold:
    """The result for one combination `group` of the other parameters.

    `value`: the smallest (largest) value found to meet the goal, None where none of the scan does. `misses`: the
    nearest value on the other side that does not, None where the end of the range still meets it. `lost_at`: values
    beyond `value` at which the goal is lost again: with one of them the goal is not monotone, and `value` is where it
    is met first. `reason`: what is wrong at `misses`, or at the far end where there is no value.
    """

    group: tuple[Value, ...]
    value: float | None
    misses: float | None
    lost_at: tuple[float, ...]
    evaluations: int
    reason: str = ""

    @property
    def monotone(self) -> bool:
        """Whether the scan saw the goal, once met, stay met."""
        return not self.lost_at


def make_search(
    scenario: Scenario,
    variations: Sequence[Variation],
    *,
    scan: int = 9,
    hold: Hold | None = None,
    held: bool = False,
    folder: Path = Path(),
) -> Search:
    """The search over the first range among `variations`, scanned at `scan` values; the others are lists.

    A range that says neither how many values it has nor how they lie is logarithmic where it spans over a decade.
    Raises InputError where there is no range, or nothing to scan.
    """
    if scan < 2:
        raise InputError(f"--scan: at least both ends of the range are needed, got {scan}")
    searched = next((variation for variation in variations if variation.range is not None), None)
    if searched is None or searched.range is None:
        raise InputError("bisect searches a range: --vary capacitor=10uF:10mF, for example")
    span, whole = searched.range, searched.kind == "count"
    wide = span.count is None and span.low > 0 and span.high > _DECADE * span.low
    span = dataclasses.replace(span, count=scan, log=span.log or wide)
    values: tuple[Value, ...] = span.values()
    if whole:
        values = tuple(dict.fromkeys(round(value) for value in span.values()))
    others = tuple(variation for variation in variations if variation is not searched)
    first = dataclasses.replace(searched, values=values, range=span)
    return Search(Study(scenario, (first, *others), hold=hold, held=held, folder=folder), span, whole)


def thresholds(
    search: Search, goal: str, *, largest: bool = False, tolerance: float = 0.01, where: Where = _HERE
) -> tuple[Threshold, ...]:
    """The smallest (`largest`) value that meets `goal`, for every group, to a relative `tolerance`.

    `goal` as in `report.goal`: `finished>=95% within 30s`. A point that cannot be run does not meet it. Raises
    InputError for a goal that is none, and for a study whose parts are wrong.
    """
    if not 0 < tolerance < 1:
        raise InputError(f"--tolerance must lie between 0 and 1, got {tolerance:g}")
    wanted = parse_goal(goal, _no_points())
    groups = search.groups
    scanned = sorted((float(value) for value in search.study.variations[0].values), reverse=largest)
    with tempfile.TemporaryDirectory() as folder:
        first = [Task(k, (search.range.low, *group)) for k, group in enumerate(groups)]
        prepared = prepare(search.study, first, Path(folder))
        with contextlib.closing(make_pool(where, len(groups) * len(scanned))) as pool:
            trials = [_Trial(search, group, scanned, tolerance) for group in groups]
            while asked := [(trial, value) for trial in trials for value in trial.wanted()]:
                _try(prepared, pool, wanted, search, asked)
            return tuple(trial.result() for trial in trials)


class _Trial:
    """What is known of one group: at which values the goal is met, in the direction of the search."""

    def __init__(self, search: Search, group: tuple[Value, ...], scanned: Sequence[float], tolerance: float) -> None:
        self.group = group
        self._search, self._scanned, self._tolerance = search, scanned, tolerance
        self._met: dict[float, bool] = {}
        self._reasons: dict[float, str] = {}

    def note(self, value: float, met: bool, reason: str) -> None:
        self._met[value] = met
        self._reasons[value] = reason

    def wanted(self) -> list[float]:
        """The values to try next: the scan, then the middle of the bracket, then none."""
        if not self._met:
            return list(self._scanned)
        misses, meets = self._bracket()
        if misses is None or meets is None:
            return []
        middle = self._middle(misses, meets)
        narrow = abs(meets - misses) <= self._tolerance * max(abs(meets), abs(misses))
        return [] if middle in (misses, meets) or (narrow and not self._search.whole) else [middle]

    def result(self) -> Threshold:
        misses, meets = self._bracket()
        lost = () if meets is None else tuple(value for value in self._beyond(meets) if not self._met[value])
        place = misses if meets is not None else self._scanned[-1]
        reason = "" if place is None else self._reasons[place]
        return Threshold(self.group, meets, None if meets is None else misses, lost, len(self._met), reason)

    def _bracket(self) -> tuple[float | None, float | None]:
        """The last value that misses the goal before the first that meets it, and that one; None where there is none.

        "First" in the direction of the search, among all that was tried.
        """
        before: float | None = None
        for value in self._in_order():
            if self._met[value]:
                return before, value
            before = value
        return before, None

    def _in_order(self) -> list[float]:
        return sorted(self._met, reverse=self._scanned[0] > self._scanned[-1])

    def _beyond(self, meets: float) -> list[float]:
        order = self._in_order()
        return order[order.index(meets) + 1 :]

    def _middle(self, one: float, other: float) -> float:
        middle = math.sqrt(one * other) if self._search.range.log else (one + other) / 2
        if not self._search.whole:
            return middle
        low, high = sorted((one, other))
        return float(min(max(math.floor(middle), low + 1), high - 1)) if high - low > 1 else low


def _try(prepared: Prepared, pool: Pool, goal: Goal, search: Search, asked: Sequence[tuple[_Trial, float]]) -> None:
    """Run every pair of a trial and a value, and note whether the goal is met."""
    import pandas as pd

    tasks = [Task(k, (round(value) if search.whole else value, *trial.group)) for k, (trial, value) in enumerate(asked)]
    dispatcher, _ = prepared.dispatcher(pool, tasks)
    found: list[Outcome] = [outcome for outcomes in dispatcher.outcomes(1.0) for outcome in outcomes]
    empty: dict[str, Any] = {metric.name: None for metric in METRICS}
    rows = [empty if outcome.metrics is None else dict(outcome.metrics) for outcome in found]
    frame = pd.DataFrame(rows, columns=list(empty))
    for metric in METRICS:
        if metric.kind != "text":
            frame[metric.name] = frame[metric.name].astype("float64")
    for outcome, shortfall in zip(found, goal.shortfalls(frame), strict=True):
        trial, value = asked[outcome.point]
        met = bool(shortfall <= 0) and outcome.metrics is not None
        trial.note(value, met, outcome.error if outcome.metrics is None else str(outcome.metrics["hint"]))


def _no_points() -> Any:
    """A study without points, in which goals find the metrics."""
    import pandas as pd

    from simint.whatif.report.study import Study as Shown

    kinds = {metric.name: "object" if metric.kind == "text" else "float64" for metric in METRICS}
    return Shown((), pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()}))
