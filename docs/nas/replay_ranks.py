"""Does the abstract model rank networks as replay does? Random HAR networks, five recorded traces, two policies.

    python docs/nas/replay_ranks.py --data ../shared/data --work DIR [--networks 200] [--workers 1]

Goes on where it ended; writes `replay_ranks.md` and `replay_ranks.csv` beside itself and keeps every single replay in
`DIR/replays.jsonl`. The abstract model charges a power cycle for every tile; policy `tile-shutdown` (forced) does as it
assumes, `tile` (greedy) runs until the capacitor is empty. Both run the designs that replay chooses for itself
(consistent), and the very designs that the abstract model priced (published).
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import functools
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from nas.fitness.promotion import rank_agreement
from nas.fitness.replay import DAY_S, ReplayFitness, TraceResult, prepare_replay
from nas.hardware.model import hardware_model
from nas.methods.drawing import draw_feasible, new_archive
from nas.problem.evaluation import HardwareCosts
from nas.problem.objectives import Requirements
from nas.problem.problem import Problem
from nas.search.config import ReplayChoice
from nas.search.replaying import load_replays, read_trace_word
from nas.space.genome import random_genome
from nas.space.search_space import load_space
from nas.space.target import target_platform, target_settings
from simint.engine.engines import EngineChoice
from simint.files import replacing
from simint.network.families import network_from_word
from simint.scenario import DesignChoice, PolicyChoice
from simint.tiling.choose import explore_published
from simint.workers.dispatch import LOST, Dispatcher
from simint.workers.pool import Where, make_pool

SPACE, SEED, DURATION_S = "har", 0, 1800.0
POLICIES = {"forced": "tile-shutdown", "greedy": "tile"}
DESIGNS = ("consistent", "published")
# Recorded power in the range of such devices; nothing is scaled. The cell outdoors has 20 mm2 and 15 %, so little that
# power fails; of the month it is the first day from seven to eight.
TRACES = {
    "RF, carried through a room": "rf_react/rf-mobile.trace",
    "RF, past a reader": "rf_mementos/mementos_rf.npz#trace_02",
    "solar, indoors, moving": "solar_indoor_moving/solar_indoor_moving.npz",
    "solar, jogging": "solar_jogging_iv/jogging_10m_iv.npz",
    "solar, outdoors, morning": "solar_srrl_1min/srrl_cm3_ghi.npz#ghi_2018sep,cell_area_m2=0.2cm2,cell_efficiency=15%,"
    "crop_start=7h,crop_stop=8h",
}


@dataclass(frozen=True)
class Task:
    """One network with one kind of designs, on all traces under both policies."""

    word: str
    designs: str


@dataclass(frozen=True)
class Row:
    """What became of a task on one trace under one policy; `error` where nothing did."""

    word: str
    designs: str
    policy: str
    trace: str
    verdict: str
    inferences: int
    inferences_per_day: float
    latency_s: float
    overhead_s: float
    imo_percent: float
    power_cycles: int
    error: str = ""


def main() -> None:
    """The command; see the top of the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the recorded traces")
    parser.add_argument("--work", type=Path, required=True, help="where single replays are kept")
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    words, costs = drawn_networks(arguments.networks)
    rows = replayed(words, arguments.data.resolve(), arguments.work / "replays.jsonl", arguments.workers)
    write_tables(Path(__file__).parent, words, costs, rows)


def drawn_networks(count: int) -> tuple[list[str], dict[str, HardwareCosts]]:
    """Different networks of the space that fit, drawn uniformly, and what the abstract model says of them."""
    space = load_space(SPACE)
    problem = Problem(space, hardware_model(space), Requirements(), ())
    generator = np.random.default_rng(SEED)
    drawn = draw_feasible(problem, lambda: random_genome(space, generator), count, new_archive())
    words = [space.word(genome) for genome in drawn.genomes]
    return words, dict(zip(words, problem.hardware.costs(drawn.genomes), strict=True))


