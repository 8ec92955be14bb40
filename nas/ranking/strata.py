"""Networks to compare scores on: of every size, and at every size of every latency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nas.space.columns import Ints
from nas.space.mbconv_space import MbconvSpace
from nas.space.table import build_table
from simint.errors import InputError


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network by its word; `band` is its band of multiply-accumulates, from 0 for the smallest."""

    word: str
    band: int
    macs: float
    latency_s: float


def stratified_networks(
    space: MbconvSpace, width: float, resolution: int, count: int, bands: int, seed: int
) -> tuple[Candidate, ...]:
    """Different networks of one network-level setting, as many in every band, drawn at random within strata.

    Bands hold equal shares of all distinct networks by MACs; a band is cut into equal shares by intermittent latency,
    and one network is drawn from each. In random order, so that the first ones are a sample too.
    Raises InputError where the setting is not in the space, or has too few networks.
    """
    if bands < 1 or count < bands:
        raise InputError(f"at least one network in every one of {bands} bands, got {count} networks")
    settings = [(float(each.width), each.resolution) for each in space.settings]
    if (width, resolution) not in settings:
        raise InputError(f"space {space.name!r} has no networks of width {width:g} and resolution {resolution}")
    setting = settings.index((width, resolution))
    table = build_table(space)
    first = [np.unique(table.canonical[setting, block]) for block in range(space.blocks)]
    choices: Ints = np.stack(np.meshgrid(*first, indexing="ij"), axis=-1).reshape(-1, space.blocks)
    costs = table.costs(np.full(len(choices), setting, dtype=np.int64), choices)
    runs = np.flatnonzero(np.isfinite(costs.latency_s))
    if len(runs) < count:
        raise InputError(f"space {space.name!r} has {len(runs)} networks that can run, {count} asked for")
    generator = np.random.default_rng(seed)
    chosen = []
    for band, members in enumerate(np.array_split(runs[np.argsort(costs.macs[runs], kind="stable")], bands)):
        strata = count * (band + 1) // bands - count * band // bands
        by_latency = members[np.argsort(costs.latency_s[members], kind="stable")]
        chosen += [(band, int(generator.choice(stratum))) for stratum in np.array_split(by_latency, strata)]
    return tuple(
        Candidate(
            space.spec(setting, choices[row].tolist()).word, band, float(costs.macs[row]), float(costs.latency_s[row])
        )
        for band, row in (chosen[place] for place in generator.permutation(len(chosen)))
    )
