"""A thermoelectric generator on the wrist: a chain of thermal resistances from the body to moving air."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from simint.config import Second, SquareMetre
from simint.errors import InputError
from simint.trace.power_trace import FloatArray, PowerTrace, TheveninSource
from simint.trace.synthesis.processes import lagged, markov, ornstein_uhlenbeck
from simint.trace.synthesis.span import Span, require_positive, require_range

# Temperature inside the body that drives the heat flow.
_CORE_CELSIUS = 37.0


class WristThermal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body, generator and air in series, per area in K m2/W; the source is Thevenin.

    `body_resistance`: 0.02 K m2/W, within the 0.011 to 0.044 measured on the wrist by V. Leonov and R. Vullers, "Human
    Machine and Thermoelectric Energy Scavenging for Wearable Devices", ISRN Renewable Energy 2011, 785380, table 2.
    `generator_resistance`: of the thermopile, chosen of the order of what is around it.
    `air_resistance`: of the radiator in still air, chosen: 1/(10 W/(m2 K)), halved by fins; while the arm moves it is
    divided by `moving_gain`, chosen too. `area`: chosen, of a watch.
    `figure_of_merit`: Z of bismuth telluride near room temperature, 2.5e-3 per kelvin; `seebeck_v_k`: of one couple, 2
    x 200 uV/K; round values for such alloys (D. M. Rowe, ed., Thermoelectrics Handbook, 2006; not from one table).
    `couples`: chosen for about a volt.
    Air temperature: mean `air_celsius`, deviation `air_deviation`, Ornstein-Uhlenbeck with `air_correlation`; the
    arm moves for exponential times of mean `moving_time` after `still_time`; the radiator follows with `lag`. These
    describe a day indoors and are chosen here.
    """

    body_resistance: float = 0.020
    generator_resistance: float = 0.030
    air_resistance: float = 0.050
    moving_gain: float = 1.5
    area: SquareMetre = 4e-4
    figure_of_merit: float = 2.5e-3
    seebeck_v_k: float = 4e-4
    couples: int = 1000
    air_celsius: float = 22.0
    air_deviation: float = 1.5
    air_correlation: Second = 3600.0
    still_time: Second = 900.0
    moving_time: Second = 180.0
    lag: Second = 60.0

    def __post_init__(self) -> None:
        require_positive(self, "body_resistance", "generator_resistance", "air_resistance", "area", "figure_of_merit")
        require_positive(self, "seebeck_v_k", "couples", "air_correlation", "still_time", "moving_time", "lag")
        require_range(self, 0, math.inf, "air_deviation")
        if not self.air_celsius < _CORE_CELSIUS:
            raise InputError(f"`air_celsius` must lie below {_CORE_CELSIUS:g}, got {self.air_celsius:g}")
        if not self.moving_gain >= 1:
            raise InputError(f"`moving_gain` must be at least 1, got {self.moving_gain:g}")

    @property
    def resistance_ohm(self) -> float:
        """Electrical resistance of the thermopile: S^2 * thermal resistance / Z, from Z = S^2 / (R * K)."""
        seebeck = self.couples * self.seebeck_v_k
        return seebeck**2 * (self.generator_resistance / self.area) / self.figure_of_merit


def thermopile_share(parameters: WristThermal, air_resistance: FloatArray | float) -> FloatArray:
    """Share of the temperature difference from body to air that lies across the thermopile."""
    around = parameters.body_resistance + parameters.generator_resistance
    return np.asarray(parameters.generator_resistance / (around + air_resistance))


def wrist_thermal(parameters: WristThermal, span: Span, rng: np.random.Generator) -> PowerTrace:
    """Open-circuit voltage: couples * Seebeck coefficient * temperature across the thermopile, never below 0."""
    moving = markov(rng, parameters.moving_time, parameters.still_time, span.duration_s).at(span.midpoints())
    air = np.where(moving, parameters.air_resistance / parameters.moving_gain, parameters.air_resistance)
    wander = ornstein_uhlenbeck(rng, span.samples, span.step, parameters.air_correlation)
    outside = parameters.air_celsius + parameters.air_deviation * wander
    across = lagged(thermopile_share(parameters, air) * (_CORE_CELSIUS - outside), span.step, parameters.lag)
    voltage = np.maximum(parameters.couples * parameters.seebeck_v_k * across, 0.0)
    return PowerTrace("wrist-thermal", TheveninSource(voltage, parameters.resistance_ohm), step_s=span.step)
