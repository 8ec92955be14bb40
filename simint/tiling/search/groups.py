"""The designs of a layer in groups: those with the same channels, order and batch, whatever the tile shape."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simint.compiled import compiled
from simint.tiling.geometry import DesignCodes, LayerGeometry, Trips
from simint.tiling.legality import (
    BatchTable,
    DesignSpace,
    Sizes,
    batch_is_spatial,
    batch_loop,
    only_single_tiles,
)
from simint.tiling.search.axis import Axis
from simint.tiling.search.goal import needs_continuous
from simint.tiling.search.rates import BatchRates, Rates, batch_rates, rates_at, vm_rates
from simint.tiling.selection import design_number
from simint.tiling.unit_costs import CostVector


class Search(NamedTuple):
    """What an exploration is given: costs, a GOAL code, the rules of tile sizes and those of S, legal S by trips."""

    energy: CostVector
    time: CostVector
    goal: int
    tile_rules: int
    batch_rules: int
    batches: BatchTable


class Group(NamedTuple):
    """Designs with the same channels, order and batch.

    `divisor`: must divide the spatial trip count. `number` is that of the design with the first tile shape, each
    further shape adds `numbers`.
    """

    rates: BatchRates
    divisor: int
    number: int
    numbers: int


@compiled
def later_j(energy: Rates, positions: float, outputs: float) -> float:
    """The most a power cycle of a design needs."""
    return rates_at(energy, positions, outputs) + energy.partial * outputs


@compiled
def list_groups(
    search: Search, g: LayerGeometry, space: DesignSpace, ys: Axis, xs: Axis, vm_elements: float
) -> list[Group]:
    """All groups of which some tile shape fits into VM, those with large tiles first."""
    groups = []
    starts, values = search.batches
    spatial_batches = _legal_for_any(search.batches, ys, xs)
    numbers = design_number(space, 0, 1, 0, 0, 0, 0)
    for i in range(len(space.tm) - 1, -1, -1):
        for j in range(len(space.tn) - 1, -1, -1):
            tm, tn = space.tm[i], space.tn[j]
            channels = Trips(1, 1, (g.m + tm - 1) // tm, (g.n + tn - 1) // tn)
            for order in space.orders:
                spatial = batch_is_spatial(g.op, order, search.batch_rules)
                loop = batch_loop(g.op, order, channels, search.batch_rules)
                first, last = (0, len(spatial_batches)) if spatial else (starts[loop], starts[loop + 1])
                for k in range(first, last):
                    s = spatial_batches[k] if spatial else values[k]
                    vm = vm_rates(g.op, g.kh * g.kw, tm, tn, order, s)
                    if rates_at(vm, ys.inputs[0] * xs.inputs[0], ys.outputs[0] * xs.outputs[0]) > vm_elements:
                        break  # longer batches need no less
                    d = DesignCodes(1, 1, tm, tn, order, s)
                    rates = batch_rates(search.energy, search.time, g, channels, d, needs_continuous(search.goal))
                    number = design_number(space, 0, 0, i, j, order, s)
                    groups.append(Group(rates, s if spatial else 1, number, numbers))
    return groups


@compiled
def _legal_for_any(batches: BatchTable, ys: Axis, xs: Axis) -> Sizes:
    """The S, ascending, that are legal for at least one spatial trip count."""
    if only_single_tiles(batches):
        return np.ones(1, dtype=np.int64)
    legal = np.zeros(int(ys.trips[0] * xs.trips[0]) + 1, dtype=np.bool_)
    for a in ys.contenders:
        for b in xs.contenders:
            loop = int(ys.trips[a] * xs.trips[b])
            for k in range(batches.starts[loop], batches.starts[loop + 1]):
                legal[batches.values[k]] = True
    return np.flatnonzero(legal)
