"""Solar cells: the data sheet's points, the single-diode model against pvlib, irradiance files as curves."""

from __future__ import annotations

import dataclasses
import math
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simint.config import decode
from simint.errors import InputError
from simint.trace.__main__ import main
from simint.trace.catalogue_entries import load_catalogue_trace
from simint.trace.load import load_trace
from simint.trace.power_trace import CurveSource, SourceKind, max_power_w
from simint.trace.readers.options import ReadOptions
from simint.trace.readers.photovoltaic import CURVE_POINTS, cell_curves
from simint.trace.solar_cell import DiodeModel, SolarCell, cell_names, find_cell, fit_diode
from simint.trace.statistics import trace_statistics
from simint.trace.synthesis.outdoor_cell import curves_under

CELL = find_cell("kxob25-05x3f")
PRESETS = cell_names()


def current_of(model: DiodeModel, volts: float) -> float:
    """I(V) at standard conditions by bisection on the model's own equation, which falls in I."""
    low, high = -1.0, 2 * model.photocurrent_a
    for _ in range(200):
        amps = (low + high) / 2
        diode_v = volts + amps * model.series_ohm
        flow = model.photocurrent_a - diode_v * model.shunt_s
        flow -= model.saturation_a * math.expm1(min(diode_v / model.slope_v, 700.0))
        low, high = (amps, high) if flow > amps else (low, amps)
    return low


def exact(model: DiodeModel, irradiance: float, temperature_c: float) -> tuple[float, ...]:
    """pvlib's five parameters for one irradiance and temperature."""
    pvsystem = pytest.importorskip("pvlib.pvsystem", reason="pvlib is not installed (extra solar)")
    parameters = pvsystem.calcparams_desoto(
        irradiance,
        temperature_c,
        model.per_kelvin_a,
        model.slope_v,
        model.photocurrent_a,
        model.saturation_a,
        1 / model.shunt_s,
        model.series_ohm,
    )
    return tuple(float(p) for p in parameters)


@pytest.mark.parametrize("name", PRESETS)
def test_the_diode_goes_through_the_points_of_the_data_sheet(name: str) -> None:
    cell = find_cell(name)
    model = fit_diode(cell)
    assert cell.name == name
    assert cell.source
    assert min(dataclasses.astuple(model)) > 0
    assert current_of(model, 0.0) == pytest.approx(cell.short_circuit, rel=1e-9)
    assert current_of(model, cell.mpp_voltage) == pytest.approx(cell.mpp_current, rel=1e-9)
    assert current_of(model, cell.open_circuit) == pytest.approx(0.0, abs=1e-9 * cell.short_circuit)
    volts = np.linspace(0.9 * cell.mpp_voltage, 1.1 * cell.mpp_voltage, 401)
    powers = [v * current_of(model, float(v)) for v in volts]
    assert max(powers) == pytest.approx(cell.mpp_voltage * cell.mpp_current, rel=1e-9)


def test_the_data_sheet_of_the_kxob25_05x3f() -> None:
    assert pytest.approx(30.7e-3, rel=2e-3) == CELL.mpp_voltage * CELL.mpp_current


@pytest.mark.parametrize("coefficient", [-0.0024, -0.0028, -0.0033])
def test_the_voltage_falls_with_temperature_as_asked(coefficient: float) -> None:
    """Two kelvin up by pvlib's own equations, 1 - 1e-6 of the open-circuit voltage either way."""
    model = fit_diode(msgspec.structs.replace(CELL, ideality=None, voltage_coefficient=coefficient))
    curve = cell_curves_or_skip(model, np.array([1000.0]), np.array([27.0]))
    assert curve.voltage_v[0, -1] == pytest.approx(CELL.open_circuit * (1 + 2 * coefficient), rel=1e-6)


