"""Running a search to its end in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nas.problem.evaluation import Evaluation
from nas.problem.problem import Search
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
