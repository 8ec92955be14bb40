"""The MBConv kind of space, whose costs add up block by block (TiNAS).

It has two levels: width multiplier and input resolution hold for the whole network, and every block takes one of the
same list of choices. The shapes at the border of a block depend on the first level only, so the costs of blocks add
up (`nas.space.table`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec
import numpy as np

from nas.space.columns import Ints
from nas.space.genome import WHOLE_NETWORK, Gene, Genome, as_rows
from nas.space.target import Target
from simint.errors import InputError
from simint.network.mbconv import MBCONV_FAMILIES, MbconvBlock, MbconvSpec, mbconv_network, parse_mbconv
from simint.network.network import Network

BLOCK_GENES = ("expansion", "kernel", "repeats", "shortcut")


class NetworkSetting(NamedTuple):
    """The network-level choice."""

    width: float
    resolution: int


class MbconvSpace(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    dict=True,  # for cached properties
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="mbconv",
):
    """Choices of a space of the MBConv family, and the target its networks are priced for.

    `family` is a key of MBCONV_FAMILIES and the name of its data set; it fixes stem, strides, base channels and
    classes. Raises InputError naming the list and the value that is not allowed.
    """

    name: str
    family: str
    widths: tuple[float, ...]
    resolutions: tuple[int, ...]
    expansions: tuple[int, ...]
    kernels: tuple[int, ...]
    repeats: tuple[int, ...]
    shortcuts: tuple[bool, ...]
    target: Target = Target()
    source: str = ""

    def __post_init__(self) -> None:
        if self.family not in MBCONV_FAMILIES:
            raise InputError(f"no MBConv family {self.family!r}; known: {', '.join(MBCONV_FAMILIES)}")
        for field in ("widths", "resolutions", "expansions", "kernels", "repeats", "shortcuts"):
            values = getattr(self, field)
            if not values or len(set(values)) != len(values):
                raise InputError(f"`{field}`: a list of different values expected, got {list(values)}")
        first = (self.choices[0],) * self.blocks
        for setting in self.settings:
            MbconvSpec(self.family, setting.width, setting.resolution, first)

    @property
    def data_set(self) -> str:
        """Data set that its networks classify."""
        return self.family

    @property
    def blocks(self) -> int:
        """Number of blocks of every network."""
        return len(MBCONV_FAMILIES[self.family].block_channels)

    @cached_property
    def settings(self) -> tuple[NetworkSetting, ...]:
        """Network-level choices: every width with every resolution, resolution fastest."""
        return tuple(itertools.starmap(NetworkSetting, itertools.product(self.widths, self.resolutions)))

    @cached_property
    def choices(self) -> tuple[MbconvBlock, ...]:
        """Choices of a block in the published order: expansion, kernel, repeats, shortcut, the last one fastest."""
        return tuple(itertools.starmap(MbconvBlock, itertools.product(*self._block_options)))

    @property
    def networks(self) -> int:
        """Number of networks, those that only differ in a choice without effect counted each."""
        return len(self.settings) * int(len(self.choices) ** self.blocks)

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """Width and resolution, then expansion, kernel, repeats and shortcut of every block."""
        whole = (Gene("width", WHOLE_NETWORK, self.widths), Gene("resolution", WHOLE_NETWORK, self.resolutions))
        named = tuple(zip(BLOCK_GENES, self._block_options, strict=True))
        return (*whole, *(Gene(name, block, options) for block in range(self.blocks) for name, options in named))

    def spec(self, setting: int, choices: Iterable[int]) -> MbconvSpec:
        """The network with that index into `settings` and one index into `choices` for every block."""
        return next(self.specs([setting], [choices]))

    def specs(self, settings: Iterable[int], choices: Iterable[Iterable[int]]) -> Iterator[MbconvSpec]:
        """As `spec`, for many networks."""
        for setting, chosen in zip(settings, choices, strict=True):
            width, resolution = self.settings[setting]
            yield MbconvSpec(self.family, width, resolution, tuple(self.choices[choice] for choice in chosen))

    def canonical(self, genome: Genome) -> Genome:
        """The first genome of the same architecture.

        A shortcut does nothing in a block whose only layer has a stride, and two widths that round to the same channels
        are one.
        """
        found = [self._first_width[genome[0]], genome[1]]
        for block, stride in enumerate(MBCONV_FAMILIES[self.family].block_strides):
            expansion, kernel, repeats, shortcut = genome[2 + 4 * block : 6 + 4 * block]
            without_effect = stride != 1 and self.repeats[repeats] == 1
            found += (expansion, kernel, repeats, 0 if without_effect else shortcut)
        return tuple(found)

    def network(self, genome: Genome) -> Network:
        """The network of a genome."""
        return mbconv_network(self.spec_of(genome))

    def word(self, genome: Genome) -> str:
        """The network as a word that `parse_mbconv` reads."""
        return self.spec_of(genome).word

    def genome(self, word: str) -> Genome:
        """The canonical genome of a word; InputError where it is not in the space."""
        spec = parse_mbconv(word)
        if spec.dataset != self.family:
            raise InputError(
                f"network {word!r} is of family {spec.dataset!r}, search space {self.name!r} of {self.family!r}"
            )
        found = [
            self._place("width", self.widths, spec.width),
            self._place("resolution", self.resolutions, spec.resolution),
        ]
        for block, stride in zip(spec.blocks, spec.family.block_strides, strict=True):
            found += (
                self._place("expansion", self.expansions, block.expansion),
                self._place("kernel", self.kernels, block.kernel),
                self._place("repeats", self.repeats, block.repeats),
                0 if stride != 1 and block.repeats == 1 else self._place("shortcut", self.shortcuts, block.skip),
            )
        return self.canonical(tuple(found))

    def spec_of(self, genome: Genome) -> MbconvSpec:
        """The network of a genome by its choices."""
        setting, choices = self.indices([genome])
        return self.spec(int(setting[0]), choices[0].tolist())

    def indices(self, genomes: Sequence[Genome]) -> tuple[Ints, Ints]:
        """Genomes as indices into `settings` (n,) and into `choices` (n, blocks)."""
        rows = as_rows(genomes)
        sizes = [len(options) for options in self._block_options]
        strides = np.array([math.prod(sizes[place + 1 :]) for place in range(len(sizes))])
        choices: Ints = rows[:, 2:].reshape(len(rows), self.blocks, len(sizes)) @ strides
        return rows[:, 0] * len(self.resolutions) + rows[:, 1], choices

    def genomes(self, settings: Ints, choices: Ints) -> list[Genome]:
        """The genomes of indices into `settings` (n,) and `choices` (n, blocks): the way back from `indices`."""
        columns = [settings // len(self.resolutions), settings % len(self.resolutions)]
        sizes = [len(options) for options in self._block_options]
        for block in range(self.blocks):
            columns += np.unravel_index(choices[:, block], sizes)
        return [tuple(row) for row in np.column_stack(columns).tolist()]

    @property
    def _block_options(self) -> tuple[tuple[int, ...] | tuple[bool, ...], ...]:
        return (self.expansions, self.kernels, self.repeats, self.shortcuts)

    @cached_property
    def _first_width(self) -> tuple[int, ...]:
        """For every width the first one with the same channels."""
        first = (self.choices[0],) * self.blocks
        channels = [MbconvSpec(self.family, width, self.resolutions[0], first).channels for width in self.widths]
        return tuple(channels.index(these) for these in channels)

    def _place(self, gene: str, options: Sequence[float | int | bool], value: float | int | bool) -> int:
        if value not in options:
            shown = ", ".join(f"{option}" for option in options)
            raise InputError(f"search space {self.name!r} has no {gene} {value}; there are {shown}")
        return options.index(value)
