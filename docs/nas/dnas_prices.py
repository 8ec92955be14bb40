"""The prices of the channel search beside replay: energy, latency and power cycles of whole networks.

    python docs/nas/dnas_prices.py [--out docs/nas/dnas_prices.md]

Model: `nas.hardware.pricing` on msp430fr5994. Replay: compiled, 30 inferences back to back from the bench's source
(5.892 V behind 2800 ohm, harvesting while the device works), and a quarter of an hour of the default traces of the
search command behind the boost charger, for which the model is asked with a weak source (280 kohm).
"""

from __future__ import annotations

import argparse
import math
import statistics
from pathlib import Path

import numpy as np
from dnas_seeds import HAR_SEED, digits_cnn

from nas.channels.groups import channel_groups
from nas.channels.kinds import Counts, permitted_counts
from nas.channels.pruning import resized_network
from nas.fitness.replay import Ready, prepare_replay
from nas.hardware.pricing import network_costs, pricing_of
from nas.problem.evaluation import HardwareCosts
from nas.search.config import ReplayChoice
from nas.search.replaying import load_replays
from nas.space.target import Target, target_settings
from simint.engine.engines import EngineChoice
from simint.engine.run import Run
from simint.engine.workload import Workload
from simint.files import replacing
from simint.network.catalogue import load_network
from simint.network.network import Network
from simint.replay.case import chosen_designs
from simint.scenario import Scenario, TraceChoice
from simint.units import format_quantity

PLATFORM, OHM, WEAK_OHM = "msp430fr5994", 2800.0, 280e3
CAPACITORS = (5e-3, 1e-3, 470e-6, 100e-6)
CYCLES = (0.3, 300.0)  # what lies outside is left out: hardly ever off, or minutes of replay
PRUNED = 4  # networks of random counts from each seed
RECORDED_S = 900.0


def networks() -> list[Network]:
    """Four seed networks and random channel counts of each, at least a quarter of every group."""
    generator = np.random.default_rng(0)
    found = []
    for seed in (digits_cnn(), load_network(HAR_SEED), load_network("mlperf:dscnn"), load_network("mlperf:resnet8")):
        groups = channel_groups(seed)
        found.append(seed)
        for _ in range(PRUNED):
            counts = [int(generator.choice(permitted_counts(size, Counts.SMOOTH, 0.25))) for size in groups.sizes]
            found.append(resized_network(seed, groups, counts))
    return found


def target(capacitance: float, ohm: float) -> Target:
    """The platform at a capacitor and source."""
    return Target(platform=PLATFORM, capacitance=capacitance, resistance=ohm)


def bench(capacitance: float) -> Ready:
    """The bench's source, as many inferences as the workload asks."""
    scenario = Scenario(
        trace=TraceChoice(name="thevenin-bench"),
        supply="thevenin",
        platform=PLATFORM,
        capacitance=capacitance,
        workload=Workload(inferences=30),
        duration=1e7,
    )
    return prepare_replay([scenario], EngineChoice.COMPILED).ready[0]


def ratios(costs: HardwareCosts, run: Run) -> tuple[float, float, float]:
    """Model over replay: energy the device drew, time, and power cycles an inference."""
    done = run.progress
    return (
        costs.active_j * done / run.energy.device,
        costs.latency_s * done / run.duration_s,
        costs.power_cycles * done / len(run.power_cycles),
    )


def replayed(ready: Ready, network: Network) -> Run:
    """A network with the designs that replay chooses itself."""
    return ready.run(network, chosen_designs(ready.scenario, ready.with_network(network)))


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, help="file to replace")
    out = parser.parse_args().out
    text = page()
    if out is None:
        print(text, end="")
        return
    with replacing(out) as draft:
        draft.write_text(text, encoding="utf-8")


def page() -> str:
    """Two tables: the bench's source, and recorded traces."""
    chosen = networks()
    lines = [
        "# Prices of the channel search beside replay",
        "",
        "Made by `docs/nas/dnas_prices.py`. Model over compiled replay: median, and the range in brackets, of the",
        f"networks that take {CYCLES[0]:g} to {CYCLES[1]:g} power cycles; digits CNN, HAR seed, DS-CNN and ResNet8 and "
        f"{PRUNED} random prunings of each.",
        "",
        "The source of the bench, harvesting while the device works:",
        "",
        "| capacitor | networks | power cycles | energy | latency | cycles |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for capacitance in CAPACITORS:
        ready, rows, cycles = bench(capacitance), [], []
        for network in chosen:
            costs = network_costs(network, pricing_of(target(capacitance, OHM)))
            if CYCLES[0] <= costs.power_cycles <= CYCLES[1]:
                rows.append(ratios(costs, replayed(ready, network)))
                cycles.append(costs.power_cycles)
        cells = [
            format_quantity(capacitance, "F"),
            str(len(rows)),
            f"{min(cycles):.2g} to {max(cycles):.0f}",
            *map(spread, zip(*rows, strict=True)),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        f"Recorded traces, {RECORDED_S / 60:.0f} minutes, 470 uF (energy alone: the model's source is constant):",
        "",
        "| trace | networks | energy |",
        "| --- | ---: | ---: |",
    ]
    weak = target(470e-6, WEAK_OHM)
    fitness = prepare_replay(
        load_replays(ReplayChoice(duration=RECORDED_S), target_settings(weak)).scenarios, EngineChoice.COMPILED
    )
    for ready in fitness.ready:
        rows = []
        for network in chosen[::2]:
            run, costs = replayed(ready, network), network_costs(network, pricing_of(weak))
            if run.progress >= 3 and math.isfinite(costs.power_cycles):
                rows.append(ratios(costs, run))
        energies = next(zip(*rows, strict=True))
        lines.append(f"| {ready.scenario.trace.name} | {len(rows)} | {spread(energies)} |")
    return "\n".join(lines) + "\n"


def spread(values: tuple[float, ...]) -> str:
    """Median and range."""
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
