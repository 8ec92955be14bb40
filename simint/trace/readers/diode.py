"""Current-voltage curves of the diode form I(V) = a - b (exp(c V) - 1), cut into straight pieces.

The form is that of the IVonne recorder (github.com/nes-lab/shepherd-tools, shepherd_data, ivonne.py): a is the
short-circuit current, the open-circuit voltage is ln(a/b + 1)/c.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simint.errors import InputError
from simint.trace.source import CurveSource, FloatArray, check_values

# Points of a curve where nothing else is asked for: between them the curve of a wearable cell (c Voc of 5 to 8) is
# missed by at most 0.3 % of the short-circuit current.
CURVE_POINTS = 32

# A dark cell's curve is 0 A everywhere, yet a grid of voltages must rise: it is laid over one millivolt.
_DARK_SPAN_V = 1e-3


def diode_curves(a: FloatArray, b: FloatArray, c: FloatArray, points: int) -> CurveSource:
    """Curves with `points` points for coefficients a, b in A and c in 1/V, each (n,).

    Each grid is even from 0 to the maximum power point and even from there to the open-circuit voltage. The maximum
    power point is itself a point: the pieces lie under the concave curve and touch it there, so the maximum power
    is exact, whatever the number of points. dP/dV = 0 gives (1 + c V) exp(1 + c V) = e (a + b)/b, whose solution is
    c V = W(e (a + b)/b) - 1 with Lambert's W, here as Wright's omega of the logarithm, which does not overflow.

    Raises InputError for coefficients that are not positive.
    """
    from scipy.special import wrightomega

    for values, name in ((a, "a"), (b, "b"), (c, "c")):
        check_values(values, name, positive=True)
    log_ratio = np.log1p(a / b)
    peak = np.real(wrightomega(1.0 + log_ratio)) - 1.0
    exponent = knee_grid(points)
    # c V at every point: below the knee as a share of the peak, above it between the peak and the open circuit.
    low, high = np.minimum(exponent, 1.0), np.maximum(exponent - 1.0, 0.0)
    scaled = low * peak[:, None] + high * (log_ratio - peak)[:, None]
    current = a[:, None] - b[:, None] * np.expm1(scaled)
    current[:, -1] = 0.0
    return CurveSource(scaled / c[:, None], np.maximum(current, 0.0))


def fill_factor_curves(voc_v: FloatArray, isc_a: FloatArray, fill_factor: float, points: int) -> CurveSource:
    """Diode curves through short-circuit current and open-circuit voltage (n,) with the same fill factor throughout.

    All share one shape, found by solving for the exponent c Voc at which the form has that fill factor.
    """
    exponent = _exponent_of(fill_factor)
    unit = np.ones(1)
    shape = diode_curves(unit, unit / np.expm1(exponent), exponent * unit, points)
    span = np.where(voc_v > 0, voc_v, _DARK_SPAN_V)
    amplitude = np.where(voc_v > 0, isc_a, 0.0)
    return CurveSource(span[:, None] * shape.voltage_v, amplitude[:, None] * shape.current_a)


def knee_grid(points: int) -> NDArray[np.float64]:
    """Positions 0 to 2 of the points of a curve: 1 is the maximum power point, 2 the open-circuit voltage."""
    below = points // 2
    return np.concatenate((np.linspace(0.0, 1.0, below), np.linspace(1.0, 2.0, points - below + 1)[1:]))


def _exponent_of(fill_factor: float) -> float:
    """c Voc of the diode form with the given fill factor, by bracketing: the factor rises from 1/4 towards 1."""
    from scipy.optimize import brentq
    from scipy.special import wrightomega

    def excess(exponent: float) -> float:
        peak = float(np.real(wrightomega(1.0 + exponent))) - 1.0
        current = 1.0 - np.expm1(peak) / np.expm1(exponent)
        return float(peak / exponent * current - fill_factor)

    # exp(600) is near the largest double; there the fill factor is 0.99.
    if not excess(1e-6) < 0 < excess(600.0):
        raise InputError(f"`fill_factor` of {fill_factor:g} is out of reach of a diode curve (0.2501 to 0.988)")
    return float(brentq(excess, 1e-6, 600.0, xtol=1e-13))
