"""The replay command from outside: what it prints and writes, its options, and how it ends when it is broken off."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from replay_runs import SMALL_NETWORK, command, refusal, summary_of, write_supply

from simint.explore import main as explore
from simint.network.catalogue import load_network
from simint.replay.__main__ import main
from simint.replay.options import DEFAULT_TRACE
from simint.report.schema import Summary
from simint.scenario import read_scenario

FILES = {"summary.json", "scenario.toml", "run.png"} | {
    f"{table}.{kind}" for table in ("inferences", "power_cycles", "layers") for kind in ("csv", "parquet")
}
# A month of 0.1 s inferences keeps the engine busy for minutes.
LONG = ("--trace", "constant-1mw", "--scale", "40", "--network", SMALL_NETWORK, "--duration", "30d")


def test_without_arguments_a_meaningful_case_is_replayed() -> None:
    result = command()
    assert result.returncode == 0
    assert result.stderr == ""
    assert f"trace {DEFAULT_TRACE}" in " ".join(result.stdout.split())
    for part in ("Latency", "Power cycles", "IMO", "Where the energy went", "Where the time went", "Hint"):
        assert f"\n{part}" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_the_default_case_has_failures_of_power_and_finished_inferences(capsys: pytest.CaptureFixture[str]) -> None:
    summary = summary_of(capsys)
    assert summary["verdict"] == "stopped"
    assert summary["inferences"]["completed"] > 10
    assert summary["power_cycles"]["brown_outs"] > 10
    assert summary["tiles"]["lost"] > 0


def test_json_is_the_documented_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--trace", "constant-1mw", "--inferences", "3", "--json"]) == 0
    printed = capsys.readouterr()
    summary = msgspec.json.decode(printed.out, type=Summary)
    assert printed.err == ""
    assert summary.verdict == "completed"
    assert summary.inferences.requested == summary.inferences.completed == 3


def test_out_writes_every_file_and_they_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "deep" / "run"
    summary = summary_of(capsys, "--network", SMALL_NETWORK, "--out", folder)
    assert {file.name for file in folder.iterdir()} == FILES
    assert json.loads((folder / "summary.json").read_text()) == summary
    assert (folder / "run.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    inferences, cycles = pd.read_csv(folder / "inferences.csv"), pd.read_csv(folder / "power_cycles.csv")
    assert inferences["end_s"].notna().sum() == summary["inferences"]["completed"]
    assert len(cycles) == summary["power_cycles"]["count"]
    assert cycles["tiles_committed"].sum() == summary["tiles"]["committed"]
    assert read_scenario(folder / "scenario.toml").network == SMALL_NETWORK


def test_out_says_where_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--trace", "constant-1mw", "--inferences", "1", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith(f"written to {tmp_path}\n")


def test_a_seed_draws_another_trace_and_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    first, again = summary_of(capsys, "--seed", 7), summary_of(capsys, "--seed", 7)
    other, without = summary_of(capsys, "--seed", 8), summary_of(capsys)
    assert first == again
    assert first["inputs"]["seed"] == 7
    assert len({run["energy"]["available_j"] for run in (first, other, without)}) == 3


def test_start_shifts_a_loop_and_scale_multiplies_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A whole pass offers the same energy wherever it starts; a boost front end is linear in the trace's power."""
    whole = summary_of(capsys)["energy"]
    shifted = summary_of(capsys, "--start", "100s")["energy"]
    doubled = summary_of(capsys, "--scale", "2")["energy"]
    assert shifted["available_j"] == pytest.approx(whole["available_j"], rel=1e-9)
    assert shifted["compute_j"] != whole["compute_j"]
    assert doubled["available_j"] == pytest.approx(2 * whole["available_j"], rel=1e-9)


