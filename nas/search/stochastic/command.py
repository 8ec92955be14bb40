"""A run of SC-NAS in a folder: every evaluation of each of its stages is computed on workers and kept in one store."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from nas.methods.sc.measuring import ScRecipe
from nas.methods.sc.run import FinalAccuracies, ScRun, Stages, final_accuracies, run_sc_search
from nas.problem.evaluation import Evaluation
from nas.problem.problem import Problem
from nas.search.config_file import config_toml
from nas.search.families import Family
from nas.search.folder import STORE, held_folder, interrupted
from nas.search.options import where_from_arguments
from nas.search.progress import SearchProgress
from nas.search.run import Evaluator
from nas.search.stochastic.config import StochasticSearch, loose_limit, prepare_stochastic, stochastic_config
from nas.search.timing import Seconds
from nas.space.genome import Genome
from nas.store.resume import open_or_create
from nas.store.store import SearchStore
from simint.database import one_writer
from simint.workers.pool import EVERY_CORE, Pool, Where, make_pool, require_reachable


@dataclass(frozen=True, slots=True)
class StochasticResult:
    """What a run came to; `final` where the test split was to be opened."""

    run: ScRun
    final: FinalAccuracies | None


def search_stochastic(
    prepared: StochasticSearch, folder: Path, where: Where = EVERY_CORE, *, shown: bool = False
) -> StochasticResult:
    """Run a search in a folder, or go on with the one that it holds; the same on any number of workers.

    What was measured is in the store as soon as it is known, whatever ends the process. Raises InputError where the
    folder holds another search or one whose inputs have changed, or no design can be measured.
    """
    require_reachable(where)
    config, path = prepared.config, folder / STORE
    # Whether the test split is opened changes nothing of the search.
    description = config_toml(msgspec.structs.replace(config, test=False))
    with contextlib.ExitStack() as stack:
        stack.enter_context(held_folder(folder, config, Family.STOCHASTIC, free=("test",)))
        stack.enter_context(one_writer(path, "search"))
        store = stack.enter_context(open_or_create(path, description, prepared.inputs))
        pool = stack.enter_context(contextlib.closing(make_pool(where)))
        line = stack.enter_context(contextlib.ExitStack())
        stages = _stages(store, pool, line, shown)
        limit_j, seed = config.energy_max, config.seed
        run = run_sc_search(prepared.recipe, limit_j, prepared.settings, stages, prepared.float_settings, seed)
        return StochasticResult(run, final_accuracies(run, prepared.recipe, stages) if config.test else None)


def command(arguments: argparse.Namespace) -> int:
    """`python -m nas.search --method sc-nas`."""
    config, where = stochastic_config(arguments), where_from_arguments(arguments)
    if arguments.print_config:
        print(config_toml(config), end="")
        return 0
    from nas.methods.sc.report import final_text
    from nas.search.stochastic.report import printed, write_stochastic

    folder = Path(arguments.out)
    try:
        prepared = prepare_stochastic(config, folder)
        if note := loose_limit(prepared):
            print(f"note: {note}", file=sys.stderr)
        result = search_stochastic(prepared, folder, where, shown=True)
        final = "" if result.final is None else final_text(result.final)
        write_stochastic(result.run, final, folder)
        print(printed(result.run, final, folder))
    except KeyboardInterrupt:
        return interrupted(folder)
    return 0


@dataclass(frozen=True, slots=True)
class _Stage:
    """As `Stage`, over a store."""

    evaluator: Evaluator
    spent: Seconds

    def evaluations(self, genomes: Sequence[Genome]) -> list[Evaluation]:
        """Every new one is in the store when this returns."""
        return self.evaluator.evaluations(genomes)

    @property
    def seconds(self) -> float:
        """With those that were spent before this run."""
        return self.spent.measures + self.spent.again


def _stages(store: SearchStore, pool: Pool, line: contextlib.ExitStack, shown: bool) -> Stages:
    """`line` holds the progress of the last stage."""

    def stage(problem: Problem, recipe: ScRecipe, total: int) -> _Stage:
        line.close()
        progress = line.enter_context(SearchProgress(problem.objectives[0], total, shown, recipe.fidelity))
        seconds = Seconds()
        return _Stage(Evaluator(problem, recipe, store, pool, progress, seconds), seconds)

    return stage
