"""`python -m nas.space`: what it prints and writes, and how it refuses."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas.space.__main__ import main
from nas.space.columns import COLUMN_NAMES
from nas.space.pareto import pareto_front
from nas.space.search_space import load_mbconv_space as load_space
from nas.space.table import build_table
from simint.network.families import network_from_word
from simint.tiling.search.explorer import explore_network_published

SMALL = """
name = "small"
family = "har"
widths = [1]
resolutions = [64, 128]
expansions = [1, 4]
kernels = [1, 5]
repeats = [1, 2]
shortcuts = [false, true]
"""
TARGET = """
[target]
capacitance = "470uF"
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    file = tmp_path / "small.toml"
    file.write_text(SMALL + TARGET)
    return file


def test_the_whole_activity_space_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["har", "--percentiles", "25,75", "--latency", "18.53157s"]) == 0
    text = capsys.readouterr().out
    assert "10,616,832 networks of 855 distinct layers" in text
    assert "18.470" in text
    assert "33.777" in text
    assert "33.17" in text  # feasible share of width 1, resolution 64, in percent
    assert "width 1, resolution 64" in text


def test_json_agrees_with_exploration(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main([str(small), "--json", "--percentiles", "0,50,100", "--top", "3", "--by", "latency", "--sensitivity"]) == 0
    )
    report = json.loads(capsys.readouterr().out)
    assert report["networks"] == 2 * 16**3
    assert [entry["percent"] for entry in report["percentiles"]] == [0, 50, 100]
    assert report["constraints"]["latency_s"] is None
    assert [entry["parameter"] for entry in report["sensitivity"]] == ["expansions", "kernels", "repeats", "shortcuts"]
    fastest = report["ranked"][0]
    assert fastest["latency_s"] == pytest.approx(report["percentiles"][0]["latency_s"], rel=1e-12)
    assert fastest["latency_s"] <= report["ranked"][2]["latency_s"]
    assert sum(entry["buildable"] for entry in report["settings"]) == report["networks"]
    # The word of the network reads back; on the platform's bench it costs what it costs with 5 mF, not with 470 uF.
    layers = network_from_word(fastest["network"]).layers
    assert fastest["macs"] == sum(layer.macs for layer in layers)
    table = build_table(load_space(str(small)))
    assert explore_network_published(layers, table.platform).latency_s != pytest.approx(fastest["latency_s"])


