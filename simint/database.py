"""SQLite files that lose nothing that was reported as written, with one process at a time that writes.

Such a file has a table `study` of keys and values; its key `runner` names the process that works on it. Table `inputs`
has name and hash of everything that results depend on. The write-ahead log is synced at every commit
(`synchronous = FULL`). The right to write is an exclusive lock on a database beside the file, which the system gives up
when the process ends in whatever way.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from simint.errors import InputError


class StudyFile:
    """An open file that this process may write, used as a context manager; stores add what theirs hold."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def __enter__(self) -> Self:
        """The file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; nothing is pending. What SQLite could not do in the block becomes an InputError."""
        try:
            close_database(self._connection)
        except sqlite3.DatabaseError as failure:
            error = error or failure
        if isinstance(error, sqlite3.DatabaseError):
            raise InputError(f"{self.path}: damaged, or cannot be read or written ({error})") from None

    def fact(self, key: str) -> str:
        """A value of table `study`, empty where there is none."""
        row = self._connection.execute("SELECT value FROM study WHERE key = ?", (key,)).fetchone()
        return "" if row is None else str(row[0])

    def inputs(self) -> dict[str, str]:
        """Name and hash of everything the recorded results depend on."""
        return dict(self._connection.execute("SELECT name, hash FROM inputs ORDER BY rowid"))


@contextlib.contextmanager
def one_writer(path: Path, what: str) -> Iterator[None]:
    """Hold the one right to work on a file, in this block; InputError where another process has it.

    `what` the file holds, such as `study`, for the message.
    """
    lock = sqlite3.connect(path.with_name(f".{path.name}.lock"), isolation_level=None, timeout=0.0)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" not in str(error):
            raise InputError(f"{path}: cannot be written ({error})") from None
        raise InputError(f"{path}: {_runner(path)} is working on this {what}; wait for it, or stop it") from None
    try:
        yield
    finally:
        lock.close()


@contextlib.contextmanager
def new_database(path: Path) -> Iterator[sqlite3.Connection]:
    """A transaction that fills a new file; it appears complete or not at all. InputError where the disk refuses."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        connection = sqlite3.connect(draft, isolation_level=None)
        with contextlib.closing(connection), connection:
            connection.execute("BEGIN")
            yield connection
        os.replace(draft, path)
    except (sqlite3.OperationalError, OSError) as error:
        raise InputError(f"{path}: cannot be written ({error})") from None
    finally:
        draft.unlink(missing_ok=True)


def open_database(path: Path, form: str, what: str) -> sqlite3.Connection:
    """An existing file of format `form`, to write; InputError where it is none. The caller holds `one_writer`."""
    if not path.is_file():
        raise InputError(f"{path}: no such {what} file")
    connection = sqlite3.connect(path, isolation_level=None, timeout=30.0)
    try:
        row = connection.execute("SELECT value FROM study WHERE key = 'format'").fetchone()
        if row is None or row[0] != form:
            raise InputError(f"{path}: not a {what} file of format {form}" + (f" but of {row[0]}" if row else ""))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        runner = f"process {os.getpid()} on {platform.node()}"
        connection.execute("INSERT OR REPLACE INTO study VALUES ('runner', ?)", (runner,))
        return connection
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.DatabaseError):
            raise InputError(f"{path}: not a {what} file ({error})") from None
        raise


def close_database(connection: sqlite3.Connection) -> None:
    """Close a file that this process wrote; nothing is pending."""
    connection.execute("DELETE FROM study WHERE key = 'runner'")
    # A file that stands alone can be read from anywhere, a write-ahead log needs a folder to write in. A reader that is
    # looking just now keeps the log, which is as well.
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


def _runner(path: Path) -> str:
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            row = connection.execute("SELECT value FROM study WHERE key = 'runner'").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        row = None
    return "another process" if row is None else str(row[0])
