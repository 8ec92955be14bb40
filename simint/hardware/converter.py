"""What lies between the harvester and the capacitor: a diode, or a boost charger."""

from __future__ import annotations

import math

import msgspec

from simint.config import Ampere, Ratio, Volt
from simint.errors import InputError
from simint.hardware.efficiency import EfficiencyTable
from simint.hardware.mppt import Mppt


class Direct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="direct"):
    """The source charges the capacitor straight through a diode of constant forward drop."""

    diode_drop: Volt = 0.0
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.diode_drop < math.inf:
            raise InputError(f"`diode_drop` must not be negative, got {self.diode_drop:g}")


class ColdStart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a charger works below the capacitor voltage `below`, before its main converter runs.

    `input_voltage`: where the cold-start circuit clamps its input; absent, the source stays where the main converter
    would have it.
    """

    below: Volt
    efficiency: Ratio
    input_voltage: Volt | None = None

    def __post_init__(self) -> None:
        if not 0 < self.below < math.inf:
            raise InputError(f"`below` must be positive, got {self.below:g}")
        if not 0 <= self.efficiency <= 1:
            raise InputError(f"`efficiency` must lie in [0, 1], got {self.efficiency:g}")
        if self.input_voltage is not None and not 0 < self.input_voltage < math.inf:
            raise InputError(f"`input_voltage` must be positive, got {self.input_voltage:g}")


class Boost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="boost"):
    """A charger that moves power to the capacitor whatever its voltage.

    `efficiency`: constant; or `table`: by voltage and current of the input. `mppt`: where the input sits on the
    source, always at the maximum power point if absent. `source_voltage`: of the source while it is tapped, for tables
    on a trace that gives power alone. Below `input_min` nothing is taken. `output_max`: the highest voltage it charges
    to. `quiescent`: what it draws from the capacitor all the time, besides `Supply.quiescent`.
    """

    efficiency: Ratio = 1.0
    table: EfficiencyTable | None = None
    mppt: Mppt | None = None
    cold_start: ColdStart | None = None
    source_voltage: Volt | None = None
    input_min: Volt = 0.0
    output_max: Volt = math.inf
    quiescent: Ampere = 0.0
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.efficiency <= 1:
            raise InputError(f"`efficiency` must lie in (0, 1], got {self.efficiency:g}")
        if self.table is not None and self.efficiency != 1.0:
            raise InputError("`efficiency` and `table` say the same thing: give one of them")
        if self.source_voltage is not None and not 0 < self.source_voltage < math.inf:
            raise InputError(f"`source_voltage` must be positive, got {self.source_voltage:g}")
        if not 0 <= self.input_min < math.inf:
            raise InputError(f"`input_min` must not be negative, got {self.input_min:g}")
        if not self.output_max > 0:
            raise InputError(f"`output_max` must be positive, got {self.output_max:g}")
        if not 0 <= self.quiescent < math.inf:
            raise InputError(f"`quiescent` must not be negative, got {self.quiescent:g}")


Converter = Direct | Boost
