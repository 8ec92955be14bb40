"""How a study's plots look: lines that stay apart in grey, frames without ornament, files as PNG or inline SVG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

# Okabe and Ito's palette for colour-blind readers (https://jfly.uni-koeln.de/color/), ordered so that neighbours differ
# in brightness too; marker and dashes differ besides.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#7A4A8C", "#000000", "#A07800")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
MOST_LINES = len(_COLOURS)
GREY, PALE, GRID = "#555555", "#d0d0d0", "#e6e6e6"


@dataclass(frozen=True, slots=True)
class LineStyle:
    """One line of a plot."""

    colour: str
    marker: str
    dashes: Any


def line_style(number: int) -> LineStyle:
    """The style of the line with that number, from 0; there are `MOST_LINES` of them."""
    return LineStyle(_COLOURS[number], _MARKERS[number], _DASHES[number])


def new_figure(width: float, height: float) -> Any:
    """An empty figure of that size in inches, drawn without a window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plain_frame(axes: Any) -> None:
    """Left and bottom spines only, light grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)


def to_png(figure: Any, dpi: int = 110) -> bytes:
    """The figure as PNG."""
    buffer = io.BytesIO()
    # No software version and date: the same study gives the same bytes.
    figure.savefig(buffer, dpi=dpi, format="png", metadata={"Software": None})
    return buffer.getvalue()


def to_svg(figure: Any) -> str:
    """The figure as SVG with its letters as outlines: it looks the same everywhere and refers to nothing outside."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "simint"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
