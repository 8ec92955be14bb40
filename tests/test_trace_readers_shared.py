"""Every recording of the reference data loads, with the counts, durations, means and maxima of its notes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from simint.errors import InputError
from simint.trace.load import load_trace
from simint.trace.power_trace import CurveSource, PowerSource, PowerTrace, SourceKind, TheveninSource, max_power_w
from simint.trace.readers.options import ReadOptions
from simint.trace.readers.shepherd import FILL_FACTOR

# A cell of 1 m2 at full efficiency turns W/m2 into W one to one.
UNIT_CELL = ReadOptions(cell_area_m2=1.0, cell_efficiency=1.0)


def load(folder: Path, file: str, options: ReadOptions | None = None) -> PowerTrace:
    return load_trace(str(folder / "data" / file), options or ReadOptions())


def power_w(trace: PowerTrace) -> np.ndarray:
    assert isinstance(trace.source, PowerSource)
    return trace.source.power_w


@pytest.mark.parametrize("index", range(1, 11))
def test_mementos_arrays_have_the_totals_of_their_summary(shared: Path, index: int) -> None:
    with open(shared / "data/rf_mementos/summary.csv", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["trace"] == f"trace_{index:02d}")
    trace = load(shared, f"rf_mementos/mementos_rf.npz#trace_{index:02d}")
    assert trace.segments == int(row["n"])
    assert trace.step_s == 1e-3
    assert trace.duration_s == pytest.approx(float(row["duration_s"]))
    assert power_w(trace).mean() * 1e6 == pytest.approx(float(row["p30k_mean_uW"]), rel=1e-5)
    assert power_w(trace).max() * 1e6 == pytest.approx(float(row["p30k_max_uW"]), rel=1e-5)
    assert isinstance(trace.source, PowerSource)
    assert trace.source.voltage_v is not None
    assert trace.source.voltage_v.mean() == pytest.approx(float(row["v_mean"]), rel=1e-5)
    assert "30000 ohm" in trace.provenance


def test_a_mementos_array_as_text_is_the_same_trace(shared: Path, tmp_path: Path) -> None:
    with np.load(shared / "data/rf_mementos/mementos_rf.npz") as file:
        volts = file["trace_09"]
    path = tmp_path / "9.txt"
    path.write_text("".join(f"{70_000 + k}\t{v}\n" for k, v in enumerate(volts)))
    text, array = load_trace(str(path)), load(shared, "rf_mementos/mementos_rf.npz#trace_09")
    np.testing.assert_allclose(power_w(text), power_w(array), rtol=1e-6)
    assert text.step_s == array.step_s


def test_a_mementos_array_as_thevenin_source_gives_the_same_power_to_a_matched_load(shared: Path) -> None:
    file = "rf_mementos/mementos_rf.npz#trace_03"
    thevenin = load(shared, file, ReadOptions(as_source=SourceKind.THEVENIN))
    np.testing.assert_allclose(max_power_w(thevenin.source), power_w(load(shared, file)), rtol=1e-6)
    assert "assumed source resistance of 30000 ohm" in thevenin.provenance


@pytest.mark.parametrize(
    ("file", "rows", "last_s", "mean_mw", "max_mw"),
    [
        ("rf-cart", 15_656, 313.10, 2.120, 10.00),
        ("rf-mobile", 15_909, 318.16, 0.497, 4.95),
        ("rf-obstruction", 15_648, 312.94, 0.226, 0.93),
    ],
)
def test_react_traces_have_the_totals_of_their_notes(
    shared: Path, file: str, rows: int, last_s: float, mean_mw: float, max_mw: float
) -> None:
    trace = load(shared, f"rf_react/{file}.trace")
    assert trace.segments == rows
    assert trace.step_s == 0.02
    # The notes give the time of the last sample, which then lasts 20 ms like every other.
    assert trace.duration_s == pytest.approx(last_s + 0.02)
    assert power_w(trace).mean() * 1e3 == pytest.approx(mean_mw, abs=5e-4)
    assert power_w(trace).max() * 1e3 == pytest.approx(max_mw)
    assert power_w(trace)[0] == 0.0


def test_indoor_solar_voltage(shared: Path) -> None:
    trace = load(shared, "solar_indoor_moving/solar_indoor_moving.npz")
    assert isinstance(trace.source, TheveninSource)
    assert trace.source.resistance_ohm == 1000.0
    assert trace.segments == 300_000
    assert trace.duration_s == pytest.approx(300.0)
    volts = trace.source.voltage_v
    assert (volts.min(), volts.mean(), volts.max()) == pytest.approx((0.635, 1.773, 3.094), abs=6e-4)
    assert "assumed 1000 ohm" in trace.provenance
    into_load = ReadOptions(as_source=SourceKind.POWER, load_ohm=1e4)
    power = power_w(load(shared, "solar_indoor_moving/solar_indoor_moving.npz", into_load))
    np.testing.assert_allclose(power, volts**2 / 1e4, rtol=1e-12)


@pytest.mark.parametrize("points", [4, 32])
def test_jogging_curves_have_the_maximum_power_of_the_notes(shared: Path, points: int) -> None:
    trace = load(shared, "solar_jogging_iv/jogging_10m_iv.npz", ReadOptions(curve_points=points))
    assert isinstance(trace.source, CurveSource)
    assert trace.source.current_a.shape == (30_834, points)
    assert trace.step_s == 0.02
    assert trace.duration_s == pytest.approx(616.66 + 0.02)
    with np.load(shared / "data/solar_jogging_iv/jogging_10m_iv.npz") as file:
        pmpp, isc, voc = file["pmpp_W"], file["isc_A"], file["voc_V"]
    best = max_power_w(trace.source)
    # The notes' maximum was searched on 801 voltages; that misses a smooth peak by no more than 1e-5.
    np.testing.assert_allclose(best, pmpp, rtol=2e-5)
    assert (best.min() * 1e6, best.mean() * 1e6, best.max() * 1e6) == pytest.approx((220, 563, 819), abs=0.5)
    np.testing.assert_allclose(trace.source.current_a[:, 0], isc, rtol=1e-6)
    np.testing.assert_allclose(trace.source.voltage_v[:, -1], voc, rtol=1e-6)


def test_points_of_a_curve_lie_close_to_the_measured_form_between_them(shared: Path) -> None:
    trace = load(shared, "solar_jogging_iv/jogging_10m_iv.npz")
    assert isinstance(trace.source, CurveSource)
    with np.load(shared / "data/solar_jogging_iv/jogging_10m_iv.npz") as file:
        a, b, c = file["a"][::500], file["b"][::500], file["c"][::500]
    voltage, current = trace.source.voltage_v[::500], trace.source.current_a[::500]
    middle = (voltage[:, 1:] + voltage[:, :-1]) / 2
    chord = (current[:, 1:] + current[:, :-1]) / 2
    true = a[:, None] - b[:, None] * np.expm1(c[:, None] * middle)
    assert ((true - chord) / a[:, None]).max() < 3e-3


def test_the_default_fill_factor_is_that_of_the_measured_curves(shared: Path) -> None:
    with np.load(shared / "data/solar_jogging_iv/jogging_10m_iv.npz") as file:
        measured = file["pmpp_W"] / (file["isc_A"] * file["voc_V"])
    assert pytest.approx(measured.mean(), abs=5e-4) == FILL_FACTOR
    assert (measured.min(), measured.max()) == pytest.approx((0.557, 0.633), abs=5e-4)


@pytest.mark.parametrize(
    ("array", "days", "mean", "maximum"),
    [("ghi_2018sep", 30, 221.6, 1152.3), ("ghi_2023jan", 31, 98.8, 950.1), ("ghi_2023jun", 30, 248.8, 1429.5)],
)
def test_minutely_irradiance(shared: Path, array: str, days: int, mean: float, maximum: float) -> None:
    trace = load(shared, f"solar_srrl_1min/srrl_cm3_ghi.npz#{array}", UNIT_CELL)
    assert trace.step_s == 60.0
    assert trace.duration_s == days * 86400.0
    power = power_w(trace)
    assert power.min() == 0.0
    assert power.max() == pytest.approx(maximum, abs=0.051)
    with np.load(shared / "data/solar_srrl_1min/srrl_cm3_ghi.npz") as file:
        raw = file[array].astype(float)
    assert raw.mean() == pytest.approx(mean, abs=0.05)
    # Clipping the night's offset adds exactly what was below zero.
    assert power.mean() == pytest.approx(raw.mean() - np.minimum(raw, 0).mean())
    small = load(
        shared, f"solar_srrl_1min/srrl_cm3_ghi.npz#{array}", ReadOptions(cell_area_m2=1e-3, cell_efficiency=0.2)
    )
    np.testing.assert_allclose(power_w(small), power * 2e-4, rtol=1e-12)


@pytest.mark.parametrize(
    ("station", "rows", "mean", "maximum"),
    [
        ("724125", 43_824, 156.1, 1072),
        ("724699", 87_288, 188.1, 1142),
        ("724776", 70_080, 208.0, 1088),
        ("725315", 52_440, 169.9, 1086),
        ("726830", 96_288, 192.6, 1111),
        ("726883", 96_408, 175.9, 1035),
        ("726930", 122_712, 159.8, 1175),
    ],
)
def test_hourly_irradiance(shared: Path, station: str, rows: int, mean: float, maximum: float) -> None:
    trace = load(shared, f"solar_nsrdb_hourly/nsrdb_hourly_ghi.npz#station_{station}", UNIT_CELL)
    assert trace.segments == rows
    assert trace.step_s == 3600.0
    assert power_w(trace).mean() == pytest.approx(mean, abs=0.05)
    assert power_w(trace).max() == maximum


@pytest.mark.parametrize(
    ("file", "column", "rows", "step_s", "mean", "maximum"),
    [
        ("surfrad_alamosa_2016-01-01_1min.csv", "", 1440, 60.0, None, 580.3),
        ("midc_nwtc_2018-10-14_1min.csv", "", 1440, 60.0, None, 885.4),
        ("midc_uat_2018-10-18_1min.csv", "Global Horiz (platform) [W/m^2]", 1440, 60.0, None, 811.9),
        ("tmy3_703165_sand_point_ak.csv", "", 8760, 3600.0, 94.7, 862.0),
        ("tmy3_723170_greensboro_nc.csv", "", 8760, 3600.0, 178.8, 1013.0),
        ("tm2_12839_miami_fl.csv", "dni", 8760, 3600.0, 171.8, 1006.0),
        ("tm2_12839_miami_fl.csv", "dhi", 8760, 3600.0, None, 562.0),
    ],
)
def test_weather_files(
    shared: Path, file: str, column: str, rows: int, step_s: float, mean: float | None, maximum: float
) -> None:
    options = ReadOptions(cell_area_m2=1.0, cell_efficiency=1.0, column=column)
    trace = load(shared, f"solar_pvlib_samples/{file}", options)
    assert trace.segments == rows
    assert trace.step_s == step_s
    assert trace.edges_s is None
    assert power_w(trace).min() == 0.0
    assert power_w(trace).max() == pytest.approx(maximum, abs=0.051)
    assert mean is None or power_w(trace).mean() == pytest.approx(mean, abs=0.05)


def test_two_pyranometers_leave_the_choice_to_the_user(shared: Path) -> None:
    with pytest.raises(InputError, match="several columns of global irradiance"):
        load(shared, "solar_pvlib_samples/midc_uat_2018-10-18_1min.csv", UNIT_CELL)


def test_a_month_without_a_cell_asks_for_one(shared: Path) -> None:
    with pytest.raises(InputError, match="`cell_area_m2` is missing"):
        load(shared, "solar_srrl_1min/srrl_cm3_ghi.npz#ghi_2018sep")
    with pytest.raises(InputError, match="no array 'ghi_1999jan'; the file has ghi_2018sep"):
        load(shared, "solar_srrl_1min/srrl_cm3_ghi.npz#ghi_1999jan", UNIT_CELL)
