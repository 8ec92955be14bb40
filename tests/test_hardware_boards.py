"""Shipped boards replay the default network; what a board cannot do is refused before the run."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from simint.engine.run import Run, Verdict
from simint.errors import InputError
from simint.hardware.capacitor import stored_j
from simint.hardware.presets import load_supply, preset_names
from simint.hardware.supply import Supply
from simint.hardware.usable import usable_j
from simint.replay import replay
from simint.scenario import Scenario, TraceChoice, read_scenario, scenario_toml

# A trace that suits each board, and for how long it is followed. The virtual sources of shepherd and the Botoks node
# hold too little for a network; they are compared with their originals elsewhere.
SUITABLE = {
    "boost": ("rf-walk-by", 120.0),
    "bq25504": ("rf-walk-by", 120.0),
    "bq25570": ("rf-walk-by", 120.0),
    "diode-direct": ("thevenin-bench", 30.0),
    "ldo-direct": ("thevenin-bench", 30.0),
    "thevenin": ("thevenin-bench", 30.0),
}
TOO_SMALL = {"botoks", "shepherd-bq25504", "shepherd-bq25570"}


def run_of(supply: str | Supply, trace: str, duration: float) -> Run:
    return replay(Scenario(trace=TraceChoice(name=trace), supply=supply, duration=duration)).run


def test_every_board_is_replayed_here() -> None:
    assert set(SUITABLE) | TOO_SMALL == set(preset_names(Supply))


@pytest.mark.parametrize("name", SUITABLE)
def test_a_board_gets_the_default_network_done(name: str) -> None:
    run = run_of(name, *SUITABLE[name])
    assert run.verdict is Verdict.STOPPED
    assert sum(done.end_s is not None for done in run.inferences) >= 2
    assert len(run.power_cycles) >= 2
    supply, book = load_supply(name), run.energy
    assert (book.regulator_loss > 0) == (supply.regulator is not None)
    assert (book.quiescent > 0) == (supply.on_current > 0)


# Of what the source offers, while the charger does not sample it (256 ms of 16 s): four fifths of a current source's
# voltage; 0.8 * 0.2 * 4 of a Thevenin source's best; nearly all of a cell's; all of a power trace, taken as it is.
SAMPLED = 1 - 0.256 / 16


@pytest.mark.parametrize("board", ["bq25504", "bq25570"])
@pytest.mark.parametrize(
    ("trace", "start", "least", "most", "efficiency"),
    [
        # 250 uA at 0.8 * 4 V.
        ("constant-current", 0.0, 0.8 * SAMPLED, 0.8 * SAMPLED, 0.87),
        ("thermal-wrist", 40000.0, 0.98 * 0.64 * SAMPLED, 0.64, 0.85),
        # Noon: some 17 mA at 1.66 V.
        ("solar-day-cell", 43200.0, 0.97 * SAMPLED, SAMPLED, 0.90),
        # 5 mW at the board's 1.66 V.
        ("square-wave", 0.0, 1.0, 1.0, 0.90),
    ],
)
def test_the_chargers_take_every_kind_of_source(
    board: str, trace: str, start: float, least: float, most: float, efficiency: float
) -> None:
    if trace == "solar-day-cell":
        pytest.importorskip("pvlib", reason="cells need pvlib (extra solar)")
    scenario = Scenario(trace=TraceChoice(name=trace, start=start), supply=board, duration=48.0)
    book = replay(scenario).run.energy
    assert least * (1 - 1e-9) <= book.harvested / book.available <= most * (1 + 1e-9)
    assert 1 - book.frontend_loss / book.harvested == pytest.approx(efficiency, rel=1e-9)


@pytest.mark.parametrize("name", ["bq25570", "ldo-direct"])
def test_a_board_survives_the_scenario_file_with_all_its_parts(name: str, tmp_path: Path) -> None:
    trace, duration = SUITABLE[name]
    done = replay(Scenario(trace=TraceChoice(name=trace), supply=name, duration=duration / 10))
    assert done.scenario.supply == load_supply(name)
    file = tmp_path / "scenario.toml"
    file.write_text(scenario_toml(done.scenario), encoding="utf-8")
    again = read_scenario(file)
    assert again.supply == load_supply(name)
    assert replay(again).run.energy == done.run.energy


def test_what_a_board_cannot_do_is_refused_with_the_field(tmp_path: Path) -> None:
    bq25570 = load_supply("bq25570")
    with pytest.raises(InputError, match=r"`converter.output_max` of 5.5 V lies below `v_max` \(6 V\)"):
        msgspec.structs.replace(bq25570, v_max=6.0)
    # At 2.2 V the default platform draws up to 2.9 mA.
    assert bq25570.regulator is not None
    weak = msgspec.structs.replace(bq25570.regulator, output_current_max=2e-3)
    with pytest.raises(
        InputError, match=r"`regulator.output_current_max` of 2 mA is too little: \w.+ draws .+ mA at 2.2 V"
    ):
        run_of(msgspec.structs.replace(bq25570, regulator=weak), "rf-walk-by", 1.0)
    enough = msgspec.structs.replace(bq25570.regulator, output_current_max=5e-3)
    run_of(msgspec.structs.replace(bq25570, regulator=enough), "rf-walk-by", 1.0)


def test_a_full_capacitor_is_worth_less_behind_a_regulator() -> None:
    for name in preset_names(Supply):
        supply = load_supply(name)
        stored = stored_j(supply.capacitor, supply.v_on) - stored_j(supply.capacitor, supply.v_off)
        if supply.regulator is None:
            assert usable_j(supply) == stored
        else:
            assert 0.3 * stored < usable_j(supply) < stored
    # A linear regulator gives output over mean capacitor voltage: 2.2 V of (3.1 + 2.4)/2 V, times 58 uF.
    assert usable_j(load_supply("botoks")) == pytest.approx(58e-6 * (3.1 - 2.4) * 2.2)


def test_the_worth_behind_a_table_lies_between_its_best_rows() -> None:
    supply = load_supply("bq25570")
    stored = stored_j(supply.capacitor, 3.0) - stored_j(supply.capacitor, 2.4)
    # Rows from 2.4 V to 3 V of the table for 2.2 V have 0.945, 0.925 and 0.906 at their best.
    assert 0.906 * stored < usable_j(supply) < 0.945 * stored
