"""Operating points of a charger on its source, against a loop over a fine grid of time and against closed forms."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simint.config import decode
from simint.errors import InputError
from simint.hardware.mppt import Mppt
from simint.physics.operating_point import OperatingPoints, clamped_points, operating_points
from simint.trace.load import load_trace
from simint.trace.power_trace import (
    CurrentSource,
    CurveSource,
    PowerSource,
    PowerTrace,
    Source,
    TheveninSource,
    TraceEnd,
    max_power_w,
)
from simint.trace.readers.diode import fill_factor_curves

KINDS = ("current", "thevenin", "thevenin-varying", "iv", "iv-shared")


def make_source(kind: str, rng: np.random.Generator, segments: int) -> Source:
    """Random segments, a quarter of them dark."""
    lit = rng.uniform(size=segments) > 0.25
    if kind == "current":
        return CurrentSource(lit * rng.uniform(0, 1e-3, segments), 3.3)
    if kind == "thevenin":
        return TheveninSource(lit * rng.uniform(0, 5, segments), 2800.0)
    if kind == "thevenin-varying":
        return TheveninSource(lit * rng.uniform(0, 5, segments), rng.uniform(10, 1e4, segments))
    rows = 1 if kind == "iv-shared" else segments
    voltage = np.cumsum(rng.uniform(0.01, 1.0, (rows, 6)), axis=1)
    voltage[:, 0] = 0.0
    current = -np.sort(-rng.uniform(0, 1e-2, (segments, 6)), axis=1) * lit[:, None]
    current[:, -1] = 0.0
    return CurveSource(voltage[0] if rows == 1 else voltage, current)


def current_of(source: Source, k: int, volts: float) -> float:
    """I(V) of one segment in plain numbers: an independent reading of each kind's definition."""
    if isinstance(source, CurrentSource):
        return float(source.current_a[k]) if volts < source.compliance_v else 0.0
    if isinstance(source, TheveninSource):
        ohm = source.resistance_ohm if isinstance(source.resistance_ohm, float) else source.resistance_ohm[k]
        return max(0.0, float((source.voltage_v[k] - volts) / ohm))
    assert isinstance(source, CurveSource)
    grid = source.voltage_v if source.voltage_v.ndim == 1 else source.voltage_v[k]
    return float(np.interp(volts, grid, source.current_a[k], right=0.0))


def open_circuit_of(source: Source, k: int) -> float:
    """The lowest voltage without current, by bisection on `current_of`."""
    low, high = 0.0, 1e3
    if current_of(source, k, 0.0) <= 0:
        return 0.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if current_of(source, k, middle) > 0 else (low, middle)
    return high


def walk(trace: PowerTrace, mppt: Mppt, step: float) -> tuple[float, float]:
    """Energy and charge by a charger that looks at the clock every `step`, at the middles of the steps."""
    edges = trace.edge_times()
    held, energy, charge = 0.0, 0.0, 0.0
    # A sampling must end before the pass does, or it is left out.
    lasts = max(0, math.ceil((trace.duration_s - mppt.sampling) / mppt.period - 1e-6) - 1)
    for tick in range(round(trace.duration_s / step)):
        now = (tick + 0.5) * step
        k = int(np.searchsorted(edges, now, side="right")) - 1
        turn = min(int(now // mppt.period), lasts)
        since = now - turn * mppt.period
        if since < mppt.sampling:
            held = mppt.fraction * open_circuit_of(trace.source, k)
            continue
        if mppt.sampling == 0 and since < step:
            held = mppt.fraction * open_circuit_of(trace.source, k)
        flow = current_of(trace.source, k, held)
        energy += held * flow * step
        charge += flow * step
    return energy, charge


def widths(points: OperatingPoints) -> np.ndarray:
    if points.step_s is not None:
        return np.full(points.power_w.size, points.step_s)
    assert points.edges_s is not None
    return np.diff(points.edges_s)


@settings(max_examples=60)
@given(
    st.sampled_from(KINDS),
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.02, 0.3]),
    st.sampled_from([0.5, 1.0, 1.7]),
    st.booleans(),
)
def test_the_sampled_charger_takes_what_a_loop_over_time_takes(
    kind: str, seed: int, segments: int, sampling: float, period: float, uniform: bool
) -> None:
    """All times are whole hundredths of a second, so that the loop's steps of 10 ms are exact."""
    rng = np.random.default_rng(seed)
    ticks = np.full(segments, int(rng.integers(1, 60))) if uniform else rng.integers(1, 60, segments)
    ticks[-1] += 0 if uniform else 100
    source = make_source(kind, rng, segments)
    if uniform:
        trace = PowerTrace("t", source, step_s=float(ticks[0]) / 100, end=TraceEnd.STOP)
    else:
        trace = PowerTrace("t", source, edges_s=np.concatenate(([0], np.cumsum(ticks))) / 100, end=TraceEnd.STOP)
    mppt = Mppt(fraction=0.8, period=period, sampling=sampling)
    if trace.duration_s <= sampling + 0.005:
        return
    points = operating_points(trace, mppt)
    energy, charge = walk(trace, mppt, 0.01)
    assert float(points.power_w @ widths(points)) == pytest.approx(energy, rel=1e-9, abs=1e-15)
    assert float(points.current_a @ widths(points)) == pytest.approx(charge, rel=1e-9, abs=1e-15)
    assert widths(points).sum() == pytest.approx(trace.duration_s, rel=1e-12)
    best = max_power_w(trace.source)[slice(None) if points.segment is None else points.segment]
    np.testing.assert_allclose(points.available_w, best, rtol=1e-12)
    assert (points.power_w <= points.available_w * (1 + 1e-12)).all()


