"""A solar cell from its data sheet: the points it prints, and the single-diode model through them.

I = IL - I0 (exp((V + I Rs) / a) - 1) - (V + I Rs) / Rsh, with a the ideality factor times the thermal voltage times the
number of cells in series: W. De Soto, S. Klein, W. Beckman, Solar Energy 80, 78, 2006,
doi:10.1016/j.solener.2005.06.010.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from simint.config import Ampere, Ratio, Volt, load_toml
from simint.errors import InputError

# Boltzmann's constant over the elementary charge, V/K (exact in the SI of 2019), and the 25 C of standard test
# conditions (IEC 60904-3, with 1000 W/m2).
_THERMAL_V_PER_K = 8.617333262e-5
STC_KELVIN = 298.15
# Less light than this counts as none, W/m2: a cell of 30 mW would give some 10 pW.
DARK_W_M2 = 1e-6
# Band gap of silicon at 25 C in eV and its relative change in 1/K, from De Soto et al.
_GAP_EV, _GAP_PER_K = 1.121, -0.0002677
# De Soto et al. suggest any small step for the voltage's change with temperature; theirs is 2 K.
_STEP_K = 2.0
# Ideality factors that are tried; a single silicon junction lies between 1 and 2.
_IDEALITY = (0.5, 3.0)


class SolarCell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a data sheet says of a crystalline silicon cell at standard test conditions (1000 W/m2, 25 C).

    `cells`: junctions in series. `open_circuit`, `short_circuit`, `mpp_voltage`, `mpp_current`: its points.
    `current_coefficient`, `voltage_coefficient`: relative change of short-circuit current and open-circuit voltage
    with temperature, 1/K. `ideality`: of the diode, instead of the voltage's coefficient; one decides the other.
    `source`: where the numbers come from.
    """

    name: str
    source: str
    cells: int
    open_circuit: Volt
    short_circuit: Ampere
    mpp_voltage: Volt
    mpp_current: Ampere
    current_coefficient: Ratio
    voltage_coefficient: Ratio | None = None
    ideality: float | None = None

    def __post_init__(self) -> None:
        if self.cells < 1:
            raise InputError(f"`cells` must be at least 1, got {self.cells}")
        for low, high in (("mpp_voltage", "open_circuit"), ("mpp_current", "short_circuit")):
            if not 0 < getattr(self, low) < getattr(self, high) < math.inf:
                raise InputError(f"`{low}` must be positive and lie below `{high}`")
        if (self.voltage_coefficient is None) == (self.ideality is None):
            raise InputError("either `voltage_coefficient` or `ideality` is needed, not both: one decides the other")
        if self.ideality is not None and not _IDEALITY[0] <= self.ideality <= _IDEALITY[1]:
            raise InputError(f"`ideality` must lie in {_IDEALITY[0]:g} to {_IDEALITY[1]:g}, got {self.ideality:g}")
        if self.voltage_coefficient is not None and not -0.1 < self.voltage_coefficient < 0:
            raise InputError(f"`voltage_coefficient` must lie in -0.1 to 0 per K, got {self.voltage_coefficient:g}")
        if not -0.1 < self.current_coefficient < 0.1:
            raise InputError(f"`current_coefficient` must lie in -0.1 to 0.1 per K, got {self.current_coefficient:g}")


@dataclass(frozen=True)
class DiodeModel:
    """The five parameters at standard test conditions: A, A, ohm, 1/ohm and V; `per_kelvin_a`: of the photocurrent."""

    photocurrent_a: float
    saturation_a: float
    series_ohm: float
    shunt_s: float
    slope_v: float
    per_kelvin_a: float


def find_cell(text: str) -> SolarCell:
    """A cell by the name of a preset, or from a TOML file; InputError lists the presets."""
    folder = cell_folder()
    if text in cell_names():
        return load_toml(folder / f"{text}.toml", SolarCell)
    if text.endswith(".toml"):
        return load_toml(Path(text), SolarCell)
    raise InputError(f"unknown solar cell {text!r}; known: {', '.join(cell_names())}, or a TOML file")


def cell_folder() -> Path:
    """Where the presets lie."""
    return Path(__file__).resolve().parent / "cells"


def cell_names() -> list[str]:
    """Names of the presets, sorted."""
    return sorted(path.stem for path in cell_folder().glob("*.toml"))


