"""A small solar cell outdoors: the sun's elevation gives the clear sky, a two-state process the clouds."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from simint.config import Second, Watt
from simint.errors import InputError
from simint.trace.power_trace import FloatArray, PowerSource, PowerTrace
from simint.trace.synthesis.processes import markov, ornstein_uhlenbeck
from simint.trace.synthesis.span import Span, require_positive, require_range

# Global irradiance on the horizontal under a clear sky: a * s * exp(-b / s) with s the sine of the sun's elevation
# (B. Haurwitz, J. Meteorology 2, 154, 1945; M. Reno et al., Sandia report SAND2012-2389). Constants as widely copied;
# pvlib, by the same author, has 0.059 for 0.057: 0.2 % less at the zenith, 0.7 % at 17 degrees, which the fitted index
# of the clear sky takes up.
_HAURWITZ_W_M2 = 1098.0
_HAURWITZ_EXPONENT = 0.057
# Irradiance at which the power of solar cells is rated (IEC 60904-3).
RATING_W_M2 = 1000.0


class OutdoorSky(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Irradiance on a horizontal plane outdoors from local solar midnight on.

    The clear-sky index (irradiance over that of a clear sky) follows a two-state model after H. Morf, Solar Energy 62,
    101, 1998 (doi:10.1016/S0038-092X(98)00004-8): exponential sojourns of mean `clear_time` and `cloud_time`, in each
    state a mean and a standard deviation, with an Ornstein-Uhlenbeck fluctuation of correlation time
    `index_correlation`. Defaults fitted to 30 days of one-minute global irradiance at Golden, Colorado, September 2018
    (NREL SRRL, doi:10.5439/1052221; states split at an index of 0.7, sun above 15 degrees; latitude of the site, middle
    of the month).
    """

    latitude_deg: float = 39.742
    day_of_year: int = 258
    clear_index: float = 1.055
    clear_deviation: float = 0.100
    cloud_index: float = 0.369
    cloud_deviation: float = 0.161
    clear_time: Second = 36.2 * 60
    cloud_time: Second = 14.1 * 60
    index_correlation: Second = 600.0

    def __post_init__(self) -> None:
        require_range(self, -90, 90, "latitude_deg")
        require_range(self, 1, 366, "day_of_year")
        require_positive(self, "clear_index", "cloud_index", "clear_time", "cloud_time", "index_correlation")
        require_range(self, 0, math.inf, "clear_deviation", "cloud_deviation")
        if not self.cloud_index < self.clear_index:
            raise InputError(f"`cloud_index` must lie below `clear_index` ({self.clear_index:g})")


class OutdoorSolar(OutdoorSky, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cell under that sky whose power is proportional to the irradiance.

    `peak_power`: of the cell at 1000 W/m2; the default is the data sheet value of the KXOB25-05X3F (ANYSOLAR, 23 mm x
    8 mm).
    """

    peak_power: Watt = 30.7e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, "peak_power")


def elevation_sine(latitude_deg: float, day_of_year: int, time_s: FloatArray) -> FloatArray:
    """Sine of the sun's elevation at solar time `time_s` (seconds from midnight, later days included), (n,).

    sin h = sin(phi) sin(delta) + cos(phi) cos(delta) cos(omega), with the declination of P. Cooper, Solar Energy 12,
    333, 1969; both as in Duffie and Beckman, Solar Engineering of Thermal Processes, chapter 1.
    """
    latitude = math.radians(latitude_deg)
    day = day_of_year + np.floor(time_s / 86400)
    declination = math.radians(23.45) * np.sin(2 * np.pi * (284 + day) / 365)
    hour_angle = 2 * np.pi * (time_s / 86400 - 0.5)
    sine: FloatArray = math.sin(latitude) * np.sin(declination)
    sine += math.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    return sine


def clear_sky_w_m2(sine: FloatArray) -> FloatArray:
    """Global horizontal irradiance under a clear sky for the sine of the sun's elevation, 0 when it is down, (n,)."""
    up = np.maximum(sine, 1e-6)
    return np.where(sine > 0, _HAURWITZ_W_M2 * up * np.exp(-_HAURWITZ_EXPONENT / up), 0.0)


def sky_irradiance(sky: OutdoorSky, span: Span, rng: np.random.Generator) -> FloatArray:
    """Irradiance of each sample, (n,) W/m2: clear sky times clear-sky index; the index is cut at 0."""
    times = span.midpoints()
    clear = markov(rng, sky.clear_time, sky.cloud_time, span.duration_s).at(times)
    wander = ornstein_uhlenbeck(rng, span.samples, span.step, sky.index_correlation)
    index = np.where(clear, sky.clear_index, sky.cloud_index)
    index += np.where(clear, sky.clear_deviation, sky.cloud_deviation) * wander
    irradiance = clear_sky_w_m2(elevation_sine(sky.latitude_deg, sky.day_of_year, times))
    irradiance *= np.maximum(index, 0.0)
    return irradiance


def outdoor_solar(parameters: OutdoorSolar, span: Span, rng: np.random.Generator) -> PowerTrace:
    """Irradiance times the cell's power at 1000 W/m2."""
    power = sky_irradiance(parameters, span, rng) * (parameters.peak_power / RATING_W_M2)
    return PowerTrace("outdoor-solar", PowerSource(power), step_s=span.step)
