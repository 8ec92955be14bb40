"""What a worker process does: the measures of one candidate after the other, whatever becomes of each."""

from __future__ import annotations

import functools
import pickle
import time
from dataclasses import dataclass
from typing import Protocol

from nas.problem.evaluation import Measures
from nas.space.genome import Genome
from simint.errors import InputError, SimintError
from simint.workers.dispatch import LOST


class Bench(Protocol):
    """Something that measures candidates, ready for many of them."""

    def measures(self, genome: Genome, word: str) -> Measures:
        """The measures of a candidate, the same on every worker; SimintError says why there are none."""


class Recipe(Protocol):
    """How to measure, as data that travels to the workers; `fidelity` names it."""

    @property
    def fidelity(self) -> str:
        """By this name evaluations stand in the store."""

    def open(self) -> Bench:
        """Load and compile what is needed, once for each process."""


@dataclass(frozen=True, slots=True)
class Task:
    """One candidate to measure."""

    genome: Genome
    word: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a candidate; `reason` says why it has no measures."""

    task: Task
    measures: Measures
    seconds: float
    reason: str = ""


def measure_tasks(recipe: bytes, tasks: tuple[Task, ...]) -> list[Finding]:
    """The finding of every task; `recipe`: a pickled `Recipe`, the same bytes for all tasks of a search.

    An error of one candidate, also one that is a defect of the program, is its finding. InputError, which ends the
    search, where the machine is to blame: a full disk, a file that has gone.
    """
    return [_finding(_bench(recipe), task) for task in tasks]


def packed(recipe: Recipe) -> bytes:
    """A recipe on its way to the workers."""
    return pickle.dumps(recipe, protocol=pickle.HIGHEST_PROTOCOL)


def lost(task: Task) -> Finding:
    """The finding of a candidate at which workers die; no store keeps it."""
    return Finding(task, Measures(), 0.0, LOST)


@functools.lru_cache(maxsize=2)
def _bench(recipe: bytes) -> Bench:
    content: Recipe = pickle.loads(recipe)
    return content.open()


def _finding(bench: Bench, task: Task) -> Finding:
    began = time.perf_counter()
    measures, reason = Measures(), ""
    try:
        measures = bench.measures(task.genome, task.word)
    except MemoryError:
        return lost(task)
    except Exception as error:
        words = " ".join(str(error).split())
        reason = words if isinstance(error, SimintError) else f"{type(error).__name__}: {words}"
        if _by_the_machine(error):
            raise InputError(f"{task.word}: {reason}; what was measured is kept, go on with the same command") from None
    return Finding(task, measures, time.perf_counter() - began, reason)


def _by_the_machine(error: BaseException | None) -> bool:
    """Whether an error says nothing of the candidate; those of files are told as InputError, the cause behind it."""
    while error is not None:
        if isinstance(error, OSError):
            return True
        error = error.__context__
    return False
