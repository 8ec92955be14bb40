"""A short way of the capacitor voltage, solved with a handful of divisions.

`node.flow` serves any way. Most phases of a device move the voltage by a percent: there Gauss-Legendre quadrature with
four nodes gives the integrals of v/Q, v**2/Q and v**3/Q to rounding. With rho the parameter of the ellipse that reaches
to the nearest pole of the integrand its error is of the order of rho**-8 (Trefethen, doi:10.1137/060659831, theorem
4.5); the limits below make that 1e-15.
"""

from __future__ import annotations

import math

import numpy as np

from simint.compiled import borrowing

_X, _W = (0.5 * array for array in np.polynomial.legendre.leggauss(4))
_X0, _X1, _X2, _X3 = (float(x) + 0.5 for x in _X)
_W0, _W1, _W2, _W3 = (float(w) for w in _W)
_NODES, _WEIGHTS = (0.5 * array for array in np.polynomial.legendre.leggauss(8))
_NODES = _NODES + 0.5
# Longest way for four nodes and for eight, as a share of the distance to the nearest pole.
_NEAR, _FAR = 0.05, 0.4
# A remainder of this share of the time is followed to second order, as in `node.flow`.
_REMAINDER = 1e-5
_TRIALS = 3


@borrowing
def short_way(v: float, dt: float, a: float, b: float, d: float, c: float) -> tuple[bool, float, float, float]:
    """Follow C*V*dV/dt = a + b*V - d*V**2 from `v` > 0 for `dt` seconds: whether it was short, voltage, J1 and J2.

    The caller makes sure that nothing is met on the way: the voltage is monotone, so it is enough to look at its end.
    """
    q, over_c = a + (b - d * v) * v, 1.0 / c
    over_v = 1.0 / v
    # Linearised in the energy, which is exact for a constant power.
    x = (b * over_v - 2.0 * d) * over_c * dt
    squared = v * v + 2.0 * over_c * q * dt * (1.0 + x * (0.5 + x * (1.0 / 6.0)))
    if not (squared > 0.25 * v * v and abs(x) <= 0.5):
        return False, v, 0.0, 0.0
    goal = math.sqrt(squared)
    slope, bend = abs((b - 2.0 * d * v) / q), abs(d / q)
    for _ in range(_TRIALS):
        h = goal - v
        size = abs(h)
        # The poles are the zeros of Q; 1/(|q1/q0| + sqrt(|d/q0|)) bounds their distance from below.
        share = size * (slope + math.sqrt(bend))
        took = j1 = j2 = 0.0
        if share <= _NEAR:
            v0, v1, v2, v3 = v + h * _X0, v + h * _X1, v + h * _X2, v + h * _X3
            p0 = _W0 * v0 / (a + (b - d * v0) * v0)
            p1 = _W1 * v1 / (a + (b - d * v1) * v1)
            p2 = _W2 * v2 / (a + (b - d * v2) * v2)
            p3 = _W3 * v3 / (a + (b - d * v3) * v3)
            took = (p0 + p3) + (p1 + p2)
            p0, p1, p2, p3 = p0 * v0, p1 * v1, p2 * v2, p3 * v3
            j1 = (p0 + p3) + (p1 + p2)
            j2 = (p0 * v0 + p3 * v3) + (p1 * v1 + p2 * v2)
        elif share <= _FAR:
            for k in range(8):
                u = v + h * _NODES[k]
                p = _WEIGHTS[k] * u / (a + (b - d * u) * u)
                took += p
                j1 += p * u
                j2 += p * u * u
        else:
            return False, v, 0.0, 0.0
        scale = c * h
        left = dt - scale * took
        over_goal = 1.0 / goal
        rate = (a * over_goal + b - d * goal) * over_c
        move = rate * left * (1.0 - 0.5 * (a * over_goal * over_goal + d) * over_c * left)
        if abs(left) <= _REMAINDER * dt:
            j1 = scale * j1 + (goal + 0.5 * move) * left
            return True, goal + move, j1, scale * j2 + (goal + move) * goal * left
        goal += move
        if not goal > 0.5 * v:
            break
    return False, v, 0.0, 0.0
