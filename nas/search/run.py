"""A search from its first genome to its last, its evaluations computed on workers and kept in a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nas.problem.evaluation import Evaluation, HardwareCosts, Measures
from nas.problem.measuring import Finding, Recipe, Task, lost, measure_tasks, packed
from nas.problem.problem import Problem, Search
from nas.search.progress import SearchProgress
from nas.search.timing import Seconds
from nas.space.genome import Genome
from nas.store.record import Record
from nas.store.store import SearchStore
from simint.workers.dispatch import LOST, Dispatcher
from simint.workers.pool import Pool

_PATIENCE_S = 0.1  # between looks at the workers: chosen, below what a person notices
NO_DESIGN = "no execution design fits this platform and capacitor, or the network exceeds its memory"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search asked for: each genome once, as it was first asked; whether Ctrl-C came before the end.

    `asked`: all of it, repeats included, as the method saw it.
    """

    evaluations: tuple[Evaluation, ...]
    interrupted: bool
    asked: tuple[Evaluation, ...]


class Evaluator:
    """Evaluations of genomes of one problem: from the store where they are, else measured by `recipe` on a pool.

    A genome that cannot run is not measured. Without a recipe an evaluation is its costs.
    """

    def __init__(
        self,
        problem: Problem,
        recipe: Recipe | None,
        store: SearchStore,
        pool: Pool,
        progress: SearchProgress,
        seconds: Seconds,
    ) -> None:
        self._problem, self._store, self._pool = problem, store, pool
        self._progress, self._seconds = progress, seconds
        self._recipe = b"" if recipe is None else packed(recipe)
        self._fidelity = "costs" if recipe is None else recipe.fidelity
        self._stored = store.known(self._fidelity)
        self.known: dict[Genome, Evaluation] = {}

    def evaluations(self, genomes: Sequence[Genome]) -> list[Evaluation]:
        """Evaluations in the order of the genomes, every new one in the store when this returns."""
        new = [genome for genome in dict.fromkeys(genomes) if genome not in self.known]
        costs = dict(zip(new, self._problem.hardware.costs(new), strict=True)) if new else {}
        stored = {genome: self._stored[genome] for genome in new if genome in self._stored}
        self._seconds.again += sum(record.seconds for record in stored.values())
        found = {genome: record.evaluation for genome, record in stored.items()}
        self._compute([genome for genome in new if genome not in stored], costs, found)
        self.known |= {genome: found[genome] for genome in new}
        self._progress.passed(self.known.values())
        return [self.known[genome] for genome in genomes]

    def in_order(self) -> tuple[Evaluation, ...]:
        """Everything asked so far, each genome once."""
        return tuple(self.known.values())

    def _compute(
        self, genomes: Sequence[Genome], costs: dict[Genome, HardwareCosts], found: dict[Genome, Evaluation]
    ) -> None:
        """Measure, save, and add to what was found; a genome without a design is not measured."""
        able = [genome for genome in genomes if costs[genome].latency_s < float("inf")]
        measured = set(able) if self._recipe else set()
        rest = [genome for genome in genomes if genome not in measured]
        words = {genome: self._problem.space.word(genome) for genome in genomes}

        def keep(findings: Sequence[Finding]) -> None:
            records = [
                self._record(
                    finding.task, costs[finding.task.genome], finding.measures, finding.seconds, finding.reason
                )
                for finding in findings
            ]
            # What a dying worker took with it may be there next time.
            self._store.save(record for record in records if record.evaluation.reason != LOST)
            self._seconds.measures += sum(finding.seconds for finding in findings)
            found.update({record.evaluation.genome: record.evaluation for record in records})
            self._progress.passed(self.known.values(), found.values(), len(findings))

        plain = [
            Finding(Task(genome, words[genome]), Measures(), 0.0, "" if genome in able else NO_DESIGN)
            for genome in rest
        ]
        keep(plain)
        tasks = [Task(genome, words[genome]) for genome in genomes if genome in measured]
        dispatcher: Dispatcher[Task, Finding] = Dispatcher(self._pool, measure_tasks, (self._recipe,), tasks, lost)
        try:
            for findings in dispatcher.outcomes(_PATIENCE_S):
                keep(findings)
        except KeyboardInterrupt:
            keep(dispatcher.finished())
            raise

    def _record(self, task: Task, costs: HardwareCosts, measures: Measures, seconds: float, reason: str) -> Record:
        return Record(Evaluation(task.genome, costs, measures, reason), task.word, self._fidelity, seconds)


def run_search(search: Search, evaluator: Evaluator) -> Found:
    """Drive a search to its end, or to Ctrl-C; what was found by then is in the store.

    Running it again over that store asks the same and goes on where it ended. Raises what the method raises.
    """
    asked: list[Evaluation] = []
    try:
        genomes = next(search)
        while True:
            answers = evaluator.evaluations(genomes)
            asked += answers
            genomes = search.send(answers)
    except StopIteration:
        return Found(evaluator.in_order(), False, tuple(asked))
    except KeyboardInterrupt:
        return Found(evaluator.in_order(), True, tuple(asked))
    finally:
        search.close()
