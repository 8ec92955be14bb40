"""The work of a study in tasks that any process can do."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from nas.data.catalogue import load_data
from nas.data.data_set import DataSet
from nas.modules.kinds import Initialisation
from nas.modules.network_module import build_module
from nas.proxies.catalogue import proxy
from nas.proxies.proxy import proxy_batch, proxy_score
from nas.ranking.plan import PROXY_SCORES, STAND_ALONE, Plan, SupernetScore, supernet_scores
from nas.ranking.rows import Row
from nas.space.search_space import load_space
from nas.supernet.path_space import path_space
from nas.supernet.scoring import open_scorer
from nas.supernet.training import train_supernet
from nas.train.device import torch_threads
from nas.train.diverged import DivergedError
from nas.train.loop import train, weights_generator
from nas.train.published import Recipe, recipe_settings
from simint.network.families import network_from_word
from simint.network.mbconv import parse_mbconv

# With the published first weights the first epochs go by with little learnt, which a short training cannot afford.
START = Initialisation.TORCH
# Validation accuracy still moves by some tenths from epoch to epoch at the end of a training.
LAST_EPOCHS = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a study is: its folder, and where its data set lies."""

    folder: Path
    data: Path | None


@dataclass(frozen=True, slots=True)
class Task:
    """`network` trained by itself with `seed`; or all networks by a proxy, or by all scores of one supernet."""

    work: str
    network: str = ""
    seed: int = 0


def tasks(plan: Plan, words: Sequence[str]) -> list[Task]:
    """Everything there is to do, in an order in which an early end leaves something to read."""
    supernets = list(dict.fromkeys(Task(score.checkpoint) for score in _supernet_scores(plan)))
    alone = [[Task(STAND_ALONE, word, seed) for word in words] for seed in range(plan.seeds)]
    later_alone = [task for one_seed in alone[1:] for task in one_seed]
    first, second, rest = supernets[:2], supernets[2:4], supernets[4:]
    return [*map(Task, PROXY_SCORES), *first, *alone[0], *second, *later_alone, *rest]


def done(plan: Plan, task: Task, rows: Sequence[Row], words: Sequence[str]) -> bool:
    """Whether the rows of a task are there."""
    if task.network:
        return any((row.score, row.network, row.seed) == (STAND_ALONE, task.network, task.seed) for row in rows)
    names = [score.name for score in _supernet_scores(plan) if score.checkpoint == task.work] or [task.work]
    have = {(row.score, row.network) for row in rows}
    return all((name, word) in have for name in names for word in words)


def perform(plan: Plan, place: Place, words: tuple[str, ...], todo: tuple[Task, ...]) -> list[list[Row]]:
    """The rows of each task. A function for worker processes."""
    with torch_threads(1):
        return [_perform(plan, place, words, task) for task in todo]


def _perform(plan: Plan, place: Place, words: tuple[str, ...], task: Task) -> list[Row]:
    if task.work == STAND_ALONE:
        return [_alone(plan, place, task)]
    if task.work in PROXY_SCORES:
        return _by_proxy(plan, place, words, task.work)
    return _by_supernet(plan, place, words, task.work)


def _supernet_scores(plan: Plan) -> tuple[SupernetScore, ...]:
    return supernet_scores(plan, path_space(load_space(plan.space)).at(plan.width, plan.resolution))


def _alone(plan: Plan, place: Place, task: Task) -> Row:
    began_s = time.perf_counter()
    data = _data(plan.data, place.data).resized(plan.resolution)
    settings = msgspec.structs.replace(
        recipe_settings(Recipe.SCRATCH, plan.data), epochs=plan.epochs, initialisation=START, seed=plan.seed + task.seed
    )
    module = build_module(
        network_from_word(task.network), weights_generator(settings.seed), initialisation=settings.initialisation
    )
    result = train(module, data.train, data.validation, settings)
    last = [record.validation_accuracy_percent for record in result.history[-LAST_EPOCHS:]]
    seconds = time.perf_counter() - began_s
    return Row(STAND_ALONE, task.network, task.seed, sum(last) / len(last), result.validation_accuracy_percent, seconds)


def _by_proxy(plan: Plan, place: Place, words: tuple[str, ...], name: str) -> list[Row]:
    batch = proxy_batch(_data(plan.data, place.data).resized(plan.resolution).train, plan.seed)
    rows = []
    for word in words:
        began_s = time.perf_counter()
        value = proxy_score(proxy(name), network_from_word(word), batch, initialisation=START, seed=plan.seed)
        rows.append(Row(name, word, 0, value, value, time.perf_counter() - began_s))
    return rows


def _by_supernet(plan: Plan, place: Place, words: tuple[str, ...], checkpoint: str) -> list[Row]:
    data, every = _data(plan.data, place.data), path_space(load_space(plan.space))
    scores = [score for score in _supernet_scores(plan) if score.checkpoint == checkpoint]
    first, file = scores[0], place.folder / f"{checkpoint}.pt"
    settings = first.settings
    settings = msgspec.structs.replace(settings, training=msgspec.structs.replace(settings.training, seed=plan.seed))
    try:
        train_supernet(every if first.every_setting else every.at(plan.width, plan.resolution), data, settings, file)
    except DivergedError:
        # A finding like another: no network has a score of this kind, and the study goes on.
        return [Row(score.name, word, 0, math.nan, math.nan, 0.0) for score in scores for word in words]
    rows = []
    for score in scores:
        scorer = open_scorer(file, data, recalibration_windows=score.windows)
        for word in words:
            began_s = time.perf_counter()
            value = scorer.path_accuracy_percent(parse_mbconv(word))
            rows.append(Row(score.name, word, 0, value, value, time.perf_counter() - began_s))
    return rows


@functools.lru_cache(maxsize=1)
def _data(name: str, folder: Path | None) -> DataSet:
    return load_data(name, folder)
