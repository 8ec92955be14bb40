"""Found networks next to published ones: the same costs for the same network, and beaten means beaten."""

from __future__ import annotations

import csv
import html
import math
import re
import shlex
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from search_cases import REPLAY, searched

from nas.compare.__main__ import main
from nas.compare.candidates import PUBLISHED, Candidate
from nas.compare.comparing import Entrant, beats, compared, verdict
from nas.compare.from_space import read_space_folder
from nas.compare.published import published_candidates, with_accuracies
from nas.fitness.replay import prepare_replay
from nas.problem.evaluation import HardwareCosts, Measures
from nas.search.config import Limits, SearchConfig
from nas.search.replaying import load_replays
from nas.space.search_space import load_space
from nas.space.target import target_settings
from simint.network.catalogue import load_network, network_presets

HAR = SearchConfig(
    method="random",
    space="har",
    objectives=("latency", "imo"),
    evaluations=200,
    finalists=0,
    limits=Limits(latency=25.0),
    replay=msgspec.structs.replace(REPLAY, duration=600.0),  # 5 mF take a while to charge
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compare") / "har"
    searched(HAR, path)
    return path


def test_published_networks_have_their_published_costs(folder: Path) -> None:
    """Specification G.1."""
    found = {entrant.name: entrant for entrant in compared([folder], 2).entrants}
    published = {preset.name for preset in network_presets() if preset.word.startswith("mbconv:har")}
    assert len(published) == 6
    assert {name for name, entrant in found.items() if entrant.candidate.published} == published
    assert found["tinas-har-l25"].costs.latency_s == pytest.approx(18.41, abs=0.005)
    assert found["tinas-har-l25"].costs.imo_percent == pytest.approx(58.95, abs=0.005)
    assert found["tinas-har-l25"].costs.overhead_s == pytest.approx(4.34, abs=0.005)
    assert found["tinas-har-l75"].costs.latency_s == pytest.approx(32.92, abs=0.005)
    for entrant in found.values():
        assert entrant.replay.inferences_per_day > 0
    assert sum(not entrant.candidate.published for entrant in found.values()) == 2


def test_files_tell_what_was_printed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder), "--out", str(tmp_path), "--most", "3"]) == 0
    printed = capsys.readouterr().out
    assert {file.name for file in tmp_path.iterdir()} == {"compare.csv", "compare.png", "compare.html"}
    rows = rows_of(tmp_path)
    assert len(rows) == 6 + 3
    for row in rows:
        assert f"{float(row['inferences_per_day']):,.5g}" in printed
        assert f"{float(row['overhead_s']):,.4g}" in printed
    page = (tmp_path / "compare.html").read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:)[^"]*"', page)
    assert page.count("<tr>") == 1 + len(rows)
    assert all(f">{row['name']}</td>" in page and f">{row['word']}</td>" in page for row in rows)


def test_replays_are_those_of_the_fitness(folder: Path, tmp_path: Path) -> None:
    assert main([str(folder), "--out", str(tmp_path), "--most", "1"]) == 0
    scenarios = load_replays(HAR.replay, target_settings(load_space("har").target)).scenarios
    fitness = prepare_replay(scenarios)
    for row in rows_of(tmp_path):
        measures = fitness.measures(load_network(row["word"]))
        assert float(row["inferences_per_day"]) == measures.inferences_per_day
        assert float(row["worst_replay_latency_s"]) == measures.worst_replay_latency_s


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "compare.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


NETWORK = load_network("tinas-har-l25")


def entrant(accuracy: float, latency: float, imo: float, published: bool = False, name: str = "network") -> Entrant:
    active = 10.0
    costs = HardwareCosts(latency, 0.0, active, active * (1 - imo / 100), 1, 1, 1, 1, 1, 1)
    candidate = Candidate(name, "somewhere", PUBLISHED if published else "pareto", "word", NETWORK, accuracy)
    return Entrant(candidate, costs, Measures())


def test_to_beat_is_to_be_no_worse_in_anything_and_better_in_something() -> None:
    base = entrant(90.0, 10.0, 50.0)
    assert not beats(base, base)
    assert beats(entrant(91.0, 10.0, 50.0), base)
    assert beats(entrant(90.0, 9.0, 50.0), base)
    assert not beats(entrant(99.0, 10.1, 40.0), base)
    # What nobody knows decides nothing.
    assert beats(entrant(math.nan, 9.0, 50.0), base)
    assert not beats(entrant(math.nan, 10.0, 50.0), base)


def test_the_verdict_counts_published_networks() -> None:
    ours = entrant(95.0, 8.0, 45.0)
    weak, strong = entrant(90.0, 10.0, 50.0, True), entrant(99.0, 1.0, 5.0, True, "strong")
    assert verdict([weak, strong, ours]).startswith("1 of 2 published networks are beaten")
    assert "not beaten: strong" in verdict([weak, strong, ours])
    assert verdict([weak, entrant(1.0, 99.0, 99.0)]).startswith("0 of 1 published network is beaten")


def test_a_network_of_unknown_accuracy_is_beaten_in_latency_and_imo_at_most() -> None:
    weak, unknown = entrant(90.0, 10.0, 50.0, True), entrant(math.nan, 10.0, 50.0, True, "unknown")
    ours, also_unknown = entrant(95.0, 8.0, 45.0), entrant(math.nan, 8.0, 45.0)
    assert verdict([weak, ours]).endswith("in accuracy, latency and IMO")
    partly = "in latency and IMO, accuracies not known"
    assert verdict([weak, unknown, ours]).startswith("1 of 2")
    assert verdict([weak, unknown, ours]).endswith(f"{partly}: unknown")
    assert partly not in verdict([weak, ours, also_unknown])
    for nobody_knows in ([weak, also_unknown], [unknown, ours]):
        assert verdict(nobody_knows).startswith("0 of 1")
        assert partly in verdict(nobody_knows)


def test_that_published_networks_are_measured_too_is_said_before(folder: Path) -> None:
    """By the first search of their kind: where that trains its networks, this takes a while."""
    read = read_space_folder(folder, "mine", 1)
    published, said = published_candidates([read]), list[str]()
    assert with_accuracies(published, [read], said.append) == published
    assert said == []

    def trained(word: str) -> float:
        assert said, "said before"
        return 50.0

    trains = replace(read, accuracy_by="training, 2 epochs", accuracy_of=trained)
    found = with_accuracies(published, [read, trains, replace(trains, label="other")], said.append)
    assert said == ["finding accuracies of 6 published networks as mine found its own, by training, 2 epochs ..."]
    assert {(each.accuracy_percent, each.accuracy_by) for each in found} == {(50.0, "training, 2 epochs of mine")}


def test_a_refusal_leaves_nothing(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--platform", "z80"], ["--capacitor", "1mF"]):
        assert main([str(folder), *words, "--out", str(tmp_path / "out")]) == 2
        assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")
        assert not (tmp_path / "out").exists()


def test_searches_that_cannot_be_compared_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    searched(SearchConfig(method="random", space="digits", objectives=("latency",), evaluations=2, finalists=0,
                          replay=REPLAY), other)  # fmt: skip
    assert main([str(folder), str(other)]) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert f"{folder} is of data set har" in line
    assert f"{other} of digits" in line
    assert main([str(tmp_path)]) == 2
    assert "no search there" in capsys.readouterr().err
    assert main([str(folder), str(folder / ".." / folder.name)]) == 2
    assert "given twice" in capsys.readouterr().err
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main([str(folder), "--out", str(tmp_path / "file")]) == 2
    assert "file: cannot be written" in capsys.readouterr().err


def test_a_search_is_called_by_its_folder_wherever_one_stands(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    out = tmp_path / "a folder"
    assert main([".", "--out", str(out), "--most", "1"]) == 0
    assert f"{folder.name}-1 " in capsys.readouterr().out
    page = (out / "compare.html").read_text(encoding="utf-8")
    assert f"<h1>har: {folder.name} and published networks</h1>" in page
    [command] = re.findall("<pre>python -m nas.compare (.*)</pre>", page)
    assert shlex.split(html.unescape(command)) == [".", "--out", str(out), "--most", "1"]