def fit_diode(cell: SolarCell) -> DiodeModel:
    """The single-diode model through short circuit, open circuit and maximum power point.

    For a slope a and a series resistance the three points are linear in IL, I0 and 1/Rsh; dP/dV = 0 at the maximum
    power point then fixes the resistance, and the coefficient of the open-circuit voltage the slope, each by
    bracketing.

    Raises InputError where no physical cell (Rs and Rsh positive) has these points.
    """
    from scipy.optimize import brentq

    thermal_v = _THERMAL_V_PER_K * STC_KELVIN * cell.cells
    if cell.ideality is not None:
        return _with_slope(cell, cell.ideality * thermal_v)
    assert cell.voltage_coefficient is not None
    wanted = cell.open_circuit * (1 + _STEP_K * cell.voltage_coefficient)

    def excess(ideality: float) -> float:
        return _current_warmer(_with_slope(cell, ideality * thermal_v, physical=False), wanted) / cell.short_circuit

    low, high = _IDEALITY
    # Beyond some ideality the diode alone is softer than the points, without any resistance.
    if _power_slope(cell, high * thermal_v, 0.0) < 0 < _power_slope(cell, low * thermal_v, 0.0):
        high = brentq(lambda n: _power_slope(cell, n * thermal_v, 0.0), low, high) * (1 - 1e-6)
    if excess(low) * excess(high) > 0:
        raise InputError(
            f"solar cell {cell.name!r}: no diode has the `voltage_coefficient` {cell.voltage_coefficient:g}"
        )
    return _with_slope(cell, brentq(excess, low, high, xtol=1e-12) * thermal_v)


def _with_slope(cell: SolarCell, slope_v: float, physical: bool = True) -> DiodeModel:
    from scipy.optimize import brentq

    # There the diode at the maximum power point would have the open-circuit voltage: the three points say one thing.
    most = (cell.open_circuit - cell.mpp_voltage) / cell.mpp_current * (1 - 1e-3)
    model = None
    if _power_slope(cell, slope_v, 0.0) > 0 > _power_slope(cell, slope_v, most):
        series = brentq(lambda ohm: _power_slope(cell, slope_v, ohm), 0.0, most, xtol=1e-15 * most)
        model = _through_points(cell, slope_v, series)
    if model is None or (physical and not (model.shunt_s >= 0 and model.saturation_a > 0)):
        ideality = slope_v / (_THERMAL_V_PER_K * STC_KELVIN * cell.cells)
        raise InputError(
            f"solar cell {cell.name!r}: no diode of ideality {ideality:.3g} with positive resistances goes through the "
            f"points; check them, and `cells`, or choose another `ideality`"
        )
    return model


def _power_slope(cell: SolarCell, slope_v: float, series_ohm: float) -> float:
    """dP/dV at the maximum power point of the model through the points, A: 0 for the right resistance."""
    model = _through_points(cell, slope_v, series_ohm)
    diode_v = cell.mpp_voltage + cell.mpp_current * series_ohm
    conductance = model.saturation_a / slope_v * math.exp(diode_v / slope_v) + model.shunt_s
    return cell.mpp_current - cell.mpp_voltage * conductance / (1 + conductance * series_ohm)


def _through_points(cell: SolarCell, slope_v: float, series_ohm: float) -> DiodeModel:
    """IL, I0 and 1/Rsh from the three points, for given a and Rs."""
    points = ((0.0, cell.short_circuit), (cell.mpp_voltage, cell.mpp_current), (cell.open_circuit, 0.0))
    # I0 is counted in units of exp(-Voc / a), which keeps the three columns alike in size.
    unit = math.exp(-cell.open_circuit / slope_v)
    rows = [[1.0, -unit * math.expm1((v + i * series_ohm) / slope_v), -(v + i * series_ohm)] for v, i in points]
    photocurrent, saturation, shunt = np.linalg.solve(np.array(rows), np.array([i for _, i in points])).tolist()
    per_kelvin = cell.current_coefficient * cell.short_circuit
    return DiodeModel(photocurrent, saturation * unit, series_ohm, shunt, slope_v, per_kelvin)


def _current_warmer(model: DiodeModel, voltage_v: float) -> float:
    """Current at an open terminal of `voltage_v` a few kelvin above standard conditions: 0 at the open-circuit voltage.

    a rises with T, I0 with T^3 exp(-Eg / kT), IL linearly (De Soto et al.).
    """
    ratio = 1 + _STEP_K / STC_KELVIN
    gap = _GAP_EV * (1 + _GAP_PER_K * _STEP_K)
    exponent = (_GAP_EV - gap / ratio) / (_THERMAL_V_PER_K * STC_KELVIN)
    saturation = model.saturation_a * ratio**3 * math.exp(exponent)
    photocurrent = model.photocurrent_a + model.per_kelvin_a * _STEP_K
    return photocurrent - saturation * math.expm1(voltage_v / (model.slope_v * ratio)) - voltage_v * model.shunt_s
