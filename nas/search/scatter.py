"""Points of several groups as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nas.search.axes import keep_labels_apart, spread_out, write_plainly


@dataclass(frozen=True, slots=True)
class Group:
    """Points (x, y) of one mark; `joined` by a line where they are a front."""

    name: str
    points: Sequence[tuple[float, float]]
    joined: bool = False


def draw_groups(path: Path, title: str, x_label: str, y_label: str, groups: Sequence[Group]) -> None:
    """PNG; x is logarithmic where it spans a decade, what has no points is left out."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.subplots()
    for group in groups:
        if group.points:
            x, y = zip(*sorted(group.points), strict=True)
            axes.plot(x, y, "-" if group.joined else "o", markersize=4, label=group.name)
    wide = spread_out([x for group in groups for x, _ in group.points], 10)
    if wide:
        axes.set_xscale("log")
    write_plainly(axes.xaxis, wide)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.legend(loc="best", fontsize=8)
    keep_labels_apart(figure)
    figure.savefig(path, dpi=150)
