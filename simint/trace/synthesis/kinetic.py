"""A shock harvester in the sole of a shoe: each heel strike rings a resonator, strides come in bouts."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from simint.config import Hertz, Joule, Second
from simint.errors import InputError
from simint.trace.power_trace import FloatArray, PowerSource, PowerTrace
from simint.trace.synthesis.processes import TwoState, alternating
from simint.trace.synthesis.span import Span, require_positive, require_range

# A pulse is followed for this many decay times; exp(-2 * 10) of its energy, 2e-9, falls behind.
_PULSE_DECAYS = 10


class WalkingShoe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person walks in bouts and rests in between; the harvester sits in one shoe.

    `strike_energy`: mean per stride; the default gives, at 0.94 strides a second, the 4.13 mW that K. Ylli et al.
    (Smart Mater. Struct. 24, 025029, 2015) got at best from their shock harvester at 5 km/h, on solid ground.
    `stride_rate`: half of 113 steps a minute, the free cadence of adults (J. Perry, Gait Analysis, 1992).
    `stride_deviation`: relative, 3 % after J. Hausdorff et al., J. Appl. Physiol. 80, 1448, 1996, number not checked
    there (a tutorial of that group on PhysioNet has 4 % over nine minutes). `energy_deviation`: relative, chosen.
    `resonance`, `decay`: of the resonator's amplitude; chosen so that a pulse rings down within a stride.
    Bouts are log-normal with median `bout_median` and `bout_shape` (deviation of the logarithm): 60 % last 30 s or
    less, 1 % 120 s or more. Rests are exponential with median `rest_median`: half last 20 s or less. The shares from M.
    Orendurff et al., J. Rehabil. Res. Dev. 45, 1077, 2008, where two-minute bouts make 1 %, read here as two minutes or
    more; the forms are chosen, longer breaks are left out.
    """

    strike_energy: Joule = 4.13e-3 / (113 / 120)
    stride_rate: Hertz = 113 / 120
    stride_deviation: float = 0.03
    energy_deviation: float = 0.2
    resonance: Hertz = 12.0
    decay: Second = 0.2
    bout_median: Second = 25.3
    bout_shape: float = 0.669
    rest_median: Second = 20.0

    def __post_init__(self) -> None:
        require_positive(self, "strike_energy", "stride_rate", "resonance", "decay", "bout_median", "rest_median")
        require_range(self, 0, math.inf, "bout_shape", "energy_deviation")
        require_range(self, 0, 0.3, "stride_deviation")
        if not self.decay * self.stride_rate < 1:
            stride_s = 1 / self.stride_rate
            raise InputError(f"`decay` must be shorter than a stride ({stride_s:g} s), got {self.decay:g} s")

    @property
    def bout_mean_s(self) -> float:
        """Mean duration of a bout: median * exp(shape^2 / 2), the mean of a log-normal."""
        return self.bout_median * math.exp(self.bout_shape**2 / 2)

    @property
    def rest_mean_s(self) -> float:
        """Mean duration of a rest: median / ln 2, the mean of an exponential."""
        return self.rest_median / math.log(2)


def pulse_energy(parameters: WalkingShoe, since_s: FloatArray) -> FloatArray:
    """Share of a pulse's energy delivered until `since_s` after the strike (0 before it, 1 in the end).

    The velocity of the ringing resonator is exp(-t/tau) sin(w t), the power its square:
    p(t) ~ exp(-a t) (1 - cos(2 w t)) / 2 with a = 2/tau; integrated in closed form.
    """
    rate, turn = 2 / parameters.decay, 4 * math.pi * parameters.resonance
    t = np.maximum(since_s, 0.0)
    total = 1 / rate - rate / (rate**2 + turn**2)
    left = 1 / rate - (rate * np.cos(turn * t) - turn * np.sin(turn * t)) / (rate**2 + turn**2)
    share: FloatArray = 1 - np.exp(-rate * t) * left / total
    return share


def strike_times(parameters: WalkingShoe, walk: TwoState, rng: np.random.Generator) -> FloatArray:
    """Times of the heel strikes, (n,) seconds: a stride apart within each bout, the first half a stride in."""
    strikes = []
    for start, stop in zip(walk.edges_s[:-1][walk.on], walk.edges_s[1:][walk.on], strict=True):
        # Strides vary by their relative deviation; cut at 0.1 of the mean, they stay positive.
        count = math.ceil((stop - start) * parameters.stride_rate * (1 + 4 * parameters.stride_deviation)) + 8
        strides = np.maximum(rng.normal(1, parameters.stride_deviation, count), 0.1) / parameters.stride_rate
        times = start + np.cumsum(strides) - strides[0] / 2
        strikes.append(times[times < stop])
    return np.concatenate(strikes) if strikes else np.empty(0)


def walking_shoe(parameters: WalkingShoe, span: Span, rng: np.random.Generator) -> PowerTrace:
    """The pulses of all strikes; each sample holds its exact energy."""
    walk = alternating(
        lambda count: rng.lognormal(math.log(parameters.bout_median), parameters.bout_shape, count),
        lambda count: rng.exponential(parameters.rest_mean_s, count),
        parameters.bout_mean_s + parameters.rest_mean_s,
        span.duration_s,
        on=True,
    )
    strikes = strike_times(parameters, walk, rng)
    # Log-normal energies of the given mean and relative deviation.
    shape = math.sqrt(math.log1p(parameters.energy_deviation**2))
    energies = parameters.strike_energy * rng.lognormal(-(shape**2) / 2, shape, strikes.size)
    width = math.ceil(_PULSE_DECAYS * parameters.decay / span.step) + 2
    energy_j = np.zeros(span.samples + width)
    for strike, energy in zip(strikes, energies, strict=True):
        first = int(strike / span.step)
        edges = np.arange(first, first + width + 1) * span.step
        energy_j[first : first + width] += energy * np.diff(pulse_energy(parameters, edges - strike))
    # Differences of a rising function can be -1e-19 in floating point.
    power = np.maximum(energy_j[: span.samples], 0.0) / span.step
    return PowerTrace("walking-shoe", PowerSource(power), step_s=span.step)
