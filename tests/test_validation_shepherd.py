"""Table 3 of docs/validation.md: simint against shepherd-core's virtual source."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from step_models import emulated_edges
from validation_scripts import validation_script

from simint.hardware.converter import Boost
from simint.hardware.presets import load_supply
from simint.hardware.regulator import Buck

shepherd = validation_script("shepherd")


@pytest.fixture(scope="module")
def runs(shared: Path) -> list[tuple[Any, Any]]:
    if not (shared / "data" / "reference_shepherd_vsource").is_dir():
        pytest.skip("data/reference_shepherd_vsource is not there")
    return list(shepherd.reference_runs(shared / "data"))


def test_every_reference_run_is_met_within_two_percent(runs: list[tuple[Any, Any]]) -> None:
    assert len(runs) == 8
    for setting, reference in runs:
        errors = shepherd.errors(shepherd.predict(setting), reference)
        for quantity, error in errors.items():
            # Measured: 0.6 % at most; on the way a rounding or a table must not get lost.
            assert abs(error) < 1.0, (setting, quantity, error)


def test_the_first_rise_waits_for_the_poll(runs: list[tuple[Any, Any]]) -> None:
    for setting, reference in runs:
        if setting.source == "BQ25570s":
            predicted = shepherd.predict(setting).first_rise_s
            assert predicted == pytest.approx(reference.first_rise_s, abs=1e-9)
            assert predicted / shepherd.POLL_S == pytest.approx(round(predicted / shepherd.POLL_S), abs=1e-9)


def test_a_fixed_step_model_of_the_emulator_agrees(runs: list[tuple[Any, Any]]) -> None:
    for setting, reference in runs[::3]:
        feed = setting.feed
        farad = setting.capacitor_uf * 1e-6
        buck = setting.source == "BQ25570s"
        # Efficiencies as the emulator holds them: 0.89 and 0.9 in 256ths, 0.92 and 0.4 as 16ths of the inverse.
        delivered = feed.voltage * feed.current_a * (228 if feed.name == "const" else 230) / 256
        on = np.array([shepherd.OUTPUT_V * setting.load_a * 17 / 16, 0.0]) if buck else np.array([0.0, setting.load_a])
        edges, given = emulated_edges(
            farad,
            97.8 / farad,
            delivered,
            feed.on_s,
            feed.period_s,
            on,
            350e-9 * 2.2 * 40 / 16 if buck else 350e-9 * 2.5,
            3.0 if buck else 1.0,
            2.4 if buck else 0.0,
            np.array([3.0, 2.5] if buck else [2.8, 2.34]),
            0.064,
            6.3 / 128,
            setting.duration_s,
        )
        own = shepherd.summary([(float(time), k % 2 == 0) for k, time in enumerate(edges)], given)
        predicted = shepherd.predict(setting)
        for quantity, error in shepherd.errors(own, reference).items():
            assert abs(error) < 1.0, (setting, quantity, error)
        assert predicted.on_s == pytest.approx(own.on_s, rel=0.01)
        assert predicted.off_s == pytest.approx(own.off_s, rel=0.01)


def test_thresholds_lie_on_the_steps_of_the_emulated_store() -> None:
    for source in shepherd.PRESETS:
        setting = shepherd.Setting(source, 100.0, shepherd.CONST)
        named, stepped = shepherd.supply_of(setting, table_steps=False), shepherd.supply_of(setting)

        def shown(voltage: float) -> float:
            return (math.floor(voltage / shepherd.STEP_V) + 0.5) * float(shepherd.STEP_V)

        just = 1e-9
        assert shown(stepped.v_on + just) >= named.v_on > shown(stepped.v_on - just)
        assert shown(stepped.v_off - just) <= named.v_off < shown(stepped.v_off + just)


def test_presets_hold_the_tables_as_the_emulator_rounds_them(shared: Path) -> None:
    path = shared / "data" / "converter_bq25570" / "shepherd_bq25504_bq25570_lut.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    tables = json.loads(path.read_text())
    for name in shepherd.PRESETS.values():
        converter = load_supply(name).converter
        assert isinstance(converter, Boost)
        assert converter.table is not None
        rounded = np.round(256 * np.array(tables["BQ25504_input"]["efficiency"])) / 256
        assert np.array(converter.table.efficiency) == pytest.approx(rounded, abs=1e-7)
    regulator = load_supply("shepherd-bq25570").regulator
    assert isinstance(regulator, Buck)
    assert regulator.table is not None
    inverse = np.round(16 / np.array(tables["BQ25570_output"]["efficiency"]))
    assert np.array(regulator.table.efficiency[0]) == pytest.approx(16 / inverse, abs=1e-7)


def test_the_package_agrees_on_a_short_run() -> None:
    pytest.importorskip("shepherd_core")
    package = validation_script("shepherd_package")
    setting = shepherd.Setting("BQ25504s", 47, shepherd.CONST, duration_s=1.0)
    errors = shepherd.errors(shepherd.predict(setting), package.package_run(setting))
    for quantity, error in errors.items():
        assert abs(error) < 1.0, (quantity, error)
