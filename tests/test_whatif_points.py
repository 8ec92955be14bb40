"""A point of a study is the replay of its scenario, whatever was computed before it."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from replay_runs import SMALL_NETWORK
from whatif_cases import tiny_scenario, tiny_study

from simint.engine.policy import POLICY_NAMES
from simint.engine.workload import Workload
from simint.errors import InputError, SimintError
from simint.hardware.capacitor import stored_j
from simint.hardware.presets import load_capacitor, load_platform, load_supply
from simint.replay import replay
from simint.scenario import DesignChoice, PolicyChoice, Scenario, TraceChoice
from simint.tiling.designs_file import write_designs
from simint.whatif import Study, run_study, whatif
from simint.whatif.assign import scenario_at
from simint.whatif.metrics import METRIC_NAMES, metrics_of
from simint.whatif.point import Base, Workshop, run_point
from simint.whatif.resolve import resolve
from simint.whatif.study import Hold, points

replaced = msgspec.structs.replace


def replayed(scenario: Scenario) -> dict[str, Any]:
    result = replay(scenario)
    return metrics_of(result.run, scenario, result.parts.supply)


def at_point(study: Study, folder: Path, **values: Any) -> dict[str, Any]:
    return run_point(
        Workshop(Base(study, resolve(study), folder)), {k.replace("__", "."): v for k, v in values.items()}
    )


def test_a_point_is_the_replay_of_its_scenario(tmp_path: Path) -> None:
    study = tiny_study(
        *("capacitor=300uF", "v_on=3.1V", "policy=timer", "policy.period=50ms", "trace.scale=2", "trace.start=0.25s"),
        *("supply.quiescent=1uA", "platform.boot_time=3ms", "workload.period=0.2s", "initial_voltage=2.5V"),
        held=False,
    )
    supply, platform = load_supply("boost"), load_platform("msp430fr5994")
    by_hand = tiny_scenario(
        trace=TraceChoice(name="constant-1mw", scale=2.0, start=0.25),
        supply=replaced(supply, quiescent=1e-6, v_on=3.1, capacitor=replaced(supply.capacitor, capacitance=3e-4)),
        platform=replaced(platform, boot_time=3e-3),
        policy=PolicyChoice(name="timer", period=0.05),
        workload=Workload(period=0.2),
        initial_voltage=2.5,
    )
    values = dict(zip(study.names, points(study)[0], strict=True))
    found = run_point(Workshop(Base(study, resolve(study), tmp_path)), values)
    assert tuple(found) == METRIC_NAMES
    assert found == replayed(by_hand)


def test_points_do_not_depend_on_what_was_computed_before(tmp_path: Path) -> None:
    study = tiny_study(
        *("capacitor=150uF,2mF", "trace=constant-1mw,thevenin-bench", "supply=boost,diode-direct", "v_on=2.6V,3.3V,7V"),
        *("policy=tile,footprint", "design=best,held"),
    )
    asked = [dict(zip(study.names, values, strict=True)) for values in points(study)]
    random.Random(1).shuffle(asked)
    shared = Workshop(Base(study, resolve(study), tmp_path))

    def outcome(workshop: Workshop, values: dict[str, Any]) -> object:
        try:
            return run_point(workshop, values)
        except SimintError as error:
            return str(error)

    outcomes = [outcome(shared, values) for values in asked]
    for values, found in itertools.islice(zip(asked, outcomes, strict=True), 24):
        assert outcome(Workshop(Base(study, resolve(study), tmp_path)), values) == found
    assert {type(found) for found in outcomes} == {dict, str}


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_every_policy_can_be_a_point(tmp_path: Path, policy: str) -> None:
    found = at_point(tiny_study(f"policy={policy}", held=False), tmp_path, policy=policy)
    assert found == replayed(tiny_scenario(policy=PolicyChoice(name=policy)))


def test_a_policy_file_says_all_of_its_policy(tmp_path: Path) -> None:
    (tmp_path / "slow.toml").write_text('name = "timer"\nperiod = "70ms"\n')
    study = tiny_study(
        "policy=slow.toml,tile", folder=tmp_path, scenario=tiny_scenario(policy=PolicyChoice(guard=True))
    )
    resolved = resolve(study)
    assert scenario_at(study, resolved, {"policy": "slow.toml"}).policy == PolicyChoice(name="timer", period=0.07)
    assert scenario_at(study, resolved, {"policy": "tile"}).policy == PolicyChoice(guard=True)


def test_thresholds_move_together(tmp_path: Path) -> None:
    study = tiny_study("v_on=2V,4V", "v_off=1.8V,3.6V")
    resolved = resolve(study)
    for v_on, v_off in ((2.0, 1.8), (4.0, 3.6)):
        supply = scenario_at(study, resolved, {"v_on": v_on, "v_off": v_off}).supply
        assert not isinstance(supply, str)
        assert (supply.v_on, supply.v_off) == (v_on, v_off)
    with pytest.raises(InputError, match="supply: `v_on` must lie above `v_off`"):
        scenario_at(study, resolved, {"v_on": 2.0, "v_off": 3.6})


@pytest.mark.parametrize("part", [None, "x5r-100uF-1206"])
def test_the_same_energy_lies_between_other_thresholds(part: str | None) -> None:
    scenario = tiny_scenario(capacitor=part)
    study = tiny_study("v_on=2.6V:4V:6", "v_off=1.8V,2.2V", scenario=scenario, hold=Hold.ENERGY)
    resolved = resolve(study)
    base = load_supply("boost")
    reference = base.capacitor if part is None else load_capacitor(part)
    wanted = stored_j(reference, base.v_on) - stored_j(reference, base.v_off)
    for values in points(study):
        supply = scenario_at(study, resolved, dict(zip(study.names, values, strict=True))).supply
        assert not isinstance(supply, str)
        swing = stored_j(supply.capacitor, supply.v_on) - stored_j(supply.capacitor, supply.v_off)
        assert swing == pytest.approx(wanted, rel=1e-12)
        if part is None:
            expected = 2 * wanted / (supply.v_on**2 - supply.v_off**2)
            assert supply.capacitor.capacitance == pytest.approx(expected, rel=1e-12)


def test_as_many_capacitors_as_fit_into_the_volume() -> None:
    parts = ("x5r-100uF-1206", "x5r-100uF-1210", "tantalum-470uF-d")
    base = load_capacitor("tantalum-470uF-d")
    study = tiny_study(
        f"capacitor={','.join(parts)}", scenario=tiny_scenario(capacitor="tantalum-470uF-d"), hold=Hold.VOLUME
    )
    resolved = resolve(study)
    for name in parts:
        part = load_capacitor(name)
        supply = scenario_at(study, resolved, {"capacitor": name}).supply
        assert not isinstance(supply, str)
        assert part.volume_mm3 is not None
        assert base.volume_mm3 is not None
        count = round(supply.capacitor.capacitance / part.capacitance)
        assert supply.capacitor.capacitance == pytest.approx(count * part.capacitance, rel=1e-12)
        assert supply.capacitor.leakage == pytest.approx(part.leakage / count, rel=1e-12)
        assert count * part.volume_mm3 <= base.volume_mm3 * (1 + 1e-9) < (count + 1) * part.volume_mm3


def test_a_volume_that_nobody_said_cannot_be_held() -> None:
    study = tiny_study("capacitor=x5r-100uF-1206", hold=Hold.VOLUME)
    with pytest.raises(InputError, match="the base scenario's capacitor has no `volume_mm3`"):
        scenario_at(study, resolve(study), {"capacitor": "x5r-100uF-1206"})


def test_capacitors_in_parallel(tmp_path: Path) -> None:
    found = at_point(
        tiny_study("capacitor=x5r-100uF-1210", "parallel=3"), tmp_path, capacitor="x5r-100uF-1210", parallel=3
    )
    part = load_capacitor("x5r-100uF-1210")
    assert part.volume_mm3 is not None
    assert found["capacitance_f"] == pytest.approx(3 * part.capacitance)
    assert found["capacitor_mm3"] == pytest.approx(3 * part.volume_mm3)


def test_designs_are_explored_for_every_point_or_held_from_the_base(tmp_path: Path) -> None:
    base = tiny_scenario(capacitance=5e-3)
    designs = replay(base).designs
    small = {"capacitor": 100e-6}
    best = at_point(tiny_study("capacitor=100uF", scenario=base, held=False), tmp_path, **small)
    held = at_point(tiny_study("capacitor=100uF", scenario=base, held=True), tmp_path, **small)
    assert best == replayed(replaced(base, capacitance=1e-4))
    assert held == replayed(replaced(base, capacitance=1e-4, design=DesignChoice(layers=designs)))
    assert best != held, "the designs are the same, which proves nothing"
    both = tiny_study("capacitor=100uF", "design=best,held", scenario=base, held=False)
    assert at_point(both, tmp_path, design="best", **small) == best
    assert at_point(both, tmp_path, design="held", **small) == held


def test_designs_from_a_file_belong_to_their_network(tmp_path: Path) -> None:
    result = replay(tiny_scenario())
    write_designs(tmp_path / "mine.json", "small", result.parts.network.layers, result.designs)
    study = tiny_study("design=mine.json", f"network={SMALL_NETWORK},plain:har:1x2-1x2-1x3", folder=tmp_path)
    found = at_point(study, tmp_path, design="mine.json", network=SMALL_NETWORK)
    assert found == replayed(tiny_scenario(design=DesignChoice(layers=result.designs)))


def test_a_file_of_designs_for_no_network_of_the_study(tmp_path: Path) -> None:
    result = replay(tiny_scenario())
    write_designs(tmp_path / "mine.json", "small", result.parts.network.layers, result.designs)
    with pytest.raises(InputError, match=r"mine\.json"):
        resolve(tiny_study("design=mine.json", "network=tinas-har-l25", folder=tmp_path))


def test_what_a_point_does_not_have_is_named() -> None:
    study = tiny_study("supply.regulator.dropout=0.1V")
    with pytest.raises(InputError, match=r"`supply\.regulator` is absent here"):
        scenario_at(study, resolve(study), {"supply.regulator.dropout": 0.1})
    study = tiny_study("supply.converter.diode_drop=0.3V")
    with pytest.raises(InputError, match=r"`supply\.converter` is a boost here and has no `diode_drop`"):
        scenario_at(study, resolve(study), {"supply.converter.diode_drop": 0.3})
    study = tiny_study("application.before.0.duration=1s")
    with pytest.raises(InputError, match=r"`application\.before` has 0 entries"):
        scenario_at(study, resolve(study), {"application.before.0.duration": 1.0})


def test_options_for_reading_apply_to_files_and_not_to_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "radio.csv").write_text("time_s,voltage_v\n0,1\n1,1\n2,1\n")
    read = msgspec.convert({"load_ohm": 30e3}, type(tiny_scenario().trace.read))
    scenario = tiny_scenario(trace=TraceChoice(name="rf-walk-by", read=read))
    study = tiny_study("trace=radio.csv,constant-1mw", scenario=scenario, folder=tmp_path)
    resolved = resolve(study)
    file = scenario_at(study, resolved, {"trace": "radio.csv"}).trace
    assert file.name == str(tmp_path / "radio.csv")
    assert file.read == read
    assert scenario_at(study, resolved, {"trace": "constant-1mw"}).trace.read != read


def test_an_error_of_a_point_is_a_row_with_its_reason(tmp_path: Path) -> None:
    found = run_study(tiny_study("capacitor=1uF,1mF", "v_off=1.9V,3.6V", held=False), tmp_path / "study.db", jobs=1)
    frame = found.frame
    assert list(frame["status"]) == ["error", "error", "done", "error"]
    assert "its cheapest batch" in frame["error"][0]
    assert "`v_on` must lie above `v_off`" in frame["error"][1]
    assert frame["error"][2] == ""
    assert np.isnan(frame["harvested_j"][0])


def test_the_shares_of_finished_inferences() -> None:
    plenty = {"trace": TraceChoice(name="constant-1mw", scale=100.0), "capacitance": 1e-3}
    back_to_back = replayed(tiny_scenario(**plenty))
    assert back_to_back["inferences_released"] == back_to_back["inferences_finished"] + 1
    assert back_to_back["finished_share"] == 1.0
    never = replayed(tiny_scenario(trace=TraceChoice(name="constant-1mw", scale=1e-6)))
    assert (never["verdict"], never["finished_share"]) == ("never-on", 0.0)
    asked = replayed(tiny_scenario(**plenty, workload=Workload(inferences=50), duration=1.0))
    assert asked["finished_share"] == asked["inferences_finished"] / 50
    periodic = replayed(tiny_scenario(workload=Workload(period=0.05, deadline=0.4), capacitance=3e-4, duration=20.0))
    dropped, finished = periodic["inferences_dropped"], periodic["inferences_finished"]
    assert dropped > 0
    assert 0 < periodic["finished_share"] <= finished / (finished + dropped)
    assert 0 <= periodic["deadline_met_share"] < 1


def test_metrics_add_up() -> None:
    found = replayed(tiny_scenario(capacitance=3e-4, duration=20.0))
    uses = ("useful_j", "boot_j", "restore_j", "index_j", "checkpoint_j", "sleep_j", "peripheral_j", "lost_j")
    losses = ("frontend_loss_j", "spilled_j", "leaked_j", "esr_loss_j", "switch_loss_j", "quiescent_j")
    assert found["device_j"] == pytest.approx(sum(found[name] for name in uses), rel=1e-12)
    whole = found["device_j"] + sum(found[name] for name in (*losses, "regulator_loss_j", "stored_delta_j"))
    assert found["harvested_j"] == pytest.approx(whole, rel=1e-9)
    assert found["duration_s"] == pytest.approx(found["off_s"] + found["sleep_s"] + found["working_s"])
    assert found["throughput_per_day"] == pytest.approx(found["inferences_finished"] * 86400 / found["duration_s"])
    assert found["swing_j"] == pytest.approx(0.5 * 3e-4 * (found["v_on_v"] ** 2 - found["v_off_v"] ** 2))


def test_asking_from_python_needs_no_file() -> None:
    found = whatif(tiny_scenario(), {"capacitor": ["200uF", 1e-3], "policy": "tile,none"}, jobs=1)
    assert found.varied == ("capacitor", "policy")
    assert found.units == ("F", "")
    assert list(found.frame["capacitor"]) == [2e-4, 2e-4, 1e-3, 1e-3]
    assert found.frame["capacitance_f"].equals(found.frame["capacitor"])
    assert not math.isnan(found.frame["harvested_j"].sum())
