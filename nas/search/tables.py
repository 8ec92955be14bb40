"""The front of a search as rows: text for the terminal and the report, exact numbers for CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from nas.problem.evaluation import COST_NAMES, MEASURE_NAMES, REPLAY_NAMES, HardwareCosts, Measures
from nas.search.finals import Finalist
from nas.search.text_table import TextTable, exact, figure

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


def front_table(front: Sequence[Finalist]) -> TextTable:
    """One row a network; nothing stands where a value was not measured."""
    return TextTable(HEADINGS, tuple(_row(finalist) for finalist in front))


def write_front(path: Path, front: Sequence[Finalist]) -> None:
    """All numbers of the front as CSV, SI units, exact; empty where unknown."""
    simpy = [f"simpy_{name}" for name in REPLAY_NAMES]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["word", *COST_NAMES, "overhead_s", "imo_percent", *MEASURE_NAMES, *simpy, "reason"])
        for finalist in front:
            entry = finalist.evaluation
            numbers = [
                *(getattr(entry.costs, name) for name in COST_NAMES),
                entry.costs.overhead_s,
                entry.costs.imo_percent,
                *(getattr(entry.measures, name) for name in MEASURE_NAMES),
                *(getattr(finalist.checked, name) for name in REPLAY_NAMES),
            ]
            writer.writerow([finalist.word, *map(exact, numbers), entry.reason])


def cells(costs: HardwareCosts, measures: Measures) -> tuple[str, ...]:
    """The columns of `HEADINGS` from the accuracy to the worst trace."""
    return (
        "" if math.isnan(measures.accuracy_percent) else f"{measures.accuracy_percent:.2f}",
        figure(costs.latency_s),
        figure(costs.imo_percent),
        figure(costs.overhead_s),
        figure(1e3 * costs.active_j),
        figure(costs.power_cycles),
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
