"""Operators of TiNAS on genomes: blocks are drawn, swapped and resampled whole."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nas.space.genome import Genome, Space, parts, sizes
from simint.errors import InputError

Blocks = tuple[tuple[int, ...], ...]  # indices of the genes of each block


def searched_blocks(space: Space) -> Blocks:
    """The blocks of a space whose whole-network genes leave nothing to choose; InputError where they do."""
    blocks = parts(space)
    inside = {index for block in blocks for index in block}
    free = [gene.name for index, gene in enumerate(space.genes) if index not in inside and len(gene.options) > 1]
    if free:
        raise InputError(
            f"search space {space.name!r}: the evolutionary search of TiNAS needs one value for {', '.join(free)}; "
            "choose them in its first stage"
        )
    return blocks


def sample(space: Space, blocks: Blocks, generator: np.random.Generator) -> Genome:
    """A network without two equal blocks, as if choices were drawn from one list without replacement.

    Raises InputError where there are fewer choices than blocks.
    """
    counts = sizes(space)
    genome = [0] * len(counts)
    taken: set[tuple[float | int | bool, ...]] = set()
    for block in blocks:
        lists = [space.genes[index].options for index in block]
        if math.prod(map(len, lists)) <= len(taken):
            raise InputError(f"search space {space.name!r}: too few choices for {len(blocks)} different blocks")
        while True:
            drawn = [int(value) for value in generator.integers(0, counts[list(block)])]
            chosen = tuple(options[index] for options, index in zip(lists, drawn, strict=True))
            if chosen not in taken:
                break
        taken.add(chosen)
        for index, value in zip(block, drawn, strict=True):
            genome[index] = value
    return tuple(genome)


def crossover(first: Genome, second: Genome, blocks: Blocks, generator: np.random.Generator) -> Genome:
    """Every block whole from one of two parents."""
    genome = list(first)
    for block, swapped in zip(blocks, generator.random(len(blocks)) < 0.5, strict=True):
        if swapped:
            for index in block:
                genome[index] = second[index]
    return tuple(genome)


def mutate(
    genome: Genome, space: Space, blocks: Blocks, probabilities: Sequence[float], generator: np.random.Generator
) -> Genome:
    """Every block drawn anew with its probability, all its genes uniformly; it may come out as it was."""
    counts = sizes(space)
    mutant = list(genome)
    for block, resampled in zip(blocks, generator.random(len(blocks)) < np.asarray(probabilities), strict=True):
        if resampled:
            for index, value in zip(block, generator.integers(0, counts[list(block)]).tolist(), strict=True):
                mutant[index] = value
    return tuple(mutant)
