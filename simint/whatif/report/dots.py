"""A metric for words alone (policies, traces, parts): a row for each value, a mark for each value of another."""

from __future__ import annotations

import math
from typing import Any

from simint.whatif.report.axis import axis_of, limits, set_axis, spans_decade
from simint.whatif.report.columns import Column
from simint.whatif.report.failures import FAILURES
from simint.whatif.report.reduce import best_outcome, best_value, finished_values, reduction_in_words, without_given
from simint.whatif.report.series import value_name
from simint.whatif.report.study import Outcome, Parameter, Study
from simint.whatif.report.style import GREY, MOST_LINES, line_style, new_figure, plain_frame


def draw_dots(study: Study, metric: Column) -> Any:
    """A figure of `metric` for each value of the words that vary; what has no value is marked at the right edge."""
    rows = study.words[0]
    marks = next((p for p in study.words[1:] if len(p.values) <= MOST_LINES), None)
    rest = [parameter for parameter in study.words if parameter is not rows and parameter is not marks]
    frame = without_given(study, rest, metric)
    values = finished_values(frame, metric)
    axis = axis_of(metric, values, spans_decade(values))
    figure = new_figure(7.2, 1.2 + 0.32 * len(rows.values))
    axes = figure.subplots()
    plain_frame(axes)
    low, high = limits(axis.at(values), axis.logarithmic, from_zero=True)
    set_axis(axes.xaxis, axis, low, high)
    axes.set_yticks(range(len(rows.values)), [value_name(rows, value) for value in rows.values], fontsize=8)
    axes.set_ylim(len(rows.values) - 0.5, -0.5)
    axes.set_xlabel(axis.label, fontsize=9)
    found: set[Outcome] = set()
    for number, mark in enumerate((None,) if marks is None else marks.values):
        style = line_style(number)
        for place, value in enumerate(rows.values):
            outcome, best = _best(frame, metric, rows, value, marks, mark)
            # Marks of one row stand a little apart.
            height = place + 0.1 * (number - 0.5 * (0 if marks is None else len(marks.values) - 1))
            if outcome is Outcome.FINISHED and not math.isnan(best):
                axes.plot(axis.at(best), height, marker=style.marker, color=style.colour, markersize=5)
            elif outcome in FAILURES:
                found.add(outcome)
                axes.plot(
                    1.02,
                    height,
                    marker=FAILURES[outcome],
                    color=style.colour,
                    markersize=5,
                    transform=axes.get_yaxis_transform(),
                    clip_on=False,
                )
    _add_key(figure, marks, found)
    over = f" ({reduction_in_words(rest, metric)})" if rest else ""
    figure.suptitle(f"{metric.label}{over}", fontsize=10, x=0.01, ha="left")
    return figure


def _best(
    frame: Any, metric: Column, rows: Parameter, value: Any, marks: Parameter | None, mark: Any
) -> tuple[Outcome, float]:
    chosen = (frame[rows.name] == value).to_numpy()
    if marks is not None:
        chosen = chosen & (frame[marks.name] == mark).to_numpy()
    if not chosen.any():
        return Outcome.MISSING, math.nan
    part = frame[chosen]
    return best_outcome([Outcome(word) for word in part["outcome"]]), best_value(
        finished_values(part, metric), metric.better
    )


def _add_key(figure: Any, marks: Parameter | None, found: set[Outcome]) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for number, value in enumerate(() if marks is None else marks.values):
        style, label = line_style(number), value_name(marks, value) if marks is not None else ""
        handles.append(Line2D([], [], linestyle="none", marker=style.marker, color=style.colour, label=label))
    for outcome, marker in FAILURES.items():
        if outcome in found:
            handles.append(Line2D([], [], linestyle="none", marker=marker, color=GREY, label=str(outcome)))
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), fontsize=8, frameon=False)
