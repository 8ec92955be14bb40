"""Table 2: ngspice on random supplies and loads against simint's closed forms.

Needs the program `ngspice` (Debian package of that name). `--seed` draws other circuits, `--each` more of every kind.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
from pathlib import Path

import numpy as np
from common import Report, Table, error_percent, parser, run
from netlist import Circuit, crossing_s
from random_circuits import KINDS

from simint.errors import InputError
from simint.physics.front_end import compile_source
from simint.physics.state import HIGH, LOW, start_state
from simint.physics.stepping import advance
from simint.physics.wiring import build_node
from simint.units import format_quantity

STEPS, SOFT_V = 20_000, 2e-5


def simint_s(circuit: Circuit) -> float:
    """When simint says that the terminals cross the threshold; NaN where they never do."""
    node, source = build_node(circuit.supply), compile_source(circuit.trace, circuit.supply)
    state = start_state(source, circuit.start_v, 0.0)
    low, high = (-math.inf, circuit.threshold_v) if circuit.rising else (circuit.threshold_v, math.inf)
    code, _ = advance(node, source, state, circuit.load_w, True, 1e7, low, high, True)
    return float(state.tv[0]) if code == (HIGH if circuit.rising else LOW) else math.nan


def drawn(seed: int, each: int) -> list[Circuit]:
    """`each` circuits of every kind whose threshold is met; one that never meets it is drawn again."""
    circuits = []
    for place, draw in enumerate(KINDS):
        random = np.random.default_rng([seed, place])
        found: list[Circuit] = []
        while len(found) < each:
            circuit = draw(random)
            if math.isfinite(simint_s(circuit)):
                found.append(circuit)
        circuits += found
    return circuits


def compared(circuit: Circuit, steps: int = STEPS, soft_v: float = SOFT_V) -> tuple[float, float]:
    """When the threshold is crossed, s: by simint, and by ngspice with steps of tables smoothed over `soft_v`."""
    ours = simint_s(circuit)
    return ours, crossing_s(circuit, 1.05 * ours, steps, soft_v)


def make(data: Path, options: argparse.Namespace) -> Report:
    """The table over all kinds; see the module."""
    if shutil.which("ngspice") is None:
        raise InputError("ngspice is not installed (Debian package `ngspice`)")
    rows, worst = [], 0.0
    for circuit in drawn(options.seed, options.each):
        ours, theirs = compared(circuit)
        finer = compared(circuit, 4 * STEPS, SOFT_V / 4)[1]
        worst = max(worst, abs(error_percent(ours, theirs)), math.inf if math.isnan(theirs + finer) else 0.0)
        capacitor = circuit.supply.capacitor
        rows.append(
            [
                circuit.kind,
                format_quantity(capacitor.capacitance, "F", 3),
                format_quantity(capacitor.esr, "ohm", 3) if capacitor.esr else "",
                format_quantity(circuit.load_w, "W", 3) if circuit.load_w else "",
                f"{ours:.6g}",
                f"{error_percent(ours, theirs):+.5f}",
                f"{error_percent(ours, finer):+.5f}",
            ]
        )
    header = ["circuit", "C", "ESR", "load", "crossing, s", "difference, %", "with a quarter of step and edge, %"]
    summary = (
        f"{len(rows)} random circuits of {len(KINDS)} kinds: the largest difference is {worst:.4f} % (aim: 0.1 %). "
        f"Table edges are {SOFT_V * 1e6:.0f} uV wide in ngspice (5 uV with the finer step)."
    )
    return Report(summary, [Table(header, rows, "**2. Times to a threshold against ngspice**")])


if __name__ == "__main__":
    made = parser(__doc__)
    made.add_argument("--seed", type=int, default=1, help="of the random circuits (default: %(default)s)")
    made.add_argument("--each", type=int, default=3, metavar="N", help="circuits of every kind (default: %(default)s)")
    sys.exit(run(made, make))
