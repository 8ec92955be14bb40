"""A capacitor behind its series resistance: one stretch under one setting.

With V the capacitor's own voltage and u that of its terminals, everything outside flows in at i = a/u + b - d*u, and
the capacitor leaks l + g*V inside. So

    u = V + r*i,    C*dV/dt = i - l - g*V

of which u(V) is the upper root of a quadratic. As V(u) is free of roots, a stretch is integrated over u:

    dt = C*u*W/N du,   W = 1 + r*d + r*a/u**2,   N = u*(i - l - g*V) = (1 + g*r)*(a + b*u - d*u**2) - l*u - g*u**2

W vanishes where a constant-power load takes all that the resistance lets through (u**2 = -r*a/(1 + r*d)): below it the
terminals collapse. On a hop that stays well off the zeros of N and off u = 0 the integrands are smooth, and ten
Gauss-Legendre points integrate them to rounding: for a function analytic in an ellipse of parameter rho the error falls
as rho**(-20) (L. N. Trefethen, SIAM Review 50 (2008) 67, doi:10.1137/060659831), and the hops keep rho above 5.
Within a hop u and V are measured from its start, so that neither a small nor a large resistance cancels digits.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simint.compiled import borrowing
from simint.physics.books import Stretch
from simint.physics.wiring import Setting

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_POINTS, _WEIGHTS = 0.5 * (_POINTS + 1.0), 0.5 * _WEIGHTS
_RATIO = 0.4  # hop over distance to the nearest zero of N; half the voltage keeps off u = 0
_MAX_HOPS = 400
_MAX_TRIALS = 80
_SAME_TIME = 1e-15
_REST = 1e-15  # a balance of currents below this share of them is rounding
_NOTHING_V = 1e-100  # a voltage that decays without end stops here


class Point(NamedTuple):
    """Voltage of the capacitor and of its terminals, V, and the current between them (positive: charging), A."""

    v: float
    u: float
    i: float


class Passage(NamedTuple):
    """What passed on the way: the integrals of the supply's books, and of i and i**2 in A*s and A^2*s."""

    stretch: Stretch
    charge: float
    current_squared: float


@borrowing
def inflow(here: Setting, u: float) -> float:
    """Current into the terminals, A."""
    return here.a / u + here.b - here.d * u if here.a != 0.0 else here.b - here.d * u


@borrowing
def inner_voltage(here: Setting, r: float, u: float) -> float:
    """The capacitor's own voltage behind terminals at `u`."""
    return float(u - r * inflow(here, u))


@borrowing
def lowest_terminal(here: Setting, r: float) -> float:
    """The terminal voltage at which a constant-power load makes it collapse, V; 0 where nothing collapses."""
    return math.sqrt(-here.a * r / (1.0 + r * here.d)) if here.a < 0.0 else 0.0


@borrowing
def point_at(here: Setting, r: float, v: float) -> Point:
    """The terminals in front of a capacitor at `v`, which must not lie below the collapse."""
    lead, linear = 1.0 + r * here.d, v + r * here.b
    root = math.sqrt(max(linear * linear + 4.0 * lead * r * here.a, 0.0))
    u = (linear + root) / (2.0 * lead) if linear >= 0.0 else 2.0 * r * here.a / (root - linear)
    push = here.a / u if here.a != 0.0 else 0.0
    return Point(v, u, (push + here.b - here.d * v) / lead)


@borrowing
def held_point(r: float, v: float, u: float) -> Point:
    """The terminals where something holds them at `u`."""
    return Point(v, u, (u - v) / r)


@borrowing
def climbing(here: Setting, at: Point) -> float:
    """Positive where the capacitor's voltage rises, negative where it falls."""
    return float(at.i - here.leak_a - here.leak_s * at.v)


@borrowing
def at_rest(at: Point, seconds: float) -> Passage:
    """A stretch in which nothing moves."""
    t = seconds
    return Passage(
        Stretch(t, at.u * t, at.u * at.u * t, at.v * t, at.v * at.v * t),
        at.i * t,
        at.i * at.i * t,
    )