@settings(max_examples=60)
@given(st.sampled_from(KINDS), st.integers(0, 2**32 - 1), st.integers(1, 50), st.booleans())
def test_the_ideal_charger_is_at_the_maximum_power_point_on_the_source(
    kind: str, seed: int, segments: int, uniform: bool
) -> None:
    rng = np.random.default_rng(seed)
    edges = None if uniform else np.concatenate(([0.0], np.cumsum(rng.uniform(0.1, 2, segments))))
    trace = PowerTrace("t", make_source(kind, rng, segments), 0.5 if uniform else None, edges)
    points = operating_points(trace, None)
    assert (points.step_s is not None) == uniform
    assert points.segment is None
    np.testing.assert_allclose(points.power_w, max_power_w(trace.source), rtol=1e-12)
    np.testing.assert_allclose(points.voltage_v * points.current_a, points.power_w, rtol=1e-12)
    for k in range(segments):
        just_below = float(points.voltage_v[k]) * (1 - 1e-12)
        assert points.current_a[k] == pytest.approx(current_of(trace.source, k, just_below), rel=1e-6, abs=1e-15)


def test_a_matched_thevenin_source_loses_only_the_sampling_time() -> None:
    """Half the open-circuit voltage is the maximum power point: what is left is the duty of 1 - 256 ms / 16 s."""
    trace = PowerTrace("t", TheveninSource(np.array([4.0]), 1000.0), step_s=160.0)
    points = operating_points(trace, Mppt(fraction=0.5))
    taken = float(points.power_w @ widths(points))
    assert taken == pytest.approx(4.0**2 / 4000.0 * (160.0 - 10 * 0.256), rel=1e-12)
    paused = points.power_w == 0
    assert widths(points)[paused].sum() == pytest.approx(2.56, rel=1e-12)
    np.testing.assert_array_equal(points.voltage_v[paused], 4.0)
    np.testing.assert_array_equal(points.voltage_v[~paused], 2.0)


def test_light_that_falls_leaves_the_held_voltage_behind() -> None:
    """Sampled at 4 V, held at 3.2 V: more current at 5 V, at 3 V nothing until the next sampling."""
    trace = PowerTrace("t", TheveninSource(np.array([4.0, 5.0, 3.0]), 1000.0), edges_s=np.array([0.0, 4.0, 8.0, 20.0]))
    points = operating_points(trace, Mppt(fraction=0.8))
    assert points.edges_s is not None
    np.testing.assert_allclose(points.edges_s, [0, 0.256, 4, 8, 16, 16.256, 20])
    np.testing.assert_allclose(points.voltage_v, [4.0, 3.2, 3.2, 3.0, 3.0, 2.4])
    np.testing.assert_allclose(points.current_a, [0, 0.8e-3, 1.8e-3, 0, 0, 0.6e-3])
    assert points.segment is not None
    np.testing.assert_array_equal(points.segment, [0, 0, 1, 2, 2, 2])


