"""How a charger finds the voltage at which it loads the harvester: it samples the open-circuit voltage now and then."""

from __future__ import annotations

import math

import msgspec

from simint.config import Ratio, Second
from simint.errors import InputError


class Mppt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Maximum power point tracking by a fraction of the open-circuit voltage.

    Every `period` the charger stops for `sampling` and lets the source rise to its open-circuit voltage; `fraction` of
    it is where the input is held until the next time. The defaults are those of BQ25504 (data sheet SLUSAH0, 8.3.1)
    and BQ25570 (SLUSBH2): 16 s and 256 ms, typical; the fraction is set by resistors, 0.7 to 0.8 for solar cells and
    0.5 for thermoelectric generators. A charger without this struct is always at the maximum power point.
    """

    fraction: Ratio
    period: Second = 16.0
    sampling: Second = 0.256

    def __post_init__(self) -> None:
        if not 0 < self.fraction < 1:
            raise InputError(f"`fraction` must lie between 0 and 1 (neither allowed), got {self.fraction:g}")
        if not 0 < self.period < math.inf:
            raise InputError(f"`period` must be positive and finite, got {self.period:g} s")
        if not 0 <= self.sampling < self.period:
            raise InputError(
                f"`sampling` must not be negative and must be below the period of {self.period:g} s, "
                f"got {self.sampling:g} s"
            )
