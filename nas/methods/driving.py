"""Running a search to its end in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nas.problem.evaluation import Evaluation, Measures
from nas.problem.problem import Problem, Search
from nas.space.genome import Genome

Measure = Callable[[Sequence[Genome]], Sequence[Evaluation]]


def drive(search: Search, measure: Measure) -> list[Evaluation]:
    """All evaluations of a search, in the order it asked for them."""
    found: list[Evaluation] = []
    try:
        genomes = next(search)
        while True:
            answers = measure(genomes)
            found += answers
            genomes = search.send(answers)
    except StopIteration:
        return found


def costs_alone(problem: Problem, genomes: Sequence[Genome]) -> list[Evaluation]:
    """Evaluations where no objective is measured: nothing but the costs, which are free."""
    costs = problem.hardware.costs(genomes)
    return [Evaluation(genome, cost, Measures()) for genome, cost in zip(genomes, costs, strict=True)]
