"""What a source delivers behind a front end, and the best case that bounds it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simint.errors import InputError
from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Boost, Converter, Direct
from simint.hardware.supply import Supply
from simint.physics.best_case import best_case
from simint.physics.front_end import compile_source
from simint.physics.source import CompiledSource, available_w, element_at
from simint.trace.power_trace import CurveSource, PowerSource, PowerTrace, Source, TheveninSource

EXAMPLES = settings(max_examples=200, deadline=None, derandomize=True)
CAPACITOR = Capacitor(capacitance=1e-3)


def supply(converter: Converter, v_on: float = 0.2) -> Supply:
    return Supply(
        name="s",
        source="test",
        converter=converter,
        capacitor=CAPACITOR,
        v_on=v_on,
        v_off=0.1,
    )


def compiled(source: Source, converter: Converter, v_on: float = 0.2) -> CompiledSource:
    return compile_source(PowerTrace("t", source, step_s=1.0), supply(converter, v_on))


def delivered_w(source: CompiledSource, segment: int, v: float) -> float:
    """Power into the node at capacitor voltage `v`."""
    a, b, d, low_v, high_v, _ = element_at(source, segment, v, True)
    assert low_v <= v <= high_v
    return a + (b - d * v) * v


@st.composite
def curves(draw: st.DrawFn, segments: int = 3) -> CurveSource:
    """Random falling curves on grids of their own or on a common one."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    points = draw(st.integers(2, 6))
    rows = draw(st.sampled_from([1, segments]))
    volts = np.cumsum(rng.uniform(0.05, 1.5, (rows, points)), axis=1)
    volts -= volts[:, :1]
    volts *= rng.uniform(1.0, 5.0) / volts[:, -1:].min()
    falls = rng.exponential(1e-3, (segments, points - 1)) * (rng.random((segments, points - 1)) < 0.8)
    amps = np.concatenate((np.cumsum(falls[:, ::-1], axis=1)[:, ::-1], np.zeros((segments, 1))), axis=1)
    return CurveSource(volts[0] if rows == 1 else volts, amps)


