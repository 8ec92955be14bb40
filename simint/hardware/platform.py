"""The microcontroller: memories, clock and measured unit costs."""

from __future__ import annotations

import enum
import math

import msgspec

from simint.config import Farad, Hertz, Joule, Ohm, Second, Volt, Watt
from simint.errors import InputError


class CostMode(enum.StrEnum):
    """`published` reproduces the papers' model, oddities included; `consistent` is what replay is built on."""

    PUBLISHED = "published"
    CONSISTENT = "consistent"


class Variant(enum.StrEnum):
    """Operation counts of the published model: iNAS (2021) or TiNAS (2024)."""

    INAS2021 = "inas2021"
    TINAS2024 = "tinas2024"


class Affine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """cost(v) = per_element * v + fixed, for a block of v 16-bit elements."""

    per_element: float
    fixed: float

    def __post_init__(self) -> None:
        if not (self.per_element >= 0 and self.fixed >= 0):
            raise InputError(f"per_element and fixed must not be negative, got {self.per_element} and {self.fixed}")


class UnitCosts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Costs of block transfers, one vector multiply-accumulate and scalar operations.

    Joule in `Platform.energy`, clock cycles in `Platform.cycles`.
    """

    read: Affine
    write: Affine
    mac: Affine
    add: float
    mul: float
    div: float
    compare: float


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Capacities in bytes; `element_bytes` only enters capacity checks (cost model specification, section 3)."""

    vm_bytes: int
    nvm_bytes: int
    nvm_feature_bytes: int
    nvm_weight_bytes: int
    element_bytes: int = 2

    def __post_init__(self) -> None:
        for field in ("vm_bytes", "nvm_bytes", "nvm_feature_bytes", "nvm_weight_bytes", "element_bytes"):
            if getattr(self, field) < 1:
                raise InputError(f"`{field}` must be at least 1, got {getattr(self, field)}")


class Bench(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Electrical settings the published abstract model assumes: a source behind a resistance charges a capacitor.

    `resistance` is the equivalent resistance measured for each capacitor size. These settings belong to the published
    platform and never follow a capacitor chosen for a replay.
    """

    v_supply: Volt
    capacitance: Farad
    v_on: Volt
    v_off: Volt
    margin: float
    resistance: tuple[Calibration, ...]

    def __post_init__(self) -> None:
        if not 0 < self.v_off < self.v_on <= self.v_supply:
            raise InputError(f"0 < v_off < v_on <= v_supply expected, got {self.v_off}, {self.v_on}, {self.v_supply}")
        if not 0 < self.margin <= 1:
            raise InputError(f"`margin` must lie in (0, 1], got {self.margin}")

    def resistance_ohm(self, capacitance: float) -> float:
        """The calibrated resistance of that capacitor size; InputError where none was measured."""
        for entry in self.resistance:
            if math.isclose(entry.capacitance, capacitance, rel_tol=1e-9):
                return entry.ohm
        known = ", ".join(f"{entry.capacitance:g} F" for entry in self.resistance)
        raise InputError(
            f"no calibrated source resistance for a capacitor of {capacitance:g} F; known: {known}; for another one "
            "give it, as with --source-resistance 2.8kohm"
        )


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Equivalent source resistance measured with one capacitor."""

    capacitance: Farad
    ohm: Ohm


class Platform(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A microcontroller with volatile and non-volatile memory; every number carries its source in the preset.

    `index_words`: length of the progress record. `boot_energy`, `boot_time`: from turn-on to the first instruction of
    the program. `sleep_power`: drawn while powered but waiting.
    """

    name: str
    source: str
    mode: CostMode
    variant: Variant
    clock: Hertz
    energy: UnitCosts
    cycles: UnitCosts
    index_words: int
    boot_energy: Joule
    boot_time: Second
    memory: Memory
    bench: Bench
    sleep_power: Watt = 0.0
    description: str = ""

    def __post_init__(self) -> None:
        if not self.clock > 0:
            raise InputError(f"`clock` must be positive, got {self.clock}")
        for field in ("boot_energy", "boot_time", "sleep_power"):
            if not getattr(self, field) >= 0:
                raise InputError(f"`{field}` must not be negative, got {getattr(self, field)}")
        if self.index_words < 1:
            raise InputError(f"`index_words` must be at least 1, got {self.index_words}")
