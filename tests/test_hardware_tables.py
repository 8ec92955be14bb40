"""The shipped efficiency tables: made from the published numbers by the written rules, and possible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from preset_scripts import preset_script

from simint.hardware.efficiency import EfficiencyTable, efficiency_at
from simint.hardware.presets import load_part, part_names
from simint.hardware.regulator import Buck

FOLDER = Path(__file__).resolve().parent.parent / "simint" / "hardware" / "presets" / "tables"
MAKER = preset_script("make_converter_tables")
VOLTAGES = {"1v8": 1.8, "2v0": 2.0, "2v2": 2.2, "2v4": 2.4, "3v0": 3.0, "3v3": 3.3}


def table(name: str) -> EfficiencyTable:
    loaded: EfficiencyTable = load_part("table", name)
    return loaded


@pytest.fixture(scope="session")
def made(shared: Path) -> dict[str, Any]:
    return {one.name: one for one in MAKER.tables(shared / "data")}


@pytest.fixture(scope="session")
def readings(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "data" / "converter_bq25570" / MAKER.READINGS) as stored:
        return {key: stored[key] for key in stored.files}


def test_the_shipped_tables_are_what_the_program_makes_of_the_data(made: dict[str, Any]) -> None:
    assert set(made) == {name for name in part_names("tables") if name.startswith("bq25")}
    for name, one in made.items():
        assert (FOLDER / f"{name}.toml").read_text(encoding="utf-8") == MAKER.toml(one), name


def test_the_program_says_what_it_touched_and_writes_only_where_told(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(shared / "data")]
    assert MAKER.main(data) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[2:]] == [f"bq25570-buck-{name}" for name in VOLTAGES]
    assert MAKER.main([*data, "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in FOLDER.glob("bq25*.toml"))


def test_a_missing_data_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert MAKER.main(["--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_every_reading_is_accounted_for(made: dict[str, Any], readings: dict[str, np.ndarray]) -> None:
    for name, volts in VOLTAGES.items():
        touched, rows = made[f"bq25570-buck-{name}"].touched, readings[f"buck_vout_{name.replace('v', 'p')}"]
        left_out = touched["not regulated"] + touched["below 0.5 mA"] + touched["not in (0, 1]"]
        assert touched["readings"] == len(rows) == left_out + touched["used"]
        assert touched["cells filled"] <= 1, "the rules hardly ever have to invent a cell"
        # The artefacts that remain above 0.5 mA where the output is regulated: 2.2 V at 50 mA, and nothing else.
        artefacts = rows[(rows[:, 2] > 1) & (rows[:, 1] >= 0.5e-3) & (rows[:, 0] > volts + 0.19)]
        assert set(artefacts[:, 1]) == ({50e-3} if name == "2v2" else set())


def test_the_buck_tables_give_the_readings_back(readings: dict[str, np.ndarray]) -> None:
    """At a point that was measured, and is not an artefact, the bin holds that very reading."""
    for name, volts in VOLTAGES.items():
        rows = readings[f"buck_vout_{name.replace('v', 'p')}"]
        good = rows[(rows[:, 0] >= volts + 0.21) & (rows[:, 1] >= 0.5e-3) & (rows[:, 2] <= 1)]
        assert len(good) > 30
        found = efficiency_at(table(f"bq25570-buck-{name}"), good[:, 0], good[:, 1])
        np.testing.assert_allclose(found, good[:, 2], atol=0.5e-3 + 1e-12)


@pytest.mark.parametrize("name", VOLTAGES)
def test_a_buck_table_begins_where_its_regulator_does(name: str) -> None:
    regulator: Buck = load_part("regulator", f"bq25570-buck-{name}")
    assert regulator.output_voltage == VOLTAGES[name]
    assert regulator.table == table(f"bq25570-buck-{name}")
    assert regulator.table is not None
    assert regulator.table.voltage[0] == pytest.approx(regulator.input_min, rel=1e-9)


@pytest.mark.parametrize("name", [f"bq25570-buck-{name}" for name in VOLTAGES])
def test_below_half_a_milliampere_the_efficiency_falls_with_the_current(name: str) -> None:
    low = np.array(table(name).efficiency)[:, : MAKER.LOW_COLUMNS + 1]
    assert (np.diff(low, axis=1) >= 0).all()


def test_the_low_currents_agree_with_an_independent_measurement() -> None:
    """NES Lab, github.com/orgua/bq_characteristics, board A, 3 V to 1.8 V: within 6 %."""
    measured = {10e-6: 0.775, 50e-6: 0.851, 100e-6: 0.858, 500e-6: 0.867, 5e-3: 0.874, 50e-3: 0.877}
    found = efficiency_at(table("bq25570-buck-1v8"), 3.0, list(measured))
    np.testing.assert_allclose(found, list(measured.values()), rtol=0.06)


def test_edges_of_the_look_up_tables_are_powers_of_two() -> None:
    boost, buck = table("bq25504-input"), table("bq25570-output")
    np.testing.assert_allclose(np.array(boost.voltage) * 1e6, np.arange(12) * 2**17, rtol=1e-12)
    np.testing.assert_allclose(np.array(boost.current[1:]) * 1e9, 2.0 ** np.arange(13, 24), rtol=1e-6)
    np.testing.assert_allclose(np.array(buck.current[1:]) * 1e9, 2.0 ** np.arange(10, 21), rtol=1e-6)


def test_the_tables_of_shepherd_are_the_look_up_tables_as_its_emulator_rounds_them() -> None:
    """Efficiencies of the input in 256ths, those of the output as 16 over a whole number."""
    exact, rounded = table("bq25504-input"), table("shepherd-boost")
    np.testing.assert_allclose(rounded.efficiency, np.round(np.array(exact.efficiency) * 256) / 256, atol=1e-12)
    np.testing.assert_allclose((*rounded.voltage, *rounded.current), (*exact.voltage, *exact.current), rtol=1e-6)
    exact, rounded = table("bq25570-output"), table("shepherd-buck")
    np.testing.assert_allclose(rounded.efficiency, 16 / np.round(16 / np.array(exact.efficiency)), atol=1e-8)
    np.testing.assert_allclose(rounded.current, exact.current, rtol=1e-6)