@st.composite
def thevenins(draw: st.DrawFn, segments: int = 3) -> TheveninSource:
    """Random voltages behind a common or a changing resistance."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    resistance = 10.0 ** rng.uniform(0, 6, segments) if draw(st.booleans()) else float(10.0 ** rng.uniform(0, 6))
    return TheveninSource(rng.uniform(1.0, 7.0, segments), resistance)


# --- The table of pairs ---


@EXAMPLES
@given(st.floats(0.01, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 6.0))
def test_a_boost_converter_delivers_its_efficiency_times_the_power(efficiency: float, p: float, v: float) -> None:
    source = compiled(PowerSource(np.array([p])), Boost(efficiency=efficiency))
    assert delivered_w(source, 0, v) == pytest.approx(efficiency * p, rel=1e-15)
    assert available_w(source, 0) == p


@EXAMPLES
@given(thevenins(), st.floats(0.01, 1.0), st.floats(0.0, 6.0))
def test_a_boost_converter_finds_the_maximum_power_point(thevenin: TheveninSource, efficiency: float, v: float) -> None:
    source = compiled(thevenin, Boost(efficiency=efficiency))
    best_w = thevenin.voltage_v**2 / (4.0 * np.broadcast_to(thevenin.resistance_ohm, 3))
    for segment in range(3):
        assert delivered_w(source, segment, v) == pytest.approx(efficiency * best_w[segment], rel=1e-14)


@EXAMPLES
@given(curves(), st.floats(0.0, 6.0))
def test_no_point_of_a_curve_beats_its_maximum_power_point(curve: CurveSource, v: float) -> None:
    source = compiled(curve, Boost())
    volts = np.broadcast_to(curve.voltage_v, curve.current_a.shape)
    for segment in range(3):
        here = v * np.interp(v, volts[segment], curve.current_a[segment], right=0.0)
        assert here <= source.values[segment] * (1.0 + 1e-12)


@EXAMPLES
@given(thevenins(), st.floats(0.0, 0.7), st.floats(0.0, 7.0))
def test_a_direct_source_drives_current_through_its_resistance_only_forwards(
    thevenin: TheveninSource, drop_v: float, v: float
) -> None:
    source = compiled(thevenin, Direct(diode_drop=drop_v))
    ohm = np.broadcast_to(thevenin.resistance_ohm, 3)
    for segment in range(3):
        amps = max(thevenin.voltage_v[segment] - drop_v - v, 0.0) / ohm[segment]
        scale = thevenin.voltage_v[segment] / ohm[segment] * max(v, 1.0)
        assert delivered_w(source, segment, v) == pytest.approx(amps * v, rel=1e-13, abs=1e-15 * scale)


@EXAMPLES
@given(curves(), st.floats(0.0, 0.7), st.floats(0.0, 7.0))
def test_a_direct_curve_is_interpolated_at_the_voltage_before_the_diode(
    curve: CurveSource, drop_v: float, v: float
) -> None:
    source = compiled(curve, Direct(diode_drop=drop_v))
    volts = np.broadcast_to(curve.voltage_v, curve.current_a.shape)
    for segment in range(3):
        amps = np.interp(v + drop_v, volts[segment], curve.current_a[segment], right=0.0)
        # Rounding of the place on the curve counts where a piece is steep.
        steepest = np.abs(np.diff(curve.current_a[segment]) / np.diff(volts[segment])).max()
        slack = 1e-15 * (steepest * 10.0 + curve.current_a[segment, 0]) * max(v, 1.0)
        assert delivered_w(source, segment, v) == pytest.approx(amps * v, rel=1e-12, abs=10 * slack)


@EXAMPLES
@given(curves(), st.floats(0.0, 0.7), st.floats(0.001, 7.0))
def test_the_pieces_of_a_curve_join_without_a_jump(curve: CurveSource, drop_v: float, v: float) -> None:
    source = compiled(curve, Direct(diode_drop=drop_v))
    for segment in range(3):
        bend = element_at(source, segment, v, True).high_v
        if not np.isfinite(bend):
            continue
        below, above = (element_at(source, segment, bend, rising) for rising in (False, True))
        assert below.high_v == bend
        assert above.low_v == bend
        largest = curve.current_a[segment, 0] + below.d * bend + above.d * bend
        assert below.b - below.d * bend == pytest.approx(above.b - above.d * bend, abs=1e-14 * largest)


def test_single_precision_curves_give_the_elements_of_the_same_numbers_in_double() -> None:
    rng = np.random.default_rng(3)
    volts = np.linspace(0.0, 4.0, 9, dtype=np.float32)
    amps = np.sort(rng.uniform(0.0, 1e-3, (5, 9)).astype(np.float32), axis=1)[:, ::-1].copy()
    amps[:, -1] = 0.0
    single = compiled(CurveSource(volts, amps), Direct(diode_drop=0.3))
    double = compiled(CurveSource(volts.astype(np.float64), amps.astype(np.float64)), Direct(diode_drop=0.3))
    for segment in range(5):
        for v in np.linspace(0.0, 4.0, 37):
            assert element_at(single, segment, v, True) == element_at(double, segment, v, True)


# --- Refusals ---


def test_power_without_a_voltage_cannot_charge_directly() -> None:
    with pytest.raises(InputError, match="without a voltage"):
        compiled(PowerSource(np.array([1e-3])), Direct())


@pytest.mark.parametrize(
    "source",
    [
        TheveninSource(np.array([2.0, 3.0]), 100.0),
        CurveSource(np.array([0.0, 2.0, 3.0]), np.array([[2e-3, 1e-3, 0.0]])),
    ],
    ids=["thevenin", "curve"],
)
def test_a_turn_on_voltage_the_source_cannot_reach_is_refused(source: Source) -> None:
    assert compiled(source, Direct(diode_drop=0.3), 2.6).drop_v == 0.3
    with pytest.raises(InputError, match="v_on"):
        compiled(source, Direct(diode_drop=0.3), 2.8)


# --- The best case ---


@EXAMPLES
@given(
    st.one_of(
        st.tuples(curves(), st.just(False)),
        st.tuples(thevenins(), st.just(False)),
        st.tuples(st.one_of(curves(), thevenins()), st.just(True)),
    ),
    st.floats(0.0, 0.7),
    st.lists(st.floats(0.0, 7.0), min_size=8, max_size=8),
)
def test_the_best_case_delivers_at_least_as_much_at_every_voltage(
    pair: tuple[Source, bool], drop_v: float, volts: list[float]
) -> None:
    source = compiled(pair[0], Boost() if pair[1] else Direct(diode_drop=drop_v))
    best = best_case(source)
    assert best.segments == 1
    for segment in range(3):
        # The bends are where a bound made of chords would fail first.
        bends = [element_at(source, segment, v, True).high_v for v in volts]
        for v in (*volts, *(bend for bend in bends if np.isfinite(bend))):
            here = delivered_w(source, segment, v)
            assert delivered_w(best, 0, v) >= here - 1e-12 * (abs(here) + 1e-6)


def test_the_best_case_of_one_resistance_is_the_best_segment() -> None:
    source = compiled(TheveninSource(np.array([2.0, 5.0, 3.0]), 800.0), Direct(diode_drop=0.2))
    best = best_case(source)
    for v in np.linspace(0.0, 6.0, 25):
        assert delivered_w(best, 0, v) == pytest.approx(delivered_w(source, 1, v), rel=1e-13)
