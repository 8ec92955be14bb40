"""The end of a search: its front, and the front judged again by every dearer fidelity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nas.fitness.kernel import kernel_costs
from nas.fitness.promotion import Fidelity, Round, promote
from nas.fitness.replay import DAY_S
from nas.methods.pareto.front import front_of
from nas.problem.evaluation import Evaluation, Measures
from nas.problem.problem import Problem
from nas.search.recipes import joined
from nas.search.run import Evaluator
from nas.search.spread import spread
from nas.space.genome import Genome
from simint.hardware.platform import Platform
from simint.tiling.published.electrical import ElectricalSettings


@dataclass(frozen=True, slots=True)
class Finalist:
    """A network of the front: its word, its evaluation with compiled replay added, and what SimPy says of it.

    `checked` is all NaN where it was not among those that were replayed.
    """

    word: str
    evaluation: Evaluation
    checked: Measures


@dataclass(frozen=True, slots=True)
class Finals:
    """The front by latency, and the rounds of its judgement: tables, kernel, compiled replay, SimPy.

    `choice`: the one network that the method returns, where it returns one.
    """

    front: tuple[Finalist, ...]
    choice: Finalist | None
    rounds: tuple[Round, ...]


def search_front(problem: Problem, evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """The feasible evaluations that no other beats in the objectives of the problem, by latency."""
    feasible = [entry for entry in evaluations if not entry.reason and problem.requirements.met_by(entry.costs)]
    return sorted(front_of(problem.objectives, feasible), key=lambda entry: (entry.costs.latency_s, entry.genome))


def judge(
    problem: Problem,
    front: Sequence[Evaluation],
    choice: Evaluation | None,
    finalists: int,
    priced_for: tuple[Platform, ElectricalSettings],
    compiled: Evaluator,
    simpy: Evaluator,
) -> Finals:
    """Replay `finalists` of the front, spread evenly over it, and the method's choice.

    The fidelities are compared by the time of an inference; in a replay that is the mean, charging included, of the
    median trace.
    """
    chosen = spread([entry.genome for entry in front], finalists)
    if choice is not None and finalists and choice.genome not in chosen:
        chosen.append(choice.genome)
    space = problem.space

    def direct(genomes: Sequence[Genome]) -> list[float]:
        return [kernel_costs(space.network(genome), *priced_for).latency_s for genome in genomes]

    def replayed(evaluator: Evaluator, genomes: Sequence[Genome]) -> list[float]:
        rates = [entry.measures.inferences_per_day for entry in evaluator.evaluations(genomes)]
        return [DAY_S / rate if rate > 0 else math.inf for rate in rates]

    rounds: tuple[Round, ...] = ()
    if chosen:
        everybody = [len(chosen)] * 3
        fidelities = (
            Fidelity("tables", lambda genomes: [costs.latency_s for costs in problem.hardware.costs(genomes)]),
            Fidelity("kernel", direct),
            Fidelity("compiled replay", lambda genomes: replayed(compiled, genomes)),
            Fidelity("SimPy replay", lambda genomes: replayed(simpy, genomes)),
        )
        rounds = promote(chosen, fidelities, everybody)

    def finalist(entry: Evaluation) -> Finalist:
        fast, slow = compiled.known.get(entry.genome), simpy.known.get(entry.genome)
        measures = joined(fast.measures, entry.measures) if fast is not None else entry.measures
        evaluation = Evaluation(entry.genome, entry.costs, measures, fast.reason if fast is not None else "")
        return Finalist(space.word(entry.genome), evaluation, slow.measures if slow else Measures())

    return Finals(tuple(finalist(entry) for entry in front), None if choice is None else finalist(choice), rounds)
