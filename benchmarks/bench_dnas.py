"""Channel search: time of a search step against a plain training step of the same module, and of the cost tables.

    python benchmarks/bench_dnas.py [--networks mlperf:resnet8 ..] [--steps 30]

One thread. Plain and search steps take turns, so that a busy machine slows both; medians of processor time. A search
step has the masks, both costs (energy from the tables) and the descent of the alphas in it.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from torch.nn import functional

from nas.channels.kinds import FirstAlphas
from nas.channels.masked_module import MaskedModule
from nas.channels.tables import build_tables
from nas.methods.dnas.config import DnasConfig, Objective
from nas.methods.dnas.constraint import CostTerms, first_strengths
from nas.methods.dnas.costs import CostBook
from nas.methods.dnas.joint import joint_optimiser, joint_step
from nas.modules.network_module import build_module
from simint.network.catalogue import load_network

NETWORKS = ("mbconv:digits:w=1.0:r=8:4.3.1.y-4.3.1.y", "mlperf:resnet8", "mlperf:dscnn")
TABLES = ("mlperf:resnet8", "mlperf:dscnn", "mlperf:mobilenetv1-025", "mlperf:autoencoder")
BATCH = 32


def steps(word: str, count: int) -> tuple[float, float]:
    """Milliseconds of a plain and of a search step."""
    network = load_network(word)
    config = DnasConfig(seed_net=word, data="digits", strength=1.0)
    costs = CostBook().costs(config, network)
    limit = 0.5 * costs.seed_memory
    generator = torch.Generator().manual_seed(0)
    plain = build_module(network, generator).train()
    masked = MaskedModule(build_module(network, generator)).train()
    masked.first_alphas(FirstAlphas.RANK)
    optimisers = torch.optim.Adam(plain.parameters(), 1e-3), joint_optimiser(masked, config)
    terms = CostTerms(costs, limit, first_strengths(costs, limit, 1.0, 1.0))
    x = torch.randn(BATCH, *network.input_shape, generator=generator)
    y = torch.randint(0, network.output_shape[0], (BATCH,), generator=generator)

    def train() -> None:
        loss = functional.cross_entropy(plain(x), y)
        optimisers[0].zero_grad()
        loss.backward()
        optimisers[0].step()

    def search() -> None:
        joint_step(masked, optimisers[1], x, y, terms)

    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(count + 5):
        for place, step in enumerate((train, search)):
            began = time.process_time()
            step()
            if number >= 5:
                seconds[place].append(time.process_time() - began)
    return 1e3 * statistics.median(seconds[0]), 1e3 * statistics.median(seconds[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--steps", type=int, default=30)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"batch {BATCH}\nnetwork, plain ms, search ms, ratio")
    for word in arguments.networks:
        plain, search = steps(word, arguments.steps)
        print(f"{word}, {plain:.1f}, {search:.1f}, {search / plain:.2f}")
    print("\ncost tables: network, distinct layers priced, processor seconds, wall seconds")
    for word in TABLES:
        network = load_network(word)
        costs = CostBook().costs(DnasConfig(seed_net=word, data="digits", objective=Objective.MACS), network)
        wall, processor = time.perf_counter(), time.process_time()
        tables = build_tables(network, costs.groups, costs.pricing)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        print(f"{word}, {tables.priced_layers}, {processor:.2f}, {wall:.2f}")


if __name__ == "__main__":
    main()
