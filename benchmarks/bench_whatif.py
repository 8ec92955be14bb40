"""What a study costs besides its runs: `python benchmarks/bench_whatif.py [--quick] [--memory]`.

Figures of one run; the work done is asserted, times are not. Writes `benchmarks/results/whatif.csv`.

- `overhead`: 1,000 points whose run is trivial, by one process: wall time of the study less that of the same 1,000 runs
  alone, per point; and what of it is choosing the scenario and joining the case, reading the metrics off, the file.
- `processes`: the same by two processes: time that the process which hands out points is busy, per point.
- `days`: 1,000 points of 24 h, by two processes: the published HAR network, asked once a minute, on the four daylong
  traces of the catalogue (desk, wrist, a sunny day with clouds as power and on a cell's curves), under five policies,
  with 50 capacitors from 200 uF to 10 mF; designs explored for every point, as by default.
- `memory` (with `--memory`; 6 GB of disk, Linux): 16 processes that replay 24 h at 1 kHz behind a charger of constant
  efficiency, and 6 h behind one with an efficiency table: what they map of the trace, and what each has for itself,
  compared with the same runs on 35 minutes of it in a loop.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from simint.engine.choose import run_case
from simint.engine.workload import Workload
from simint.scenario import Scenario, TraceChoice
from simint.trace.readers.options import ReadOptions
from simint.whatif.frame import load_study
from simint.whatif.metrics import metrics_of
from simint.whatif.point import Base, Workshop
from simint.whatif.resolve import resolve
from simint.whatif.session import run_study
from simint.whatif.study import Study, points
from simint.whatif.traces import SHARED_SEGMENTS
from simint.whatif.variation import parse_variation
from simint.workers.pool import Where

RESULTS = Path(__file__).parent / "results" / "whatif.csv"
SMALL = "plain:har:1x2-1x2-1x2"
DAYS = ("office-light", "thermal-wrist", "solar-day-clouds", "solar-day-cell")
POLICIES = ("tile", "jit", "layer", "footprint", "none")
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
    scenario = Scenario(
        trace=TraceChoice(name=DAYS[0]), network="tinas-har-l25", duration=86400.0, workload=Workload(period=60.0)
    )
    traces, policies = f"trace={','.join(DAYS)}", f"policy={','.join(POLICIES)}"
    capacitor = f"capacitor=200uF:10mF:log:{count // (len(DAYS) * len(POLICIES))}"
    study = Study(scenario, tuple(parse_variation(text) for text in (capacitor, traces, policies)))
    path = folder / "days.db"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = timed(lambda: run_study(study, path, Where(2)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    frame = load_study(path).frame
    assert frame["status"].eq("done").all()
    impossible = frame["verdict"].eq("nontermination")
    assert np.allclose(frame["duration_s"][~impossible], 86400.0)
    rows: Rows = [
        ("days", "points", len(frame), ""),
        ("days", "wall time, start of the processes included", seconds, "s"),
        ("days", "processor time of both processes", busy, "s"),
        ("days", "a point, in its process", 1e3 * float(frame["seconds"].mean()), "ms"),
        ("days", "points by the compiled engine", float(frame["engine"].eq("compiled").mean()), "share"),
        ("days", "points that can never finish", float(impossible.mean()), "share"),
        ("days", "inferences", float(frame["inferences_finished"].sum()), ""),
        ("days", "tiles", float(frame["tiles_committed"].sum() + frame["tiles_lost"].sum()), ""),
        ("days", "power cycles", float(frame["power_cycles"].sum()), ""),
    ]
    for name in ("trace", "policy"):
        for value, mean in frame.groupby(name, sort=False)["seconds"].mean().items():
            rows.append(("days", f"{name} {value}", 1e3 * float(mean), "ms per point"))
    return rows


def memory(folder: Path, samples: int, width: int) -> Rows:
    rows: Rows = []
    for supply, traced in (("boost", 1.0), ("bq25504", 0.25)):
        n = int(samples * traced)
        _, _, idle = footprint(folder, supply, 2 * SHARED_SEGMENTS, 1e-3 * n, width)
        seconds, mapped, private = footprint(folder, supply, n, 1e-3 * n, width)
        one_copy = n * 8 / 2**20
        case = f"memory {supply}"
        rows += [
            (case, "samples of the trace, at 1 kHz", n, ""),
            (case, "the trace, once", one_copy, "MiB"),
            (case, "mapped by all processes together (PSS)", mapped, "MiB"),
            (case, f"private to {width} processes together (USS)", private, "MiB"),
            (case, "the same with a trace of 35 min, looped", idle, "MiB"),
            (case, "private, on account of the trace, by process", (private - idle) / width, "MiB"),
            (case, "wall time", seconds, "s"),
        ]
    return rows


def footprint(folder: Path, supply: str, samples: int, duration_s: float, width: int) -> tuple[float, float, float]:
    """Wall time of a study of so many processes, and the most MiB that they had mapped of shared files and private."""
    np.savez(folder / "day.npz", power=np.random.default_rng(1).random(samples) * 1e-3)
    read = ReadOptions(step_s=1e-3, power_unit="W")
    trace = TraceChoice(name=f"{folder / 'day.npz'}#power", read=read)
    scenario = Scenario(trace=trace, supply=supply, network="tinas-har-l25", duration=duration_s)
    study = study_of(scenario, f"v_on=2.9V:3.5V:{4 * width}")
    most = [0.0, 0.0]

    def watch() -> None:
        while not done.wait(0.2):
            found = [_memory(child) for child in _children(os.getpid())]
            most[0] = max(most[0], sum(mapped for mapped, _ in found))
            most[1] = max(most[1], sum(private for _, private in found))

    done = threading.Event()
    watcher = threading.Thread(target=watch)
    watcher.start()
    seconds = run(study, folder, width)
    done.set()
    watcher.join()
    return seconds, most[0], most[1]


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _memory(process: int) -> tuple[float, float]:
    """MiB of the shared arrays mapped by a process, its share of what others map too; and MiB that it has alone."""
    mapped = private = 0.0
    array = False
    try:
        for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
            words = line.split()
            if not words[0].endswith(":"):
                array = words[-1].endswith(".npy")
            elif words[0] == "Pss:" and array:
                mapped += float(words[1]) / 1024
            elif words[0] == "Anonymous:" if array else words[0].startswith("Private_"):
                # A page of a shared file is a process's own once it has written to it.
                private += float(words[1]) / 1024
    except OSError:
        return 0.0, 0.0
    return mapped, private


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
            rows += memory(folder, 8_640_000, 4) if arguments.quick else memory(folder, 86_400_000, 16)
    for case, what, value, unit in rows:
        print(f"{case:14} {what:46} {value:12.4g} {unit}")
    if not arguments.quick:
        with open(RESULTS, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("case", "what", "value", "unit"), *rows])


if __name__ == "__main__":
    main()
