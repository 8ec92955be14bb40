"""What a data set holds in one record, as tables for people or JSON for programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from nas.data.catalogue import ENTRIES, Entry, entry, locate
from nas.data.data_set import DataSet, data_hash, open_test
from nas.data.split import Split, class_counts, known_groups

if TYPE_CHECKING:
    from rich.table import Table

JSON_FORMAT = "simint-data/1"


class SplitReport(msgspec.Struct, frozen=True):
    """Counts of one split; `mean` and `deviation` are over all its normalised values."""

    name: str
    samples: int
    per_class: tuple[int, ...]
    groups: tuple[int, ...]
    mean: float
    deviation: float


class DataReport(msgspec.Struct, frozen=True):
    """What `show` prints. `mean` and `scale` of the normalisation: shape, lowest and highest."""

    format: str
    name: str
    about: str
    citation: str
    warning: str
    source: str
    data_sha256: str
    input_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    splits: tuple[SplitReport, ...]
    statistics_shape: tuple[int, ...]
    mean_range: tuple[float, float]
    scale_range: tuple[float, float]


def data_report(data: DataSet) -> DataReport:
    """Counts and statistics of all three splits; the test split is opened to be counted, nothing is chosen by it."""
    known = entry(data.name)
    splits = (("train", data.train), ("validation", data.validation), ("test", open_test(data)))
    mean, scale = data.normalisation.mean, data.normalisation.scale
    return DataReport(
        format=JSON_FORMAT,
        name=data.name,
        about=known.about,
        citation=known.citation,
        warning=known.warning,
        source=data.source,
        data_sha256=data_hash(data),
        input_shape=data.input_shape,
        class_names=data.class_names,
        splits=tuple(_split_report(name, split, data.classes) for name, split in splits),
        statistics_shape=mean.shape,
        mean_range=(float(mean.min()), float(mean.max())),
        scale_range=(float(scale.min()), float(scale.max())),
    )


def print_report(report: DataReport) -> None:
    """The record for people."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    console.print(f"[bold]{report.name}[/bold]: {escape(report.about)}", soft_wrap=True)
    lines = [f"cite      {report.citation}", f"source    {report.source}", f"data      sha256 {report.data_sha256}"]
    if report.warning:
        lines.append(f"note      {report.warning}")
    channels, height, width = report.input_shape
    lines.append(f"input     {channels} x {height} x {width} (channels, height, width)")
    shape = " x ".join(map(str, report.statistics_shape))
    lines.append(
        f"normalise (x - mean) / scale, {shape} each: mean {report.mean_range[0]:.4g} to {report.mean_range[1]:.4g}, "
        f"scale {report.scale_range[0]:.4g} to {report.scale_range[1]:.4g}"
    )
    for line in lines:
        console.print(escape(line), soft_wrap=True)
    console.print(_counts_table(report))
    for split in report.splits:
        if split.groups:
            console.print(f"{split.name}: subjects {', '.join(map(str, split.groups))}", soft_wrap=True)


def report_json(report: DataReport) -> str:
    """The record as JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def print_list(folder: Path | None) -> None:
    """All data sets, and where each was found."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    for known in ENTRIES:
        console.print(f"[bold]{known.name}[/bold]: {escape(known.about)}", soft_wrap=True)
        console.print(f"  {escape(_whereabouts(known, folder))}", soft_wrap=True)


def _whereabouts(known: Entry, folder: Path | None) -> str:
    found = locate(known.name, folder)
    if found is None:
        return f"not found: {known.how_to_get}"
    return f"{found.layout.label}, in {found.place}" if found.layout.files else found.layout.label


def _split_report(name: str, split: Split, classes: int) -> SplitReport:
    return SplitReport(
        name,
        len(split),
        tuple(int(count) for count in class_counts(split, classes)),
        known_groups(split),
        float(split.x.mean(dtype=np.float64)),
        float(split.x.std(dtype=np.float64)),
    )


def _counts_table(report: DataReport) -> Table:
    from rich.table import Table

    table = Table("class", *(split.name for split in report.splits), box=None, pad_edge=False, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for number, name in enumerate(report.class_names):
        table.add_row(name, *(f"{split.per_class[number]:,}" for split in report.splits))
    table.add_row("all", *(f"{split.samples:,}" for split in report.splits), style="bold")
    table.add_row("subjects", *(str(len(split.groups) or "unknown") for split in report.splits))
    table.add_row("mean", *(f"{split.mean:.4f}" for split in report.splits))
    table.add_row("deviation", *(f"{split.deviation:.4f}" for split in report.splits))
    return table
