"""The strip of a panel where points without a value are marked: they are results too, and must not just be absent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simint.whatif.report.axis import Axis
from simint.whatif.report.columns import Better
from simint.whatif.report.series import Panel, Series
from simint.whatif.report.study import Outcome
from simint.whatif.report.style import GREY

# Markers that stay apart in grey.
FAILURES = {Outcome.NOTHING: "x", Outcome.FAILED: "2"}
# Height of a row of marks, as a share of the panel.
_ROW = 0.042
_SHADE = "#f1f1f1"

Marks = list[tuple[float, Outcome]]


def strip_rows(panels: Sequence[Panel]) -> int:
    """Rows that the strip needs: one for what all lines lack, one for each line that lacks more."""
    return max(len(_rows(panel)) for panel in panels)


def make_strip(axes: Any, rows: int, better: Better | None, low: float, high: float, logarithmic: bool) -> None:
    """Make room for the strip beyond the values `low` to `high`, at their bad end, and shade it; ticks stay inside."""
    from matplotlib.patches import Rectangle
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.yaxis.set_major_locator(FixedLocator([tick for tick in axes.get_yticks() if low <= tick <= high]))
    axes.yaxis.set_minor_locator(NullLocator())
    if not rows:
        return
    share = _ROW * (rows + 0.6)
    room, at_top = share / (1.0 - share), better is not Better.HIGH
    if logarithmic:
        factor = (high / low) ** room
        axes.set_ylim(*((low, high * factor) if at_top else (low / factor, high)))
    else:
        extra = room * (high - low)
        axes.set_ylim(*((low, high + extra) if at_top else (low - extra, high)))
    corner = (0.0, 1.0 - share if at_top else 0.0)
    axes.add_patch(Rectangle(corner, 1.0, share, transform=axes.transAxes, facecolor=_SHADE, linewidth=0, zorder=2.5))


def draw_failures(axes: Any, panel: Panel, x_axis: Axis, better: Better | None, colours: dict[str, str]) -> None:
    """Mark what has no value: in the line's colour, in grey what no line has."""
    for row, (label, marks) in enumerate(_rows(panel)):
        place = _ROW * (row + 0.8)
        for outcome, marker in FAILURES.items():
            where = [x for x, found in marks if found is outcome]
            axes.plot(
                x_axis.at(where),
                np.full(len(where), place if better is Better.HIGH else 1.0 - place),
                linestyle="none",
                marker=marker,
                markersize=4.4 if outcome is Outcome.NOTHING else 5.4,
                color=colours.get(label, GREY),
                transform=axes.get_xaxis_transform(),
                zorder=3,
            )


def _rows(panel: Panel) -> list[tuple[str, Marks]]:
    """Label and marks of every row that has any; the first, without a label, is what all lines lack in the same way."""
    lines = [(line.label, _lacking(line)) for line in panel.lines]
    if not lines:
        return []
    common = [mark for mark in lines[0][1] if all(mark in marks for _, marks in lines)]
    if len(lines) == 1:
        return [row for row in lines if row[1]]
    rest = [(label, [mark for mark in marks if mark not in common]) for label, marks in lines]
    return [row for row in [("", common), *rest] if row[1]]


def _lacking(line: Series) -> Marks:
    return [(float(x), outcome) for x, outcome in zip(line.x, line.outcomes, strict=True) if outcome in FAILURES]
