"""Heat maps of a metric over two parameters: what cannot be done is hatched, the best point is marked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simint.whatif.report.axis import Axis, axis_of, log_ticks, set_axis, spans_decade
from simint.whatif.report.columns import Better, Column, plain_number, value_text
from simint.whatif.report.reduce import best_outcome, best_value, finished_values, reduction_in_words, without_given
from simint.whatif.report.series import value_name
from simint.whatif.report.study import Outcome, Parameter, Study
from simint.whatif.report.style import GREY, new_figure, panel_grid, title_axes

_HATCHES = {Outcome.NOTHING: ("////", "no inference finished"), Outcome.FAILED: ("xxxx", "cannot be run")}
_MOST_PANELS = 12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grid:
    """Values over (y, x): NaN where there is none; `outcomes` of the same shape says why."""

    title: str
    values: Floats
    outcomes: Any


def draw_heatmap(study: Study, x: Parameter, y: Parameter, metric: Column) -> Any:
    """A figure of `metric` over `x` and `y`, a panel for each value of another parameter with few values.

    Of further parameters the worst is shown over those that are given, then the best.
    """
    panel = next(
        (p for p in study.words if len(p.values) <= _MOST_PANELS and p is not x and p is not y),
        None,
    )
    rest = [p for p in (*study.words, *study.numeric) if p not in (x, y, panel)]
    grids = _grids(without_given(study, rest, metric), x, y, metric, panel)
    values = np.concatenate([grid.values.ravel() for grid in grids])
    colour_axis = axis_of(metric, values, spans_decade(values))
    x_axis, y_axis = (axis_of(p.column, p.values, p.logarithmic) for p in (x, y))
    rows, columns = panel_grid(len(grids))
    figure = new_figure(*((6.4, 4.2) if len(grids) == 1 else (3.1 * columns + 0.9, 2.6 * rows + 0.7)))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    # Traces may be worlds apart, and what is of interest lies inside each; designs are there to be compared.
    own_scale = panel is not None and panel.given
    mesh = None
    for number, axes in enumerate(panels.flat):
        if number >= len(grids):
            axes.set_axis_off()
            continue
        scale = grids[number].values if own_scale else values
        mesh = _draw_grid(axes, grids[number], x, y, x_axis, y_axis, colour_axis, scale)
        _mark_best(axes, grids[number], x, y, x_axis, y_axis, metric)
        if own_scale:
            # One title for the bars of a row is enough.
            add_bar(figure, axes, mesh, colour_axis, titled=(number + 1) % columns == 0)
    title_axes(figure, panels, len(grids), x_axis.label, y_axis.label)
    if not own_scale:
        add_bar(figure, panels, mesh, colour_axis)
    _add_key(figure, grids)
    over = f" ({reduction_in_words(rest, metric)})" if rest else ""
    figure.suptitle(f"{metric.label}{over}", fontsize=10, x=0.01, ha="left")
    return figure


def _grids(frame: Any, x: Parameter, y: Parameter, metric: Column, panel: Parameter | None) -> list[Grid]:
    if panel is None:
        return [_grid("", frame, x, y, metric)]
    return [_grid(value_name(panel, value), frame[frame[panel.name] == value], x, y, metric) for value in panel.values]


def _grid(title: str, frame: Any, x: Parameter, y: Parameter, metric: Column) -> Grid:
    values = np.full((len(y.values), len(x.values)), math.nan)
    outcomes = np.full(values.shape, Outcome.MISSING, dtype=object)
    numbers = finished_values(frame, metric)
    ended = [Outcome(word) for word in frame["outcome"]]
    for (at_x, at_y), rows in frame.reset_index(drop=True).groupby([x.name, y.name]).groups.items():
        place = y.values.index(at_y), x.values.index(at_x)
        values[place] = best_value(numbers[rows], metric.better)
        outcomes[place] = best_outcome([ended[row] for row in rows])
    return Grid(title, values, outcomes)


def _draw_grid(
    axes: Any, grid: Grid, x: Parameter, y: Parameter, x_axis: Axis, y_axis: Axis, colour: Axis, values: Floats
) -> Any:
    from matplotlib.patches import Rectangle

    x_edges = x_axis.at(_edges(x.values, x.logarithmic))
    y_edges = y_axis.at(_edges(y.values, y.logarithmic))
    norm, shades = shading(colour, values)
    mesh = axes.pcolormesh(
        x_edges, y_edges, np.ma.masked_invalid(colour.at(grid.values)), cmap=shades, norm=norm, rasterized=True
    )
    for (row, column), outcome in np.ndenumerate(grid.outcomes):
        if outcome in _HATCHES:
            size = x_edges[column + 1] - x_edges[column], y_edges[row + 1] - y_edges[row]
            axes.add_patch(
                Rectangle(
                    (x_edges[column], y_edges[row]),
                    *size,
                    facecolor="white",
                    edgecolor="#888888",
                    linewidth=0,
                    hatch=_HATCHES[outcome][0],
                )
            )
    axes.tick_params(labelsize=8)
    set_axis(axes.xaxis, x_axis, float(x_edges[0]), float(x_edges[-1]))
    set_axis(axes.yaxis, y_axis, float(y_edges[0]), float(y_edges[-1]))
    axes.set_title(grid.title, fontsize=9, loc="left")
    return mesh


def shading(colour: Axis, values: Floats) -> tuple[Any, str]:
    """Norm and colour map for values: light is good, so that the best point's mark stands out."""
    from matplotlib.colors import LogNorm, Normalize

    known = colour.at(values[np.isfinite(values)])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    norm = LogNorm(low, high) if colour.logarithmic else Normalize(low, high)
    return norm, "cividis" if colour.column.better is Better.HIGH else "cividis_r"


