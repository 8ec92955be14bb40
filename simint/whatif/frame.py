"""The study file as a table: what every view of a study is made from.

`load_study(path)` reads a study file, also one that is still being written, and returns a `StudyFrame` whose `frame`
has one row per point, in the order of the points, and these columns:

- `id`: number of the point, from 0;
- one column per varied parameter, named as in `StudyFrame.varied`: floats in SI units, whole numbers or text;
- `status`: `done`, `error`, or `missing` where the point was not run yet;
- `error`: why a point has no result, else empty;
- `seconds`: wall time of the point;
- the metrics, `simint.whatif.metrics.METRICS`: name, unit, meaning, which way is better; floats, counts too, or text.
  NaN (None in text) where a value does not exist, and in rows that are not `done`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simint.errors import InputError
from simint.whatif.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "simint-study/1"


@dataclass(frozen=True)
class StudyFrame:
    """A study as a table.

    `description`: the study as TOML text, base scenario included (`simint.whatif.study.read_description` decodes it).
    `varied`: names of the varied parameters, in the order they were given. `units`: their SI units, "" for numbers
    without one and for text. `frame`: see the module.
    """

    description: str
    varied: tuple[str, ...]
    units: tuple[str, ...]
    frame: pd.DataFrame


def load_study(path: Path | str) -> StudyFrame:
    """Read a study file; InputError where it is none."""
    import pandas as pd

    if not Path(path).is_file():
        raise InputError(f"{path}: no such study file")
    try:
        connection = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)
        try:
            facts = dict(connection.execute("SELECT key, value FROM study"))
            if facts.get("format") != FORMAT:
                raise InputError(f"{path}: not a study file of format {FORMAT}")
            varied = [(name, unit) for name, unit in connection.execute("SELECT name, unit FROM varied ORDER BY place")]
            names = [f'p."{name}"' for name, _ in varied]
            columns = ", ".join(
                (
                    "p.id",
                    *names,
                    "coalesce(r.status, 'missing') AS status",
                    "coalesce(r.error, '') AS error",
                    "r.seconds",
                    *(f'r."{metric.name}"' for metric in METRICS),
                )
            )
            frame = pd.read_sql_query(
                f"SELECT {columns} FROM points p LEFT JOIN results r ON r.point = p.id ORDER BY p.id", connection
            )
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: not a study file ({error})") from None
    for metric in METRICS:
        if metric.kind != "text":
            frame[metric.name] = frame[metric.name].astype("float64")
    return StudyFrame(facts["description"], tuple(name for name, _ in varied), tuple(unit for _, unit in varied), frame)
