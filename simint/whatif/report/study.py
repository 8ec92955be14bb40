"""A study as its reports see it: the varied parameters, what they stand for, and what became of every point."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simint.errors import InputError
from simint.whatif.report.columns import Column, column_of

# What one designs for, not what one chooses: a recommendation must hold for all of its values.
_GIVEN = {"trace", "start", "seed", "scale", "crop_start", "crop_stop"}
# A parameter whose values span more than this factor is drawn on a logarithmic axis.
_DECADES = 10.0


class Outcome(enum.StrEnum):
    """What became of a point."""

    FINISHED = "finished"
    NOTHING = "no inference finished"
    FAILED = "cannot be run"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A varied parameter and its distinct values: numbers in rising order, words in order of appearance.

    `given`: it belongs to the environment (trace, start, seed), not to the design. `sampled`: its values were drawn at
    random, so that hardly two points share one.
    """

    column: Column
    values: tuple[Any, ...]
    numeric: bool
    given: bool
    sampled: bool = False

    @property
    def name(self) -> str:
        """The column of the table."""
        return self.column.name

    @property
    def logarithmic(self) -> bool:
        """Whether its values ask for a logarithmic axis."""
        return self.numeric and wants_logarithm(self.values)


@dataclass(frozen=True, slots=True)
class Study:
    """The finished points of a study, one row each, with a column `outcome`.

    `description`: what was studied, as name and text, in order. `planned`: how many points the study has, those not
    computed yet included.
    """

    title: str
    parameters: tuple[Parameter, ...]
    frame: Any
    planned: int
    description: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        """Points that have not been computed."""
        return max(self.planned - len(self.frame), 0)

    @property
    def design(self) -> tuple[Parameter, ...]:
        """The parameters one chooses."""
        return tuple(parameter for parameter in self.parameters if not parameter.given)

    @property
    def given(self) -> tuple[Parameter, ...]:
        """The parameters one has to live with."""
        return tuple(parameter for parameter in self.parameters if parameter.given)

    @property
    def numeric(self) -> tuple[Parameter, ...]:
        """The parameters that are numbers with more than one value, those of the design first."""
        numbers = [parameter for parameter in self.parameters if parameter.numeric and len(parameter.values) > 1]
        return tuple(sorted(numbers, key=lambda parameter: parameter.given))

    @property
    def words(self) -> tuple[Parameter, ...]:
        """The other parameters that have more than one value, the environment first."""
        others = [parameter for parameter in self.parameters if not parameter.numeric and len(parameter.values) > 1]
        return tuple(sorted(others, key=lambda parameter: not parameter.given))

    def parameter(self, name: str) -> Parameter:
        """The varied parameter of that name; InputError names those there are."""
        for parameter in self.parameters:
            if name in (parameter.name, parameter.name.rpartition(".")[2]):
                return parameter
        known = ", ".join(parameter.name for parameter in self.parameters)
        raise InputError(f"the study does not vary {name!r}; it varies {known}")

    def metric(self, name: str) -> Column:
        """The numeric column of that name, or of that beginning (`latency_p95`); InputError names those there are."""
        numbers = [str(column) for column in self.frame.columns if _is_number(self.frame[column])]
        for found in (name, *(known for known in numbers if known.startswith(f"{name}_"))):
            if found in numbers:
                return column_of(found)
        raise InputError(f"the study has no metric {name!r}; it has {', '.join(sorted(numbers))}")

    def values(self, column: str) -> Any:
        """(points,) a numeric column; NaN where the point failed or finished nothing that the metric speaks of."""
        numbers = self.frame[column].to_numpy(dtype=float, na_value=math.nan)
        return np.where(np.isfinite(numbers), numbers, math.nan)


def study_of(
    title: str, varied: Sequence[str], frame: Any, planned: int = 0, description: Mapping[str, str] | None = None
) -> Study:
    """The study of a table of points: a column for each of `varied`, `status`, `error`, and the metrics."""
    if len(frame) == 0:
        raise InputError("the study has no finished point yet; run it first")
    frame = frame.reset_index(drop=True).assign(outcome=outcomes(frame))
    parameters = tuple(_parameter(frame, name, len(varied)) for name in varied)
    return Study(title, parameters, frame, max(planned, len(frame)), description or {})


def outcomes(frame: Any) -> list[Outcome]:
    """What became of every row."""
    finished = (
        frame["inferences_finished"].to_numpy(dtype=float, na_value=0.0)
        if "inferences_finished" in frame.columns
        else np.ones(len(frame))
    )
    return [
        Outcome.FAILED if status != "done" else Outcome.FINISHED if done > 0 else Outcome.NOTHING
        for status, done in zip(frame["status"], finished, strict=True)
    ]


def wants_logarithm(values: Sequence[float]) -> bool:
    """Whether numbers are all positive and spread over more than a decade."""
    return len(values) > 1 and min(values) > 0 and max(values) > _DECADES * min(values)


def _parameter(frame: Any, name: str, varied: int) -> Parameter:
    words = set(name.split("."))
    given = bool(words & _GIVEN)
    if not _is_number(frame[name]):
        return Parameter(column_of(name), tuple(dict.fromkeys(frame[name])), False, given)
    counts = frame[name].value_counts()
    sampled = varied > 1 and len(counts) > 3 and float(counts.median()) == 1.0
    return Parameter(column_of(name), tuple(sorted(counts.index)), True, given, sampled)


def _is_number(column: Any) -> bool:
    return bool(column.dtype.kind in "iuf")
