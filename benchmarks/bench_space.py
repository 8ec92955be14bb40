"""Whole search spaces: time and memory of their tables and of exact statistics over all their networks, on one core.

Run `python benchmarks/bench_space.py`. Every space is measured in a process of its own, after one that leaves the
compiled code on disk; a table is built from nothing, remembered layers included.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEASURE = """
import json, os, resource, sys, time
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
start = time.perf_counter()
from nas.space.columns import IMO, LATENCY
from nas.space.pareto import pareto_front
from nas.space.percentiles import percentiles
from nas.space.population import Constraints, population_statistics
from nas.space.ranking import top_networks
from nas.space.search_space import load_space
from nas.space.table import build_table
imported = time.perf_counter()
table = build_table(load_space(sys.argv[1]))
built = time.perf_counter()
percents = list(range(101))
latency, imo = (percentiles(table, metric, percents) for metric in (LATENCY, IMO))
ranked = time.perf_counter()
population_statistics(table, Constraints(latency[25]))
counted = time.perf_counter()
front = pareto_front(table)
fronted = time.perf_counter()
for metric in (LATENCY, IMO):
    top_networks(table, metric, 100)
listed = time.perf_counter()
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({
    "space": table.space.name,
    "networks": table.space.networks,
    "distinct_layers": table.distinct_layers,
    "import_s": imported - start,
    "table_s": built - imported,
    "percentiles_s": ranked - built,
    "shares_s": counted - ranked,
    "front_s": fronted - counted,
    "front_networks": len(front.settings),
    "top_s": listed - fronted,
    "statistics_s": listed - built,
    "peak_mb": memory / 1024,
}))
"""


def measure(space: str) -> dict[str, object]:
    """One row: seconds of every step; `statistics_s` is everything after the table."""
    done = subprocess.run([sys.executable, "-c", MEASURE, space], capture_output=True, text=True, check=True, cwd=ROOT)
    return {
        key: round(value, 3) if isinstance(value, float) else value for key, value in json.loads(done.stdout).items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--spaces", nargs="+", default=["har", "cifar10"])
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "space.csv")
    arguments = parser.parse_args()
    measure("har")
    rows = [measure(space) for space in arguments.spaces]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with open(arguments.out, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(arguments.out.read_text())


if __name__ == "__main__":
    main()
