"""Recordings of real harvesters, each behind a supply that suits it: power fails, and inferences are finished.

The pinned numbers rest on the recording and how it is read, the supply named beside them, the consistent costs of
platform msp430fr5994 and the best designs of objective energy. Whoever changes one of these on purpose pins again; the
engine itself has no time step or other setting they could depend on. Counts are exact, latencies to a millionth.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from replay_runs import SMALL_NETWORK, summary_of, write_supply

from simint.replay.__main__ import main

MEMENTOS = "rf_mementos/mementos_rf.npz"
INDOOR = "solar_indoor_moving/solar_indoor_moving.npz"
JOGGING = "solar_jogging_iv/jogging_10m_iv.npz"
OUTDOOR = "solar_srrl_1min/srrl_cm3_ghi.npz"
REACT = ("cart", "mobile", "obstruction")
# A matched source behind the recording's 30 kohm (see the reader), through a Schottky diode into the capacitor.
DIRECT = {"kind": "direct", "efficiency": None, "diode_drop": "0.2V"}
# A cell of 10 mm2 and 15 % turns 1000 W/m2 into 1.5 mW.
CELL = ("--read", "cell_area_m2=10mm2", "--read", "cell_efficiency=15%")

Replay = Callable[..., dict[str, Any]]


@pytest.fixture
def replayed(shared: Path, capsys: pytest.CaptureFixture[str]) -> Replay:
    """The summary of replaying one recording of the reference data."""
    return lambda file, *options: summary_of(capsys, "--trace", shared / "data" / file, *options)


def works_on_interrupted_power(summary: dict[str, Any]) -> bool:
    return bool(
        summary["verdict"] == "stopped"
        and summary["power_cycles"]["brown_outs"] > 0
        and summary["inferences"]["completed"] > 0
    )


def never_on(summary: dict[str, Any]) -> bool:
    """No turn-on, nothing drawn by the device, and a hint that names the threshold."""
    return bool(
        summary["verdict"] == "never-on"
        and summary["power_cycles"]["count"] == 0
        and summary["energy"]["device_j"] == 0
        and "v_on" in summary["hint"]
    )


@pytest.mark.parametrize("index", range(1, 11))
def test_mementos_as_power(replayed: Replay, tmp_path: Path, index: int) -> None:
    trace = f"{MEMENTOS}#trace_{index:02d}"
    options = ("--network", SMALL_NETWORK, "--supply", write_supply(tmp_path / "rf.toml"))
    assert works_on_interrupted_power(replayed(trace, *options))
    # At a fiftieth of the power, less than 4 uW, leakage and quiescent current keep the capacitor below 4.9 V.
    assert never_on(replayed(trace, *options, "--v-on", "4.9V", "--scale", "0.02"))


@pytest.mark.parametrize("index", range(1, 11))
def test_mementos_as_thevenin_source(replayed: Replay, tmp_path: Path, index: int) -> None:
    trace = f"{MEMENTOS}#trace_{index:02d}"
    supply = write_supply(tmp_path / "rf.toml", **DIRECT)
    options = ("--read", "as_source=thevenin", "--network", SMALL_NETWORK, "--supply", supply)
    assert works_on_interrupted_power(replayed(trace, *options))
    # 100 mF behind 30 kohm has a time constant of 50 minutes: half a minute lifts it by a few hundredths of a volt.
    assert never_on(replayed(trace, *options, "--capacitor", "100mF"))


@pytest.mark.parametrize("name", REACT)
def test_react(replayed: Replay, name: str) -> None:
    trace = f"rf_react/rf-{name}.trace"
    assert works_on_interrupted_power(replayed(trace))
    assert never_on(replayed(trace, "--capacitor", "1F"))


@pytest.mark.parametrize("options", [(), ("--read", "as_source=thevenin")])
def test_indoor_light_through_a_converter(replayed: Replay, options: tuple[str, ...]) -> None:
    assert works_on_interrupted_power(replayed(INDOOR, *options))
    assert never_on(replayed(INDOOR, *options, "--capacitor", "1F"))


def test_indoor_light_straight_into_the_capacitor(replayed: Replay, tmp_path: Path) -> None:
    """The recorded 0.6 to 3.1 V count as the open-circuit voltage."""
    supply = write_supply(tmp_path / "diode.toml", **DIRECT, capacitance="220uF", v_on="2.4V", v_off="1.4V")
    options = ("--read", "as_source=thevenin", "--network", SMALL_NETWORK, "--supply", supply)
    assert works_on_interrupted_power(replayed(INDOOR, *options))


def test_jogging_through_a_converter_at_the_maximum_power_point(replayed: Replay) -> None:
    run = replayed(JOGGING)
    assert works_on_interrupted_power(run)
    # Mean maximum power 563 uW over 616.68 s (notes of the data set).
    assert run["energy"]["available_j"] == pytest.approx(563e-6 * 616.68, rel=1e-3)
    assert run["energy"]["harvested_j"] == pytest.approx(run["energy"]["available_j"], rel=1e-9)


def test_jogging_straight_into_the_capacitor(replayed: Replay, tmp_path: Path) -> None:
    """The cell's open-circuit voltage is 1.36 to 1.62 V: a device that runs from 1.3 V to 0.9 V needs no converter."""
    direct = {"kind": "direct", "efficiency": None, "v_max": None, "capacitance": "1mF", "leakage": "500kohm"}
    supply = write_supply(tmp_path / "cell.toml", **direct, v_on="1.3V", v_off="0.9V")
    run = replayed(JOGGING, "--supply", supply)
    assert works_on_interrupted_power(run)
    # The maximum power point lies at 1.13 V on average; on either side of it the cell gives less.
    assert 0.7 < run["energy"]["harvested_j"] / run["energy"]["available_j"] < 1.0
    # 1.617 V lies just below the highest open-circuit voltage of 1.61774 V, which leakage and quiescent current deny.
    assert never_on(replayed(JOGGING, "--supply", supply, "--v-on", "1.617V"))


