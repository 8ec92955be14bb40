"""A goal as people write it: `finished>=95% within 30s and imo<=20%`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from simint.errors import InputError
from simint.units import parse_quantity
from simint.whatif.report.columns import Column, in_sentence, value_text
from simint.whatif.report.study import Study, numbers_of
from simint.whatif.within import WITHIN_PERCENTS, within_name

_FINISHED = re.compile(r"finished\s*>=\s*([0-9.]+)\s*%(?:\s+within\s+(\S.*))?")
_COMPARISON = re.compile(r"([A-Za-z][\w.]*)\s*(<=|>=)\s*(\S.*)")
# Results agree between engines to 1e-9; what differs by less is equal.
_NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class Condition:
    """A metric that must not exceed (`at_most`), or not fall below, a bound in SI units."""

    column: Column
    at_most: bool
    bound: float
    words: str

    def shortfalls(self, frame: Any) -> Any:
        """(rows,) how far each row is from the bound, relative to it; 0 where it holds, infinite without a value."""
        values = numbers_of(frame, self.column)
        beyond = values - self.bound if self.at_most else self.bound - values
        relative = beyond / max(abs(self.bound), 1e-300)
        return np.where(np.isnan(values), np.inf, np.where(relative <= _NOISE, 0.0, relative))


@dataclass(frozen=True, slots=True)
class Goal:
    """Conditions that must hold together."""

    conditions: tuple[Condition, ...]

    @property
    def words(self) -> str:
        """What a design does that meets it, as a clause: `finishes 95 % of inferences within 30 s`."""
        return " and ".join(condition.words for condition in self.conditions)

    def shortfalls(self, frame: Any) -> Any:
        """(rows,) of the condition that each row is farthest from."""
        return np.max([condition.shortfalls(frame) for condition in self.conditions], axis=0)


def parse_goal(text: str, study: Study) -> Goal:
    """Conditions joined by `and` or commas: `finished>=P% [within TIME]`, or METRIC<=VALUE, METRIC>=VALUE with units.

    Raises InputError with what is allowed.
    """
    pieces = [piece.strip() for piece in re.split(r",|\band\b", text)]
    if not all(pieces):
        raise InputError(f'--goal {text!r}: write conditions such as "finished>=95% within 30s and imo<=20%"')
    return Goal(tuple(_condition(piece, study) for piece in pieces))


def _condition(text: str, study: Study) -> Condition:
    finished = _FINISHED.fullmatch(text)
    if finished is not None:
        return _finished(text, finished.group(1), finished.group(2), study)
    comparison = _COMPARISON.fullmatch(text)
    if comparison is None:
        raise InputError(
            f'--goal: {text!r} is no condition; write METRIC<=VALUE, METRIC>=VALUE or "finished>=95% within 30s"'
        )
    name, sign, value = comparison.groups()
    column, at_most = study.column(name), sign == "<="
    bound = _value(column, value)
    shown = value_text(column, bound)
    verb = "at most" if at_most else "at least"
    return Condition(column, at_most, bound, f"has {_article(column)} of {verb} {shown}")


def _finished(text: str, percent: str, within: str | None, study: Study) -> Condition:
    share = parse_quantity(f"{percent}%", "", "--goal: share of inferences")
    if not 0 < share <= 1:
        raise InputError(f"--goal: {text!r}: a share lies above 0 % and up to 100 %")
    number = f"{100 * share:g} %"
    if within is None:
        return Condition(study.column("finished_share"), False, share, f"finishes {number} of the inferences")
    known = [percent for percent in WITHIN_PERCENTS if abs(percent - 100 * share) < 1e-9]
    if not known:
        allowed = ", ".join(f"{percent} %" for percent in WITHIN_PERCENTS)
        raise InputError(f"--goal: {text!r}: a time within which inferences finish is known for {allowed}")
    time_s = parse_quantity(within, "s", "--goal: within")
    column = study.column(within_name(known[0]))
    return Condition(column, True, time_s, f"finishes {number} of the inferences within {value_text(column, time_s)}")


def _value(column: Column, text: str) -> float:
    where = f"--goal: {column.name}"
    if column.unit == "%":
        return parse_quantity(text.removesuffix("%").strip(), "", where)
    return parse_quantity(text, "" if column.unit in ("1/d", "mm3", "USD") else column.unit, where)


def _article(column: Column) -> str:
    label = in_sentence(column)
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label}" if not label.startswith("inferences") else label
