"""Makes the efficiency tables of simint/hardware/presets/tables from the published numbers, by written rules.

    python docs/presets/make_converter_tables.py                # says what the rules touched, writes nothing
    python docs/presets/make_converter_tables.py --out simint/hardware/presets/tables

Reads `converter_bq25570/` in ../shared/data (or --data DIR). Two sources, both under the MIT licence:

- `shepherd_bq25504_bq25570_lut.json`: look-up tables of shepherd-core, read by its authors off the plots of TI's data
  sheets. Taken as they are; their edges are powers of two, and are written so (131.072 mV where the file says 128).
- `simba_bq25570_measured.npz`: the buck converter of one BQ25570, measured on a grid of storage voltages and output
  currents for six output voltages.

Rules for the measured tables:

1. Rows below output voltage + 0.2 V are left out: there the converter passes the storage voltage through (SLUSBH2
   programs the output up to VSTOR - 0.2 V), and no supply can name them.
2. Columns below 0.5 mA are left out. They run from 0.1 to above 2 and differ by factors between output voltages, where
   from 0.5 mA on the tables agree with each other; the converter works in bursts, which take long averaging to measure
   (TI, SLUUAA7). NES Lab's measurement of two evaluation boards (github.com/orgua/bq_characteristics, 3 V to 1.8 V:
   0.78 at 10 uA, 0.85 at 50 uA, 0.87 at 0.5 mA) has no such drop. In their place stand shepherd's values up to 0.26 mA,
   never above the reading at 0.5 mA, which they exceed by up to 0.05.
3. A reading counts if it lies above 0 and not above 1; a cell is the median of its readings that count. A column
   without any such cell is left out, so that the one before it holds on (2.2 V at 50 mA). A cell without one takes the
   next lower current of its row.
4. A bin reaches half-way to the next reading: the mean of the voltages, the geometric mean of the currents.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simint.cli import Parser, guarded
from simint.errors import InputError
from simint.files import replacing

ROOT = Path(__file__).resolve().parents[2]
LUTS, READINGS = "shepherd_bq25504_bq25570_lut.json", "simba_bq25570_measured.npz"

SHEPHERD = (
    "Look-up table of shepherd-core, github.com/nes-lab/shepherd-tools c5078eb2, virtual_source_fixture.yaml, read "
    "there off the plots of TI data sheet {sheet}. MIT licence, copyright 2022-2024 Networked Embedded Systems Lab, "
    "TU Dresden, Ingmar Splitt"
)
SIMBA = (
    "Measured by LENS, TU Graz: github.com/LENS-TUGraz/simba 0b48c4e0, converter_data/BQ25570. MIT licence, copyright "
    "2024 Hannah Brunner, Graz University of Technology. Below 0.26 mA the look-up table of shepherd-core, see "
    "bq25570-output. Which readings count: docs/presets/make_converter_tables.py"
)
# Edges of shepherd's tables: LUT_input_V_min_log2_uV = 17, LUT_input_I_min_log2_nA = 13, LUT_output_I_min_log2_nA = 10.
INPUT_MV, INPUT_UA, OUTPUT_UA = 2**17 / 1000, 2**13 / 1000, 2**10 / 1000
# SLUSBH2, electrical characteristics: the output may be programmed from 1.3 V to VSTOR - 0.2 V.
HEADROOM_V = 0.2
GRID_V = 0.25
LOWEST_A = 0.5e-3
# The columns of shepherd's table that lie below the lower edge of the 0.5 mA bin.
LOW_COLUMNS = 9


@dataclass
class Table:
    """An efficiency table on its way to a file; `touched` counts what the rules did."""

    name: str
    source: str
    comment: str
    voltage_mv: list[float]
    current_ua: list[float]
    efficiency: list[list[float]]
    touched: dict[str, int] = field(default_factory=dict)


def tables(data: Path) -> list[Table]:
    """All tables, from the folder that holds `converter_bq25570`."""
    luts, readings = _read(data / "converter_bq25570")
    output = luts["BQ25570_output"]["efficiency"]
    return [
        _input(luts["BQ25504_input"]["efficiency"]),
        _output(output),
        *(_buck(key, readings[key], output) for key in sorted(readings) if key.startswith("buck_vout_")),
    ]


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
    try:
        luts = json.loads((folder / LUTS).read_text(encoding="utf-8"))
        with np.load(folder / READINGS) as stored:
            return luts, {key: stored[key] for key in stored.files}
    except OSError as error:
        raise InputError(f"{error.filename or folder}: cannot be read ({error.strerror or error})") from None


def _input(efficiency: list[list[float]]) -> Table:
    return Table(
        "bq25504-input",
        SHEPHERD.format(sheet="SLUSAH0 (BQ25504)"),
        "efficiency of the boost charger by voltage and current of its input",
        [k * INPUT_MV for k in range(12)],
        _doubling(INPUT_UA),
        efficiency,
    )


def _output(efficiency: list[float]) -> Table:
    comment = "efficiency of the buck converter by output current alone"
    source = SHEPHERD.format(sheet="SLUSBH2 (BQ25570)")
    return Table("bq25570-output", source, comment, [0.0], _doubling(OUTPUT_UA), [efficiency])


def _doubling(first: float) -> list[float]:
    """Twelve lower edges: 0, then doubling."""
    return [0.0, *(first * 2**k for k in range(11))]


def _buck(key: str, readings: NDArray[np.float64], output: list[float]) -> Table:
    """Rules 1 to 4 on the readings (n, 3): storage voltage V, output current A, efficiency."""
    output_v = float(key.removeprefix("buck_vout_").replace("p", "."))
    voltage = np.round(readings[:, 0] / GRID_V) * GRID_V
    current, value = readings[:, 1], readings[:, 2]
    regulated = voltage >= output_v + HEADROOM_V - 1e-9
    measured = regulated & (current >= LOWEST_A)
    counts = measured & (value > 0) & (value <= 1)
    rows, columns = np.unique(voltage[measured]), np.unique(current[counts])
    grid, filled = [], 0
    for row in rows:
        cells: list[float] = []
        for column in columns:
            here = value[counts & (voltage == row) & (current == column)]
            if here.size == 0 and not cells:
                raise InputError(f"{key}: no reading at {row:g} V and {column:g} A or below to stand for it")
            filled += here.size == 0
            cells.append(float(np.median(here)) if here.size else cells[-1])
        low = [min(shared, cells[0]) for shared in output[:LOW_COLUMNS]]
        grid.append([round(cell, 3) for cell in (*low, *cells)])
    edges_v = [output_v + HEADROOM_V, *((a + b) / 2 for a, b in itertools.pairwise(rows))]
    edges_a = [math.sqrt(a * b) for a, b in itertools.pairwise(columns)]
    low_ua = _doubling(OUTPUT_UA)
    return Table(
        f"bq25570-buck-{key.removeprefix('buck_vout_').replace('p', 'v')}",
        SIMBA,
        f"efficiency of the buck converter at an output of {output_v:g} V, by storage voltage and output current",
        [1000 * float(edge) for edge in edges_v],
        [*low_ua[:LOW_COLUMNS], low_ua[LOW_COLUMNS], *(1e6 * edge for edge in edges_a)],
        grid,
        {
            "readings": len(readings),
            "not regulated": int((~regulated).sum()),
            "below 0.5 mA": int((regulated & (current < LOWEST_A)).sum()),
            "not in (0, 1]": int((measured & ~counts).sum()),
            "used": int(counts.sum()),
            "cells": int(rows.size * columns.size),
            "cells filled": int(filled),
        },
    )


def toml(table: Table) -> str:
    """The preset file of a table."""
    voltages = ", ".join(f'"{edge:.7g}mV"' for edge in table.voltage_mv)
    currents = ", ".join(f'"{edge:.7g}uA"' for edge in table.current_ua)
    rows = "\n".join(f"  [{', '.join(f'{value:.3g}' for value in row)}]," for row in table.efficiency)
    return (
        f"# Made by docs/presets/make_converter_tables.py: {table.comment}.\n"
        f'name = "{table.name}"\n'
        f'source = "{table.source}"\n'
        f"voltage = [{voltages}]\n"
        f"current = [{currents}]\n"
        f"efficiency = [\n{rows}\n]\n"
    )


def summary(made: list[Table]) -> str:
    """What the rules touched, a line for each measured table."""
    measured = [table for table in made if table.touched]
    heads = list(measured[0].touched)
    lines = [f"| table | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    for table in measured:
        lines.append(f"| {table.name} | {' | '.join(str(table.touched[head]) for head in heads)} |")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Make the tables; exit code 2 where the data is missing."""

    def body() -> int:
        parser = Parser(description="Make the efficiency tables of the BQ25504 and BQ25570 from published numbers.")
        shared = os.environ.get("SIMINT_SHARED", str(ROOT.parent / "shared"))
        parser.add_argument("--data", type=Path, default=Path(shared) / "data", help="folder of the reference data")
        parser.add_argument("--out", type=Path, metavar="DIR", help="write the tables there")
        options: argparse.Namespace = parser.parse_args(argv)
        made = tables(options.data)
        if options.out is not None:
            for table in made:
                with replacing(options.out / f"{table.name}.toml") as draft:
                    draft.write_text(toml(table), encoding="utf-8")
        print(summary(made))
        return 0

    return guarded(body)


if __name__ == "__main__":
    sys.exit(main())
