"""The study file: SQLite, one durable transaction for every handful of finished points.

| table     | holds                                                                      |
|-----------|----------------------------------------------------------------------------|
| `study`   | key and value: format, description (TOML), created (UTC), runner           |
| `inputs`  | name and hash of everything that a result depends on, see `resolve.py`     |
| `varied`  | the varied parameters in order: name, unit                                 |
| `points`  | id, one column per varied parameter                                        |
| `results` | point, status (`done`, `error`), error, seconds, one column per metric     |

A row that was reported as finished survives whatever happens to the process, and the machine's power; one process works
on a study at a time (`simint/database.py`).
"""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simint.database import StudyFile, new_database, one_writer, open_database
from simint.errors import InputError
from simint.whatif.frame import FORMAT
from simint.whatif.metrics import METRIC_NAMES, METRICS, MetricValue
from simint.whatif.outcome import Outcome
from simint.whatif.variation import Value

_SQL_TYPES = {"text": "TEXT", "count": "INTEGER", "number": "REAL"}


@dataclass(frozen=True, slots=True)
class Column:
    """A varied parameter as a column; `kind`: `text`, `count` (whole numbers) or `number`."""

    name: str
    unit: str
    kind: str


class StudyStore(StudyFile):
    """An open study file that this process may write, used as a context manager."""

    def points(self) -> list[tuple[Value, ...]]:
        """The values of every point, in the order of their ids."""
        names = ", ".join(f'"{name}"' for name in self._varied())
        return list(self._connection.execute(f"SELECT {names} FROM points ORDER BY id"))

    def missing(self, errors_too: bool = False) -> list[int]:
        """Points without a result, `errors_too`: and those whose result is an error."""
        done = "SELECT point FROM results" + (" WHERE status = 'done'" if errors_too else "")
        return [
            row[0] for row in self._connection.execute(f"SELECT id FROM points WHERE id NOT IN ({done}) ORDER BY id")
        ]

    def errors(self) -> int:
        """Number of points that ended in an error."""
        return int(self._connection.execute("SELECT count(*) FROM results WHERE status = 'error'").fetchone()[0])

    def save(self, outcomes: Iterable[Outcome]) -> None:
        """Write finished points in one transaction; when this returns they are on the disk.

        Raises InputError where the disk refuses.
        """
        marks = ", ".join("?" * (4 + len(METRIC_NAMES)))
        rows = [_row(outcome) for outcome in outcomes]
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany(f"INSERT OR REPLACE INTO results VALUES ({marks})", rows)
        except sqlite3.OperationalError as error:
            raise InputError(f"{self.path}: cannot be written ({error})") from None

    def _varied(self) -> list[str]:
        return [row[0] for row in self._connection.execute("SELECT name FROM varied ORDER BY place")]


def study_lock(path: Path) -> contextlib.AbstractContextManager[None]:
    """Hold the one right to work on a study, in this block; InputError where another process has it."""
    return one_writer(path, "study")


def create_store(
    path: Path,
    facts: Mapping[str, str],
    inputs: Mapping[str, str],
    columns: Sequence[Column],
    points: Iterable[Sequence[Value]],
) -> StudyStore:
    """A new study file with all of its points, none of them computed; it appears complete or not at all.

    Raises InputError where the disk refuses. The caller holds `study_lock`.
    """
    with new_database(path) as connection:
        _fill(connection, facts, inputs, columns, points)
    return open_store(path)


def open_store(path: Path) -> StudyStore:
    """An existing study file, to go on with; InputError where it is none. The caller holds `study_lock`."""
    return StudyStore(path, open_database(path, FORMAT, "study"))


def _fill(
    connection: sqlite3.Connection,
    facts: Mapping[str, str],
    inputs: Mapping[str, str],
    columns: Sequence[Column],
    points: Iterable[Sequence[Value]],
) -> None:
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    varied = ", ".join(f'"{column.name}" {_SQL_TYPES[column.kind]}' for column in columns)
    metrics = ", ".join(f'"{metric.name}" {_SQL_TYPES[metric.kind]}' for metric in METRICS)
    connection.execute("CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
    connection.execute("CREATE TABLE inputs (name TEXT PRIMARY KEY, hash TEXT)")
    connection.execute("CREATE TABLE varied (place INTEGER PRIMARY KEY, name TEXT, unit TEXT)")
    connection.execute(f"CREATE TABLE points (id INTEGER PRIMARY KEY, {varied})")
    connection.execute(
        "CREATE TABLE results (point INTEGER PRIMARY KEY REFERENCES points, status TEXT, error TEXT, seconds REAL, "
        f"{metrics})"
    )
    connection.executemany("INSERT INTO study VALUES (?, ?)", {"format": FORMAT, "created": created, **facts}.items())
    connection.executemany("INSERT INTO inputs VALUES (?, ?)", inputs.items())
    connection.executemany(
        "INSERT INTO varied VALUES (?, ?, ?)", ((place, c.name, c.unit) for place, c in enumerate(columns))
    )
    marks = ", ".join("?" * (1 + len(columns)))
    connection.executemany(f"INSERT INTO points VALUES ({marks})", ((k, *point) for k, point in enumerate(points)))


def _row(outcome: Outcome) -> tuple[MetricValue, ...]:
    if outcome.metrics is None:
        return (outcome.point, "error", outcome.error, outcome.seconds, *(None for _ in METRIC_NAMES))
    return (outcome.point, "done", "", outcome.seconds, *(outcome.metrics[name] for name in METRIC_NAMES))
