"""A data sheet's solar cell outdoors, as current-voltage curves; needs no pvlib."""

from __future__ import annotations

import numpy as np

from simint.trace.power_trace import CurveSource, FloatArray, PowerTrace
from simint.trace.solar_cell import DARK_W_M2, DiodeModel, find_cell, fit_diode
from simint.trace.synthesis.outdoor import RATING_W_M2, OutdoorSky, sky_irradiance
from simint.trace.synthesis.span import Span

# Points of a curve. Evenly spread over its bend they miss it by at most 1 / (2 * 23^2) = 0.1 % of the short-circuit
# current, and the maximum power by less.
_POINTS = 24
# A dark cell's curve is 0 A everywhere, yet a grid of voltages must rise: it is laid over one millivolt.
_DARK_SPAN_V = 1e-3


class OutdoorCell(OutdoorSky, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cell under that sky; `cell`: preset, or TOML file, of `simint.trace.solar_cell`. It stays at 25 C."""

    cell: str = "kxob25-05x3f"


def outdoor_cell(parameters: OutdoorCell, span: Span, rng: np.random.Generator) -> PowerTrace:
    """The curve of each sample's irradiance, by the single-diode model of the cell."""
    model = fit_diode(find_cell(parameters.cell))
    curves = curves_under(model, sky_irradiance(parameters, span, rng))
    return PowerTrace("outdoor-cell", curves, step_s=span.step)


def curves_under(model: DiodeModel, irradiance: FloatArray) -> CurveSource:
    """Curves (n, 24) at 25 C for irradiances (n,) in W/m2, dark ones included.

    Photocurrent and shunt conductance go with the irradiance (De Soto et al., doi:10.1016/j.solener.2005.06.010). Along
    the diode's voltage u the terminals have I = IL - I0 (exp(u/a) - 1) - u/Rsh and V = u - I Rs, so only its two ends
    need solving. The points lie evenly in exp(u / 2a), where the pieces miss the curve alike.
    """
    lit = irradiance[:, None] > DARK_W_M2
    share = np.where(lit, irradiance[:, None] / RATING_W_M2, 1.0)
    light, shunt = model.photocurrent_a * share, model.shunt_s * share
    low = np.exp(_diode_voltage(model, light, shunt + 1.0 / model.series_ohm) / (2 * model.slope_v))
    high = np.exp(_diode_voltage(model, light, shunt) / (2 * model.slope_v))
    diode_v = 2 * model.slope_v * np.log(low + (high - low) * np.linspace(0.0, 1.0, _POINTS))
    current = light - model.saturation_a * np.expm1(diode_v / model.slope_v) - diode_v * shunt
    voltage = diode_v - current * model.series_ohm
    voltage[:, 0], current[:, -1] = 0.0, 0.0
    dark_v = np.linspace(0.0, _DARK_SPAN_V, _POINTS)
    return CurveSource(
        np.where(lit, voltage, dark_v).astype(np.float32), np.where(lit, current, 0.0).astype(np.float32)
    )


def _diode_voltage(model: DiodeModel, light_a: FloatArray, conductance_s: FloatArray) -> FloatArray:
    """The u at which IL - I0 (exp(u/a) - 1) = g u, by Lambert's W, here as Wright's omega, which does not overflow.

    g is 1/Rsh at the open circuit, and 1/Rsh + 1/Rs at the short circuit, where u = I Rs.
    """
    from scipy.special import wrightomega

    top = (light_a + model.saturation_a) / conductance_s
    exponent = np.log(model.saturation_a / (model.slope_v * conductance_s)) + top / model.slope_v
    return np.asarray(top - model.slope_v * np.real(wrightomega(exponent)))
