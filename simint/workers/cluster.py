"""Where tasks run: on a dask cluster (extra `cluster`), by the address of its scheduler."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from simint.errors import InputError

T = TypeVar("T")

_PATIENCE_S = 30.0  # for the scheduler to answer, and for a first worker to be there


class Cluster:
    """The workers of a dask.distributed scheduler.

    A task whose worker is lost is begun again elsewhere by the scheduler itself. Workers need simint of the same
    version, and find files where this process does.
    """

    def __init__(self, address: str) -> None:
        """Raises InputError where the extra is missing, nobody answers, or there are no workers."""
        try:
            import distributed
        except ImportError:
            raise InputError(
                "--cluster needs the package distributed: install simint with its extra `cluster`"
            ) from None
        try:
            client: Any = distributed.Client
            self._client = client(address, timeout=_PATIENCE_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_PATIENCE_S)
        except (OSError, ValueError, TimeoutError) as error:
            raise InputError(f"--cluster {address}: {error}") from None
        self._executor = self._client.get_executor(pure=False)

    @property
    def width(self) -> int:
        """Threads of all workers that are there now."""
        threads: dict[str, int] = self._client.nthreads()
        return max(sum(threads.values()), 1)

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """See `Pool`."""
        future: Future[T] = self._executor.submit(function, *arguments)
        return future

    def died(self, error: BaseException) -> bool:
        """The scheduler gave a task up, after several workers were lost at it."""
        from distributed import KilledWorker

        return isinstance(error, (KilledWorker, CancelledError, OSError))

    def renew(self) -> None:
        """The scheduler has seen to it."""

    def close(self) -> None:
        """Cancel what still runs, and leave the cluster."""
        self._executor.shutdown(wait=False)
        self._client.close()
