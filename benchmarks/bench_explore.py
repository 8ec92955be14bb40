"""Exploration of published networks: time per network and per design, against the published program.

Run `python benchmarks/bench_explore.py`. The golden file records the processor time that the published single-threaded
Python program needed for the same exploration (on another, comparable machine). Nothing is remembered between calls.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from golden_rows import layer_from_row  # noqa: E402

from simint.hardware.presets import load_platform  # noqa: E402
from simint.network.layer import Layer  # noqa: E402
from simint.tiling.electrical import bench_settings  # noqa: E402
from simint.tiling.explorer import explore_network_published  # noqa: E402

FIRST_CALL = """
import time; start = time.perf_counter()
from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.tiling.explorer import explore_network_published
layer = Layer(name="a", kind=LayerKind.CONV, ifm=(16, 32, 32), ofm=(32, 32, 32))
explore_network_published([layer], load_platform("msp430fr5994-tinas2024"))
print(time.perf_counter() - start)
"""
CASES = (("networks_random.json.gz", "tinas2024", 5e-3, 2800.0), ("networks_inas2021.json.gz", "inas2021", 5e-3, None))


def best_of(repeats: int, layers: list[Layer], *arguments: object) -> float:
    """Seconds of the fastest of several calls: the machine is shared."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        explore_network_published(layers, *arguments)  # type: ignore[arg-type]
        times.append(time.perf_counter() - start)
    return min(times)


def measure(file: Path, variant: str, capacitance: float, resistance: float | None, repeats: int) -> dict[str, object]:
    """One row of the table: medians over the networks of a file at one capacitor."""
    platform = load_platform(f"msp430fr5994-{variant}")
    with gzip.open(file, "rt") as text:
        networks = json.load(text)["networks"]
    seconds, ratios, designs, distinct = [], [], 0, 0
    for network in networks:
        golden = next(result for result in network["results"] if result["ccap"] == capacitance)
        settings = bench_settings(platform, capacitance, resistance or golden["rehm"])
        layers = [layer_from_row(row) for row in network["layers"]]
        found = explore_network_published(layers, platform, settings)
        designs += sum(layer.legal for layer in found.layers)
        shapes = {(layer.kind, layer.ifm, layer.ofm, layer.kernel, layer.stride): k for k, layer in enumerate(layers)}
        distinct += sum(found.layers[k].legal for k in shapes.values())
        seconds.append(best_of(repeats, layers, platform, settings))
        ratios.append(golden["cpu_s"] / seconds[-1])
    return {
        "case": file.name.removesuffix(".json.gz"),
        "networks": len(networks),
        "median_ms": round(1e3 * statistics.median(seconds), 3),
        "worst_ms": round(1e3 * max(seconds), 3),
        "ns_per_legal_design": round(1e9 * sum(seconds) / designs, 2),
        "ns_per_distinct_design": round(1e9 * sum(seconds) / distinct, 2),
        "published_over_ours_median": round(statistics.median(ratios)),
        "published_over_ours_least": round(min(ratios)),
    }


def first_call_s() -> float:
    """Imports and the first exploration in a fresh process, compiled code already on disk."""
    runs = [
        subprocess.run([sys.executable, "-c", FIRST_CALL], capture_output=True, text=True, check=True) for _ in "ab"
    ]
    return float(runs[-1].stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SIMINT_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "explore.csv")
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    first = round(first_call_s(), 3)
    rows = [
        measure(arguments.shared / "spec" / "golden" / name, variant, capacitance, resistance, arguments.repeats)
        for name, variant, capacitance, resistance in CASES
    ]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with open(arguments.out, "w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "first_call_s"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "first_call_s": first} for row in rows)
    print(arguments.out.read_text())


if __name__ == "__main__":
    main()
