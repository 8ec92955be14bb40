"""The file of a search: SQLite, one durable transaction for every handful of evaluations.

| table         | holds                                                                                           |
|---------------|-------------------------------------------------------------------------------------------------|
| `study`       | key and value: format, created (UTC), runner, what the search is (`description`, TOML)          |
| `inputs`      | name and hash of everything that an evaluation depends on, versions included                    |
| `evaluations` | genome, word, fidelity, seconds, reason, a column for every cost and measure; NULL where unknown |

A row that was saved survives whatever happens to the process, and the machine's power; one process works on a file at a
time (`simint/database.py`). Genome and fidelity together are unique: the first evaluation stays.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from nas.space.genome import Genome
from nas.store.record import COLUMNS, Record, record_of, row_of
from simint.database import StudyFile, new_database, open_database
from simint.errors import InputError

FORMAT = "simint-search/1"
_NAMES = ", ".join(name for name, _ in COLUMNS)


class SearchStore(StudyFile):
    """An open file of a search that this process may write, used as a context manager."""

    def known(self, fidelity: str) -> dict[Genome, Record]:
        """What was found at a fidelity, by genome."""
        rows = self._connection.execute(f"SELECT {_NAMES} FROM evaluations WHERE fidelity = ?", (fidelity,))
        return {record.evaluation.genome: record for record in map(record_of, rows)}

    def save(self, records: Iterable[Record]) -> None:
        """Write records in one transaction; when this returns they are on the disk.

        A record whose genome and fidelity are there already is left out. Raises InputError where the disk refuses.
        """
        rows = [row_of(record) for record in records]
        if not rows:
            return
        marks = ", ".join("?" * len(COLUMNS))
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany(f"INSERT OR IGNORE INTO evaluations ({_NAMES}) VALUES ({marks})", rows)
        except sqlite3.OperationalError as error:
            raise InputError(f"{self.path}: cannot be written ({error})") from None


def create_store(path: Path, facts: Mapping[str, str], inputs: Mapping[str, str]) -> SearchStore:
    """A new file without evaluations; InputError where the disk refuses. The caller holds `one_writer`."""
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    with new_database(path) as connection:
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS)
        connection.execute("CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
        connection.execute("CREATE TABLE inputs (name TEXT PRIMARY KEY, hash TEXT)")
        connection.execute(
            f"CREATE TABLE evaluations (number INTEGER PRIMARY KEY, {columns}, UNIQUE (genome, fidelity))"
        )
        rows = {"format": FORMAT, "created": created, **facts}.items()
        connection.executemany("INSERT INTO study VALUES (?, ?)", rows)
        connection.executemany("INSERT INTO inputs VALUES (?, ?)", inputs.items())
    return open_store(path)


def open_store(path: Path) -> SearchStore:
    """An existing file, to go on with; InputError where it is none. The caller holds `one_writer`."""
    return SearchStore(path, open_database(path, FORMAT, "search"))


def read_records(path: Path) -> list[Record]:
    """Everything in a file, in the order it was saved, also while a search works on it; InputError where it is none."""
    return [record_of(row) for row in _read(path, f"SELECT {_NAMES} FROM evaluations ORDER BY number")]


def _read(path: Path, question: str) -> list[tuple[float | int | str | None, ...]]:
    if not path.is_file():
        raise InputError(f"{path}: no such search file")
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            row = connection.execute("SELECT value FROM study WHERE key = 'format'").fetchone()
            if row is None or row[0] != FORMAT:
                raise InputError(f"{path}: not a search file of format {FORMAT}" + (f" but of {row[0]}" if row else ""))
            return connection.execute(question).fetchall()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: not a search file ({error})") from None
