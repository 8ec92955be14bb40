"""Find the best execution design of every layer of a network, and say what the network costs with them.

The command is `simint explore NETWORK`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from simint.cli import guarded
from simint.errors import InputError
from simint.hardware.platform import CostMode, Platform
from simint.hardware.presets import load_platform, load_supply
from simint.hardware.supply import Supply
from simint.hardware.usable import usable_j
from simint.tiling.design import ExecutionDesign
from simint.tiling.objective import Objective
from simint.units import format_quantity, parse_quantity

if TYPE_CHECKING:
    from simint.network.network import Network
    from simint.report.exploration import ExplorationText

PUBLISHED_PLATFORM = "msp430fr5994-tinas2024"
CONSISTENT_PLATFORM = "msp430fr5994"
CONSISTENT_SUPPLY = "thevenin"  # the published bench: 5 mF between 4.535 V and 3.290 V
JSON_FORMAT = "simint-explore/1"
_MEANING = {
    Objective.PUBLISHED: "smallest end-to-end latency of the published model",
    Objective.ENERGY: "smallest active energy with preservation",
    Objective.LATENCY: "shortest time without preservation",
}


def main(argv: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    return guarded(lambda: _run(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simint explore", description=(__doc__ or "").split("\n")[0], allow_abbrev=False
    )
    parser.add_argument("network", metavar="NETWORK", help="a preset, a word such as plain:har:3x8-7x8-3x16, or .json")
    parser.add_argument(
        "--objective",
        choices=[objective.value for objective in Objective],
        help="published: end-to-end latency of the published model; energy: active energy of an inference; "
        "latency: its time without preservation. By default what fits the platform, without a platform published",
    )
    parser.add_argument(
        "--platform",
        help=f"a preset or .toml; default {PUBLISHED_PLATFORM}; energy, latency: {CONSISTENT_PLATFORM}",
    )
    parser.add_argument("--supply", help=f"energy, latency: a preset or .toml; default {CONSISTENT_SUPPLY}")
    parser.add_argument("--capacitor", metavar="C", help="capacitance, such as 470uF")
    parser.add_argument("--v-on", metavar="V", help="turn-on voltage")
    parser.add_argument("--v-off", metavar="V", help="brown-out voltage")
    parser.add_argument("--v-supply", metavar="V", help="published: voltage of the source")
    parser.add_argument(
        "--source-resistance", metavar="R", help="published: of the source; default: as calibrated for the capacitor"
    )
    parser.add_argument("--margin", metavar="SHARE", help="share of the stored energy that a power cycle may plan with")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the designs as JSON for replay --design FILE")
    return parser


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an exploration found. `conditions`: in words; `data`: conditions and results for JSON."""

    designs: tuple[ExecutionDesign, ...]
    conditions: str
    data: dict[str, Any]
    text: ExplorationText


def _run(arguments: argparse.Namespace) -> int:
    from simint.network.catalogue import load_network
    from simint.report.exploration import print_exploration
    from simint.tiling.designs_file import write_designs

    platform, objective = _platform_and_objective(arguments)
    network = load_network(arguments.network)
    if objective is Objective.PUBLISHED:
        outcome = _explore_published(arguments, network, platform)
    else:
        outcome = _explore_consistent(arguments, network, platform, objective)
    if arguments.out is not None:
        write_designs(arguments.out, network.name, network.layers, outcome.designs)
    if arguments.json:
        context = {"format": JSON_FORMAT, "network": network.name, "platform": platform.name, "objective": objective}
        print(json.dumps(context | outcome.data, indent=2, allow_nan=False))
        return 0
    title = f"{network.name} on {platform.name}, objective {objective}: {_MEANING[objective]}"
    print_exploration(title, outcome.conditions, outcome.text)
    if arguments.out is not None:
        print(f"designs written to {arguments.out}")
    return 0


def _platform_and_objective(arguments: argparse.Namespace) -> tuple[Platform, Objective]:
    """What was asked for; whichever is missing follows from the other, and without either it is `published`."""
    given = None if arguments.objective is None else Objective(arguments.objective)
    if arguments.platform is None:
        objective = given or Objective.PUBLISHED
        name = PUBLISHED_PLATFORM if objective is Objective.PUBLISHED else CONSISTENT_PLATFORM
        return load_platform(name), objective
    platform = load_platform(arguments.platform)
    fitting = Objective.PUBLISHED if platform.mode is CostMode.PUBLISHED else Objective.ENERGY
    return platform, given or fitting


