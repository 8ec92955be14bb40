"""Both engines tell the same of every recording of a real harvester in the reference data."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from engine_agreement import assert_agree, both
from engine_cases import batch, boost, case, direct, layer, schedule

from simint.engine.policy import JustInTime, RecoveryPolicy, Tile, Timer
from simint.engine.workload import Workload
from simint.hardware.capacitor import Capacitor
from simint.hardware.supply import Supply
from simint.tiling.schedule import Cost
from simint.trace.load import load_trace
from simint.trace.power_trace import PowerTrace
from simint.trace.readers.options import ReadOptions
from simint.trace.source import CurveSource, PowerSource, SourceKind, TheveninSource

MEMENTOS = [f"rf_mementos/mementos_rf.npz#trace_{k:02d}" for k in range(1, 11)]
REACT = [f"rf_react/rf-{name}.trace" for name in ("cart", "mobile", "obstruction")]
INDOOR = "solar_indoor_moving/solar_indoor_moving.npz"
JOGGING = "solar_jogging_iv/jogging_10m_iv.npz"
MONTHS = [f"solar_srrl_1min/srrl_cm3_ghi.npz#{month}" for month in ("ghi_2018sep", "ghi_2023jan", "ghi_2023jun")]
STATIONS = ("724125", "724699", "724776", "725315", "726830", "726883", "726930")
YEARS = [f"solar_nsrdb_hourly/nsrdb_hourly_ghi.npz#station_{station}" for station in STATIONS]
WEATHER = {
    "surfrad_alamosa_2016-01-01_1min.csv": "",
    "midc_nwtc_2018-10-14_1min.csv": "",
    "midc_uat_2018-10-18_1min.csv": "Global Horiz (platform) [W/m^2]",
    "tmy3_703165_sand_point_ak.csv": "",
    "tmy3_723170_greensboro_nc.csv": "",
    "tm2_12839_miami_fl.csv": "dhi",
}
# A cell of 10 mm2 and 15 % turns 1000 W/m2 into 1.5 mW.
CELL = ReadOptions(cell_area_m2=1e-5, cell_efficiency=0.15)
MINUTES_S = 600.0

# Five tiles' worth between the thresholds: power fails in every inference, whatever the recording.
SMALL = Capacitor(capacitance=3e-4, leakage=5e6)
RELOAD = Cost(10e-6, 2e-3)
WORK = schedule(
    layer("L0", (batch(60e-6, tiles=2, opening=RELOAD, reload=RELOAD), 4), (batch(40e-6, 8e-3), 3)),
    layer("L1", (batch(50e-6, preserve=Cost(5e-6, 1e-3), reload=RELOAD), 4)),
)
POLICIES: tuple[RecoveryPolicy, ...] = (Tile(), Tile(guards=True), Timer(0.05), JustInTime(2.2, 2.8))


def _boost() -> Supply:
    return boost(SMALL, quiescent=0.5e-6, efficiency=0.8)


def _agree(trace: PowerTrace, supply: Supply, policy: RecoveryPolicy, start_s: float, duration_s: float) -> None:
    one, other = both(case(trace, WORK, supply, policy, Workload(), start_s=start_s, duration_s=duration_s))
    assert_agree(one, other)
    # A guard, or a checkpoint just in time, is there to keep power from failing.
    assert len(one.power_cycles) > (1 if policy == Tile() else 0), "the recording ought to turn the device on and off"


def _behind_a_converter(trace: PowerTrace, start_s: float = 0.0, duration_s: float = 60.0) -> None:
    for policy in POLICIES:
        _agree(trace, _boost(), policy, start_s, min(duration_s, trace.duration_s))


def _brightest_s(trace: PowerTrace) -> float:
    """Five minutes before the brightest time of an irradiance recording."""
    assert isinstance(trace.source, PowerSource)
    assert trace.step_s is not None
    return max(int(trace.source.power_w.argmax()) * trace.step_s - MINUTES_S / 2, 0.0)


@pytest.mark.parametrize("file", [*MEMENTOS, *REACT])
def test_radio_power(shared: Path, file: str) -> None:
    trace = load_trace(str(shared / "data" / file))
    assert isinstance(trace.source, PowerSource)
    _behind_a_converter(trace)


@pytest.mark.parametrize("file", MEMENTOS)
def test_radio_voltage_straight_into_the_capacitor(shared: Path, file: str) -> None:
    """Behind 30 kohm the recordings of a few volts lift the capacitor slowly, over many thousand segments."""
    trace = load_trace(str(shared / "data" / file), ReadOptions(as_source=SourceKind.THEVENIN))
    assert isinstance(trace.source, TheveninSource)
    _agree(trace, direct(SMALL, v_on=2.0, v_off=1.0), Tile(), 0.0, trace.duration_s)


@pytest.mark.parametrize("converter", [True, False])
def test_indoor_light(shared: Path, converter: bool) -> None:
    trace = load_trace(str(shared / "data" / INDOOR))
    assert isinstance(trace.source, TheveninSource)
    if converter:
        _behind_a_converter(trace)
        return
    for policy in (Tile(), Timer(0.05)):
        _agree(trace, direct(SMALL, v_on=2.4, v_off=1.4), policy, 0.0, 60.0)


@pytest.mark.parametrize("converter", [True, False])
def test_curves_of_a_cell_on_a_runner(shared: Path, converter: bool) -> None:
    trace = load_trace(str(shared / "data" / JOGGING))
    assert isinstance(trace.source, CurveSource)
    if converter:
        _behind_a_converter(trace)
        return
    for policy in (Tile(), Timer(0.05)):
        _agree(trace, direct(msgspec.structs.replace(SMALL, capacitance=1e-3), 1.3, 0.8), policy, 0.0, 60.0)


@pytest.mark.parametrize(
    "file", [*MONTHS, YEARS[0], *(pytest.param(file, marks=pytest.mark.slow) for file in YEARS[1:])]
)
def test_sunlight(shared: Path, file: str) -> None:
    trace = load_trace(str(shared / "data" / file), CELL)
    _behind_a_converter(trace, _brightest_s(trace), MINUTES_S)


@pytest.mark.parametrize("file", WEATHER)
def test_weather_files(shared: Path, file: str) -> None:
    options = ReadOptions(cell_area_m2=1e-5, cell_efficiency=0.15, column=WEATHER[file])
    trace = load_trace(str(shared / "data" / "solar_pvlib_samples" / file), options)
    _behind_a_converter(trace, _brightest_s(trace), MINUTES_S)


@pytest.mark.slow
@pytest.mark.parametrize("file", [*MEMENTOS, *REACT, INDOOR, JOGGING])
def test_whole_recordings(shared: Path, file: str) -> None:
    trace = load_trace(str(shared / "data" / file))
    _behind_a_converter(trace, 0.0, trace.duration_s)


@pytest.mark.slow
@pytest.mark.parametrize("file", MONTHS)
def test_whole_days(shared: Path, file: str) -> None:
    trace = load_trace(str(shared / "data" / file), CELL)
    _agree(trace, _boost(), Tile(), 0.0, 86400.0)
