"""A scenario file reproduces its run, anywhere, and options on the command line go over it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from replay_runs import SMALL_NETWORK, command, refusal, summary_of, write_supply

from simint.network.catalogue import load_network
from simint.network.json_file import write_network
from simint.scenario import PolicyChoice, read_scenario, scenario_toml

VARIED = [
    (),
    ("--seed", "5", "--policy", "none", "--network", SMALL_NETWORK),
    ("--policy", "tile-shutdown", "--start", "30s", "--scale", "150%", "--end", "hold", "--duration", "5min"),
    ("--policy", "jit", "--trace", "rf-walk-by", "--duration", "5min", "--network", SMALL_NETWORK),
    ("--policy", "footprint", "--inferences", "5", "--network", SMALL_NETWORK),
    ("--guard", "--period", "2s", "--deadline", "1s", "--queue", "fifo", "--network", SMALL_NETWORK),
    ("--capacitor", "470uF", "--v-on", "4V", "--v-off", "2V", "--initial-voltage", "0V", "--objective", "latency"),
    ("--trace", "thevenin-bench", "--supply", "thevenin", "--platform", "msp430fr5994-tinas2024", "--inferences", "2"),
]


def write_trace(path: Path, scale: float = 1.0) -> Path:
    """Ten minutes of a slow sine, W at 10 Hz."""
    power = scale * 1e-3 * (1.0 + np.sin(np.arange(6000) / 50.0))
    rows = "".join(f"{0.1 * k:.1f},{value:.9f}\n" for k, value in enumerate(power))
    path.write_text(f"time_s,power_W\n{rows}")
    return path


@pytest.mark.parametrize("options", VARIED)
def test_a_scenario_file_reproduces_its_run(
    options: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = summary_of(capsys, *options, "--out", tmp_path / "first")
    scenario = tmp_path / "first" / "scenario.toml"
    assert summary_of(capsys, scenario, "--out", tmp_path / "second") == summary
    assert (tmp_path / "second" / "scenario.toml").read_text() == scenario.read_text()


def test_a_scenario_of_files_runs_from_another_folder(tmp_path: Path) -> None:
    """Supply, platform and network files are inside the scenario; only the trace has to stay where it is."""
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    write_trace(here / "sine.csv")
    write_supply(here / "mine.toml", capacitance="1mF")
    write_network(load_network("plain:har:1x3-1x2-1x2"), here / "net.json")
    options = ("--trace", "sine.csv", "--supply", "mine.toml", "--network", "net.json", "--json")
    first = command(*options, "--out", "out", folder=here)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["inferences"]["completed"] > 0
    shutil.move(here / "out" / "scenario.toml", elsewhere)
    for file in ("mine.toml", "net.json"):
        (here / file).unlink()
    again = command("scenario.toml", "--json", folder=elsewhere)
    assert again.stdout == first.stdout


def test_a_trace_file_that_has_changed_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = write_trace(tmp_path / "sine.csv")
    summary_of(capsys, "--trace", trace, "--inferences", 1, "--out", tmp_path / "out")
    write_trace(trace, scale=1.001)
    scenario = tmp_path / "out" / "scenario.toml"
    assert "has changed since the scenario was written" in refusal(capsys, scenario)
    # Whoever names the trace anew means it as it is now.
    assert summary_of(capsys, scenario, "--trace", trace)["verdict"] == "completed"


@pytest.fixture
def recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A scenario with something to override in every table."""
    trace = write_trace(tmp_path / "sine.csv")
    read = ("--read", "step_s=100ms", "--start", "10s", "--scale", "2")
    summary_of(capsys, "--trace", trace, *read, "--network", SMALL_NETWORK, "--guard", "--out", tmp_path / "out")
    return tmp_path / "out" / "scenario.toml"


def changed(capsys: pytest.CaptureFixture[str], tmp_path: Path, *arguments: object) -> Any:
    summary_of(capsys, *arguments, "--out", tmp_path / "changed")
    return read_scenario(tmp_path / "changed" / "scenario.toml")


def test_an_option_changes_its_field_and_no_other(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_scenario(recorded)
    after = changed(capsys, tmp_path, recorded, "--duration", "2min")
    assert after.duration == 120.0
    assert scenario_toml(after).replace("duration = 120.0\n", "") == scenario_toml(before)


def test_another_trace_is_read_and_placed_afresh(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    after = changed(capsys, tmp_path, recorded, "--trace", "rf-walk-by", "--seed", "3").trace
    assert (after.name, after.seed, after.start, after.scale, after.read.step_s) == ("rf-walk-by", 3, 0.0, 2.0, None)


def test_designs_stay_with_the_hardware_around_them_and_go_with_the_network(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_scenario(recorded).design
    assert changed(capsys, tmp_path, recorded, "--capacitor", "2mF").design == before
    assert changed(capsys, tmp_path, recorded, "--network", "plain:har:1x2-1x2").design.layers != before.layers
    faster = changed(capsys, tmp_path, recorded, "--objective", "latency").design
    assert faster.objective == "latency"


def test_another_policy_starts_with_its_own_options(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read_scenario(recorded).policy == PolicyChoice(name="tile", guard=True)
    assert "guard" in refusal(capsys, recorded, "--policy", "none", "--guard")
    assert changed(capsys, tmp_path, recorded, "--policy", "none").policy == PolicyChoice(name="none")
    assert changed(capsys, tmp_path, recorded, "--no-guard").policy == PolicyChoice(name="tile")


def test_a_policy_from_a_file(recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By TOML with units; what it is comes back in the scenario, and with it the same run."""
    file = tmp_path / "mine.toml"
    file.write_text('name = "timer"\nperiod = "50ms"\n')
    policy = changed(capsys, tmp_path, recorded, "--policy", file).policy
    assert policy == PolicyChoice(name="timer", period=0.05)
    file.write_text('name = "jit"\nv_checkpoint = "2.5V"\n')
    assert changed(capsys, tmp_path, recorded, "--policy", file).policy.v_checkpoint == 2.5
    file.write_text('name = "jit"\nperiod = "50ms"\n')
    line = refusal(capsys, recorded, "--policy", file)
    assert str(file) in line
    assert "`period` is an option of policy `timer`, not of 'jit'" in line
    file.write_text('name = "jit"\nv_checkpoint = "50ms"\n')
    assert "v_checkpoint: '50ms' has unit 'ms', expected V" in refusal(capsys, recorded, "--policy", file)


def test_a_scenario_written_by_hand_may_be_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Units as on the command line, presets by name, and the defaults of the command."""
    file = tmp_path / "mine.toml"
    file.write_text(
        'capacitance = "2mF"\nnetwork = "plain:har:1x2-1x2-1x2"\nduration = "5min"\n'
        '[trace]\nname = "rf-walk-by"\nscale = "120%"\ncrop_start = "1min"\n[policy]\nguard = true\n'
    )
    options = ("--capacitor", "2mF", "--network", SMALL_NETWORK, "--duration", "5min", "--scale", "1.2", "--guard")
    by_file, by_options = summary_of(capsys, file), summary_of(capsys, *options)
    assert by_file["inputs"].pop("trace_duration_s") == pytest.approx(540.0)
    by_options["inputs"].pop("trace_duration_s")
    assert {**by_file["inputs"], "trace": ""} == {**by_options["inputs"], "trace": ""}