@borrowing
def _plus(one: Passage, other: Passage) -> Passage:
    a, b = one.stretch, other.stretch
    both = Stretch(a.seconds + b.seconds, a.j1 + b.j1, a.j2 + b.j2, a.inner_j1 + b.inner_j1, a.inner_j2 + b.inner_j2)
    return Passage(both, one.charge + other.charge, one.current_squared + other.current_squared)


@borrowing
def _passage(here: Setting, r: float, start: Point, h: float) -> tuple[float, Passage]:
    """The capacitor's voltage after the terminals moved by `h`, and all integrals; `h` is short against the poles."""
    a, d, u0 = here.a, here.d, start.u
    t = j1 = j2 = inner1 = inner2 = charge = square = 0.0
    for k in range(_POINTS.size):
        x = h * _POINTS[k]
        u = u0 + x
        slope = d + a / (u0 * u) if a != 0.0 else d
        i, v = start.i - slope * x, start.v + (1.0 + r * slope) * x
        w = 1.0 + r * (d + a / (u * u)) if a != 0.0 else 1.0 + r * d
        weight = _WEIGHTS[k] * w / (i - here.leak_a - here.leak_s * v)
        t += weight
        j1 += weight * u
        j2 += weight * u * u
        inner1 += weight * v
        inner2 += weight * v * v
        charge += weight * i
        square += weight * i * i
    s = here.capacitance * h
    slope = d + a / (u0 * (u0 + h)) if a != 0.0 else d
    passed = Passage(Stretch(s * t, s * j1, s * j2, s * inner1, s * inner2), s * charge, s * square)
    return start.v + (1.0 + r * slope) * h, passed


@borrowing
def _way_to(here: Setting, r: float, start: Point, goal: Point) -> float:
    """How far the terminals move from one point to the other: by the capacitor's voltage, whose way is known better."""
    w = 1.0 + r * here.d
    bend = r * here.a / (start.u * goal.u) if here.a != 0.0 else 0.0
    if bend < -0.5 * w:  # near the collapse the terminals move more than the capacitor
        return goal.u - start.u
    return (goal.v - start.v) / (w + bend)


@borrowing
def _longest_hop(here: Setting, r: float, start: Point) -> float:
    """How far a hop may go, against the distance to the nearest zero of N and to u = 0; 0 at an equilibrium."""
    g, lead, u, rise = here.leak_s, 1.0 + here.leak_s * r, start.u, climbing(here, start)
    push = here.a / u if here.a != 0.0 else 0.0
    terms = (abs(push) + abs(here.b) + here.d * start.v) / (1.0 + r * here.d) + abs(here.leak_a) + g * start.v
    if abs(rise) <= _REST * terms:
        return 0.0
    if here.a == 0.0:  # a factor u cancels
        slope = abs(lead * here.d + g)
        return abs(_RATIO * rise / slope) if slope > 0.0 else math.inf
    n0 = u * rise
    n1 = lead * (here.b - 2.0 * here.d * u) - here.leak_a - 2.0 * g * u
    n2 = lead * here.d + g
    return min(_RATIO / (abs(n1 / n0) + math.sqrt(abs(n2 / n0))), 0.5 * u)


