"""The plain kind of space: chains of layers, each with its own kernel and filters, or only units (iNAS)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec

from nas.space.genome import Gene, Genome
from nas.space.target import Target
from simint.errors import InputError
from simint.network.network import Network
from simint.network.plain import PLAIN_FAMILIES, PlainSpec, parse_plain, plain_network


class PlainSpace(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    dict=True,  # for cached properties
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="plain",
):
    """Choices of a space of the plain family, and the target its networks are priced for.

    `family` is a key of PLAIN_FAMILIES and the name of its data set. Every one of `layers` layers takes a kernel and
    filters; fully connected families have no kernels, and `filters` are units.
    """

    name: str
    family: str
    layers: int
    filters: tuple[int, ...]
    kernels: tuple[int, ...] = ()
    target: Target = Target(platform="msp430fr5994-inas2021")
    source: str = ""

    def __post_init__(self) -> None:
        if self.family not in PLAIN_FAMILIES:
            raise InputError(f"no plain family {self.family!r}; known: {', '.join(PLAIN_FAMILIES)}")
        convolves = PLAIN_FAMILIES[self.family].max_kernel > 0
        for field in ("filters", "kernels") if convolves else ("filters",):
            values = getattr(self, field)
            if not values or len(set(values)) != len(values):
                raise InputError(f"`{field}`: a list of different values expected, got {list(values)}")
        for filters in self.filters:
            for kernel in self.kernels or (0,):
                kernels = (kernel,) * self.layers if self.kernels else ()
                PlainSpec(self.family, (filters,) * self.layers, kernels)

    @property
    def data_set(self) -> str:
        """Data set that its networks classify."""
        return self.family

    @property
    def networks(self) -> int:
        """Number of networks."""
        return int((max(1, len(self.kernels)) * len(self.filters)) ** self.layers)

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """Kernel and filters of every layer, or its units."""
        if not self.kernels:
            return tuple(Gene("units", layer, self.filters) for layer in range(self.layers))
        return tuple(
            gene
            for layer in range(self.layers)
            for gene in (Gene("kernel", layer, self.kernels), Gene("filters", layer, self.filters))
        )

    def canonical(self, genome: Genome) -> Genome:
        """The genome itself: all architectures are different."""
        return genome

    def network(self, genome: Genome) -> Network:
        """The network of a genome; InputError where a kernel is larger than its map."""
        return plain_network(self.spec_of(genome))

    def word(self, genome: Genome) -> str:
        """The network as a word that `parse_plain` reads."""
        return self.spec_of(genome).word

    def genome(self, word: str) -> Genome:
        """The genome of a word; InputError where it is not in the space."""
        spec = parse_plain(word)
        if spec.dataset != self.family or len(spec.filters) != self.layers:
            raise InputError(
                f"network {word!r} is not in search space {self.name!r}: {self.layers} layers of family {self.family!r}"
            )
        numbers = spec.filters
        if self.kernels:
            numbers = tuple(number for pair in zip(spec.kernels, spec.filters, strict=True) for number in pair)
        return tuple(self._place(gene, number) for gene, number in zip(self.genes, numbers, strict=True))

    def spec_of(self, genome: Genome) -> PlainSpec:
        """The network of a genome by its choices."""
        if not self.kernels:
            return PlainSpec(self.family, self._values(self.filters, genome))
        return PlainSpec(self.family, self._values(self.filters, genome[1::2]), self._values(self.kernels, genome[::2]))

    def _values(self, options: tuple[int, ...], indices: Sequence[int]) -> tuple[int, ...]:
        return tuple(options[index] for index in indices)

    def _place(self, gene: Gene, value: int) -> int:
        if value not in gene.options:
            shown = ", ".join(f"{option}" for option in gene.options)
            raise InputError(f"search space {self.name!r} has no {gene.name} {value}; there are {shown}")
        return gene.options.index(value)