def test_the_voltage_is_that_of_the_end_of_the_sampling_time() -> None:
    trace = PowerTrace("t", TheveninSource(np.array([1.0, 2.0, 3.0]), 1.0), edges_s=np.array([0.0, 0.1, 0.256, 16.0]))
    held = operating_points(trace, Mppt(fraction=0.5)).voltage_v[-1]
    assert held == pytest.approx(1.0)
    at_once = operating_points(trace, Mppt(fraction=0.5, sampling=0.0)).voltage_v[-1]
    assert at_once == pytest.approx(0.5)


def test_a_trace_whose_samples_lie_on_the_sampling_times_stays_uniform() -> None:
    rng = np.random.default_rng(3)
    trace = PowerTrace("t", TheveninSource(rng.uniform(3, 5, 50_000), 1000.0), step_s=0.001)
    points = operating_points(trace, Mppt(fraction=0.5))
    assert points.step_s == 0.001
    assert points.segment is None
    paused = np.flatnonzero(points.current_a == 0)
    np.testing.assert_array_equal(paused, np.concatenate([np.arange(k, k + 256) for k in (0, 16_000, 32_000, 48_000)]))
    for start in (0, 16_000, 32_000, 48_000):
        source = trace.source
        assert isinstance(source, TheveninSource)
        after = points.voltage_v[start + 256 : start + 300]
        reached = np.minimum(source.voltage_v[start + 255] / 2, source.voltage_v[start + 256 : start + 300])
        np.testing.assert_allclose(after, reached)


def test_cutting_a_year_of_minutes_keeps_its_length_and_its_segments() -> None:
    """Beyond one piece of the walk (2^20), with times that are no whole numbers of the period."""
    minutes = 400_000
    trace = PowerTrace("t", TheveninSource(np.linspace(1.0, 5.0, minutes), 100.0), step_s=60.0)
    points = operating_points(trace, Mppt(fraction=0.5))
    assert points.segment is not None
    assert points.edges_s is not None
    assert points.edges_s[-1] == trace.duration_s
    assert points.power_w.size > 1 << 20
    length = np.bincount(points.segment, widths(points))
    np.testing.assert_allclose(length, 60.0, rtol=1e-6)
    energy = np.bincount(points.segment, widths(points) * points.power_w)
    # A minute's voltage is that of the minute before for at most 16 s, which is less than 1e-5 off here.
    paused = np.bincount(points.segment, widths(points) * (points.current_a == 0))
    np.testing.assert_allclose(
        energy, points.available_w[np.flatnonzero(np.diff(points.segment, prepend=-1))] * (60 - paused), rtol=1e-8
    )


def test_curves_have_the_same_points_in_any_piece_of_the_walk() -> None:
    """40,000 curves of 32 points exceed one piece."""
    rng = np.random.default_rng(5)
    curves = fill_factor_curves(rng.uniform(0.5, 2, 40_000), rng.uniform(0, 1e-3, 40_000), 0.6, 32)
    trace = PowerTrace("t", curves, step_s=0.05)
    mppt = Mppt(fraction=0.75, period=1.0, sampling=0.13)
    whole = operating_points(trace, mppt)
    later = operating_points(trace.crop(1800.0), mppt)
    assert whole.edges_s is not None
    first = int(np.searchsorted(whole.edges_s, 1800.0 - 1e-9))
    np.testing.assert_allclose(later.power_w, whole.power_w[first:], rtol=1e-9, atol=1e-18)


def test_a_power_trace_is_taken_as_it_is() -> None:
    trace = PowerTrace("t", PowerSource(np.array([1e-3, 0.0, 2e-3])), step_s=1.0)
    unknown = operating_points(trace, Mppt(fraction=0.8))
    np.testing.assert_array_equal(unknown.power_w, [1e-3, 0, 2e-3])
    assert np.isnan(unknown.voltage_v).all()
    np.testing.assert_array_equal(np.isnan(unknown.current_a), [True, False, True])
    told = operating_points(trace, None, source_voltage=2.0)
    np.testing.assert_allclose(told.current_a, [0.5e-3, 0, 1e-3])
    own = PowerTrace("t", PowerSource(np.array([1e-3, 2e-3]), np.array([4.0, 0.0])), step_s=1.0)
    recorded = operating_points(own, None, source_voltage=2.0)
    np.testing.assert_array_equal(recorded.voltage_v, [4.0, 0.0])
    np.testing.assert_array_equal(recorded.current_a, [0.25e-3, np.nan])


