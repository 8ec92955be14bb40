"""Exploration of published networks: time per network and per design, against the published program.

Run `python benchmarks/bench_explore.py`. The golden file records the processor time that the published single-threaded
Python program needed for the same exploration (on another, comparable machine). No layer is remembered between calls.
Every network is explored by one call of the public function, and must give the golden designs. Legal designs are
counted for all layers, as the golden file does. The machine may be shared: the best of several runs counts.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from golden_rows import layer_from_row  # noqa: E402

from simint.hardware.platform import Platform  # noqa: E402
from simint.hardware.presets import load_platform  # noqa: E402
from simint.network.layer import Layer  # noqa: E402
from simint.tiling.published.electrical import bench_settings  # noqa: E402
from simint.tiling.search.explorer import NetworkDesigns, explore_network_published  # noqa: E402
from simint.tiling.search.grid import explore_grid  # noqa: E402

FIRST_CALL = """
import time; start = time.perf_counter()
from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.tiling.search.explorer import explore_network_published
layer = Layer(name="a", kind=LayerKind.CONV, ifm=(16, 32, 32), ofm=(32, 32, 32))
explore_network_published([layer], load_platform("msp430fr5994-tinas2024"))
print(time.perf_counter() - start, time.process_time())
"""
CASES = (("networks_random.json.gz", "tinas2024"), ("networks_inas2021.json.gz", "inas2021"))
CAPACITANCE = 5e-3  # that of the single-capacitor rows


def best_of_each(repeats: int, *calls: Callable[[], object]) -> list[float]:
    """Seconds of the fastest run of each call; they take turns, so that other work on the machine meets all alike."""
    best = [math.inf] * len(calls)
    for _ in range(repeats):
        for k, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[k] = min(best[k], time.perf_counter() - start)
    return best


def check(found: NetworkDesigns, golden: dict[str, Any]) -> None:
    """The work was done: feasibility, latency and every design are the golden ones."""
    assert found.feasible == golden["feasible"]
    assert found.failed_layer == golden["failed_layer"]
    if found.feasible:
        assert math.isclose(found.latency_s, golden["latency_s"], rel_tol=1e-12)
        designs = [layer.design for layer in found.layers if layer.design is not None]
        tiles = [[d.tr, d.tc, d.tm, d.tn, d.order.value, d.s] for d in designs]
        assert tiles == [row[:6] for row in golden["designs"]]


def measure_network(
    layers: list[Layer], results: list[dict[str, Any]], platform: Platform, repeats: int
) -> dict[str, float]:
    """Seconds for one capacitor and for all of them, legal designs, and the published seconds for one."""
    supplies = [bench_settings(platform, golden["ccap"], golden["rehm"]) for golden in results]
    one = next(k for k, golden in enumerate(results) if golden["ccap"] == CAPACITANCE)
    found = explore_network_published(layers, platform, supplies[one])
    check(found, results[one])
    grid = explore_grid(layers, platform, supplies)
    for k, golden in enumerate(results):
        check(grid.network(k), golden)
    one_s, all_s = best_of_each(
        repeats,
        lambda: explore_network_published(layers, platform, supplies[one]),
        lambda: explore_grid(layers, platform, supplies).latency_s,
    )
    return {
        "one_s": one_s,
        "all_s": all_s,
        "legal": sum(layer.legal for layer in found.layers),
        "published_s": results[one]["cpu_s"],
    }


def measure(file: Path, variant: str, repeats: int) -> dict[str, object]:
    """One row of the table: the networks of a file."""
    platform = load_platform(f"msp430fr5994-{variant}")
    with gzip.open(file, "rt") as text:
        networks = json.load(text)["networks"]
    runs = [
        measure_network([layer_from_row(row) for row in network["layers"]], network["results"], platform, repeats)
        for network in networks
    ]
    seconds = [run["one_s"] for run in runs]
    ratios = [run["published_s"] / run["one_s"] for run in runs]
    return {
        "case": file.name.removesuffix(".json.gz"),
        "networks": len(networks),
        "legal_designs": int(sum(run["legal"] for run in runs)),
        "median_ms": round(1e3 * statistics.median(seconds), 3),
        "worst_ms": round(1e3 * max(seconds), 3),
        "ns_per_legal_design": round(1e9 * sum(seconds) / sum(run["legal"] for run in runs), 2),
        "published_over_ours_median": round(statistics.median(ratios)),
        "published_over_ours_least": round(min(ratios)),
        "capacitors": len(networks[0]["results"]),
        "all_capacitors_over_one": round(sum(run["all_s"] for run in runs) / sum(seconds), 2),
    }


def first_call() -> dict[str, float]:
    """Imports and the first exploration in a fresh process, compiled code already on disk: wall and processor time."""
    runs = []
    for _ in range(6):
        run = subprocess.run([sys.executable, "-c", FIRST_CALL], capture_output=True, text=True, check=True)
        runs.append([float(seconds) for seconds in run.stdout.split()])
    wall, processor = (round(min(column), 3) for column in zip(*runs, strict=True))
    return {"first_call_s": wall, "first_call_cpu_s": processor}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SIMINT_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "explore.csv")
    parser.add_argument("--repeats", type=int, default=50)
    arguments = parser.parse_args()
    first = first_call()
    golden = arguments.shared / "spec" / "golden"
    rows = [measure(golden / name, variant, arguments.repeats) for name, variant in CASES]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with open(arguments.out, "w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], *first], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, **first} for row in rows)
    print(arguments.out.read_text())


if __name__ == "__main__":
    main()
