"""The picture of a search: everything it evaluated, and the front."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nas.problem.evaluation import Evaluation
from nas.problem.objectives import OBJECTIVES, Objective
from nas.search.axes import axis_label, keep_labels_apart, plain_numbers, spread_out, write_plainly

_DECADE = 10.0  # latencies that spread wider stand on a logarithmic axis


def draw_front(
    path: Path,
    title: str,
    objectives: Sequence[Objective],
    evaluations: Sequence[Evaluation],
    front: Sequence[Evaluation],
) -> None:
    """The first two objectives as axes, latency across where it is one, a third one as colour where it varies."""
    from matplotlib.figure import Figure

    x, y, colour = _axes(objectives)
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.subplots()
    known = [entry for entry in evaluations if np.isfinite([x.loss(entry), y.loss(entry)]).all()]
    axes.scatter(*_points(known, x, y), s=9, color="0.75", linewidths=0, label=f"{len(known):,} evaluated")
    shade = _shade(colour, front)
    marks = axes.scatter(
        *_points(front, x, y),
        s=34,
        c=shade,
        color="tab:blue" if shade is None else None,
        cmap=None if shade is None else "viridis",
        edgecolors="black",
        linewidths=0.4,
        label=f"front, {len(front)}",
        zorder=3,
    )
    if colour is not None and shade is not None:
        figure.colorbar(marks, ax=axes, label=axis_label(colour), format=plain_numbers())
    axes.set_xlabel(axis_label(x))
    axes.set_ylabel(axis_label(y))
    logarithmic = x.name == "latency" and spread_out([x.value(entry) for entry in known], _DECADE)
    if logarithmic:
        axes.set_xscale("log")
    write_plainly(axes.xaxis, logarithmic)
    write_plainly(axes.yaxis, False)
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.legend(loc="best", fontsize=8)
    keep_labels_apart(figure)
    figure.savefig(path, dpi=150)


def _shade(colour: Objective | None, front: Sequence[Evaluation]) -> list[float] | None:
    """The values of the colour; None where they are all the same or there is but one, which a scale says nothing of."""
    values = [] if colour is None else [colour.value(entry) for entry in front]
    return values if len({value for value in values if np.isfinite(value)}) > 1 else None


def _axes(objectives: Sequence[Objective]) -> tuple[Objective, Objective, Objective | None]:
    latency = OBJECTIVES["latency"]
    others = [objective for objective in objectives if objective.name != "latency"]
    y = others[0] if others else OBJECTIVES["imo"]
    colour = others[1] if len(others) > 1 else None
    return latency, y, colour


def _points(entries: Sequence[Evaluation], x: Objective, y: Objective) -> tuple[list[float], list[float]]:
    return [x.value(entry) for entry in entries], [y.value(entry) for entry in entries]
