"""Table 5: inference latencies measured on an MSP432 board under intermittent power.

The sources give neither capacitor nor thresholds, nor what the board draws, so no absolute latency can be predicted.
What can be: how latency changes with the harvested power. From the run at 12 mW the balance of energy gives the power
that the board draws while it is on; a load of that power is replayed at 4 mW for the time that the board was active
there. The same without harvest while on, as the published abstract model has it.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import Report, Table, error_percent, median_and_90th, parser, run

from simint.engine.event import Case, simulate
from simint.engine.policy import Tile
from simint.engine.workload import Workload
from simint.hardware.presets import load_supply
from simint.physics.front_end import compile_source
from simint.tiling.design import ExecutionDesign
from simint.tiling.schedule import NO_TRAFFIC, ZERO, Batch, Cost, LayerSchedule, Loop, Schedule, TileRun
from simint.trace.load import load_trace

NODPA = "measured_inference_emclab/nodpa_msp432_latency.csv"
DYNBAL = "measured_inference_emclab/dynbal_msp432_pass_latency.csv"
HIGH_MW, LOW_MW = 12.0, 4.0
RUNTIMES = ("CD", "FD", "NodPA_Basic", "NodPA")
# The preset and its efficiency; the load is worked out with the same number, so it cancels.
SUPPLY, EFFICIENCY = "boost", 0.8
# So fine that the batch cut by a brown-out hardly counts: the measured active time has such losses in it already.
BATCHES = 20_000
INFERENCES = 3


@dataclass(frozen=True)
class Measured:
    """One network and runtime at both powers; seconds."""

    network: str
    runtime: str
    latency_high_s: float
    active_high_s: float
    latency_low_s: float
    active_low_s: float


def nodpa_runs(data: Path) -> list[Measured]:
    """Every network and runtime that was measured at both powers."""
    with (data / NODPA).open(newline="") as file:
        rows = {(row["model"], row["power"], row["metric"]): row for row in csv.DictReader(file)}
    found = []
    for network in dict.fromkeys(model for model, _, _ in rows):
        for runtime in RUNTIMES:
            texts = [
                rows[network, f"{power:.0f}mW", metric][runtime]
                for power in (HIGH_MW, LOW_MW)
                for metric in ("latency (avg.)", "active time")
            ]
            if all(texts):
                found.append(Measured(network, runtime, *(float(text) for text in texts)))
    return found


def drawn_w(measured: Measured, harvest_while_on: bool) -> float:
    """What the board draws while it is on, W, by the balance of energy at the high power behind a boost converter."""
    charging_s = measured.latency_high_s - (0.0 if harvest_while_on else measured.active_high_s)
    return EFFICIENCY * HIGH_MW * 1e-3 * charging_s / measured.active_high_s


def replayed_latency_s(measured: Measured, power_mw: float, harvest_while_on: bool) -> float:
    """Mean latency of a load as long as the board was active at `power_mw`, replayed at that constant power."""
    active_s = measured.active_high_s if power_mw == HIGH_MW else measured.active_low_s
    supply = load_supply(SUPPLY)
    case = Case(
        supply=supply,
        source=compile_source(load_trace("constant-1mw").scaled(power_mw), supply),
        schedule=_constant_load(active_s, drawn_w(measured, harvest_while_on)),
        policy=Tile(),
        workload=Workload(inferences=INFERENCES),
        initial_voltage=supply.v_on,
        harvest_while_on=harvest_while_on,
    )
    finished = simulate(case).finished
    return (finished[-1].end_s - finished[0].end_s) / (len(finished) - 1)


def _constant_load(active_s: float, power_w: float) -> Schedule:
    """An inference of equal batches at constant power; boots and commits are part of the measured active time."""
    step_s = active_s / BATCHES
    tile = TileRun(1, ZERO, Cost(power_w * step_s, step_s))
    batch = Batch(0, ZERO, ZERO, (tile,), ZERO, ZERO, NO_TRAFFIC, NO_TRAFFIC)
    layer = LayerSchedule("load", ExecutionDesign(tr=1, tc=1, tm=1), (batch,), (Loop(((0, BATCHES),), 1),))
    return Schedule(layers=(layer,), boot=ZERO, index_read=ZERO, index_write=ZERO, vm_bytes=0)


def nodpa_table(runs: Sequence[Measured]) -> tuple[Table, list[float], list[float]]:
    """Measured and replayed latency at the low power; the errors with and without harvest while on, %."""
    rows, with_harvest, without = [], [], []
    for measured in runs:
        physics = replayed_latency_s(measured, LOW_MW, True)
        abstract = replayed_latency_s(measured, LOW_MW, False)
        with_harvest.append(error_percent(physics, measured.latency_low_s))
        without.append(error_percent(abstract, measured.latency_low_s))
        rows.append(
            [
                f"{measured.network}, {measured.runtime}",
                f"{measured.latency_high_s:.2f}",
                f"{100 * measured.active_high_s / measured.latency_high_s:.1f} %",
                f"{measured.latency_low_s:.2f}",
                f"{100 * measured.active_low_s / measured.latency_low_s:.1f} %",
                f"{physics:.2f}",
                f"{with_harvest[-1]:+.1f} %",
                f"{abstract:.2f}",
                f"{without[-1]:+.1f} %",
            ]
        )
    header = ["network, runtime", "12 mW, s", "active", "4 mW, s", "active"]
    header += ["4 mW replayed, s", "error", "no harvest while on, s", "error"]
    return Table(header, rows, "**5a. NodPA: latency at 4 mW from the run at 12 mW**"), with_harvest, without


def dynbal_table(data: Path) -> tuple[Table, dict[str, list[float]]]:
    """Ratios of pass latencies under two supplies, against those of a latency that energy alone decides."""
    with (data / DYNBAL).open(newline="") as file:
        passes = {(row["net"], row["nvm"], row["power"]): row["pass_median_s"] for row in csv.DictReader(file)}
    # The source does not say how strong rf and thermal were. 4 mW is assumed: to this and to 12 mW the group scales its
    # waveforms in the runs of NodPA.
    ratios = (("2mW", "4mW", 2.0), ("4mW", "12mW", 3.0), ("thermal", "4mW", 1.0), ("rf", "4mW", 1.0))
    errors: dict[str, list[float]] = {f"{high} to {low}": [] for high, low, _ in ratios}
    rows = []
    for net, nvm in dict.fromkeys((net, nvm) for net, nvm, _ in passes):
        row = [f"{net}, {nvm}"]
        for first, second, expected in ratios:
            texts = passes[net, nvm, first], passes[net, nvm, second]
            if not all(texts):
                row.append("not measured")
                continue
            measured = float(texts[0]) / float(texts[1])
            errors[f"{first} to {second}"].append(error_percent(expected, measured))
            row.append(f"{measured:.2f} ({errors[f'{first} to {second}'][-1]:+.1f} %)")
        rows.append(row)
    header = ["network, memory", *(f"{first} / {second} = {expected:.0f}" for first, second, expected in ratios)]
    return Table(header, rows, "**5b. DynBal: measured ratio of latencies, and error of the ratio of powers**"), errors


def make(data: Path, only: Sequence[str] = ()) -> Report:
    """The tables; `only`: networks of NodPA."""
    runs = [measured for measured in nodpa_runs(data) if not only or measured.network in only]
    nodpa, with_harvest, without = nodpa_table(runs)
    dynbal, errors = dynbal_table(data)
    (median, high), (median_without, high_without) = median_and_90th(with_harvest), median_and_90th(without)
    lines = [
        f"NodPA, {len(runs)} runs: error of the replayed latency at 4 mW {median:.1f} % (median), {high:.1f} % (90th "
        f"percentile); without harvest while on {median_without:.1f} % and {high_without:.1f} %.",
        "DynBal, median error of the ratio: "
        + ", ".join(f"{name} {median_and_90th(each)[0]:.1f} %" for name, each in errors.items())
        + ".",
    ]
    return Report(" ".join(lines), [nodpa, dynbal])


def main() -> int:
    """The command."""

    def tables(data: Path, options: argparse.Namespace) -> Report:
        return make(data)

    return run(parser(__doc__), tables)


if __name__ == "__main__":
    sys.exit(main())
