"""What a search found, as rows of text: for the terminal, the report and CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nas.problem.evaluation import HardwareCosts, Measures
from nas.search.finals import Finalist
from nas.store.record import COST_NAMES, MEASURE_NAMES

HEADINGS = (
    "network",
    "accuracy %",
    "latency s",
    "IMO %",
    "overhead s",
    "energy mJ",
    "power cycles",
    "inferences/day",
    "worst trace",
    "by SimPy",
)


@dataclass(frozen=True, slots=True)
class TextTable:
    """Headings and rows of text; the first column is text, the others are numbers."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def aligned(self) -> str:
        """For a terminal."""
        lines = [self.headings, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.headings))]

        def text(line: Sequence[str]) -> str:
            padded = [
                line[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
            ]
            return "  ".join(padded).rstrip()

        return "\n".join(text(line) for line in lines)

    def markdown(self) -> str:
        """For a page."""
        marks = ["---", *["---:"] * (len(self.headings) - 1)]
        lines = [self.headings, marks, *[(f"`{row[0]}`", *row[1:]) for row in self.rows]]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def front_table(front: Sequence[Finalist]) -> TextTable:
    """One row a network; nothing stands where a value was not measured."""
    return TextTable(HEADINGS, tuple(_row(finalist) for finalist in front))


def write_front(path: Path, front: Sequence[Finalist]) -> None:
    """All numbers of the front as CSV, SI units, exact; empty where unknown."""
    costs = list(COST_NAMES)
    simpy = [f"simpy_{name}" for name in MEASURE_NAMES if name != "accuracy_percent"]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["word", *costs, "overhead_s", "imo_percent", *MEASURE_NAMES, *simpy, "reason"])
        for finalist in front:
            entry = finalist.evaluation
            numbers = [
                *(getattr(entry.costs, name) for name in costs),
                entry.costs.overhead_s,
                entry.costs.imo_percent,
                *(getattr(entry.measures, name) for name in MEASURE_NAMES),
                *(getattr(finalist.checked, name) for name in MEASURE_NAMES if name != "accuracy_percent"),
            ]
            texts = ["" if math.isnan(number) else repr(number) for number in numbers]
            writer.writerow([finalist.word, *texts, entry.reason])


def figure(value: float, digits: int = 4) -> str:
    """A number with so many digits, nothing where there is none, a dash where it is infinite."""
    if math.isnan(value):
        return ""
    return (
        f"{value:.{digits}g}"
        if math.isfinite(value) and abs(value) < 1e5
        else ("-" if math.isinf(value) else f"{value:,.0f}")
    )


def cells(costs: HardwareCosts, measures: Measures) -> tuple[str, ...]:
    """The columns of `HEADINGS` from the accuracy to the worst trace."""
    return (
        "" if math.isnan(measures.accuracy_percent) else f"{measures.accuracy_percent:.2f}",
        figure(costs.latency_s),
        figure(costs.imo_percent),
        figure(costs.overhead_s),
        figure(1e3 * costs.active_j),
        figure(costs.power_cycles, 6),
        figure(measures.inferences_per_day, 5),
        figure(measures.worst_inferences_per_day, 5),
    )


def _row(finalist: Finalist) -> tuple[str, ...]:
    entry = finalist.evaluation
    return (
        finalist.word,
        *cells(entry.costs, entry.measures),
        figure(finalist.checked.inferences_per_day, 5),
    )
