"""Evaluations of designs on a pool of workers, in the order they were asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nas.methods.sc.measuring import ScRecipe
from nas.problem.evaluation import Evaluation
from nas.problem.measuring import Finding, Task, lost, measure_tasks, packed
from nas.problem.problem import Problem
from nas.space.genome import Genome
from simint.workers.dispatch import Dispatcher
from simint.workers.pool import Pool

_PATIENCE_S = 0.1

Progress = Callable[[str, int], None]  # is told the name of a stage and its evaluations until then


class Measuring:
    """Measures genomes of a problem by a recipe; an instance counts the evaluations of one stage."""

    def __init__(self, problem: Problem, recipe: ScRecipe, pool: Pool, stage: str, progress: Progress | None) -> None:
        self._problem, self._recipe, self._pool = problem, packed(recipe), pool
        self._stage, self._progress, self._done = stage, progress, 0

    def __call__(self, genomes: Sequence[Genome]) -> list[Evaluation]:
        """Their evaluations; data that are not found raise InputError."""
        tasks = [Task(genome, self._problem.space.word(genome)) for genome in genomes]
        findings: dict[Genome, Finding] = {}
        dispatcher: Dispatcher[Task, Finding] = Dispatcher(self._pool, measure_tasks, (self._recipe,), tasks, lost)
        for some in dispatcher.outcomes(_PATIENCE_S):
            findings.update({finding.task.genome: finding for finding in some})
            self._done += len(some)
            if self._progress is not None:
                self._progress(self._stage, self._done)
        costs = self._problem.hardware.costs(genomes)
        return [
            Evaluation(genome, cost, findings[genome].measures, findings[genome].reason)
            for genome, cost in zip(genomes, costs, strict=True)
        ]