def _explore_published(arguments: argparse.Namespace, network: Network, platform: Platform) -> Outcome:
    from simint.report.exploration import published_data, published_text
    from simint.tiling.choose import explore_published
    from simint.tiling.published.electrical import bench_settings

    if arguments.supply is not None:
        raise InputError(
            "--supply belongs to the objectives energy and latency; published takes "
            "--capacitor, --v-on, --v-off, --v-supply and --source-resistance"
        )
    capacitance = _quantity(arguments.capacitor, "F", "--capacitor")
    resistance = _quantity(arguments.source_resistance, "ohm", "--source-resistance")
    changes = {
        "v_supply": _quantity(arguments.v_supply, "V", "--v-supply"),
        "v_on": _quantity(arguments.v_on, "V", "--v-on"),
        "v_off": _quantity(arguments.v_off, "V", "--v-off"),
        "margin": _quantity(arguments.margin, "", "--margin"),
    }
    settings = bench_settings(platform, capacitance, resistance)
    settings = msgspec.structs.replace(
        settings, **{name: value for name, value in changes.items() if value is not None}
    )
    found = explore_published(network, platform, settings)
    conditions = (
        f"{format_quantity(settings.capacitance, 'F')} charged from {settings.v_supply:g} V behind "
        f"{format_quantity(settings.resistance, 'ohm')}, used from {settings.v_on:g} V to {settings.v_off:g} V; "
        f"a power cycle may use {format_quantity(settings.budget_j, 'J')}"
    )
    designs = tuple(layer.design for layer in found.layers if layer.design is not None)
    bench = {"bench": msgspec.to_builtins(settings), "budget_j": settings.budget_j}
    return Outcome(designs, conditions, bench | published_data(found), published_text(found))


def _explore_consistent(
    arguments: argparse.Namespace, network: Network, platform: Platform, objective: Objective
) -> Outcome:
    from simint.report.exploration import plan_data, plan_text
    from simint.tiling.consistent.explorer import MARGIN, explore_network_consistent

    if arguments.v_supply is not None or arguments.source_resistance is not None:
        raise InputError(f"--v-supply and --source-resistance belong to the objective published, not to {objective}")
    supply = _supply(arguments)
    capacitance = supply.capacitor.capacitance
    swing_j = usable_j(supply)
    margin = _quantity(arguments.margin, "", "--margin")
    margin = MARGIN if margin is None else margin
    plan = explore_network_consistent(network, platform, swing_j, margin, objective)
    conditions = (
        f"{format_quantity(capacitance, 'F')} used from {supply.v_on:g} V to {supply.v_off:g} V; "
        f"a batch may use {format_quantity(plan.budget_j, 'J')}"
    )
    bench = {"capacitance": capacitance, "v_on": supply.v_on, "v_off": supply.v_off, "margin": margin}
    return Outcome(plan.designs, conditions, {"bench": bench} | plan_data(plan), plan_text(plan))


def _supply(arguments: argparse.Namespace) -> Supply:
    """The supply preset with the given capacitor and thresholds."""
    supply = load_supply(arguments.supply or CONSISTENT_SUPPLY)
    changes: dict[str, Any] = {}
    if arguments.capacitor is not None:
        capacitance = parse_quantity(arguments.capacitor, "F", "--capacitor")
        changes["capacitor"] = msgspec.structs.replace(supply.capacitor, capacitance=capacitance)
    if arguments.v_on is not None:
        changes["v_on"] = parse_quantity(arguments.v_on, "V", "--v-on")
    if arguments.v_off is not None:
        changes["v_off"] = parse_quantity(arguments.v_off, "V", "--v-off")
    return msgspec.structs.replace(supply, **changes)


def _quantity(text: str | None, dimension: str, option: str) -> float | None:
    return None if text is None else parse_quantity(text, dimension, option)


if __name__ == "__main__":
    raise SystemExit(main())
