"""The closed forms of the storage node against partial fractions, a general solver, limits and identities."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from partial_fractions import integrals_by_partial_fractions, net_power_sign
from scipy.integrate import solve_ivp

from simint.physics.node import direction, flow, integrals, net_power, stays_signed, time_between

EPS = np.finfo(float).eps
EXAMPLES = settings(max_examples=200, deadline=None, derandomize=True)


class Element(NamedTuple):
    """Coefficients and capacitance of a node: Q = a + b*V - d*V**2 flows into c."""

    a: float
    b: float
    d: float
    c: float


def magnitudes(low: int, high: int) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda exponent: 10.0**exponent)


def signed(low: int, high: int) -> st.SearchStrategy[float]:
    return st.one_of(st.just(0.0), magnitudes(low, high), magnitudes(low, high).map(lambda x: -x))


VOLTAGES = st.floats(0.01, 6.0)
CAPACITANCES = magnitudes(-6, 0)
ANY_ELEMENT = st.builds(
    Element, signed(-9, 0), signed(-9, -1), st.one_of(st.just(0.0), magnitudes(-9, -1)), CAPACITANCES
)


@st.composite
def near_equilibrium(draw: st.DrawFn) -> tuple[Element, float]:
    """An element, and a voltage a tiny share above or below one of its equilibria."""
    level, d, c = draw(VOLTAGES), draw(magnitudes(-9, -1)), draw(CAPACITANCES)
    b = draw(signed(-9, -1))
    offset = draw(st.sampled_from([-1.0, 1.0])) * draw(magnitudes(-9, -1))
    return Element(d * level * level - b * level, b, d, c), level * (1.0 + offset)


@st.composite
def bottlenecks(draw: st.DrawFn) -> tuple[Element, float]:
    """An element whose net power is always negative but nearly vanishes at one voltage, and a voltage above that."""
    level, d, c = draw(st.floats(0.5, 5.0)), draw(magnitudes(-9, -1)), draw(CAPACITANCES)
    a = -d * level * level * (1.0 + draw(magnitudes(-8, -1)))
    return Element(a, 2.0 * d * level, d, c), level * draw(st.floats(1.01, 2.0))


STARTS = st.one_of(st.tuples(ANY_ELEMENT, VOLTAGES), near_equilibrium(), bottlenecks())


def conditioning(v0: float, v1: float, e: Element) -> float:
    """How much Q magnifies the rounding of its terms, at worst on the way: what no formula in doubles can avoid."""
    volts = np.linspace(v0, v1, 101)
    if e.d > 0.0:
        volts = np.append(volts, np.clip(e.b / (2.0 * e.d), min(v0, v1), max(v0, v1)))
    if e.a == 0.0:
        return float(np.max((abs(e.b) + e.d * volts) / np.abs(e.b - e.d * volts)))
    terms = abs(e.a) + abs(e.b) * volts + e.d * volts**2
    return float(np.max(terms / np.abs(e.a + (e.b - e.d * volts) * volts)))


def natural_time_s(v: float, e: Element) -> float:
    """The shortest time in which any of the elements alone would change the voltage by its own size."""
    return e.c / (abs(e.a) / v**2 + abs(e.b) / v + e.d)


# --- Reference times, computed independently with ngspice and a general solver ---

BENCH = Element(0.0, 5.892 / 2800.0, 1.0 / 2800.0, 5e-3)
LOSSY = Element(1e-3, 5.892 / 2800.0 - 1e-6, 1.0 / 2800.0 + 1e-5, 5e-3)


@pytest.mark.parametrize(
    ("element", "v0", "v1", "time_s", "digits"),
    [
        (BENCH, 3.290, 4.535, 9.11405598932634, 1e-14),
        (BENCH._replace(a=-5e-3), 4.535, 3.290, 10.7025622, 5e-9),
        (LOSSY, 2.0, 3.5, 5.23044969, 1e-9),
        (LOSSY._replace(b=-1e-6, d=1e-5), 2.0, 3.5, 22.5338446, 5e-9),
    ],
    ids=["charging", "loaded", "with-losses", "without-the-source"],
)
def test_reference_times(element: Element, v0: float, v1: float, time_s: float, digits: float) -> None:
    assert time_between(v0, v1, *element) == pytest.approx(time_s, rel=digits)
    assert flow(v0, 1e6, v1, *element)[0] == pytest.approx(time_s, rel=digits)


# --- Against partial fractions ---


@EXAMPLES
@given(STARTS, VOLTAGES)
def test_integrals_equal_partial_fractions(start: tuple[Element, float], v1: float) -> None:
    element, v0 = start
    assume(v0 != v1 and stays_signed(v0, v1, *element[:3]))
    tolerance = 4.0 * EPS * (10.0 + conditioning(v0, v1, element))
    assume(tolerance < 1e-5)
    wanted = integrals_by_partial_fractions(v0, v1, *element)
    assert integrals(v0, v1, *element) == pytest.approx(wanted, rel=tolerance)


@EXAMPLES
@given(STARTS, st.sampled_from([-1.0, 1.0]), magnitudes(-14, -2))
def test_short_ways_keep_their_digits(start: tuple[Element, float], sign: float, share: float) -> None:
    element, v0 = start
    v1 = v0 * (1.0 + sign * share)
    assume(v0 != v1 and stays_signed(v0, v1, *element[:3]))
    tolerance = 4.0 * EPS * (10.0 + conditioning(v0, v1, element))
    assume(tolerance < 1e-5)
    wanted = integrals_by_partial_fractions(v0, v1, *element)
    assert integrals(v0, v1, *element) == pytest.approx(wanted, rel=tolerance)


@pytest.mark.parametrize("b", [0.0, 1e-12, -3e-4, 3e-4])
@pytest.mark.parametrize("a", [4e-3, -4e-3])
def test_ways_of_every_length_are_summed_to_the_last_digits(a: float, b: float) -> None:
    """A series that stops a few terms early is off at some lengths only."""
    for length in np.linspace(0.01, 2.0, 150):
        v0, v1 = (1.5, 1.5 + length) if a > 0.0 else (3.5, 3.5 - length)
        wanted = integrals_by_partial_fractions(v0, v1, a, b, 1e-4, 1e-3)
        assert integrals(v0, v1, a, b, 1e-4, 1e-3) == pytest.approx(wanted, rel=60 * EPS)


@pytest.mark.parametrize(
    "element",
    [
        Element(2e-3, 3e-4, 1e-4, 1e-3),  # two real equilibria: logarithms
        Element(-2e-3, 3e-4, 1e-4, 1e-3),  # none: an arctangent
        Element(-2.25e-4, 3e-4, 1e-4, 1e-3),  # a double one at 1.5 V, below the way
        Element(2e-3, 3e-4, 0.0, 1e-3),
        Element(2e-3, 0.0, 1e-5, 1e-3),
        Element(0.0, 1e-3, 1e-4, 1e-3),
        Element(2e-3, 0.0, 0.0, 1e-3),
        Element(0.0, 3e-4, 0.0, 1e-3),
        Element(0.0, 0.0, 1e-4, 1e-3),
    ],
    ids=["log", "arctangent", "double", "d=0", "b=0", "a=0", "power", "current", "conductance"],
)
def test_every_case_of_the_antiderivative(element: Element) -> None:
    v0, v1 = (2.0, 4.0) if net_power(2.0, *element[:3]) > 0 else (4.0, 2.0)
    wanted = integrals_by_partial_fractions(v0, v1, *element)
    assert integrals(v0, v1, *element) == pytest.approx(wanted, rel=40 * EPS)


@EXAMPLES
@given(STARTS, st.floats(0.0, 1.2), magnitudes(-9, 9))
def test_flow_lands_where_partial_fractions_put_it(start: tuple[Element, float], ahead: float, dt: float) -> None:
    """The way to the voltage that `flow` returns takes the time it was given, and J1 and J2 belong to that way."""
    element, v0 = start
    heading = direction(v0, *element[:3])
    assume(heading != 0.0)
    target = v0 + 6.0 * ahead if heading > 0.0 else v0 * max(1.0 - ahead, 0.0)
    assume(target != v0)
    elapsed, v1, j1, j2, met = flow(v0, dt, target, *element)
    assert met == (v1 == target)
    assume(v1 != v0)
    tolerance = 8.0 * EPS * (10.0 + conditioning(v0, v1, element))
    assume(tolerance < 1e-6)
    time, exact_j1, exact_j2 = integrals_by_partial_fractions(v0, v1, *element)
    # A voltage has 53 bits: near equilibrium they leave the time open, and the rest of it passes at that voltage.
    resting = elapsed - time
    rate = abs(net_power(v1, *element[:3])) / (element.c * v1) if v1 > 0.0 else 0.0
    assert abs(resting) <= tolerance * time or rate * abs(resting) <= tolerance * v1
    assert j1 == pytest.approx(exact_j1 + v1 * resting, rel=tolerance)
    assert j2 == pytest.approx(exact_j2 + v1 * v1 * resting, rel=tolerance)


# --- Against a general solver ---


@EXAMPLES
@given(STARTS, magnitudes(-3, 1))
def test_flow_agrees_with_solve_ivp(start: tuple[Element, float], times: float) -> None:
    element, v0 = start
    assume(v0 >= 0.05 and direction(v0, *element[:3]) != 0.0)
    a, b, d, c = element
    rising = direction(v0, a, b, d) > 0.0
    target = 8.0 if rising else 0.1 * v0
    dt = times * natural_time_s(v0, element)

    def slope(_: float, y: np.ndarray) -> list[float]:
        # The step size control of a solver may try voltages beyond the end; the node has none below 0.
        v = max(y[0], 1e-3 * v0)
        return [(a / v + b - d * v) / c, v, v * v]

    def reaches(_: float, y: np.ndarray) -> float:
        return float(y[0] - target)

    reaches.terminal = True  # type: ignore[attr-defined]
    answer = solve_ivp(slope, (0.0, dt), [v0, 0.0, 0.0], "DOP853", rtol=1e-11, atol=1e-15, events=reaches)
    elapsed, v, j1, j2, met = flow(v0, dt, target, a, b, d, c)
    assert met == (answer.status == 1)
    # Beside its own error the solver magnifies that of the start where the node runs away from an equilibrium.
    tolerance = 1e-8
    assert elapsed == pytest.approx(answer.t[-1], rel=tolerance)
    assert (v, j1, j2) == pytest.approx(tuple(answer.y[:, -1]), rel=tolerance)


# --- Limits with a formula of their own ---


@EXAMPLES
@given(magnitudes(-9, 0), VOLTAGES, CAPACITANCES, magnitudes(-9, 9))
def test_constant_power_alone(p: float, v0: float, c: float, dt: float) -> None:
    v = flow(v0, dt, math.inf, p, 0.0, 0.0, c)[1]
    assert v == pytest.approx(math.sqrt(v0 * v0 + 2.0 * p * dt / c), rel=1e-14)


@EXAMPLES
@given(magnitudes(-9, -1), VOLTAGES, CAPACITANCES, magnitudes(-9, 9))
def test_constant_current_alone(i: float, v0: float, c: float, dt: float) -> None:
    v = flow(v0, dt, math.inf, 0.0, i, 0.0, c)[1]
    assert v == pytest.approx(v0 + i * dt / c, rel=1e-14)


@EXAMPLES
@given(magnitudes(-9, -1), VOLTAGES, CAPACITANCES, st.floats(1e-9, 100.0))
def test_leakage_alone(g: float, v0: float, c: float, time_constants: float) -> None:
    v = flow(v0, time_constants * c / g, 0.0, 0.0, 0.0, g, c)[1]
    assert v == pytest.approx(v0 * math.exp(-time_constants), rel=1e-13)


@EXAMPLES
@given(magnitudes(-6, 0), magnitudes(-6, -1), VOLTAGES, CAPACITANCES, st.floats(1e-6, 20.0))
def test_power_and_leakage_are_linear_in_energy(p: float, g: float, v0: float, c: float, times: float) -> None:
    """With no current element V**2 relaxes exponentially to p/g, twice as fast as the voltage would."""
    v = flow(v0, times * c / g, math.inf if p / g > v0 * v0 else 0.0, p, 0.0, g, c)[1]
    square = v0 * v0 * math.exp(-2.0 * times) - p / g * math.expm1(-2.0 * times)
    assert v * v == pytest.approx(square, rel=1e-13)


# --- Equilibria, and thresholds that are never reached ---


@EXAMPLES
@given(magnitudes(-6, -1), magnitudes(-6, -1), CAPACITANCES)
def test_a_threshold_at_or_behind_the_equilibrium_is_never_reached(b: float, d: float, c: float) -> None:
    level = b / d
    assume(1e-3 < level < 1e3)
    beyond = level * (1.0 + 1e-9)
    assert time_between(0.5 * level, beyond, 0.0, b, d, c) == math.inf
    assert time_between(2.0 * level, level * (1.0 - 1e-9), 0.0, b, d, c) == math.inf
    elapsed, v, *_, met = flow(0.5 * level, 1e9 * c / d, beyond, 0.0, b, d, c)
    assert not met
    assert elapsed == 1e9 * c / d
    assert v == pytest.approx(level, rel=1e-14)


@EXAMPLES
@given(magnitudes(-6, -1), magnitudes(-6, -1), st.floats(0.1, 0.9), CAPACITANCES)
def test_leakage_larger_than_the_harvest_falls_to_the_level_it_can_hold(p: float, g: float, x: float, c: float) -> None:
    level = math.sqrt(p / g)
    v0 = level / x
    assert direction(v0, p, 0.0, g) < 0.0
    assert time_between(v0, 1.01 * v0, p, 0.0, g, c) == math.inf
    assert time_between(v0, level * (1.0 - 1e-9), p, 0.0, g, c) == math.inf
    assert flow(v0, 1e3 * c / g, 0.0, p, 0.0, g, c)[1] == pytest.approx(level, rel=1e-14)


@EXAMPLES
@given(VOLTAGES, VOLTAGES, CAPACITANCES)
def test_zero_net_power_moves_nothing(v0: float, v1: float, c: float) -> None:
    assert time_between(v0, v1, 0.0, 0.0, 0.0, c) == (0.0 if v0 == v1 else math.inf)
    elapsed, v, j1, j2, met = flow(v0, 7.0, 2.0 * v0, 0.0, 0.0, 0.0, c)
    assert (elapsed, v, met) == (7.0, v0, False)
    assert (j1, j2) == pytest.approx((7.0 * v0, 7.0 * v0 * v0), rel=1e-15)


@EXAMPLES
@given(STARTS, st.floats(1.0, 10.0))
def test_an_infinite_time_means_a_level_between(start: tuple[Element, float], v1: float) -> None:
    """Wherever a higher threshold is never reached, the exact net power fails to be positive at one of the ends."""
    element, v0 = start
    assume(v1 > v0)
    if time_between(v0, v1, *element) == math.inf:
        signs = [net_power_sign(v, *element[:3]) for v in (v0, v1)]
        assert min(signs) <= 0
    else:
        assert min(net_power_sign(v, *element[:3]) for v in (v0, v1)) >= 0


@pytest.mark.parametrize("above", range(-40, 41, 4))
def test_a_net_power_that_vanishes_within_rounding_stops_the_voltage_or_lets_it_pass(above: int) -> None:
    """Where the last bits of the coefficients decide, either answer is right; no answer would not be."""
    rng = np.random.default_rng(above + 100)
    for _ in range(50):
        level, d = rng.uniform(0.5, 5.0), 10.0 ** rng.uniform(-9, -1)
        a, b = -d * level * level * (1.0 + above * EPS), 2.0 * d * level
        time = time_between(1.5 * level, 0.5 * level, a, b, d, 1e-3)
        assert time > 1e3 * 1e-3 / d
        elapsed, v, j1, j2, met = flow(1.5 * level, 100.0 * 1e-3 / d, 0.5 * level, a, b, d, 1e-3)
        assert not met
        assert elapsed == 100.0 * 1e-3 / d
        assert level * (1.0 - 1e-6) <= v < 1.5 * level
        assert (j1, j2) == pytest.approx((elapsed * level, elapsed * level * level), rel=0.5)


# --- Down to an empty capacitor ---


@EXAMPLES
@given(magnitudes(-9, 0), VOLTAGES, CAPACITANCES, magnitudes(0, 9))
def test_a_load_empties_the_capacitor_in_finite_time(p: float, v0: float, c: float, longer: float) -> None:
    wanted = 0.5 * c * v0 * v0 / p
    elapsed, v, _, _, met = flow(v0, 1.5 * longer * wanted, 0.0, -p, 0.0, 0.0, c)
    assert met
    assert v == 0.0
    assert elapsed == pytest.approx(wanted, rel=1e-14)


@EXAMPLES
@given(signed(-9, 0), signed(-9, -1), st.one_of(st.just(0.0), magnitudes(-9, -1)), VOLTAGES, CAPACITANCES)
def test_emptying_under_any_load_equals_partial_fractions(a: float, b: float, d: float, v0: float, c: float) -> None:
    element = Element(-abs(a), -abs(b), d, c)
    assume(a != 0.0 or b != 0.0)
    wanted = integrals_by_partial_fractions(v0, 0.0, *element)
    elapsed, v, j1, j2, met = flow(v0, 3.0 * wanted[0], 0.0, *element)
    assert met
    assert v == 0.0
    assert (elapsed, j1, j2) == pytest.approx(wanted, rel=1e-13)


# --- Identities ---


@EXAMPLES
@given(STARTS, magnitudes(-9, 9))
def test_the_elements_account_for_the_change_in_store(start: tuple[Element, float], dt: float) -> None:
    """C/2 (V1**2 - V0**2) = a t + b J1 - d J2, to the rounding of the largest of these terms."""
    element, v0 = start
    heading = direction(v0, *element[:3])
    target = math.inf if heading > 0.0 else 0.0
    elapsed, v1, j1, j2, _ = flow(v0, dt, target, *element)
    a, b, d, c = element
    terms = (a * elapsed, b * j1, -d * j2)
    stored = 0.5 * c * (v1 - v0) * (v1 + v0)
    largest = max(abs(term) for term in (*terms, stored))
    # The energy itself resolves no better than the last bits of both voltages.
    assert abs(sum(terms) - stored) <= 1e-13 * largest + 4.0 * EPS * c * max(v0, v1) ** 2


@EXAMPLES
@given(STARTS, magnitudes(-6, 3), st.floats(0.001, 0.999))
def test_any_split_of_the_time_ends_the_same(start: tuple[Element, float], times: float, share: float) -> None:
    element, v0 = start
    heading = direction(v0, *element[:3])
    assume(heading != 0.0)
    target = 8.0 if heading > 0.0 else 0.02 * v0
    dt = times * natural_time_s(v0, element)
    whole = flow(v0, dt, target, *element)
    first = flow(v0, share * dt, target, *element)
    second = (0.0, first[1], 0.0, 0.0, True) if first[4] else flow(first[1], dt - share * dt, target, *element)
    tolerance = 1e-14 * (10.0 + conditioning(v0, whole[1], element))
    assume(tolerance < 1e-6)
    assert second[4] == whole[4]
    assert second[1] == pytest.approx(whole[1], rel=tolerance)
    for k in (0, 2, 3):
        assert first[k] + second[k] == pytest.approx(whole[k], rel=tolerance)


@EXAMPLES
@given(ANY_ELEMENT, st.floats(0.5, 5.0))
def test_many_tiny_steps_add_up_to_one(element: Element, v0: float) -> None:
    heading = direction(v0, *element[:3])
    assume(heading != 0.0)
    target = math.inf if heading > 0.0 else 0.0
    assume(natural_time_s(v0, element) > 1e-6)
    v = v0
    for _ in range(100):
        v = flow(v, 1e-9, target, *element)[1]
    assert v == pytest.approx(flow(v0, 1e-7, target, *element)[1], rel=100 * EPS)
    rate = net_power(v0, *element[:3]) / (element.c * v0)
    assert v - v0 == pytest.approx(1e-7 * rate, rel=0.2, abs=100 * EPS * v0)


# --- Whatever the parameters ---

FINITE = st.floats(-1e6, 1e6)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.one_of(STARTS, st.tuples(st.builds(Element, FINITE, FINITE, st.floats(0, 1e6), magnitudes(-12, 3)), VOLTAGES)),
    st.one_of(magnitudes(-12, 12), st.just(0.0)),
    st.floats(0.0, 1.0),
)
def test_flow_is_finite_stops_at_its_target_and_crosses_no_equilibrium(
    start: tuple[Element, float], dt: float, ahead: float
) -> None:
    element, v0 = start
    a, b, d, _ = element
    heading = direction(v0, a, b, d)
    assume(heading != 0.0)
    target = v0 + 10.0 * ahead if heading > 0.0 else v0 * ahead
    assume(target != v0)
    elapsed, v, j1, j2, met = flow(v0, dt, target, *element)
    assert all(math.isfinite(x) for x in (elapsed, v, j1, j2))
    assert 0.0 <= elapsed <= dt * (1.0 + 4.0 * EPS)
    assert min(v0, target) <= v <= max(v0, target)
    assert met or elapsed == dt
    assert j1 >= 0.0
    assert j2 >= 0.0
    sign = net_power_sign(v0, a, b, d)
    if sign != 0 and v > 0.0:
        assert net_power_sign(v, a, b, d) in (sign, 0)
