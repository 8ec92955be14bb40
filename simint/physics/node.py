"""One node, three coefficients: how the capacitor voltage moves while nothing switches.

With V the capacitor voltage and constant power, current and conductance elements hanging on it (the ZIP load model of
power engineering),

    C * V * dV/dt = Q(V),    Q(V) = a + b*V - d*V**2        a in W, b in A, d in S

so the time from V0 to V1, the charge-like integral of V and the energy-like integral of V**2 are

    t = C * integral of v/Q dv,   J1 = C * integral of v**2/Q dv,   J2 = C * integral of v**3/Q dv

The textbook antiderivatives (partial fractions: a logarithm or an arctangent, by the sign of b**2 + 4*a*d) cancel badly
for small steps, small d and near equilibrium. Here the same integrals are summed as power series about the start of a
stretch, and the start is moved along whenever Q has changed much. All terms then have one sign, one formula serves
every sign of the discriminant, and the three integrals are independent of each other, so that the energy books close
only if each of them is right. The tests hold them against the partial fractions in 50 digits.
"""

from __future__ import annotations

import math

import numpy as np

from simint.compiled import borrowing

# Ratio of the series: below 0.4 a term falls under 1e-17 of the sum within 43 terms.
_RATIO = 0.4
_TERMS = 48
_RECIPROCAL = 1.0 / np.arange(1.0, _TERMS + 5.0)
# A turning point of Q counts as an equilibrium where Q there is below the rounding of its three terms.
_TOUCH = 4e-15
# A remainder of this share of the time is followed to second order: the error is its cube.
_REMAINDER = 1e-5
_MAX_HOPS = 200
# A voltage that decays without end stops here: its square is still a number, and nothing is left in any capacitor.
_NOTHING_V = 1e-100


@borrowing
def net_power(v: float, a: float, b: float, d: float) -> float:
    """Q(V): power in W flowing into the capacitor at voltage `v`."""
    return a + (b - d * v) * v


@borrowing
def direction(v: float, a: float, b: float, d: float) -> float:
    """Positive where the voltage rises, negative where it falls, 0 at rest; right at v = 0 too, where Q may vanish."""
    if a != 0.0:
        return net_power(v, a, b, d)
    return b - d * v


@borrowing
def stays_signed(v0: float, v1: float, a: float, b: float, d: float) -> bool:
    """Whether the voltage moves from `v0` towards `v1` and meets no equilibrium on the way (ends included)."""
    q0, q1 = direction(v0, a, b, d), direction(v1, a, b, d)
    if v1 > v0:  # Q is concave (d >= 0), so its minimum lies at an end
        return q0 > 0.0 and q1 > 0.0
    if not (q0 < 0.0 and q1 < 0.0):
        return False
    if a == 0.0 or d == 0.0:
        return True
    top = b / (2.0 * d)
    return not (v1 <= top <= v0 and net_power(top, a, b, d) >= -_TOUCH * abs(a))


@borrowing
def integrals(v0: float, v1: float, a: float, b: float, d: float, c: float) -> tuple[float, float, float]:
    """Time in s, J1 in V*s and J2 in V^2*s of the way from `v0` to `v1`; the caller knows that Q keeps its sign.

    Signed: going against the flow gives negative values (used to step back in `flow`).
    """
    # With a = 0 one factor v cancels, which also removes the singular start at v = 0.
    cancelled = a == 0.0
    t = j1 = j2 = 0.0
    v = v0
    while v != v1:
        if cancelled:
            q0, q1, q2 = b - d * v, -d, 0.0
        else:
            q0, q1, q2 = net_power(v, a, b, d), b - 2.0 * d * v, -d
        h = v1 - v
        reach = abs(q1 / q0) + math.sqrt(abs(q2 / q0))
        if reach * abs(h) > _RATIO:
            h = math.copysign(_RATIO / reach, h)
        if h < 0.0 and -h > 0.5 * v and v > 1e-6 * v0:
            h = -0.5 * v  # keeps (v + w)**n free of cancellation
        following = v + h
        if following == v:  # an equilibrium within rounding of v and v1: the end is as good as reached
            break
        h = following - v
        x, y = q1 / q0 * h, q2 / q0 * h * h
        before, term = 0.0, 1.0
        m0 = m1 = m2 = m3 = 0.0
        for n in range(_TERMS):
            m0 += term * _RECIPROCAL[n]
            m1 += term * _RECIPROCAL[n + 1]
            m2 += term * _RECIPROCAL[n + 2]
            m3 += term * _RECIPROCAL[n + 3]
            before, term = term, -(x * term + y * before)
            if abs(term) < 1e-18 and abs(before) < 1e-17:
                break
        scale = h / q0
        m0, m1, m2, m3 = scale * m0, scale * h * m1, scale * h * h * m2, scale * h * h * h * m3
        if cancelled:
            t += m0
            j1 += v * m0 + m1
            j2 += v * v * m0 + 2.0 * v * m1 + m2
        else:
            t += v * m0 + m1
            j1 += v * v * m0 + 2.0 * v * m1 + m2
            j2 += v * v * v * m0 + 3.0 * v * v * m1 + 3.0 * v * m2 + m3
        v = following
    return c * t, c * j1, c * j2


