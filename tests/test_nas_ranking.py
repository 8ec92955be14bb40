"""The ranking study: networks of every size, statistics by hand, rows that survive a stop."""

from __future__ import annotations

import itertools
import math
import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from nas.ranking.agreement import agreement, kendall_tau, mean_by_network, regret, tau_within, top_recall  # noqa: E402
from nas.ranking.plan import PROXY_SCORES, STAND_ALONE, Plan, supernet_scores  # noqa: E402
from nas.ranking.rows import Row, read_rows, write_rows  # noqa: E402
from nas.ranking.strata import stratified_networks  # noqa: E402
from nas.ranking.tasks import Place, Task, done, perform, tasks  # noqa: E402
from nas.space.mbconv_space import MbconvSpace  # noqa: E402
from nas.space.search_space import load_space  # noqa: E402
from nas.supernet.path_space import path_space  # noqa: E402
from nas.supernet.settings import Sharing, Unsampled  # noqa: E402
from simint.errors import InputError  # noqa: E402

torch.set_num_threads(1)

STUDY = Path(__file__).resolve().parent.parent / "docs" / "nas" / "ranking_study.py"


def numbers(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def har() -> MbconvSpace:
    space = load_space("har")
    assert isinstance(space, MbconvSpace)
    return space


def digits_plan(networks: int = 4) -> Plan:
    return Plan(
        space="digits",
        data="digits",
        width=0.5,
        resolution=8,
        networks=networks,
        bands=2,
        epochs=1,
        seeds=2,
        supernet_epochs=1,
    )


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=12))
def test_tau_counts_pairs(pairs: list[tuple[int, int]]) -> None:
    """tau-b = (concordant - discordant) / sqrt of pairs untied in one times pairs untied in the other."""
    truth, score = (np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))
    balance, untied_truth, untied_score = 0.0, 0, 0
    for (a, b), (c, d) in itertools.combinations(pairs, 2):
        balance += np.sign(a - c) * np.sign(b - d)
        untied_truth += a != c
        untied_score += b != d
    tau = kendall_tau(truth, score)
    if untied_truth and untied_score:
        assert tau == pytest.approx(balance / math.sqrt(untied_truth * untied_score))
    else:
        assert math.isnan(tau)


def test_recall_of_the_top() -> None:
    truth = np.arange(20.0)
    assert top_recall(truth, truth) == 1.0
    assert top_recall(truth, -truth) == 0.0
    assert top_recall(truth, np.where(truth == 19, 0, truth)) == 0.5
    assert top_recall(truth, np.zeros(20)) == pytest.approx(0.1)  # a score without opinion: as good as chance
    assert math.isnan(top_recall(truth, np.full(20, np.nan)))


@given(st.permutations(range(7)), st.integers(1, 7))
def test_recall_is_the_overlap_of_two_sets(order: list[int], count: int) -> None:
    truth, score = np.arange(7.0), np.array(order, dtype=np.float64)
    best = set(np.argsort(-truth)[:count].tolist())
    guessed = set(np.argsort(-score)[:count].tolist())
    assert top_recall(truth, score, count / 7 - 1e-9) == pytest.approx(len(best & guessed) / count)


def test_a_score_that_only_knows_size_has_no_order_within_bands() -> None:
    bands = np.repeat(np.arange(5), 4)
    truth = bands * 10.0 + np.tile([0.0, 1.0, 2.0, 3.0], 5)
    assert kendall_tau(truth, bands.astype(np.float64)) > 0.8
    assert math.isnan(tau_within(truth, bands.astype(np.float64), bands))
    against = bands * 10.0 - np.tile([0.0, 1.0, 2.0, 3.0], 5)
    assert kendall_tau(truth, against) > 0.5
    assert tau_within(truth, against, bands) == pytest.approx(-1.0)


def test_agreement_of_a_perfect_score() -> None:
    truth = np.random.default_rng(0).normal(90, 2, 50)
    found = agreement(truth, np.exp(truth / 10), np.arange(50) % 5)
    numbers_found = (found.tau, found.tau_in_bands, found.recall_percent, found.regret_percent)
    assert numbers_found == pytest.approx((1.0, 1.0, 100.0, 0.0))
    assert found.tau_low == pytest.approx(1.0)
    noise = agreement(truth, np.random.default_rng(1).normal(size=50), np.arange(50) % 5)
    assert noise.tau_low < noise.tau < noise.tau_high
    assert noise.tau_low < 0.2
    assert noise.tau_high > -0.2


def test_networks_without_a_score_are_left_out() -> None:
    """A proxy that is no number for two networks is judged by the others, as if these two were not there."""
    generator = np.random.default_rng(2)
    truth, score, bands = generator.normal(90, 2, 30), generator.normal(size=30), np.arange(30) % 3
    some = score.copy()
    some[[4, 17]] = np.nan, -np.inf
    rest = np.delete(np.arange(30), [4, 17])
    assert agreement(truth, some, bands) == agreement(truth[rest], score[rest], bands[rest])
    assert agreement(truth, some, bands).networks == 28


