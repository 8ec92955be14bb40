"""The search: proposals pass an analytic gate before anything is trained or emulated, none is measured twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nas.methods.drawing import nothing_feasible
from nas.methods.pareto.variation import cross, gene_units, mutate_genes, mutation_rates
from nas.methods.sc.space import HARDWARE
from nas.problem.evaluation import Evaluation
from nas.problem.objectives import losses
from nas.problem.problem import Problem, Search
from nas.space.columns import Floats
from nas.space.genome import Genome, random_genome, sizes
from simint.errors import InputError

_GIVE_UP = 2000  # proposals without a new design inside the limits, until the search ends


@dataclass(frozen=True, slots=True)
class ScNasSettings:
    """How much to measure and how to vary.

    `evaluations` designs are measured in all, the first `start` of them drawn, `batch` at a time. Later ones are drawn
    with probability `exploration`, else they are children of good designs: with probability `rebuilt` a known network,
    which is trained already, on other hardware; else crossed with probability `crossover`. Then `changes` of the genes
    that are free change on average before one is guaranteed.
    """

    evaluations: int = 60
    start: int = 20
    batch: int = 10
    exploration: float = 0.1
    rebuilt: float = 0.25
    crossover: float = 0.5
    changes: float = 1.0

    def __post_init__(self) -> None:
        if min(self.evaluations, self.start, self.batch) < 1:
            raise InputError("SC-NAS: evaluations, start and batch must be at least 1")
        if not all(0 <= share <= 1 for share in (self.exploration, self.rebuilt, self.crossover)) or self.changes <= 0:
            raise InputError("SC-NAS: exploration, rebuilt and crossover must be 0 to 1, changes positive")


@dataclass(slots=True)
class ScCounts:
    """What became of the proposals of a search: `gated` by its limits, `duplicates` of one measured before."""

    proposed: int = 0
    gated: int = 0
    duplicates: int = 0
    evaluated: int = 0


def sc_nas(problem: Problem, settings: ScNasSettings, generator: np.random.Generator, counts: ScCounts) -> Search:
    """Search the front of the problem's objectives inside its requirements; `counts` are kept up to date.

    Ends early where no new design is found any more. Raises InputError where none meets the requirements at all.
    """
    space = problem.space
    options = [int(size) for size in sizes(space)]
    rates = mutation_rates(space, settings.changes)
    hardware = np.where([gene.name in HARDWARE for gene in space.genes], rates, 0.0)
    units = gene_units(space)
    known: list[Evaluation] = []
    asked: set[Genome] = set()
    gated: list[Genome] = []
    while counts.evaluated < settings.evaluations:
        batch: list[Genome] = []
        ranks = _ranks(losses(problem.objectives, known))
        wanted = min(settings.batch, settings.evaluations - counts.evaluated)
        barren = 0
        while len(batch) < wanted and barren < _GIVE_UP:
            drawn = counts.evaluated + len(batch) < settings.start or generator.random() < settings.exploration
            if drawn or not known:
                proposal = random_genome(space, generator)
            elif hardware.any() and generator.random() < settings.rebuilt:
                proposal = mutate_genes(known[_parent(ranks, generator)].genome, options, hardware, generator)
            else:
                proposal = known[_parent(ranks, generator)].genome
                if generator.random() < settings.crossover:
                    proposal = cross(proposal, known[_parent(ranks, generator)].genome, units, generator)
                proposal = mutate_genes(proposal, options, rates, generator)
            genome = space.canonical(proposal)
            counts.proposed += 1
            barren += 1
            if genome in asked:
                counts.duplicates += 1
            elif not problem.feasible([genome])[0]:
                counts.gated += 1
                gated.append(genome)
            else:
                asked.add(genome)
                batch.append(genome)
                barren = 0
        if not batch:
            if not known:
                raise nothing_feasible(problem, sorted(gated, key=lambda design: _violation(problem, design))[:1])
            return
        counts.evaluated += len(batch)
        known += yield batch


def dominated_by(values: Floats) -> Floats:
    """(n,) how many rows of losses (n, objectives) are as good as a row in all and better in one."""
    as_good = (values[:, None] <= values[None]).all(2)
    better = (values[:, None] < values[None]).any(2)
    found: Floats = (as_good & better).sum(0).astype(np.float64)
    return found


def _ranks(values: Floats) -> Floats:
    """(n,) place of every design: those that fewer dominate first, of these the better by the first objective."""
    if not len(values):
        return np.empty(0)
    places = np.empty(len(values))
    places[np.lexsort((values[:, 0], dominated_by(values)))] = np.arange(len(values))
    return places


def _parent(ranks: Floats, generator: np.random.Generator) -> int:
    """Of two designs the one of the better place."""
    first, second = generator.integers(0, len(ranks), 2).tolist()
    return int(first if ranks[first] <= ranks[second] else second)


def _violation(problem: Problem, genome: Genome) -> float:
    return problem.requirements.violation(problem.hardware.costs([genome])[0])
