"""Table 3: shepherd-core's virtual source, an independent implementation stepped at 10 us, against simint's engine.

Reference runs of `reference_shepherd_vsource`: two sources, BQ25504 and BQ25570, 47 to 470 uF. `--package` runs further
cases with the package itself where it is installed (`pip install shepherd-core==2026.10.2`; some seconds each).
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from common import Report, Table, error_percent, median_and_90th, parser, run

from simint.engine.application import Application, Task
from simint.engine.compose import tasks_alone
from simint.engine.event import Case, simulate
from simint.engine.policy import Restart
from simint.engine.run import CycleEnd
from simint.engine.workload import Workload
from simint.hardware.presets import load_supply
from simint.hardware.supply import Supply
from simint.physics.front_end import compile_source
from simint.tiling.schedule import ZERO
from simint.trace.power_trace import PowerTrace, TraceEnd
from simint.trace.source import PowerSource

FOLDER = "reference_shepherd_vsource"
PRESETS = {"BQ25504s": "shepherd-bq25504", "BQ25570s": "shepherd-bq25570"}
# Settings of the reference runs (its README).
INITIAL_V, RATED_V, LOAD_A, OUTPUT_V = 2.0, 6.3, 1.888e-3, 2.2
LEAKAGE_OHM_F = 97.8
POLL_S = 0.064
# The emulator holds V(charge) of its storage as 128 values without interpolation, each in the middle of its step.
STEP_V = RATED_V / 128
QUANTITIES = ("first rise", "on-time", "off-time", "rises", "drawn from store")


@dataclass(frozen=True)
class Input:
    """What feeds the source: volt and ampere, all the time or for `on_s` of every `period_s`."""

    name: str
    voltage: float
    current_a: float
    on_s: float = math.inf
    period_s: float = math.inf

    @property
    def trace(self) -> PowerTrace:
        """As a power trace that knows its voltage."""
        power = self.voltage * self.current_a
        if self.period_s == math.inf:
            return PowerTrace(self.name, PowerSource(np.array([power]), np.array([self.voltage])), step_s=1.0)
        source = PowerSource(np.array([power, 0.0]), np.full(2, self.voltage))
        edges = np.array([0.0, self.on_s, self.period_s])
        return PowerTrace(self.name, source, edges_s=edges, end=TraceEnd.LOOP)


CONST = Input("const", 1.5, 400e-6)
SQUARE = Input("square", 1.5, 2e-3, 0.1, 0.4)


@dataclass(frozen=True)
class Setting:
    """One run: the source, its capacitor, what feeds it and what it feeds."""

    source: str
    capacitor_uf: float
    feed: Input
    load_a: float = LOAD_A
    duration_s: float = 10.0


@dataclass(frozen=True)
class Result:
    """What a run shows: when power-good rose first, mean times high and low, rises, what the store gave, J."""

    first_rise_s: float
    on_s: float
    off_s: float
    rises: int
    from_store_j: float


def reference_runs(data: Path) -> list[tuple[Setting, Result]]:
    """The reference runs with their settings."""
    results = json.loads((data / FOLDER / "results.json").read_text())
    feeds = {feed.name: feed for feed in (CONST, SQUARE)}
    found = []
    for entry in results["runs"]:
        setting = Setting(entry["src"], entry["C_uF"], feeds[entry["trace"]], duration_s=results["sim_s"])
        name = f"{entry['src']}_{entry['C_uF']}uF_{entry['trace']}.csv"
        with (data / FOLDER / name).open(newline="") as file:
            edges = [(float(row["t_s"]), row["power_good"] == "1") for row in csv.DictReader(file)]
        found.append((setting, summary(edges, entry["E_from_store_J"])))
    return found


def summary(edges: Sequence[tuple[float, bool]], from_store_j: float) -> Result:
    """The means over complete states, from the edges of power-good (time in s, level after)."""
    pairs = list(pairwise(edges))
    on = [after - before for (before, level), (after, _) in pairs if level]
    off = [after - before for (before, level), (after, _) in pairs if not level]
    rises = [time for time, level in edges if level]
    return Result(rises[0], float(np.mean(on)), float(np.mean(off)), len(rises), from_store_j)


def supply_of(setting: Setting, table_steps: bool = True) -> Supply:
    """The preset with the run's capacitor; `table_steps` puts the thresholds where the emulator's table has them.

    Its voltage stands at (k + 1/2) steps while the charge is in step k, so power-good rises at the lower end of the
    first step that reaches the threshold, and falls at the upper end of the first one at or below it.
    """
    preset = load_supply(PRESETS[setting.source])
    capacitor = msgspec.structs.replace(
        preset.capacitor,
        capacitance=setting.capacitor_uf * 1e-6,
        leakage=LEAKAGE_OHM_F / (setting.capacitor_uf * 1e-6),
    )
    supply = msgspec.structs.replace(preset, capacitor=capacitor)
    if not table_steps:
        return supply
    rise, fall = math.ceil(supply.v_on / STEP_V - 0.5), math.floor(supply.v_off / STEP_V - 0.5) + 1
    return msgspec.structs.replace(supply, v_on=rise * STEP_V, v_off=fall * STEP_V)


def predict(setting: Setting, table_steps: bool = True) -> Result:
    """The same run by simint's engine.

    The first rise waits for the buck's enable, which the emulator polls; after it the output stays enabled, and
    power-good follows the voltage at once. The BQ25504 is enabled from the start.
    """
    supply = supply_of(setting, table_steps)
    polled = setting.source == "BQ25570s"
    before, start_v, start_s = 0.0, INITIAL_V, 0.0
    if polled:
        start_s = _first_enable_s(supply, setting)
        # A store that must not turn on shows its voltage at the enable, and what it drew until then.
        waiting = msgspec.structs.replace(supply, v_on=supply.ceiling)
        first = simulate(_case(waiting, setting, INITIAL_V, 0.0, start_s))
        before, start_v = first.energy.quiescent, first.final_voltage
    result = simulate(_case(supply, setting, start_v, start_s, setting.duration_s - start_s))
    cycles = result.power_cycles
    edges: list[tuple[float, bool]] = []
    for cycle in cycles:
        edges.append((start_s + cycle.on_s, True))
        if cycle.ended_by is CycleEnd.BROWN_OUT:
            edges.append((start_s + cycle.off_s, False))
    drawn = result.energy.device + result.energy.regulator_loss + result.energy.quiescent
    return summary(edges, before + drawn)


def _first_enable_s(supply: Supply, setting: Setting) -> float:
    polled = msgspec.structs.replace(supply, poll=POLL_S)
    return simulate(_case(polled, setting, INITIAL_V, 0.0, setting.duration_s)).first_turn_on_s


def _case(supply: Supply, setting: Setting, initial_v: float, start_s: float, duration_s: float) -> Case:
    load = Task(name="load", current=setting.load_a, voltage=OUTPUT_V)
    return Case(
        supply=supply,
        source=compile_source(setting.feed.trace, supply),
        schedule=tasks_alone(ZERO),
        policy=Restart(),
        workload=Workload(),
        application=Application(before=(load,)),
        initial_voltage=initial_v,
        start_s=start_s,
        duration_s=duration_s,
    )


def errors(predicted: Result, reference: Result) -> dict[str, float]:
    """Signed errors in percent by quantity."""
    return {
        "first rise": error_percent(predicted.first_rise_s, reference.first_rise_s),
        "on-time": error_percent(predicted.on_s, reference.on_s),
        "off-time": error_percent(predicted.off_s, reference.off_s),
        "rises": error_percent(predicted.rises, reference.rises),
        "drawn from store": error_percent(predicted.from_store_j, reference.from_store_j),
    }


def table(title: str, runs: Sequence[tuple[Setting, Result]]) -> tuple[Table, dict[str, list[float]]]:
    """One row a run; the errors with the emulator's table steps, and in brackets with the thresholds as named."""
    rows: list[list[str]] = []
    found: dict[str, list[float]] = {quantity: [] for quantity in QUANTITIES}
    for setting, reference in runs:
        exact = errors(predict(setting), reference)
        named = errors(predict(setting, table_steps=False), reference)
        for quantity in QUANTITIES:
            found[quantity].append(exact[quantity])
        label = f"{setting.source}, {setting.capacitor_uf:g} uF, {setting.feed.name}"
        if setting.load_a != LOAD_A:
            label += f", {1e3 * setting.load_a:g} mA"
        rows.append(
            [label, f"{1e3 * reference.on_s:.2f}", f"{1e3 * reference.off_s:.1f}", str(reference.rises)]
            + [f"{exact[quantity]:+.2f} ({named[quantity]:+.1f})" for quantity in QUANTITIES]
        )
    header = ["source, capacitor, input", "high, ms", "low, ms", "rises", *(f"{name}, %" for name in QUANTITIES)]
    return Table(header, rows, title), found


def make(data: Path, package: bool = False) -> Report:
    """The table of reference runs and, where asked, that of fresh runs of the package."""
    first, found = table(
        "**3. Virtual source of shepherd-core: signed errors of simint (in brackets with thresholds as named)**",
        reference_runs(data),
    )
    tables = [first]
    if package:
        from shepherd_package import FURTHER, package_run

        further, _ = table("**Further runs of the package**", [(setting, package_run(setting)) for setting in FURTHER])
        tables.append(further)
    worst = max(abs(error) for quantity in QUANTITIES if quantity != "rises" for error in found[quantity])
    median, _ = median_and_90th([error for quantity in QUANTITIES for error in found[quantity]])
    return Report(f"Largest error of a time or energy {worst:.2f} %, median of all {median:.2f} %.", tables)


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    made = parser(__doc__)
    made.add_argument("--package", action="store_true", help="also run shepherd-core itself on further cases")

    def body(data: Path, options: argparse.Namespace) -> Report:
        return make(data, options.package)

    return run(made, body, argv)


if __name__ == "__main__":
    sys.exit(main())
