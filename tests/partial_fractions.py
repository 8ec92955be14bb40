"""The storage node's integrals from the textbook antiderivatives, in 120 digits: slow, and free of cancellation."""

from __future__ import annotations

import mpmath
from mpmath import mpf

# Small d divides by d**3 and tiny steps subtract equal logarithms; 120 digits leave 50 good ones whatever happens.
DIGITS = 120

Triple = tuple[float, float, float]


def integrals_by_partial_fractions(v0: float, v1: float, a: float, b: float, d: float, c: float) -> Triple:
    """C times the integrals of v/Q, v**2/Q and v**3/Q from v0 to v1, with Q = a + b*v - d*v**2 free of zeros between.

    Where a = 0 a factor v cancels, so the antiderivatives are those of 1, v and v**2 over b - d*v.
    """
    with mpmath.workdps(DIGITS):
        x0, x1, pa, pb, pd, pc = (mpf(x) for x in (v0, v1, a, b, d, c))
        if pa == 0:
            moments = _linear_denominator(x0, x1, pb, -pd, 3)
        elif pd == 0:
            moments = _linear_denominator(x0, x1, pa, pb, 4)[1:]
        else:
            moments = _quadratic_denominator(x0, x1, pa, pb, pd)
        time, j1, j2 = (float(pc * moment) for moment in moments)
        return time, j1, j2


def net_power_sign(v: float, a: float, b: float, d: float) -> int:
    """Sign of Q at `v`, exactly; 0 where Q is below 1e-14 of its terms, so that no double can say."""
    with mpmath.workdps(DIGITS):
        terms = mpf(a), mpf(b) * mpf(v), -mpf(d) * mpf(v) ** 2
        total, scale = sum(terms), sum(abs(term) for term in terms)
        return 0 if abs(total) <= mpf("1e-14") * scale else int(mpmath.sign(total))


def _linear_denominator(x0: mpf, x1: mpf, p: mpf, q: mpf, count: int) -> list[mpf]:
    """Integrals of v**n / (p + q*v) for n = 0 .. count - 1."""
    if q == 0:
        return [(x1 ** (n + 1) - x0 ** (n + 1)) / ((n + 1) * p) for n in range(count)]
    moments = [mpmath.log((p + q * x1) / (p + q * x0)) / q]
    for n in range(1, count):
        moments.append(((x1**n - x0**n) / n - p * moments[-1]) / q)
    return moments


def _quadratic_denominator(x0: mpf, x1: mpf, a: mpf, b: mpf, d: mpf) -> list[mpf]:
    """Integrals of v**n / (a + b*v - d*v**2) for n = 1, 2, 3."""
    discriminant = b * b + 4 * a * d
    if discriminant > 0:
        root = mpmath.sqrt(discriminant)
        high, low = (b + root) / (2 * d), (b - root) / (2 * d)
        zeroth = (mpmath.log((x1 - low) / (x0 - low)) - mpmath.log((x1 - high) / (x0 - high))) / root
    elif discriminant < 0:
        root = mpmath.sqrt(-discriminant)
        zeroth = -2 / root * (mpmath.atan((2 * d * x1 - b) / root) - mpmath.atan((2 * d * x0 - b) / root))
    else:
        zeroth = (1 / (x1 - b / (2 * d)) - 1 / (x0 - b / (2 * d))) / d

    def q(v: mpf) -> mpf:
        return a + b * v - d * v * v

    first = (b * zeroth - mpmath.log(q(x1) / q(x0))) / (2 * d)
    second = (a * zeroth + b * first - (x1 - x0)) / d
    third = (a * first + b * second - (x1**2 - x0**2) / 2) / d
    return [first, second, third]
