"""Smaller spaces out of larger ones: lists of values kept, or values dropped as guideline 1 of TiNAS does."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

import msgspec

from nas.space.mbconv_space import MbconvSpace, NetworkSetting
from simint.config import decode, read_toml
from simint.errors import InputError

NETWORK_LEVEL = ("widths", "resolutions")


class Reduction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values to drop from the lists of a space; a list may be empty."""

    widths: tuple[float, ...] = ()
    resolutions: tuple[int, ...] = ()
    expansions: tuple[int, ...] = ()
    kernels: tuple[int, ...] = ()
    repeats: tuple[int, ...] = ()
    shortcuts: tuple[bool, ...] = ()

    @property
    def network_level(self) -> Reduction:
        """The part that stage 1 of TiNAS already applies: widths and resolutions."""
        return Reduction(widths=self.widths, resolutions=self.resolutions)

    @property
    def block_level(self) -> Reduction:
        """The part that holds from the supernet on: choices of the blocks."""
        return msgspec.structs.replace(self, widths=(), resolutions=())


def published_reduction(space: MbconvSpace) -> Reduction:
    """What TiNAS dropped from that space; InputError where nothing is published."""
    with resources.as_file(resources.files("nas.space") / "reductions.toml") as file:
        entries = read_toml(file)
        if space.name not in entries:
            raise InputError(f"no published reduction of search space {space.name!r}; there are {', '.join(entries)}")
        return decode(entries[space.name], Reduction, f"{file}: {space.name}")


def reduced(space: MbconvSpace, reduction: Reduction) -> MbconvSpace:
    """The space without the values of the reduction; InputError where it lacks one, or none would be left."""
    kept: dict[str, tuple[float | int | bool, ...]] = {}
    for field in msgspec.structs.fields(Reduction):
        dropped: Sequence[float | int | bool] = getattr(reduction, field.name)
        _check(space, field.name, dropped)
        kept[field.name] = tuple(value for value in getattr(space, field.name) if value not in dropped)
    return msgspec.structs.replace(space, **kept)


def restricted(
    space: MbconvSpace,
    *,
    widths: Sequence[float] | None = None,
    resolutions: Sequence[int] | None = None,
    expansions: Sequence[int] | None = None,
    kernels: Sequence[int] | None = None,
    repeats: Sequence[int] | None = None,
    shortcuts: Sequence[bool] | None = None,
) -> MbconvSpace:
    """The space with only the given values of these lists; InputError for a value that it does not have."""
    given = {
        "widths": widths,
        "resolutions": resolutions,
        "expansions": expansions,
        "kernels": kernels,
        "repeats": repeats,
        "shortcuts": shortcuts,
    }
    kept = {field: tuple(values) for field, values in given.items() if values is not None}
    for field, values in kept.items():
        _check(space, field, values)
    return msgspec.structs.replace(space, **kept)


def at_setting(space: MbconvSpace, setting: NetworkSetting) -> MbconvSpace:
    """The networks of one width and resolution: what one supernet holds."""
    return restricted(space, widths=(setting.width,), resolutions=(setting.resolution,))


def _check(space: MbconvSpace, field: str, values: Sequence[float | int | bool]) -> None:
    there = getattr(space, field)
    missing = [value for value in values if value not in there]
    if missing:
        raise InputError(
            f"search space {space.name!r} has no {missing[0]} among its {field}: {', '.join(map(str, there))}"
        )
