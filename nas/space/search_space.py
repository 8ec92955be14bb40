"""A separable search space as data, and the command that prints its exact statistics.

The command is `python -m nas.space har|cifar10|mswc|FILE.toml`. A space of the MBConv family has two levels: width
multiplier and input resolution hold for the whole network, and every block takes one of the same list of choices. The
shapes at the border of a block depend on the first level only, so the costs of blocks add up (`nas.space.table`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import msgspec

from simint.config import Farad, Ohm, load_toml
from simint.errors import InputError
from simint.network.mbconv import MBCONV_FAMILIES, MbconvBlock, MbconvSpec


class NetworkSetting(NamedTuple):
    """The network-level choice."""

    width: float
    resolution: int


class SearchSpace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Choices of a space, and the platform and capacitor its networks are priced for.

    `family` is a key of MBCONV_FAMILIES; it fixes stem, strides, base channels and classes. `capacitance` defaults to
    that of the platform's bench, `resistance` to the one calibrated for it. `nvm_bytes` replaces the platform's NVM,
    for each chip and in total. Raises InputError naming the list and the value that is not allowed.
    """

    name: str
    family: str
    widths: tuple[float, ...]
    resolutions: tuple[int, ...]
    expansions: tuple[int, ...]
    kernels: tuple[int, ...]
    repeats: tuple[int, ...]
    shortcuts: tuple[bool, ...]
    platform: str = "msp430fr5994-tinas2024"
    capacitance: Farad | None = None
    resistance: Ohm | None = None
    nvm_bytes: int | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if self.family not in MBCONV_FAMILIES:
            raise InputError(f"no MBConv family {self.family!r}; known: {', '.join(MBCONV_FAMILIES)}")
        for field in ("widths", "resolutions", "expansions", "kernels", "repeats", "shortcuts"):
            values = getattr(self, field)
            if not values or len(set(values)) != len(values):
                raise InputError(f"`{field}`: a list of different values expected, got {list(values)}")
        if self.nvm_bytes is not None and self.nvm_bytes < 1:
            raise InputError(f"`nvm_bytes` must be at least 1, got {self.nvm_bytes}")
        first = (self.choices[0],) * self.blocks
        for setting in self.settings:
            MbconvSpec(self.family, setting.width, setting.resolution, first)

    @property
    def blocks(self) -> int:
        """Number of blocks of every network."""
        return len(MBCONV_FAMILIES[self.family].block_channels)

    @property
    def settings(self) -> tuple[NetworkSetting, ...]:
        """Network-level choices: every width with every resolution, resolution fastest."""
        return tuple(itertools.starmap(NetworkSetting, itertools.product(self.widths, self.resolutions)))

    @property
    def choices(self) -> tuple[MbconvBlock, ...]:
        """Choices of a block in the published order: expansion, kernel, repeats, shortcut, the last one fastest."""
        lists = (self.expansions, self.kernels, self.repeats, self.shortcuts)
        return tuple(itertools.starmap(MbconvBlock, itertools.product(*lists)))

    @property
    def networks(self) -> int:
        """Number of networks, those that only differ in a choice without effect counted each."""
        choices = len(self.expansions) * len(self.kernels) * len(self.repeats) * len(self.shortcuts)
        return len(self.widths) * len(self.resolutions) * int(choices**self.blocks)

    def spec(self, setting: int, choices: Iterable[int]) -> MbconvSpec:
        """The network with that index into `settings` and one index into `choices` for every block."""
        return next(self.specs([setting], [choices]))

    def specs(self, settings: Iterable[int], choices: Iterable[Iterable[int]]) -> Iterator[MbconvSpec]:
        """As `spec`, for many networks."""
        pairs, blocks = self.settings, self.choices
        for setting, chosen in zip(settings, choices, strict=True):
            width, resolution = pairs[setting]
            yield MbconvSpec(self.family, width, resolution, tuple(blocks[choice] for choice in chosen))


def published_spaces() -> list[str]:
    """Names of the spaces that come with the program."""
    return sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))


def load_space(name_or_file: str) -> SearchSpace:
    """A published space by name, or a TOML file by path (anything that ends in `.toml`).

    Raises InputError naming the known spaces, or the file and the field that is wrong.
    """
    if name_or_file.endswith(".toml"):
        return load_toml(Path(name_or_file), SearchSpace)
    if name_or_file not in published_spaces():
        known = ", ".join(published_spaces())
        raise InputError(f"unknown search space {name_or_file!r}; known: {known}; or a path to a .toml file")
    with resources.as_file(_folder() / f"{name_or_file}.toml") as file:
        return load_toml(file, SearchSpace)


def _folder() -> resources.abc.Traversable:
    return resources.files("nas.space") / "spaces"