def test_the_fit_is_the_one_of_pvlib_where_that_one_converges() -> None:
    sdm = pytest.importorskip("pvlib.ivtools.sdm", reason="pvlib is not installed (extra solar)")
    theirs, _ = sdm.fit_desoto(
        v_mp=CELL.mpp_voltage,
        i_mp=CELL.mpp_current,
        v_oc=CELL.open_circuit,
        i_sc=CELL.short_circuit,
        alpha_sc=CELL.current_coefficient * CELL.short_circuit,
        beta_voc=-0.003 * CELL.open_circuit,
        cells_in_series=CELL.cells,
    )
    ours = fit_diode(msgspec.structs.replace(CELL, ideality=None, voltage_coefficient=-0.003))
    assert ours.slope_v == pytest.approx(theirs["a_ref"], rel=1e-5)
    assert ours.series_ohm == pytest.approx(theirs["R_s"], rel=1e-5)
    assert 1 / ours.shunt_s == pytest.approx(theirs["R_sh_ref"], rel=1e-4)
    assert ours.photocurrent_a == pytest.approx(theirs["I_L_ref"], rel=1e-6)
    assert ours.saturation_a == pytest.approx(theirs["I_o_ref"], rel=1e-3)


def cell_curves_or_skip(
    model: DiodeModel, irradiance: np.ndarray, celsius: np.ndarray, points: int = 24
) -> CurveSource:
    pytest.importorskip("pvlib", reason="pvlib is not installed (extra solar)")
    return cell_curves(model, irradiance, celsius, points)


@settings(max_examples=25)
@given(
    st.sampled_from(PRESETS),
    st.floats(-3, 3.2).map(lambda x: 10.0**x),
    st.floats(-40, 85),
    st.sampled_from([4, 8, CURVE_POINTS, 100]),
)
def test_the_curve_has_the_end_points_and_the_maximum_power_of_pvlib(
    name: str, irradiance: float, celsius: float, points: int
) -> None:
    """From starlight to concentrated sun, against pvlib's Lambert-W solver; the points are kept in single precision."""
    model = fit_diode(find_cell(name))
    curve = cell_curves_or_skip(model, np.array([irradiance]), np.array([celsius]), points)
    pvsystem = pytest.importorskip("pvlib.pvsystem")
    theirs = pvsystem.singlediode(*exact(model, irradiance, celsius), method="lambertw")
    assert curve.current_a[0, 0] == pytest.approx(float(theirs["i_sc"]), rel=1e-6)
    assert curve.voltage_v[0, -1] == pytest.approx(float(theirs["v_oc"]), rel=1e-6)
    assert float(max_power_w(curve)[0]) == pytest.approx(float(theirs["p_mp"]), rel=1e-6)


@pytest.mark.parametrize(("irradiance", "celsius"), [(1.0, 25.0), (100.0, 60.0), (1000.0, 25.0), (1000.0, -20.0)])
def test_between_its_points_the_curve_stays_just_below_the_cell(irradiance: float, celsius: float) -> None:
    pvsystem = pytest.importorskip("pvlib.pvsystem", reason="pvlib is not installed (extra solar)")
    model = fit_diode(CELL)
    curve = cell_curves(model, np.array([irradiance]), celsius, CURVE_POINTS)
    volts = np.linspace(0, float(curve.voltage_v[0, -1]), 2000)
    true = pvsystem.i_from_v(volts, *exact(model, irradiance, celsius))
    missed = true - np.interp(volts, curve.voltage_v[0], curve.current_a[0])
    assert missed.max() < 3e-3 * true[0]
    assert missed.min() > -1e-6 * true[0]


def test_light_and_warmth_do_what_they_do_to_a_cell() -> None:
    """Short-circuit current in proportion to the light, open-circuit voltage with its logarithm, both with warmth."""
    model = fit_diode(CELL)
    light = np.array([10.0, 100.0, 1000.0])
    curves = cell_curves_or_skip(model, light, np.full(3, 25.0))
    np.testing.assert_allclose(curves.current_a[:, 0] / light, CELL.short_circuit / 1000, rtol=2e-3)
    np.testing.assert_allclose(np.diff(curves.voltage_v[:, -1]), model.slope_v * math.log(10), rtol=0.02)
    warm = cell_curves(model, np.full(4, 1000.0), np.array([0.0, 25.0, 50.0, 75.0]), 24)
    assert (np.diff(warm.voltage_v[:, -1]) < 0).all()
    assert (np.diff(max_power_w(warm)) < 0).all()
    slope = (float(warm.voltage_v[2, -1]) - float(warm.voltage_v[1, -1])) / 25 / CELL.cells
    assert slope == pytest.approx(-2.0e-3, rel=0.02)
    current = warm.current_a[:, 0] / CELL.short_circuit
    np.testing.assert_allclose(np.diff(current), 25 * CELL.current_coefficient, rtol=2e-3)


