"""`python -m simint.trace`: what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simint.trace.__main__ import main
from simint.trace.catalogue_entries import catalogue_names, load_catalogue_trace
from simint.trace.load import load_trace
from simint.trace.power_trace import PowerSource, PowerTrace, content_hash
from simint.trace.readers.npz import write_npz
from simint.trace.statistics import energy_j, trace_statistics

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list_names_every_trace(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in catalogue_names())
    assert main(["list", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in entries] == catalogue_names()
    assert all(entry["mean_power"] > 0 for entry in entries)


def test_show_prints_statistics_and_draws(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "square-wave"]) == 0
    printed = capsys.readouterr().out
    assert "mean power" in printed
    assert "1 mW" in printed
    assert "8 s at or below 100 uW" in printed
    assert (folder / "square-wave.png").read_bytes().startswith(PNG)
    assert [path.name for path in folder.iterdir()] == ["square-wave.png"]


@pytest.mark.parametrize("name", ["kinetic-walk", "thevenin-bench"])
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_show_draws_where_it_is_told(folder: Path, name: str, ending: str) -> None:
    assert main(["show", name, "--plot", f"picture.{ending}"]) == 0
    start = (folder / f"picture.{ending}").read_bytes()[:8]
    assert start == (PNG if ending == "png" else b"<?xml ve")


def test_show_json_holds_the_numbers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "rf-walk-by", "--json", "--no-plot", "--threshold", "1mW"]) == 0
    data = json.loads(capsys.readouterr().out)
    trace = load_catalogue_trace("rf-walk-by")
    numbers = trace_statistics(trace, 1e-3)
    assert data["mean_w"] == numbers.mean_w
    assert data["duty"] == numbers.duty
    assert data["longest_outage_s"] == numbers.longest_outage_s
    assert data["sha256"] == content_hash(trace)
    assert list(folder.iterdir()) == []


def test_an_endless_outage_is_null_in_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_npz(PowerTrace("dark", PowerSource(np.zeros(3)), step_s=1.0), folder / "dark.npz")
    assert main(["show", "dark.npz", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["longest_outage_s"] is None
    assert main(["show", "dark.npz"]) == 0
    assert "never" in capsys.readouterr().out
    assert (folder / "dark.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("name", ["rf-markov", "kinetic-walk", "constant-1mw"])
@pytest.mark.parametrize("ending", ["npz", "csv"])
def test_convert_keeps_the_trace(folder: Path, name: str, ending: str) -> None:
    assert main(["convert", name, f"out.{ending}"]) == 0
    before, after = load_catalogue_trace(name), load_trace(f"out.{ending}")
    assert after.duration_s == pytest.approx(before.duration_s, rel=1e-9)
    assert energy_j(after) == pytest.approx(energy_j(before), rel=1e-9)
    assert trace_statistics(after, 1e-3).duty == pytest.approx(trace_statistics(before, 1e-3).duty, abs=1e-9)
    if ending == "npz":
        assert content_hash(after) == content_hash(before)


def test_convert_crops_scales_and_reduces(folder: Path) -> None:
    assert main(["convert", "solar-day-clouds", "part.npz", "--start", "10h", "--stop", "12h", "--scale", "0.5"]) == 0
    part, whole = load_trace("part.npz"), load_catalogue_trace("solar-day-clouds")
    assert part.duration_s == pytest.approx(7200)
    assert energy_j(part) == pytest.approx(0.5 * energy_j(whole.crop(36000, 43200)))
    assert "power times 0.5" in part.provenance
    assert main(["convert", "thevenin-bench", "bench.csv", "--power"]) == 0
    assert energy_j(load_trace("bench.csv")) == pytest.approx(60 * 5.892**2 / 11200)


def test_reading_options_reach_the_reader(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "v.csv").write_text("time,voltage\n0,1\n500,2\n")
    options = ["--load", "1kohm", "--time-unit", "ms", "--voltage-unit", "V"]
    assert main(["show", "v.csv", "--json", "--no-plot", *options]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["duration_s"] == pytest.approx(1.0)
    assert data["mean_w"] == pytest.approx((1 + 4) / 2 / 1000)


def test_synth_is_reproducible_and_takes_parameters(folder: Path) -> None:
    words = ["synth", "rf-on-off", "a.npz", "--param", "on_power=2mW", "--param", "mean_on=1", "--duration", "1h"]
    assert main([*words, "--seed", "3"]) == 0
    first = load_trace("a.npz")
    assert first.name == "a"
    assert trace_statistics(first).peak_w == 2e-3
    assert "seed 3" in first.provenance
    assert main([*words, "--seed", "3"]) == 0
    assert content_hash(load_trace("a.npz")) == content_hash(first)
    assert main([*words, "--seed", "4"]) == 0
    assert content_hash(load_trace("a.npz")) != content_hash(first)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "moon"], "moon"),
        (["show", "none.csv"], "none.csv"),
        (["show", "square-wave", "--threshold", "1V"], "--threshold"),
        (["show", "square-wave", "--plot", "a.xyz"], "a.xyz"),
        (["show", "square-wave", "--plot", "none/a.png"], "none/a.png"),
        (["show", "square-wave", "--plot", "a.png", "--no-plot"], "exclude"),
        (["show", "square-wave", "--load", "1ohm"], "catalogue"),
        (["show", "none.csv", "--efficiency", "1.5"], "cell_efficiency"),
        (["show", "none.csv", "--cell-area", "4cm"], "--cell-area"),
        (["convert", "square-wave", "a.txt"], ".npz or .csv"),
        (["convert", "square-wave", "none/a.csv"], "cannot be written"),
        (["convert", "thevenin-bench", "a.csv"], "--power"),
        (["convert", "square-wave", "a.npz", "--start", "11min"], "crop"),
        (["convert", "square-wave", "a.npz", "--scale", "-1"], "scale"),
        (["synth", "moon", "a.npz", "--duration", "1h"], "unknown generator"),
        (["synth", "rf-on-off", "a.npz", "--duration", "1h", "--param", "x=1"], "unknown key `x`"),
        (["synth", "rf-on-off", "a.npz", "--duration", "1h", "--param", "mean_on"], "name=value"),
        (["synth", "rf-on-off", "a.npz", "--duration", "1h", "--param", "mean_on=soon"], "mean_on"),
        (["synth", "rf-on-off", "a.npz", "--duration", "1W"], "--duration"),
        (["synth", "rf-walk-by", "a.npz", "--duration", "1h"], "sampling"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert list(folder.iterdir()) == []


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\nfrom simint.trace.__main__ import main\n"
        "try:\n    main(['synth', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('numba', 'pandas', 'scipy', 'matplotlib', 'rich', 'h5py') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "walking-shoe" in done.stdout
    assert "strike_energy" in done.stdout
