"""The best points of a study as a table: what was varied, what came of it, sorted by a metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simint.whatif.report.columns import Better, Column, heading, metric_column, value_text
from simint.whatif.report.designs import worst_of
from simint.whatif.report.series import short_name
from simint.whatif.report.study import Outcome, Study, is_number, numbers_of

# Beside the sorting metric, as far as they exist and differ.
_SHOWN = ("inferences_finished", "finished_share", "latency_median_s", "latency_p95_s", "throughput_per_day", "imo_pct")


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as text, and as what it is sorted by."""

    text: str
    value: float | str


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows of cells under headings, best first; `total` is how many there would be without a limit."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int


def rank_points(study: Study, by: Column, most: int | None = None) -> Ranking:
    """The points of a study, best in `by` first, those without a value of it last; at most `most` of them."""
    frame = study.frame[study.frame["outcome"] != Outcome.MISSING].reset_index(drop=True)
    order = _order(frame, by, (frame["outcome"] != Outcome.FINISHED).to_numpy())
    parameters = [p.column for p in study.parameters if len(p.values) > 1]
    metrics = _metrics(frame, by, parameters)
    rows = []
    for place in order[:most]:
        row = frame.iloc[int(place)]
        cells = [cell(column, row[column.name]) for column in (*parameters, *metrics)]
        rows.append((*cells, _ended(row)))
    headings = [heading(column) for column in (*parameters, *metrics)]
    return Ranking((*headings, "Limited by"), tuple(rows), len(frame))


def rank_designs(study: Study, by: Column, most: int | None = None) -> Ranking:
    """The designs, each with the worst of every metric over all environments, best in `by` first."""
    parameters = [p.column for p in study.design if len(p.values) > 1]
    metrics = _metrics(study.frame, by, parameters)
    designs = worst_of(study, metrics)
    order = _order(designs, by, np.zeros(len(designs), dtype=bool))[:most]
    shown = (*parameters, *metrics)
    rows = tuple(tuple(cell(column, designs.iloc[int(place)][column.name]) for column in shown) for place in order)
    return Ranking(tuple(heading(column) for column in shown), rows, len(designs))


def _order(frame: Any, by: Column, without: Any) -> Any:
    values = numbers_of(frame, by) * (-1.0 if by.better is Better.HIGH else 1.0)
    values[without] = np.nan
    return np.argsort(values, kind="stable")


def _metrics(frame: Any, by: Column, parameters: Sequence[Column]) -> list[Column]:
    taken = {column.name for column in parameters}
    names = [by.name, *(name for name in _SHOWN if name in frame.columns and frame[name].nunique() > 1)]
    return [metric_column(name) for name in dict.fromkeys(names) if name not in taken]


def cell(column: Column, value: Any) -> Cell:
    """A value of a column; names of files without their folders."""
    text = value_text(column, value).removesuffix(" per day")
    if isinstance(value, str):
        return Cell(short_name(text), text)
    number = float(value)
    return Cell(text, number if number == number else "")


def _ended(row: Any) -> Cell:
    """The limit, or the verdict where the run could not go on."""
    if Outcome(row["outcome"]) is Outcome.FAILED:
        return Cell("cannot be run", "cannot be run")
    text = str(row["limit"])
    if row["verdict"] == "nontermination" and isinstance(row["nontermination_layer"], str):
        tile = row["nontermination_tile"]
        text = f"{row['nontermination_layer']}" + (f" tile {tile:.0f}" if tile == tile else "")
    return Cell(text, text)


def metrics_of(study: Study) -> tuple[Column, ...]:
    """The numeric metrics that differ between points, in the order of the table."""
    varied = {p.name for p in study.parameters} | {"id", "seconds"}
    frame = study.frame
    names = [str(n) for n in frame.columns if n not in varied and is_number(frame[n]) and frame[n].nunique() > 1]
    return tuple(metric_column(name) for name in names)


def design_rows(study: Study, designs: Any, rows: Any, columns: Sequence[Column]) -> Ranking:
    """The designs of a Pareto front as a table."""
    parameters = [p.column for p in study.parameters if len(p.values) > 1 and p.name in designs.columns]
    shown = parameters + [column for column in columns if all(column.name != known.name for known in parameters)]
    cells = tuple(tuple(cell(column, designs.iloc[int(row)][column.name]) for column in shown) for row in rows)
    return Ranking(tuple(heading(column) for column in shown), cells, len(cells))