def test_regret_and_means() -> None:
    assert regret(numbers(90, 92, 95), numbers(1, 3, 2)) == 3.0
    assert regret(numbers(90, 92, 95), numbers(1, 3, 3)) == pytest.approx(1.5)
    assert mean_by_network([("a", 1.0), ("b", 5.0), ("a", 2.0)]) == {"a": 1.5, "b": 5.0}


def test_strata_cover_the_space() -> None:
    chosen = stratified_networks(har(), 1.0, 64, 50, 5, seed=0)
    assert len({each.word for each in chosen}) == 50
    assert [sum(each.band == band for each in chosen) for band in range(5)] == [10] * 5
    for band in range(4):  # bands do not overlap
        here, above = ([each.macs for each in chosen if each.band == which] for which in (band, band + 1))
        assert max(here) <= min(above)
    assert stratified_networks(har(), 1.0, 64, 50, 5, seed=0) == chosen
    assert stratified_networks(har(), 1.0, 64, 50, 5, seed=1) != chosen
    published = {"mbconv:har:w=1.0:r=64:"}
    assert {each.word[: len("mbconv:har:w=1.0:r=64:")] for each in chosen} == published


def test_bad_strata() -> None:
    with pytest.raises(InputError, match=r"no networks of width 0\.2"):
        stratified_networks(har(), 0.2, 64, 50, 5, seed=0)
    with pytest.raises(InputError, match="at least one network in every one of 5 bands"):
        stratified_networks(har(), 1.0, 64, 4, 5, seed=0)


def test_supernets_of_a_study_cost_the_same() -> None:
    space = path_space(load_space("har")).at(1.0, 64)
    plan = Plan(
        space="har", data="har", width=1.0, resolution=64, networks=50, bands=5, epochs=1, seeds=1, supernet_epochs=240
    )
    scores = {score.name: score for score in supernet_scores(plan, space)}
    published = scores["single-path"].settings
    assert (published.sharing, published.unsampled) == (Sharing.SINGLE_PATH, Unsampled.DRIFT)
    assert published.training.epochs == 240
    assert scores["single-path"].windows == 0
    assert scores["entangled, sandwich"].settings.training.epochs == 60
    assert scores["entangled, fair"].settings.training.epochs == 20


def test_rows_on_disk(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    assert read_rows(file) == []
    rows = [Row("macs", "mbconv:har:w=1.0:r=64:1.1.1.n", 0, 0.1 + 0.2, 1.0, 2.0), Row("a, b", "x", 3, 1e-9, 2.0, 0.0)]
    write_rows(file, rows)
    assert read_rows(file) == rows
    file.write_text(file.read_text() + "half a row\n")
    with pytest.raises(InputError, match="line 4 is no row"):
        read_rows(file)
    file.write_text("something else\n")
    with pytest.raises(InputError, match="not the rows of a ranking study"):
        read_rows(file)


def test_tasks_are_done_when_their_rows_are_there(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    plan, space = digits_plan(), load_space("digits")
    assert isinstance(space, MbconvSpace)
    words = tuple(each.word for each in stratified_networks(space, plan.width, plan.resolution, 4, 2, 0))
    todo = tasks(plan, words)
    assert len(set(todo)) == len(todo)
    assert sum(task.work == STAND_ALONE for task in todo) == 2 * 4
    assert {task.work for task in todo} >= {*PROXY_SCORES, "single-path", "entangled"}
    some = (Task("macs"), Task("entangled"), next(task for task in todo if task.network))
    rows: list[Row] = []
    for task, found in zip(some, perform(plan, Place(tmp_path, None), words, some), strict=True):
        assert not done(plan, task, rows, words)
        rows += found
        assert done(plan, task, rows, words)
    assert {row.score for row in rows} == {"macs", "entangled", "entangled, running statistics", STAND_ALONE}
    again = perform(plan, Place(tmp_path, None), words, some[1:])
    assert [row.value for found in again for row in found] == [row.value for row in rows if row.score != "macs"]


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(STUDY))["main"]
    assert main(["--out", str(tmp_path), "--space", "inas-har"]) == 2
    assert "only spaces of the MBConv family" in capsys.readouterr().err
    assert main(["--out", str(tmp_path), "--networks", "0"]) == 2
    assert "--networks: at least 1" in capsys.readouterr().err
    arguments = ["--out", str(tmp_path), "--space", "digits", "--resolution", "8", "--networks", "6", "--report"]
    assert main(arguments) == 0
    assert "Ranking of 0 of 6 networks" in capsys.readouterr().out
    assert main([*arguments, "--seeds", "3"]) == 2
    assert "a study with another seeds" in capsys.readouterr().err
