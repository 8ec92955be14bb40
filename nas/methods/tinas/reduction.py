"""Guideline 1 of TiNAS (G1): drop small values of parameters that hardly move IMO, as they cost accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from nas.methods.tinas.settings import Variant
from nas.space.mbconv_space import MbconvSpace, NetworkSetting
from simint.errors import InputError


@dataclass(frozen=True, slots=True)
class Reduction:
    """Values that are dropped, by the lists of a space. Expansions and kernels are never reduced."""

    widths: tuple[float, ...] = ()
    resolutions: tuple[int, ...] = ()
    repeats: tuple[int, ...] = ()
    shortcuts: tuple[bool, ...] = ()


# Published reductions (artefact github.com/EMCLab-Sinica/TiNAS, 16e5c14b), by family of the space.
REDUCTIONS = {
    "cifar10": Reduction(widths=(0.2, 0.3, 0.4, 0.5), resolutions=(28,), repeats=(1,), shortcuts=(False,)),
    "har": Reduction(widths=(0.5, 0.6, 0.7, 0.8), shortcuts=(False,)),
    "mswc": Reduction(widths=(0.2, 0.3, 0.4, 0.5, 0.6, 0.7), repeats=(1,), shortcuts=(False,)),
}
LOW_SHARE = 0.45  # of the largest range: our reading, which selects the parameters that were reduced (judgement)


def reduction_for(space: MbconvSpace) -> Reduction:
    """The published reduction of a space; none for a family that was not published."""
    return REDUCTIONS.get(space.family, Reduction())


def low_sensitivity(ranges: Mapping[str, float]) -> tuple[str, ...]:
    """Parameters whose range of IMO is small beside the largest one."""
    largest = max(ranges.values())
    return tuple(name for name, value in ranges.items() if value < LOW_SHARE * largest)


def kept_settings(space: MbconvSpace, reduction: Reduction) -> tuple[NetworkSetting, ...]:
    """The network-level choices that are left: G1 at network level, which is for stage 1."""
    return tuple(
        setting
        for setting in space.settings
        if setting.width not in reduction.widths and setting.resolution not in reduction.resolutions
    )


def block_level(space: MbconvSpace, reduction: Reduction) -> MbconvSpace:
    """The space with fewer choices a block: G1 at block level, which is for supernet and stage 2."""
    repeats = tuple(value for value in space.repeats if value not in reduction.repeats)
    shortcuts = tuple(value for value in space.shortcuts if value not in reduction.shortcuts)
    if not repeats or not shortcuts:
        raise InputError(f"search space {space.name!r}: guideline G1 leaves no choice for a block")
    return msgspec.structs.replace(space, repeats=repeats, shortcuts=shortcuts)


def at_setting(space: MbconvSpace, setting: NetworkSetting) -> MbconvSpace:
    """The space with one network-level choice, what stage 2 searches."""
    return msgspec.structs.replace(space, widths=(setting.width,), resolutions=(setting.resolution,))


def second_stage_space(space: MbconvSpace, setting: NetworkSetting, chosen: Variant) -> MbconvSpace:
    """What supernet and stage 2 of a variant work on: one network-level choice, and fewer blocks where it has G1."""
    fixed = at_setting(space, setting)
    return block_level(fixed, reduction_for(space)) if chosen.reduced else fixed
