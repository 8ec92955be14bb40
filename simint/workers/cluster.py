"""Where tasks run: on a dask cluster (extra `cluster`), by the address of its scheduler."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar
from urllib.parse import urlsplit

from simint.errors import InputError

T = TypeVar("T")

# A first packet that is lost is sent again after 1 s and 3 s (RFC 6298: 1 s, doubled each time).
_CONNECTION_S = 5.0
# Chosen: for the scheduler to say who it is, and for a first worker, which a batch system may be about to start.
_ANSWER_S, _WORKER_S = 10.0, 30.0


class Cluster:
    """The workers of a dask.distributed scheduler.

    A task whose worker is lost is begun again elsewhere by the scheduler itself. Workers need simint of the same
    version, and find files where this process does.
    """

    def __init__(self, address: str) -> None:
        """Says on stderr what it waits for.

        Raises InputError where the extra is missing, no scheduler answers, or there are no workers.
        """
        try:
            import distributed
        except ImportError:
            raise InputError(
                "--cluster needs the package distributed: install simint with its extra `cluster`"
            ) from None
        _require_somebody(address)
        self._address = address
        try:
            client: Any = distributed.Client
            self._client = client(address, timeout=_ANSWER_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise InputError(f"--cluster {address}: no dask scheduler answers there ({error})") from None
        self._wait_for_worker(address)
        self._executor = self._client.get_executor(pure=False)

    def _wait_for_worker(self, address: str) -> None:
        if self._client.nthreads():
            return
        _say(f"waiting for a first worker of {address}, at most {_WORKER_S:g} s")
        try:
            self._client.wait_for_workers(1, timeout=_WORKER_S)
        except TimeoutError:
            self._client.close()
            raise InputError(
                f"--cluster {address}: the scheduler has no worker, nor got one in {_WORKER_S:g} s"
            ) from None

    @property
    def width(self) -> int:
        """Threads of all workers that are there now; InputError where the scheduler has gone."""
        return max(self._threads(), 1)

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """See `Pool`."""
        future: Future[T] = self._executor.submit(function, *arguments)
        return future

    def died(self, error: BaseException) -> bool:
        """The scheduler gave a task up, after several workers were lost at it."""
        from distributed import KilledWorker

        return isinstance(error, (KilledWorker, CancelledError, OSError))

    def renew(self) -> None:
        """The scheduler has seen to it; InputError where that has gone itself."""
        self._threads()

    def _threads(self) -> int:
        """Waits for a scheduler that was lost, as long as for its first answer."""
        try:
            threads: dict[str, int] = self._client.nthreads()
        except (OSError, AttributeError):  # a client that waited in vain, and one that has closed for that
            raise InputError(
                f"--cluster {self._address}: the scheduler has gone; what was finished is kept, go on with the same "
                "command"
            ) from None
        return sum(threads.values())

    def close(self) -> None:
        """Cancel what still runs, and leave the cluster."""
        if self._client.status != "closed":  # as it is where the scheduler has gone; nothing can be cancelled then
            self._executor.shutdown(wait=False)
        self._client.close()


def _require_somebody(address: str) -> None:
    """InputError, sooner than dask's, for an address that is none and where nobody listens."""
    scheme, mark, rest = address.rpartition("://")
    try:
        place = urlsplit(f"//{rest}")
        host, port = place.hostname, place.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise InputError(f"--cluster {address}: an address such as tcp://host:8786 expected")
    if mark and scheme not in ("tcp", "tls", "ws", "wss"):
        return
    _say(f"connecting to the scheduler at {address}, at most {_CONNECTION_S:g} s")
    try:
        with socket.create_connection((host, port), timeout=_CONNECTION_S) as connection:
            answered = scheme not in ("tcp", "") or _greets(connection)
    except TimeoutError:
        answered = False
    except OSError as error:
        raise InputError(f"--cluster {address}: nobody answers there ({error.strerror or error})") from None
    if not answered:
        raise InputError(f"--cluster {address}: no dask scheduler answers there")


def _greets(connection: socket.socket) -> bool:
    """Whether the other side begins as a scheduler does: it speaks first, and says how long its message is.

    Source: distributed 2026.8, comm/core.py (Listener.on_connection) and comm/tcp.py (a length of 64 bits). For a
    message from somebody else dask's own client waits for ever, or takes memory as its first letters say.
    """
    with connection.makefile("rb") as stream:
        first = stream.read(8)
    return len(first) == 8 and int.from_bytes(first, "little") < 2**20


def _say(what: str) -> None:
    print(f"{what} ...", file=sys.stderr, flush=True)