def test_the_end_of_the_trace_loops_holds_or_stops(capsys: pytest.CaptureFixture[str]) -> None:
    """The walk-by ends far from its transmitter, so holding its last value gives next to nothing."""
    loop, hold, stop = (
        summary_of(capsys, "--duration", "20min", "--network", SMALL_NETWORK, "--end", end)
        for end in ("loop", "hold", "stop")
    )
    assert loop["trace_passes"] == 2
    assert loop["duration_s"] == pytest.approx(1200.0)
    assert hold["duration_s"] == pytest.approx(1200.0)
    assert stop["duration_s"] == pytest.approx(600.0)
    assert stop["inferences"]["completed"] <= hold["inferences"]["completed"] < loop["inferences"]["completed"]
    late = summary_of(capsys, "--end", "stop", "--start", "9min", "--network", SMALL_NETWORK)
    assert late["duration_s"] == pytest.approx(60.0)


@pytest.mark.parametrize(
    ("start", "duration", "passes"),
    [("0s", "10min", 1), ("0s", "601s", 2), ("5min", "5min", 1), ("5min", "10min", 2), ("25min", "1min", 1)],
)
def test_passes_of_the_trace_are_counted_when_they_begin(
    capsys: pytest.CaptureFixture[str], start: str, duration: str, passes: int
) -> None:
    options = ("--network", SMALL_NETWORK, "--start", start, "--duration", duration)
    assert summary_of(capsys, *options)["trace_passes"] == passes


def test_policies_rank_as_they_must(capsys: pytest.CaptureFixture[str]) -> None:
    """Progress beats starting over; going on beats shutting down; a guard never loses a batch."""
    tile, shutdown, restart, guard = (
        summary_of(capsys, "--policy", *policy)
        for policy in (("tile",), ("tile-shutdown",), ("none",), ("tile", "--guard"))
    )
    progress = [run["inferences"]["completed"] for run in (tile, shutdown, restart)]
    assert progress == sorted(progress, reverse=True)
    assert progress[-1] < progress[0]
    assert shutdown["power_cycles"]["brown_outs"] == 0
    assert shutdown["power_cycles"]["count"] > tile["power_cycles"]["count"]
    assert guard["inputs"]["guard"] is True
    assert guard["tiles"]["lost"] == 0 < tile["tiles"]["lost"]
    assert restart["energy"]["index_j"] == 0 < tile["energy"]["index_j"]


def test_policies_that_keep_less_often_lose_more_and_pay_less(capsys: pytest.CaptureFixture[str]) -> None:
    """Records from every tile to the whole inference; checkpoints just in time lose nothing."""
    layer, tile, footprint, timer, jit = (
        summary_of(capsys, "--policy", policy) for policy in ("layer", "tile", "footprint", "timer", "jit")
    )
    lost_j = [run["energy"]["lost_j"] for run in (timer, layer, tile, footprint, jit)]
    assert lost_j == sorted(lost_j, reverse=True)
    assert lost_j[-1] == jit["tiles"]["lost"] == 0
    index = [run["energy"]["index_j"] / run["inferences"]["progress"] for run in (layer, tile, footprint)]
    assert index == sorted(index)
    for run in (timer, jit):
        saved = run["checkpoints"]
        assert saved["saved"] >= saved["restored"] >= 0 == saved["torn"]
        assert run["energy"]["checkpoint_j"] > 0
    assert jit["checkpoints"]["v_checkpoint_v"] > jit["checkpoints"]["v_safe_v"] > jit["inputs"]["v_off_v"]
    assert tile["checkpoints"] is None


def test_tasks_around_the_inference_are_counted_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        f'network = "{SMALL_NETWORK}"\nduration = "5min"\n[trace]\nname = "rf-walk-by"\n'
        '[[application.before]]\nname = "sense"\npower = "3mW"\nduration = "10ms"\n'
        '[[application.after]]\nname = "send"\ncurrent = "12mA"\nvoltage = "3V"\nduration = "5ms"\n'
    )
    run = summary_of(capsys, file)
    done = run["inferences"]["completed"]
    assert done > 0
    sense, send = run["tasks"]
    assert (sense["name"], send["name"], send["done"]) == ("sense", "send", done)
    assert sense["done"] in (done, done + 1)
    assert run["energy"]["peripheral_j"] == pytest.approx(sense["done"] * 30e-6 + send["done"] * 180e-6, abs=180e-6)
    assert run["time"]["peripheral_s"] == pytest.approx(sense["done"] * 0.01 + send["done"] * 5e-3, abs=0.01)
    assert main([str(file)]) == 0
    printed = capsys.readouterr().out
    assert "peripheral tasks" in printed
    assert f"sense {sense['done']:,} done" in printed
    file.write_text('[trace]\nname = "rf-walk-by"\n[[application.before]]\nname = "sense"\npower = "3mV"\n')
    assert "application.before[0].power: '3mV' has unit 'mV', expected W" in refusal(capsys, file)


