"""Exact statistics of every network of a search space: `python -m nas.space NAME|FILE.toml`."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nas.hardware.options import add_target_options, target_from
from nas.space.mbconv_space import MbconvSpace
from nas.space.plain_space import PlainSpace
from nas.space.search_space import load_space, published_spaces
from nas.space.target import Target
from simint.cli import Parser, guarded
from simint.errors import InputError
from simint.units import parse_percent, parse_quantity

if TYPE_CHECKING:
    from nas.hardware.model import AnyModel
    from nas.space.population import Constraints
    from nas.space.report import RankedNetwork, SpaceReport
    from nas.space.table import SpaceTable

PERCENTS = "0,1,2,5,10,25,50,75,90,95,98,99,100"
RANKED_BY = ("latency", "imo", "active", "energy", "macs", "flops")


def main(argv: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    return guarded(lambda: _run(_parser().parse_args(argv)))


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nas.space",
        description="Exact statistics of every network of a search space: percentiles of latency and of "
        "intermittency management overhead (IMO), and what each network-level choice offers under constraints.",
        allow_abbrev=False,
    )
    parser.add_argument("space", metavar="SPACE", help=f"{', '.join(published_spaces())}, or a TOML file")
    parser.add_argument(
        "--percentiles",
        default=PERCENTS,
        metavar="LIST",
        help=f"interpolated linearly between neighbours; default {PERCENTS}",
    )
    parser.add_argument("--latency", metavar="T", help="constraint: end-to-end latency at most T, such as 18.5s")
    parser.add_argument("--imo", metavar="PERCENT", help="constraint: IMO at most this, such as 30")
    parser.add_argument("--no-storage", action="store_true", help="do not ask that networks fit into NVM")
    parser.add_argument("--top", type=int, metavar="N", help="list the N best networks within constraints")
    parser.add_argument("--by", choices=RANKED_BY, default="imo", help="what --top goes by, default imo")
    parser.add_argument("--sensitivity", action="store_true", help="add the IMO sensitivity study of TiNAS")
    parser.add_argument(
        "--front", type=Path, metavar="FILE.csv", help="write the Pareto front of latency, IMO and -MACs"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table of the space, .csv or .npz")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    add_target_options(parser)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    percents = _percents(arguments.percentiles)
    if arguments.top is not None and not 1 <= arguments.top <= 100_000:
        raise InputError(f"--top: 1 to 100000 networks, got {arguments.top}")
    latency = math.inf if arguments.latency is None else parse_quantity(arguments.latency, "s", "--latency")
    imo = math.inf if arguments.imo is None else parse_percent(arguments.imo, "--imo")
    for option, limit in (("latency", latency), ("imo", imo)):
        if not limit > 0:
            raise InputError(f"--{option}: must be positive, got {getattr(arguments, option)}")
    space = load_space(arguments.space)
    target = target_from(arguments, space.target)

    # Compiled code is loaded only now, so that help and wrong input answer at once.
    from nas.space.files import LIST_ENDINGS, TABLE_ENDINGS, check_target, write_networks
    from nas.space.population import Constraints
    from nas.space.report import print_report, report_json

    if arguments.out is not None:
        check_target(arguments.out, "a table", TABLE_ENDINGS)
    if arguments.front is not None:
        check_target(arguments.front, "a front", LIST_ENDINGS)
    constraints = Constraints(latency, imo, not arguments.no_storage)
    if isinstance(space, MbconvSpace):
        report, front = _mbconv(space, target, arguments, percents, constraints)
    else:
        report, front = _plain(space, target, arguments, percents, constraints)
    if arguments.front is not None:
        write_networks(front, arguments.front)
    if arguments.json:
        print(report_json(report))
    else:
        print_report(report)
    return 0


def _mbconv(
    space: MbconvSpace, target: Target, arguments: argparse.Namespace, percents: list[float], constraints: Constraints
) -> tuple[SpaceReport, tuple[RankedNetwork, ...]]:
    """Statistics, and the front where it is asked for; writes the table where that is."""
    from nas.hardware.table_model import TableModel
    from nas.space.files import write_table
    from nas.space.layer_prices import Power
    from nas.space.pareto import pareto_front
    from nas.space.report import ranked_networks, space_report
    from nas.space.table import build_table

    table = build_table(space, target)
    top = arguments.top or 0
    report = space_report(table, percents, constraints, top, arguments.by, sensitivity=arguments.sensitivity)
    if not any(entry.feasible for entry in report.settings):
        limited = table if constraints.storage else _with_any_storage(table)
        report = _with_unmet(report, TableModel(limited, Power.INTERMITTENT))
    if arguments.out is not None:
        write_table(table, arguments.out)
    if arguments.front is None:
        return report, ()
    return report, ranked_networks(table, pareto_front(table, constraints))


def _plain(
    space: PlainSpace, target: Target, arguments: argparse.Namespace, percents: list[float], constraints: Constraints
) -> tuple[SpaceReport, tuple[RankedNetwork, ...]]:
    """As `_mbconv`; a plain space has no table of blocks."""
    from nas.hardware.plain_model import plain_model
    from nas.hardware.plain_report import plain_front, plain_report
    from nas.space.layer_prices import Power

    for option in ("sensitivity", "out", "no_storage"):
        if getattr(arguments, option):
            raise InputError(
                f"--{option.replace('_', '-')}: for spaces of kind mbconv, {space.name!r} is of kind plain"
            )
    model = plain_model(space, target, Power.INTERMITTENT)
    report = _with_unmet(plain_report(model, percents, constraints, arguments.top or 0, arguments.by), model)
    return report, plain_front(model, constraints) if arguments.front is not None else ()


def _with_unmet(report: SpaceReport, model: AnyModel) -> SpaceReport:
    """The report, and where no network meets its constraints the best that is attainable."""
    from nas.hardware.attainable import unmet
    from nas.problem.objectives import Requirements

    limits = report.constraints
    line = unmet(model, Requirements(latency_s=limits.latency_s, imo_percent=limits.imo_percent))
    return msgspec.structs.replace(report, unmet=line)


def _with_any_storage(table: SpaceTable) -> SpaceTable:
    """The table for a platform whose NVM holds every network."""
    most = 2**53  # whole numbers up to here are exact as floats
    memory = msgspec.structs.replace(
        table.platform.memory, nvm_bytes=most, nvm_feature_bytes=most, nvm_weight_bytes=most
    )
    return replace(table, platform=msgspec.structs.replace(table.platform, memory=memory))


def _percents(text: str) -> list[float]:
    return [parse_quantity(word, "", "--percentiles") for word in text.split(",")]


if __name__ == "__main__":
    raise SystemExit(main())