def test_a_dark_cell_gives_nothing_among_lit_ones() -> None:
    curves = cell_curves_or_skip(fit_diode(CELL), np.array([0.0, 500.0, 0.0]), np.full(3, 25.0))
    np.testing.assert_array_equal(max_power_w(curves) > 0, [False, True, False])
    assert not curves.current_a[[0, 2]].any()


def test_a_weather_file_becomes_curves_at_its_temperatures(shared: Path) -> None:
    """The day's energy is the sum of pvlib's own maximum powers; a frosty day gives more than 25 C would."""
    pvsystem = pytest.importorskip("pvlib.pvsystem", reason="pvlib is not installed (extra solar)")
    path = shared / "data/solar_pvlib_samples/midc_nwtc_2018-10-14_1min.csv"
    column = "Temperature @ 2m [deg C]"
    cold = load_trace(str(path), ReadOptions(cell=CELL.name, temperature_column=column))
    standard = load_trace(str(path), ReadOptions(cell=CELL.name))
    assert cold.kind is standard.kind is SourceKind.IV
    assert column in cold.provenance
    rows = np.genfromtxt(path, delimiter=",", skip_header=1, usecols=(2, 3))
    lit = rows[rows[:, 0] > 0]
    parameters = zip(*(exact(fit_diode(CELL), g, t) for g, t in lit), strict=True)
    theirs = pvsystem.singlediode(*map(np.array, parameters), method="lambertw")["p_mp"]
    assert cold.segments == standard.segments == len(rows) == 1440
    assert trace_statistics(cold).energy_j == pytest.approx(60 * float(np.sum(theirs)), rel=1e-6)
    assert 1.05 < trace_statistics(cold).energy_j / trace_statistics(standard).energy_j < 1.2


def test_a_table_of_irradiance_takes_a_cell_from_a_file(tmp_path: Path) -> None:
    pytest.importorskip("pvlib", reason="pvlib is not installed (extra solar)")
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nsource = "test"\ncells = 1\nopen_circuit = "600mV"\nshort_circuit = "30mA"\n'
        'mpp_voltage = "500mV"\nmpp_current = "28mA"\ncurrent_coefficient = "0.05%"\nvoltage_coefficient = "-0.33%"\n',
        encoding="ascii",
    )
    (tmp_path / "g.csv").write_text("time_s,irradiance,T_cell\n0,1000,25\n1,-3,25\n2,500,25\n", encoding="ascii")
    options = ReadOptions(cell=str(tmp_path / "mine.toml"), temperature_column="T_cell", curve_points=10)
    trace = load_trace(str(tmp_path / "g.csv"), options)
    assert isinstance(trace.source, CurveSource)
    assert trace.source.current_a.shape == (3, 10)
    power = max_power_w(trace.source)
    assert power[0] == pytest.approx(14e-3, rel=1e-6)
    assert power[1] == 0
    assert 0.4 < power[2] / power[0] < 0.5
    np.savez(tmp_path / "g.npz", irradiance=np.array([1000.0]))
    fixed = ReadOptions(cell=options.cell, step_s=1.0, cell_temperature_c=25.0, irradiance_unit="W/m2")
    assert max_power_w(load_trace(f"{tmp_path / 'g.npz'}#irradiance", fixed).source)[0] == pytest.approx(
        14e-3, rel=1e-6
    )


