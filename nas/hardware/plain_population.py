"""All networks of a plain space one after another: its published spaces are small enough to price every network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nas.hardware.plain_model import PlainModel
from nas.space.columns import IMO, LATENCY, Costs, Flags, Floats, Ints
from nas.space.genome import Genome, sizes
from nas.space.plain_space import PlainSpace
from nas.space.population import Constraints
from simint.errors import InputError

MOST_NETWORKS = 1 << 24  # a quarter of a minute
_CHUNK = 1 << 17


def every_genome(space: PlainSpace) -> Iterator[Ints]:
    """All genomes in order, the last gene fastest, as arrays (n, genes); InputError where there are too many."""
    if space.networks > MOST_NETWORKS:
        raise InputError(
            f"search space {space.name!r}: {space.networks} networks, too many to price each; at most {MOST_NETWORKS}"
        )
    for start in range(0, space.networks, _CHUNK):
        yield numbered_genomes(space, np.arange(start, min(start + _CHUNK, space.networks)))


def numbered_genomes(space: PlainSpace, numbers: Ints) -> Ints:
    """The genomes (n, genes) of places in the order of `every_genome`."""
    return np.column_stack(np.unravel_index(numbers, tuple(sizes(space))))


def all_latencies(model: PlainModel) -> Floats:
    """Latencies of all networks that can be built, sorted."""
    found = [model.rows(genomes).latency_s for genomes in every_genome(model.space)]
    latencies = np.sort(np.concatenate(found))
    return latencies[np.isfinite(latencies)]


def feasible_genomes(model: PlainModel, constraints: Constraints) -> tuple[Ints, Costs]:
    """All networks that can be built and meet the constraints, and their costs."""
    genomes, rows = [], []
    for chunk in every_genome(model.space):
        costs = model.rows(chunk)
        kept = meeting(costs, constraints)
        genomes.append(chunk[kept])
        rows.append(costs.rows[kept])
    return np.concatenate(genomes), Costs(np.concatenate(rows))


def meeting(costs: Costs, constraints: Constraints) -> Flags:
    """Which networks can be built and meet limits on latency and IMO."""
    with np.errstate(invalid="ignore"):
        kept: Flags = (
            np.isfinite(costs.latency_s)
            & (costs.column(LATENCY) <= constraints.latency_s)
            & (costs.column(IMO) <= constraints.imo_percent)
        )
    return kept


def genome_of(row: Ints) -> Genome:
    """A row as a genome."""
    return tuple(int(index) for index in row)
