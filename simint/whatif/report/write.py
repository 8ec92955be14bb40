"""The folder of `simint whatif report --out`: page, plots, tables; each file complete or absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simint.files import appearing_in
from simint.whatif.report.export import has_parquet, write_table
from simint.whatif.report.plates import Plate

PAGE = "report.html"


@dataclass(frozen=True, slots=True)
class Written:
    """What goes into the folder: the page, the plots, the table of points, those of the fronts, the description."""

    page: str
    plates: Sequence[Plate]
    points: Any
    front: Any
    description: str


def write_folder(folder: Path, written: Written) -> None:
    """Write report.html, a PNG for each plot, points.csv (and .parquet), front.csv and study.toml.

    A second report replaces the files of the first. Raises InputError where the disk refuses.
    """
    with appearing_in(folder) as place:
        (place / PAGE).write_text(written.page, encoding="utf-8")
        for plate in written.plates:
            (place / f"{plate.name}.png").write_bytes(plate.png)
        write_table(written.points, place / "points.csv")
        if has_parquet():
            write_table(written.points, place / "points.parquet")
        if written.front is not None:
            write_table(written.front, place / "front.csv")
        (place / "study.toml").write_text(written.description, encoding="utf-8")
