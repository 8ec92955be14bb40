"""What the validation programs share: arguments, the data folder, Markdown tables, error percentiles.

A program defines `make(data) -> Report` (pure: data in, tables out; options beyond the folder as keyword arguments)
and ends with `run(...)`. It prints Markdown and writes nothing unless `--out FILE` is given.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simint.cli import Parser, guarded
from simint.errors import InputError
from simint.files import replacing

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Table:
    """A Markdown table of text cells; the first `left` columns are left-aligned, the others right-aligned."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    left: int = 1

    def markdown(self) -> str:
        """The table, its columns padded so that it reads as plain text too."""
        cells = [[str(cell) for cell in row] for row in (self.header, *self.rows)]
        if any(len(row) != len(self.header) for row in cells):
            raise ValueError(f"table {self.title!r}: every row needs {len(self.header)} cells")
        widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(self.header))]
        aligned = [
            [cell.ljust(width) if at < self.left else cell.rjust(width) for at, (cell, width) in enumerate(pairs)]
            for pairs in (zip(row, widths, strict=True) for row in cells)
        ]
        rule = ["-" * width if at < self.left else "-" * (width - 1) + ":" for at, width in enumerate(widths)]
        lines = [f"| {' | '.join(row)} |" for row in (aligned[0], rule, *aligned[1:])]
        return "\n".join([f"{self.title}\n"] * bool(self.title) + lines)


@dataclass(frozen=True)
class Report:
    """What one program has to say: a line that sums up, and the tables."""

    summary: str
    tables: Sequence[Table]

    def text(self) -> str:
        """The report as Markdown."""
        return "\n\n".join([*(table.markdown() for table in self.tables), self.summary])


def data_folder(given: Path | None = None) -> Path:
    """The folder `data` of the reference data: as given, else of SIMINT_SHARED, else of `../shared`.

    Raises InputError where it is not there.
    """
    folder = given or Path(os.environ.get("SIMINT_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        raise InputError(f"reference data not found at {folder}: give --data DIR or set SIMINT_SHARED")
    return folder


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options every program has."""
    made = Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--data", type=Path, metavar="DIR", help="reference data (default: ../shared/data)")
    made.add_argument("--out", type=Path, metavar="FILE", help="also write the report there")
    return made


def run(
    made: argparse.ArgumentParser, make: Callable[[Path, argparse.Namespace], Report], argv: Sequence[str] | None = None
) -> int:
    """Parse, make the report, print it and write it where asked; a user's mistake is one line and exit code 2."""

    def body() -> int:
        options = made.parse_args(argv)
        text = make(data_folder(options.data), options).text() + "\n"
        print(text, end="")
        if options.out:
            with replacing(options.out) as draft:
                draft.write_text(text)
        return 0

    return guarded(body)


def error_percent(predicted: float, measured: float) -> float:
    """Signed relative error in percent of the measured value."""
    return 100.0 * (predicted - measured) / measured


def median_and_90th(errors_percent: Sequence[float]) -> tuple[float, float]:
    """Median and 90th percentile of the absolute errors."""
    absolute = np.abs(np.asarray(errors_percent, dtype=float))
    return float(np.median(absolute)), float(np.percentile(absolute, 90))
