"""Searches that NSGA-II has to beat with the same number of evaluations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nas.methods.drawing import draw_feasible, new_archive, nothing_feasible
from nas.methods.pareto.front import nondominated
from nas.problem.evaluation import Evaluation
from nas.problem.objectives import losses
from nas.problem.problem import Problem, Search
from nas.space.genome import Genome, Space, random_genome, sizes

BATCH = 64  # networks drawn, and measured, at a time


def random_search(problem: Problem, evaluations: int, generator: np.random.Generator) -> Search:
    """Feasible networks at random, none twice; InputError where none is found.

    Genomes are equally likely, so an architecture that several of them describe is likelier than others.
    """
    archive = new_archive()
    left = evaluations
    while left:
        drawn = draw_feasible(problem, lambda: random_genome(problem.space, generator), min(left, BATCH), archive)
        if not drawn.genomes:
            if left == evaluations:
                raise nothing_feasible(problem, drawn.missed)
            return
        yield drawn.genomes
        left -= len(drawn.genomes)


def local_search(problem: Problem, evaluations: int, generator: np.random.Generator) -> Search:
    """Measure all feasible neighbours of a network of the front so far, one gene apart, until none of it is left.

    Then it starts again at a random network. Raises InputError where no feasible network is found.
    """
    archive = new_archive()
    found: list[Evaluation] = []
    explored: set[Genome] = set()
    left = evaluations
    while left:
        base = _unexplored(problem, found, explored, generator)
        if base is None:
            drawn = draw_feasible(problem, lambda: random_genome(problem.space, generator), 1, archive)
            if not drawn.genomes:
                if not found:
                    raise nothing_feasible(problem, drawn.missed)
                return
            batch = drawn.genomes
        else:
            explored.add(base)
            around = sorted({problem.space.canonical(genome) for genome in neighbours(problem.space, base)})
            order = generator.permutation(len(around)).tolist()
            new = [around[index] for index in order if archive.admit(around[index])]
            meets = problem.feasible(new) if new else []
            batch = [genome for genome, kept in zip(new, meets, strict=True) if kept][:left]
            archive.known.update(batch)
        if batch:
            found += yield batch
            left -= len(batch)


def neighbours(space: Space, genome: Genome) -> Iterator[Genome]:
    """All genomes that differ in one gene."""
    for index, count in enumerate(sizes(space).tolist()):
        for option in range(count):
            if option != genome[index]:
                yield (*genome[:index], option, *genome[index + 1 :])


def _unexplored(
    problem: Problem, found: Sequence[Evaluation], explored: set[Genome], generator: np.random.Generator
) -> Genome | None:
    """One of the front whose neighbours were not asked for."""
    if not found:
        return None
    front = nondominated(losses(problem.objectives, found))
    bases = [entry.genome for entry, on in zip(found, front, strict=True) if on and entry.genome not in explored]
    return bases[int(generator.integers(len(bases)))] if bases else None
