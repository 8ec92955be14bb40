"""What the networks of a space are priced for: platform, capacitor and source, NVM."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from simint.config import Farad, Ohm
from simint.errors import InputError
from simint.hardware.platform import Platform
from simint.hardware.presets import load_platform

if TYPE_CHECKING:
    from simint.tiling.published.electrical import ElectricalSettings


class CapacitorBench(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was measured or set for one capacitor: the source's resistance, and a margin where it was another one."""

    capacitance: Farad
    ohm: Ohm
    margin: float | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A platform preset and what replaces parts of its bench.

    `capacitance` defaults to that of the bench. `resistance` of the source defaults to the value calibrated for that
    capacitor: in `calibrated`, otherwise with the platform. `margin` replaces the share of the stored energy that a
    power cycle may use, `nvm_bytes` the platform's NVM, for each chip and in total (bytes).
    """

    platform: str = "msp430fr5994-tinas2024"
    capacitance: Farad | None = None
    resistance: Ohm | None = None
    calibrated: tuple[CapacitorBench, ...] = ()
    margin: float | None = None
    nvm_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.nvm_bytes is not None and self.nvm_bytes < 1:
            raise InputError(f"`nvm_bytes` must be at least 1, got {self.nvm_bytes}")


def retargeted(
    target: Target,
    *,
    platform: str | None = None,
    capacitance: float | None = None,
    resistance: float | None = None,
    margin: float | None = None,
    nvm_bytes: int | None = None,
) -> Target:
    """The target with what is given in place of its own.

    Another platform brings its own bench: capacitor, resistances and margin of the old target do not hold for it.
    Another capacitor has its own calibrated resistance.
    """
    if platform is not None and platform != target.platform:
        target = Target(platform=platform, nvm_bytes=target.nvm_bytes)
    if capacitance is not None:
        target = msgspec.structs.replace(target, capacitance=capacitance, resistance=None)
    given = {"resistance": resistance, "margin": margin, "nvm_bytes": nvm_bytes}
    return msgspec.structs.replace(target, **{name: value for name, value in given.items() if value is not None})


def target_platform(target: Target) -> Platform:
    """The platform, with the NVM the target asks for; InputError for an unknown one."""
    platform = load_platform(target.platform)
    if target.nvm_bytes is None:
        return platform
    nvm = target.nvm_bytes
    memory = msgspec.structs.replace(platform.memory, nvm_bytes=nvm, nvm_feature_bytes=nvm, nvm_weight_bytes=nvm)
    return msgspec.structs.replace(platform, memory=memory)


def target_settings(target: Target) -> ElectricalSettings:
    """Capacitor and source; InputError for a capacitor without calibrated resistance where none is given."""
    # Compiled code: spaces are read without it.
    from simint.tiling.published.electrical import ElectricalSettings, bench_settings

    platform = load_platform(target.platform)
    capacitance = platform.bench.capacitance if target.capacitance is None else target.capacitance
    known = [entry for entry in target.calibrated if math.isclose(entry.capacitance, capacitance, rel_tol=1e-9)]
    resistance, margin = target.resistance, target.margin
    for entry in known:
        resistance = entry.ohm if resistance is None else resistance
        margin = entry.margin if margin is None else margin
    settings = bench_settings(platform, capacitance, resistance)
    if margin is None:
        return settings
    # A new struct, not a copy with another field: its limits are checked.
    return ElectricalSettings(**msgspec.structs.asdict(settings) | {"margin": margin})