@borrowing
def time_between(v0: float, v1: float, a: float, b: float, d: float, c: float) -> float:
    """Time in s to go from `v0` to `v1`; infinite where the voltage never gets there."""
    if v0 == v1:
        return 0.0
    if not stays_signed(v0, v1, a, b, d):
        return math.inf
    return float(integrals(v0, v1, a, b, d, c)[0])


@borrowing
def _guess(v: float, dt: float, a: float, b: float, d: float, c: float) -> float:
    """Voltage after `dt` by the locally linearised equation, in V or in energy, whichever is nearer to linear."""
    if a == 0.0:  # linear in V: the guess is exact
        return v + (b - d * v) / c * dt * _relaxation(-d / c * dt)
    if abs(b) * v > abs(a):
        slope = (-a / (v * v) - d) / c
        rate = (a / v + b - d * v) / c
        return v + rate * dt * _relaxation(slope * dt)
    energy_rate = net_power(v, a, b, d)
    slope = (b / v - 2.0 * d) / c if v > 0.0 else 0.0
    squared = v * v + 2.0 / c * energy_rate * dt * _relaxation(slope * dt)
    return math.sqrt(squared) if squared > 0.0 else 0.0


@borrowing
def _relaxation(x: float) -> float:
    """(exp(x) - 1)/x, limited so that an unstable linearisation cannot run away."""
    if abs(x) < 1e-9:
        return 1.0 + 0.5 * x
    return math.expm1(min(x, 1.0)) / x if x < 1.0 else 1.718281828459045


@borrowing
def flow(
    v0: float, dt: float, target: float, a: float, b: float, d: float, c: float
) -> tuple[float, float, float, float, bool]:
    """Follow the voltage from `v0` for `dt` seconds or until it meets `target`, whichever comes first.

    `target` must lie ahead (in the direction of the flow). Returns (elapsed, voltage, J1, J2, met).

    Each hop goes where the linearised equation would be after the remaining time; the exact integrals then say how long
    that hop really took, and the rest (of either sign) is hopped again. This converges quadratically and cannot step
    over an equilibrium.
    """
    v, left, elapsed, j1, j2 = v0, dt, 0.0, 0.0, 0.0
    ahead = 1.0 if target > v0 else -1.0
    for _ in range(_MAX_HOPS):
        goal = _guess(v, left, a, b, d, c)
        if (goal - target) * ahead > 0.0:
            goal = target
        if goal < 0.0:
            goal = 0.5 * v
        if goal < _NOTHING_V and goal != target:
            goal = min(v, _NOTHING_V)
        halvings = 0
        while goal != v and not _same_side(v, goal, left, a, b, d):
            goal = v + 0.5 * (goal - v)
            halvings += 1
            if halvings > 60:
                goal = v
        if goal == v:
            break
        took, part1, part2 = integrals(v, goal, a, b, d, c)
        v = goal
        left -= took
        elapsed += took
        j1 += part1
        j2 += part2
        if goal == target and left >= 0.0:
            return elapsed, target, j1, j2, True
        if abs(left) <= _REMAINDER * dt:
            rate = (a / v + b - d * v) / c if a != 0.0 else (b - d * v) / c
            move = rate * left * (1.0 - 0.5 * (a / (v * v) + d) / c * left)
            if (v + move - target) * ahead >= 0.0:
                continue
            j1 += (v + 0.5 * move) * left
            j2 += (v + move) * v * left
            return dt, v + move, j1, j2, False
    # Near equilibrium what is left is below the resolution of the voltage: it passes at rest.
    return dt, v, j1 + v * left, j2 + v * v * left, False


@borrowing
def _same_side(v: float, goal: float, left: float, a: float, b: float, d: float) -> bool:
    """No equilibrium between two voltages of one trajectory, in whichever time direction it is travelled."""
    if left >= 0.0:
        return bool(stays_signed(v, goal, a, b, d))
    return bool(stays_signed(goal, v, a, b, d))
