"""Crossover and mutation of genomes for the Pareto search."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nas.space.columns import Floats
from nas.space.genome import Genome, Space, parts, sizes
from simint.errors import InputError


def mutation_rates(space: Space, changes: float, focus: Sequence[float] = ()) -> Floats:
    """Chance of every gene to change, `changes` in sum, 0 where there is no choice.

    Equal, or by `focus`: a share for each block (G2: its share of the variance of IMO), which its genes divide equally;
    genes of the whole network then get the mean share of a gene. Raises InputError for shares that do not fit.
    """
    blocks = parts(space)
    weights = np.where(sizes(space) > 1, 1.0, 0.0)
    if not weights.any():
        raise InputError(f"search space {space.name!r} leaves nothing to choose")
    if len(focus):
        if len(focus) != len(blocks) or min(focus) < 0 or not sum(focus) > 0:
            raise InputError(f"focus of mutation: {len(blocks)} shares of blocks expected, got {list(focus)}")
        inside = [index for block in blocks for index in block]
        mean = weights[inside].sum() / len(inside)
        for block, share in zip(blocks, focus, strict=True):
            genes = list(block)
            count = weights[genes].sum()
            weights[genes] *= mean * len(inside) * share / sum(focus) / max(count, 1.0)
        if not weights.any():
            raise InputError("focus of mutation: no block with a share has a choice")
    rates: Floats = np.minimum(changes * weights / weights.sum(), 1.0)
    return rates


def mutate_genes(genome: Genome, options: Sequence[int], rates: Floats, generator: np.random.Generator) -> Genome:
    """Change every gene with its rate to another option, and one by the weight of its rate where none would change."""
    changed = generator.random(len(rates)) < rates
    if not changed.any():
        changed[generator.choice(len(rates), p=rates / rates.sum())] = True
    mutant = list(genome)
    for index in np.flatnonzero(changed).tolist():
        other = int(generator.integers(options[index] - 1))
        mutant[index] = other + (other >= genome[index])
    return tuple(mutant)


def cross(first: Genome, second: Genome, units: Sequence[Sequence[int]], generator: np.random.Generator) -> Genome:
    """Every unit (genes that stay together) from one of two parents."""
    child = list(first)
    for unit, swapped in zip(units, generator.random(len(units)) < 0.5, strict=True):
        if swapped:
            for index in unit:
                child[index] = second[index]
    return tuple(child)


def block_units(space: Space) -> list[tuple[int, ...]]:
    """Units of a crossover per block: each block, and each gene of the whole network."""
    blocks = parts(space)
    inside = {index for block in blocks for index in block}
    return [*((index,) for index in range(len(space.genes)) if index not in inside), *blocks]


def gene_units(space: Space) -> list[tuple[int, ...]]:
    """Units of a crossover per gene."""
    return [(index,) for index in range(len(space.genes))]
