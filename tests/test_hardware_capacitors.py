"""Capacitors: curves by their formulas, banks by the laws of parallel parts, energy by integration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from preset_scripts import preset_script

from simint.errors import InputError
from simint.hardware.capacitor import (
    Capacitor,
    Derating,
    LeakageTable,
    capacitance_steps,
    in_parallel,
    stored_j,
    voltage_storing,
)
from simint.hardware.converter import Boost
from simint.hardware.presets import load_capacitor, part_names
from simint.hardware.supply import Supply
from simint.physics.wiring import build_node

CURVES = preset_script("make_capacitor_curves")
# C0, Csat (F) and Vth (V) of the makers' models, as their sources quote them.
CERAMICS = {
    "x5r-100uF-1210": (100e-6, 18.00169e-6, 3.234518),
    "x5r-100uF-1206": (100e-6, 15.37520e-6, 1.733853),
    "x5r-47uF-1210": (47e-6, 4.700019e-6, 5.775263),
}
TANTALUM = ("tantalum-100uF-b", "tantalum-470uF-d")


@pytest.mark.parametrize("name", CERAMICS)
def test_the_steps_of_a_ceramic_follow_the_maker_s_formula(name: str) -> None:
    capacitor, (c0, csat, vth) = load_capacitor(name), CERAMICS[name]
    assert capacitor.derating is not None
    lows, shares = CURVES.ceramic_shares(c0, csat, vth, capacitor.rated_voltage)
    assert capacitor.capacitance == c0
    assert capacitor.derating == Derating(voltage=tuple(lows), share=tuple(shares))
    # Independent of the program: the middle of a step lies close to the derivative there.
    middle = np.array(lows[:-1]) + 0.25
    np.testing.assert_allclose(np.array(shares[:-1]) * c0, csat + (c0 - csat) / np.cosh(middle / vth), rtol=0.02)
    assert all(f"{value:.7g}" in capacitor.source for value in (1e6 * csat, vth)), "the source names the numbers"


@pytest.mark.parametrize("name", CERAMICS)
def test_the_energy_of_a_ceramic_is_the_integral_of_its_formula(name: str) -> None:
    capacitor, (c0, csat, vth) = load_capacitor(name), CERAMICS[name]
    for top in (1.0, 2.5, 4.0, 6.0):
        voltage = np.linspace(0.0, top, 20001)
        exact = np.trapezoid((csat + (c0 - csat) / np.cosh(voltage / vth)) * voltage, voltage)
        assert stored_j(capacitor, top) == pytest.approx(exact, rel=7e-3)


@pytest.mark.parametrize("name", TANTALUM)
def test_tantalum_leaks_the_data_sheet_s_limit_at_its_rating_and_a_fifth_at_half_of_it(name: str) -> None:
    capacitor = load_capacitor(name)
    assert capacitor.leakage_table is not None
    voltage, current = capacitor.leakage_table.voltage, capacitor.leakage_table.current
    assert (list(voltage), list(current)) == CURVES.tantalum_leakage(capacitor.capacitance, capacitor.rated_voltage)
    limit = 0.01 * capacitor.capacitance * capacitor.rated_voltage
    assert voltage[-1] == capacitor.rated_voltage
    assert current[-1] == pytest.approx(limit, rel=1e-3)
    assert np.interp(capacitor.rated_voltage / 2, voltage, current) == pytest.approx(math.sqrt(0.05) * limit, rel=1e-3)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["ceramic", "100uF", "18.00169uF", "3.234518V", "6.3V"], "x5r-100uF-1210"),
        (["tantalum", "470uF", "6.3V"], "tantalum-470uF-d"),
    ],
)
def test_the_program_prints_the_block_of_the_preset(
    arguments: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from simint.hardware.presets import _presets

    assert CURVES.main(arguments) == 0
    file = _presets() / "capacitors" / f"{name}.toml"
    assert file.read_text(encoding="utf-8").endswith(capsys.readouterr().out)


@pytest.mark.parametrize("name", part_names("capacitors"))
def test_equal_capacitors_side_by_side_share_everything(name: str) -> None:
    one, four = load_capacitor(name), in_parallel(load_capacitor(name), 4)
    top = 0.9 * one.rated_voltage
    assert stored_j(four, top) == pytest.approx(4 * stored_j(one, top), rel=1e-12)
    assert four.esr == one.esr / 4
    assert four.rated_voltage == one.rated_voltage
    assert four.volume_mm3 == (None if one.volume_mm3 is None else 4 * one.volume_mm3)
    for voltage in (0.1, 0.5 * top, top):
        assert leakage(four, voltage) == pytest.approx(4 * leakage(one, voltage), rel=1e-12)
    assert in_parallel(one, 1) == one


def leakage(capacitor: Capacitor, voltage: float) -> float:
    if capacitor.leakage_table is None:
        return voltage / capacitor.leakage
    return float(np.interp(voltage, capacitor.leakage_table.voltage, capacitor.leakage_table.current))


def test_no_capacitor_is_no_bank() -> None:
    with pytest.raises(InputError, match="`parallel` must be at least 1, got 0"):
        in_parallel(Capacitor(capacitance=1e-6), 0)


@given(
    shares=st.lists(st.floats(0.05, 1.0), min_size=1, max_size=8),
    steps=st.lists(st.floats(0.05, 2.0), min_size=8, max_size=8),
    voltage=st.floats(0.0, 10.0),
)
def test_the_voltage_that_stores_an_energy_is_the_inverse_of_the_energy(
    shares: list[float], steps: list[float], voltage: float
) -> None:
    lows = (0.0, *np.cumsum(steps)[: len(shares) - 1].tolist())
    capacitor = Capacitor(capacitance=1e-3, derating=Derating(voltage=lows, share=tuple(shares)))
    energy_j = stored_j(capacitor, voltage)
    assert voltage_storing(capacitor, energy_j) == pytest.approx(voltage, rel=1e-9, abs=1e-9)
    # Against plain integration of C(V) V dV.
    grid = np.linspace(0.0, voltage, 4001)
    middle = 0.5 * (grid[1:] + grid[:-1])
    edges, sizes = capacitance_steps(capacitor)
    size = np.array(sizes)[np.searchsorted(edges, middle, side="right") - 1]
    assert energy_j == pytest.approx(float((size * middle * np.diff(grid)).sum()), rel=2e-2, abs=1e-9)


def test_the_node_sees_the_bank(tmp_path: object) -> None:
    """What the physics is built on: capacitance and leakage of every bin, ten times those of one part."""
    one = load_capacitor("tantalum-100uF-b")

    def node(capacitor: Capacitor) -> np.ndarray:
        supply = Supply(name="x", source="x", converter=Boost(), capacitor=capacitor, v_on=3.0, v_off=2.0)
        return build_node(supply).bins

    np.testing.assert_allclose(node(in_parallel(one, 10))[:, 1:], 10 * node(one)[:, 1:], rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Derating(voltage=(0.0, 1.0), share=(1.0,)), "`voltage` and `share` must have the same length"),
        (lambda: Derating(voltage=(1.0,), share=(1.0,)), "`voltage` must start at 0 V"),
        (lambda: Derating(voltage=(0.0, 0.0), share=(1.0, 1.0)), "rise strictly"),
        (lambda: Derating(voltage=(0.0,), share=(0.0,)), r"`share` must lie in \(0, 1\]"),
        (lambda: LeakageTable(voltage=(0.0, 1.0), current=(1e-6, 2e-6)), "must start at 0 A"),
        (lambda: LeakageTable(voltage=(0.0, 1.0, 2.0), current=(0.0, 2e-6, 1e-6)), "never fall"),
        (lambda: LeakageTable(voltage=(0.0,), current=(0.0,)), "at least two points"),
    ],
)
def test_curves_without_meaning_are_refused(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]
