"""`python -m nas.search --method dnas`: points within their limits, kept in one folder that grows."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from nas.fitness.replay import ReplayFitness, measures_of
from nas.hardware.pricing import network_costs, pricing_of
from nas.methods.dnas.config import point_name
from nas.methods.dnas.result import load_result
from nas.search.__main__ import main
from nas.search.channels.config import ChannelsConfig
from nas.search.channels.replay import prepare_channel_replays, replayed_points
from nas.train.model_file import read_model
from simint.config import load_toml
from simint.network.catalogue import load_network
from simint.network.nvm import nvm_demand

SEED_NET = "mbconv:digits:w=1.0:r=8:2.3.1.y-2.3.1.n"
WORDS = ["--method", "dnas", "--seed-net", SEED_NET, "--data", "digits", "--epochs", "2", "--objective", "latency"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("channels") / "run"
    assert main([*WORDS, "--memory", "75%", "--memory", "3kB", "--strength", "0", "--out", str(folder)]) == 0
    return folder


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "points.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_point_is_within_its_limit_and_costs_what_its_model_costs(finished: Path) -> None:
    found = rows_of(finished)
    assert [row["memory"] for row in found] == ["75%", "3kB"]
    config = load_toml(finished / "config.toml", ChannelsConfig)
    pricing = pricing_of(config.target)
    for row, limit in zip(found, (0.75 * float(found[0]["seed_memory_bytes"]), 3000.0), strict=True):
        assert float(row["memory_bytes"]) <= float(row["limit_bytes"]) == limit
        network = read_model(finished / row["model"]).network
        costs = network_costs(network, pricing)
        assert (float(row["latency_s"]), float(row["active_j"])) == (costs.latency_s, costs.active_j)
        assert costs.latency_s < float(row["seed_latency_s"])
        element_bytes = pricing.platform.memory.element_bytes
        demand = nvm_demand(network, element_bytes)
        record_bytes = pricing.platform.index_words * element_bytes
        assert float(row["memory_bytes"]) == demand.weight_bytes + demand.feature_bytes + record_bytes


def test_the_front_is_what_no_other_point_beats(finished: Path) -> None:
    found = rows_of(finished)
    points = [(float(row["latency_s"]), -float(row["accuracy_percent"])) for row in found]
    for row, own in zip(found, points, strict=True):
        beaten = any(a <= own[0] and b <= own[1] and (a, b) != own for a, b in points)
        assert (row["on_front"] == "yes") == (not beaten)


def test_a_folder_grows_by_points_and_keeps_those_it_has(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {row["point"]: row for row in rows_of(finished)}
    files = {path: path.stat().st_mtime_ns for path in finished.rglob("*.pt")}
    more = ["--memory", "75%", "--memory", "3kB", "--memory", "30%", "--strength", "0"]
    assert main([*WORDS, *more, "--out", str(finished)]) == 0
    after = {row["point"]: row for row in rows_of(finished)}
    assert len(after) == 3
    for name, row in before.items():
        # What is replayed is the front, which others may join or leave.
        varying = ["on_front", *(column for column in row if "inferences_per_day" in column or "replay_" in column)]
        assert {**row, **dict.fromkeys(varying)} == {**after[name], **dict.fromkeys(varying)}
    assert {path: path.stat().st_mtime_ns for path in files} == files, "something was trained again"
    # Another search does not get in.
    assert main([*WORDS[:-4], "--epochs", "4", "--out", str(finished)]) == 2
    assert "holds another search" in capsys.readouterr().err
    assert main(["--method", "sc-nas", "--out", str(finished)]) == 2
    assert "holds a search by dnas" in capsys.readouterr().err


def test_points_with_the_same_network_share_its_replays(finished: Path, tmp_path: Path) -> None:
    config = load_toml(finished / "config.toml", ChannelsConfig)
    first, other = (load_result(finished / "points" / row["point"] / "result.json") for row in rows_of(finished)[:2])
    twin = msgspec.structs.replace(first, config=msgspec.structs.replace(first.config, strength=3.0))
    replays = prepare_channel_replays(config.replay, config.target)
    names = [point_name(result.config) for result in (first, twin, other)]
    found = replayed_points(replays, [first, twin, other], 2, load_network(SEED_NET), tmp_path)
    assert found[names[0]] == found[names[1]] != found[names[2]]
    replayed = [path.parent.name for path in tmp_path.glob("points/*/replay.json")]
    assert sorted(replayed) == sorted([names[0], names[2]])


def test_the_test_split_is_opened_on_demand_alone(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "moved"
    shutil.copytree(finished, folder)
    assert all(row["test_accuracy_percent"] == "" for row in rows_of(folder))
    words = [*WORDS, "--memory", "3kB", "--strength", "0", "--out", str(folder)]
    assert main([*words, "--test"]) == 0
    (row,) = rows_of(folder)
    assert 0 <= float(row["test_accuracy_percent"]) <= 100
    said = f"test accuracy of {row['point']}: {float(row['test_accuracy_percent']):.2f} %"
    assert said in (folder / "report.md").read_text(encoding="utf-8")


def test_a_configuration_reproduces_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--method", "dnas", "--seed-net", "resnet8", "--data", "cifar10", "--memory", "64kB", "--strength", "0.5"]
    assert main([*words, "--objective", "imo", "--epochs", "9", "--repeats", "3", "--print-config"]) == 0
    text = capsys.readouterr().out
    (tmp_path / "one.toml").write_text(text, encoding="utf-8")
    config = load_toml(tmp_path / "one.toml", ChannelsConfig)
    assert (config.seed_net, config.memories, config.strengths) == ("mlperf:resnet8", ("64kB",), (0.5,))
    settings = config.settings
    assert (settings.warm_up.epochs, settings.epochs, settings.fine_tune.epochs) == (6, 9, 6)
    assert main([str(tmp_path / "one.toml"), "--print-config"]) == 0
    assert capsys.readouterr().out == text
    assert main([str(tmp_path / "one.toml"), "--memory", "25%", "--capacitor", "1mF", "--print-config"]) == 0
    (tmp_path / "two.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    changed = load_toml(tmp_path / "two.toml", ChannelsConfig)
    assert (changed.memories, changed.objective, changed.target.capacitance) == (("25%",), "imo", 1e-3)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "give --seed-net"),
        (["--seed-net", "resnet8"], "give --data"),
        (["--seed-net", "resnet9", "--data", "digits"], "unknown network 'resnet9'"),
        (["--seed-net", "resnet8", "--data", "digits"], "reads maps of 3 x 32 x 32"),
        (["--seed-net", SEED_NET, "--data", "digits", "--memory", "50%", "--memory", "10B"], "the smallest needs"),
        (["--seed-net", SEED_NET, "--data", "digits", "--memory", "150%"], "up to 100 %"),
        (["--seed-net", SEED_NET, "--data", "digits", "--memory", "5mF"], "unit"),
        (["--seed-net", SEED_NET, "--data", "digits", "--memory", "50%", "--memory", "50%"], "different values"),
        (["--seed-net", SEED_NET, "--data", "digits", "--strength", "-1"], "`strength` must be at least 0"),
        (["--seed-net", SEED_NET, "--data", "digits", "--objective", "accuracy"], "--objective: method dnas takes"),
        (["--seed-net", SEED_NET, "--data", "digits", "--objective", "imo", "--objective", "energy"], "takes one"),
        (["--seed-net", SEED_NET, "--data", "digits", "--memory-of", "ram"], "--memory-of"),
        (["--seed-net", SEED_NET, "--data", "digits", "--repeats", "0"], "`repeats` must be at least 1"),
        (["--seed-net", SEED_NET, "--data", "digits", "--finalists", "-1"], "`finalists` must be at least 0"),
        (["--seed-net", SEED_NET, "--data", "digits", "--trace", "nosuch"], "nosuch"),
        (["--seed-net", SEED_NET, "--data", "digits", "--device", "tpu"], "device 'tpu'"),
        (["--seed-net", SEED_NET, "--data", "digits", "--platform", "nosuch"], "nosuch"),
        (["--seed-net", SEED_NET, "--data", "digits", "--population", "9"], "--population is no option of method dnas"),
        (["--seed-net", SEED_NET, "--data", "digits", "--workers", "2"], "--workers is no option of method dnas"),
        (["--seed-net", "resnet8", "--data", "cifar10", "--data-folder", "EMPTY"], "cifar10"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_trained(
    more: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "EMPTY").mkdir()
    assert main(["--method", "dnas", *more, "--out", "out"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert said in lines[0]
    assert not (tmp_path / "out").exists()


def test_the_front_is_replayed_once(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the front makes of the traces stands beside the model, and is what a replay of the exported network says."""
    folder = tmp_path / "moved"
    shutil.copytree(finished, folder)
    config = load_toml(folder / "config.toml", ChannelsConfig)
    replays = prepare_channel_replays(config.replay, config.target)
    found = rows_of(folder)
    assert any(row["on_front"] for row in found)
    for row in found:
        assert bool(row["inferences_per_day"]) == (row["on_front"] == "yes")
        if row["on_front"]:
            measures = measures_of(replays.fitness.replay(read_model(folder / row["model"]).network))
            assert float(row["inferences_per_day"]) == measures.inferences_per_day
            assert float(row["worst_inferences_per_day"]) <= measures.inferences_per_day
            assert float(row["replay_latency_s"]) == measures.replay_latency_s
    assert "the seed network makes" in (folder / "report.md").read_text(encoding="utf-8")
    monkeypatch.setattr(ReplayFitness, "replay", lambda *_: pytest.fail("was replayed before"))
    points = ["--strength", "0", *(word for row in found for word in ("--memory", row["memory"]))]
    assert main([*WORDS, *points, "--out", str(folder)]) == 0
    assert main([*WORDS, *points, "--finalists", "0", "--out", str(folder)]) == 0
    assert all(row["inferences_per_day"] == "" for row in rows_of(folder))
