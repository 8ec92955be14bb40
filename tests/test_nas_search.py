"""Searches over small spaces: what is found does not depend on workers or interruptions, and is what replay says."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import math
import os
import signal
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest
from search_cases import WORDS, archive, replayed_config, search_process, searched, stored, wait_for_rows

from nas.fitness.replay import prepare_replay
from nas.methods.pareto.front import nondominated
from nas.problem.evaluation import Evaluation, Measures
from nas.problem.objectives import losses
from nas.search.__main__ import main
from nas.search.config import METHODS, Limits, SearchConfig
from nas.search.config_file import read_config
from nas.search.report import breach, write_report
from nas.search.session import SearchResult, search
from nas.search.setup import prepare
from nas.search.timing import Seconds
from nas.store.store import read_records
from simint.engine.engines import EngineChoice
from simint.network.families import network_from_word
from simint.workers.pool import Where

HARDWARE = SearchConfig(objectives=("latency", "imo", "macs"), evaluations=150, population=20, finalists=0)


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    """Acceptance check I.7, and again over the store: nothing is computed twice."""
    config = replayed_config(method="pareto", population=8)
    alone, together = searched(config, tmp_path / "one", 1), searched(config, tmp_path / "two", 2)
    assert len(archive(alone)) == config.evaluations
    assert archive(alone) == archive(together)
    assert stored(tmp_path / "one") == stored(tmp_path / "two")
    again = searched(config, tmp_path / "one", 1)
    assert archive(again) == archive(alone)
    assert again.finals == alone.finals or repr(again.finals) == repr(alone.finals)
    assert again.seconds.measures == 0
    assert again.seconds.again > 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_search_loses_nothing_and_ends_as_if_it_had_not_been(tmp_path: Path, workers: int) -> None:
    config = replayed_config(evaluations=60)
    whole = searched(config, tmp_path / "whole")
    expected = stored(tmp_path / "whole")
    words = ("--method", "random", "--objective", "inferences-per-day", "--objective", "macs", "--evaluations", 60)
    words = (*words, "--finalists", 2, *WORDS, "--workers", workers)
    folder, finished = tmp_path / "killed", 0
    for target in (5, 30):
        process = search_process(folder, *words)
        wait_for_rows(folder, target, process)
        reported = len(stored(folder))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        survivors = stored(folder)
        assert max(target, reported, finished) <= len(survivors)
        assert survivors.items() <= expected.items()
        finished = len(survivors)
    resumed = searched(config, folder, workers)
    assert archive(resumed) == archive(whole)
    assert stored(folder) == expected


def test_ctrl_c_keeps_what_was_found_and_says_how_to_go_on(tmp_path: Path) -> None:
    words = ("--method", "random", "--objective", "inferences-per-day", "--evaluations", 300, *WORDS)
    process = search_process(tmp_path / "out", *words, "--workers", 2)
    wait_for_rows(tmp_path / "out", 10, process)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "go on with the same command" in said
    assert "Traceback" not in said
    assert 10 <= len(stored(tmp_path / "out")) < 300


def test_the_fitness_is_inferences_per_day_on_a_trace(tmp_path: Path) -> None:
    """End to end: every number of the front is what a replay of its own gives, by either engine."""
    result = searched(replayed_config(method="local"), tmp_path)
    assert result.finals is not None
    write_report(result, result.finals, tmp_path)
    with open(tmp_path / "front.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    scenarios = result.prepared.replays.scenarios
    fast, slow = (prepare_replay(scenarios, engine) for engine in (EngineChoice.COMPILED, EngineChoice.EVENT))
    replayed = 0
    for row in rows:
        network = network_from_word(row["word"])
        assert float(row["inferences_per_day"]) == fast.measures(network).inferences_per_day > 0
        if row["simpy_inferences_per_day"]:
            replayed += 1
            assert float(row["simpy_inferences_per_day"]) == slow.measures(network).inferences_per_day
    assert replayed == min(len(rows), 2)
    best = max(entry.measures.inferences_per_day for entry in result.evaluations)
    assert max(float(row["inferences_per_day"]) for row in rows) == best
    assert {file.name for file in tmp_path.iterdir()} >= {
        "search.db",
        "config.toml",
        "front.csv",
        "front.png",
        "report.md",
    }


def test_hardware_alone_needs_nothing_measured(tmp_path: Path) -> None:
    result = searched(HARDWARE, tmp_path)
    assert len(result.evaluations) == 150
    assert result.seconds.measures == 0
    assert result.finals is not None
    objectives = result.prepared.judged.objectives
    front = [finalist.evaluation for finalist in result.finals.front]
    values = losses(objectives, result.evaluations)
    assert len(front) == int(nondominated(values).sum())
    for entry in front:
        own = losses(objectives, [entry])[0]
        assert not ((values <= own).all(axis=1) & (values < own).any(axis=1)).any()
    # Every row of the store has its costs.
    for record in read_records(tmp_path / "search.db"):
        assert all(math.isfinite(number) for number in dataclasses.astuple(record.evaluation.costs))


def test_hardware_takes_a_small_share_of_a_search_that_measures(tmp_path: Path) -> None:
    result = searched(replayed_config(), tmp_path)
    seconds = result.seconds
    assert seconds.hardware > 0
    assert seconds.networks >= 24
    assert seconds.hardware_share == pytest.approx(
        seconds.hardware / (seconds.hardware + seconds.measures + seconds.again + seconds.preparing)
    )


def test_requirements_hold_for_all_that_is_measured(tmp_path: Path) -> None:
    result = searched(replayed_config(limits=Limits(latency=10.0, imo=60.0)), tmp_path)
    assert result.evaluations
    for entry in result.evaluations:
        assert entry.costs.latency_s <= 10.0
        assert entry.costs.imo_percent <= 60.0


def test_a_configuration_reproduces_its_search(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    words = ["--method", "random", "--objective", "latency", "--objective", "imo", "--evaluations", "30"]
    assert main([*words, "--finalists", "0", "--seed", "5", "--out", str(first), "--workers", "1"]) == 0
    assert main([str(first / "config.toml"), "--out", str(second), "--workers", "1"]) == 0
    assert (first / "front.csv").read_bytes() == (second / "front.csv").read_bytes()
    assert stored(first) == stored(second)
    capsys.readouterr()
    assert main([str(first / "config.toml"), "--print-config"]) == 0
    printed = capsys.readouterr().out
    assert printed == (first / "config.toml").read_text(encoding="utf-8")
    (tmp_path / "printed.toml").write_text(printed, encoding="utf-8")
    assert read_config(tmp_path / "printed.toml") == read_config(first / "config.toml")


def test_an_option_replaces_one_field_of_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "search.toml"
    file.write_text('space = "har"\n[limits]\nlatency = "18.5s"\nimo = 60.0\n[accuracy]\nby = "train"\n')
    assert main([str(file), "--latency", "20s", "--capacitor", "470uF", "--print-config"]) == 0
    (tmp_path / "changed.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    changed = read_config(tmp_path / "changed.toml")
    assert (changed.space, changed.limits.latency, changed.limits.imo) == ("har", 20.0, 60.0)
    assert changed.capacitance == 470e-6
    assert changed.accuracy.by == "train"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--space", "cifar1000"], "unknown search space 'cifar1000'"),
        (["--method", "annealing"], "`method` must be one of " + ", ".join(METHODS)),
        (["--objective", "speed"], "unknown objective 'speed'"),
        (["--space", "har", "--data-folder", "EMPTY"], "har"),
        (["--objective", "latency", "--trace", "no-such.csv"], "no-such.csv"),
        (["--space", "har", "--latency", "1s"], "least latency"),
        (["--space", "har", "--imo", "20"], "least IMO"),
        (["--method", "tinas"], "give --latency"),
        (["--method", "tinas-m", "--latency", "20s"], "give --imo"),
        (["--method", "tinas", "--space", "inas-har", "--latency", "20s", "--accuracy", "train"], "kind mbconv"),
        (["--space", "inas-har", "--accuracy", "supernet"], "no supernet"),
        (["--accuracy", "none"], "objective accuracy needs accuracy"),
        (["--accuracy", "guess"], "--accuracy: one of auto, none, supernet, train expected, got 'guess'"),
        (["--objective", "latency", "--imo", "200"], "below 100"),
        (["--replay-platform", "msp430fr5994-tinas2024", "--objective", "latency"], "published mode"),
        (["--trace", "rf-walk-by,loud=3"], "loud"),
        (["--workers", "-1"], "--workers"),
        (["--evaluations", "0"], "`evaluations` must be at least 1"),
        (["nowhere.toml"], "nowhere.toml: cannot be read"),
        (["EMPTY"], "EMPTY: cannot be read (Is a directory)"),
        (["--objective", "latency", "--imo", "5%"], "meets IMO <= 5 %; least IMO"),
        (["--method", "tinas", "--latency", "9s", "--evaluations", "7"], "`evaluations` must be at least 8, the first"),
        (["--space", "har", "--data", "digits"], "data set 'digits' offers 1 x 8 x 8"),
        (["--space", "har", "--data", "digits", "--accuracy", "train"], "data set 'digits' offers 1 x 8 x 8"),
        (["--objective", "latency", "--capacitor", "1mF"], "for another one give it, as with --source-resistance"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "EMPTY").mkdir()
    assert main([*words, "--out", "out"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("error: ")
    assert said in lines[-1]
    assert len([line for line in lines if not line.startswith("compiling")]) == 1
    assert not (tmp_path / "out").exists()


def test_ctrl_c_says_how_to_go_on_whenever_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While what the search needs is loaded, and when all is done but the report."""
    out = tmp_path / "out"
    words = ["--method", "random", "--objective", "latency", "--evaluations", "2", "--finalists", "0", "--workers", "1"]

    def ctrl_c(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    for place in ("nas.search.session.prepare", "nas.search.report.write_report"):
        with monkeypatch.context() as patch:
            patch.setattr(place, ctrl_c)
            assert main([*words, "--out", str(out)]) == 130
        found = f"what was found is in {out}; " * out.exists()
        assert capsys.readouterr().err.splitlines()[-1] == f"interrupted: {found}go on with the same command"
    assert len(stored(out)) == 2
    assert main([*words, "--out", str(out)]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sed = 1", "unknown key `sed`; known: seed, "),
        ("seed = 'one'", "Expected `int`, got `str` - at `seed`"),
        ("objectives = 'latency'", "Expected `array`, got `str` - at `objectives`"),
        ("capacitance = '5ms'", "capacitance: '5ms' has unit 'ms', expected F"),
        ("limits = 3", "Expected `object`, got `int` - at `limits`"),
        ("[limits]\nimo = '5%'", "Expected `float | null`, got `str` - at `limits.imo`"),
        ("[accuracy]\nby = 'guess'", "`accuracy.by` must be one of auto, none, supernet, train, got 'guess'"),
        ("[replay]\ntraces = 'rf-walk-by'", "Expected `array`, got `str` - at `replay.traces`"),
        ("[[replay.traces]]\nname = 'rf-walk-by'\nend = 'never'", "`replay.traces[0].end` must be one of loop, "),
        ("method = 'sc-nas'\nobjectives = ['latency']", "unknown key `objectives`"),
        ("method = 3", "`method` must be text"),
        ("method", "not valid TOML"),
        ("\xff", "cannot be read"),
    ],
)
def test_a_mistake_in_a_configuration_is_one_line_and_leaves_nothing(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode("latin-1"))
    assert main([str(file), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {file}: ")
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == [file]


def test_a_cluster_that_is_not_there_is_known_before_anything_is_begun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed", reason="needs the extra `cluster`")
    words = ["--objective", "latency", "--cluster", "127.0.0.1:9", "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "--cluster 127.0.0.1:9: nobody answers there" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["no table", "overwritten", "cut", "empty", "folder"])
def test_a_damaged_store_is_said_to_be_damaged(damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--method", "random", "--objective", "latency", "--evaluations", "5", "--finalists", "0"]
    words += ["--out", str(tmp_path), "--workers", "1"]
    assert main(words) == 0
    file = tmp_path / "search.db"
    whole = file.read_bytes()
    if damage == "no table":
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("DROP TABLE evaluations")
            connection.commit()
    elif damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        keep = {"overwritten": 4 * 4096, "cut": 4096 + 100, "empty": 0}[damage]
        file.write_bytes(whole[:keep] + b"x" * (len(whole) - keep) * (damage == "overwritten"))
    capsys.readouterr()
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {file}: ")
    assert error.count("\n") == 1


def test_the_refusal_names_a_limit_that_can_be_met(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The best attainable is exact: asking for what the refusal names succeeds."""
    words = ["--method", "random", "--objective", "latency", "--evaluations", "1", "--finalists", "0", "--workers", "1"]
    assert main([*words, "--latency", "1s", "--out", str(tmp_path / "a")]) == 2
    said = capsys.readouterr().err
    best = said.split("least latency ")[1].split(" s")[0]
    assert main([*words, "--latency", f"{float(best)}s", "--out", str(tmp_path / "b")]) == 0
    shorter = f"{float(best) - 2e-4}s"
    assert main([*words, "--latency", shorter, "--out", str(tmp_path / "c")]) == 2


def test_a_folder_holds_one_search(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--method", "random", "--objective", "latency", "--evaluations", "5", "--finalists", "0"]
    words += ["--out", str(tmp_path), "--workers", "1"]
    assert main(words) == 0
    assert main([*words, "--seed", "1"]) == 2
    assert "holds another search (seed: 0 there, 1 here)" in capsys.readouterr().err
    assert main(words) == 0


def test_random_genomes_of_a_seed_are_the_same_ones(tmp_path: Path) -> None:
    config = SearchConfig(method="random", objectives=("latency",), evaluations=40, finalists=0, seed=9)
    one, two = searched(config, tmp_path / "a"), searched(config, tmp_path / "b")
    assert archive(one) == archive(two)
    genomes = np.array([entry.genome for entry in one.evaluations])
    assert len(np.unique(genomes, axis=0)) == 40


def test_a_cluster_finds_the_same(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="needs the extra `cluster`")
    config = replayed_config(evaluations=8)
    here = searched(config, tmp_path / "here")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, protocol="tcp://"
    ) as cluster:
        there = search(config, tmp_path / "there", Where(cluster=cluster.scheduler_address))
    assert archive(there) == archive(here)
    assert stored(tmp_path / "there") == stored(tmp_path / "here")


def test_a_returned_network_that_misses_the_requirement_is_said_to() -> None:
    """The hardware-aware baseline asks for latency under continuous power only."""
    prepared = prepare(
        SearchConfig(method="random", space="inas-har", objectives=("latency",), limits=Limits(latency=29.25)),
        Seconds(),
    )
    result = SearchResult(prepared, (), None, Seconds())
    words = ("plain:har:7x24-7x24-7x24", "plain:har:1x4-1x4-1x4")
    genomes = [prepared.space.genome(word) for word in words]
    slow, fast = map(Evaluation, genomes, prepared.judged.hardware.costs(genomes), (Measures(), Measures()))
    assert slow.costs.latency_s > 29.25 >= fast.costs.latency_s
    assert "does not meet" in breach(result, slow)
    assert breach(result, fast) == ""
