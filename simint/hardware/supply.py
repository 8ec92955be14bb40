"""The power supply between the trace and the microcontroller: front end, storage capacitor, thresholds."""

from __future__ import annotations

import enum
import math

import msgspec

from simint.config import Ampere, Farad, Ohm, Ratio, Volt
from simint.errors import InputError


class FrontEnd(enum.StrEnum):
    """How the source reaches the capacitor: straight through a diode, or through a boost converter."""

    DIRECT = "direct"
    BOOST = "boost"


class Capacitor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Storage capacitor: capacitance, leakage as a parallel resistance, highest voltage it may see."""

    capacitance: Farad
    leakage: Ohm = math.inf
    rated_voltage: Volt = math.inf

    def __post_init__(self) -> None:
        for field, value in (("capacitance", self.capacitance), ("leakage", self.leakage)):
            if not value > 0:
                raise InputError(f"`{field}` must be positive, got {value:g}")
        if not math.isfinite(self.capacitance):
            raise InputError("`capacitance` must be finite")
        if not self.rated_voltage > 0:
            raise InputError(f"`rated_voltage` must be positive, got {self.rated_voltage:g}")


class Supply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What comes after the source: front end, capacitor and thresholds.

    `efficiency`: of the boost converter, constant. `diode_drop`: of the direct front end. `v_on`, `v_off`: the
    device turns on when the capacitor rises to the one and browns out when it falls to the other. `v_max`: the
    clamp; surplus is spilled there. `quiescent`: drawn from the capacitor all the time.
    """

    name: str
    source: str
    front_end: FrontEnd
    capacitor: Capacitor
    v_on: Volt
    v_off: Volt
    v_max: Volt = math.inf
    efficiency: Ratio = 1.0
    diode_drop: Volt = 0.0
    quiescent: Ampere = 0.0
    description: str = ""

    def __post_init__(self) -> None:
        if not self.v_off > 0:
            raise InputError(f"`v_off` must be positive, got {self.v_off:g} V")
        if not self.v_on > self.v_off:
            raise InputError(f"`v_on` must lie above `v_off` ({self.v_off:g} V), got {self.v_on:g} V")
        if not self.v_max >= self.v_on:
            raise InputError(f"`v_max` must not lie below `v_on` ({self.v_on:g} V), got {self.v_max:g} V")
        if not self.ceiling <= self.capacitor.rated_voltage or self.v_on > self.capacitor.rated_voltage:
            raise InputError(
                f"`capacitor.rated_voltage` of {self.capacitor.rated_voltage:g} V lies below "
                f"`v_max` or `v_on` ({min(self.v_max, self.v_on):g} V)"
            )
        if not 0 < self.efficiency <= 1:
            raise InputError(f"`efficiency` must lie in (0, 1], got {self.efficiency:g}")
        if self.front_end is FrontEnd.DIRECT and self.efficiency != 1.0:
            raise InputError("`efficiency` belongs to a boost front end; a direct one has `diode_drop`")
        if self.front_end is FrontEnd.BOOST and self.diode_drop != 0.0:
            raise InputError("`diode_drop` belongs to a direct front end; a boost one has `efficiency`")
        if not (0 <= self.diode_drop < math.inf and 0 <= self.quiescent < math.inf):
            raise InputError("`diode_drop` and `quiescent` must not be negative")

    @property
    def ceiling(self) -> float:
        """The voltage at which the surplus is spilled: the clamp, or the capacitor's rating where no clamp is set."""
        return self.v_max if math.isfinite(self.v_max) else self.capacitor.rated_voltage