@pytest.mark.parametrize("month", ["ghi_2018sep", "ghi_2023jan", "ghi_2023jun"])
def test_a_day_of_sun(replayed: Replay, month: str) -> None:
    """One day and night from midnight on: off in the dark, working by day."""
    run = replayed(f"{OUTDOOR}#{month}", *CELL, "--duration", "24h")
    assert works_on_interrupted_power(run)
    assert run["duration_s"] == pytest.approx(86400.0)
    # The sun rises between half past four in June and half past seven in January.
    assert 4 * 3600 < run["first_turn_on_s"] < 8.5 * 3600
    assert run["time"]["off_s"] > 0.3 * 86400
    assert never_on(replayed(f"{OUTDOOR}#{month}", *CELL, "--duration", "4h"))


def test_a_sunny_day_starts_where_it_is_told(replayed: Replay) -> None:
    """From noon on the device turns on within minutes."""
    run = replayed(f"{OUTDOOR}#ghi_2018sep", *CELL, "--start", "12h", "--duration", "1h")
    assert run["first_turn_on_s"] < 600.0
    assert works_on_interrupted_power(run)


@pytest.mark.parametrize(
    ("file", "options", "inferences", "power_cycles", "median_s"),
    [
        # 189 uW into 30 kohm on average, 151 uW behind the converter, for 39 s: 5.9 mJ, which the 25 boots of 78 uJ (a
        # third of it), four inferences and a little of a fifth, and the work lost with every power failure share.
        (f"{MEMENTOS}#trace_02", ("--network", SMALL_NETWORK, "--supply", "rf.toml"), 4, 25, 6.173959),
        # 2.12 mW for 313 s is 664 mJ, 531 mJ behind the converter: 49 inferences of 10.7 mJ. Supply
        # boost, network tinas-har-l25.
        ("rf_react/rf-cart.trace", (), 49, 91, 4.989237),
        # 347 mJ at the maximum power point, 278 mJ behind the converter: 23 inferences of 11 mJ and the leakage.
        (JOGGING, (), 23, 96, 25.292548),
        # 1 September 2018, 24 h from midnight.
        (f"{OUTDOOR}#ghi_2018sep", (*CELL, "--duration", "24h"), 1818, 6802, 14.728966),
    ],
)
def test_pinned_numbers(
    replayed: Replay,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    options: tuple[str, ...],
    inferences: int,
    power_cycles: int,
    median_s: float,
) -> None:
    write_supply(tmp_path / "rf.toml")
    monkeypatch.chdir(tmp_path)
    run = replayed(file, *options)
    assert run["inferences"]["completed"] == inferences
    assert run["power_cycles"]["count"] == power_cycles
    assert run["inferences"]["latency"]["median_s"] == pytest.approx(median_s, rel=1e-6)


def test_the_report_says_what_was_assumed_to_read_a_recording(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A voltage across a load is no source; whoever replays it must see what was made of it."""
    supply = write_supply(tmp_path / "rf.toml", **DIRECT)
    trace = ("--trace", f"{shared}/data/{MEMENTOS}#trace_02", "--read", "as_source=thevenin")
    assert main([*trace, "--supply", str(supply), "--network", SMALL_NETWORK]) == 0
    assert "an assumed source resistance of 30000 ohm" in " ".join(capsys.readouterr().out.split())
