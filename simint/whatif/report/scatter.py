"""Points drawn at random over two parameters: a mark for each, shaded by a metric."""

from __future__ import annotations

from typing import Any

import numpy as np

from simint.whatif.report.axis import axis_of, limits, set_axis, spans_decade
from simint.whatif.report.columns import Better, Column
from simint.whatif.report.failures import FAILURES
from simint.whatif.report.heatmap import add_bar, shading
from simint.whatif.report.study import Outcome, Parameter, Study
from simint.whatif.report.style import GREY, new_figure, plain_frame


def draw_scatter(study: Study, x: Parameter, y: Parameter, metric: Column) -> Any:
    """A figure of `metric` over `x` and `y`; points without a value are crosses, the best is ringed."""
    from matplotlib.lines import Line2D

    outcomes = [Outcome(word) for word in study.frame["outcome"]]
    xs, ys, values = (study.values(column) for column in (x.column, y.column, metric))
    values[[outcome is not Outcome.FINISHED for outcome in outcomes]] = np.nan
    x_axis, y_axis = (axis_of(p.column, p.values, p.logarithmic) for p in (x, y))
    colour = axis_of(metric, values, spans_decade(values))
    figure = new_figure(6.4, 4.2)
    axes = figure.subplots()
    plain_frame(axes)
    for handle, axis, parameter in ((axes.xaxis, x_axis, x), (axes.yaxis, y_axis, y)):
        set_axis(handle, axis, *limits(axis.at(parameter.values), axis.logarithmic))
    norm, shades = shading(colour, values)
    marks = axes.scatter(
        x_axis.at(xs),
        y_axis.at(ys),
        c=colour.at(values),
        norm=norm,
        cmap=shades,
        s=26,
        edgecolor="black",
        linewidth=0.4,
    )
    handles = []
    for outcome, marker in FAILURES.items():
        rows = [k for k, found in enumerate(outcomes) if found is outcome]
        if rows:
            axes.plot(
                x_axis.at(xs[rows]), y_axis.at(ys[rows]), linestyle="none", marker=marker, color=GREY, markersize=5
            )
            handles.append(Line2D([], [], linestyle="none", marker=marker, color=GREY, label=str(outcome)))
    if metric.better is not None and not np.isnan(values).all():
        best = int(np.nanargmin(values) if metric.better is Better.LOW else np.nanargmax(values))
        axes.plot(
            x_axis.at(xs[best]), y_axis.at(ys[best]), marker="o", markersize=11, color="none", mec="black", mew=1.5
        )
        handles.append(
            Line2D([], [], linestyle="none", marker="o", markersize=9, color="none", mec="black", label="best point")
        )
    axes.set_xlabel(x_axis.label, fontsize=9)
    axes.set_ylabel(y_axis.label, fontsize=9)
    add_bar(figure, axes, marks, colour)
    if handles:
        figure.legend(handles=handles, loc="outside lower left", ncols=3, fontsize=8, frameon=False)
    figure.suptitle(metric.label, fontsize=10, x=0.01, ha="left")
    return figure
