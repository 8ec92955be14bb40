"""A study in the terminal: the recommendation, the overview, the best points."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from simint.whatif.report.answers import Recommendation
from simint.whatif.report.overview import Overview, overview_title
from simint.whatif.report.ranking import Ranking

if TYPE_CHECKING:
    from rich.console import Console

# Columns that a terminal has at least, and beyond which sentences are hard to read.
_TEXT = 100
# Columns between two columns of a table.
_GAP = 3


def print_report(
    recommendations: Sequence[Recommendation],
    overview: Overview | None,
    ranking: Ranking,
    cautions: Sequence[str],
    title: str,
    file: TextIO | None = None,
) -> None:
    """Print to `file` (stdout by default); colours only on a terminal."""
    from rich.console import Console

    console = Console(file=file, highlight=False, markup=False)
    width = min(console.width, _TEXT)
    first = recommendations[0].advice
    _say(console, first.headline, width, "bold green" if recommendations[0].finding.chosen else "bold red")
    for sentence in first.because:
        _say(console, sentence, width)
    for sentence in (*first.cautions, *cautions):
        _say(console, f"! {sentence}", width, "yellow")
    if overview is not None:
        console.print()
        _print_overview(console, overview, recommendations[0])
    console.print()
    _print_ranking(console, ranking, title)


def _say(console: Console, text: str, width: int, style: str = "") -> None:
    # Numbers stay with their units.
    kept = re.sub(r"(?<=\d) (?=\S)", "\u00a0", text)
    indent = "  " if text.startswith("!") else ""
    for line in textwrap.wrap(kept, width, subsequent_indent=indent, break_on_hyphens=False):
        console.print(line.replace("\u00a0", " "), style=style, soft_wrap=True)


def _print_overview(console: Console, overview: Overview, first: Recommendation) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console.print(overview_title(first.finding), style="bold", soft_wrap=True)
    table = Table(box=SIMPLE_HEAD)
    table.add_column(overview.corner)
    for column in overview.columns:
        table.add_column(column, justify="right", no_wrap=True)
    for name, cells in overview.rows:
        table.add_row(name, *cells)
    console.print(table)


def _print_ranking(console: Console, ranking: Ranking, title: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    shown = "" if len(ranking.rows) == ranking.total else f", the best {len(ranking.rows)} of {ranking.total:,}"
    console.print(f"{title}{shown}", style="bold", soft_wrap=True)
    table = Table(box=SIMPLE_HEAD)
    columns = _fitting(ranking, console.width)
    for k in columns:
        numeric = all(isinstance(row[k].value, float) for row in ranking.rows)
        table.add_column(ranking.headings[k], justify="right" if numeric else "left", min_width=_width(ranking, k))
    for row in ranking.rows:
        table.add_row(*(row[k].text for k in columns))
    console.print(table)


def _fitting(ranking: Ranking, width: int) -> list[int]:
    """The columns that fit side by side; those further right are left out."""
    room = width - 2
    kept: list[int] = []
    for k in range(len(ranking.headings)):
        room -= _width(ranking, k) + _GAP
        if kept and room < 0:
            break
        kept.append(k)
    return kept


def _width(ranking: Ranking, column: int) -> int:
    """Columns that the cells need on one line; headings may break between words."""
    words = ranking.headings[column].split()
    return max(len(text) for text in (*words, *(row[column].text for row in ranking.rows)))
