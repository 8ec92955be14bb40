"""The capacitor through whole traces: many segments in one step against one by one, trace ends, clamp, books."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from stepping_cases import (
    Drive,
    Journey,
    converted,
    curve,
    direct,
    imbalance_j,
    in_one_call,
    moved_j,
    segment_by_segment,
    simple_node,
    size_of,
    stored_j,
)

from simint.physics.harvest_tree import ENERGY, FANOUT, LOWEST, MOMENT1, MOMENT2
from simint.physics.node import time_between
from simint.physics.source import CompiledSource, segment_end
from simint.physics.state import (
    AVAILABLE,
    FRONTEND_LOSS,
    HARVESTED,
    HIGH,
    LEAKED,
    LOW,
    NEVER,
    QUIESCENT,
    SPILLED,
    TIME,
    start_state,
)
from simint.physics.stepping import advance
from simint.physics.wiring import Node
from simint.trace.power_trace import TraceEnd

EPS = np.finfo(float).eps
EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32)
# Of the energy moved: what a crossing of many segments may neglect because V is not linear in the energy (the bound is
# stated in `crossing`), and the rounding of thousands of steps.
QUIESCENT_ERROR, ROUNDING = 1e-8, 1e-11


def noisy(rng: np.random.Generator, segments: int, mean_w: float) -> np.ndarray:
    """Powers with idle times and stretches of one value, as bursts of a harvester have."""
    power = rng.exponential(mean_w, segments) * (rng.random(segments) < rng.choice([0.4, 1.0]))
    if segments > 3 * FANOUT and rng.random() < 0.5:
        first = int(rng.integers(segments - 2 * FANOUT))
        power[first : first + 2 * FANOUT] = power[first]
    return power


@st.composite
def ways(draw: st.DrawFn) -> tuple[Node, CompiledSource, float, Drive, float]:
    """Node, noisy source (uniform or with edges), start, load and thresholds, offset."""
    rng = np.random.default_rng(draw(SEEDS))
    segments, step = int(rng.integers(1, 1500)), 10.0 ** rng.uniform(-5, 0)
    power = noisy(rng, segments, 10.0 ** rng.uniform(-4, -2))
    end = draw(st.sampled_from(TraceEnd))
    if rng.random() < 0.5:
        source = converted(power, step, end=end)
    else:
        source = converted(power, edges_s=np.append(0.0, np.cumsum(step * rng.uniform(0.1, 2.0, segments))), end=end)
    node = simple_node(1e-3, float(rng.choice([0.0, 1e-6, 1e-4])), float(rng.choice([0.0, 488e-9, 1e-5])), 4.5)
    load = float(rng.choice([0.0, 1e-3, 5e-3]))
    thresholds = (2.0, math.inf) if load > 0.0 else (-math.inf, float(rng.choice([3.3, math.inf])))
    drive = Drive(load, source.duration_s * rng.uniform(0.1, 2.5), *thresholds)
    offset = source.duration_s * rng.random() if rng.random() < 0.5 else 0.0
    return node, source, float(rng.uniform(2.1, 3.2)), drive, offset


def assert_equal_journeys(one: Journey, other: Journey, node: Node, drive: Drive, share: float) -> None:
    """The same end, and energies within `share` of all that was moved."""
    assert one.code == other.code
    stored = stored_j(size_of(node), other.voltage)
    allowed = share * moved_j(other, drive) + 1e-14 * stored
    assert stored_j(size_of(node), one.voltage) == pytest.approx(stored, abs=allowed)
    assert one.state.supply_j == pytest.approx(other.state.supply_j, abs=allowed)


# --- Many segments in one step ---


@EXAMPLES
@given(ways())
def test_crossing_many_segments_equals_walking_each(way: tuple[Node, CompiledSource, float, Drive, float]) -> None:
    node, source, v0, drive, offset = way
    share = ROUNDING if node.off_a == 0.0 else QUIESCENT_ERROR
    one, other = (go(node, source, v0, drive, offset) for go in (in_one_call, segment_by_segment))
    assert_equal_journeys(one, other, node, drive, share)
    # At a threshold the power says what an error of energy is worth in time.
    slowest_w = 0.01 * max(moved_j(other, drive) / max(other.time_s, 1e-12), 1e-9)
    assert one.time_s == pytest.approx(other.time_s, rel=1e-14, abs=share * moved_j(other, drive) / slowest_w)


@EXAMPLES
@given(ways())
def test_the_books_of_a_stretch_close(way: tuple[Node, CompiledSource, float, Drive, float]) -> None:
    node, source, v0, drive, offset = way
    journey = in_one_call(node, source, v0, drive, offset)
    highest = stored_j(size_of(node), max(v0, journey.voltage))
    allowed = 1e-12 * moved_j(journey, drive) + 1e-13 * highest
    assert abs(imbalance_j(journey, node, v0, drive)) <= allowed


@EXAMPLES
@given(SEEDS, st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5))
def test_any_split_of_the_time_ends_the_same(seed: int, cuts: list[float]) -> None:
    """Also from the middle of a segment, and from the middle of the first one of a trace."""
    rng = np.random.default_rng(seed)
    source = converted(noisy(rng, 400, 1e-3), 1e-2)
    node, v0 = simple_node(1e-2, 1e-6, 0.0, 5.0), 3.0
    total = Drive(2e-4, 7.0)
    whole = in_one_call(node, source, v0, total)
    state = start_state(source, v0, 0.0)
    for until in (*sorted(7.0 * cut for cut in cuts), 7.0):
        advance(node, source, state, total.load_w, True, until - state.tv[0], -math.inf, math.inf, True)
    assert_equal_journeys(Journey(TIME, state), whole, node, total, ROUNDING)
    assert state.tv[0] == pytest.approx(7.0, rel=1e-15)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.999])
def test_of_a_segment_that_has_begun_only_what_is_left_counts(share: float) -> None:
    power = np.array([1e-3, 5e-3] * 512)
    source, node = converted(power, 1e-3, efficiency=1.0, end=TraceEnd.STOP), simple_node(1.0, 0.0, 0.0, math.inf)
    journey = in_one_call(node, source, 1.0, Drive(0.0, 2.0), offset_s=share * 1e-3)
    assert journey.book(HARVESTED) == pytest.approx(power.sum() * 1e-3 - share * 1e-6, rel=1e-13)


@EXAMPLES
@given(SEEDS)
def test_without_losses_the_voltage_is_that_of_the_summed_energy(seed: int) -> None:
    """Boost, B = D = 0: energy is all there is, summed here exactly."""
    rng = np.random.default_rng(seed)
    power, step = rng.exponential(1e-3, 2000), 2.0**-10  # durations free of rounding
    segments, offset = int(rng.integers(1, 2000)), int(rng.integers(0, 2000))
    drive = Drive(2e-4, segments * step)
    journey = in_one_call(simple_node(10.0, 0.0, 0.0, math.inf), converted(power, step), 3.0, drive, offset * step)
    energy = math.fsum(power[(offset + k) % 2000] * step for k in range(segments))
    assert journey.book(HARVESTED) == pytest.approx(energy, rel=1e-13)
    assert journey.book(AVAILABLE) == journey.book(HARVESTED)
    assert journey.book(FRONTEND_LOSS) == pytest.approx(0.2 * energy, rel=1e-13)
    square = 9.0 + 2.0 / 10.0 * (0.8 * energy - 2e-4 * segments * step)
    assert journey.voltage == pytest.approx(math.sqrt(square), rel=1e-14)


@EXAMPLES
@given(SEEDS, st.booleans())
def test_the_sums_over_blocks_are_exact(seed: int, uniform: bool) -> None:
    rng = np.random.default_rng(seed)
    segments = int(rng.integers(1, 600))
    power = rng.exponential(1e-3, segments) * (rng.random(segments) < 0.7)
    edges = np.append(0.0, np.cumsum(rng.uniform(0.5, 2.0, segments)))
    source = converted(power, 0.5) if uniform else converted(power, edges_s=edges)
    edges = np.arange(segments + 1) * 0.5 if uniform else edges
    for level in range(1, source.tree.start.size):
        width = FANOUT**level
        for block in range(segments // width):
            row = source.tree.rows[source.tree.start[level - 1] + block]
            part = slice(block * width, (block + 1) * width)
            energy, moment1, moment2 = exact_moments(power[part], edges[block * width : (block + 1) * width + 1])
            assert row[ENERGY] == pytest.approx(energy, rel=1e-14)
            assert row[MOMENT1] == pytest.approx(moment1, rel=1e-13)
            assert row[MOMENT2] == pytest.approx(moment2, rel=1e-13)
            assert row[LOWEST] == power[part].min()


def exact_moments(power: np.ndarray, edges: np.ndarray) -> tuple[float, float, float]:
    """Integrals of P, P*(T - t) and P*(T - t)**2/2 over edges that end at T, in fractions."""
    left = [Fraction(float(edges[-1])) - Fraction(float(edge)) for edge in edges]
    p = [Fraction(float(value)) for value in power]
    return tuple(
        float(sum(pk * (left[k] ** n - left[k + 1] ** n) / divisor for k, pk in enumerate(p)))
        for n, divisor in ((1, 1), (2, 2), (3, 6))
    )  # type: ignore[return-value]


# --- Where a time lies in the trace ---


@EXAMPLES
@given(SEEDS, st.floats(0.0, 5.0), st.sampled_from(TraceEnd), st.booleans())
def test_a_state_starts_in_the_segment_of_its_time(seed: int, passes: float, end: TraceEnd, uniform: bool) -> None:
    rng = np.random.default_rng(seed)
    segments = int(rng.integers(1, 50))
    if uniform:
        source = converted(np.ones(segments), float(rng.choice([0.1, 1.0 / 3.0, 1e-5])), end=end)
    else:
        source = converted(
            np.ones(segments), edges_s=np.append(0.0, np.cumsum(rng.uniform(0.01, 1, segments))), end=end
        )
    trace_time = passes * source.duration_s
    state = start_state(source, 1.0, trace_time)
    segment, done = (int(k) for k in state.at)
    if end != TraceEnd.LOOP and trace_time >= source.duration_s:
        assert (segment, done) == (segments, 0)
        return
    inside = trace_time - done * source.duration_s
    rounding = 4.0 * EPS * max(trace_time, source.duration_s)
    assert 0 <= segment < segments
    assert (segment_end(source, segment - 1) if segment else 0.0) <= inside + rounding
    assert inside <= segment_end(source, segment) + rounding


@EXAMPLES
@given(SEEDS)
def test_a_loop_is_the_trace_again_and_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    power, step = rng.exponential(1e-3, 37), 0.125
    looped, written_out = converted(power, step), converted(np.tile(power, 5), step, end=TraceEnd.STOP)
    node, drive = simple_node(1e-2, 1e-5, 1e-6, 3.4), Drive(2e-4, 4.5 * looped.duration_s)
    assert_equal_journeys(
        in_one_call(node, looped, 3.0, drive), in_one_call(node, written_out, 3.0, drive), node, drive, QUIESCENT_ERROR
    )


@EXAMPLES
@given(SEEDS, st.sampled_from([TraceEnd.HOLD, TraceEnd.STOP]))
def test_after_the_last_segment_comes_its_value_or_nothing(seed: int, end: TraceEnd) -> None:
    rng = np.random.default_rng(seed)
    power, step = rng.exponential(1e-3, 37), 0.125
    after = power[-1] if end == TraceEnd.HOLD else 0.0
    ended, written_out = converted(power, step, end=end), converted(np.append(power, [after] * 40), step)
    node, drive = simple_node(1e-2, 1e-5, 1e-6, 5.0), Drive(1e-4, 70 * step)
    assert_equal_journeys(
        in_one_call(node, ended, 3.0, drive), in_one_call(node, written_out, 3.0, drive), node, drive, QUIESCENT_ERROR
    )


@EXAMPLES
@given(SEEDS, st.floats(0.0, 1.0))
def test_a_start_offset_is_a_trace_without_its_beginning(seed: int, begin: float) -> None:
    rng = np.random.default_rng(seed)
    power, edges = rng.exponential(1e-3, 37), np.append(0.0, np.cumsum(rng.uniform(0.05, 0.2, 37)))
    offset = 0.9 * begin * edges[-1]
    first = int(np.searchsorted(edges, offset, side="right")) - 1
    cropped = converted(power[first:], edges_s=np.append(0.0, edges[first + 1 :] - offset), end=TraceEnd.STOP)
    node, drive = simple_node(1e-2, 1e-5, 0.0, 5.0), Drive(1e-4, 0.08 * edges[-1])
    whole = in_one_call(node, converted(power, edges_s=edges, end=TraceEnd.STOP), 3.0, drive, offset)
    assert_equal_journeys(whole, in_one_call(node, cropped, 3.0, drive), node, drive, ROUNDING)


@EXAMPLES
@given(SEEDS)
def test_edges_that_happen_to_be_uniform_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    power = noisy(rng, 300, 1e-3)
    node, drive = simple_node(1e-2, 1e-5, 1e-6, 3.3), Drive(2e-4, 4000 * 0.125)
    uniform = in_one_call(node, converted(power, 0.125), 3.0, drive)
    edged = in_one_call(node, converted(power, edges_s=np.arange(301) * 0.125), 3.0, drive)
    assert_equal_journeys(uniform, edged, node, drive, ROUNDING)


# --- Sources without a converter ---


@EXAMPLES
@given(SEEDS)
def test_a_straight_curve_is_a_thevenin_source(seed: int) -> None:
    rng = np.random.default_rng(seed)
    volts, ohm = rng.uniform(2.0, 6.0, 30), 10.0 ** rng.uniform(2, 4)
    shares = np.array([0.0, 0.3, 0.35, 0.8, 1.0])
    bent = curve(volts[:, None] * shares, volts[:, None] * (1.0 - shares) / ohm, 0.1, drop_v=0.2)
    straight = direct(volts, ohm, 0.1, drop_v=0.2)
    node, drive = simple_node(1e-4, 1e-5, 1e-6, 4.0), Drive(float(rng.choice([0.0, 5e-4])), 2.5)
    one, other = in_one_call(node, bent, 2.0, drive), in_one_call(node, straight, 2.0, drive)
    assert_equal_journeys(one, other, node, drive, 1e-12)


@EXAMPLES
@given(SEEDS)
def test_direct_sources_close_their_books(seed: int) -> None:
    rng = np.random.default_rng(seed)
    volts, ohm = rng.uniform(0.0, 6.0, 30), 10.0 ** rng.uniform(2, 4)
    source = direct(volts, ohm, 0.1, drop_v=0.3)
    node, drive = simple_node(1e-4, 1e-5, 1e-6, 4.0), Drive(float(rng.choice([0.0, 5e-4])), 6.0, low_v=0.5)
    journey = in_one_call(node, source, 2.0, drive)
    journey.state.supply_j[AVAILABLE] = 0.0
    highest = stored_j(size_of(node), 4.0)
    assert abs(imbalance_j(journey, node, 2.0, drive)) <= 1e-12 * moved_j(journey, drive) + 1e-13 * highest
    assert journey.book(FRONTEND_LOSS) <= journey.book(HARVESTED)


@EXAMPLES
@given(SEEDS, st.floats(0.01, 0.7))
def test_a_diode_loses_its_drop_times_the_charge_that_passed(seed: int, drop_v: float) -> None:
    """Without other losses the charge is what the capacitor gained, and the rest of the harvest is stored."""
    rng = np.random.default_rng(seed)
    volts, node = rng.uniform(0.0, 6.0, 30), simple_node(1e-3, 0.0, 0.0, math.inf)
    for source in (
        direct(volts, 2e3, 0.1, drop_v=drop_v),
        curve([0.0, 2.0, 4.0], volts[:, None] * np.array([1e-3, 8e-4, 0.0]), 0.1, drop_v=drop_v),
    ):
        journey = in_one_call(node, source, 1.0, Drive(0.0, 2.5))
        lost = drop_v * 1e-3 * (journey.voltage - 1.0)
        stored = stored_j(1e-3, journey.voltage) - stored_j(1e-3, 1.0)
        assert journey.book(FRONTEND_LOSS) == pytest.approx(lost, rel=1e-11)
        assert journey.book(HARVESTED) == pytest.approx(stored + lost, rel=1e-11)


def test_a_source_below_the_capacitor_is_no_sink() -> None:
    source = direct([1.0], 10.0, 1.0)
    journey = in_one_call(simple_node(1e-3, 0.0, 0.0, math.inf), source, 3.0, Drive(0.0, 1e6))
    assert journey.voltage == 3.0
    assert journey.book(HARVESTED) == 0.0


def test_leakage_is_fed_by_the_source_once_the_voltage_has_fallen_to_it() -> None:
    ohm, leakage = 1000.0, 1e-4
    journey = in_one_call(simple_node(1e-3, leakage, 0.0, math.inf), direct([2.0], ohm, 1.0), 3.0, Drive(0.0, 1e4))
    assert journey.voltage == pytest.approx(2.0 / (1.0 + ohm * leakage), rel=1e-14)


# --- Clamp, empty capacitor, thresholds ---


@EXAMPLES
@given(SEEDS)
def test_at_the_clamp_everything_above_what_is_drawn_is_spilled(seed: int) -> None:
    rng = np.random.default_rng(seed)
    power = 5e-3 + rng.exponential(1e-3, 700)
    node, drive, ceiling = simple_node(1e-3, 1e-5, 1e-6, 4.0), Drive(1e-3, 0.7), 4.0
    journey = in_one_call(node, converted(power, 1e-3), ceiling, drive)
    drawn = (1e-3 + 1e-6 * ceiling + 1e-5 * ceiling**2) * 0.7
    assert journey.voltage == ceiling
    assert journey.book(SPILLED) == pytest.approx(0.8 * power.sum() * 1e-3 - drawn, rel=1e-12)
    assert journey.book(LEAKED) == pytest.approx(1e-5 * ceiling**2 * 0.7, rel=1e-12)
    assert journey.book(QUIESCENT) == pytest.approx(1e-6 * ceiling * 0.7, rel=1e-12)


def test_the_voltage_leaves_the_clamp_when_the_balance_turns() -> None:
    source, node = converted([2e-3, 0.0], 1.0, efficiency=1.0), simple_node(1e-3, 0.0, 0.0, 4.0)
    journey = in_one_call(node, source, 4.0, Drive(1e-3, 2.0))
    assert journey.book(SPILLED) == pytest.approx(1e-3, rel=1e-14)
    assert journey.voltage == pytest.approx(math.sqrt(16.0 - 2.0), rel=1e-14)


def test_losses_empty_a_capacitor_and_take_nothing_more() -> None:
    node, source = simple_node(1e-3, 0.0, 1e-3, math.inf), converted([0.0, 1e-3], 10.0, efficiency=1.0)
    journey = in_one_call(node, source, 2.0, Drive(0.0, 10.0))
    assert journey.voltage == 0.0
    assert journey.book(QUIESCENT) == pytest.approx(stored_j(1e-3, 2.0), rel=1e-13)
    filled = in_one_call(node, source, 2.0, Drive(0.0, 20.0))
    assert 0.0 < filled.voltage <= 1.0  # 1 mW feeds 1 mA at 1 V, no more


@EXAMPLES
@given(SEEDS, st.booleans())
def test_the_time_of_a_threshold_splits_the_energy(seed: int, rising: bool) -> None:
    """Without losses the energy up to the moment of a threshold is the step in store, whatever the trace."""
    rng = np.random.default_rng(seed)
    power = rng.exponential(1e-3, 3000)
    source, node = converted(power, 1e-2, efficiency=1.0), simple_node(1e-3, 0.0, 0.0, math.inf)
    load = 0.0 if rising else 4e-3
    drive = Drive(load, math.inf, *((-math.inf, 3.5) if rising else (2.0, math.inf)))
    journey = in_one_call(node, source, 3.0, drive)
    target = 3.5 if rising else 2.0
    assert journey.code == (HIGH if rising else LOW)
    assert journey.voltage == target
    whole = int(journey.time_s / 1e-2)
    energy = math.fsum(power[:whole] * 1e-2) + power[whole] * (journey.time_s - whole * 1e-2)
    stored = stored_j(1e-3, target) - stored_j(1e-3, 3.0)
    assert energy - load * journey.time_s == pytest.approx(stored, rel=1e-11)


@EXAMPLES
@given(
    st.floats(-12, -1).map(lambda x: 10.0**x),
    st.floats(1e-4, 1e-2),
    st.sampled_from([0.0, 1e-6, 1e-5]),
    st.sampled_from([TraceEnd.HOLD, TraceEnd.LOOP]),
)
def test_a_threshold_near_the_equilibrium_is_reached_in_its_time(
    margin: float, current: float, leakage: float, end: TraceEnd
) -> None:
    """The voltage creeps up to a threshold just below its equilibrium; without a limit of time this ends there, too."""
    ohm = 5.0 / current
    node, source = simple_node(1e-3, leakage, 0.0, math.inf), direct([5.0], ohm, 1.0, end=end)
    threshold = 5.0 / (1.0 + ohm * leakage) * (1.0 - margin)
    journey = in_one_call(node, source, 1.0, Drive(0.0, math.inf, high_v=threshold))
    assert journey.code == HIGH
    assert journey.voltage == threshold
    # A last bit of the net power decides the last part of the way.
    wanted = time_between(1.0, threshold, 0.0, 5.0 / ohm, 1.0 / ohm + leakage, 1e-3)
    assert journey.time_s == pytest.approx(wanted, rel=1e-9 + 1e-15 / margin)


def test_what_will_never_happen_is_said_at_once() -> None:
    node = simple_node(1e-3, 1e-5, 0.0, math.inf)
    held = converted([1e-6], 1.0, end=TraceEnd.HOLD)
    assert in_one_call(node, held, 1.0, Drive(0.0, math.inf, high_v=3.0)).code == NEVER
    over = converted([1.0], 1.0, end=TraceEnd.STOP)
    assert in_one_call(node, over, 1.0, Drive(0.0, math.inf, high_v=1e3)).code == NEVER


@EXAMPLES
@given(SEEDS, st.floats(1.001, 3.0))
def test_more_harvest_never_delays_a_threshold(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    power, node = rng.exponential(1e-3, 500), simple_node(1e-3, 1e-6, 1e-6, 5.0)
    drive = Drive(0.0, 1e3, high_v=3.5)
    less = in_one_call(node, converted(power, 1e-2), 2.0, drive)
    more = in_one_call(node, converted(factor * power, 1e-2), 2.0, drive)
    assume(less.code == HIGH)
    assert more.code == HIGH
    assert more.time_s <= less.time_s


def test_a_source_taken_away_delivers_nothing() -> None:
    source, node = converted([1e-3], 1.0), simple_node(1e-3, 0.0, 0.0, math.inf)
    state = start_state(source, 3.0, 0.0)
    code, elapsed = advance(node, source, state, 1e-3, True, 0.5, 2.0, math.inf, False)
    assert (code, elapsed) == (TIME, 0.5)
    assert state.supply_j.sum() == 0.0
    assert state.tv[1] == pytest.approx(math.sqrt(9.0 - 1.0), rel=1e-14)
