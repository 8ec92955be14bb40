"""Latency requirements as iNAS took them: percentiles of random feasible networks ("children") of a space."""

from __future__ import annotations

import math

import numpy as np

from nas.hardware.plain_model import PlainModel
from nas.hardware.plain_population import all_latencies, numbered_genomes
from nas.space.columns import Floats
from simint.errors import InputError

CHILDREN = 5000  # of the published requirements
_DRAWS_PER_CHILD = 100  # before a space counts as one with hardly any feasible network


def child_latencies(model: PlainModel, generator: np.random.Generator, children: int = CHILDREN) -> Floats:
    """Sorted latencies of that many different random feasible networks; of all where the space has no more.

    Fewer where the space hardly has feasible ones. Raises InputError where it has none at all.
    """
    space = model.space
    if space.networks <= children:
        found = all_latencies(model)
    else:
        drawn = generator.choice(space.networks, min(space.networks, _DRAWS_PER_CHILD * children), replace=False)
        found, start = np.empty(0), 0
        while len(found) < children and start < len(drawn):
            latencies = model.rows(numbered_genomes(space, drawn[start : start + children])).latency_s
            found = np.concatenate((found, latencies[np.isfinite(latencies)]))
            start += children
        found = np.sort(found[:children])
    if not len(found):
        raise InputError(f"search space {space.name!r}: no network can be built within VM, energy budget and NVM")
    return found


def child_requirement(latencies: Floats, percent: float) -> float:
    """The value at place ceil(percent/100 * N) of N sorted latencies, the first place being 1 (iNAS artefact)."""
    if not 0 < percent <= 100:
        raise InputError(f"percentile {percent:g}: above 0 and up to 100 expected")
    return float(latencies[math.ceil(percent / 100.0 * len(latencies)) - 1])
