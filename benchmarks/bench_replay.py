"""How fast a replay is: `python benchmarks/bench_replay.py [--quick]`.

Ratios measured in one run, each side the best of several repetitions; the work done is asserted, times are not. Writes
`benchmarks/results/replay.csv`.

- `day`: 24 h of the published HAR network on the published Thevenin bench, policy `tile`, against a bare SimPy process
  that does one timeout per tile and per change of state.
- `fast`: 10 minutes at 100 kHz with sub-millisecond noise against the same energy at 1 Hz, boost supply, the same
  network and designs as `day`.
- `fast-small`: the same with the designs replay chooses for 1 mF, whose phases last only 2 to 7 ms: here summing some
  hundred samples for each phase costs more than solving it. No requirement, for honesty.
- `long`: 24 h at 1 kHz (86.4 million samples): peak memory of the process.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import math
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import simpy

from simint.engine.event import Case, simulate
from simint.engine.policy import policy_by_name
from simint.engine.run import Run
from simint.engine.workload import Workload
from simint.hardware.capacitor import stored_j
from simint.hardware.presets import load_platform, load_supply
from simint.network.catalogue import load_network
from simint.physics.front_end import compile_source
from simint.tiling.choose import choose_designs
from simint.tiling.loop_nest.build import build_schedule
from simint.tiling.published.electrical import bench_settings
from simint.tiling.schedule import Schedule
from simint.trace.load import load_trace
from simint.trace.power_trace import PowerSource, PowerTrace

RESULTS = Path(__file__).parent / "results" / "replay.csv"


def published_schedule() -> Schedule:
    network, platform = load_network("tinas-har-l25"), load_platform("msp430fr5994-tinas2024")
    designs = choose_designs(network, platform, "published", 0.0, settings=bench_settings(platform))
    return build_schedule(network, designs, platform)


def consistent_schedule(supply_name: str) -> Schedule:
    network, platform, supply = load_network("tinas-har-l25"), load_platform("msp430fr5994"), load_supply(supply_name)
    budget = stored_j(supply.capacitor, supply.v_on) - stored_j(supply.capacitor, supply.v_off)
    return build_schedule(network, choose_designs(network, platform, "energy", budget), platform)


def make_case(trace: PowerTrace, supply_name: str, schedule: Schedule, duration_s: float) -> Case:
    supply = load_supply(supply_name)
    return Case(
        supply=supply,
        source=compile_source(trace, supply),
        schedule=schedule,
        policy=policy_by_name("tile"),
        workload=Workload(),
        initial_voltage=supply.v_on,
        duration_s=duration_s,
    )


def best_of(repetitions: int, work: Callable[[], Run | None]) -> tuple[float, Run | None]:
    best, result = math.inf, None
    for _ in range(repetitions):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


def bare_simpy(events: int) -> None:
    env = simpy.Environment()

    def process() -> simpy.events.ProcessGenerator:
        for _ in range(events):
            yield env.timeout(0.086)

    env.process(process())
    env.run()


def day(hours: float, repetitions: int) -> dict[str, object]:
    case = make_case(load_trace("thevenin-bench"), "thevenin", published_schedule(), hours * 3600.0)
    simulate(dataclasses.replace(case, duration_s=600.0))  # compiles
    engine_s, run = best_of(repetitions, lambda: simulate(case))
    assert run is not None
    tiles = sum(layer.tiles_started for layer in run.layers)
    # Off, boot, work and the end of the power cycle.
    changes = 3 * len(run.power_cycles)
    bare_s, _ = best_of(repetitions, lambda: bare_simpy(tiles + changes))
    assert len(run.finished) > 10_000 * hours / 24
    assert tiles > 900_000 * hours / 24
    return {
        "case": "day",
        "work": f"{len(run.finished)} inferences, {tiles} tiles, {len(run.power_cycles)} power cycles",
        "measured_s": engine_s,
        "reference": "bare SimPy, one timeout per tile and change of state",
        "reference_s": bare_s,
        "ratio": engine_s / bare_s,
        "wanted": 10.0,
    }


def fast(name: str, schedule: Schedule, minutes: float, repetitions: int) -> dict[str, object]:
    seconds, rate = int(minutes * 60), 100_000
    generator = np.random.default_rng(7)
    # Half a second of light every two: brown-outs, recharges and work all occur.
    slow_w = np.where(np.arange(seconds) % 4 < 2, 3e-3, 2e-4)
    noise = generator.uniform(0.0, 2.0, rate).astype(np.float32)
    noise /= noise.mean()
    fine_w = (slow_w.astype(np.float32)[:, None] * noise[None, :]).reshape(-1)
    coarse = PowerTrace("coarse", PowerSource(fine_w.reshape(seconds, rate).mean(axis=1, dtype=np.float64)), step_s=1.0)
    fine = PowerTrace("fine", PowerSource(fine_w), step_s=1.0 / rate)
    cases = {trace.name: make_case(trace, "boost", schedule, float(seconds)) for trace in (coarse, fine)}
    for case in cases.values():
        simulate(dataclasses.replace(case, duration_s=20.0))
    coarse_s, coarse_run = best_of(repetitions, lambda: simulate(cases["coarse"]))
    fine_s, fine_run = best_of(repetitions, lambda: simulate(cases["fine"]))
    assert coarse_run is not None
    assert fine_run is not None
    assert abs(len(fine_run.finished) - len(coarse_run.finished)) <= 1
    assert len(coarse_run.power_cycles) > 10
    return {
        "case": name,
        "work": f"{len(fine_run.finished)} inferences, {len(fine_run.power_cycles)} cycles, {fine_w.size} samples",
        "measured_s": fine_s,
        "reference": "the same energy at 1 Hz",
        "reference_s": coarse_s,
        "ratio": fine_s / coarse_s,
        "wanted": 1.5 if name == "fast" else math.nan,
    }


def long(hours: float) -> dict[str, object]:
    samples = int(hours * 3_600_000)
    power_w = np.full(samples, 5e-4, dtype=np.float32)
    power_w[::2] = 7e-4
    trace = PowerTrace("long", PowerSource(power_w), step_s=1e-3)
    start = time.perf_counter()
    run = simulate(make_case(trace, "boost", consistent_schedule("boost"), trace.duration_s))
    seconds = time.perf_counter() - start
    assert run.finished
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "case": "long",
        "work": f"{len(run.finished)} inferences, {samples} samples, peak memory {peak_gib:.2f} GiB (wanted: below 3)",
        "measured_s": seconds,
        "reference": "",
        "reference_s": math.nan,
        "ratio": math.nan,
        "wanted": math.nan,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, nothing saved")
    quick = parser.parse_args().quick
    rows = [
        day(2.4, 1) if quick else day(24.0, 3),
        fast("fast", published_schedule(), *((1.0, 2) if quick else (10.0, 5))),
        fast("fast-small", consistent_schedule("boost"), *((1.0, 2) if quick else (10.0, 5))),
        long(2.4 if quick else 24.0),
    ]
    for row in rows:
        print(f"{row['case']:5} {row['measured_s']:8.3f} s  ratio {row['ratio']:6.2f} (wanted <= {row['wanted']})")
        print(f"      {row['work']}")
    if not quick:
        RESULTS.parent.mkdir(exist_ok=True)
        with open(RESULTS, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