@settings(max_examples=40)
@given(st.sampled_from(KINDS), st.integers(0, 2**32 - 1), st.floats(0.05, 6.0))
def test_a_clamped_input_draws_the_current_at_that_voltage(kind: str, seed: int, volts: float) -> None:
    trace = PowerTrace("t", make_source(kind, np.random.default_rng(seed), 20), step_s=1.0)
    points = clamped_points(trace, volts)
    wanted = [current_of(trace.source, k, volts) for k in range(20)]
    np.testing.assert_allclose(points.current_a, wanted, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(points.power_w, [volts * i for i in wanted], rtol=1e-9, atol=1e-15)
    assert points.step_s == 1.0


def test_a_clamped_power_trace_keeps_its_power() -> None:
    trace = PowerTrace("t", PowerSource(np.array([1e-3, 0.0]), np.array([2.0, 2.0])), step_s=1.0)
    points = clamped_points(trace, 0.33)
    np.testing.assert_array_equal(points.power_w, [1e-3, 0.0])
    np.testing.assert_allclose(points.current_a, [1e-3 / 0.33, 0.0])


def test_a_trace_too_short_for_the_charger_is_refused() -> None:
    source = TheveninSource(np.array([4.0]), 1000.0)
    with pytest.raises(InputError, match="make the trace longer"):
        operating_points(PowerTrace("t", source, step_s=10.0), Mppt(fraction=0.5))
    held = operating_points(PowerTrace("t", source, step_s=10.0, end=TraceEnd.HOLD), Mppt(fraction=0.5))
    np.testing.assert_allclose(held.power_w, [0.0, 4e-3])
    with pytest.raises(InputError, match="while the charger still samples"):
        operating_points(PowerTrace("t", source, step_s=0.2, end=TraceEnd.STOP), Mppt(fraction=0.5))
    with pytest.raises(InputError, match="positive"):
        clamped_points(PowerTrace("t", source, step_s=1.0), 0.0)


def test_the_struct_reads_units_and_refuses_nonsense() -> None:
    mppt = decode({"fraction": "78%", "period": "16s", "sampling": "256ms"}, Mppt, "charger")
    assert mppt == Mppt(fraction=0.78)
    for bad, message in (
        ({}, "fraction"),
        ({"fraction": 1.0}, "`fraction` must lie between"),
        ({"fraction": 0.8, "period": 0}, "`period`"),
        ({"fraction": 0.8, "sampling": "16s"}, "`sampling`"),
        ({"fraction": 0.8, "duty": 0.1}, "unknown key `duty`"),
    ):
        with pytest.raises(InputError, match=message):
            decode(bad, Mppt, "charger")


@pytest.mark.parametrize(("fraction", "least"), [(0.73, 0.97), (0.8, 0.90), (0.5, 0.65)])
def test_a_charger_on_a_runners_cell(shared: Path, fraction: float, least: float) -> None:
    """30,834 measured curves; the notes put their maximum power at 0.73 of the open-circuit voltage on average."""
    trace = load_trace(str(shared / "data/solar_jogging_iv/jogging_10m_iv.npz"))
    best = operating_points(trace, None)
    taken = operating_points(trace, Mppt(fraction=fraction))
    share = float(taken.power_w @ widths(taken)) / float(best.power_w @ widths(best))
    assert least < share < 1 - 0.256 / 16
    sampled = np.flatnonzero(taken.current_a == 0)
    assert float(widths(taken)[sampled].sum()) == pytest.approx(39 * 0.256, rel=1e-6)
    voltages = best.voltage_v / trace.source.voltage_v[:, -1]  # type: ignore[union-attr]
    assert float(voltages.mean()) == pytest.approx(0.73, abs=0.005)
