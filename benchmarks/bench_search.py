"""What a search costs: hardware evaluations a second against direct exploration, replays a second, and the shares.

    OMP_NUM_THREADS=1 python benchmarks/bench_search.py

Ratios of one run; the machine and its load are the reader's.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nas.fitness.kernel import kernel_costs
from nas.fitness.replay import prepare_replay
from nas.hardware.model import hardware_model
from nas.search.config import AccuracyChoice, ReplayChoice, SearchConfig
from nas.search.replaying import load_replays
from nas.search.session import search
from nas.space.genome import random_genome
from nas.space.search_space import load_space
from nas.space.target import target_platform, target_settings
from simint.engine.engines import EngineChoice
from simint.workers.pool import Where

NETWORKS = 20


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def fidelities(space_name: str) -> None:
    space = load_space(space_name)
    platform, settings = target_platform(space.target), target_settings(space.target)
    generator = np.random.default_rng(0)
    genomes = [random_genome(space, generator) for _ in range(NETWORKS)]
    networks = [space.network(genome) for genome in genomes]
    model = hardware_model(space)
    table_s = seconds(lambda: model.costs(genomes * 50)) / (50 * NETWORKS)
    kernel_costs(networks[0], platform, settings)
    kernel_s = seconds(lambda: [kernel_costs(network, platform, settings) for network in networks]) / NETWORKS
    print(f"{space_name}: tables {1e6 * table_s:.1f} us a network, kernel {1e3 * kernel_s:.2f} ms, ", end="")
    scenarios = load_replays(ReplayChoice(), settings).scenarios
    for engine in (EngineChoice.COMPILED, EngineChoice.EVENT):
        fitness = prepare_replay(scenarios, engine)
        fitness.replay(networks[0])
        replay_s = seconds(lambda: [fitness.replay(network) for network in networks[:4]]) / 4  # noqa: B023
        print(f"{engine.value} replay on {len(scenarios)} traces {1e3 * replay_s:.0f} ms", end=", ")
    print(f"tables are {kernel_s / table_s:,.0f} times faster than the kernel")


def shares() -> None:
    runs = {
        "hardware alone": SearchConfig(objectives=("latency", "imo", "macs"), evaluations=400, finalists=0),
        "inferences a day": SearchConfig(objectives=("inferences-per-day", "macs"), evaluations=60, finalists=0),
        "supernet, 10 epochs": SearchConfig(evaluations=100, finalists=0, accuracy=AccuracyChoice(epochs=10)),
    }
    for name, config in runs.items():
        with tempfile.TemporaryDirectory() as folder:
            spent = search(config, Path(folder), Where(1)).seconds
        print(
            f"{name}: {spent.wall:.1f} s, preparation {spent.preparing:.1f} s, measures {spent.measures:.1f} s, "
            f"{spent.networks:,} hardware evaluations {spent.hardware:.4f} s, share {100 * spent.hardware_share:.3f} %"
        )


if __name__ == "__main__":
    fidelities("digits")
    fidelities("har")
    shares()
