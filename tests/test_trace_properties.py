"""PowerTrace on random input: conservation under cut and scale for every kind, long traces, exact indices."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simint.errors import InputError
from simint.trace.power_trace import (
    CurrentSource,
    CurveSource,
    PowerSource,
    PowerTrace,
    Source,
    SourceKind,
    TheveninSource,
    TraceEnd,
    content_hash,
    max_power_w,
)
from simint.trace.source import CHUNK, take_segments

VALUES = st.lists(st.floats(0, 1e3), min_size=1, max_size=30)


def curves(rng: np.random.Generator, segments: int, points: int, shared_grid: bool = False) -> CurveSource:
    rows = 1 if shared_grid else segments
    steps = rng.uniform(0.01, 1.0, (rows, points - 1))
    voltage = np.concatenate((np.zeros((rows, 1)), np.cumsum(steps, axis=1)), axis=1)
    current = -np.sort(-rng.uniform(0, 1e-2, (segments, points)), axis=1)
    current[:, -1] = 0.0
    return CurveSource(voltage[0] if shared_grid else voltage, current)


def make_source(kind: str, rng: np.random.Generator, segments: int) -> Source:
    if kind == "power":
        return PowerSource(rng.uniform(0, 1e-3, segments), rng.uniform(0, 3, segments))
    if kind == "thevenin":
        return TheveninSource(rng.uniform(0, 5, segments), 2800.0)
    if kind == "thevenin-varying":
        return TheveninSource(rng.uniform(0, 5, segments), rng.uniform(1, 1e4, segments))
    if kind == "current":
        return CurrentSource(rng.uniform(0, 1e-3, segments), 3.3)
    return curves(rng, segments, 7, shared_grid=kind == "iv-shared")


KINDS = ("power", "current", "thevenin", "thevenin-varying", "iv", "iv-shared")


def make_trace(kind: str, rng: np.random.Generator, segments: int, uniform: bool) -> PowerTrace:
    source = make_source(kind, rng, segments)
    if uniform:
        return PowerTrace("random", source, step_s=float(rng.uniform(1e-3, 10)))
    edges = np.concatenate(([0.0], np.cumsum(rng.uniform(1e-3, 10, segments))))
    return PowerTrace("random", source, edges_s=edges)


def brute_energy_j(trace: PowerTrace) -> float:
    lengths = [right - left for left, right in pairwise(trace.edge_times())]
    return math.fsum(p * dt for p, dt in zip(max_power_w(trace.source).tolist(), lengths, strict=True))


# Timing and shape


def test_uniform_and_explicit_edges_describe_the_same_time() -> None:
    power = PowerSource(np.ones(4))
    uniform = PowerTrace("u", power, step_s=0.25)
    explicit = PowerTrace("e", power, edges_s=np.array([0, 0.25, 0.5, 0.75, 1.0]))
    assert uniform.edges_s is None
    assert uniform.duration_s == explicit.duration_s == 1.0
    np.testing.assert_array_equal(uniform.edge_times(), explicit.edge_times())
    np.testing.assert_array_equal(uniform.edge_times(1, 3), explicit.edge_times(1, 3))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("power", SourceKind.POWER), ("thevenin", SourceKind.THEVENIN), ("iv-shared", SourceKind.IV)],
)
def test_kind_follows_the_source(kind: str, expected: SourceKind) -> None:
    trace = make_trace(kind, np.random.default_rng(0), 5, uniform=True)
    assert trace.kind is expected
    assert trace.segments == 5


def test_single_precision_stays_and_other_numbers_become_double() -> None:
    assert PowerSource(np.ones(3, dtype=np.float32)).power_w.dtype == np.float32
    for values in (np.ones(3, dtype=np.int16), np.ones(3, dtype=">f4"), [1, 2]):
        assert PowerSource(values).power_w.dtype == np.float64  # type: ignore[arg-type]


# Maximum power


@given(st.lists(st.tuples(st.floats(0, 1e3), st.floats(1e-2, 1e6)), min_size=1, max_size=20))
def test_thevenin_maximum_power_is_that_of_a_matched_load(pairs: list[tuple[float, float]]) -> None:
    voltage, resistance = (np.array(column) for column in zip(*pairs, strict=True))
    best = max_power_w(TheveninSource(voltage, resistance))
    # Into a load R the source gives Vs^2 R / (Rs + R)^2; R = Rs is the maximum, 1 % beside it is below.
    for ratio in (0.99, 1.0, 1.01):
        load = ratio * resistance
        power = voltage**2 * load / (resistance + load) ** 2
        assert np.all(power <= best * (1 + 1e-12))
        if ratio == 1.0:
            np.testing.assert_allclose(power, best, rtol=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.booleans())
def test_curve_maximum_power_is_the_supremum_of_v_times_i(seed: int, points: int, shared_grid: bool) -> None:
    source = curves(np.random.default_rng(seed), 4, points, shared_grid)
    best = max_power_w(source)
    for row in range(source.segments):
        grid = source.voltage_v if source.voltage_v.ndim == 1 else source.voltage_v[row]
        # 200 points on every linear piece; between them V * I can exceed the sampled value by O(h^2) only.
        voltage = np.concatenate([np.linspace(a, b, 201) for a, b in pairwise(grid)])
        sampled = float(np.max(voltage * np.interp(voltage, grid, source.current_a[row])))
        assert best[row] >= sampled * (1 - 1e-12)
        assert best[row] == pytest.approx(sampled, rel=1e-3, abs=1e-15)


def test_a_straight_line_curve_is_a_thevenin_source() -> None:
    voltage, resistance = 5.892, 2800.0
    line = CurveSource(np.array([0.0, voltage]), np.array([[voltage / resistance, 0.0]]))
    thevenin = TheveninSource(np.array([voltage]), resistance)
    np.testing.assert_allclose(max_power_w(line), max_power_w(thevenin), rtol=1e-14)


def test_a_rectangular_curve_gives_its_corner_and_a_dark_one_nothing() -> None:
    flat = CurveSource(np.array([0.0, 1.0, 1.0 + 1e-12]), np.array([[2e-3, 2e-3, 0.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(max_power_w(flat), [2e-3, 0.0], rtol=1e-9)


def test_maximum_power_does_not_depend_on_the_pieces_it_is_computed_in() -> None:
    points = 3
    rows = 2 * (CHUNK // points) + 5
    source = curves(np.random.default_rng(3), rows, points)
    for first, last in ((0, 10), (CHUNK // points - 5, CHUNK // points + 5), (rows - 10, rows)):
        part = max_power_w(take_segments(source, first, last))
        np.testing.assert_array_equal(max_power_w(source)[first:last], part)


# Scaling and cropping


@given(st.sampled_from(KINDS), st.integers(0, 2**32 - 1), st.floats(0, 1e3), st.booleans())
def test_scaling_multiplies_the_maximum_power_and_the_energy(
    kind: str, seed: int, factor: float, uniform: bool
) -> None:
    trace = make_trace(kind, np.random.default_rng(seed), 6, uniform)
    scaled = trace.scaled(factor)
    np.testing.assert_allclose(max_power_w(scaled.source), factor * max_power_w(trace.source), rtol=1e-12, atol=1e-300)
    assert brute_energy_j(scaled) == pytest.approx(factor * brute_energy_j(trace), rel=1e-12)
    assert scaled.duration_s == trace.duration_s


def test_scaling_a_thevenin_source_keeps_its_resistance() -> None:
    trace = PowerTrace("bench", TheveninSource(np.array([4.0]), 2800.0), step_s=1.0).scaled(0.25)
    assert isinstance(trace.source, TheveninSource)
    assert trace.source.resistance_ohm == 2800.0
    np.testing.assert_allclose(trace.source.voltage_v, [2.0])


@given(
    st.sampled_from(KINDS),
    st.integers(0, 2**32 - 1),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5),
    st.booleans(),
)
def test_the_parts_of_a_cut_trace_have_its_energy_and_duration(
    kind: str, seed: int, cuts: list[float], uniform: bool
) -> None:
    trace = make_trace(kind, np.random.default_rng(seed), 8, uniform)
    times = sorted({0.0, trace.duration_s, *(cut * trace.duration_s for cut in cuts)})
    # A part shorter than a billionth of the trace is lost in the rounding of the cut itself.
    times = [times[0], *(t for before, t in pairwise(times) if t - before > 1e-9 * trace.duration_s)]
    times[-1] = trace.duration_s
    parts = [trace.crop(start, stop) for start, stop in pairwise(times)]
    assert math.fsum(part.duration_s for part in parts) == pytest.approx(trace.duration_s, rel=1e-6)
    assert math.fsum(map(brute_energy_j, parts)) == pytest.approx(brute_energy_j(trace), rel=1e-6)


@given(st.integers(1, 40), st.data())
def test_a_crop_on_the_sampling_grid_stays_uniform_and_shares_memory(segments: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, segments - 1))
    last = data.draw(st.integers(first + 1, segments))
    power = np.arange(segments, dtype=np.float32)
    trace = PowerTrace("grid", PowerSource(power), step_s=0.1)
    part = trace.crop(first * 0.1, last * 0.1)
    assert part.step_s == 0.1
    assert isinstance(part.source, PowerSource)
    np.testing.assert_array_equal(part.source.power_w, power[first:last])
    assert np.shares_memory(part.source.power_w, power)


def test_a_crop_inside_a_sample_keeps_the_exact_times() -> None:
    trace = PowerTrace("off-grid", PowerSource([1.0, 2.0, 3.0]), step_s=1.0)  # type: ignore[arg-type]
    part = trace.crop(0.25, 2.5)
    np.testing.assert_allclose(part.edge_times(), [0, 0.75, 1.75, 2.25], rtol=1e-15)
    assert brute_energy_j(part) == pytest.approx(0.75 + 2 + 1.5, rel=1e-15)


def test_cropping_twice_is_cropping_once() -> None:
    trace = make_trace("power", np.random.default_rng(5), 50, uniform=False)
    length = trace.duration_s
    twice = trace.crop(0.1 * length, 0.9 * length).crop(0.2 * length, 0.5 * length)
    once = trace.crop(0.3 * length, 0.6 * length)
    np.testing.assert_allclose(twice.edge_times(), once.edge_times(), atol=1e-12 * length)
    np.testing.assert_array_equal(max_power_w(twice.source), max_power_w(once.source))


def test_the_end_behaviour_changes_nothing_else() -> None:
    trace = PowerTrace("t", PowerSource(np.ones(2)), step_s=1.0)
    held = trace.with_end(TraceEnd.HOLD)
    assert (trace.end, held.end) == (TraceEnd.LOOP, TraceEnd.HOLD)
    assert held.source is trace.source
    assert content_hash(held) == content_hash(trace)


# Content hash


@given(VALUES, st.data())
@settings(max_examples=50)
def test_the_hash_sees_every_value_and_the_timing(values: list[float], data: st.DataObject) -> None:
    trace = PowerTrace("a", PowerSource(np.array(values)), step_s=1.0)
    assert content_hash(trace) == content_hash(PowerTrace("b", PowerSource(np.array(values)), step_s=np.float64(1.0)))
    index = data.draw(st.integers(0, len(values) - 1))
    changed = np.array(values)
    changed[index] = np.nextafter(changed[index], np.inf)
    others = [
        PowerTrace("a", PowerSource(changed), step_s=1.0),
        PowerTrace("a", PowerSource(np.array(values)), step_s=2.0),
        PowerTrace("a", PowerSource(np.array(values), np.array(values)), step_s=1.0),
        PowerTrace("a", TheveninSource(np.array(values), 1.0), step_s=1.0),
    ]
    assert len({content_hash(trace), *map(content_hash, others)}) == 5


# Refusals


def test_the_index_of_a_bad_value_is_right_beyond_the_first_piece() -> None:
    values = np.ones(CHUNK + 10, dtype=np.float32)
    values[CHUNK + 3] = np.nan
    with pytest.raises(InputError, match=rf"power_w\[{CHUNK + 3}\] is nan"):
        PowerSource(values)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([0.0, 1.0, 1.0], r"edges_s\[2\] is 1 s after 1 s"),
        ([0.0, 2.0, 1.0], r"edges_s\[2\] is 1 s after 2 s"),
        ([0.5, 1.0, 2.0], r"edges_s\[0\] is 0.5"),
        ([0.0, math.nan, 2.0], r"edges_s\[1\]"),
        ([0.0, 1.0, math.inf], "finite"),
        ([0.0, 1.0], "need"),
    ],
)
def test_edges_must_rise_strictly_from_zero(edges: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PowerTrace("bad", PowerSource(np.ones(2)), edges_s=np.array(edges))


@pytest.mark.parametrize("step", [0.0, -1.0, math.nan, math.inf])
def test_the_sampling_interval_must_be_positive(step: float) -> None:
    with pytest.raises(InputError, match="sampling interval"):
        PowerTrace("bad", PowerSource(np.ones(2)), step_s=step)


@pytest.mark.parametrize(("start", "stop"), [(-1.0, 1.0), (1.0, 1.0), (0.0, 3.1), (2.0, 1.0), (math.nan, 1.0)])
def test_a_crop_must_lie_inside_the_trace(start: float, stop: float) -> None:
    trace = PowerTrace("short", PowerSource(np.ones(3)), step_s=1.0)
    with pytest.raises(InputError, match=r"short.*within 0 to 3 s"):
        trace.crop(start, stop)


@pytest.mark.parametrize("factor", [-1.0, math.nan, math.inf])
def test_a_scale_factor_must_be_finite_and_not_negative(factor: float) -> None:
    with pytest.raises(InputError, match="scale factor"):
        PowerTrace("t", PowerSource(np.ones(1)), step_s=1.0).scaled(factor)
