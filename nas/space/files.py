"""A table of a search space, or a list of its networks, as a file that appears complete or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from nas.space.columns import COLUMN_NAMES
from nas.space.report import RankedNetwork
from nas.space.table import SpaceTable
from simint.errors import InputError
from simint.files import appearing_in

TABLE_ENDINGS = (".csv", ".npz")
LIST_ENDINGS = (".csv",)
FIXED_PART = "fixed"  # stem and head, in the column that otherwise holds the number of a block


def write_table(table: SpaceTable, target: Path) -> None:
    """Write all costs of a table: a row for every part as .csv, or the arrays as .npz.

    The rows are width, resolution, block (from 0, or `fixed`), the choice of the block, and the columns. The arrays
    are `fixed` (settings, columns), `blocks` (settings, blocks, choices, columns), `canonical`, and what their axes
    mean: `settings` (width, resolution), `choices` (expansion, kernel, repeats, shortcut) and `columns`.
    Raises InputError for another ending and where the file cannot be written.
    """
    check_target(target, "a table", TABLE_ENDINGS)
    with appearing_in(target.parent) as folder:
        if target.suffix == ".npz":
            np.savez_compressed(
                folder / target.name,
                fixed=table.fixed,
                blocks=table.blocks,
                canonical=table.canonical,
                settings=np.array(table.space.settings),
                choices=np.array([(c.expansion, c.kernel, c.repeats, c.skip) for c in table.space.choices]),
                columns=np.array(COLUMN_NAMES),
            )
        else:
            names = ("width", "resolution", "block", "expansion", "kernel", "repeats", "shortcut", *COLUMN_NAMES)
            _write_rows(folder / target.name, names, _table_rows(table))


def check_target(target: Path, what: str, endings: Sequence[str]) -> None:
    """Refuse a file name that there is no format for, and a place where no file can be written."""
    if target.suffix not in endings:
        raise InputError(f"{target}: {what} is written as {' or '.join(endings)}")
    if target.is_dir():
        raise InputError(f"{target}: cannot be written (Is a directory)")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent}: cannot be written (No such folder)")


def write_networks(networks: Sequence[RankedNetwork], target: Path) -> None:
    """Write a list of networks as CSV; InputError where the file cannot be written."""
    names = RankedNetwork.__struct_fields__
    with appearing_in(target.parent) as folder:
        _write_rows(folder / target.name, names, map(msgspec.structs.astuple, networks))


def _table_rows(table: SpaceTable) -> Iterable[Sequence[object]]:
    choices = [(c.expansion, c.kernel, c.repeats, "y" if c.skip else "n") for c in table.space.choices]
    for setting, (width, resolution) in enumerate(table.space.settings):
        yield (f"{width:g}", resolution, FIXED_PART, "", "", "", "", *table.fixed[setting].tolist())
        for block, rows in enumerate(table.blocks[setting].tolist()):
            for choice, row in zip(choices, rows, strict=True):
                yield (f"{width:g}", resolution, block, *choice, *row)


def _write_rows(file: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with open(file, "w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_text(value) for value in row] for row in rows)


def _text(value: object) -> object:
    """Counts without a decimal point; other numbers as the shortest text that reads back as the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
