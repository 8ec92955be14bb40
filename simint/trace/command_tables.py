"""What `simint trace` prints: the catalogue and the statistics, as tables for people and as JSON for programs."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from simint.trace.catalogue_entries import CatalogueEntry
from simint.trace.power_trace import PowerTrace, content_hash
from simint.trace.statistics import TraceStatistics
from simint.units import format_duration, format_quantity


def print_catalogue(entries: list[CatalogueEntry]) -> None:
    """One row per trace: name, kind, duration, sampling, mean power, description."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", no_wrap=True)
    for column in ("kind", "duration", "sampling"):
        table.add_column(column, no_wrap=True)
    table.add_column("mean power", justify="right", no_wrap=True)
    table.add_column("description")
    for entry in entries:
        table.add_row(
            entry.name,
            entry.kind.value,
            format_duration(entry.duration),
            entry.sampling,
            format_quantity(entry.mean_power, "W", 3),
            entry.description,
        )
    Console(highlight=False).print(table)


def print_statistics(trace: PowerTrace, numbers: TraceStatistics) -> None:
    """Name, origin and all numbers of a trace, a line each."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"[bold]{escape(trace.name)}[/bold]")
    if trace.provenance:
        console.print(escape(trace.provenance), style="dim")
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for label, text in statistics_lines(numbers):
        table.add_row(label, text)
    console.print(table)


def statistics_lines(numbers: TraceStatistics) -> list[tuple[str, str]]:
    """Label and text of each number."""
    threshold = format_quantity(numbers.threshold_w, "W", 3)
    sampling = "exact edges" if numbers.step_s is None else f"every {format_quantity(numbers.step_s, 's')}"
    border = "looping from end to start" if numbers.outage_wraps else "within one pass"
    return [
        ("kind", numbers.kind.value),
        ("duration", f"{format_duration(numbers.duration_s)}, then {numbers.end.value}"),
        ("sampling", f"{sampling}, {numbers.segments} segment{'s' if numbers.segments != 1 else ''}"),
        ("mean power", format_quantity(numbers.mean_w, "W")),
        ("peak power", format_quantity(numbers.peak_w, "W")),
        ("energy", f"{format_quantity(numbers.energy_j, 'J')} a pass, {_per_day(numbers)} a day"),
        ("duty", f"{100 * numbers.duty:.4g} % of the time above {threshold}"),
        ("longest outage", f"{format_duration(numbers.longest_outage_s)} at or below {threshold}, {border}"),
    ]


def _per_day(numbers: TraceStatistics) -> str:
    return format_quantity(numbers.energy_per_day_j, "J")


def statistics_json(trace: PowerTrace, numbers: TraceStatistics) -> bytes:
    """The numbers, the origin and the content's hash as JSON; an outage that never ends is null."""
    data: dict[str, Any] = msgspec.to_builtins(numbers)
    if math.isinf(numbers.longest_outage_s):
        data["longest_outage_s"] = None
    data |= {"provenance": trace.provenance, "sha256": content_hash(trace)}
    return msgspec.json.format(msgspec.json.encode(data), indent=2)


def catalogue_json(entries: list[CatalogueEntry]) -> bytes:
    """The entries of the catalogue as JSON, quantities in SI units."""
    return msgspec.json.format(msgspec.json.encode(entries), indent=2)
