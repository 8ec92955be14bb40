"""The power supply between the trace and the microcontroller: converter, storage, regulator, thresholds."""

from __future__ import annotations

import math

import msgspec

from simint.config import Ampere, Second, Volt
from simint.errors import InputError
from simint.hardware.bank import Ladder
from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Boost, Converter
from simint.hardware.regulator import Regulator


class Supply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What comes after the source.

    `v_on`, `v_off`: the device turns on when the terminals of the capacitor rise to the one and browns out when they
    fall to the other; with `poll` the comparison is made only every so often (the one for turn-off too, unless
    `poll_turn_off` is false). `v_max`: the clamp; surplus is spilled
    there. `ladder`: banks that join `capacitor` by its voltage. `quiescent`: drawn from the capacitor while the device
    is off, `quiescent_on` (the same where absent) while it is on, besides what converter and regulator draw.
    """

    name: str
    source: str
    converter: Converter
    capacitor: Capacitor
    v_on: Volt
    v_off: Volt
    v_max: Volt = math.inf
    regulator: Regulator | None = None
    ladder: Ladder | None = None
    quiescent: Ampere = 0.0
    quiescent_on: Ampere | None = None
    poll: Second = 0.0
    poll_turn_off: bool = True
    description: str = ""

    def __post_init__(self) -> None:
        if not self.v_off > 0:
            raise InputError(f"`v_off` must be positive, got {self.v_off:g} V")
        if not self.v_on > self.v_off:
            raise InputError(f"`v_on` must lie above `v_off` ({self.v_off:g} V), got {self.v_on:g} V")
        if not self.v_max >= self.v_on:
            raise InputError(f"`v_max` must not lie below `v_on` ({self.v_on:g} V), got {self.v_max:g} V")
        if not (0 <= self.quiescent < math.inf and 0 <= self.on_current < math.inf):
            raise InputError("`quiescent` and `quiescent_on` must not be negative")
        if not 0 <= self.poll < math.inf:
            raise InputError(f"`poll` must not be negative, got {self.poll:g} s")
        if self.poll and self.capacitor.esr:
            raise InputError("`poll` works with a `capacitor` without `esr`")
        if self.poll and self.poll_turn_off and self.regulator is None:
            raise InputError(
                "`poll` needs a `regulator`, which says below which voltage the device fails between two looks, "
                "or `poll_turn_off = false`"
            )
        _check_ratings(self)
        # 2.2 V + 0.2 V is more than 2.4 V in the last digit.
        if self.regulator is not None and self.v_off < self.regulator.input_min * (1 - 1e-9):
            raise InputError(
                f"`v_off` of {self.v_off:g} V is too low: `regulator` needs {self.regulator.input_min:g} V to hold its "
                f"output of {self.regulator.output_voltage:g} V"
            )
        if self.ladder is not None:
            _check_ladder(self, self.ladder)
        cold_start = self.converter.cold_start if isinstance(self.converter, Boost) else None
        if cold_start is not None and cold_start.below > self.v_on:
            raise InputError(
                f"`converter.cold_start.below` of {cold_start.below:g} V lies above `v_on` ({self.v_on:g} V): the "
                "device would run on the cold-start circuit alone"
            )

    @property
    def ceiling(self) -> float:
        """The voltage at which the surplus is spilled: the clamp, or where none is set the lowest rating."""
        if math.isfinite(self.v_max):
            return self.v_max
        reach = self.converter.output_max if isinstance(self.converter, Boost) else math.inf
        return min(self.capacitor.rated_voltage, reach)

    @property
    def off_current(self) -> float:
        """Quiescent current while the device is off, A: the supply's own and the converter's."""
        return self.quiescent + _converter_quiescent(self)

    @property
    def on_current(self) -> float:
        """Quiescent current while the device is on, A: the supply's own, the converter's and the regulator's."""
        own = self.quiescent if self.quiescent_on is None else self.quiescent_on
        return own + _converter_quiescent(self) + (0.0 if self.regulator is None else self.regulator.quiescent)


def _converter_quiescent(supply: Supply) -> float:
    return supply.converter.quiescent if isinstance(supply.converter, Boost) else 0.0


def _check_ratings(supply: Supply) -> None:
    """No part may see, or be asked for, more voltage than it is made for."""
    name, highest = ("v_max", supply.v_max) if math.isfinite(supply.v_max) else ("v_on", supply.v_on)
    ratings = {"capacitor.rated_voltage": supply.capacitor.rated_voltage}
    if isinstance(supply.converter, Boost):
        ratings["converter.output_max"] = supply.converter.output_max
    if supply.regulator is not None:
        ratings["regulator.input_max"] = supply.regulator.input_max
    for rating, most in ratings.items():
        if highest > most:
            raise InputError(f"`{rating}` of {most:g} V lies below `{name}` ({highest:g} V)")


def _check_ladder(supply: Supply, ladder: Ladder) -> None:
    capacitor = supply.capacitor
    if capacitor.esr or capacitor.derating is not None or capacitor.leakage_table is not None:
        raise InputError(
            "`ladder` works with a `capacitor` of constant capacitance and leakage resistance: "
            "without `esr`, `derating` and `leakage_table`"
        )
    if not supply.v_on <= ladder.v_up <= supply.ceiling:
        raise InputError(
            f"`ladder.v_up` must lie between `v_on` ({supply.v_on:g} V) and the clamp ({supply.ceiling:g} V), "
            f"got {ladder.v_up:g} V"
        )
    if not supply.v_off < ladder.v_down < supply.v_on:
        raise InputError(
            f"`ladder.v_down` must lie between `v_off` ({supply.v_off:g} V) and `v_on` ({supply.v_on:g} V), "
            f"got {ladder.v_down:g} V"
        )
