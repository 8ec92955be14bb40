"""How a study's plots look: lines that stay apart in grey, frames without ornament, files as PNG or inline SVG."""

from __future__ import annotations

import io
import math
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


def panel_grid(count: int) -> tuple[int, int]:
    """Rows and columns for so many panels of equal size."""
    columns = next(
        (number for most, number in ((1, 1), (2, 2), (3, 3), (4, 2), (6, 3), (8, 4), (9, 3)) if count <= most), 4
    )
    return math.ceil(count / columns), columns


def title_axes(figure: Any, panels: Any, count: int, x_label: str, y_label: str) -> None:
    """Titles of the axes of a grid that shares them: x under the lowest panel of each column, y once for all rows."""
    rows, columns = panels.shape
    for number, axes in enumerate(panels.flat):
        if number + columns >= count > number:
            axes.set_xlabel(x_label, fontsize=9)
            axes.tick_params(labelbottom=True)
    if rows == 1:
        panels[0, 0].set_ylabel(y_label, fontsize=9)
    else:
        figure.supylabel(y_label, fontsize=9)


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
    """The figure as PNG of 256 colours, which is what plots need, at a third of the size."""
    from PIL import Image  # matplotlib brings it

    whole, small = io.BytesIO(), io.BytesIO()
    figure.savefig(whole, dpi=dpi, format="png", metadata={"Software": None})
    picture = Image.open(whole).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(small, format="PNG", optimize=True)
    return small.getvalue()


def to_svg(figure: Any) -> str:
    """The figure as SVG with its letters as outlines: it looks the same everywhere and refers to nothing outside."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "simint"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
