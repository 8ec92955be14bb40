"""Axes of pictures: an objective as a label, and plain numbers where matplotlib would write a power of ten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from nas.problem.objectives import Objective

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter

_GAP = 0.5  # between two numbers, of their height: chosen


def axis_label(objective: Objective) -> str:
    """Its name with its unit, such as `energy (J)`."""
    name = {"imo": "IMO", "macs": "MACs"}.get(objective.name, objective.name.replace("-", " "))
    return f"{name} ({objective.unit})" if objective.unit else name


def plain_numbers() -> Formatter:
    """Up to ten digits, thousands by commas."""
    from matplotlib.ticker import StrMethodFormatter

    return StrMethodFormatter("{x:,.10g}")


def spread_out(values: Sequence[float], ratio: float) -> bool:
    """Whether the largest is more than so many times the smallest, and all are positive."""
    known = [value for value in values if math.isfinite(value)]
    return bool(known) and min(known) > 0 and max(known) > ratio * min(known)


def write_plainly(axis: Axis, logarithmic: bool) -> None:
    """Plain numbers, on a logarithmic axis at 1, 2, 5, 10 .. alone; the scale itself is the caller's."""
    from matplotlib.ticker import LogLocator, NullFormatter

    if logarithmic:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(plain_numbers())


def keep_labels_apart(figure: Figure) -> None:
    """Every second, third .. number across where they would touch each other; the last thing before saving."""
    from matplotlib.ticker import FixedLocator

    figure.draw_without_rendering()
    for axes in figure.axes:
        low, high = sorted(axes.get_xlim())
        ticks = [tick for tick in axes.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
        boxes = [tick.label1.get_window_extent() for tick in ticks]
        for step in range(1, len(boxes)):
            kept = boxes[::step]
            if all(left.x1 + _GAP * left.height < right.x0 for left, right in pairwise(kept)):
                if step > 1:
                    axes.xaxis.set_major_locator(FixedLocator([tick.get_loc() for tick in ticks[::step]]))
                break