def test_without_pvlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pvlib", "pvlib.pvsystem", "pvlib.singlediode"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"simint\[solar\]"):
        cell_curves(fit_diode(CELL), np.array([1.0]), 25.0, 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ideality": None}, "either `voltage_coefficient` or `ideality`"),
        ({"voltage_coefficient": -0.003}, "not both"),
        ({"cells": 0}, "`cells`"),
        ({"mpp_voltage": 2.07}, "`mpp_voltage`"),
        ({"mpp_current": 0.0}, "`mpp_current`"),
        ({"ideality": 5.0}, "`ideality`"),
        ({"ideality": None, "voltage_coefficient": 0.001}, "`voltage_coefficient`"),
        ({"current_coefficient": 5.0}, "`current_coefficient`"),
    ],
)
def test_a_cell_that_is_none_is_refused_by_field(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        decode({**msgspec.structs.asdict(CELL), **change}, SolarCell, "cell")


@pytest.mark.parametrize(
    "change", [{"ideality": 2.5}, {"cells": 9}, {"mpp_voltage": 0.4}, {"ideality": None, "voltage_coefficient": -0.03}]
)
def test_points_that_no_diode_has_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InputError, match="no diode"):
        fit_diode(msgspec.structs.replace(CELL, **change))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "kxob"}, "unknown solar cell 'kxob'; known: kxob25-05x3f"),
        ({"cell": "nowhere.toml"}, "cannot be read"),
        ({"cell": CELL.name, "as_source": "power"}, "gives current-voltage curves"),
        ({"cell": CELL.name, "cell_temperature_c": 300.0}, "300 C"),
        ({"cell": CELL.name, "temperature_column": "T"}, "no column 'T'"),
    ],
)
def test_wrong_words_about_the_cell_are_refused(tmp_path: Path, options: dict[str, object], message: str) -> None:
    (tmp_path / "g.csv").write_text("time_s,irradiance\n0,1000\n1,0\n", encoding="ascii")
    with pytest.raises(InputError, match=message):
        load_trace(str(tmp_path / "g.csv"), decode(options, ReadOptions, "options"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "a", "cell_area_m2": "4cm2"}, "leave out"),
        ({"cell_temperature_c": 25.0}, "only with `cell`"),
        ({"temperature_column": "T"}, "only with `cell`"),
        ({"cell": "a", "cell_temperature_c": 25.0, "temperature_column": "T"}, "same thing"),
    ],
)
def test_contradicting_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        decode(options, ReadOptions, "options")


def test_the_command_takes_a_cell(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pvlib", reason="pvlib is not installed (extra solar)")
    spec = str(shared / "data/solar_pvlib_samples/tmy3_723170_greensboro_nc.csv")
    out = tmp_path / "year.npz"
    assert main(["convert", spec, str(out), "--cell", CELL.name, "--cell-temperature", "40", "--stop", "30d"]) == 0
    assert load_trace(str(out)).kind is SourceKind.IV
    assert main(["convert", spec, str(out), "--cell", "sun"]) == 2
    assert "known: kxob25-05x3f" in capsys.readouterr().err


@pytest.mark.parametrize("name", PRESETS)
def test_the_generator_without_pvlib_makes_the_curves_of_pvlib(name: str) -> None:
    """Same ends; it does not place a point at the maximum power, which costs it at most 0.11 %."""
    model = fit_diode(find_cell(name))
    light = np.concatenate(([0.0, 1e-30, -5.0], np.logspace(-5.9, 3.2, 50)))
    ours, theirs = curves_under(model, light), cell_curves_or_skip(model, light, np.full(light.size, 25.0))
    np.testing.assert_allclose(ours.voltage_v[:, -1], theirs.voltage_v[:, -1], rtol=1e-6)
    np.testing.assert_allclose(ours.current_a[:, 0], theirs.current_a[:, 0], rtol=1e-6)
    ratio = max_power_w(ours)[3:] / max_power_w(theirs)[3:]
    assert ratio.max() < 1 + 1e-6
    assert ratio.min() > 1 - 1.1e-3
    assert not max_power_w(ours)[:3].any()


def test_the_catalogue_day_is_the_day_of_the_power_trace() -> None:
    """One sky: light in the same samples, in them the powers differ by what the cell's efficiency does."""
    cell, power = load_catalogue_trace("solar-day-cell"), load_catalogue_trace("solar-day-clouds")
    ours, flat = max_power_w(cell.source), max_power_w(power.source)
    bright = flat > 0.05 * flat.max()
    assert not ours[flat == 0].any()
    assert (ours[bright] / flat[bright]).min() > 0.85
    assert (ours[bright] / flat[bright]).max() < 1.1
