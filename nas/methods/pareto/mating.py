"""What pymoo is told about genomes: how children come about. Imports pymoo, so searches import it when they start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pymoo.core.problem
from pymoo.algorithms.moo.nsga2 import binary_tournament
from pymoo.core.algorithm import Algorithm
from pymoo.core.infill import InfillCriterion
from pymoo.core.population import Population
from pymoo.operators.selection.tournament import TournamentSelection
from pymoo.problems.static import StaticProblem

from nas.methods.drawing import Archive, draw_feasible
from nas.methods.pareto.settings import ParetoSettings
from nas.methods.pareto.variation import block_units, cross, gene_units, mutate_genes
from nas.problem.problem import Problem
from nas.space.columns import Floats
from nas.space.genome import Genome, random_genome, sizes

DRAWS = 50  # for every child wanted, until mating counts as exhausted
PARENTS = 64  # pairs selected at a time
# Violation of what could not be measured or has no design at all: beyond any real one, and finite for pymoo.
WORST = 1e9


def pymoo_problem(problem: Problem) -> pymoo.core.problem.Problem:
    """Integer variables, objectives, and one constraint: the violation of the requirements."""
    top = sizes(problem.space) - 1
    return pymoo.core.problem.Problem(
        n_var=len(top), n_obj=len(problem.objectives), n_ieq_constr=1, xl=np.zeros_like(top), xu=top, vtype=int
    )


def tell(algorithm: Algorithm, asked: Population, values: Floats, violations: Sequence[float]) -> None:
    """Give what was asked for its losses (n, objectives) and violations; an unknown loss is the worst violation."""
    unknown = np.logical_not(np.isfinite(values).all(axis=1))
    excess = np.where(unknown, WORST, np.minimum(violations, WORST))
    known = np.where(unknown[:, np.newaxis], 0.0, values)
    answers = StaticProblem(algorithm.problem, F=known, G=excess[:, np.newaxis])
    algorithm.evaluator.eval(answers, asked)
    algorithm.tell(infills=asked)


class Mating(InfillCriterion):  # type: ignore[misc]
    """Binary tournaments, crossover and mutation, until there are enough children that are feasible and new.

    As long as the population has infeasible members, the nearest infeasible children compete with them. Where no child
    of a feasible population is new, random networks come in.
    """

    def __init__(
        self,
        problem: Problem,
        settings: ParetoSettings,
        rates: Floats,
        archive: Archive,
        generator: np.random.Generator,
    ) -> None:
        super().__init__()
        self._problem = problem
        self._settings = settings
        self._rates = rates
        self._archive = archive
        self._generator = generator
        self._options = sizes(problem.space).tolist()
        self._units = (block_units(problem.space), gene_units(problem.space))
        self._selection = TournamentSelection(func_comp=binary_tournament)

    def do(
        self,
        problem: pymoo.core.problem.Problem,
        pop: Population,
        n_offsprings: int,
        *,
        algorithm: object,
        random_state: object = None,
    ) -> Population:
        """Children of a population; fewer where no more are found."""
        genomes: list[Genome] = [tuple(row) for row in pop.get("X").astype(np.int64).tolist()]
        pairs: list[tuple[int, int]] = []

        def child() -> Genome:
            if not pairs:
                chosen = self._selection.do(
                    problem, pop, PARENTS, 2, to_pop=False, algorithm=algorithm, random_state=self._generator
                )
                pairs.extend(map(tuple, chosen.tolist()))
            first, second = pairs.pop()
            return self._child(genomes[first], genomes[second])

        drawn = draw_feasible(self._problem, child, n_offsprings, self._archive, DRAWS * n_offsprings)
        incomplete = bool((pop.get("CV") > 0).any())
        if not drawn.genomes and not incomplete:
            drawn = draw_feasible(self._problem, self._any_network, n_offsprings, self._archive)
        known = set(genomes)
        missed = [genome for genome in drawn.missed if genome not in known] if incomplete else []
        children = [*drawn.genomes, *missed]
        return Population.new("X", np.array(children)) if children else Population.empty()

    def _any_network(self) -> Genome:
        return random_genome(self._problem.space, self._generator)

    def _child(self, first: Genome, second: Genome) -> Genome:
        child = first
        if self._generator.random() < self._settings.crossover:
            child = cross(first, second, self._units[int(self._generator.integers(2))], self._generator)
        return mutate_genes(child, self._options, self._rates, self._generator)