def _edges(values: tuple[float, ...], logarithmic: bool) -> Floats:
    """Borders of cells around sorted values, half way between neighbours."""
    places = np.log(values) if logarithmic else np.asarray(values, dtype=float)
    middles = 0.5 * (places[1:] + places[:-1])
    edges = np.concatenate(([2 * places[0] - middles[0]], middles, [2 * places[-1] - middles[-1]]))
    return np.exp(edges) if logarithmic else edges


def _mark_best(axes: Any, grid: Grid, x: Parameter, y: Parameter, x_axis: Axis, y_axis: Axis, metric: Column) -> None:
    """A ring at the best cell, and its value beside it."""
    if metric.better is None or np.isnan(grid.values).all():
        return
    find = np.nanargmin if metric.better is Better.LOW else np.nanargmax
    row, column = np.unravel_index(int(find(grid.values)), grid.values.shape)
    place = float(x_axis.at(x.values[column])), float(y_axis.at(y.values[row]))
    axes.plot(*place, marker="*", markersize=12, markerfacecolor="white", markeredgecolor="black", linestyle="none")
    right, upper = column > 0.55 * len(x.values), row > 0.85 * len(y.values)
    axes.annotate(
        value_text(metric, grid.values[row, column]),
        place,
        xytext=(-9 if right else 9, -9 if upper else 6),
        textcoords="offset points",
        ha="right" if right else "left",
        va="center",
        fontsize=8,
        bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
    )


def add_bar(figure: Any, panels: Any, mesh: Any, colour: Axis, titled: bool = True) -> None:
    """A colour bar beside `panels`, with the axis' label and ticks."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    bar = figure.colorbar(mesh, ax=panels, pad=0.02, aspect=30)
    if colour.logarithmic:
        low, high = mesh.norm.vmin, mesh.norm.vmax
        bar.ax.yaxis.set_major_locator(FixedLocator(log_ticks(low, high)))
        bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(float(value), 4)))
    bar.ax.tick_params(labelsize=8)
    if titled:
        bar.set_label(colour.label, fontsize=9)
    bar.outline.set_visible(False)


def _add_key(figure: Any, grids: list[Grid]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    star = Line2D([], [], marker="*", markersize=10, markerfacecolor="white", markeredgecolor="black", linestyle="none")
    star.set_label("best point")
    handles: list[Any] = [star]
    found = {outcome for grid in grids for outcome in grid.outcomes.flat}
    for outcome, (hatch, words) in _HATCHES.items():
        if outcome in found:
            handles.append(Patch(facecolor="white", edgecolor="#888888", hatch=hatch, linewidth=0, label=words))
    if Outcome.MISSING in found:
        handles.append(Patch(facecolor="white", edgecolor=GREY, linewidth=0.5, label=str(Outcome.MISSING)))
    figure.legend(handles=handles, loc="outside lower left", ncols=4, fontsize=8, frameon=False)
