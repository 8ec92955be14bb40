"""Tasks handed out to a pool in handfuls, outcomes taken back as they come, whatever happens to the workers.

A handful is as many tasks as take about `_HANDFUL_S` together, so that what it costs to send one is little by task,
and what a crash takes back is little too. Where a worker is lost, the tasks it may have been lost at are tried again
alone, so that one which brings its worker down is found and the others are not blamed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from simint.workers.pool import Pool

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")

LOST = "its worker process died each time, as it does when it is killed or out of memory"

# Chosen: sending a handful takes about a millisecond, and a person looks at the bar some five times a second.
_HANDFUL_S = 0.2
_LARGEST = 256
_ALONE = 3  # times that a task is tried alone before its worker's end is its own fault


@dataclass(frozen=True, slots=True)
class _Handful(Generic[Task]):
    """Tasks sent together; `attempt`: how often they were under suspicion before."""

    tasks: tuple[Task, ...]
    attempt: int


@dataclass(frozen=True, slots=True)
class _Done(Generic[Outcome]):
    """What came of a handful, and how long its worker took."""

    outcomes: list[Outcome]
    seconds: float


class Dispatcher(Generic[Task, Outcome]):
    """Tasks on their way through a pool.

    `function(*fixed, tasks)`, a function of a module that workers can import, gives a list of outcomes for a tuple of
    tasks; what it raises ends everything. `lost(task)`: the outcome of a task that brings its worker down each time
    (`LOST` says so in words). `before` is called with the tasks that are about to be handed out, in their order.
    """

    def __init__(
        self,
        pool: Pool,
        function: Callable[..., list[Outcome]],
        fixed: tuple[object, ...],
        tasks: Sequence[Task],
        lost: Callable[[Task], Outcome],
        before: Callable[[tuple[Task, ...]], None] = lambda tasks: None,
    ) -> None:
        self._pool, self._function, self._fixed = pool, function, fixed
        self._lost, self._before = lost, before
        self._waiting: deque[Task] = deque(tasks)
        self._suspects: deque[_Handful[Task]] = deque()
        self._running: dict[Future[_Done[Outcome]], _Handful[Task]] = {}
        self._seconds_per_task = 0.0

    def outcomes(self, patience_s: float) -> Iterator[list[Outcome]]:
        """Lists of outcomes as they come, empty ones after `patience_s` without any, until every task has one."""
        while self._waiting or self._suspects or self._running:
            self._fill()
            done, _ = wait(self._running, timeout=patience_s, return_when=FIRST_COMPLETED)
            found: list[Outcome] = []
            lost = False
            for future in done:
                handful = self._running.pop(future)
                result = self._collected(future)
                if result is None:
                    lost = True
                    found += self._suspect(handful)
                else:
                    self._learn(result)
                    found += result.outcomes
            if lost:
                found += self._recover()
            yield found

    def finished(self) -> list[Outcome]:
        """Outcomes that are there already, of what still ran when somebody broke off."""
        results = [self._collected(future, breaking_off=True) for future in self._running if future.done()]
        return [outcome for result in results if result is not None for outcome in result.outcomes]

    def _fill(self) -> None:
        """Hand out tasks: two handfuls a worker, so that none waits for the next; suspects one at a time, alone."""
        if self._suspects:
            if not self._running:
                self._submit(self._suspects.popleft())
            return
        while self._waiting and len(self._running) < (2 * self._pool.width if self._pool.width > 1 else 1):
            size = min(self._size(), len(self._waiting))
            tasks = tuple(self._waiting.popleft() for _ in range(size))
            self._before(tasks)
            self._submit(_Handful(tasks, 0))

    def _submit(self, handful: _Handful[Task]) -> None:
        future: Future[_Done[Outcome]] = self._pool.submit(_timed, self._function, *self._fixed, handful.tasks)
        self._running[future] = handful

    def _size(self) -> int:
        if self._seconds_per_task <= 0:
            return 1
        fair = len(self._waiting) // (2 * self._pool.width)
        return max(1, min(int(_HANDFUL_S / self._seconds_per_task), fair, _LARGEST))

    def _learn(self, done: _Done[Outcome]) -> None:
        """How long a task takes: a mean that forgets."""
        mean = done.seconds / max(len(done.outcomes), 1)
        self._seconds_per_task = mean if self._seconds_per_task == 0 else 0.7 * self._seconds_per_task + 0.3 * mean

    def _collected(self, future: Future[_Done[Outcome]], breaking_off: bool = False) -> _Done[Outcome] | None:
        """What came of a handful, None where its worker was lost."""
        try:
            return future.result()
        except Exception as error:
            if breaking_off or self._pool.died(error):
                return None
            raise

    def _suspect(self, handful: _Handful[Task]) -> list[Outcome]:
        """Tasks whose worker was lost, to be tried alone; the outcome of one that was tried often enough."""
        tasks, attempt = handful.tasks, handful.attempt
        if len(tasks) == 1 and attempt >= _ALONE:
            return [self._lost(tasks[0])]
        # What ran beside others may be innocent, what ran alone is not: its tasks go one by one.
        if attempt == 0:
            self._suspects.append(_Handful(tasks, 1))
        else:
            self._suspects.extend(_Handful((task,), attempt + 1) for task in tasks)
        return []

    def _recover(self) -> list[Outcome]:
        """Where a lost worker has taken all others with it, what they were at is suspect too."""
        self._pool.renew()
        found: list[Outcome] = []
        for future in [future for future in self._running if future.done()]:
            handful = self._running.pop(future)
            result = self._collected(future)
            found += self._suspect(handful) if result is None else result.outcomes
        return found


def _timed(function: Callable[..., list[Outcome]], *arguments: object) -> _Done[Outcome]:
    """In a worker: a handful of tasks, and how long it took."""
    began = time.perf_counter()
    outcomes = function(*arguments)
    return _Done(outcomes, time.perf_counter() - began)