def replayed(words: Sequence[str], data: Path, file: Path, workers: int) -> list[Row]:
    """All replays, those of the file read and the others made; every finished network is on the disk."""
    rows = read_rows(file)
    done = {(row.word, row.designs) for row in rows}
    tasks = [Task(word, designs) for designs in DESIGNS for word in words if (word, designs) not in done]
    pool = make_pool(Where(workers), len(tasks))
    dispatcher: Dispatcher[Task, list[Row]] = Dispatcher(pool, replay_tasks, (str(data),), tasks, lost)
    with open(file, "a", encoding="utf-8") as out:
        finished = 0
        for found in dispatcher.outcomes(1.0):
            for part in found:
                rows += part
                out.write(json.dumps([dataclasses.asdict(row) for row in part]) + "\n")
            out.flush()
            os.fsync(out.fileno())
            finished += len(found)
            if found and finished % 10 == 0:
                print(f"{finished} of {len(tasks)}", flush=True)
    pool.close()
    return rows


def read_rows(file: Path) -> list[Row]:
    """What was done before; a last line that was cut is left out."""
    rows: list[Row] = []
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                rows += [Row(**values) for values in json.loads(line)]
            except json.JSONDecodeError:
                break
    return rows


def replay_tasks(data: str, tasks: tuple[Task, ...]) -> list[list[Row]]:
    """In a worker."""
    return [[row for policy in POLICIES for row in replay_one(fitness(data, policy), task, policy)] for task in tasks]


@functools.cache
def fitness(data: str, policy: str) -> ReplayFitness:
    """Traces and supply compiled; the capacitor and thresholds are those of the abstract model."""
    traces = tuple(read_trace_word(f"{data}/{file}") for file in TRACES.values())
    choice = ReplayChoice(traces=traces, policy=PolicyChoice(name=POLICIES[policy]), duration=DURATION_S)
    scenarios = load_replays(choice, target_settings(load_space(SPACE).target)).scenarios
    whole = [
        msgspec.structs.replace(
            scenario, duration=max(DURATION_S, (scenario.trace.crop_stop or 0.0) - scenario.trace.crop_start)
        )
        for scenario in scenarios
    ]
    return prepare_replay(whole, EngineChoice.COMPILED)


def replay_one(ready: ReplayFitness, task: Task, policy: str) -> list[Row]:
    """One network on all traces."""
    network = network_from_word(task.word)
    try:
        if task.designs == "published":
            target = load_space(SPACE).target
            found = explore_published(network, target_platform(target), target_settings(target))
            designs = DesignChoice(layers=tuple(layer.design for layer in found.layers if layer.design is not None))
            ready = ReplayFitness(
                [
                    dataclasses.replace(each, scenario=msgspec.structs.replace(each.scenario, design=designs))
                    for each in ready.ready
                ]
            )
        results: Sequence[TraceResult] = ready.replay(network)
    except Exception as error:
        nothing = (0, 0.0, math.inf, math.inf, math.nan, 0)
        return [Row(task.word, task.designs, policy, name, "error", *nothing, error=str(error)) for name in TRACES]
    return [
        Row(
            task.word,
            task.designs,
            policy,
            name,
            result.verdict,
            result.inferences,
            result.inferences_per_day,
            result.latency_s,
            result.overhead_s,
            result.imo_percent,
            result.power_cycles,
        )
        for name, result in zip(TRACES, results, strict=True)
    ]


def lost(task: Task) -> list[Row]:
    """A worker died at it each time."""
    nothing = (0, 0.0, math.inf, math.inf, math.nan, 0)
    return [Row(task.word, task.designs, p, t, "error", *nothing, error=LOST) for p in POLICIES for t in TRACES]


HEADINGS = (
    "designs",
    "policy",
    "trace",
    "networks",
    "finished",
    "s per inference, median",
    "overhead s per inference, median",
    "IMO %, median",
    "tau latency",
    "tau IMO",
    "tau overhead",
    "tau continuous latency",
)


