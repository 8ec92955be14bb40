"""Searches whose fitness is accuracy: by a supernet and by training, the same on any number of workers."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest
from search_cases import REPLAY, archive, searched, stored

from nas.search.accuracy import DataPlace, TrainRecipe
from nas.search.config import AccuracyBy, AccuracyChoice, Limits, SearchConfig, SupernetKind
from nas.search.session import search
from nas.supernet.settings import Sharing
from nas.train.seeds import seed_of
from simint.errors import InputError
from simint.workers.pool import Where

torch = pytest.importorskip("torch")

TINY = SearchConfig(
    objectives=("accuracy", "latency", "imo"),
    evaluations=6,
    population=4,
    finalists=2,
    accuracy=AccuracyChoice(epochs=1),
    replay=REPLAY,
)


def test_a_search_with_a_supernet_from_end_to_end(tmp_path: Path) -> None:
    alone, together = searched(TINY, tmp_path / "one", 1), searched(TINY, tmp_path / "two", 2)
    assert archive(alone) == archive(together)
    assert stored(tmp_path / "one") == stored(tmp_path / "two")
    assert len(alone.evaluations) == 6
    assert alone.finals is not None
    for entry in alone.evaluations:
        # Ten classes: a whole number of right answers among the validation samples.
        assert 0 <= entry.measures.accuracy_percent <= 100
    for stage in alone.finals.rounds:
        assert all(math.isfinite(score) for score in stage.scores)
    again = searched(TINY, tmp_path / "one", 1)
    assert archive(again) == archive(alone)
    assert again.seconds.measures == 0


def test_accuracy_and_replay_go_together(tmp_path: Path) -> None:
    config = SearchConfig(
        method="random",
        objectives=("accuracy", "inferences-per-day"),
        evaluations=3,
        finalists=0,
        accuracy=AccuracyChoice(by=AccuracyBy.TRAIN, epochs=1),
        replay=REPLAY,
    )
    result = searched(config, tmp_path)
    for entry in result.evaluations:
        assert entry.measures.accuracy_percent >= 0
        assert entry.measures.inferences_per_day > 0


def test_tinas_searches_what_its_first_stage_chose(tmp_path: Path) -> None:
    config = SearchConfig(
        method="tinas",
        evaluations=8,
        finalists=1,
        limits=Limits(latency=15.0),
        accuracy=AccuracyChoice(epochs=1),
        replay=REPLAY,
    )
    result = searched(config, tmp_path)
    assert "stage 1 of tinas chose width" in result.prepared.note
    assert {entry.genome[:2] for entry in result.evaluations} == {(0, 0)}
    assert len(result.prepared.space.genes[0].options) == len(result.prepared.space.genes[1].options) == 1
    assert all(entry.costs.latency_s <= 15.0 for entry in result.evaluations)
    assert result.finals is not None
    choice = result.finals.choice
    assert choice is not None
    best = max(
        entry.measures.accuracy_percent / entry.costs.imo_percent * entry.costs.latency_s
        for entry in result.evaluations
    )
    chosen = choice.evaluation
    assert chosen.measures.accuracy_percent / chosen.costs.imo_percent * chosen.costs.latency_s == best
    assert chosen.measures.inferences_per_day > 0


def test_tinas_as_published_has_its_supernet_and_its_defects(tmp_path: Path) -> None:
    """Its supernet is of a single path; offspring may be copies, so fewer networks are measured."""
    config = SearchConfig(
        method="tinas-u",
        evaluations=40,
        finalists=0,
        limits=Limits(latency=15.0),
        accuracy=AccuracyChoice(supernet=SupernetKind.PUBLISHED, epochs=1),
        replay=REPLAY,
    )
    published = searched(msgspec.structs.replace(config, as_published=True), tmp_path / "published")
    assert published.prepared.supernet is not None
    assert published.prepared.supernet.sharing is Sharing.SINGLE_PATH
    assert len(published.evaluations) < 40
    mended = searched(config, tmp_path / "mended")
    assert len(mended.evaluations) == 40
    with pytest.raises(InputError, match="another"):
        searched(config, tmp_path / "published")


def test_a_supernet_can_be_trained_where_one_likes(tmp_path: Path) -> None:
    """On a GPU where there is one, on the processor as by default; a GPU that is not there is refused at once."""
    tiny = msgspec.structs.replace(TINY, evaluations=2, finalists=0)
    chosen = search(tiny, tmp_path / "auto", Where(1), device="auto")
    assert len(chosen.evaluations) == 2
    if not torch.cuda.is_available():
        assert archive(chosen) == archive(searched(tiny, tmp_path / "cpu"))
    with pytest.raises(InputError, match="torch finds"):
        search(tiny, tmp_path / "none", Where(1), device=f"cuda:{torch.cuda.device_count()}")
    assert not (tmp_path / "none").exists()


def test_only_published_methods_have_defects() -> None:
    with pytest.raises(InputError, match="pareto was not published"):
        SearchConfig(method="pareto", as_published=True)


def test_the_defects_of_inas_change_what_its_controller_proposes(tmp_path: Path) -> None:
    config = SearchConfig(
        method="inas",
        evaluations=30,
        finalists=0,
        limits=Limits(latency=100.0),
        accuracy=AccuracyChoice(by=AccuracyBy.TRAIN, epochs=1),
        replay=REPLAY,
    )
    ended = {
        defects: searched(msgspec.structs.replace(config, as_published=defects), tmp_path / str(defects))
        for defects in (True, False)
    }
    assert all(result.finals is not None and result.finals.choice is not None for result in ended.values())
    assert archive(ended[True]) != archive(ended[False])


def test_a_training_depends_on_word_and_seed_alone() -> None:
    words = [f"mbconv:digits:w=0.5:r=4:1.1.1.n-{k}.1.1.n" for k in (1, 2)]
    assert len({seed_of(word, seed) for word in words for seed in (0, 1)}) == 4
    from nas.train.settings import TrainSettings

    recipe = TrainRecipe(DataPlace("digits", None), TrainSettings(epochs=1))
    first, second = recipe.open(), recipe.open()
    one = [first.measures((), word) for word in words]
    other = [second.measures((), word) for word in reversed(words)]
    assert one == [*reversed(other)]
