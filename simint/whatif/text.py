"""A study in the terminal: its points, its errors, and the thresholds of a search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simint.units import format_quantity
from simint.whatif.frame import load_study
from simint.whatif.report.columns import metric_column, parameter_column, value_text

if TYPE_CHECKING:
    from simint.whatif.search import Search, Threshold

# More rows than a screen shows are read from the file.
_ROWS = 40
_REASONS = 5


def print_points(path: Path, metrics: Sequence[str]) -> None:
    """The first rows of a study file, with what varies and some metrics."""
    study = load_study(path)
    columns = [parameter_column(name, unit) for name, unit in zip(study.varied, study.units, strict=True)]
    columns += [metric_column(name) for name in metrics]
    rows = [[column.name for column in columns]]
    shown = study.frame.head(_ROWS)
    for _, row in shown.iterrows():
        values = [row[column.name] for column in columns]
        if row["status"] != "done":
            values[len(study.varied) :] = [row["status"], *([""] * (len(metrics) - 1))]
        rows.append([value_text(column, _known(value)) for column, value in zip(columns, values, strict=True)])
    _print_table(rows)
    if len(study.frame) > len(shown):
        print(f"... and {len(study.frame) - len(shown):,} more")


def print_errors(path: Path) -> None:
    """Why points have no result, the most frequent reasons first."""
    frame = load_study(path).frame
    reasons = frame[frame["status"] == "error"]["error"].value_counts()
    if reasons.empty:
        return
    print(f"\n{int(reasons.sum()):,} of {len(frame):,} points could not be run:")
    for reason, count in reasons.head(_REASONS).items():
        print(f"  {count:,}: {reason}")
    if len(reasons) > _REASONS:
        print(f"  and {len(reasons) - _REASONS:,} other reasons (column `error` of table `results`)")


def print_thresholds(search: Search, found: Sequence[Threshold], goal: str, largest: bool) -> None:
    """One row a group, then what holds for all of them, then where the goal was lost again."""
    first, *others = search.study.variations
    unit = first.unit
    best = "largest" if largest else "smallest"
    print(f"{best} {first.name} that meets: {goal}\n")
    rows = [[*(variation.name for variation in others), first.name, "misses it at", "runs"]]
    for threshold in found:
        group = [
            value_text(parameter_column(variation.name, variation.unit), value)
            for variation, value in zip(others, threshold.group, strict=True)
        ]
        value = "none" if threshold.value is None else _quantity(threshold.value, unit)
        misses = "-" if threshold.misses is None else _quantity(threshold.misses, unit)
        rows.append([*group, value, misses, str(threshold.evaluations)])
    _print_table(rows)
    values = [threshold.value for threshold in found if threshold.value is not None]
    if others and len(values) == len(found) and all(threshold.monotone for threshold in found):
        whole = min(values) if largest else max(values)
        print(f"\n{best} for all of them: {_quantity(whole, unit)}")
    for threshold in found:
        place = ", ".join(str(value) for value in threshold.group)
        where = f"{place}: " if place else ""
        if threshold.value is None:
            print(
                f"\n{where}no value from {_quantity(search.range.low, unit)} to "
                f"{_quantity(search.range.high, unit)} meets it"
                + (f" ({threshold.reason})" if threshold.reason else "")
            )
            continue
        if threshold.misses is not None and threshold.reason:
            print(f"\n{where}at {_quantity(threshold.misses, unit)}: {threshold.reason}")
        if not threshold.monotone:
            lost = ", ".join(_quantity(value, unit) for value in threshold.lost_at)
            print(f"\n{where}not monotone: met at {_quantity(threshold.value, unit)}, lost again at {lost}")


def _quantity(value: float, unit: str) -> str:
    return format_quantity(value, unit, 4) if unit else f"{value:.6g}"


def _known(value: object) -> object:
    """pandas' own values for what is missing are nothing."""
    return None if value is None or value != value else value


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
