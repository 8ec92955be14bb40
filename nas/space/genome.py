"""What every search space offers: genes, one canonical genome for each architecture, and the network of a genome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simint.network.network import Network

Genome = tuple[int, ...]  # for every gene an index into its options

WHOLE_NETWORK = -1  # `Gene.part` of a choice that holds for the whole network


@dataclass(frozen=True, slots=True)
class Gene:
    """One choice: its name (`width`, `kernel`, ..), the block or layer it belongs to, and the values it may take."""

    name: str
    part: int
    options: tuple[float | int | bool, ...]


class Space(Protocol):
    """A search space: search methods see nothing else of it, so each works on all of them."""

    @property
    def name(self) -> str:
        """Of the space."""

    @property
    def data_set(self) -> str:
        """Data set (`nas.data`) that its networks classify."""

    @property
    def genes(self) -> tuple[Gene, ...]:
        """All choices, those of the whole network first, then part by part."""

    def canonical(self, genome: Genome) -> Genome:
        """The first of all genomes that describe the same architecture."""

    def network(self, genome: Genome) -> Network:
        """The network of a genome. Raises InputError where its shapes are impossible (a kernel larger than its map)."""

    def word(self, genome: Genome) -> str:
        """The network as a shell-safe word that `simint.network.families` reads."""

    def genome(self, word: str) -> Genome:
        """The canonical genome of a word; InputError where it is not in the space."""


def sizes(space: Space) -> NDArray[np.int64]:
    """Number of options of every gene."""
    return np.array([len(gene.options) for gene in space.genes], dtype=np.int64)


def parts(space: Space) -> tuple[tuple[int, ...], ...]:
    """Indices of the genes of each block or layer in turn, the unit that published operators draw and swap whole."""
    last = max((gene.part for gene in space.genes), default=WHOLE_NETWORK)
    return tuple(
        tuple(index for index, gene in enumerate(space.genes) if gene.part == part) for part in range(last + 1)
    )


def random_genome(space: Space, generator: np.random.Generator) -> Genome:
    """Every gene drawn uniformly; not canonical yet."""
    return tuple(int(index) for index in generator.integers(0, sizes(space)))


def as_rows(genomes: Sequence[Genome]) -> NDArray[np.int64]:
    """Genomes as the rows of an array (n, genes); (0, 0) for none."""
    return np.array(genomes, dtype=np.int64).reshape(len(genomes), -1 if len(genomes) else 0)
