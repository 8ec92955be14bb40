"""What the studies of activity recognition share: trainings that are kept, costs, replays on recorded traces."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from nas.data.catalogue import load_data
from nas.data.data_set import DataSet, open_test
from nas.fitness.replay import ReplayFitness, prepare_replay
from nas.hardware.model import hardware_model
from nas.modules.network_module import build_module
from nas.problem.evaluation import HardwareCosts
from nas.search.config import ReplayChoice
from nas.search.replaying import load_replays, read_trace_word
from nas.space.search_space import load_space
from nas.space.target import target_settings
from nas.train.evaluate import accuracy_percent
from nas.train.fitting import suited_data
from nas.train.loop import train, weights_generator
from nas.train.published import Recipe, recipe_settings
from simint.engine.engines import EngineChoice
from simint.network.families import network_from_word
from simint.workers.dispatch import Dispatcher
from simint.workers.pool import Where, make_pool

SPACE = "har"
# The published requirements at 5 mF, seconds (TiNAS, strict and relaxed).
STRICT_S, RELAXED_S = 18.53157244307734, 33.78383099809874
TRACES = {
    "RF, carried": "rf_react/rf-mobile.trace",
    "RF, past a reader": "rf_mementos/mementos_rf.npz#trace_02",
    "solar, indoors": "solar_indoor_moving/solar_indoor_moving.npz",
    "solar, jogging": "solar_jogging_iv/jogging_10m_iv.npz",
}
REPLAY_S = 1800.0


@dataclass(frozen=True)
class Task:
    """One training; `final` ones are asked about the test subjects."""

    word: str
    seed: int
    epochs: int
    final: bool


@dataclass(frozen=True)
class Row:
    """What it came to; `test_percent` is None where it was not asked."""

    word: str
    seed: int
    epochs: int
    final: bool
    validation_percent: float
    test_percent: float | None
    seconds: float


def priced(words: Sequence[str]) -> dict[str, HardwareCosts]:
    """What the cost model says of networks of the space."""
    space = load_space(SPACE)
    costs = hardware_model(space).costs([space.genome(word) for word in words])
    return dict(zip(words, costs, strict=True))


def trained(data: Path, file: Path, where: Where, tasks: Sequence[Task]) -> list[Row]:
    """A row for every task; those in the file are read, the others made and written as they come."""
    rows = read_rows(file)
    known = {(row.word, row.seed, row.epochs, row.final): row for row in rows}
    missing = [task for task in tasks if dataclasses.astuple(task) not in known]
    pool = make_pool(where, len(missing))
    dispatcher: Dispatcher[Task, Row] = Dispatcher(pool, train_tasks, (str(data),), missing, lost)
    with open(file, "a", encoding="utf-8") as out:
        for found in dispatcher.outcomes(1.0):
            for row in found:
                known[row.word, row.seed, row.epochs, row.final] = row
                out.write(json.dumps(dataclasses.asdict(row)) + "\n")
                print(f"{row.validation_percent:.2f} % on validation, {row.seconds:.0f} s: {row.word}", flush=True)
            out.flush()
            os.fsync(out.fileno())
    pool.close()
    return [known[task.word, task.seed, task.epochs, task.final] for task in tasks]


def read_rows(file: Path) -> list[Row]:
    """What was done before; a last line that was cut is left out."""
    rows: list[Row] = []
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                rows.append(Row(**json.loads(line)))
            except json.JSONDecodeError:
                break
    return rows


def lost(task: Task) -> Row:
    """A worker died at it each time."""
    raise SystemExit(f"a worker died each time while training {task.word}")


@functools.cache
def activities(folder: str) -> DataSet:
    """The data set, once in every worker."""
    return load_data("har", Path(folder) / "har_uci")


def train_tasks(folder: str, tasks: tuple[Task, ...]) -> list[Row]:
    """In a worker."""
    return [train_one(activities(folder), task) for task in tasks]


def train_one(whole: DataSet, task: Task) -> Row:
    """Train from scratch as TiNAS trains single networks, keep the best epoch by the validation subjects."""
    network = network_from_word(task.word)
    data = suited_data(whole, network)
    settings = msgspec.structs.replace(recipe_settings(Recipe.SCRATCH, "har"), epochs=task.epochs, seed=task.seed)
    module = build_module(network, weights_generator(task.seed), None, settings.initialisation)
    result = train(module, data.train, data.validation, settings)
    test = accuracy_percent(module, open_test(data)) if task.final else None
    seconds = sum(record.seconds for record in result.history)
    return Row(**dataclasses.asdict(task), validation_percent=result.validation_accuracy_percent, test_percent=test,
               seconds=seconds)  # fmt: skip


@functools.cache
def replays(data: Path) -> ReplayFitness:
    """Traces compiled: inferences back to back under policy `tile` from the cost model's capacitor."""
    traces = tuple(read_trace_word(f"{data}/{file}") for file in TRACES.values())
    choice = ReplayChoice(traces=traces, duration=REPLAY_S)
    return prepare_replay(load_replays(choice, target_settings(load_space(SPACE).target)).scenarios, EngineChoice.AUTO)


def replayed(data: Path, word: str) -> list[float]:
    """Inferences a day, back to back, on every trace."""
    return [result.inferences_per_day for result in replays(data).replay(network_from_word(word))]
