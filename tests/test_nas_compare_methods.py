"""Searches of every method on one page: one network has one cost, whichever reader brought it."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import msgspec
import pytest
from search_cases import REPLAY, searched

from nas.compare.__main__ import main
from nas.compare.candidates import Candidate, SearchFolder
from nas.compare.comparing import Comparison, compared
from nas.compare.folders import labels
from nas.compare.ground import common_ground
from nas.hardware.pricing import network_costs, pricing_of
from nas.methods.dnas.config import DnasConfig, point_name
from nas.methods.dnas.result import DnasResult, write_result
from nas.methods.sc.hardware import ScHardware
from nas.methods.sc.space import load_sc_space
from nas.search.channels.config import ChannelsConfig, channel_points
from nas.search.config import SearchConfig
from nas.search.config_file import config_toml
from nas.space.search_space import load_space
from nas.space.target import Target
from nas.stochastic.energy import sc_energies
from simint.config import struct_hash
from simint.errors import InputError
from simint.network.catalogue import load_network
from simint.network.network import Network
from simint.tiling.search.goal import PublishedObjective

LONGER = msgspec.structs.replace(REPLAY, duration=600.0)  # 5 mF take a while to charge
SEED_NET = "tinas-har-l25"
SC_GENOME = (0,) * len(load_sc_space("har").genes)


def channels_folder(folder: Path, network: Network, strengths: tuple[float, ...] = (0.1,)) -> Path:
    """A channel search on HAR whose points have this network, each a little more accurate than the one before."""
    config = ChannelsConfig(seed_net=SEED_NET, data="har", strengths=strengths)
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(config_toml(config), encoding="utf-8")
    for number, point in enumerate(channel_points(config)):
        place = folder / "points" / point_name(point)
        place.mkdir(parents=True)
        write_result(place / "result.json", channel_result(point, network, 90.0 + number))
    return folder


def channel_result(config: DnasConfig, network: Network, accuracy: float) -> DnasResult:
    costs = network_costs(network, pricing_of(config.target))
    return DnasResult(
        config_sha256=struct_hash(config),
        config=config,
        network=network,
        kept=(),
        limit_bytes=2.0,
        memory_bytes=1.0,
        seed_memory_bytes=2.0,
        second_cost=1.0,
        seed_second_cost=2.0,
        costs=costs,
        seed_costs=costs,
        warm_up_accuracy_percent=90.0,
        validation_accuracy_percent=accuracy,
        projected=False,
        best_epoch=0,
        search_seconds=1.0,
        history=(),
    )


def stochastic_folder(folder: Path, data: str) -> Path:
    """A finished SC-NAS with one design of the joint search."""
    space = load_sc_space(data)
    genome = (0,) * len(space.genes)
    [costs] = ScHardware(space, sc_energies()).costs([genome])
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'method = "sc-nas"\ndata = "{data}"\n', encoding="utf-8")
    with open(folder / "evaluations.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("stage", "word", "on_front", "accuracy_percent", "energy_j", "int8_j", "macs", "reason"))
        writer.writerow(("floating", space.network_word(genome), "", "99.0", "1.0", "1.0", "1.0", ""))
        writer.writerow(("sc-nas", space.word(genome), "yes", "87.5", repr(costs.active_j), "1.0", "1.0", ""))
    return folder


def space_folder(folder: Path, **changes: object) -> Path:
    fields = {"method": "random", "space": "har", "objectives": ("latency", "imo"), "evaluations": 4, "finalists": 0}
    searched(SearchConfig(**{**fields, "replay": LONGER, **changes}), folder)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """A search over a space, one of channels that ended with the published network itself, and SC-NAS."""
    room = tmp_path_factory.mktemp("every")
    paths = [
        space_folder(room / "random"),
        channels_folder(room / "dnas", load_network(SEED_NET)),
        stochastic_folder(room / "sc", "har"),
    ]
    return compared(paths, 3)


def test_one_network_costs_the_same_whoever_read_it(every: Comparison) -> None:
    found = {entrant.name: entrant for entrant in every.entrants}
    published, by_dnas = found[SEED_NET], found["dnas-1"]
    assert published.candidate.published
    assert not by_dnas.candidate.published
    assert by_dnas.costs == published.costs
    assert by_dnas.replay == published.replay
    assert by_dnas.candidate.accuracy_percent == 90.0


def test_a_stochastic_network_is_priced_as_the_network_that_it_is(every: Comparison) -> None:
    [entrant] = [entrant for entrant in every.entrants if entrant.candidate.method == "sc-nas"]
    space = load_sc_space("har")
    assert entrant.costs == network_costs(space.network(SC_GENOME), every.ground.pricing)
    assert entrant.candidate.word == space.word(SC_GENOME)
    [own] = ScHardware(space, sc_energies()).costs([SC_GENOME])
    assert entrant.candidate.sc_energy_j == own.active_j
    assert entrant.candidate.accuracy_percent == 87.5  # of the stochastic stage, not of floating point
    assert entrant.replay.inferences_per_day > 0


def test_what_one_model_does_not_cover_is_priced_by_another_for_all_and_said(every: Comparison) -> None:
    """Chains of SC-NAS on HAR have strides that the published model has not; the target of the channel search has."""
    assert every.ground.target == Target(platform="msp430fr5994")
    assert any("msp430fr5994-tinas2024, which does not cover sc-1" in note for note in every.ground.notes)
    assert all(math.isfinite(entrant.costs.latency_s) for entrant in every.entrants)
    assert [scenario.trace.name for scenario in every.ground.replays.scenarios] == ["rf-walk-by"]


def test_the_column_of_stochastic_energy_is_there_with_sc_nas_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sc = stochastic_folder(tmp_path / "sc", "digits")
    space = space_folder(tmp_path / "random", space="digits")
    out = tmp_path / "out"
    assert main([str(sc), str(space), "--out", str(out)]) == 0
    both, page = capsys.readouterr().out, (out / "compare.html").read_text(encoding="utf-8")
    for text in (both, page):
        assert "SC energy nJ" in text
        assert "another machine than the microcontroller" in text
    assert main([str(space), "--out", str(out)]) == 0
    alone, page = capsys.readouterr().out, (out / "compare.html").read_text(encoding="utf-8")
    for text in (alone, page):
        assert "SC energy nJ" not in text
        assert "another machine" not in text


def test_searches_on_other_data_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dnas = channels_folder(tmp_path / "dnas", load_network(SEED_NET))
    sc = stochastic_folder(tmp_path / "sc", "digits")
    assert main([str(sc), str(dnas)]) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("compiling")]
    assert f"{sc} is of data set digits" in line
    assert f"{dnas} of har" in line


def test_what_has_no_network_yet_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sc = stochastic_folder(tmp_path / "sc", "digits")
    (sc / "evaluations.csv").unlink()
    dnas = channels_folder(tmp_path / "dnas", load_network(SEED_NET))
    for file in dnas.glob("points/*/result.json"):
        file.unlink()
    for folder, reason in ((sc, "evaluations.csv is missing"), (dnas, "no point of this search is finished")):
        assert main([str(folder)]) == 2
        assert reason in capsys.readouterr().err


def test_of_many_points_so_many_of_the_front_are_shown(tmp_path: Path) -> None:
    dnas = channels_folder(tmp_path / "dnas", load_network(SEED_NET), (0.0, 0.1, 0.2))
    [entrant] = [entrant for entrant in compared([dnas], 12).entrants if not entrant.candidate.published]
    # All cost the same, so the most accurate alone is on the front.
    assert entrant.candidate.accuracy_percent == 92.0
    assert "energy-0.2" in entrant.candidate.word


def test_names_are_told_apart_by_the_end_of_their_folders(tmp_path: Path) -> None:
    first, second, other = tmp_path / "a" / "search", tmp_path / "b" / "search", tmp_path / "b" / "other"
    assert labels([first, second, other]) == ["a/search", "b/search", "other"]
    assert labels([tmp_path / "x" / "a" / "s", tmp_path / "y" / "a" / "s"]) == ["x/a/s", "y/a/s"]
    paths = [stochastic_folder(path, "digits") for path in (first, second)]
    names = [entrant.name for entrant in compared(paths, 1).entrants]
    assert names == ["a/search-1", "b/search-1"]


def candidate(word: str) -> Candidate:
    return Candidate("one", "somewhere", "pareto", word, load_network(word))


def folder_for(target: Target | None, data: str = "har") -> SearchFolder:
    return SearchFolder(Path("x"), "x", "pareto", data, (), target=target)


def test_the_target_of_the_first_counts_and_it_is_said_who_had_another() -> None:
    blocks, consistent = load_space("har").target, Target(platform="msp430fr5994")
    for first, second in ((blocks, consistent), (consistent, blocks)):
        ground = common_ground([folder_for(None), folder_for(first), folder_for(second)], [candidate(SEED_NET)])
        assert ground.target == first
        assert any("priced for another target than searched for: x" in note for note in ground.notes)


def test_a_model_that_does_not_cover_a_network_gives_way_for_all() -> None:
    plain, blocks = load_space("inas-har").target, load_space("har").target
    one = candidate("tinas-har-l25")
    # The model of iNAS has no batch norm; that of TiNAS covers it, and the consistent mode everything.
    assert common_ground([folder_for(plain), folder_for(blocks)], [one]).target == blocks
    alone = common_ground([folder_for(plain)], [one])
    assert alone.target.platform == "msp430fr5994"
    settings = alone.pricing.settings
    assert settings.capacitance == common_ground([folder_for(plain)], []).pricing.settings.capacitance
    assert math.isfinite(network_costs(one.network, alone.pricing).latency_s)
    assert any("does not cover" in note for note in alone.notes)
    with pytest.raises(InputError, match="msp430fr5994-inas2021 does not cover one"):
        common_ground([folder_for(blocks)], [one], platform="msp430fr5994-inas2021")


def test_without_any_target_that_of_the_data_set_counts() -> None:
    assert common_ground([folder_for(None)], []).target == load_space("har").target
    assert common_ground([folder_for(None, "letters")], []).target == load_space("digits").target


def test_another_capacitor_is_that_of_costs_and_replays() -> None:
    ground = common_ground([folder_for(load_space("har").target)], [], capacitance=470e-6)
    assert ground.pricing.settings.capacitance == 470e-6
    assert all(scenario.supply.capacitor.capacitance == 470e-6 for scenario in ground.replays.scenarios)
    assert ground.pricing.objective is PublishedObjective.LATENCY


def test_what_a_method_returns_is_shown_wherever_it_lies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    from nas.search.config import AccuracyChoice, Limits

    training = AccuracyChoice(epochs=1)
    config = SearchConfig(
        method="tinas", evaluations=6, population=3, finalists=1, accuracy=training, replay=REPLAY,
        limits=Limits(latency=20.0),
    )  # fmt: skip
    result = searched(config, tmp_path / "tinas")
    assert result.finals is not None
    assert result.finals.choice is not None
    assert main([str(tmp_path / "tinas"), "--most", "1"]) == 0
    assert "tinas, its choice" in capsys.readouterr().out
    with open(tmp_path / "tinas" / "compare.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["word"] for row in rows if row["choice"]] == [result.finals.choice.word]
    front = {finalist.word for finalist in result.finals.front}
    assert all((row["on_front"] == "yes") == (row["word"] in front) for row in rows)
    assert len(rows) <= 2
