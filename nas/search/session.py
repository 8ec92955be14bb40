"""A whole search: prepared, its supernet trained, its method driven, its front judged, all in one folder."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nas.problem.evaluation import Evaluation
from nas.problem.measuring import Recipe
from nas.search.config import SearchConfig
from nas.search.config_file import config_toml
from nas.search.finals import Finals, judge, search_front
from nas.search.folder import STORE, refuse_other_family, write_config
from nas.search.methods import begin_method, method_choice
from nas.search.progress import SearchProgress
from nas.search.recipes import ReplayRecipe
from nas.search.run import Evaluator, run_search
from nas.search.setup import Prepared, prepare, supernet_file
from nas.search.timing import Seconds
from nas.store.resume import open_or_create
from nas.store.store import SearchStore
from simint.database import one_writer
from simint.engine.engines import EngineChoice
from simint.files import make_folder
from simint.workers.pool import EVERY_CORE, Pool, Where, make_pool, require_reachable


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search came to. `finals` is None where Ctrl-C came first."""

    prepared: Prepared
    evaluations: tuple[Evaluation, ...]
    finals: Finals | None
    seconds: Seconds


def search(
    config: SearchConfig, folder: Path, where: Where = EVERY_CORE, *, device: str = "cpu", shown: bool = False
) -> SearchResult:
    """Run a search in a folder, or go on with the one that it holds; Ctrl-C leaves everything that was done.

    A supernet is trained on `device` (`nas.train.device`) and read by the workers on their processors. Raises
    InputError as `prepare`, for a device that is not there, and where the folder holds another search or one whose
    inputs have changed.
    """
    began, seconds = time.perf_counter(), Seconds()
    refuse_other_family(folder)
    prepared = prepare(config, seconds)
    require_reachable(where)
    if prepared.supernet is not None:
        from nas.train.device import chosen_device

        chosen_device(device)  # a mistake is found before a folder is made
    make_folder(folder)
    path = folder / STORE
    with one_writer(path, "search"), open_or_create(path, config_toml(config), prepared.inputs) as store:
        write_config(folder, config)
        if not _supernet_trained(prepared, folder, device, shown):
            return SearchResult(prepared, (), None, seconds)
        seconds.preparing = time.perf_counter() - began - seconds.hardware
        with contextlib.closing(make_pool(where)) as pool:
            found, finals = _searched(prepared, folder, store, pool, seconds, shown)
    seconds.wall = time.perf_counter() - began
    return SearchResult(prepared, found, finals, seconds)


def _searched(
    prepared: Prepared, folder: Path, store: SearchStore, pool: Pool, seconds: Seconds, shown: bool
) -> tuple[tuple[Evaluation, ...], Finals | None]:
    method = begin_method(prepared.config, prepared.problem)

    def evaluator(recipe: Recipe | None, total: int | None) -> tuple[Evaluator, SearchProgress]:
        progress = SearchProgress(prepared.problem.objectives[0], total, shown)
        return Evaluator(prepared.problem, recipe, store, pool, progress, seconds), progress

    main, progress = evaluator(prepared.recipe(folder), method.evaluations)
    with progress:
        found = run_search(method.search, main)
    evaluations = repriced(prepared, found.evaluations)
    if found.interrupted:
        return evaluations, None
    finalists = prepared.config.finalists
    scenarios = prepared.replays.scenarios
    compiled, bar = evaluator(ReplayRecipe(scenarios), finalists)
    simpy, second_bar = evaluator(ReplayRecipe(scenarios, EngineChoice.EVENT), finalists)
    front = search_front(prepared.judged, evaluations)
    # The method chooses by the costs it saw, those of continuous power in hw-nas.
    own = method_choice(prepared.config, prepared.problem, found.asked)
    choice = None if own is None else next(entry for entry in evaluations if entry.genome == own.genome)
    try:
        with bar, second_bar:
            return evaluations, judge(prepared.judged, front, choice, finalists, prepared.priced_for, compiled, simpy)
    except KeyboardInterrupt:
        return evaluations, None


def repriced(prepared: Prepared, evaluations: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
    """Evaluations with costs under intermittent power, whatever the method was told."""
    costs = prepared.judged.hardware.costs([entry.genome for entry in evaluations])
    return tuple(replace(entry, costs=cost) for entry, cost in zip(evaluations, costs, strict=True))


def _supernet_trained(prepared: Prepared, folder: Path, device: str, shown: bool) -> bool:
    """Train what is missing of the supernet, if there is to be one; false where Ctrl-C came first."""
    if prepared.supernet is None or prepared.data is None:
        return True
    from nas.supernet.checkpoint import SupernetEpoch
    from nas.supernet.path_space import path_space
    from nas.supernet.training import train_supernet
    from simint.report.status import StatusLine

    epochs = prepared.supernet.training.epochs
    with StatusLine() as line:

        def show(epoch: SupernetEpoch) -> None:
            if shown and line.due():
                accuracy = epoch.validation_accuracy_percent
                line.show(f"supernet: epoch {epoch.epoch} of {epochs}, {accuracy:.1f} %", epoch.epoch, epochs)

        try:
            space, data = path_space(prepared.space), prepared.data.load()
            train_supernet(space, data, prepared.supernet, supernet_file(folder), show, device=device)
        except KeyboardInterrupt:
            return False
    return True
