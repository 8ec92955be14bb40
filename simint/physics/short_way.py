"""A short way of the capacitor voltage, solved with a handful of divisions.

`node.flow` serves any way. Most phases of a device move the voltage by a percent: there Gauss-Legendre quadrature with
four nodes gives the integrals of v/Q, v**2/Q and v**3/Q to rounding. With rho the parameter of the ellipse that reaches
to the nearest pole of the integrand its error is of the order of rho**-8 (Trefethen, doi:10.1137/060659831, theorem
4.5); the limits below make that 1e-15.
"""

from __future__ import annotations

import numpy as np

from simint.compiled import compiled

_X, _W = (0.5 * array for array in np.polynomial.legendre.leggauss(4))
_X0, _X1, _X2, _X3 = (float(x) + 0.5 for x in _X)
_W0, _W1, _W2, _W3 = (float(w) for w in _W)
# Longest way, as shares of the distance to the nearest zero of Q and of the voltage.
_REACH = 0.05
_MOVE = 0.03
# A remainder of this share of the time is followed to second order, as in `node.flow`.
_REMAINDER = 1e-5


@compiled
def short_way(v: float, dt: float, a: float, b: float, d: float, c: float) -> tuple[bool, float, float, float]:
    """Follow C*V*dV/dt = a + b*V - d*V**2 from `v` > 0 for `dt` seconds: whether it was short, voltage, J1 and J2.

    The caller makes sure that nothing is met on the way: the voltage is monotone, so it is enough to look at its end.
    """
    q = a + (b - d * v) * v
    over_v = 1.0 / v
    over_c = 1.0 / c
    rate = q * over_v * over_c
    bend = -(a * over_v * over_v + d) * over_c
    turn = 2.0 * a * over_v * over_v * over_v * over_c
    x = bend * dt
    h = rate * dt * (1.0 + 0.5 * x + (x * x + rate * turn * dt * dt) * (1.0 / 6.0))
    size = abs(h)
    # (|q1/q0| + sqrt(|d/q0|)) * size <= _REACH, without the root
    slope = abs((b - 2.0 * d * v) / q) * size
    if not (size <= _MOVE * v and abs(x) <= _REACH and slope <= 0.5 * _REACH):
        return False, v, 0.0, 0.0
    if not abs(d / q) * size * size <= 0.25 * _REACH * _REACH:
        return False, v, 0.0, 0.0
    goal = v + h
    h = goal - v
    v0, v1, v2, v3 = v + h * _X0, v + h * _X1, v + h * _X2, v + h * _X3
    p0 = _W0 * v0 / (a + (b - d * v0) * v0)
    p1 = _W1 * v1 / (a + (b - d * v1) * v1)
    p2 = _W2 * v2 / (a + (b - d * v2) * v2)
    p3 = _W3 * v3 / (a + (b - d * v3) * v3)
    scale = c * h
    took = scale * ((p0 + p3) + (p1 + p2))
    left = dt - took
    if not abs(left) <= _REMAINDER * dt:
        return False, v, 0.0, 0.0
    p0, p1, p2, p3 = p0 * v0, p1 * v1, p2 * v2, p3 * v3
    j1 = scale * ((p0 + p3) + (p1 + p2))
    j2 = scale * ((p0 * v0 + p3 * v3) + (p1 * v1 + p2 * v2))
    over_v = 1.0 / goal
    rate = (a * over_v + b - d * goal) * over_c
    move = rate * left * (1.0 - 0.5 * (a * over_v * over_v + d) * over_c * left)
    return True, goal + move, j1 + (goal + 0.5 * move) * left, j2 + (goal + move) * goal * left
