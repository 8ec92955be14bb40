"""The numbers of a study as rows of a CSV file, which is complete after each of them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from simint.errors import InputError
from simint.files import replacing


@dataclass(frozen=True, slots=True)
class Row:
    """A score of a network: `value` ranks, `best` is the best epoch of a stand-alone training (else equal)."""

    score: str
    network: str
    seed: int
    value: float
    best: float
    seconds: float


_HEADER = [field.name for field in fields(Row)]


def read_rows(file: Path) -> list[Row]:
    """Rows written before, none where there is no file; InputError naming the line that is no row."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.reader(stream))
    if not lines or lines[0] != _HEADER:
        raise InputError(f"{file}: not the rows of a ranking study; remove it or choose another folder")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            score, network, seed, value, best, seconds = line
            rows.append(Row(score, network, int(seed), float(value), float(best), float(seconds)))
        except ValueError:
            raise InputError(f"{file}: line {number} is no row of a ranking study") from None
    return rows


def write_rows(file: Path, rows: Sequence[Row]) -> None:
    """Replace the file."""
    with replacing(file) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_HEADER)
        writer.writerows(astuple(row) for row in rows)
