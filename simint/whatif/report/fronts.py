"""Pareto fronts of a study, drawn: what is gained in one thing for what is paid in the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simint.whatif.report.axis import Axis, axis_of, limits, set_axis, spans_decade
from simint.whatif.report.columns import Better, Column, in_sentence
from simint.whatif.report.designs import environments, worst_of
from simint.whatif.report.pareto import costs_of, front_rows
from simint.whatif.report.series import value_name
from simint.whatif.report.study import Outcome, Study
from simint.whatif.report.style import GREY, MOST_LINES, line_style, new_figure, panel_grid, plain_frame, title_axes

_MOST_PANELS = 12


@dataclass(frozen=True, slots=True)
class Front:
    """The designs for one environment, or for all of them, and which rows of them no other beats."""

    title: str
    designs: Any
    rows: Any


def fronts_of(study: Study, x: Column, y: Column) -> tuple[Front, ...]:
    """A front for every environment, and first, where there are several, the one of the worst over all of them."""
    given = study.given
    found = []
    if len(environments(study)) > 1:
        names = " and ".join(parameter.name.rpartition(".")[2] for parameter in given)
        found.append(_front(f"every {names} (the worst)", worst_of(study, (x, y)), x, y))
    finished = study.frame[study.frame["outcome"] == Outcome.FINISHED].reset_index(drop=True)
    for _, row in environments(study).iterrows():
        part, words = finished, []
        for parameter in given:
            part = part[part[parameter.name] == row[parameter.name]]
            words.append(value_name(parameter, row[parameter.name]))
        found.append(_front(", ".join(words), part.reset_index(drop=True), x, y))
    return tuple(front for front in found if len(front.rows))


def _front(title: str, designs: Any, x: Column, y: Column) -> Front:
    return Front(title, designs, front_rows(costs_of(designs, (x, y))))


def draw_fronts(study: Study, fronts: tuple[Front, ...], x: Column, y: Column) -> Any:
    """A figure with a panel for each front; beaten designs are pale, the front is a staircase."""
    shown = fronts[:_MOST_PANELS]
    rows, columns = panel_grid(len(shown))
    width = 3.1 if columns < 4 else 2.5
    figure = new_figure(*((6.4, 4.0) if len(shown) == 1 else (width * columns + 0.4, 2.1 * rows + 0.8)))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    xs, ys = (np.concatenate([front.designs[c.name].to_numpy(dtype=float) for front in shown]) for c in (x, y))
    x_axis, y_axis = axis_of(x, xs, spans_decade(xs)), axis_of(y, ys, spans_decade(ys))
    marks = next((p for p in study.words if not p.given and len(p.values) <= MOST_LINES), None)
    for number, axes in enumerate(panels.flat):
        if number >= len(shown):
            axes.set_axis_off()
            continue
        plain_frame(axes)
        set_axis(axes.xaxis, x_axis, *limits(x_axis.at(xs), x_axis.logarithmic))
        set_axis(axes.yaxis, y_axis, *limits(y_axis.at(ys), y_axis.logarithmic))
        _draw_front(axes, shown[number], x_axis, y_axis, marks)
        axes.set_title(shown[number].title, fontsize=9, loc="left")
    title_axes(figure, panels, len(shown), x_axis.label, y_axis.label)
    _add_key(figure, marks)
    figure.suptitle(f"Pareto front: {y.label} against {in_sentence(x)}", fontsize=10, x=0.01, ha="left")
    return figure


def _draw_front(axes: Any, front: Front, x_axis: Axis, y_axis: Axis, marks: Any) -> None:
    xs, ys = x_axis.at(front.designs[x_axis.column.name]), y_axis.at(front.designs[y_axis.column.name])
    best = np.zeros(len(xs), dtype=bool)
    best[front.rows] = True
    groups = [np.ones(len(xs), dtype=bool)]
    if marks is not None:
        groups = [(front.designs[marks.name] == value).to_numpy() for value in marks.values]
    for number, group in enumerate(groups):
        style = line_style(number)
        for rows, alpha, size in ((group & ~best, 0.35, 3.2), (group & best, 1.0, 5.0)):
            axes.plot(
                xs[rows],
                ys[rows],
                linestyle="none",
                marker=style.marker,
                markersize=size,
                color=style.colour,
                alpha=alpha,
                markerfacecolor=style.colour if alpha == 1.0 else "none",
                markeredgewidth=0.8,
                zorder=3,
                rasterized=alpha < 1.0,  # there may be thousands of them
            )
    # Between two designs of the front one gets the worse of both: a staircase that turns where nothing is gained yet.
    order = front.rows[np.argsort(xs[front.rows], kind="stable")]
    rises = x_axis.column.better is Better.HIGH
    axes.step(xs[order], ys[order], where="pre" if rises else "post", color=GREY, linewidth=1.0, zorder=2)


def _add_key(figure: Any, marks: Any) -> None:
    from matplotlib.lines import Line2D

    handles = []
    if marks is not None:
        for number, value in enumerate(marks.values):
            style = line_style(number)
            handles.append(
                Line2D(
                    [], [], linestyle="none", marker=style.marker, color=style.colour, label=value_name(marks, value)
                )
            )
    handles.append(Line2D([], [], color=GREY, linewidth=1.0, label="front (filled)"))
    handles.append(
        Line2D([], [], linestyle="none", marker="o", color=GREY, markerfacecolor="none", alpha=0.5, label="beaten")
    )
    figure.legend(handles=handles, loc="outside lower left", ncols=min(len(handles), 8), fontsize=8, frameon=False)
