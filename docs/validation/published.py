"""Table 4: the 12 networks published with TiNAS under the published abstract model, and replayed.

Two limits tie the replay to the model: under its assumptions (a shutdown after every batch, no harvest while on, a
recharge at the end) it must give the published intermittent latency, on power that never fails the continuous one.
Then the assumptions go one by one: harvest while on, no forced shutdown, costs and designs of the consistent mode, a
recorded trace in place of a steady source.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from common import Report, Table, error_percent, parser, run
from published_columns import ONE_MILLIFARAD, PUBLISHED_COSTS, Column, columns
from ranks import agreement_table, correlation_table

from simint.engine.event import simulate
from simint.engine.run import Run, Verdict
from simint.engine.workload import Workload
from simint.errors import InputError
from simint.network.catalogue import network_presets
from simint.replay import replay
from simint.replay.case import prepare_case
from simint.scenario import DesignChoice, PolicyChoice, Scenario, TraceChoice, load_parts
from simint.tiling.design import ExecutionDesign
from simint.tiling.schedule import ZERO

SOLUTIONS = "measured_inference_emclab/tinas_solutions.json"
# The columns that are not replays over time: what a failure-free inference takes, and the published latency.
CONTINUOUS, ABSTRACT = "continuous", "abstract"
NOTES = (
    (CONTINUOUS, "replay: power never fails, no progress is preserved"),
    (ABSTRACT, "published: a recharge after every batch, no harvest while on"),
)
# Fewer finished inferences than this say nothing about a mean.
FEWEST = 10


@dataclass(frozen=True)
class Published:
    """What was published of one network; latencies in s, None where the source leaves it out."""

    preset: str
    intermittent_s: float
    continuous_s: float | None
    power_cycles: int | None

    @property
    def requirement(self) -> str:
        """Data set and percentile of the latency that the search had to keep: `har-l25`."""
        return "-".join(self.preset.split("-")[-2:])

    @property
    def dataset(self) -> str:
        """CIFAR10 or HAR."""
        return "CIFAR10" if "cifar10" in self.preset else "HAR"


@dataclass(frozen=True)
class Limits:
    """The published designs, and what replay says of them in the two limits; latencies in s.

    `continuous_j`: energy of an inference without failures. `largest_batch_j`: of the most hungry power cycle, boot
    included, where every batch has its own.
    """

    designs: tuple[ExecutionDesign, ...]
    intermittent_s: float
    continuous_s: float
    power_cycles: int
    continuous_j: float
    largest_batch_j: float


def published_networks(data: Path) -> list[Published]:
    """The 12 networks in the order of the presets."""
    entries = {entry["name"]: entry for entry in json.loads((data / SOLUTIONS).read_text())["networks"]}
    found = [(preset.name, entries.get(preset.source.rpartition("solution ")[2])) for preset in network_presets()]
    return [
        Published(name, entry["lat_intpow_s"], entry.get("lat_contpow_s"), entry.get("power_cycles"))
        for name, entry in found
        if entry is not None
    ]


def limits(network: str) -> Limits:
    """Replay a network's best designs under the published assumptions, and without a power failure."""
    assumed = Scenario(
        trace=TraceChoice(name="thevenin-bench"),
        supply="thevenin",
        platform=PUBLISHED_COSTS,
        network=network,
        policy=PolicyChoice(name="tile-shutdown"),
        workload=Workload(inferences=1),
        initial_voltage=4.535,
        harvest_while_on=False,
        recharge_at_end=True,
    )
    abstract = replay(assumed)
    continuous = _without_failures(network, abstract.designs)
    return Limits(
        designs=abstract.designs,
        intermittent_s=abstract.run.duration_s,
        continuous_s=continuous.duration_s,
        power_cycles=len(abstract.run.power_cycles),
        continuous_j=continuous.energy.device,
        largest_batch_j=max(cycle.energy_j for cycle in abstract.run.power_cycles),
    )


def _without_failures(network: str, designs: tuple[ExecutionDesign, ...]) -> Run:
    """One inference on 1 W, boot and progress records free, batches of one tile: the continuous total (spec 14.2)."""
    scenario = Scenario(
        trace=TraceChoice(name="constant-1mw", scale=1000.0),
        platform=PUBLISHED_COSTS,
        network=network,
        workload=Workload(inferences=1),
        initial_voltage=4.0,
    )
    single = tuple(msgspec.structs.replace(design, s=1) for design in designs)
    case = prepare_case(scenario, load_parts(scenario), single)
    return simulate(replace(case, schedule=replace(case.schedule, boot=ZERO, index_read=ZERO, index_write=ZERO)))


@dataclass(frozen=True)
class Mean:
    """Mean latency of so many inferences back to back, and power cycles for each; infinite where none is finished."""

    latency_s: float
    inferences: int
    power_cycles: float = math.inf

    @property
    def text(self) -> str:
        """The cell of a table."""
        return seconds(self.latency_s) if math.isfinite(self.latency_s) else "never"


def mean_latency(network: Published, column: Column, designs: tuple[ExecutionDesign, ...]) -> Mean:
    """Replay a column. The first inference is left out: it starts from a capacitor that something else has filled.

    Raises InputError where the run is too short for a mean.
    """
    scenario = msgspec.structs.replace(
        column.scenario,
        network=network.preset,
        duration=column.duration_s[network.dataset],
        design=DesignChoice() if column.own_designs else DesignChoice(layers=designs),
    )
    run = replay(scenario).run
    if run.verdict in (Verdict.NONTERMINATION, Verdict.NEVER_ON):
        return Mean(math.inf, 0)
    counted = len(run.finished) - 1
    if counted < FEWEST:
        raise InputError(f"{network.preset}, {column.label}: only {counted + 1} inferences in {run.duration_s:g} s")
    latency_s = (run.finished[-1].end_s - run.finished[0].end_s) / counted
    return Mean(latency_s, counted, len(run.power_cycles) / len(run.finished))


