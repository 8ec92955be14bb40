"""Which engine makes a replay: what `--engine` asks for, what the command says about it, and that both agree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from replay_runs import SMALL_NETWORK, refusal, summary_of

import simint
from simint.replay.__main__ import main
from simint.report.schema import Summary
from simint.scenario import read_scenario

RUN = ("--network", SMALL_NETWORK, "--duration", "2min")
# Two engines, one answer (docs/architecture.md).
SAME = 1e-9


@pytest.mark.parametrize(
    ("asked", "used"), [((), "compiled"), (("auto",), "compiled"), (("compiled",), "compiled"), (("event",), "event")]
)
def test_the_engine_asked_for_makes_the_run_and_is_named(
    capsys: pytest.CaptureFixture[str], asked: tuple[str, ...], used: str
) -> None:
    option = ("--engine", *asked) if asked else ()
    assert summary_of(capsys, *RUN, *option)["engine"] == used
    assert main([*RUN, *option]) == 0
    printed = capsys.readouterr()
    assert f"{used} engine" in " ".join(printed.out.split())
    assert printed.err == ""


def test_both_engines_tell_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    of_compiled, of_event = (summary_of(capsys, *RUN, "--engine", engine) for engine in ("compiled", "event"))
    assert of_compiled["power_cycles"]["brown_outs"] > 5
    for part in ("inferences", "power_cycles", "tiles", "energy", "time", "overhead"):
        assert _flat(of_compiled[part]) == pytest.approx(_flat(of_event[part]), rel=SAME, abs=1e-12), part
    assert of_compiled["verdict"] == of_event["verdict"]


@pytest.mark.parametrize("option", ["--out", "--timeline"])
def test_files_of_every_event_are_made_by_the_event_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    target = tmp_path / ("run" if option == "--out" else "run.json")
    assert summary_of(capsys, *RUN, option, target)["engine"] == "event"
    assert main([*RUN, "--engine", "compiled", option, str(target), "--json"]) == 0
    printed = capsys.readouterr()
    assert msgspec.json.decode(printed.out, type=Summary).engine == "event"
    assert printed.err.startswith("note: the event engine made this run")
    assert printed.err.count("\n") == 1


def test_a_written_scenario_names_the_engine_that_ran(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = summary_of(capsys, *RUN, "--out", tmp_path / "run")
    file = tmp_path / "run" / "scenario.toml"
    assert read_scenario(file).engine == summary["engine"] == "event"
    assert summary_of(capsys, file) == summary


def test_an_engine_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "compiled" in refusal(capsys, *RUN, "--engine", "fast")


def test_the_first_run_says_that_it_compiles(tmp_path: Path) -> None:
    """Seen from a copy of the package beside which nothing compiled lies; only what is printed first is waited for."""
    package = Path(simint.__file__).parent
    shutil.copytree(package, tmp_path / "simint", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "simint.replay", *RUN],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(tmp_path)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("compiling the kernels once")
    finally:
        process.kill()
        process.communicate()


def _flat(part: dict[str, object], place: str = "") -> dict[str, object]:
    """Numbers of nested tables by their place; what does not exist counts as 0."""
    found: dict[str, object] = {}
    for key, value in part.items():
        found |= _flat(value, f"{place}{key}.") if isinstance(value, dict) else {place + key: value or 0}
    return found
