"""`simint replay --timeline FILE`: the file agrees with the summary, and nothing else is touched."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from replay_runs import SMALL_NETWORK, refusal, summary_of, write_supply
from trace_events import read_timeline

from simint.replay.__main__ import main


def arguments(folder: Path) -> list[object]:
    """Two inferences on a small capacitor, so that power fails."""
    return ["--network", SMALL_NETWORK, "--supply", write_supply(folder / "small.toml"), "--inferences", 2]


def test_timeline_holds_the_summary_and_sums_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.json.gz"
    summary = summary_of(capsys, *arguments(tmp_path), "--timeline", path)
    timeline = read_timeline(path)
    assert timeline.facts == summary
    assert len(timeline.rows["power cycle"]) == summary["power_cycles"]["count"] > 1
    assert timeline.seconds("device state")["off"] == pytest.approx(summary["time"]["off_s"], abs=1e-6)
    assert timeline.counters["tiles committed"][-1][1] == summary["tiles"]["committed"]


def test_table_says_where_the_timeline_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    assert main([*map(str, arguments(tmp_path)), "--out", str(folder), "--timeline", str(folder / "t.json")]) == 0
    timeline = read_timeline(folder / "t.json")
    assert f"timeline in {folder / 't.json'}: {timeline.events:,} events" in capsys.readouterr().out
    assert (folder / "summary.json").is_file()


def test_resolution_merges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--timeline", str(tmp_path / "t.json")]
    assert main([*map(str, arguments(tmp_path)), *where, "--timeline-resolution", "100ms"]) == 0
    assert "slices merged from" in capsys.readouterr().out
    merged = [each for row in read_timeline(tmp_path / "t.json").rows.values() for each in row if each.kind == "merged"]
    assert merged
    assert all(each.seconds <= 0.1 + 1e-9 for each in merged)


def test_what_cannot_be_a_timeline_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tmp_path / "scenario.toml"
    scenario.write_text("kept", encoding="utf-8")
    assert ".json" in refusal(capsys, "--timeline", scenario)
    assert scenario.read_text(encoding="utf-8") == "kept"
    assert "folder does not exist" in refusal(capsys, "--timeline", tmp_path / "none" / "t.json")
    assert "--timeline FILE" in refusal(capsys, "--timeline-resolution", "1ms")
    assert "3kg" in refusal(capsys, "--timeline", tmp_path / "t.json", "--timeline-resolution", "3kg")


def test_a_refused_scenario_leaves_the_old_timeline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.json"
    path.write_text("old", encoding="utf-8")
    refusal(capsys, "--policy", "nonsense", "--timeline", path)
    assert [file.name for file in tmp_path.iterdir()] == ["t.json"]
    assert path.read_text(encoding="utf-8") == "old"


def test_an_interrupted_replay_leaves_a_valid_timeline(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    command = [sys.executable, "-m", "simint.replay", *map(str, arguments(tmp_path)[:-1]), "1000000"]
    process = subprocess.Popen([*command, "--timeline", str(path), "--json"], stdout=subprocess.PIPE, text=True)
    give_up = time.monotonic() + 60
    while not any(draft.stat().st_size > 100_000 for draft in tmp_path.glob(".t-*.json")):
        assert time.monotonic() < give_up
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    timeline = read_timeline(path)
    assert timeline.facts == json.loads(printed)
    assert timeline.facts["verdict"] == "interrupted"
    assert list(tmp_path.glob(".t-*")) == []
