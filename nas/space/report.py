"""The statistics of a search space in one record, and that record as tables for people or JSON for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from nas.space.columns import IMO, LATENCY, Costs, metric_code
from nas.space.mbconv_space import NetworkSetting
from nas.space.percentiles import percentiles
from nas.space.population import Constraints, Extent, SettingStatistics, population_statistics, stage_one_winner
from nas.space.ranking import NetworkList, top_networks
from nas.space.sensitivity import BlockSensitivity, Parameter, block_sensitivity
from nas.space.table import SpaceTable

if TYPE_CHECKING:
    from rich.table import Table

JSON_FORMAT = "simint-space/1"
LARGEST_FIRST = ("macs", "flops")  # of these the most is best, of every other metric the least


class Percentile(msgspec.Struct, frozen=True):
    """One percentile of latency and of IMO, each over all buildable networks."""

    percent: float
    latency_s: float
    imo_percent: float


class RankedNetwork(msgspec.Struct, frozen=True):
    """One network: its word (`simint.network.families`) and what it costs."""

    network: str
    latency_s: float
    imo_percent: float
    overhead_s: float
    active_j: float
    macs: float
    flops: float
    feature_bytes: float
    weight_bytes: float


class SpaceReport(msgspec.Struct, frozen=True):
    """What the command prints; spaces without network-level choices have no `settings` and no `winner`.

    `unmet` is empty unless no network meets the constraints: then one line with the best that is attainable.
    """

    format: str
    space: str
    networks: int
    distinct_layers: int
    constraints: Constraints
    percentiles: tuple[Percentile, ...]
    settings: tuple[SettingStatistics, ...]
    winner: NetworkSetting | None
    ranked_by: str
    ranked: tuple[RankedNetwork, ...]
    sensitivity: tuple[BlockSensitivity, ...]
    unmet: str = ""


def space_report(
    table: SpaceTable,
    percents: Sequence[float],
    constraints: Constraints,
    top: int,
    by: str,
    *,
    sensitivity: bool,
) -> SpaceReport:
    """All statistics of a space: `top` networks by the metric named `by` (none where 0), sensitivity on request."""
    latency, imo = (
        percentiles(table, metric, percents, check_storage=constraints.storage).tolist() for metric in (LATENCY, IMO)
    )
    statistics = population_statistics(table, constraints)
    best: tuple[RankedNetwork, ...] = ()
    if top:
        found = top_networks(table, metric_code(by), top, largest=by in LARGEST_FIRST, constraints=constraints)
        best = ranked_networks(table, found)
    return SpaceReport(
        JSON_FORMAT,
        table.space.name,
        table.space.networks,
        table.distinct_layers,
        constraints,
        tuple(map(Percentile, percents, latency, imo)),
        statistics,
        stage_one_winner(statistics),
        by,
        best,
        tuple(block_sensitivity(table.space, parameter) for parameter in Parameter) if sensitivity else (),
    )


def ranked_networks(table: SpaceTable, found: NetworkList) -> tuple[RankedNetwork, ...]:
    """Words and costs of a list of networks."""
    words = [spec.word for spec in table.space.specs(found.settings.tolist(), found.choices.tolist())]
    return ranked(words, table.costs(found.settings, found.choices))


def ranked(words: Sequence[str], costs: Costs) -> tuple[RankedNetwork, ...]:
    """Networks with their costs, as they come."""
    fields = ("latency_s", "imo_percent", "overhead_s", "active_j", "macs", "flops", "feature_bytes", "weight_bytes")
    columns = [getattr(costs, field).tolist() for field in fields]
    return tuple(map(RankedNetwork, words, *columns))


def report_json(report: SpaceReport) -> str:
    """One JSON object; a limit not set and a number not defined are null, a setting is [width, resolution]."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def print_report(report: SpaceReport) -> None:
    """Tables for people; MFLOP is the mean over feasible networks."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    title = f"{report.networks:,} networks of {report.distinct_layers:,} distinct layers"
    console.print(f"[bold]{escape(report.space)}[/bold]: {title}")
    console.print(_percentile_table(report))
    if report.settings:
        console.print(_setting_table(report))
    if report.winner is not None:
        console.print(
            f"most FLOPs where at least 10 % are feasible: width {report.winner.width:g}, "
            f"resolution {report.winner.resolution}"
        )
    if report.ranked:
        console.print(_ranked_table(report))
    if report.unmet:
        console.print(escape(report.unmet), soft_wrap=True)
    if report.sensitivity:
        console.print(_sensitivity_table(report))


def _percentile_table(report: SpaceReport) -> Table:
    table = _table("percentile", "latency s", "IMO %")
    for entry in report.percentiles:
        table.add_row(f"{entry.percent:g}", f"{entry.latency_s:.3f}", f"{entry.imo_percent:.3f}")
    return table


def _setting_table(report: SpaceReport) -> Table:
    table = _table("width", "r", "built %", "feasible %", "MFLOP", "latency s low/mean/high", "IMO % low/mean/high")
    for entry in report.settings:
        table.add_row(
            f"{entry.setting.width:g}",
            f"{entry.setting.resolution}",
            f"{100 * entry.buildable / entry.networks:.2f}",
            f"{100 * entry.feasible_share:.2f}",
            _number(entry.feasible_flops / 1e6, 3),
            _extent(entry.latency_s),
            _extent(entry.imo_percent),
        )
    return table


def _ranked_table(report: SpaceReport) -> Table:
    order = "largest" if report.ranked_by in LARGEST_FIRST else "smallest"
    table = _table("latency s", "IMO %", "overhead s", "energy J", "MMAC", title=f"{order} {report.ranked_by}")
    table.add_column("network", overflow="fold")
    for entry in report.ranked:
        table.add_row(
            f"{entry.latency_s:.3f}",
            f"{entry.imo_percent:.3f}",
            f"{entry.overhead_s:.3f}",
            f"{entry.active_j:.4f}",
            f"{entry.macs / 1e6:.3f}",
            entry.network,
        )
    return table


def _sensitivity_table(report: SpaceReport) -> Table:
    table = _table("parameter", "IMO range", "low %", "high %", "variance share of each block")
    for entry in report.sensitivity:
        shares = "  ".join(_number(share, 2) for share in entry.block_shares)
        table.add_row(
            entry.parameter.value, f"{entry.range_points:.1f}", f"{entry.low:.1f}", f"{entry.high:.1f}", shares
        )
    return table


def _table(*columns: str, title: str | None = None) -> Table:
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False, header_style="bold", title=title, title_justify="left")
    for column in table.columns:
        column.justify = "right"
    return table


def _extent(extent: Extent) -> str:
    return "/".join(_number(value, 1) for value in (extent.low, extent.mean, extent.high))


def _number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
