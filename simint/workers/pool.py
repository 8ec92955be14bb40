"""Where tasks run: in this process, or in several that end with it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Protocol, TypeVar

from simint.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Where:
    """Where tasks run: `jobs` processes of this machine (0: one a core), or the workers of a dask `cluster`."""

    jobs: int = 0
    cluster: str = ""


EVERY_CORE = Where()


class Pool(Protocol):
    """Something that runs functions elsewhere."""

    @property
    def width(self) -> int:
        """How many run at once."""

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Begin a call; what it raises comes out of the future."""

    def died(self, error: BaseException) -> bool:
        """Whether an error says that a worker was lost, and not what its function raised."""

    def renew(self) -> None:
        """Be ready again after workers were lost."""

    def close(self) -> None:
        """End, without waiting for what still runs."""


class Here:
    """This process, one call at a time."""

    width = 1

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Call it now."""
        future: Future[T] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def died(self, error: BaseException) -> bool:
        """Never."""
        return False

    def renew(self) -> None:
        """Nothing is ever lost."""

    def close(self) -> None:
        """Nothing runs any more."""


class Processes:
    """Worker processes on this machine, started afresh (`spawn`), with numba's threads and all to themselves.

    They end when this process does, in whatever way: each watches a pipe whose other end only this process holds.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._executor, self._leash = _start(width)
        self._first = self._executor.submit(os.getpid)

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """See `Pool`."""
        try:
            return self._executor.submit(function, *arguments)
        except BrokenExecutor as error:
            # A worker was lost between two calls.
            future: Future[T] = Future()
            future.set_exception(error)
            return future

    def died(self, error: BaseException) -> bool:
        """One lost process takes the others with it."""
        return isinstance(error, (BrokenExecutor, CancelledError))

    def renew(self) -> None:
        """New processes; InputError where not even the first one came up."""
        self.close()
        if self._first.cancelled() or self._first.exception() is not None:
            raise InputError(
                'worker processes cannot be started; a script that uses them needs `if __name__ == "__main__":` '
                "around what it does, or ask for one job"
            )
        self._executor, self._leash = _start(self.width)

    def close(self) -> None:
        """Let go of the workers; they end at once, in the middle of a task."""
        self._leash.close()
        self._executor.shutdown(wait=True, cancel_futures=True)


def _start(width: int) -> tuple[Executor, Connection]:
    context = get_context("spawn")
    end, leash = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(width, mp_context=context, initializer=_begin, initargs=(end,))
    return executor, leash


def _begin(end: Connection) -> None:
    """In a worker: Ctrl-C is for the process that started it, and without that process it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(end,), daemon=True).start()


def _end_with(end: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        end.recv()
    os._exit(1)


def require_reachable(where: Where) -> None:
    """InputError where a cluster cannot be reached: to know it before long work that comes first."""
    if where.cluster:
        make_pool(where, 1).close()


def make_pool(where: Where, tasks: int | None = None) -> Pool:
    """Where so many tasks run, or any number of them; InputError where a cluster cannot be reached."""
    if where.cluster:
        from simint.workers.cluster import Cluster

        return Cluster(where.cluster)
    jobs = where.jobs or _cores()
    if tasks is not None:
        jobs = min(jobs, max(tasks, 1))
    return Here() if jobs == 1 else Processes(jobs)


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