def test_a_period_releases_inferences_whether_or_not_there_is_power(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--network", SMALL_NETWORK, "--period", "1s", "--deadline", "500ms")
    newest, fifo = summary_of(capsys, *options), summary_of(capsys, *options, "--queue", "fifo")
    assert newest["inputs"]["period_s"] == 1.0
    assert newest["inputs"]["deadline_s"] == 0.5
    assert newest["inferences"]["dropped"] > 0 == fifo["inferences"]["dropped"]
    # 600 releases in 10 minutes: those that are not done in time missed their deadline, dropped or not.
    assert 0 < newest["inferences"]["deadlines_missed"] < 600
    assert fifo["inferences"]["latency"]["median_s"] > newest["inferences"]["latency"]["median_s"]


def test_designs_of_explore_are_executed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`best` is what explore finds for the same capacitor and thresholds, so its file gives the same run."""
    file, network = tmp_path / "designs.json", SMALL_NETWORK
    assert explore([network, "--objective", "energy", "--supply", "boost", "--out", str(file)]) == 0
    capsys.readouterr()
    best = summary_of(capsys, "--network", network)
    given = summary_of(capsys, "--network", network, "--design", file)
    assert best["inputs"].pop("objective") == "energy"
    assert given["inputs"].pop("objective") is None
    assert given == best


def test_designs_of_one_s_own_are_executed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tiles of one element: one for every output, times the input channels or window positions that it sums over."""
    network = load_network(SMALL_NETWORK)
    layers = [{"layer": layer.name, "tr": 1, "tc": 1, "tm": 1, "order": "O"} for layer in network.layers]
    file = tmp_path / "tiny.json"
    file.write_text(json.dumps({"format": "simint-designs/1", "network": "mine", "layers": layers}))
    run = summary_of(capsys, "--trace", "constant-1mw", "--network", SMALL_NETWORK, "--design", file, "--inferences", 1)
    tiles = 0
    for layer in network.layers:
        summed = {"CONV": layer.ifm[0], "FC": layer.ifm[0], "GAVGPOOL": layer.ifm[1] * layer.ifm[2]}
        tiles += math.prod(layer.ofm) * summed.get(layer.kind, 1)
    assert run["tiles"]["committed"] == tiles


def test_hardware_options_change_the_supply(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--capacitor", "2200uF", "--v-on", "4V", "--v-off", "2 V", "--initial-voltage", "0")
    run = summary_of(capsys, *options, "--inferences", 1)
    assert run["initial_v"] == 0.0
    inputs = run["inputs"]
    assert (inputs["capacitance_f"], inputs["v_on_v"], inputs["v_off_v"]) == (2.2e-3, 4.0, 2.0)


def test_the_published_bench_replays_its_own_platform(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--trace", "thevenin-bench", "--supply", "thevenin", "--platform", "msp430fr5994-tinas2024")
    run = summary_of(capsys, *options, "--inferences", 2)
    assert run["inputs"]["objective"] == "published"
    assert run["verdict"] == "completed"


def test_a_supply_file_is_read_like_a_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = summary_of(capsys, "--supply", write_supply(tmp_path / "mine.toml"), "--network", SMALL_NETWORK)
    assert run["inputs"]["supply"] == "mine"
    assert run["inferences"]["completed"] > 0


@pytest.mark.parametrize(
    "options",
    [
        # Harvest of 1 uW against 6 uW of leakage: there is a level that is never passed.
        ("--trace", "constant-1mw", "--scale", "0.001"),
        # A day of 10 nW lifts 1 F by next to nothing; nothing of that needs to be simulated a year long.
        ("--trace", "constant-1mw", "--scale", "1e-5", "--capacitor", "1F"),
    ],
)
def test_a_device_that_never_turns_on_is_recognised_at_once(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    summary_of(capsys, "--trace", "constant-1mw", "--inferences", 1)  # compiled code is not what is timed
    begin = time.monotonic()
    run = summary_of(capsys, *options, "--duration", "1e6 h")
    assert run["verdict"] == "never-on"
    assert run["first_turn_on_s"] is None
    assert "v_on" in run["hint"]
    assert time.monotonic() - begin < 5.0


def test_work_that_no_charge_covers_is_nontermination(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Designs made for 1 mF on 20 uF, with a harvest far below the load."""
    scenario = tmp_path / "scenario.toml"
    summary_of(capsys, "--inferences", 1, "--out", tmp_path)
    run = summary_of(capsys, scenario, "--capacitor", "20uF", "--trace", "constant-1mw", "--inferences", 1)
    assert run["verdict"] == "nontermination"
    cause = run["nontermination"]
    assert cause["needed_j"] > cause["given_j"]
    assert cause["smallest_capacitance_f"] > 20e-6
    enough = f"{1.01 * cause['smallest_capacitance_f']}F"
    assert summary_of(capsys, scenario, "--capacitor", enough, "--inferences", 1)["tiles"]["committed"] > 0


# Breaking off


def running(*arguments: object) -> tuple[subprocess.Popen[bytes], int]:
    """A replay in a process of its own that has begun: its progress bar has appeared on a terminal of the test's."""
    controller, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "simint.replay", *map(str, arguments)], stdout=subprocess.PIPE, stderr=terminal
    )
    os.close(terminal)
    seen = b""
    while b"simulated" not in seen:
        seen += os.read(controller, 1024)
    return process, controller


def test_ctrl_c_leaves_a_valid_partial_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process, terminal = running(*LONG, "--out", tmp_path, "--json")
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    os.close(terminal)
    assert process.returncode == 130
    summary: dict[str, Any] = json.loads(printed)
    assert summary["verdict"] == "interrupted"
    assert summary["partial"] is True
    assert 0 < summary["duration_s"] < 30 * 86400
    # A run that is broken off keeps its books, and the folder is complete.
    assert abs(summary["energy"]["imbalance_j"]) <= 1e-9 * summary["energy"]["harvested_j"]
    assert {file.name for file in tmp_path.iterdir()} == FILES
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    # A step that ends where the run was broken off may count or not.
    before, after = (
        summary_of(capsys, tmp_path / "scenario.toml", "--duration", repr(summary["duration_s"] + change))
        for change in (-1e-6, 1e-6)
    )
    completed = summary["inferences"]["completed"]
    assert before["inferences"]["completed"] <= completed <= after["inferences"]["completed"] <= completed + 1


def test_a_kill_while_running_leaves_nothing(tmp_path: Path) -> None:
    process, terminal = running(*LONG, "--out", tmp_path)
    process.kill()
    process.communicate(timeout=60)
    os.close(terminal)
    assert list(tmp_path.iterdir()) == []


def test_a_kill_while_writing_leaves_no_half_written_file(tmp_path: Path) -> None:
    arguments = ["--network", SMALL_NETWORK, "--out", str(tmp_path)]
    process = subprocess.Popen([sys.executable, "-m", "simint.replay", *arguments], stdout=subprocess.DEVNULL)
    while not any(tmp_path.glob(".writing-*/*.csv")):
        assert process.poll() is None, "the run ended before it could be killed"
    process.kill()
    process.wait(timeout=60)
    assert [file for file in tmp_path.iterdir() if not file.name.startswith(".")] == []


def test_the_handler_of_ctrl_c_is_put_back(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    summary_of(capsys, "--trace", "constant-1mw", "--inferences", 1)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_refused_command_leaves_the_earlier_result_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary_of(capsys, "--trace", "constant-1mw", "--inferences", 1, "--out", tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    refusal(capsys, "--network", "mbconv:nothing", "--out", tmp_path)
    refusal(capsys, "--capacitor", "20uF", "--out", tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