def test_the_table_is_written_as_csv(small: Path, tmp_path: Path) -> None:
    assert main([str(small), "--out", str(tmp_path / "table.csv")]) == 0
    with open(tmp_path / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    table = build_table(load_space(str(small)))
    assert len(rows) == 2 * (1 + 3 * 16)
    written = np.array([[float(row[name]) for name in COLUMN_NAMES] for row in rows]).reshape(2, 1 + 3 * 16, -1)
    assert (written[:, 0] == table.fixed).all()
    assert (written[:, 1:].reshape(table.blocks.shape) == table.blocks).all()
    assert [rows[1][name] for name in ("block", "expansion", "kernel", "repeats", "shortcut")] == ["0", *"111n"]


def test_the_table_is_written_as_npz(small: Path, tmp_path: Path) -> None:
    assert main([str(small), "--out", str(tmp_path / "table.npz")]) == 0
    table = build_table(load_space(str(small)))
    with np.load(tmp_path / "table.npz") as arrays:
        assert (arrays["fixed"] == table.fixed).all()
        assert (arrays["blocks"] == table.blocks).all()
        assert (arrays["canonical"] == table.canonical).all()
        assert arrays["columns"].tolist() == list(COLUMN_NAMES)
        assert arrays["choices"].shape == (16, 4)


def test_the_front_is_written(small: Path, tmp_path: Path) -> None:
    assert main([str(small), "--front", str(tmp_path / "front.csv")]) == 0
    with open(tmp_path / "front.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(pareto_front(build_table(load_space(str(small)))).settings)
    latency = [float(row["latency_s"]) for row in rows]
    assert latency == sorted(latency)


@pytest.mark.parametrize(
    ("line", "words", "message"),
    [
        ("", ["--percentiles", "5,101"], "percentile 101: 0 to 100 expected"),
        ("", ["--percentiles", "5,x"], "--percentiles: 'x' is not a quantity"),
        ("", ["--latency", "5m"], "--latency: '5m'"),
        ("", ["--top", "-1"], "--top: 1 to 100000 networks, got -1"),
        ("", ["--top", "0"], "--top: 1 to 100000 networks, got 0"),
        ("", ["--top", "many"], "argument --top: invalid int value: 'many'"),
        ("", ["--latency", "0s"], "--latency: must be positive, got 0s"),
        ("", ["--imo", "0%"], "--imo: must be positive, got 0%"),
        ("", ["--out", "table.txt"], "table.txt: a table is written as .csv or .npz"),
        ("", ["--out", "no/such/folder/table.csv"], "no/such/folder: cannot be written"),
        ("", ["--front", "front.txt"], "front.txt: a front is written as .csv"),
        ("", ["--out", "OUT/table.csv", "--front", "no/such/folder/f.csv"], "no/such/folder: cannot be written"),
        ("colour = 3", [], "unknown key `colour`"),
        ("target = { nvm_bytes = '4MB' }", [], "Expected `int | null`, got `str` - at `target.nvm_bytes`"),
        ("target = { nvm_bytes = 100 }", [], "search space 'small': no network can be built"),
        ("target = { platform = 'esp32' }", [], "unknown platform 'esp32'"),
        ("target = { platform = 'msp430fr5994' }", [], "is in consistent mode"),
    ],
)
def test_wrong_input_is_one_line_and_leaves_nothing(
    line: str, words: list[str], message: str, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write_text(SMALL + line)
    assert main([str(small), *(word.replace("OUT", str(tmp_path)) for word in words)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert list(tmp_path.iterdir()) == [small]


def test_a_capacitor_nobody_calibrated(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small.write_text(SMALL + TARGET.replace("470uF", "330uF"))
    assert main([str(small)]) == 2
    assert "no calibrated source resistance" in capsys.readouterr().err


def test_help_loads_no_compiled_code() -> None:
    code = (
        "import sys, nas.space, nas.space.__main__; print([m for m in ('numba', 'rich', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    shown = subprocess.run([sys.executable, "-m", "nas.space", "--help"], capture_output=True, text=True, check=True)
    assert "--front" in shown.stdout


@pytest.mark.parametrize("space", ["SMALL", "inas-kws"])
def test_limits_that_no_network_meets_are_answered_by_the_best_attainable(
    space: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is named is attained, and nothing below it."""
    name = str(small) if space == "SMALL" else space

    def report(*words: str) -> dict[str, Any]:
        assert main([name, "--json", "--percentiles", "0", "--top", "1", "--by", "latency", *words]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    least = report()
    assert least["unmet"] == ""
    unmet = report("--latency", "1s", "--imo", "99")
    assert unmet["ranked"] == []
    fastest = least["ranked"][0]
    assert unmet["unmet"].endswith(f" ({fastest['network']})") or f" ({fastest['network']}); " in unmet["unmet"]
    named = float(unmet["unmet"].partition("least latency ")[2].removeprefix("with IMO <= 99 % ").split()[0])
    assert named == pytest.approx(least["percentiles"][0]["latency_s"], abs=1e-4)
    assert report("--latency", f"{named}s")["unmet"] == ""
    assert report("--latency", f"{named - 2e-4}s")["unmet"] != ""
    assert main([name, "--latency", "1s"]) == 0
    assert "meets latency <= 1 s; least latency" in capsys.readouterr().out


def test_networks_that_no_memory_holds_do_not_count_as_attainable(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """NVM one byte short of the network of least IMO leaves others; with `--no-storage` it counts again."""

    def report(*words: str) -> dict[str, Any]:
        assert main([str(small), "--json", "--by", "imo", *words]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    best = report("--top", "1")["ranked"][0]
    nvm = str(int(best["weight_bytes"] + best["feature_bytes"]) - 1)
    assert best["network"] not in report("--nvm", nvm, "--imo", "1%")["unmet"]
    assert best["network"] in report("--nvm", nvm, "--imo", "1%", "--no-storage")["unmet"]


def test_a_plain_space(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Percentiles of all 256 networks (the 191st and 192nd are the published 18.03 s); a list, and the front."""
    front = tmp_path / "front.csv"
    words = ["--capacitor", "5mF", "--json", "--percentiles", "0,74.5,100", "--top", "2", "--by", "macs"]
    assert main(["inas-kws", *words, "--latency", "18.03s", "--front", str(front)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["networks"] == 256
    assert report["percentiles"][1]["latency_s"] == pytest.approx(18.03, rel=0.05)
    assert report["settings"] == []
    assert report["ranked"][0]["latency_s"] <= 18.03
    assert report["ranked"][0]["macs"] >= report["ranked"][1]["macs"]
    layers = network_from_word(report["ranked"][0]["network"]).layers
    assert report["ranked"][0]["macs"] == sum(layer.macs for layer in layers)
    with open(front, newline="") as file:
        latency = [float(row["latency_s"]) for row in csv.DictReader(file)]
    assert latency[0] == pytest.approx(report["percentiles"][0]["latency_s"])
    assert latency == sorted(latency)
    assert main(["inas-kws", "--percentiles", "50"]) == 0
    assert "256 networks of 24 distinct layers" in capsys.readouterr().out


def test_hardware_given_replaces_that_of_the_space(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Calibrated resistance where the platform knows the capacitor; the file's own hardware stays otherwise."""

    def median(*words: str) -> float:
        assert main([str(small), "--json", "--percentiles", "50", *words]) == 0
        return json.loads(capsys.readouterr().out)["percentiles"][0]["latency_s"]

    own = median()
    assert own == median("--capacitor", "470uF") == median("--resistance", "3kohm")
    assert median("--source-resistance", "6kohm") > own
    assert median("--capacitor", "100uF") > own
    assert median("--platform", "msp430fr5994-tinas2024") == own
    small.write_text(SMALL)
    assert median() == median("--capacitor", "5mF") != own


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["har", "--capacitor", "330uF"], "no calibrated source resistance"),
        (["har", "--capacitor", "5m"], "--capacitor: '5m'"),
        (["har", "--capacitor", "0F"], "--capacitor: must be positive"),
        (["har", "--nvm", "0"], "--nvm: at least 1 byte, got 0"),
        (["har", "--margin", "1.5"], "`margin` must lie in (0, 1]"),
        (["har", "--platform", "esp32"], "unknown platform 'esp32'"),
        (["har", "--platform", "msp430fr5994-inas2021"], "the inas2021 model has no"),
        (["inas-kws", "--sensitivity"], "--sensitivity: for spaces of kind mbconv, 'inas-kws' is of kind plain"),
        (["inas-kws", "--out", "table.csv"], "--out: for spaces of kind mbconv"),
        (["inas-kws", "--capacitor", "1mF", "--margin", "0.55"], "'inas-kws': no network can be built"),
    ],
)
def test_wrong_hardware_is_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
