"""What a study costs besides its runs: `python benchmarks/bench_whatif.py [--quick] [--memory]`.

Figures of one run; the work done is asserted, times are not. Writes `benchmarks/results/whatif.csv`.

- `overhead`: 1,000 points whose run is trivial, by one process: wall time of the study less that of the same 1,000 runs
  alone, per point; and what of it is choosing the scenario and joining the case, reading the metrics off, the file.
- `processes`: the same by two processes: time that the process which hands out points is busy, per point.
- `days`: 1,000 points of 24 h of the published HAR network on the sunny day with clouds, by two processes.
- `memory` (with `--memory`; 4 GB of disk): 16 processes that replay 24 h at 1 kHz: what the trace's arrays take
  of memory in all processes together, against what one copy takes.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from simint.engine.choose import run_case
from simint.scenario import Scenario, TraceChoice
from simint.whatif.frame import load_study
from simint.whatif.metrics import metrics_of
from simint.whatif.point import Base, Workshop
from simint.whatif.pool import Where
from simint.whatif.resolve import resolve
from simint.whatif.session import run_study
from simint.whatif.study import Study, points
from simint.whatif.variation import parse_variation

RESULTS = Path(__file__).parent / "results" / "whatif.csv"
SMALL = "plain:har:1x2-1x2-1x2"
Rows = list[tuple[str, str, float, str]]


def study_of(scenario: Scenario, *vary: str) -> Study:
    return Study(scenario, tuple(parse_variation(text) for text in vary), held=True)


def trivial(points_wanted: int) -> Study:
    scenario = Scenario(trace=TraceChoice(name="constant-1mw", scale=1e-3), network=SMALL, duration=1e-3)
    return study_of(scenario, f"capacitor=1mF:2mF:{points_wanted // 10}", "v_on=3V:3.4V:5", "policy=tile,none")


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(study: Study, folder: Path, jobs: int) -> float:
    path = folder / f"{time.monotonic_ns()}.db"
    seconds = timed(lambda: run_study(study, path, Where(jobs)))
    assert load_study(path).frame["status"].eq("done").all()
    return seconds


def overhead(count: int, folder: Path) -> Rows:
    study = trivial(count)
    workshop = Workshop(Base(study, resolve(study), folder))
    asked = [dict(zip(study.names, values, strict=True)) for values in points(study)]
    cases = [workshop.case(values) for values in asked]
    runs = [run_case(case, scenario.engine) for scenario, case in cases]
    engine_s = min(timed(lambda: [run_case(case, scenario.engine) for scenario, case in cases]) for _ in range(3))
    case_s = min(timed(lambda: [workshop.case(values) for values in asked]) for _ in range(3))

    def read_off() -> None:
        for (scenario, case), result in zip(cases, runs, strict=True):
            metrics_of(result, scenario, case.supply)

    metrics_s = min(timed(read_off) for _ in range(3))
    whole_s = min(run(study, folder, 1) for _ in range(3))
    n = len(asked)
    return [
        ("overhead", "points", n, ""),
        ("overhead", "study", 1e3 * whole_s / n, "ms per point"),
        ("overhead", "runs alone", 1e3 * engine_s / n, "ms per point"),
        ("overhead", "besides the runs", 1e3 * (whole_s - engine_s) / n, "ms per point"),
        ("overhead", "of which scenario and case", 1e3 * case_s / n, "ms per point"),
        ("overhead", "of which metrics", 1e3 * metrics_s / n, "ms per point"),
    ]


def processes(count: int, folder: Path) -> Rows:
    study = trivial(count)
    run(study, folder, 2)
    before = time.process_time()
    seconds = run(study, folder, 2)
    busy = time.process_time() - before
    return [
        ("processes", "wall time, start of the processes included", seconds, "s"),
        ("processes", "handing out and writing", 1e3 * busy / count, "ms per point"),
    ]


def days(count: int, folder: Path) -> Rows:
    scenario = Scenario(trace=TraceChoice(name="solar-day-clouds"), network="tinas-har-l25", duration=86400.0)
    vary = (f"capacitor=200uF:5mF:log:{count // 20}", "policy=tile,jit", "trace.scale=0.05:0.2:10")
    study = study_of(scenario, *vary)
    path = folder / "days.db"
    seconds = timed(lambda: run_study(study, path, Where(2)))
    frame = load_study(path).frame
    assert frame["status"].eq("done").all()
    assert frame["inferences_finished"].gt(0).all()
    assert np.allclose(frame["duration_s"], 86400.0)
    return [
        ("days", "points", len(frame), ""),
        ("days", "wall time", seconds, "s"),
        ("days", "points by the compiled engine", float(frame["engine"].eq("compiled").mean()), "share"),
        ("days", "inferences", float(frame["inferences_finished"].sum()), ""),
    ]


def memory(folder: Path, samples: int = 86_400_000, width: int = 16) -> Rows:
    power = np.random.default_rng(1).random(samples) * 1e-3
    np.savez(folder / "day.npz", power=power)
    trace = TraceChoice(name=f"{folder / 'day.npz'}#power")
    data = {"step_s": 1e-3, "power_unit": "W"}
    import msgspec

    trace = msgspec.structs.replace(trace, read=msgspec.convert(data, type(trace.read)))
    scenario = Scenario(trace=trace, network="tinas-har-l25", duration=samples * 1e-3)
    study = study_of(scenario, f"capacitor=500uF:10mF:log:{4 * width}")
    most = [0.0, 0.0]

    def watch() -> None:
        while not done.wait(0.2):
            private, mapped = 0.0, 0.0
            for child in _children(os.getpid()):
                for shared, kilobytes in _pss(child):
                    private, mapped = (private, mapped + kilobytes) if shared else (private + kilobytes, mapped)
            most[0], most[1] = max(most[0], private), max(most[1], mapped)

    done = threading.Event()
    watcher = threading.Thread(target=watch)
    watcher.start()
    seconds = timed(lambda: run_study(study, folder / "memory.db", Where(width)))
    done.set()
    watcher.join()
    one_copy = (samples * 8 + samples / 15 * 4 * 8) / 2**20
    return [
        ("memory", "one copy of the trace's arrays", one_copy, "MiB"),
        ("memory", f"mapped by {width} processes together", most[1] / 1024, "MiB"),
        ("memory", f"private to {width} processes together", most[0] / 1024, "MiB"),
        ("memory", "wall time", seconds, "s"),
    ]


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _pss(process: int) -> list[tuple[bool, float]]:
    """Proportional set size in kB of every mapping, and whether it is one of the shared arrays."""
    found, shared = [], False
    try:
        for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
            words = line.split()
            if "-" in words[0] and not words[0].endswith(":"):
                shared = words[-1].endswith(".npy")
            elif words[0] == "Pss:":
                found.append((shared, float(words[1])))
    except OSError:
        return []
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a tenth of the points; nothing is written")
    parser.add_argument("--memory", action="store_true", help="the case `memory` too")
    arguments = parser.parse_args()
    count = 100 if arguments.quick else 1000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [*overhead(count, folder), *processes(count, folder), *days(count, folder)]
        if arguments.memory:
            rows += memory(folder, 8_640_000, 4) if arguments.quick else memory(folder)
    for case, what, value, unit in rows:
        print(f"{case:10} {what:44} {value:12.4g} {unit}")
    if not arguments.quick:
        with open(RESULTS, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("case", "what", "value", "unit"), *rows])


if __name__ == "__main__":
    main()
