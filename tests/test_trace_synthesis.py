"""The generators against their models: geometry, link budget, energies, shares of time and means."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from simint.errors import InputError
from simint.trace.power_trace import PowerTrace, content_hash, max_power_w
from simint.trace.statistics import energy_j
from simint.trace.synthesis.generators import GENERATORS, synthesize
from simint.trace.synthesis.indoor import OfficeLight, lamps_on
from simint.trace.synthesis.kinetic import WalkingShoe, pulse_energy
from simint.trace.synthesis.outdoor import OutdoorSolar, clear_sky_w_m2, elevation_sine
from simint.trace.synthesis.processes import lagged, markov, ornstein_uhlenbeck
from simint.trace.synthesis.radio import RadioWalkBy, fading, friis_w, walked_m
from simint.trace.synthesis.span import Span
from simint.trace.synthesis.thermal import WristThermal

RANDOM = ("outdoor-solar", "office-light", "rf-walk-by", "rf-on-off", "walking-shoe", "wrist-thermal")
DAY = 86400.0


def make(name: str, seed: int = 1) -> PowerTrace:
    generator = next(g for g in GENERATORS if g.name == name)
    return synthesize(name, duration_s=DAY, step_s=60.0 if generator.sampled else None, seed=seed)


def mean_w(trace: PowerTrace) -> float:
    return energy_j(trace) / trace.duration_s


@pytest.mark.parametrize("name", [g.name for g in GENERATORS])
def test_same_seed_same_trace(name: str) -> None:
    assert content_hash(make(name, 7)) == content_hash(make(name, 7))
    assert make(name).duration_s == pytest.approx(DAY, rel=1e-12)


@pytest.mark.parametrize("name", RANDOM)
def test_other_seed_other_trace(name: str) -> None:
    assert content_hash(make(name, 1)) != content_hash(make(name, 2))


@pytest.mark.parametrize("name", [g.name for g in GENERATORS])
def test_powers_suit_a_small_harvester(name: str) -> None:
    assert 10e-6 < mean_w(make(name)) < 30e-3


# Sun and clouds


def test_sun_is_overhead_at_noon_of_the_equinox_on_the_equator() -> None:
    # Cooper's declination is 0 on day 81.
    assert elevation_sine(0.0, 81, np.array([DAY / 2])) == pytest.approx(1.0, abs=1e-6)
    assert clear_sky_w_m2(np.array([1.0])) == pytest.approx(1098 * math.exp(-0.057))


@given(latitude=st.floats(-60, 60), day=st.integers(1, 365))
@settings(max_examples=30, deadline=None)
def test_day_length_is_that_of_the_sunset_equation(latitude: float, day: int) -> None:
    times = (np.arange(86400) + 0.5) * 1.0
    lit_s = float((elevation_sine(latitude, day, times) > 0).sum())
    declination = math.radians(23.45) * math.sin(2 * math.pi * (284 + day) / 365)
    sunset = math.acos(-math.tan(math.radians(latitude)) * math.tan(declination))
    assert lit_s == pytest.approx(DAY * sunset / math.pi, abs=2.0)


def test_solar_power_is_zero_at_night_and_follows_the_mean_index() -> None:
    parameters = OutdoorSolar()
    days, step = 120, 60.0
    trace = synthesize("outdoor-solar", {"latitude_deg": 0.0}, duration_s=days * DAY, step_s=step, seed=3)
    power = max_power_w(trace.source)
    sine = elevation_sine(0.0, parameters.day_of_year, Span(days * DAY, step).midpoints())
    assert np.all(power[sine <= 0] == 0)
    clear = clear_sky_w_m2(sine) * parameters.peak_power / 1000
    share = parameters.clear_time / (parameters.clear_time + parameters.cloud_time)
    expected = share * parameters.clear_index + (1 - share) * parameters.cloud_index
    assert power.sum() / clear.sum() == pytest.approx(expected, rel=0.03)


def test_cloud_parameters_are_those_of_the_cited_month(shared: Path) -> None:
    """The defaults come from one-minute irradiance at Golden, Colorado, September 2018."""
    parameters = OutdoorSolar()
    with np.load(shared / "data" / "solar_srrl_1min" / "srrl_cm3_ghi.npz") as file:
        irradiance = np.clip(file["ghi_2018sep"].astype(np.float64), 0, None)
    clock_s = np.arange(irradiance.size) * 60.0
    day = 244 + np.floor(clock_s / DAY)
    # Equation of time (Spencer's short form, minutes) and 0.18 degrees west of the zone's meridian.
    angle = 2 * np.pi * (day - 81) / 364
    equation_s = 60 * (9.87 * np.sin(2 * angle) - 7.53 * np.cos(angle) - 1.5 * np.sin(angle))
    sine = elevation_sine(parameters.latitude_deg, 244, clock_s + equation_s - 0.18 * 240)
    up = sine > math.sin(math.radians(15))
    index = irradiance[up] / clear_sky_w_m2(sine[up])
    clear = index > 0.7
    share = parameters.clear_time / (parameters.clear_time + parameters.cloud_time)
    assert clear.mean() == pytest.approx(share, rel=0.02)
    assert index[clear].mean() == pytest.approx(parameters.clear_index, rel=0.01)
    assert index[~clear].mean() == pytest.approx(parameters.cloud_index, rel=0.02)
    assert index[clear].std() == pytest.approx(parameters.clear_deviation, rel=0.05)
    assert index[~clear].std() == pytest.approx(parameters.cloud_deviation, rel=0.05)


# Office


def test_lamps_follow_the_working_week() -> None:
    """Without habit and delay, the share of time on is that of a two-state process that starts on."""
    parameters = OfficeLight(habit=0.0, lamp_delay=0.0)
    times = (np.arange(280 * 1440) + 0.5) * 60.0
    on = lamps_on(parameters, times, np.random.default_rng(5))
    of_day, weekday = np.mod(times, DAY), np.floor(times / DAY) % 7
    working = (weekday < 5) & (of_day > parameters.arrival) & (of_day < parameters.departure)
    assert not on[~working].any()
    length = parameters.departure - parameters.arrival
    rate = 1 / parameters.presence + 1 / parameters.absence
    steady = parameters.presence / (parameters.presence + parameters.absence)
    expected = steady + (1 - steady) * (1 - math.exp(-rate * length)) / (rate * length)
    assert on[working].mean() == pytest.approx(expected, rel=0.03)


def test_lamp_delay_only_adds_light() -> None:
    times = (np.arange(14 * 1440) + 0.5) * 60.0
    short = lamps_on(OfficeLight(lamp_delay=0.0), times, np.random.default_rng(5))
    held = lamps_on(OfficeLight(lamp_delay=1200.0), times, np.random.default_rng(5))
    assert np.all(held[short])
    assert held.sum() > short.sum()
    # Every light that the delay adds began less than the delay before.
    extra = np.flatnonzero(held & ~short)
    assert all(short[max(0, k - 20) : k].any() for k in extra)


# Radio


def test_friis_equals_the_free_space_loss_in_decibel() -> None:
    parameters = RadioWalkBy(receive_gain=1.0)
    received = friis_w(parameters, np.array([1.0, 10.0]))
    loss_db = 20 * math.log10(4 * math.pi * 915e6 / 299_792_458)
    assert 10 * np.log10(received / parameters.radiated_power) == pytest.approx([-loss_db, -loss_db - 20])


@pytest.mark.parametrize(("rice_factor", "variance"), [(0.0, 1.0), (4.0, 9 / 25)])
def test_fading_has_mean_one_and_the_variance_of_rice(rice_factor: float, variance: float) -> None:
    # Variance of a Rice fading power of mean 1: (1 + 2 K) / (1 + K)^2.
    moved = np.linspace(0, 400.0, 40_000)
    gains = [fading(RadioWalkBy(rice_factor=rice_factor), moved, np.random.default_rng(k)) for k in range(20)]
    assert np.mean(gains) == pytest.approx(1.0, rel=0.04)
    assert np.var(gains) == pytest.approx(variance, rel=0.1)


def test_walk_by_has_the_mean_of_the_straight_line() -> None:
    """Without pauses and sensitivity: mean of 1/d^2 over the path is atan(L/b) / (L b)."""
    given_values = {"pause": 0.0, "sensitivity": 0.0}
    parameters = RadioWalkBy(pause=0.0, sensitivity=0.0)
    crossing_s = 2 * parameters.half_path_m / parameters.speed_m_s
    step = crossing_s / 4000
    traces = [synthesize("rf-walk-by", given_values, duration_s=4 * crossing_s, step_s=step, seed=k) for k in range(60)]
    at_metre = float(friis_w(parameters, np.array([1.0]))[0]) * parameters.efficiency
    path = math.atan(parameters.half_path_m / parameters.closest_m) / (parameters.half_path_m * parameters.closest_m)
    assert np.mean([mean_w(t) for t in traces]) == pytest.approx(at_metre * path, rel=0.06)


def test_fading_is_frozen_while_the_carrier_rests_and_weak_signals_give_nothing() -> None:
    parameters = RadioWalkBy()
    span = Span(600.0, 0.01)
    moved = walked_m(parameters, span, np.random.default_rng(4))
    trace = synthesize("rf-walk-by", duration_s=600.0, step_s=0.01, seed=4)
    power = max_power_w(trace.source)
    resting = np.diff(moved) == 0
    assert resting.sum() > 1000
    assert np.all(np.diff(power)[resting] == 0)
    harvested = power[power > 0]
    assert harvested.min() >= parameters.sensitivity * parameters.efficiency
    assert np.diff(moved).max() == pytest.approx(parameters.speed_m_s * 0.01)


def test_on_off_source_has_exponential_times_and_the_expected_mean() -> None:
    trace = synthesize("rf-on-off", duration_s=200_000.0, seed=2)
    assert trace.edges_s is not None
    assert mean_w(trace) == pytest.approx(5e-3 * 2 / 10, rel=0.03)
    lengths, power = np.diff(trace.edges_s)[1:-1], max_power_w(trace.source)[1:-1]
    for level, mean in ((5e-3, 2.0), (0.0, 8.0)):
        assert stats.kstest(lengths[power == level], stats.expon(scale=mean).cdf).pvalue > 0.01


# Processes


@given(step=st.floats(0.01, 10.0))
@settings(max_examples=15, deadline=None)
def test_ornstein_uhlenbeck_is_exact_for_every_step(step: float) -> None:
    values = ornstein_uhlenbeck(np.random.default_rng(1), 400_000, step, 1.0)
    # Standard error of the variance of n correlated samples, with tanh(step) of them independent.
    error = math.sqrt(2 / (values.size * math.tanh(step)))
    assert values.var() == pytest.approx(1.0, abs=5 * error)
    assert np.mean(values[1:] * values[:-1]) == pytest.approx(math.exp(-step), abs=5 * error)


def test_lag_keeps_a_constant_and_answers_a_step_exponentially() -> None:
    assert lagged(np.full(50, 3.0), 0.1, 2.0) == pytest.approx(3.0)
    step = np.concatenate(([0.0], np.ones(99)))
    assert lagged(step, 0.1, 2.0)[1:] == pytest.approx(1 - np.exp(-0.05 * np.arange(1, 100)))


@given(on=st.floats(0.1, 5), off=st.floats(0.1, 5), duration=st.floats(0.01, 100), seed=st.integers(0, 1000))
@settings(deadline=None)
def test_two_state_edges_cover_the_duration_and_states_alternate(
    on: float, off: float, duration: float, seed: int
) -> None:
    process = markov(np.random.default_rng(seed), on, off, duration)
    assert process.edges_s[0] == 0
    assert process.edges_s[-1] == duration
    assert np.all(np.diff(process.edges_s) > 0)
    assert np.all(process.on[1:] != process.on[:-1])
    middles = (process.edges_s[1:] + process.edges_s[:-1]) / 2
    assert np.array_equal(process.at(middles), process.on)


# Walking


def test_pulse_energy_is_the_integral_of_the_ringing() -> None:
    parameters = WalkingShoe()

    def power(t: float) -> float:
        return math.exp(-2 * t / parameters.decay) * math.sin(2 * math.pi * parameters.resonance * t) ** 2

    total = integrate.quad(power, 0, 4.0, limit=500)[0]
    for until in (0.01, 0.1, 0.5):
        part = integrate.quad(power, 0, until, limit=500)[0]
        assert pulse_energy(parameters, np.array([until]))[0] == pytest.approx(part / total, rel=1e-6)
    assert pulse_energy(parameters, np.array([-1.0, 0.0, 50.0])) == pytest.approx([0, 0, 1], abs=1e-15)


def test_walking_energy_does_not_depend_on_the_sampling() -> None:
    fine = max_power_w(synthesize("walking-shoe", duration_s=300.0, step_s=0.005, seed=3).source) * 0.005
    coarse = max_power_w(synthesize("walking-shoe", duration_s=300.0, step_s=0.05, seed=3).source) * 0.05
    assert fine.reshape(-1, 10).sum(axis=1) == pytest.approx(coarse, abs=1e-10)


def test_bouts_have_the_published_quantiles() -> None:
    """Orendurff et al. 2008: 60 % of bouts last 30 s or less, 1 % two minutes or more."""
    parameters = WalkingShoe()
    bouts = stats.lognorm(parameters.bout_shape, scale=parameters.bout_median)
    assert bouts.cdf(30.0) == pytest.approx(0.60, abs=0.005)
    assert bouts.sf(120.0) == pytest.approx(0.01, abs=0.001)
    assert bouts.mean() == pytest.approx(parameters.bout_mean_s)


def test_walking_mean_is_energy_times_rate_times_share_of_walking() -> None:
    parameters = WalkingShoe()
    share = parameters.bout_mean_s / (parameters.bout_mean_s + parameters.rest_mean_s)
    expected = parameters.strike_energy * parameters.stride_rate * share
    trace = synthesize("walking-shoe", duration_s=2 * DAY, step_s=0.5, seed=1)
    assert mean_w(trace) == pytest.approx(expected, rel=0.04)
    # While walking the model gives the 4.13 mW that was measured.
    assert parameters.strike_energy * parameters.stride_rate == pytest.approx(4.13e-3)


# Wrist


def test_wrist_power_is_that_of_the_figure_of_merit() -> None:
    """In a steady state P = Z dT^2 / (4 R_thermal), whatever the number of couples."""
    for couples in (10, 1000):
        trace = synthesize(
            "wrist-thermal",
            {"air_deviation": 0.0, "moving_gain": 1.0, "couples": couples},
            duration_s=600.0,
            step_s=10.0,
        )
        p = WristThermal()
        across = 15.0 * p.generator_resistance / (p.body_resistance + p.generator_resistance + p.air_resistance)
        expected = p.figure_of_merit * across**2 / (4 * p.generator_resistance / p.area)
        assert max_power_w(trace.source) == pytest.approx(expected)


# Without chance


@given(period=st.floats(0.5, 50), duty=st.floats(0.05, 0.95), duration=st.floats(1, 200))
def test_square_wave_energy(period: float, duty: float, duration: float) -> None:
    trace = synthesize("square-wave", {"period": period, "duty": duty, "low": 1e-3}, duration_s=duration)
    whole, rest = divmod(duration, period)
    high_s = whole * duty * period + min(rest, duty * period)
    assert energy_j(trace) == pytest.approx(5e-3 * high_s + 1e-3 * (duration - high_s), rel=1e-9)


# Refusals


@pytest.mark.parametrize(
    ("generator", "parameters", "step_s", "message"),
    [
        ("solar", {}, None, "unknown generator 'solar'"),
        ("rf-on-off", {"power": 1}, None, "unknown key `power`"),
        ("rf-on-off", {"mean_on": "2mW"}, None, "mean_on"),
        ("rf-on-off", {"mean_on": 0}, None, "`mean_on` must be positive"),
        ("rf-on-off", {"on_power": -1e-3}, None, "`on_power` must not be below 0"),
        ("rf-on-off", {}, 0.1, "takes no `sampling`"),
        ("rf-walk-by", {}, None, "needs `sampling`"),
        ("rf-walk-by", {}, 7.0, "whole number of sampling intervals"),
        ("rf-walk-by", {"efficiency": 1.5}, 0.1, "`efficiency` must lie between 0 and 1"),
        ("square-wave", {"duty": 1.0}, None, "`duty` must lie between 0 and 1"),
        ("outdoor-solar", {"cloud_index": 1.2}, 1.0, "`cloud_index` must lie below `clear_index`"),
        ("office-light", {"arrival": "20h"}, 1.0, "`arrival` must come before `departure`"),
        ("walking-shoe", {"decay": "2s"}, 0.1, "`decay` must be shorter than a stride"),
        ("wrist-thermal", {"air_celsius": 40}, 1.0, "`air_celsius` must lie below 37"),
        ("constant-thevenin", {"resistance": 0}, None, "`resistance` must be positive"),
    ],
)
def test_bad_requests_name_the_field(
    generator: str, parameters: dict[str, object], step_s: float | None, message: str
) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        synthesize(generator, parameters, duration_s=60.0, step_s=step_s)


def test_bad_seed_and_duration_are_refused() -> None:
    with pytest.raises(InputError, match="`seed`"):
        synthesize("rf-on-off", duration_s=60.0, seed=-1)
    with pytest.raises(InputError, match="`duration`"):
        synthesize("rf-on-off", duration_s=0.0)
    with pytest.raises(InputError, match="`duration`"):
        synthesize("constant-power", duration_s=math.inf)
