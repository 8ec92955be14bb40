"""The curves of a metric: which parameters become panels and lines, and the points of every line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simint.whatif.report.columns import Column, in_sentence, value_text
from simint.whatif.report.reduce import best_outcome, best_value, finished_values, reduction_in_words, without_given
from simint.whatif.report.study import Outcome, Parameter, Study, numbers_of
from simint.whatif.report.style import MOST_LINES

MOST_PANELS = 20


@dataclass(frozen=True, slots=True)
class Layout:
    """What a plot shows: metric `y` over `x`, a panel for each value of `panels`, a line for each of `lines`.

    `rest`: the other varied parameters; each point shows the worst over those that are given, then the best.
    """

    x: Parameter
    y: Column
    panels: Parameter | None
    lines: Parameter | None
    rest: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One line: x rising, y NaN where there is no value, and what became of the points."""

    label: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """The lines that share a panel."""

    title: str
    lines: tuple[Series, ...]


def layout_of(study: Study, x: Parameter, y: Column) -> Layout:
    """Give the other varied parameters their places.

    Words first, the environment before the design, then numbers with few values. One of them becomes lines, or panels
    where it has too many values for lines; of two the first becomes panels.
    """
    free = [parameter for parameter in (*study.words, *study.numeric) if parameter is not x and not parameter.sampled]
    lines = [parameter for parameter in free if len(parameter.values) <= MOST_LINES]
    panels = [parameter for parameter in free if len(parameter.values) <= MOST_PANELS]
    line: Parameter | None = None
    panel: Parameter | None = None
    if len(panels) > 1:
        panel = panels[0]
        line = next((parameter for parameter in lines if parameter is not panel), None)
    elif lines:
        line = lines[0]
    elif panels:
        panel = panels[0]
    chosen = (x, line, panel)
    rest = tuple(p for p in (*study.words, *study.numeric) if all(p is not other for other in chosen))
    return Layout(x, y, panel, line, rest)


def panels_of(study: Study, layout: Layout) -> tuple[Panel, ...]:
    """Every panel with its lines; points that were not computed are left out."""
    frame = study.frame if layout.x.sampled else without_given(study, layout.rest, layout.y)
    frame = frame[frame["outcome"] != Outcome.MISSING]
    panels = []
    for title, part in _split(frame, layout.panels):
        lines = [_series(label, rows, layout) for label, rows in _split(part, layout.lines)]
        panels.append(Panel(title, tuple(line for line in lines if line.x.size)))
    return tuple(panels)


def _split(frame: Any, parameter: Parameter | None) -> list[tuple[str, Any]]:
    """The rows of every value of a parameter, with the value in words."""
    if parameter is None:
        return [("", frame)]
    return [(value_name(parameter, value), frame[frame[parameter.name] == value]) for value in parameter.values]


def value_name(parameter: Parameter, value: Any) -> str:
    """A value of a parameter as a label: words as they are, numbers and switches with the parameter's name.

    Names of files go without their folders, as long as that tells them apart.
    """
    text = value_text(parameter.column, value)
    if parameter.numeric or text in ("true", "false"):
        return f"{parameter.name.rpartition('.')[2]} {text}"
    short = short_name(text)
    return short if sum(short_name(str(other)) == short for other in parameter.values) == 1 else text


def short_name(text: str) -> str:
    """A name of a file without its folders and ending: `../data/rf/cart.trace` is `cart`; an array stays."""
    name, hash_, array = text.rpartition("/")[2].partition("#")
    stem, dot, ending = name.rpartition(".")
    if dot and ending.isalnum() and len(ending) <= 6 and not ending.isdigit():
        name = stem
    return f"{name}{hash_}{array}"


def _series(label: str, rows: Any, layout: Layout) -> Series:
    xs, ys = numbers_of(rows, layout.x.column), finished_values(rows, layout.y)
    outcomes = [Outcome(word) for word in rows["outcome"]]
    order = np.argsort(xs, kind="stable")
    xs, ys, outcomes = xs[order], ys[order], [outcomes[k] for k in order]
    if not layout.rest or layout.x.sampled:
        return Series(label, xs, ys, tuple(outcomes))
    places, starts = np.unique(xs, return_index=True)
    groups = [slice(a, b) for a, b in zip(starts, (*starts[1:], len(xs)), strict=True)]
    best = [best_value(ys[group], layout.y.better) for group in groups]
    return Series(label, places, np.array(best), tuple(best_outcome(outcomes[group]) for group in groups))


def rest_in_words(layout: Layout) -> str:
    """What was done with the parameters that have no place in the plot; nothing where there are none."""
    if not layout.rest:
        return ""
    if layout.x.sampled:
        return f"each point with its own {' and '.join(in_sentence(parameter.column) for parameter in layout.rest)}"
    return reduction_in_words(layout.rest, layout.y)