def write_tables(folder: Path, words: Sequence[str], costs: dict[str, HardwareCosts], rows: Sequence[Row]) -> None:
    """The summary as CSV and Markdown."""
    table = [
        summary(designs, policy, trace, words, costs, rows)
        for designs in DESIGNS
        for policy in POLICIES
        for trace in TRACES
    ]
    with replacing(folder / "replay_ranks.csv") as draft, open(draft, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([HEADINGS, *table])
    text = markdown(words, costs, table)
    with replacing(folder / "replay_ranks.md") as draft:
        draft.write_text(text, encoding="utf-8")
    print(text)


def summary(
    designs: str, policy: str, trace: str, words: Sequence[str], costs: dict[str, HardwareCosts], rows: Sequence[Row]
) -> list[str]:
    """One row of the table: rank correlations of what the abstract model says with what replay makes of it."""
    by_word = {row.word: row for row in rows if (row.designs, row.policy, row.trace) == (designs, policy, trace)}
    found = [(costs[word], by_word[word]) for word in words if word in by_word and not by_word[word].error]
    seconds = [DAY_S / row.inferences_per_day if row.inferences_per_day > 0 else math.inf for _, row in found]
    finished = sum(row.inferences > 0 for _, row in found)
    overhead, imo = [row.overhead_s for _, row in found], [row.imo_percent for _, row in found]
    taus = (
        rank_agreement([cost.latency_s for cost, _ in found], seconds),
        rank_agreement([cost.imo_percent for cost, _ in found], imo),
        rank_agreement([cost.overhead_s for cost, _ in found], overhead),
        rank_agreement([cost.continuous_s for cost, _ in found], seconds),
    )
    medians = (np.median(seconds or [math.nan]), np.median(overhead or [math.nan]), np.nanmedian(imo or [math.nan]))
    return [
        designs,
        policy,
        trace,
        str(len(found)),
        str(finished),
        *(f"{value:.3g}" for value in medians),
        *(f"{tau:.3f}" for tau in taus),
    ]


def markdown(words: Sequence[str], costs: dict[str, HardwareCosts], table: Sequence[Sequence[str]]) -> str:
    """The page."""
    chosen = [costs[word] for word in words]
    latency, imo, overhead = (
        (float(np.min(values)), float(np.median(values)), float(np.max(values)))
        for values in (
            [cost.latency_s for cost in chosen],
            [cost.imo_percent for cost in chosen],
            [cost.overhead_s for cost in chosen],
        )
    )
    lines = [
        "# Does the abstract model rank networks as replay does?",
        "",
        f"Made by `docs/nas/replay_ranks.py`: {len(words)} different networks of the space `{SPACE}`, drawn uniformly",
        f"(seed {SEED}). Abstract model at 5 mF, lowest, median and highest: latency {_triple(latency)} s, IMO",
        f"{_triple(imo)} %, overhead {_triple(overhead)} s. Replay: the same capacitor and thresholds behind a",
        "charger of 80 % (supply `boost`), platform `msp430fr5994`, half an hour of each trace (looped), outdoors",
        "an hour. Recorded power as it is, not scaled.",
        "",
        "`tau` is Kendall's tau-b between the abstract value and the replayed one: latency against time per",
        "inference (charging included), IMO against IMO, overhead in seconds against overhead in seconds an inference.",
        "The last column ranks time per inference by nothing but the latency under continuous power.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "| " + " | ".join(["---"] * 3 + ["---:"] * (len(HEADINGS) - 3)) + " |",
        *("| " + " | ".join(row) + " |" for row in table),
        "",
        "Smallest and largest tau over the traces:",
        "",
        *(ranges(designs, policy, table) for designs in DESIGNS for policy in POLICIES),
        "",
    ]
    return "\n".join(lines)


def ranges(designs: str, policy: str, table: Sequence[Sequence[str]]) -> str:
    """One line for the rows of one kind of designs and one policy."""
    own = [row for row in table if row[:2] == [designs, policy]]
    parts = []
    for column in range(len(HEADINGS) - 4, len(HEADINGS)):
        values = [float(row[column]) for row in own]
        parts.append(f"{HEADINGS[column].removeprefix('tau ')} {min(values):.2f} to {max(values):.2f}")
    return f"- {designs} designs, {policy}: {', '.join(parts)}"


def _triple(values: tuple[float, float, float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)


if __name__ == "__main__":
    main()
