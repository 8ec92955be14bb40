"""Statistics, envelope and editing of traces against brute force and conservation of energy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simint.errors import InputError
from simint.trace.envelope import envelope, share_above
from simint.trace.power_trace import PowerSource, PowerTrace, TheveninSource, TraceEnd, max_power_w
from simint.trace.source import CHUNK
from simint.trace.statistics import energy_j, trace_statistics

POWERS = st.lists(st.sampled_from([0.0, 1e-4, 1e-3, 5e-3]) | st.floats(0, 1e-2), min_size=1, max_size=40)


@st.composite
def traces(draw: st.DrawFn) -> PowerTrace:
    """Uniform and irregular traces of powers and Thevenin sources, with any end."""
    values = np.array(draw(POWERS))
    source: PowerSource | TheveninSource = PowerSource(values)
    if draw(st.booleans()):
        source = TheveninSource(np.sqrt(values * 4 * 2800), 2800.0)
    end = draw(st.sampled_from(TraceEnd))
    if draw(st.booleans()):
        return PowerTrace("t", source, step_s=draw(st.floats(1e-3, 100)), end=end)
    lengths = draw(st.lists(st.floats(1e-3, 100), min_size=values.size, max_size=values.size))
    return PowerTrace("t", source, edges_s=np.concatenate(([0.0], np.cumsum(lengths))), end=end)


def longest_outage(power: list[float], length: list[float], threshold: float, wraps: bool) -> float:
    """Walk two passes, segment by segment."""
    if wraps and all(p <= threshold for p in power):
        return math.inf
    longest = current = 0.0
    for p, s in list(zip(power, length, strict=True)) * (2 if wraps else 1):
        current = current + s if p <= threshold else 0.0
        longest = max(longest, current)
    return longest


@given(trace=traces(), threshold=st.sampled_from([0.0, 1e-4, 1e-3, 4e-3]))
@settings(max_examples=300, deadline=None)
def test_statistics_equal_brute_force(trace: PowerTrace, threshold: float) -> None:
    numbers = trace_statistics(trace, threshold)
    power = max_power_w(trace.source).tolist()
    length = np.diff(trace.edge_times()).tolist()
    energy = math.fsum(p * s for p, s in zip(power, length, strict=True))
    assert numbers.energy_j == pytest.approx(energy, rel=1e-12, abs=1e-18)
    assert numbers.mean_w == pytest.approx(energy / trace.duration_s, rel=1e-12, abs=1e-18)
    assert numbers.energy_per_day_j == pytest.approx(86400 * energy / trace.duration_s, rel=1e-12, abs=1e-15)
    assert numbers.peak_w == max(power)
    above = math.fsum(s for p, s in zip(power, length, strict=True) if p > threshold)
    assert numbers.duty == pytest.approx(above / trace.duration_s, abs=1e-12)
    assert numbers.outage_wraps == (trace.end is TraceEnd.LOOP)
    expected = longest_outage(power, length, threshold, numbers.outage_wraps)
    assert numbers.longest_outage_s == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_statistics_do_not_depend_on_the_pieces() -> None:
    """More segments than one piece, with outages across its border."""
    rng = np.random.default_rng(1)
    power = rng.random(2 * CHUNK + 17).astype(np.float32)
    power[CHUNK - 30 : CHUNK + 40] = 0.0
    power[:5] = power[-9:] = 0.0
    trace = PowerTrace("long", PowerSource(power), step_s=1e-3)
    numbers = trace_statistics(trace, 0.5)
    below = power <= 0.5
    assert numbers.duty == pytest.approx(1 - below.mean(), abs=1e-12)
    assert numbers.energy_j == pytest.approx(math.fsum(power.tolist()) * 1e-3, rel=1e-12)
    edges = np.flatnonzero(np.diff(below.astype(int), prepend=0, append=0))
    assert numbers.longest_outage_s == pytest.approx((edges[1::2] - edges[::2]).max() * 1e-3)
    assert numbers.longest_outage_s >= 0.070


def test_the_default_threshold_is_a_tenth_of_the_mean() -> None:
    trace = PowerTrace("t", PowerSource(np.array([1.0, 0.09, 0.11])), step_s=1.0)
    numbers = trace_statistics(trace)
    assert numbers.threshold_w == pytest.approx(0.04)
    assert numbers.duty == 1.0


@pytest.mark.parametrize("threshold", [-1e-3, math.inf, math.nan])
def test_bad_thresholds_are_refused(threshold: float) -> None:
    with pytest.raises(InputError, match="threshold"):
        trace_statistics(PowerTrace("t", PowerSource(np.array([1.0])), step_s=1.0), threshold)


@given(trace=traces(), factor=st.floats(0, 1e3))
@settings(deadline=None)
def test_scaling_multiplies_the_energy(trace: PowerTrace, factor: float) -> None:
    assert energy_j(trace.scaled(factor)) == pytest.approx(factor * energy_j(trace), rel=1e-9, abs=1e-15)


@given(trace=traces(), cuts=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)))
@settings(max_examples=200, deadline=None)
def test_crops_add_up_to_the_whole(trace: PowerTrace, cuts: tuple[float, float]) -> None:
    times = [0.0, *sorted({cut * trace.duration_s for cut in cuts}), trace.duration_s]
    parts = [trace.crop(a, b) for a, b in itertools.pairwise(times)]
    # A cut within a millionth of a step of a sample's edge is moved there.
    slack = 0.0 if trace.step_s is None else 4e-6 * trace.step_s * trace_statistics(trace).peak_w
    assert math.fsum(energy_j(part) for part in parts) == pytest.approx(
        energy_j(trace), rel=1e-9, abs=max(slack, 1e-15)
    )


@given(trace=traces(), bins=st.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_the_envelope_keeps_energy_and_extremes(trace: PowerTrace, bins: int) -> None:
    shape = envelope(trace, bins)
    power = max_power_w(trace.source)
    assert np.all(shape.low_w <= shape.mean_w)
    assert np.all(shape.mean_w <= shape.high_w)
    assert shape.low_w.min() == power.min()
    assert shape.high_w.max() == power.max()
    assert float(np.dot(shape.mean_w, np.diff(shape.edges_s))) == pytest.approx(energy_j(trace), rel=1e-6, abs=1e-12)


@given(trace=traces())
@settings(max_examples=50, deadline=None)
def test_one_bin_for_each_uniform_segment_is_the_trace(trace: PowerTrace) -> None:
    shape = envelope(trace, trace.segments)
    if trace.step_s is not None:
        assert shape.mean_w == pytest.approx(max_power_w(trace.source), rel=1e-6, abs=1e-9)


@given(trace=traces(), levels=st.integers(1, 50))
@settings(deadline=None)
def test_the_area_under_the_shares_is_the_mean(trace: PowerTrace, levels: int) -> None:
    """Mean power is the integral of the share of time above each power; bins make it uncertain by one bin."""
    numbers = trace_statistics(trace)
    if numbers.peak_w < 1e-100:  # subnormal numbers have no digits left to divide
        return
    shares = share_above(trace, levels, numbers.peak_w)
    width = numbers.peak_w / levels
    assert shares[0] == pytest.approx(1.0)
    assert shares[-1] == 0
    assert np.all(np.diff(shares) <= 1e-12)
    assert width * shares[1:].sum() <= numbers.mean_w * (1 + 1e-9)
    assert width * shares[:-1].sum() >= numbers.mean_w * (1 - 1e-9)
