"""Delimited text as columns of numbers, read by pandas in one go, with errors that name the row and the column."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simint.errors import InputError
from simint.trace.source import FloatArray


@dataclass(frozen=True, eq=False)
class TextTable:
    """Column headers (numbers as text where the file has none) and the pandas frame behind them."""

    headers: tuple[str, ...]
    frame: Any

    @property
    def rows(self) -> int:
        """Number of data rows."""
        return len(self.frame)

    def is_text(self, column: int) -> bool:
        """Whether a column holds text that is not all numbers."""
        return bool(self.frame.iloc[:, column].dtype.kind not in "iuf")

    def numbers(self, column: int) -> FloatArray:
        """A column as (n,) float64; InputError with the data row for a missing value, NaN or text."""
        import pandas as pd

        values = pd.to_numeric(self.frame.iloc[:, column], errors="coerce").to_numpy(dtype=np.float64)
        bad = np.isnan(values)
        if bad.any():
            row = int(np.argmax(bad))
            cell = str(self.frame.iloc[row, column])
            raise InputError(f"data row {row + 1}, column {self.headers[column]!r}: {cell!r} is not a number")
        return np.asarray(values)

    def seconds_of_day(self, column: int) -> FloatArray:
        """A column of `HH:MM` or `HH:MM:SS` text as (n,) seconds; InputError where it is something else."""
        import pandas as pd

        text = self.frame.iloc[:, column].astype(str).str.strip()
        clock = text.where(text.str.count(":") == 2, text + ":00")
        seconds = pd.to_timedelta(clock, errors="coerce").dt.total_seconds().to_numpy(dtype=np.float64)
        if np.isnan(seconds).any():
            row = int(np.argmax(np.isnan(seconds)))
            raise InputError(
                f"data row {row + 1}, column {self.headers[column]!r}: {text.iloc[row]!r} is not a time of day HH:MM"
            )
        return np.asarray(seconds)


def first_line(path: Path) -> str:
    """The first line that is neither empty nor a `#` comment; "" where there is none."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        return next((line.rstrip("\r\n") for line in file if line.strip() and not line.startswith("#")), "")


def separator_of(line: str) -> str:
    """The delimiter of a line: tab, semicolon, comma or (as a regular expression) white space."""
    return next((mark for mark in ("\t", ";", ",") if mark in line), r"\s+")


def is_numeric_line(line: str) -> bool:
    """Whether a line holds numbers only, so that it is data and no header."""
    try:
        return bool([float(cell) for cell in re.split(separator_of(line), line.strip())])
    except ValueError:
        return False


def read_table(path: Path, separator: str, *, header: bool, skip_lines: int = 0) -> TextTable:
    """Read a text file of columns; lines starting with `#` are comments, columns without a header are numbered from 1.

    Raises InputError for no data rows, rows of different length and text that is not UTF-8.
    """
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # Rows longer than the header would lose their last cells with no more than this warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                path,
                sep=separator,
                header=0 if header else None,
                skiprows=skip_lines,
                comment="#",
                skipinitialspace=True,
                index_col=False,
            )
    except pd.errors.EmptyDataError:
        raise InputError("the file is empty") from None
    except pd.errors.ParserWarning:
        raise InputError("rows have more cells than the header") from None
    except pd.errors.ParserError as error:
        uneven = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        if uneven is None:
            raise InputError("not a table of columns") from None
        raise InputError(
            f"line {uneven.group(2)} has {uneven.group(3)} cells, {uneven.group(1)} are expected as in the lines before"
        ) from None
    except UnicodeDecodeError:
        raise InputError("not a text file") from None
    if frame.empty:
        raise InputError("the file has a header but no data rows")
    return TextTable(tuple(str(name).strip() if header else str(name + 1) for name in frame.columns), frame)
