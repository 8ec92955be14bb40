"""The compiled engine against the event engine: `python benchmarks/bench_engines.py [--quick]`.

Ratios measured in one run, each side the best of several repetitions, once loaded; the work done is asserted, times are
not. Writes `benchmarks/results/engines.csv`.

- `day`: 24 h of the published HAR network on the published Thevenin bench, policy `tile` (see `bench_replay`).
- `boost-twin`: the same bench behind a boost converter of 80 %: same capacitor, thresholds, schedule and time.
- `boost-lossy`: the preset `boost` (1 mF, leakage and quiescent current) in its place.
- `const`, `square`, `sine`: 10 s of constant, square-wave and sine power sampled every 10 us, the workload on which
  fixed-step simulators of this field take about a second of wall time per second simulated.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
from pathlib import Path

import msgspec
import numpy as np
from bench_replay import best_of, consistent_schedule, make_case, published_schedule

from simint.engine.case import Case
from simint.engine.compiled.simulate import simulate_compiled
from simint.engine.engines import Engine
from simint.engine.event import simulate
from simint.hardware.converter import Boost
from simint.hardware.presets import load_supply
from simint.physics.front_end import compile_source
from simint.trace.load import load_trace
from simint.trace.power_trace import PowerSource, PowerTrace

RESULTS = Path(__file__).parent / "results" / "engines.csv"


def twin(hours: float) -> Case:
    """The bench of `day` with a boost converter between source and capacitor."""
    trace = load_trace("thevenin-bench")
    supply = msgspec.structs.replace(load_supply("thevenin"), name="boost-twin", converter=Boost(efficiency=0.8))
    case = make_case(trace, "boost", published_schedule(), hours * 3600.0)
    return dataclasses.replace(case, supply=supply, source=compile_source(trace, supply), initial_voltage=supply.v_on)


def sampled(shape: str) -> Case:
    """Ten seconds at 10 us per sample, of 5 mW on average."""
    time_s = np.arange(1_000_000) * 1e-5
    wave = {
        "const": np.ones_like(time_s),
        "square": np.where(time_s % 0.2 < 0.1, 2.0, 0.0),
        "sine": 1.0 + np.sin(2.0 * np.pi * 5.0 * time_s),
    }[shape]
    trace = PowerTrace(shape, PowerSource(5e-3 * wave), step_s=1e-5)
    return make_case(trace, "boost", consistent_schedule("boost"), 10.0)


def measure(name: str, case: Case, repetitions: int, wanted_ns: float) -> dict[str, object]:
    simulate_compiled(case)
    event_s, by_events = best_of(max(repetitions // 3, 1), lambda: simulate(case))
    loop_s, by_loop = best_of(repetitions, lambda: simulate_compiled(case))
    assert by_events is not None
    assert by_loop is not None
    assert by_loop.engine is Engine.COMPILED
    assert len(by_loop.finished) == len(by_events.finished)
    assert len(by_loop.power_cycles) == len(by_events.power_cycles)
    tiles = sum(layer.tiles_started for layer in by_loop.layers)
    return {
        "case": name,
        "work": f"{len(by_loop.finished)} inferences, {tiles} tiles, {len(by_loop.power_cycles)} power cycles",
        "event_s": event_s,
        "compiled_s": loop_s,
        "ratio": event_s / loop_s,
        "ns_per_tile": loop_s / tiles * 1e9,
        "wanted_ns_per_tile": wanted_ns,
        "simulated_s_per_s": by_loop.duration_s / loop_s,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, nothing saved")
    quick = parser.parse_args().quick
    hours, repetitions = (2.4, 3) if quick else (24.0, 9)
    day = make_case(load_trace("thevenin-bench"), "thevenin", published_schedule(), hours * 3600.0)
    lossy = make_case(load_trace("thevenin-bench"), "boost", published_schedule(), hours * 3600.0)
    rows = [
        measure("day", day, repetitions, 400.0),
        measure("boost-twin", twin(hours), repetitions, 60.0),
        measure("boost-lossy", lossy, repetitions, float("nan")),
        *(measure(shape, sampled(shape), repetitions, float("nan")) for shape in ("const", "square", "sine")),
    ]
    for row in rows:
        print(
            f"{row['case']:11} {row['compiled_s']:8.4f} s, {row['ratio']:6.1f} times the event engine, "
            f"{row['ns_per_tile']:7.1f} ns per tile (wanted <= {row['wanted_ns_per_tile']}), "
            f"{row['simulated_s_per_s']:.3g} s per s"
        )
        print(f"            {row['work']}")
    if not quick:
        RESULTS.parent.mkdir(exist_ok=True)
        with open(RESULTS, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
