"""The command: from words to a study file, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from replay_runs import SMALL_NETWORK, command, write_supply
from whatif_cases import TINY, rows_of

from simint.__main__ import main as simint
from simint.replay.__main__ import main as replay
from simint.whatif.__main__ import main
from simint.whatif.frame import load_study
from simint.whatif.progress import progress_line


def refusal(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main([*map(str, words)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    return printed.err


def test_a_study_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "study.db"
    words = [*TINY, "--study", str(path), "--jobs", "1", "--vary", "capacitor=1uF,1mF", "--vary", "policy=tile,jit"]
    assert simint(["whatif", *words, "--design", "best", "--metric", "verdict,imo"]) == 0
    said = capsys.readouterr().out
    assert "2 of 4 points could not be run" in said
    assert "its cheapest batch" in said
    assert f"4 points in {path}" in said
    frame = load_study(path).frame
    assert list(frame["status"]) == ["error", "error", "done", "done"]
    # The same numbers as the replay of that point.
    options = ["--network", SMALL_NETWORK, "--trace", "constant-1mw", "--duration", "2s", "--engine", "event"]
    assert replay([*options, "--capacitor", "1mF", "--policy", "jit", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert frame["harvested_j"][3] == summary["energy"]["harvested_j"]
    assert frame["imo_pct"][3] == summary["overhead"]["imo_pct"]


def test_the_same_command_goes_on_and_resume_needs_only_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "study.db"
    words = [*TINY, "--study", str(path), "--jobs", "1", "--vary", "capacitor=300uF,1mF"]
    assert main(words) == 0
    rows = rows_of(path)
    assert main(words) == 0
    assert main(["--resume", str(path), "--jobs", "1"]) == 0
    pd.testing.assert_frame_equal(rows_of(path), rows)
    capsys.readouterr()
    assert "holds another study" in refusal(capsys, *words, "--vary", "v_on=3V")
    assert "--vary does not go with it" in refusal(capsys, "--resume", path, "--vary", "v_on=3V")
    assert "no such study file" in refusal(capsys, "--resume", tmp_path / "none.db")


def test_a_study_file_in_toml_is_found_from_anywhere(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    write_supply(folder / "small.toml")
    (folder / "radio.csv").write_text("time_s,power_W\n0,0.001\n1,0.002\n2,0.001\n")
    (folder / "node.toml").write_text(
        f'network = "{SMALL_NETWORK}"\nsupply = "small.toml"\nduration = "1s"\n[trace]\nname = "constant-1mw"\n'
    )
    (folder / "study.toml").write_text(
        'scenario = "node.toml"\ndesign = "held"\n[vary]\ntrace = ["*.csv"]\ncapacitor = "100uF:400uF:log:3"\n'
    )
    done = command("mine/study.toml", "--study", "study.db", "--jobs", 1, folder=tmp_path, module="simint.whatif")
    assert done.returncode == 0, done.stderr
    found = load_study(tmp_path / "study.db")
    assert list(found.frame["trace"]) == ["radio.csv"] * 3
    assert list(found.frame["status"]) == ["done"] * 3
    # Its own folder is remembered: gone on with from elsewhere, the files are the same.
    again = command("--resume", tmp_path / "study.db", folder=folder, module="simint.whatif")
    assert again.returncode == 0, again.stderr


def test_errors_are_kept_until_somebody_asks_again(tmp_path: Path) -> None:
    path, supply = tmp_path / "study.db", write_supply(tmp_path / "mine.toml")
    words = [*TINY, "--supply", str(supply), "--study", str(path), "--jobs", "1", "--vary", "v_off=1.9V,2.9V"]
    assert main(words) == 0
    first = load_study(path).frame
    assert list(first["status"]) == ["done", "error"]
    assert main([*words, "--again"]) == 0
    again = load_study(path).frame
    assert (first["seconds"] != again["seconds"]).tolist() == [False, True]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "needs something that varies"),
        (("--vary", "boot_time=1ms"), "did you mean platform.boot_time?"),
        (("--vary", "v_on=3V", "--metric", "nonsense"), "unknown metric 'nonsense'"),
        (("--vary", "v_on=3V", "--sample", "some"), "grid, random:N or lhs:N"),
        (("--vary", "v_on=3V", "--jobs", "-1"), "--jobs"),
        (("--vary", "v_on=3V", "--supply", "none"), "unknown supply 'none'"),
        (("--vary", "supply=boost,none"), "unknown supply 'none'"),
        (("--vary", "network=none"), "unknown network 'none'"),
        (("--vary", "policy=none,sometimes"), "unknown policy 'sometimes'"),
        (("--vary", "design=mine.json"), "mine.json"),
        (("--vary", "v_on=3V", "--hold", "charge"), "invalid choice"),
        (("none.toml",), "cannot be read"),
    ],
)
def test_what_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert said in refusal(capsys, *words, "--study", tmp_path / "study.db")
    assert not (tmp_path / "study.db").exists()


def test_a_study_file_in_toml_says_everything_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "study.toml"
    path.write_text('[vary]\nv_on = "3V"\n[scenario.trace]\nname = "constant-1mw"\n')
    assert "--duration does not go with a study file" in refusal(capsys, path, "--duration", "1s")


def test_progress_in_words() -> None:
    assert progress_line(120, 1000, 20, 3, 10.0) == "120 of 1,000 points, 3 errors, 10 points/s, 1 min 28 s left"
    assert progress_line(20, 1000, 20, 0, 5.0) == "20 of 1,000 points"
