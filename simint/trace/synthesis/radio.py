"""Radio-frequency harvesting: a receiver carried past a transmitter, and a source that comes and goes."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from simint.config import Hertz, Second, Watt
from simint.trace.power_trace import FloatArray, PowerSource, PowerTrace
from simint.trace.synthesis.processes import markov
from simint.trace.synthesis.span import Span, require_positive, require_range

_LIGHT_M_S = 299_792_458.0
# Scattered waves in the sum of sinusoids (model: R. H. Clarke, Bell Syst. Tech. J. 47, 957, 1968). Chosen: the tests
# hold the variance of the gain against that of Rice fading.
_SCATTERED_WAVES = 32


class RadioWalkBy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A receiver carried to and fro on a straight line past a transmitter, with a pause at each end.

    `radiated_power` (EIRP) and `frequency`: 3 W at 915 MHz, the Powercast TX91501. `receive_gain`: 4.1 (6.1 dBi), the
    patch antenna of the Powercast P2110 evaluation kit, not checked in its manual. `efficiency`, `sensitivity`: of the
    rectifier; 0.5, a round value, and -12 dBm (63 uW), after the P2110B (the data sheet of the P2110, 2015, has -11.5
    dBm); below the sensitivity nothing is harvested.
    `closest_m`: distance of the line; `half_path_m`: from its closest point to either end; mean `pause` (exponential);
    these three are chosen here. `speed_m_s`: 1.4 m/s, the speed people prefer (R. Browning et al., J. Appl. Physiol.
    100, 390, 2006). `rice_factor`: power of the direct wave over that of the
    scattered ones; chosen for a line of sight.
    """

    radiated_power: Watt = 3.0
    frequency: Hertz = 915e6
    receive_gain: float = 4.1
    efficiency: float = 0.5
    sensitivity: Watt = 63e-6
    closest_m: float = 0.8
    half_path_m: float = 12.0
    pause: Second = 5.0
    speed_m_s: float = 1.4
    rice_factor: float = 4.0

    def __post_init__(self) -> None:
        require_positive(self, "radiated_power", "frequency", "receive_gain", "closest_m", "half_path_m", "speed_m_s")
        require_range(self, 0, math.inf, "sensitivity", "pause", "rice_factor")
        require_range(self, 0, 1, "efficiency")

    @property
    def wavelength_m(self) -> float:
        """Wavelength of the carrier."""
        return _LIGHT_M_S / self.frequency


class RadioOnOff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source with two powers and exponential times in each: the two-state Markov model of harvesting.

    In the manner of "Markov Modeling of Energy Harvesting Body Sensor Networks" (J. Ventura and K. Chowdhury, IEEE
    PIMRC 2011, p. 2168; the abstract tells of a chain of energy states, not of how many states a source has). The
    values are chosen here: the 5 mW of a receiver near a 3 W transmitter, away from it most of the time.
    """

    on_power: Watt = 5e-3
    off_power: Watt = 0.0
    mean_on: Second = 2.0
    mean_off: Second = 8.0

    def __post_init__(self) -> None:
        require_range(self, 0, math.inf, "on_power", "off_power")
        require_positive(self, "mean_on", "mean_off")


def friis_w(parameters: RadioWalkBy, distance_m: FloatArray) -> FloatArray:
    """Received power at each distance in free space, (n,) watt (H. T. Friis, Proc. IRE 34, 254, 1946)."""
    aperture = (parameters.wavelength_m / (4 * math.pi)) ** 2
    received: FloatArray = parameters.radiated_power * parameters.receive_gain * aperture / np.square(distance_m)
    return received


def walked_m(parameters: RadioWalkBy, span: Span, rng: np.random.Generator) -> FloatArray:
    """Distance walked at each sample, (n,) metre: it starts at one end of the path and rests at each turn."""
    crossing_s = 2 * parameters.half_path_m / parameters.speed_m_s
    crossings = math.ceil(span.duration_s / crossing_s) + 1
    pauses = rng.exponential(parameters.pause, crossings)
    steps = np.column_stack((np.full(crossings, crossing_s), pauses)).reshape(-1)
    corner_s = np.concatenate(([0.0], np.cumsum(steps)))
    corner_m = np.repeat(np.arange(crossings + 1), 2)[1:] * (2 * parameters.half_path_m)
    walked: FloatArray = np.interp(span.midpoints(), corner_s, corner_m)
    return walked


def fading(parameters: RadioWalkBy, moved_m: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Power gain of Rice fading of mean 1 along the distance moved, (n,); who stands still sees it frozen.

    The scattered part is the sum of waves of random direction and phase: Clarke's model, in space instead of time. The
    direct wave comes from a random direction as well.
    """
    wave_number = 2 * math.pi / parameters.wavelength_m
    scattered_share = 1 / (1 + parameters.rice_factor)
    amplitudes = np.full(_SCATTERED_WAVES + 1, math.sqrt(scattered_share / _SCATTERED_WAVES))
    amplitudes[0] = math.sqrt(1 - scattered_share)
    field = np.zeros(moved_m.size, dtype=np.complex128)
    for amplitude in amplitudes:
        direction, phase = rng.uniform(0, 2 * math.pi, 2)
        field += amplitude * np.exp(1j * (wave_number * math.cos(direction) * moved_m + phase))
    gain: FloatArray = np.square(field.real) + np.square(field.imag)
    return gain


def radio_walk_by(parameters: RadioWalkBy, span: Span, rng: np.random.Generator) -> PowerTrace:
    """Friis times fading times the rectifier, along the walk."""
    moved = walked_m(parameters, span, rng)
    # Folding the distance walked into -L .. L gives the place on the path: to and fro.
    lap = 4 * parameters.half_path_m
    place = np.abs(np.mod(moved, lap) - lap / 2) - parameters.half_path_m
    received = friis_w(parameters, np.hypot(parameters.closest_m, place)) * fading(parameters, moved, rng)
    received[received < parameters.sensitivity] = 0.0
    return PowerTrace("rf-walk-by", PowerSource(received * parameters.efficiency), step_s=span.step)


def radio_on_off(parameters: RadioOnOff, span: Span, rng: np.random.Generator) -> PowerTrace:
    """The Markov process with its exact edges."""
    process = markov(rng, parameters.mean_on, parameters.mean_off, span.duration_s)
    power = np.where(process.on, parameters.on_power, parameters.off_power)
    return PowerTrace("rf-on-off", PowerSource(power), edges_s=process.edges_s)
