"""An indoor solar cell on an office desk: daylight through the window, and lamps that follow the people."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from simint.config import Second, Watt
from simint.errors import InputError
from simint.trace.power_trace import FloatArray, PowerSource, PowerTrace
from simint.trace.synthesis.outdoor import elevation_sine
from simint.trace.synthesis.processes import alternating
from simint.trace.synthesis.span import Span, require_positive, require_range

_DAY_S = 86400.0
_WEEK_DAYS = 7
_WORK_DAYS = 5
# Illuminance outdoors on the horizontal under an overcast sky: 300 lx + 21,000 lx * sine of the sun's elevation
# (J. Krochmann and M. Seidl, Lighting Research and Technology 6, 165, 1974; the formula as others cite it).
_OVERCAST_LUX = 300.0
_OVERCAST_SLOPE_LUX = 21000.0


class OfficeLight(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cell on a desk from local solar midnight of a Monday on; Saturdays and Sundays nobody comes.

    `power_at_500_lux`: of the cell; the default is 101 uW at 600 lux, scaled, as measured on an EXL2-1V50 in the data
    of Simba (github.com/LENS-TUGraz/simba, IVCurves). Power is taken as proportional to illuminance.
    `lamp_lux`: on the desk, 500 lux is the value of EN 12464-1 for offices. `daylight_factor`: share of the overcast
    sky's illuminance that reaches the desk; 2 %, the mean over a room below which it looks gloomy (the rule of BS
    8206-2, since replaced by BS EN 17037), is taken for the desk.
    `arrival`, `departure`: mean times of day of the first arrival and last departure, each normal with standard
    deviation `habit`; in between the desk is left for exponential times of mean `absence`, after exponential
    times of mean `presence` (vacancies are exponential: D. Wang et al., Energy and Buildings 37, 121, 2005; the five
    values are a plain working day, chosen here). The lamps stay on for `lamp_delay` after the person has left:
    20 min is the longest that ASHRAE 90.1 allows an occupancy sensor since its edition of 2013 (30 min before).
    """

    power_at_500_lux: Watt = 101e-6 * 500 / 600
    lamp_lux: float = 500.0
    daylight_factor: float = 0.02
    latitude_deg: float = 47.07
    day_of_year: int = 60
    arrival: Second = 8.5 * 3600
    departure: Second = 17.5 * 3600
    habit: Second = 1800.0
    presence: Second = 3600.0
    absence: Second = 1800.0
    lamp_delay: Second = 1200.0

    def __post_init__(self) -> None:
        require_positive(self, "power_at_500_lux", "presence", "absence")
        require_range(self, 0, math.inf, "lamp_lux", "habit", "lamp_delay")
        require_range(self, 0, 1, "daylight_factor")
        require_range(self, -90, 90, "latitude_deg")
        require_range(self, 1, 366, "day_of_year")
        require_range(self, 0, _DAY_S, "arrival", "departure")
        if not self.arrival < self.departure:
            raise InputError("`arrival` must come before `departure`")


def lamps_on(parameters: OfficeLight, times_s: FloatArray, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Whether the lamps are on at each time, (n,); the person starts each working day present."""
    starts: list[FloatArray] = [np.empty(0)]
    ends: list[FloatArray] = [np.empty(0)]
    days = math.ceil(float(times_s[-1]) / _DAY_S)
    for day in range(days):
        arrival, departure = rng.normal((parameters.arrival, parameters.departure), parameters.habit)
        arrival, departure = max(0.0, arrival), min(_DAY_S, departure)
        if day % _WEEK_DAYS >= _WORK_DAYS or not departure > arrival:
            continue
        stay = alternating(
            lambda count: rng.exponential(parameters.presence, count),
            lambda count: rng.exponential(parameters.absence, count),
            parameters.presence + parameters.absence,
            float(departure - arrival),
            on=True,
        )
        first_s = day * _DAY_S + float(arrival)
        starts.append(first_s + stay.edges_s[:-1][stay.on])
        ends.append(first_s + stay.edges_s[1:][stay.on] + parameters.lamp_delay)
    return _within(np.concatenate(starts), np.concatenate(ends), times_s)


def _within(starts_s: FloatArray, ends_s: FloatArray, times_s: FloatArray) -> NDArray[np.bool_]:
    """Whether each time lies in one of the intervals, which may overlap; starts and ends both rise."""
    begun = np.searchsorted(starts_s, times_s, side="right")
    ended = np.searchsorted(ends_s, times_s, side="right")
    inside: NDArray[np.bool_] = begun > ended
    return inside


def office_light(parameters: OfficeLight, span: Span, rng: np.random.Generator) -> PowerTrace:
    """Illuminance of daylight and lamps times the cell."""
    times = span.midpoints()
    sine = elevation_sine(parameters.latitude_deg, parameters.day_of_year, times)
    outdoors = np.where(sine > 0, _OVERCAST_LUX + _OVERCAST_SLOPE_LUX * sine, 0.0)
    lux = parameters.daylight_factor * outdoors
    lux += parameters.lamp_lux * lamps_on(parameters, times, rng)
    return PowerTrace("office-light", PowerSource(lux * (parameters.power_at_500_lux / 500.0)), step_s=span.step)
