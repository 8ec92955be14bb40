"""Irradiance on a crystalline cell as current-voltage curves, by pvlib's single-diode functions.

Parameters follow irradiance and temperature as in De Soto et al. (doi:10.1016/j.solener.2005.06.010,
`pvlib.pvsystem.calcparams_desoto`); points of the curve are explicit in the diode's voltage (J. Bishop, Solar Cells 25,
73, 1988, doi:10.1016/0379-6787(88)90059-2, `pvlib.singlediode.bishop88`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simint.errors import InputError
from simint.trace.solar_cell import DARK_W_M2, DiodeModel
from simint.trace.source import CurveSource, FloatArray

# Points of a curve where nothing else is asked for. The maximum power is exact with any number, since its point is
# one of them; in between the pieces miss the curve by at most 0.3 % of the short-circuit current.
CURVE_POINTS = 24
# Temperatures beyond are rather in kelvin, or a code for a missing value.
_COLDEST_C, _HOTTEST_C = -100.0, 150.0
# Rows per call of pvlib, whose temporaries are some ten times as large.
_ROWS = 1 << 15
# A dark cell's curve is 0 A everywhere, yet a grid of voltages must rise: it is laid over one millivolt.
_DARK_SPAN_V = 1e-3


def cell_curves(
    model: DiodeModel, irradiance: FloatArray, temperature_c: float | FloatArray, points: int
) -> CurveSource:
    """One curve of `points` points for each irradiance (n,) in W/m2 at the cell's temperature (n,) in degree Celsius.

    The points lie at 0 V, at the maximum power point, at the open circuit and between them where the curve bends:
    evenly in exp(V_diode / 2a), which makes all pieces miss the curve alike. Single precision, which holds 0.00001 %.
    Below a millionth of 1 W/m2 a cell gives nothing.

    Raises InputError for temperatures that are none, and where pvlib is not installed.
    """
    temperature = np.broadcast_to(np.asarray(temperature_c, dtype=np.float64), irradiance.shape)
    inside = (temperature > _COLDEST_C) & (temperature < _HOTTEST_C)
    if not inside.all():
        row = int(np.argmin(inside))
        raise InputError(
            f"temperature of the cell[{row}] is {temperature[row]:g} C, {_COLDEST_C:g} to {_HOTTEST_C:g} expected"
        )
    voltage = np.empty((irradiance.size, points), dtype=np.float32)
    current = np.zeros_like(voltage)
    voltage[:] = np.linspace(0.0, _DARK_SPAN_V, points, dtype=np.float32)
    lit = np.flatnonzero(irradiance > DARK_W_M2)
    for first in range(0, lit.size, _ROWS):
        rows = lit[first : first + _ROWS]
        voltage[rows], current[rows] = _curves(model, irradiance[rows], temperature[rows], points)
    return CurveSource(voltage, current)


def _curves(
    model: DiodeModel, irradiance: FloatArray, temperature: FloatArray, points: int
) -> tuple[FloatArray, FloatArray]:
    pvsystem, singlediode = _pvlib()
    parameters = pvsystem.calcparams_desoto(
        irradiance,
        temperature,
        alpha_sc=model.per_kelvin_a,
        a_ref=model.slope_v,
        I_L_ref=model.photocurrent_a,
        I_o_ref=model.saturation_a,
        R_sh_ref=1.0 / model.shunt_s if model.shunt_s > 0 else np.inf,
        R_s=model.series_ohm,
    )
    light, dark, series, shunt, slope = (np.broadcast_to(p, irradiance.shape) for p in parameters)
    # The diode's voltage at short circuit, maximum power and open circuit.
    best_a, best_v, _ = singlediode.bishop88_mpp(light, dark, series, shunt, slope)
    bottom = series * singlediode.bishop88_i_from_v(0.0, light, dark, series, shunt, slope)
    top = singlediode.bishop88_v_from_i(0.0, light, dark, series, shunt, slope)
    knee = best_v + best_a * series
    diode_v = _spread(np.stack((bottom, knee, top)) / (2 * slope), points) * (2 * slope)[:, None]
    amperes, volts, _ = singlediode.bishop88(
        diode_v, light[:, None], dark[:, None], series[:, None], shunt[:, None], slope[:, None]
    )
    volts[:, 0], amperes[:, -1] = 0.0, 0.0
    # Newton's method leaves the ends a rounding error above or below their neighbours.
    return volts, np.minimum.accumulate(np.maximum(amperes, 0.0), axis=1)


def _spread(anchors: FloatArray, points: int) -> FloatArray:
    """Logarithms (n, points) of numbers that rise evenly between the exponentials of the anchors (3, n)."""
    below = max(2, points // 4)
    bottom, knee, top = anchors[:, :, None]
    low = np.linspace(0.0, 1.0, below)
    high = np.linspace(0.0, 1.0, points - below + 1)[1:]
    lower = knee + np.log(np.exp(bottom - knee) * (1 - low) + low)
    upper = top + np.log(np.exp(knee - top) * (1 - high) + high)
    lower[:, :1] = bottom
    return np.concatenate((lower, upper), axis=1)


def _pvlib() -> tuple[Any, Any]:
    try:
        from pvlib import pvsystem, singlediode
    except ImportError:
        raise InputError("a solar cell needs pvlib, install it with: pip install 'simint[solar]'") from None
    return pvsystem, singlediode
