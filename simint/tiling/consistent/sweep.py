"""The search over all designs of a layer in consistent mode, compiled."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from simint.compiled import compiled
from simint.tiling.buffers import aligned_vm_bytes, consistent_buffers
from simint.tiling.consistent.axis import AxisTable
from simint.tiling.consistent.layer_cost import MapSums, cold_batch, keeps_versions, layer_cost, preserved, unpreserved
from simint.tiling.geometry import DesignCodes, LayerGeometry, Trips
from simint.tiling.legality import RULES_CONSISTENT, BatchTable, DesignSpace, batch_loop, legal_batches
from simint.tiling.selection import TIE, Choice, choose, design_number, design_of_number
from simint.tiling.unit_costs import CostVector, UnitCostPair

# What is made small: energy with preservation, time without it, or the dearest cold batch.
LEAST_ENERGY: Final = 0
LEAST_TIME: Final = 1
LEAST_COLD_BATCH: Final = 2


class Limits(NamedTuple):
    """What a design must fit into.

    `batch_j`: energy of a cold batch. `versions`: whether NVM has room for a second copy of the layer's output.
    """

    vm_bytes: int
    element_bytes: int
    batch_j: float
    versions: bool


class Search(NamedTuple):
    """What a sweep is given: costs, legal S by trip count, limits and a LEAST_ code."""

    costs: UnitCostPair
    batches: BatchTable
    limits: Limits
    goal: int


class Designs(NamedTuple):
    """A layer and its legal tile shapes."""

    g: LayerGeometry
    space: DesignSpace
    rows: AxisTable
    cols: AxisTable


@compiled
def sweep_layer(search: Search, designs: Designs) -> DesignCodes:
    """The best design of a layer; all zero where none keeps the limits."""
    space = designs.space
    best = Choice(math.inf, math.inf, math.inf, -1, True)
    while best.unsure:
        # A second sweep that knows the smallest value settles a chain of near ties; it hardly ever runs.
        best = Choice(best.least, math.inf, math.inf, -1, False)
        for i in range(len(space.tm)):
            for j in range(len(space.tn)):
                for order in space.orders:
                    best = _sweep_shapes(search, designs, i, j, order, best)
    return design_of_number(best.number, space)


@compiled
def _sweep_shapes(search: Search, designs: Designs, i: int, j: int, order: int, best: Choice) -> Choice:
    """Try every tile height, width and batch with the channel tiles number `i` and `j`."""
    g, space, limits = designs.g, designs.space, search.limits
    tm, tn = space.tm[i], space.tn[j]
    for a in range(len(space.tr)):
        for b in range(len(space.tc)):
            trips = Trips(designs.rows.trips[a], designs.cols.trips[b], g.m // tm, g.n // tn)
            fits = False
            for s in legal_batches(search.batches, batch_loop(g.op, order, trips, RULES_CONSISTENT)):
                d = DesignCodes(space.tr[a], space.tc[b], tm, tn, order, s)
                vm = aligned_vm_bytes(consistent_buffers(g, d), limits.element_bytes)
                if vm > limits.vm_bytes:
                    break  # longer batches need no less
                fits = True
                if not limits.versions and keeps_versions(g, d, trips.rows * trips.cols):
                    continue
                value = _value(search, designs, d, a, b)
                near = value <= best.least * (1.0 + TIE)
                if near and dearest_cold_batch(search.costs.energy, designs, d, a, b) <= limits.batch_j:
                    best = choose(best, value, float(vm), design_number(space, a, b, i, j, order, s))
            if not fits:
                break  # wider tiles need no less
    return best


@compiled
def _value(search: Search, designs: Designs, d: DesignCodes, a: int, b: int) -> float:
    """What the search makes small."""
    if search.goal == LEAST_COLD_BATCH:
        return dearest_cold_batch(search.costs.energy, designs, d, a, b)
    sums = map_sums(designs.rows, designs.cols, a, b)
    if search.goal == LEAST_ENERGY:
        return preserved(layer_cost(search.costs.energy, designs.g, d, sums))
    return unpreserved(layer_cost(search.costs.time, designs.g, d, sums))


@compiled
def map_sums(rows: AxisTable, cols: AxisTable, a: int, b: int) -> MapSums:
    """Sums over all spatial tiles of size `a` of the rows and `b` of the columns."""
    return MapSums(
        rows.trips[a] * cols.trips[b],
        rows.inputs[a] * cols.inputs[b],
        rows.outputs * cols.outputs,
        rows.taps * cols.taps,
        rows.covered * cols.covered,
    )


@compiled
def dearest_cold_batch(energy: CostVector, designs: Designs, d: DesignCodes, a: int, b: int) -> float:
    """Energy of the dearest cold batch, joule, all its tiles taken to be as dear as the dearest tile.

    Exact where a batch stays on one patch of the map: S = 1, and all orders but W of CONV and DW. Elsewhere (batches of
    order W and of BN that run along the map; GAVGPOOL, whose last tile may be a small one) an upper bound.
    """
    rows, cols = designs.rows, designs.cols
    spatial = rows.trips[a] * cols.trips[b]
    dearest = 0.0
    for y in range(rows.starts[a], rows.starts[a + 1]):
        for x in range(cols.starts[b], cols.starts[b + 1]):
            r, c = rows.worst[y], cols.worst[x]
            patch = MapSums(1, r[1] * c[1], r[0] * c[0], r[2] * c[2], r[3] * c[3])
            dearest = max(dearest, cold_batch(energy, designs.g, d, patch, spatial))
    return dearest
