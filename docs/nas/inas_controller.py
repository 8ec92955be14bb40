"""What the controller of iNAS finds in 100 trials beside plain chance, where accuracy is a known function.

    python docs/nas/inas_controller.py [--seeds 10] [--trials 100]

Every network of the space `inas-har` is priced, so the place of what a search returns among all feasible networks is
known, and nothing is trained. The table goes to `inas_controller.md` beside this file.
"""

from __future__ import annotations

import argparse
import functools
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from nas.hardware.deployed import DeployedNetwork, deployed_networks, deployed_target
from nas.hardware.plain_model import plain_model
from nas.hardware.plain_population import every_genome, genome_of
from nas.methods.driving import drive
from nas.methods.inas.search import inas
from nas.methods.inas.settings import AS_PUBLISHED, MENDED, InasSettings, Quirks
from nas.methods.pareto.baselines import local_search, random_search
from nas.problem.evaluation import Evaluation, HardwareCosts, Measures
from nas.problem.objectives import Requirements, objective
from nas.problem.problem import Problem, Search
from nas.space import PlainSpace, load_space
from nas.space.genome import Genome, random_genome
from simint.files import replacing

SPACE, CAPACITANCE = "inas-har", 5e-3
CEILING_PERCENT = 95.0  # of the made-up accuracies
QUIRKS = [field.name for field in fields(Quirks) if field.name != "zero_weights"]

Accuracy = Callable[[Genome, HardwareCosts, int], float]  # by the seed, too
Searcher = Callable[[Problem, int, np.random.Generator], Search]


@dataclass(frozen=True)
class Known:
    """Costs of all networks of the space, as a hardware model."""

    every: dict[Genome, HardwareCosts]

    def costs(self, genomes: Sequence[Genome]) -> list[HardwareCosts]:
        """Looked up."""
        return [self.every[genome] for genome in genomes]


@dataclass(frozen=True)
class Outcome:
    """One search: feasible networks better than its best (%), points behind the best of all, networks it measured.

    A search that finds nothing feasible is behind all.
    """

    better_percent: float
    behind: float
    measured: int


