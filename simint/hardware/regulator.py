"""What lies between the capacitor and the device: nothing, a linear or a switching regulator."""

from __future__ import annotations

import math

import msgspec

from simint.config import Ampere, Ratio, Volt
from simint.errors import InputError
from simint.hardware.efficiency import EfficiencyTable


class Ldo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="ldo"):
    """Linear regulator: the capacitor gives the current that the device draws at `output_voltage`.

    The rest of the capacitor's voltage is lost. It regulates down to `output_voltage + dropout`. `input_max`: the
    highest capacitor voltage it stands; `output_current_max`: the most a device may draw. `quiescent`: what it draws
    from the capacitor while the device is on, besides `Supply.quiescent_on`.
    """

    output_voltage: Volt
    dropout: Volt = 0.0
    input_max: Volt = math.inf
    output_current_max: Ampere = math.inf
    quiescent: Ampere = 0.0
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        _require_ratings(self)
        if not 0 <= self.dropout < math.inf:
            raise InputError(f"`dropout` must not be negative, got {self.dropout:g}")

    @property
    def input_min(self) -> float:
        """The lowest capacitor voltage at which the output is regulated."""
        return self.output_voltage + self.dropout


class Buck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="buck"):
    """Switching step-down regulator of constant `efficiency`, or by `table` over capacitor voltage and output current.

    `headroom`: how far above `output_voltage` the capacitor must be. `input_max`, `output_current_max`, `quiescent`: as
    of `Ldo`.
    """

    output_voltage: Volt
    efficiency: Ratio = 1.0
    table: EfficiencyTable | None = None
    headroom: Volt = 0.0
    input_max: Volt = math.inf
    output_current_max: Ampere = math.inf
    quiescent: Ampere = 0.0
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        _require_ratings(self)
        if not 0 < self.efficiency <= 1:
            raise InputError(f"`efficiency` must lie in (0, 1], got {self.efficiency:g}")
        if self.table is not None and self.efficiency != 1.0:
            raise InputError("`efficiency` and `table` say the same thing: give one of them")
        if self.table is not None and not all(value > 0 for row in self.table.efficiency for value in row):
            raise InputError("`table.efficiency` must be positive: a regulator that gives nothing cannot feed a device")
        if not 0 <= self.headroom < math.inf:
            raise InputError(f"`headroom` must not be negative, got {self.headroom:g}")

    @property
    def input_min(self) -> float:
        """The lowest capacitor voltage at which the output is regulated."""
        return self.output_voltage + self.headroom


Regulator = Ldo | Buck


def _require_ratings(part: Regulator) -> None:
    if not 0 < part.output_voltage < math.inf:
        raise InputError(f"`output_voltage` must be positive, got {part.output_voltage:g}")
    if not part.input_max > part.output_voltage:
        raise InputError(
            f"`input_max` must lie above `output_voltage` ({part.output_voltage:g} V), got {part.input_max:g} V"
        )
    if not part.output_current_max > 0:
        raise InputError(f"`output_current_max` must be positive, got {part.output_current_max:g}")
    if not 0 <= part.quiescent < math.inf:
        raise InputError(f"`quiescent` must not be negative, got {part.quiescent:g}")
