"""How far a search is said to be."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

import numpy as np
from search_cases import replayed_config

from nas.problem.evaluation import Evaluation
from nas.search.config_file import config_toml
from nas.search.folder import STORE
from nas.search.progress import SearchProgress
from nas.search.recipes import ReplayRecipe
from nas.search.run import Evaluator
from nas.search.setup import prepare
from nas.search.timing import Seconds
from nas.space.genome import random_genome
from nas.store.resume import open_or_create
from simint.workers.pool import Where, make_pool


class Counting(SearchProgress):
    """Keeps how many evaluations it was told of."""

    def passed(self, known: Collection[Evaluation], more: Collection[Evaluation] = (), computed: int = 0) -> None:
        self.done = [*getattr(self, "done", []), len(known) + len(more)]
        super().passed(known, more, computed)


def test_progress_counts_what_is_done_of_a_handful_and_what_was_done_before(tmp_path: Path) -> None:
    config, seconds = replayed_config(), Seconds()
    prepared = prepare(config, seconds)
    rng = np.random.default_rng(0)
    genomes = list(dict.fromkeys(random_genome(prepared.problem.space, rng) for _ in range(9)))[:5]
    with (
        open_or_create(tmp_path / STORE, config_toml(config), prepared.inputs) as store,
        contextlib.closing(make_pool(Where(1), 9)) as pool,
    ):

        def counted(asked: int) -> list[int]:
            progress = Counting(prepared.problem.objectives[0], 5, shown=False)
            recipe = ReplayRecipe(prepared.replays.scenarios)
            Evaluator(prepared.problem, recipe, store, pool, progress, seconds).evaluations(genomes[:asked])
            return progress.done

        first, again = counted(3), counted(5)
    # None so far, every one as it comes, and at the end all; of five three were stored.
    assert first == [0, 1, 2, 3, 3]
    assert again == [3, 4, 5, 5]