def main() -> None:
    """The command; see the top of the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=100)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    text = page(arguments.seeds, arguments.trials)
    with replacing(Path(__file__).with_suffix(".md")) as draft:
        draft.write_text(text, encoding="utf-8")
    print(text)


def page(seeds: int, trials: int) -> str:
    """All tables."""
    space = load_space(SPACE)
    assert isinstance(space, PlainSpace)
    asked = [d for d in deployed_networks() if d.space == SPACE and d.capacitance == CAPACITANCE]
    known = priced(space, asked[0])
    requirements = ", ".join(f"{deployed.requirement:g}" for deployed in asked)
    lines = [
        "# The controller of iNAS where accuracy is a known function",
        "",
        f"Made by `docs/nas/inas_controller.py --seeds {seeds} --trials {trials}`: space `{SPACE}` at 5 mF,",
        f"all {len(known.every)} networks priced, the published requirements {requirements} s, {seeds} seeds each;",
        "a row is the mean of all. `better`: share of the feasible networks better than the one returned (chance: the",
        "best of n draws leaves 100/(n + 1)). `behind`: points of accuracy behind the best feasible one. `measured`:",
        "networks a search would have trained; what misses a requirement is not trained and costs a trial all the",
        "same, except where feasible networks are drawn. `as published` trains again what it proposes again.",
    ]
    for title, accuracy in ((_BY_MACS, by_macs), (_BY_GENES, by_genes)):
        lines += ["", f"## {title}", "", "| search | better % | worst run % | behind | measured |"]
        lines += ["| --- |" + " ---: |" * 4]
        for name, searcher in searchers().items():
            found = [
                outcome(space, known, deployed.requirement, accuracy, searcher, seed, trials)
                for deployed in asked
                for seed in range(seeds)
            ]
            lines.append(_row(name, found))
            print(lines[-1], flush=True)
    return "\n".join([*lines, ""])


_BY_MACS = "Accuracy saturates with multiplications"
_BY_GENES = "Accuracy is a sum over the choices, with gains drawn anew for every seed"


def by_macs(_genome: Genome, costs: HardwareCosts, _seed: int) -> float:
    """Percent: the ceiling approached exponentially, half of the space (173,000 MACs) within 63 % of it."""
    return CEILING_PERCENT * (1.0 - math.exp(-costs.macs / 173e3))


def by_genes(genome: Genome, _costs: HardwareCosts, seed: int) -> float:
    """Percent: every choice adds a number of its own, without order, so that no cost tells where to look."""
    gains = _gains(len(genome), seed)
    return 50.0 + math.fsum(float(gains[place, option]) for place, option in enumerate(genome))


@functools.cache
def _gains(genes: int, seed: int) -> np.ndarray:
    return np.random.default_rng([seed, genes]).random((genes, 4)) * 45.0 / genes


def searchers() -> dict[str, Searcher]:
    """By name; the controller mended, as published, with each defect alone, beyond both; and what it has to beat."""
    found: dict[str, Searcher] = {"controller, mended": controller(MENDED), "as published": controller(AS_PUBLISHED)}
    for quirk in QUIRKS:
        found[f"mended but for `{quirk}`"] = controller(replace(MENDED, **{quirk: True}))
    found["mended, decisions drawn"] = controller(MENDED, sampled=True)
    found["mended, decisions drawn, no exploration"] = controller(MENDED, sampled=True, exploration=0.0)
    found["random, as many trials"] = random_trials
    found["random among the feasible"] = random_search
    found["local search among the feasible"] = local_search
    return found


def controller(quirks: Quirks, **changed: float) -> Searcher:
    """The search with these quirks."""

    def begin(problem: Problem, trials: int, generator: np.random.Generator) -> Search:
        return inas(problem, replace(InasSettings(trials=trials), **changed), generator, quirks)

    return begin


def random_trials(problem: Problem, trials: int, generator: np.random.Generator) -> Search:
    """Draw that many networks, measure those that meet the requirements."""
    drawn = dict.fromkeys(random_genome(problem.space, generator) for _ in range(trials))
    for genome in drawn:
        if problem.feasible([genome])[0]:
            yield [genome]


def priced(space: PlainSpace, deployed: DeployedNetwork) -> Known:
    """All networks of the space for the target of a deployed one."""
    model = plain_model(space, deployed_target(deployed))
    genomes = [genome_of(row) for chunk in every_genome(space) for row in chunk]
    return Known(dict(zip(genomes, model.costs(genomes), strict=True)))


def outcome(
    space: PlainSpace, known: Known, latency_s: float, accuracy: Accuracy, searcher: Searcher, seed: int, trials: int
) -> Outcome:
    """One search and its place among all feasible networks."""
    problem = Problem(space, known, Requirements(latency_s=latency_s), (objective("accuracy"),))
    feasible = [accuracy(g, costs, seed) for g, costs in known.every.items() if problem.requirements.met_by(costs)]

    def measure(genomes: Sequence[Genome]) -> list[Evaluation]:
        return [
            Evaluation(genome, costs, Measures(accuracy(genome, costs, seed)))
            for genome, costs in zip(genomes, known.costs(genomes), strict=True)
        ]

    found = drive(searcher(problem, trials, np.random.default_rng(seed)), measure)
    best = max((entry.measures.accuracy_percent for entry in found), default=min(feasible))
    better = sum(other > best for other in feasible)
    return Outcome(100.0 * better / len(feasible), max(feasible) - best, len(found))


def _row(name: str, found: Sequence[Outcome]) -> str:
    better = [entry.better_percent for entry in found]
    behind = statistics.mean(entry.behind for entry in found)
    measured = statistics.mean(entry.measured for entry in found)
    return f"| {name} | {statistics.mean(better):.2f} | {max(better):.1f} | {behind:.2f} | {measured:.1f} |"


if __name__ == "__main__":
    main()
