"""The comparison as a picture, and as one HTML page that refers to nothing outside itself."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from nas.compare.entrants import Entrant
from nas.search.tables import TextTable
from simint.whatif.report.page_style import CSS, SCRIPT

# Images inside the page, its own style and script, nothing from anywhere else.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_Value = Callable[[Entrant], float]


def picture(entrants: Sequence[Entrant], title: str) -> bytes:
    """PNG: accuracy (IMO where none is known) over latency, and inferences per day over overhead in seconds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    accurate = any(not math.isnan(entrant.measures.accuracy_percent) for entrant in entrants)
    origins = list(dict.fromkeys(entrant.origin for entrant in entrants))
    panels: tuple[tuple[Any, _Value, _Value, str, str], ...] = (
        (
            left,
            lambda e: e.costs.latency_s,
            (lambda e: e.measures.accuracy_percent) if accurate else (lambda e: e.costs.imo_percent),
            "latency, cost model (s)",
            "validation accuracy (%)" if accurate else "IMO (%)",
        ),
        (
            right,
            lambda e: e.costs.overhead_s,
            lambda e: e.measures.inferences_per_day,
            "overhead, cost model (s)",
            "inferences per day, replay, median over traces",
        ),
    )
    for axes, x, y, x_label, y_label in panels:
        for number, origin in enumerate(origins):
            own = [entrant for entrant in entrants if entrant.origin == origin]
            published = own[0].published
            axes.scatter(
                [x(entrant) for entrant in own],
                [y(entrant) for entrant in own],
                marker="x" if published else "o",
                color="black" if published else f"C{number - 1 if origins[0] == 'published' else number}",
                s=42 if published else 28,
                label=origin,
                zorder=3 if published else 2,
            )
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.grid(alpha=0.25, linewidth=0.5)
    left.legend(loc="best", fontsize=8)
    figure.suptitle(title, fontsize=10)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


def page_html(title: str, verdict: str, notes: Sequence[str], table: TextTable, image: bytes, command: str) -> str:
    """The page as text; all texts are escaped here."""
    data = base64.b64encode(image).decode()
    head = "".join(f'<th scope="col"><button type="button">{escape(word)}</button></th>' for word in table.headings)
    rows = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in table.rows)
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
            f"<title>{escape(title)}</title>\n<style>{CSS}</style>\n</head>\n<body>",
            f"<h1>{escape(title)}</h1>",
            f'<div class="answer"><p class="head">{escape(verdict)}</p></div>',
            *(f"<p>{escape(note)}</p>" for note in notes),
            f'<figure><div class="wide"><img alt="{escape(title)}" style="width:1000px" '
            f'src="data:image/png;base64,{data}"></div></figure>',
            f'<div class="wide"><table class="sortable"><thead><tr>{head}</tr></thead>',
            f"<tbody>{rows}</tbody></table></div>",
            f"<h2>To make this again</h2>\n<pre>{escape(command)}</pre>",
            f"<script>{SCRIPT}</script>\n</body>\n</html>\n",
        )
    )


def _cell(text: str) -> str:
    number = text.replace(",", "").replace(".", "", 1).isdigit()
    value = text.replace(",", "") if number else text
    return f'<td{" class=n" if number else ""} data-v="{escape(value)}">{escape(text)}</td>'
