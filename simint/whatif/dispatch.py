"""Tasks handed out to a pool in handfuls, outcomes taken back as they come, whatever happens to the workers.

A handful is as many points as take about `_HANDFUL_S` together, so that what it costs to send one is little by point,
and what a crash takes back is little too. Where a worker is lost, the points it may have been lost at are tried again
alone, so that one which brings its worker down is found and the others are not blamed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from simint.whatif.outcome import Outcome, Task
from simint.whatif.pool import Pool

# Chosen: sending a handful takes about a millisecond, and a person looks at the bar some five times a second.
_HANDFUL_S = 0.2
_LARGEST = 256
_ALONE = 3  # times that a point is tried alone before its worker's end is its own fault
_LOST = "its worker process died each time, as it does when it is killed or out of memory"

Batch = tuple[Task, ...]


class Dispatcher:
    """Points on their way through a pool; `function(*fixed, tasks)` is called with `fixed` arguments in front.

    `before` is called with the tasks that are about to be handed out, in their order.
    """

    def __init__(
        self,
        pool: Pool,
        function: Callable[..., list[Outcome]],
        fixed: tuple[object, ...],
        tasks: Sequence[Task],
        before: Callable[[Batch], None] = lambda tasks: None,
    ) -> None:
        self._pool, self._function, self._fixed, self._before = pool, function, fixed, before
        self._waiting: deque[Task] = deque(tasks)
        self._suspects: deque[tuple[Batch, int]] = deque()
        self._running: dict[Future[list[Outcome]], tuple[Batch, int]] = {}
        self._seconds_per_point = 0.0

    def outcomes(self, patience_s: float) -> Iterator[list[Outcome]]:
        """Lists of outcomes as they come, empty ones after `patience_s` without any, until every task has one."""
        while self._waiting or self._suspects or self._running:
            self._fill()
            done, _ = wait(self._running, timeout=patience_s, return_when=FIRST_COMPLETED)
            found: list[Outcome] = []
            lost = False
            for future in done:
                batch, attempt = self._running.pop(future)
                outcomes = self._collected(future)
                if outcomes is None:
                    lost = True
                    found += self._suspect(batch, attempt)
                else:
                    self._learn(outcomes)
                    found += outcomes
            if lost:
                found += self._recover()
            yield found

    def finished(self) -> list[Outcome]:
        """Outcomes that are there already, of what still ran when somebody broke off."""
        done = [future for future in self._running if future.done()]
        return [outcome for future in done for outcome in self._collected(future, breaking_off=True) or []]

    def _fill(self) -> None:
        """Hand out tasks: two handfuls a worker, so that none waits for the next; suspects one at a time, alone."""
        if self._suspects:
            if not self._running:
                self._submit(*self._suspects.popleft())
            return
        while self._waiting and len(self._running) < (2 * self._pool.width if self._pool.width > 1 else 1):
            size = min(self._handful(), len(self._waiting))
            batch = tuple(self._waiting.popleft() for _ in range(size))
            self._before(batch)
            self._submit(batch, 0)

    def _submit(self, batch: Batch, attempt: int) -> None:
        self._running[self._pool.submit(self._function, *self._fixed, batch)] = (batch, attempt)

    def _handful(self) -> int:
        if self._seconds_per_point <= 0:
            return 1
        fair = len(self._waiting) // (2 * self._pool.width)
        return max(1, min(int(_HANDFUL_S / self._seconds_per_point), fair, _LARGEST))

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        """How long a point takes: a mean that forgets."""
        mean = sum(outcome.seconds for outcome in outcomes) / len(outcomes)
        self._seconds_per_point = mean if self._seconds_per_point == 0 else 0.7 * self._seconds_per_point + 0.3 * mean

    def _collected(self, future: Future[list[Outcome]], breaking_off: bool = False) -> list[Outcome] | None:
        """The outcomes of a future, None where its worker was lost."""
        try:
            return future.result()
        except Exception as error:
            if breaking_off or self._pool.died(error):
                return None
            raise

    def _suspect(self, batch: Batch, attempt: int) -> list[Outcome]:
        """Tasks whose worker was lost, to be tried alone; the outcome of one that was tried often enough."""
        if len(batch) == 1 and attempt >= _ALONE:
            return [Outcome(batch[0].point, 0.0, None, _LOST)]
        # What ran beside others may be innocent, what ran alone is not: its points go one by one.
        if attempt == 0:
            self._suspects.append((batch, 1))
        else:
            self._suspects.extend(((task,), attempt + 1) for task in batch)
        return []

    def _recover(self) -> list[Outcome]:
        """Where a lost worker has taken all others with it, what they were at is suspect too."""
        self._pool.renew()
        found = []
        for future in [future for future in self._running if future.done()]:
            batch, attempt = self._running.pop(future)
            outcomes = self._collected(future)
            found += self._suspect(batch, attempt) if outcomes is None else outcomes
        return found
