"""Labels at the ends of lines, moved apart so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# Room that a label takes, in points.
_HEIGHT = 9.5


def label_line_ends(axes: Any, ends: Sequence[tuple[str, float, float, str]], logarithmic: bool) -> None:
    """Write (label, x, y, colour) right of the axes, at the height where its line ends; thin leaders where moved."""
    if not ends:
        return
    low, high = axes.get_ylim()
    turned = np.log([low, high]) if logarithmic else np.array([low, high])
    heights = np.array([(np.log(y) if logarithmic else y) for _, _, y, _ in ends])
    wanted = (heights - turned[0]) / (turned[1] - turned[0])
    figure = axes.figure
    rows = axes.get_subplotspec().get_gridspec().nrows
    panel_pt = 72.0 * figure.get_figheight() / rows * 0.72
    places = spread(wanted, _HEIGHT / panel_pt)
    for (label, x, y, colour), place in zip(ends, places, strict=True):
        axes.annotate(
            label,
            xy=(x, y),
            xycoords="data",
            xytext=(1.025, place),
            textcoords="axes fraction",
            va="center",
            fontsize=8,
            color=colour,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5, "alpha": 0.6, "shrinkA": 0, "shrinkB": 2},
            annotation_clip=False,
        )


def spread(wanted: Any, least: float) -> Any:
    """Places as near to the wanted ones as keeps them `least` apart, in the same order.

    Neighbours that are too close form a block around the mean of what its members want (pool adjacent violators).
    """
    order = np.argsort(wanted, kind="stable")
    # Member k of a block stands k * least above its foot: what each wants the foot to be.
    blocks: list[tuple[float, int]] = []
    for rank, index in enumerate(order):
        foot, size = float(wanted[index]) - rank * least, 1
        while blocks and blocks[-1][0] > foot:
            before, count = blocks.pop()
            foot, size = (before * count + foot * size) / (count + size), count + size
        blocks.append((foot, size))
    feet = np.concatenate([np.full(size, foot) for foot, size in blocks])
    places = np.empty(len(order))
    places[order] = feet + least * np.arange(len(order))
    return places
