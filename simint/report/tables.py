"""Tables of a run: inferences, power cycles, layers, as columns ready for a file."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simint.engine.run import Inference, LayerCounts, PowerCycle
from simint.tiling.design import ExecutionDesign

Cell = float | int | bool | str | None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with their names and types, and rows of as many cells; None is an empty cell."""

    columns: tuple[tuple[str, type], ...]
    rows: tuple[tuple[Cell, ...], ...]


def inference_table(inferences: Sequence[Inference]) -> Table:
    """One row for each inference; times in s, empty where something did not happen."""
    return Table(
        (
            *(("number", int), ("release_s", float), ("start_s", float), ("end_s", float), ("latency_s", float)),
            *(("power_cycles", int), ("deadline_met", bool)),
        ),
        tuple(
            (
                i.number,
                i.release_s,
                _known(i.start_s),
                _known(i.end_s),
                _known(i.latency_s),
                i.power_cycles,
                i.deadline_met,
            )
            for i in inferences
        ),
    )


def power_cycle_table(cycles: Sequence[PowerCycle]) -> Table:
    """One row for each power cycle, in order; `energy_j` is what the microcontroller drew in it."""
    return Table(
        (
            *(("number", int), ("on_s", float), ("off_s", float), ("v_end", float), ("energy_j", float)),
            *(("tiles_committed", int), ("tiles_lost", int), ("ended_by", str)),
        ),
        tuple(
            (k, c.on_s, c.off_s, c.v_end, c.energy_j, c.tiles_committed, c.tiles_lost, c.ended_by.value)
            for k, c in enumerate(cycles)
        ),
    )


def layer_table(layers: Sequence[LayerCounts], designs: Sequence[ExecutionDesign]) -> Table:
    """One row for each layer: its execution design, and what its tiles did over the whole run."""
    return Table(
        (
            *(("layer", str), ("tr", int), ("tc", int), ("tm", int), ("tn", int), ("order", str), ("s", int)),
            *(("batches_done", int), ("batches_committed", int)),
            *(("tiles_started", int), ("tiles_committed", int), ("tiles_lost", int)),
            *(("input_loads", int), ("weight_loads", int), ("partial_loads", int), ("computes", int)),
            ("write_backs", int),
        ),
        tuple(
            (layer.name, *_design(design), *_counts(layer), *_traffic(layer))
            for layer, design in zip(layers, designs, strict=True)
        ),
    )


def write_csv(table: Table, path: Path) -> None:
    """As CSV with a header; floats keep all their digits."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([name for name, _ in table.columns])
        writer.writerows(table.rows)


def write_parquet(table: Table, path: Path) -> None:
    """As Parquet; needs pyarrow."""
    import pyarrow
    from pyarrow import parquet

    types = {int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_(), str: pyarrow.string()}
    columns = {
        name: pyarrow.array([row[k] for row in table.rows], types[kind]) for k, (name, kind) in enumerate(table.columns)
    }
    parquet.write_table(pyarrow.table(columns), path)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _design(design: ExecutionDesign) -> tuple[Cell, ...]:
    return design.tr, design.tc, design.tm, design.tn, design.order.value, design.s


def _counts(layer: LayerCounts) -> tuple[Cell, ...]:
    tiles = layer.tiles_started, layer.tiles_committed, layer.tiles_lost
    return layer.batches_done, layer.batches_committed, *tiles


def _traffic(layer: LayerCounts) -> tuple[Cell, ...]:
    traffic = layer.traffic
    return (
        traffic.input_loads,
        traffic.weight_loads,
        traffic.partial_loads,
        traffic.computes,
        traffic.write_backs,
    )
