"""NSGA-II over genomes, by pymoo: one run gives the whole front instead of one network per requirement.

What meets the requirements comes before what does not, and of the latter the smaller violation first. Costs are asked
before anything is measured, so no infeasible network ever is, and no architecture twice.

K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, IEEE Trans. Evol. Comput. 6(2), 2002, doi:10.1109/4235.996017.
"""

from __future__ import annotations

import numpy as np

from nas.methods.drawing import draw_feasible, new_archive, nothing_feasible
from nas.methods.pareto.settings import ParetoSettings
from nas.methods.pareto.variation import mutation_rates
from nas.problem.objectives import losses
from nas.problem.problem import Problem, Search
from nas.space.genome import Genome, random_genome

FREE_GENERATIONS = 100  # without any feasible child in a row, until the search ends


def pareto(problem: Problem, settings: ParetoSettings, generator: np.random.Generator) -> Search:
    """Search the front of the objectives of the problem; yields at most a population at a time.

    Raises InputError where nothing can be chosen, or nothing feasible was found. Ends early where no feasible network
    is left that was not measured.
    """
    # pymoo takes a second to import.
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.population import Population
    from pymoo.core.termination import NoTermination

    from nas.methods.pareto.mating import Mating, pymoo_problem, tell

    rates = mutation_rates(problem.space, settings.changes, settings.focus)
    archive = new_archive()
    drawn = draw_feasible(problem, lambda: random_genome(problem.space, generator), settings.population, archive)
    start = [*drawn.genomes, *drawn.missed][: settings.population]
    mating = Mating(problem, settings, rates, archive, generator)
    algorithm = NSGA2(pop_size=max(2, len(start)), sampling=Population.new("X", np.array(start)), mating=mating, seed=0)
    algorithm.setup(pymoo_problem(problem), termination=NoTermination())
    algorithm.random_state = generator
    left, empty = settings.evaluations, 0
    while left and empty < FREE_GENERATIONS:
        asked = algorithm.ask()
        if asked is None or not len(asked):
            break
        genomes: list[Genome] = [tuple(row) for row in asked.get("X").astype(np.int64).tolist()]
        violations = [problem.requirements.violation(costs) for costs in problem.hardware.costs(genomes)]
        chosen = [index for index, violation in enumerate(violations) if violation == 0][:left]
        values = np.zeros((len(genomes), len(problem.objectives)))
        if chosen:
            values[chosen] = losses(problem.objectives, (yield [genomes[index] for index in chosen]))
        left -= len(chosen)
        empty = 0 if chosen else empty + 1
        tell(algorithm, asked, values, violations)
    if left == settings.evaluations:
        found = algorithm.pop.get("X")[np.argsort(algorithm.pop.get("CV")[:, 0], kind="stable")]
        raise nothing_feasible(problem, [tuple(row) for row in found.astype(np.int64).tolist()])
