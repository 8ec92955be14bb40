"""Curves of a metric over one parameter, one line for each category, small multiples where there are more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from simint.whatif.report.axis import Axis, axis_of, limits, set_axis, spans_decade
from simint.whatif.report.columns import in_sentence, value_text
from simint.whatif.report.failures import FAILURES, draw_failures, make_strip, strip_rows
from simint.whatif.report.labels import label_line_ends
from simint.whatif.report.series import Layout, Panel, Series, rest_in_words
from simint.whatif.report.style import GREY, PALE, line_style, new_figure, panel_grid, plain_frame, title_axes

# At most so many markers on a line.
_MARKERS = 18
_GOAL_DASHES = (0, (2, 2))


def draw_curves(panels: Sequence[Panel], layout: Layout, limit: float | None = None) -> Any:
    """A figure of `layout.y` over `layout.x`; `limit` (SI) is drawn as the line that a goal must not cross."""
    values = np.concatenate([line.y for panel in panels for line in panel.lines])
    shown = values if limit is None else np.append(values, limit)
    x_axis = axis_of(layout.x.column, layout.x.values, layout.x.logarithmic)
    y_axis = axis_of(layout.y, shown, spans_decade(shown))
    rows, columns = panel_grid(len(panels))
    width = 3.1 if columns < 4 else 2.5
    figure = new_figure(*((7.2, 4.0) if len(panels) == 1 else (width * columns + 0.4, 2.0 * rows + 0.9)))
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    labels = list(dict.fromkeys(line.label for panel in panels for line in panel.lines))
    for number, axes in enumerate(grid.flat):
        if number >= len(panels):
            axes.set_axis_off()
            continue
        _set_axes(axes, layout, x_axis, y_axis, shown, strip_rows(panels))
        if layout.lines is None and not layout.x.sampled:
            _draw_others(axes, panels, number, x_axis, y_axis)
        _draw_panel(axes, panels[number], layout, x_axis, y_axis, labels)
        if len(panels) == 1 and not layout.x.sampled:
            _label_ends(axes, panels[0], x_axis, y_axis)
        if limit is not None:
            axes.axhline(float(y_axis.at(limit)), color=GREY, linewidth=1.0, linestyle=_GOAL_DASHES, zorder=2)
        axes.set_title(panels[number].title, fontsize=9, loc="left")
    title_axes(figure, grid, len(panels), x_axis.label, y_axis.label)
    shows_lines = len(labels) > 1 and (len(panels) > 1 or layout.x.sampled)
    _add_key(figure, panels, labels if shows_lines else [], layout, limit)
    heading = f"{layout.y.label} over {in_sentence(layout.x.column)}"
    rest = rest_in_words(layout)
    figure.suptitle(f"{heading} ({rest})" if rest else heading, fontsize=10, x=0.01, ha="left")
    return figure


def _set_axes(axes: Any, layout: Layout, x_axis: Axis, y_axis: Axis, values: Any, rows: int) -> None:
    plain_frame(axes)
    set_axis(axes.xaxis, x_axis, *limits(x_axis.at(layout.x.values), x_axis.logarithmic))
    low, high = limits(y_axis.at(values), y_axis.logarithmic, from_zero=True)
    set_axis(axes.yaxis, y_axis, low, high)
    make_strip(axes, rows, layout.y.better, low, high, y_axis.logarithmic)


def _draw_panel(axes: Any, panel: Panel, layout: Layout, x_axis: Axis, y_axis: Axis, labels: Sequence[str]) -> None:
    for line in panel.lines:
        number = labels.index(line.label)
        style = line_style(number)
        axes.plot(
            x_axis.at(line.x),
            y_axis.at(line.y),
            color=style.colour,
            linestyle="none" if layout.x.sampled else style.dashes,
            linewidth=1.3,
            marker=style.marker,
            markersize=3.6,
            markerfacecolor="white" if number % 2 else style.colour,
            markeredgewidth=0.9,
            markevery=None if layout.x.sampled else _marked(line),
            zorder=3,
        )
    colours = {label: line_style(number).colour for number, label in enumerate(labels)}
    draw_failures(axes, panel, x_axis, layout.y.better, colours)


def _draw_others(axes: Any, panels: Sequence[Panel], own: int, x_axis: Axis, y_axis: Axis) -> None:
    """The lines of the other panels in the background, to compare with."""
    for number, panel in enumerate(panels):
        for line in panel.lines if number != own else ():
            axes.plot(x_axis.at(line.x), y_axis.at(line.y), color=PALE, linewidth=0.8, zorder=1.5)


def _marked(line: Series) -> list[int]:
    """Which points get a marker: all of a short line, some of a long one, and those that no line reaches."""
    step = math.ceil(len(line.x) / _MARKERS)
    known = np.concatenate(([False], ~np.isnan(line.y), [False]))
    alone = known[1:-1] & ~known[:-2] & ~known[2:]
    return [k for k in range(len(line.x)) if k % step == 0 or alone[k]]


def _label_ends(axes: Any, panel: Panel, x_axis: Axis, y_axis: Axis) -> None:
    ends = []
    for number, line in enumerate(panel.lines):
        known = np.flatnonzero(~np.isnan(line.y))
        if line.label and known.size:
            x, y = float(x_axis.at(line.x[known[-1]])), float(y_axis.at(line.y[known[-1]]))
            ends.append((line.label, x, y, line_style(number).colour))
    label_line_ends(axes, ends, y_axis.logarithmic)


def _add_key(figure: Any, panels: Sequence[Panel], labels: Sequence[str], layout: Layout, limit: float | None) -> None:
    """What marks and dashes mean; the lines of a single panel are labelled at their ends instead."""
    from matplotlib.lines import Line2D

    handles = []
    for number, label in enumerate(labels):
        style = line_style(number)
        handles.append(
            Line2D(
                [],
                [],
                color=style.colour,
                linestyle="none" if layout.x.sampled else style.dashes,
                marker=style.marker,
                markerfacecolor="white" if number % 2 else style.colour,
                markersize=4,
                label=label,
            )
        )
    found = {outcome for panel in panels for line in panel.lines for outcome in line.outcomes}
    for outcome, marker in FAILURES.items():
        if outcome in found:
            handles.append(Line2D([], [], color=GREY, linestyle="none", marker=marker, markersize=5, label=outcome))
    if limit is not None:
        words = f"goal: {value_text(layout.y, limit)}"
        handles.append(Line2D([], [], color=GREY, linewidth=1.0, linestyle=_GOAL_DASHES, label=words))
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower left",
            ncols=min(len(handles), 5 if len(panels) == 1 else 8),
            fontsize=8,
            frameon=False,
        )
