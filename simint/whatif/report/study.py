"""A study as its reports see it: the varied parameters, what they stand for, and what became of every point."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simint.errors import InputError
from simint.naming import listing
from simint.whatif.metrics import METRICS_LISTED_BY
from simint.whatif.report.columns import Column, metric_column, parameter_column

# A parameter whose values span more than this factor is drawn on a logarithmic axis.
_DECADE = 10.0


class Outcome(enum.StrEnum):
    """What became of a point."""

    FINISHED = "finished"
    NOTHING = "no inference finished"
    FAILED = "cannot be run"
    MISSING = "not computed yet"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A varied parameter and its distinct values: numbers in rising order, words in order of appearance.

    `given`: it belongs to the environment (the trace and how it is used), not to the design. `sampled`: its values were
    drawn at random, so that hardly two points share one.
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
    """The points of a study, one row each, with a column `outcome`."""

    parameters: tuple[Parameter, ...]
    frame: Any

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

    def count(self, outcome: Outcome) -> int:
        """Number of points with this outcome."""
        return int((self.frame["outcome"] == outcome).sum())

    def parameter(self, name: str) -> Parameter:
        """The varied parameter of that name, or of that last word; InputError names those there are."""
        for parameter in self.parameters:
            if name in (parameter.name, parameter.name.rpartition(".")[2]):
                return parameter
        known = ", ".join(parameter.name for parameter in self.parameters)
        raise InputError(f"the study does not vary {name!r}; it varies {known}")

    def column(self, name: str) -> Column:
        """A numeric parameter or metric by its name, or a metric by the beginning of it (`latency_p95`).

        Raises InputError naming those there are.
        """
        for parameter in self.parameters:
            if parameter.numeric and name == parameter.name:
                return parameter.column
        varied = {parameter.name for parameter in self.parameters} | {"id"}
        numbers = [str(known) for known in self.frame.columns if known not in varied and is_number(self.frame[known])]
        for found in (name, *(known for known in numbers if known.startswith(f"{name}_"))):
            if found in numbers:
                return metric_column(found)
        raise InputError(f"the study has no metric {name!r}; {listing(sorted(numbers), name, METRICS_LISTED_BY)}")

    def values(self, column: Column) -> Any:
        """(points,) of a numeric column; NaN where it does not exist, as after a failure."""
        return numbers_of(self.frame, column)


def numbers_of(frame: Any, column: Column) -> Any:
    """(rows,) of a numeric column as floats; NaN where it does not exist or is not finite."""
    numbers = frame[column.name].to_numpy(dtype=float, na_value=math.nan)
    return np.where(np.isfinite(numbers), numbers, math.nan)


def study_of(frame: Any, varied: Sequence[str], units: Sequence[str]) -> Study:
    """The study of a table of points: a column for each of `varied`, `status`, `error`, and the metrics.

    Raises InputError where no point has been computed.
    """
    frame = frame.reset_index(drop=True)
    frame = frame.assign(outcome=_outcomes(frame))
    if not (frame["outcome"] != Outcome.MISSING).any():
        raise InputError("no point of the study has been computed yet; run it first")
    parameters = tuple(_parameter(frame, name, unit, len(varied)) for name, unit in zip(varied, units, strict=True))
    return Study(parameters, frame)


def wants_logarithm(values: Sequence[float]) -> bool:
    """Whether numbers are all positive and spread over more than a decade."""
    return len(values) > 1 and min(values) > 0 and max(values) > _DECADE * min(values)


def is_number(column: Any) -> bool:
    """Whether a column of a table holds numbers (switches are words: yes and no)."""
    return bool(column.dtype.kind in "iuf")


def _outcomes(frame: Any) -> list[Outcome]:
    words = {"missing": Outcome.MISSING, "error": Outcome.FAILED}
    finished = frame["inferences_finished"].to_numpy(dtype=float, na_value=0.0)
    return [
        words.get(status, Outcome.FINISHED if done > 0 else Outcome.NOTHING)
        for status, done in zip(frame["status"], finished, strict=True)
    ]


def _parameter(frame: Any, name: str, unit: str, varied: int) -> Parameter:
    column, given = parameter_column(name, unit), name.partition(".")[0] == "trace"
    if not is_number(frame[name]):
        return Parameter(column, tuple(dict.fromkeys(frame[name])), False, given)
    counts = frame[name].value_counts()
    sampled = varied > 1 and len(counts) > 3 and float(counts.median()) == 1.0
    return Parameter(column, tuple(sorted(counts.index)), True, given, sampled)