def seconds(value: float) -> str:
    """Three or four digits of a time in s."""
    return f"{value:.2f}" if value < 100 else f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def limits_table(networks: Sequence[Published], found: Sequence[Limits]) -> Table:
    """Published against replayed latency in the two limits."""

    rows = []
    for network, limit in zip(networks, found, strict=True):
        row = [network.preset, _or_blank("{:.0f}", network.power_cycles), f"{limit.power_cycles}"]
        for replayed, published in (
            (limit.intermittent_s, network.intermittent_s),
            (limit.continuous_s, network.continuous_s),
        ):
            error = None if published is None else error_percent(replayed, published)
            row += [_or_blank("{:.3f}", published), f"{replayed:.3f}", _or_blank("{:+.3f} %", error)]
        rows.append(row)
    header = [
        "network",
        "power cycles",
        "replay",
        "intermittent, s",
        "replay",
        "error",
        "continuous, s",
        "replay",
        "error",
    ]
    return Table(header, rows, "**4a. The two limits**")


def _or_blank(form: str, value: float | None) -> str:
    """Blank for what was not published."""
    return "" if value is None else form.format(value)


def causes_table(networks: Sequence[Published], found: Sequence[Limits], tile: Sequence[Mean]) -> Table:
    """What decides the order: energy, the largest batch, and how often the device is off."""
    rows = [
        [
            network.preset,
            f"{1e3 * limit.continuous_j:.1f}",
            f"{1e3 * limit.largest_batch_j:.2f}",
            f"{limit.power_cycles}",
            f"{mean.power_cycles:.2f}",
        ]
        for network, limit, mean in zip(networks, found, tile, strict=True)
    ]
    header = ["network", "continuous, mJ", "largest batch, mJ", "power cycles, abstract", "power cycles, tile"]
    return Table(header, rows, "**4f. Energy and power cycles of an inference**")


def make(data: Path, only: Sequence[str] = (), labels: Sequence[str] = ()) -> Report:
    """The tables; `only`: these networks, `labels`: these columns."""
    known, every = published_networks(data), columns(data)
    _require_known("network", only, [network.preset for network in known])
    _require_known("column", labels, [column.label for column in every])
    networks = [network for network in known if not only or network.preset in only]
    replayed = [column for column in every if not labels or column.label in labels]
    found = [limits(network.preset) for network in networks]
    means = [
        [mean_latency(network, column, limit.designs) for column in replayed]
        for network, limit in zip(networks, found, strict=True)
    ]
    headings = [CONTINUOUS, ABSTRACT, *(column.label for column in replayed)]
    latencies = np.array(
        [
            [limit.continuous_s, network.intermittent_s, *(mean.latency_s for mean in row)]
            for network, limit, row in zip(networks, found, means, strict=True)
        ]
    )
    cells = [
        [network.preset, seconds(limit.continuous_s), seconds(network.intermittent_s), *(mean.text for mean in row)]
        for network, limit, row in zip(networks, found, means, strict=True)
    ]
    large = [at for at, heading in enumerate(headings) if not heading.endswith(ONE_MILLIFARAD)]
    small = [at for at, heading in enumerate(headings) if heading.endswith(ONE_MILLIFARAD)]
    tables = [
        limits_table(networks, found),
        Table(["column", "what it is"], [*NOTES, *((each.label, each.note) for each in replayed)], left=2),
        _latency_table(headings, cells, large, "**4b. Latency, s**; replays: mean, inferences back to back"),
        *([_latency_table(headings, cells, small, "**4c. The same traces on a smaller board**, s")] if small else []),
        correlation_table([headings[at] for at in large], latencies[:, large], "**4d. Rank correlation**"),
        agreement_table(
            headings,
            latencies,
            ABSTRACT,
            [(network.dataset, network.requirement) for network in networks],
            "**4e. Against the abstract model**",
        ),
    ]
    if "tile" in headings:
        at = headings.index("tile") - 2
        tables.append(causes_table(networks, found, [row[at] for row in means]))
    worst = max(
        abs(error_percent(limit.intermittent_s, network.intermittent_s))
        for network, limit in zip(networks, found, strict=True)
    )
    counted = [mean.inferences for row in means for mean in row if mean.inferences]
    fewest = f" Every mean is of at least {min(counted)} inferences." if counted else ""
    summary = (
        f"{len(networks)} networks: replay under the published assumptions is within {worst:.3f} % of them.{fewest}"
    )
    return Report(summary, tables)


def _latency_table(headings: Sequence[str], cells: Sequence[Sequence[str]], chosen: Sequence[int], title: str) -> Table:
    """One row per network, the chosen columns; a row of `cells` begins with the network."""
    rows = [[row[0], *(row[at + 1] for at in chosen)] for row in cells]
    return Table(["network", *(headings[at] for at in chosen)], rows, title)


def _require_known(what: str, asked: Sequence[str], known: Sequence[str]) -> None:
    for name in asked:
        if name not in known:
            raise InputError(f"unknown {what} {name!r}; known: {', '.join(known)}")


def main() -> int:
    """The command."""
    made = parser(__doc__)
    made.add_argument("--networks", nargs="+", default=(), metavar="NAME", help="only these networks")
    made.add_argument("--columns", nargs="+", default=(), metavar="LABEL", help="only these columns")

    def tables(data: Path, options: argparse.Namespace) -> Report:
        return make(data, options.networks, options.columns)

    return run(made, tables)


if __name__ == "__main__":
    sys.exit(main())
