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
    """Named columns and rows of equal length; None is an empty cell."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def inference_table(inferences: Sequence[Inference]) -> Table:
    """One row for each inference; times in s, empty where something did not happen."""
    return Table(
        ("number", "release_s", "start_s", "end_s", "latency_s", "power_cycles", "deadline_met"),
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
        ("number", "on_s", "off_s", "v_end", "energy_j", "tiles_committed", "tiles_lost", "ended_by"),
        tuple(
            (k, c.on_s, c.off_s, c.v_end, c.energy_j, c.tiles_committed, c.tiles_lost, c.ended_by.value)
            for k, c in enumerate(cycles)
        ),
    )


def layer_table(layers: Sequence[LayerCounts], designs: Sequence[ExecutionDesign]) -> Table:
    """One row for each layer: its execution design, and what its tiles did over the whole run."""
    return Table(
        (
            *("layer", "tr", "tc", "tm", "tn", "order", "s", "batches_done", "batches_committed"),
            *("tiles_started", "tiles_committed", "tiles_lost"),
            *("input_loads", "weight_loads", "partial_loads", "computes", "write_backs"),
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
        writer.writerow(table.columns)
        writer.writerows(table.rows)


def write_parquet(table: Table, path: Path) -> None:
    """As Parquet; needs pyarrow."""
    import pyarrow
    from pyarrow import parquet

    columns = {name: [row[k] for row in table.rows] for k, name in enumerate(table.columns)}
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
