"""A study as a file for other programs: CSV, which everything reads, and Parquet, which keeps the types."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from simint.errors import InputError
from simint.files import replacing


def write_table(frame: Any, path: Path) -> None:
    """Write the points to `path`, `.csv` or `.parquet`: SI units, full digits, empty where a value does not exist.

    Raises InputError for another ending, for Parquet without pyarrow, and where the disk refuses.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise InputError(f"{path}: a table ends in .csv or .parquet")
    if kind == ".parquet" and not has_parquet():
        raise InputError(f"{path}: Parquet needs pyarrow (pip install simint[parquet])")
    with replacing(path) as draft:
        if kind == ".csv":
            frame.to_csv(draft, index=False)
        else:
            frame.to_parquet(draft, index=False, engine="pyarrow")


def has_parquet() -> bool:
    """Whether pyarrow is installed."""
    return find_spec("pyarrow") is not None