@borrowing
def follow(here: Setting, r: float, v0: float, seconds: float, target: float) -> tuple[float, Passage, bool]:
    """Follow the capacitor from `v0` for `seconds` or until `target`, which lies ahead, whichever comes first.

    Returns its voltage, what passed, and whether the target was met. Near an equilibrium the rest of the time passes at
    rest; with infinite `seconds` an equilibrium on the way leaves the target unmet.
    """
    start, goal = point_at(here, r, v0), point_at(here, r, target)
    passed = at_rest(start, 0.0)
    for _ in range(_MAX_HOPS):
        left = seconds - passed.stretch.seconds
        whole, longest = _way_to(here, r, start, goal), _longest_hop(here, r, start)
        last = abs(whole) <= longest
        if not longest > 0.0:
            break
        h = whole if last else math.copysign(longest, whole)
        v, step = _passage(here, r, start, h)
        if not 0.0 <= step.stretch.seconds < math.inf:
            break
        if step.stretch.seconds > left:
            v, step = _within(here, r, start, h, step, left)
            # Near an equilibrium rounding hides the last of the time.
            rest = at_rest(point_at(here, r, v), left - step.stretch.seconds)
            return short_of(target, v, v0), _plus(passed, _plus(step, rest)), False
        if last:
            return target, _plus(passed, step), True
        if v == start.v or v < _NOTHING_V:
            break
        passed, start = _plus(passed, step), point_at(here, r, v)
    if seconds < math.inf:
        passed = _plus(passed, at_rest(start, seconds - passed.stretch.seconds))
    return short_of(target, start.v, v0), passed, False


@borrowing
def short_of(target: float, v: float, v0: float) -> float:
    """`v`, which was not to reach `target` on the way from `v0`: rounding does not take it there."""
    return float(np.nextafter(target, v0)) if (v - target) * (v0 - target) <= 0.0 else v


@borrowing
def _within(here: Setting, r: float, start: Point, hop: float, whole: Passage, seconds: float) -> tuple[float, Passage]:
    """The part of a hop that takes `seconds`: Newton's method on the time, kept inside a shrinking bracket."""
    low, high, x = 0.0, 1.0, seconds / whole.stretch.seconds
    v, step = _passage(here, r, start, x * hop)
    for _ in range(_MAX_TRIALS):
        miss = step.stretch.seconds - seconds
        if abs(miss) <= _SAME_TIME * seconds:
            break
        if miss > 0.0:
            high = x
        else:
            low = x
        u, before = start.u + x * hop, x
        slope = here.d + here.a / (u * u) if here.a != 0.0 else here.d
        bend = here.d + here.a / (start.u * u) if here.a != 0.0 else here.d
        rise = start.i - bend * x * hop - here.leak_a - here.leak_s * v
        x -= miss * rise / (here.capacitance * hop * (1.0 + r * slope))
        if not low < x < high:
            x = 0.5 * (low + high)
        if x == before:
            break
        v, step = _passage(here, r, start, x * hop)
    return v, step


@borrowing
def hold(here: Setting, r: float, v0: float, u: float, seconds: float, target: float) -> tuple[float, Passage, bool]:
    """Follow the capacitor behind terminals held at `u`, for `seconds` or until `target`; returned as by `follow`.

    Its distance x to where it comes to rest falls exponentially.
    """
    g, lead = here.leak_s, 1.0 + here.leak_s * r
    rest_v, rest_i, tau = (u - r * here.leak_a) / lead, (here.leak_a + g * u) / lead, r * here.capacitance / lead
    x, t = rest_v - v0, seconds
    met = (target - v0) * (rest_v - target) > 0.0
    if met:
        needed = -tau * math.log1p(-(target - v0) / x)
        met = needed <= t
        t = needed if met else t
    if t == math.inf:
        return v0, at_rest(held_point(r, v0, u), 0.0), False
    fallen = -math.expm1(-t / tau)
    x1, x2 = x * tau * fallen, -0.5 * x * x * tau * math.expm1(-2.0 * t / tau)
    inner1, inner2 = rest_v * t - x1, rest_v * rest_v * t - 2.0 * rest_v * x1 + x2
    charge, square = rest_i * t + x1 / r, rest_i * rest_i * t + 2.0 * rest_i * x1 / r + x2 / (r * r)
    stretch = Stretch(t, u * t, u * u * t, inner1, inner2)
    return target if met else short_of(target, v0 + x * fallen, v0), Passage(stretch, charge, square), met
