"""The literal loop nest of one layer in closed form, consistent mode: whole-layer sums, and the dearest cold batch.

Both count what is moved and computed (`Amounts`) and let `formulas.py` price it. The sums equal those over the schedule
of `loop_nest/`, which writes the same loop nest out batch by batch. Tm and Tn must divide the channels, as they do in
every legal design of this mode (specification 14.1; quirks: `unit_costs.py`).
"""

from __future__ import annotations

from typing import NamedTuple

from simint.compiled import compiled
from simint.tiling import formulas
from simint.tiling.geometry import (
    ADD,
    BN,
    CONV,
    DW,
    GAVGPOOL,
    ORDER_I,
    ORDER_O,
    ORDER_W,
    POOL,
    RELU,
    DesignCodes,
    LayerGeometry,
)
from simint.tiling.unit_costs import CostVector


class MapSums(NamedTuple):
    """Sums over the spatial tiles: their number, input positions fetched, outputs, taps that meet the map, covered."""

    tiles: int
    inputs: int
    outputs: int
    taps: int
    covered: int


class Amounts(NamedTuple):
    """What is moved and computed.

    `inputs`, `partials`: positions read; `weights`: weight tiles read. `products`, `additions`: of CONV and DW; of a
    pool the window elements and the outputs completed; otherwise elements and 0. Outputs are written in `blocks` of
    `length`.
    """

    inputs: int
    weights: int
    partials: int
    tiles: int
    products: int
    additions: int
    blocks: int
    length: int


class Priced(NamedTuple):
    """The cost of `Amounts`, joule or seconds."""

    inputs: float
    weights: float
    partials: float
    compute: float
    write: float


class LayerCost(NamedTuple):
    """A layer without power failures, joule or seconds; the parts are those of `schedule.Batch`, over all batches."""

    opening: float
    fetch: float
    compute: float
    write_back: float
    preserve: float
    index_write: float


@compiled
def unpreserved(cost: LayerCost) -> float:
    """The layer when nothing is preserved."""
    return cost.opening + cost.fetch + cost.compute + cost.write_back


@compiled
def preserved(cost: LayerCost) -> float:
    """The layer with preservation after every batch."""
    return unpreserved(cost) + cost.preserve + cost.index_write


@compiled
def trips_n(g: LayerGeometry, d: DesignCodes) -> int:
    """Steps of the reduction over input channels; 1 for all but convolutions."""
    return g.n // d.tn if g.op == CONV else 1


@compiled
def accumulates(g: LayerGeometry, d: DesignCodes) -> bool:
    """Whether the inner loop adds up one output tile that stays in VM until it is complete."""
    return g.op == GAVGPOOL or (g.op == CONV and d.order == ORDER_O)


@compiled
def keeps_input(g: LayerGeometry, d: DesignCodes) -> bool:
    """Whether the input tile stays in VM during the inner loop; in DW it changes with the output channels."""
    return g.op == CONV and d.order == ORDER_I


@compiled
def keeps_weights(g: LayerGeometry, d: DesignCodes) -> bool:
    """Whether the weights stay in VM during the inner loop."""
    return d.order == ORDER_W and g.op in (CONV, DW, BN)


@compiled
def batch_count(g: LayerGeometry, d: DesignCodes, spatial: int) -> int:
    """Preservation batches of a layer with so many spatial tiles, all groups."""
    return g.groups * spatial * (g.m // d.tm) * trips_n(g, d) // d.s


@compiled
def batches_per_output(g: LayerGeometry, d: DesignCodes, spatial: int) -> int:
    """Batches over which one output tile is added up; 1 where the inner loop does not accumulate."""
    if not accumulates(g, d):
        return 1
    return (spatial if g.op == GAVGPOOL else trips_n(g, d)) // d.s


@compiled
def keeps_versions(g: LayerGeometry, d: DesignCodes, spatial: int) -> bool:
    """Whether partial sums are continued over commits, so that a second copy of the output must exist in NVM."""
    if accumulates(g, d):
        return batches_per_output(g, d, spatial) > 1
    return trips_n(g, d) > 1


@compiled
def layer_amounts(g: LayerGeometry, d: DesignCodes, sums: MapSums) -> Amounts:
    """One group of a layer; every output tile is written where it leaves VM, nothing for preservation only."""
    m, n = g.m // d.tm, trips_n(g, d)
    passes = n if keeps_input(g, d) else m * n
    blocks, length = m * n * sums.outputs, d.tm
    if accumulates(g, d):
        blocks = m * _vector(g, sums)
    elif d.order == ORDER_I:  # the S tiles of a batch lie side by side along the channels
        blocks, length = blocks // d.s, d.s * d.tm
    products, additions = _operations(g, sums, g.m, n, True)
    return Amounts(
        inputs=passes * sums.inputs,
        weights=m * n * (1 if keeps_weights(g, d) else sums.tiles),
        partials=0 if accumulates(g, d) else m * (n - 1) * sums.outputs,
        tiles=m * n * sums.tiles,
        products=products,
        additions=additions,
        blocks=blocks,
        length=length,
    )


@compiled
def batch_amounts(g: LayerGeometry, d: DesignCodes, patch: MapSums, spatial: int) -> Amounts:
    """A batch that starts cold, ends the sum over input channels and has all its tiles on patches like `patch`.

    `patch`: sums over one tile. No batch with the same patches needs more: others read no partial sum, add no bias, or
    have their stationary operand to open instead of to reload.
    """
    n = trips_n(g, d)
    if accumulates(g, d):
        alone = batches_per_output(g, d, spatial) == 1
        blocks, length = _vector(g, patch), d.tm
        partials = 0 if alone else blocks
        products, additions = _operations(g, patch, d.tm, d.s, alone)
    else:
        blocks, length = (patch.outputs, d.s * d.tm) if d.order == ORDER_I else (d.s * patch.outputs, d.tm)
        partials = 0 if n == 1 else d.s * patch.outputs
        products, additions = _operations(g, patch, d.s * d.tm, 1, n == 1)
    return Amounts(
        inputs=patch.inputs * (1 if keeps_input(g, d) else d.s),
        weights=1 if keeps_weights(g, d) else d.s,
        partials=partials,
        tiles=d.s,
        products=products,
        additions=additions,
        blocks=blocks,
        length=length,
    )


@compiled
def _vector(g: LayerGeometry, sums: MapSums) -> int:
    """Positions of an accumulated output; that of a global pool is one."""
    return 1 if g.op == GAVGPOOL else sums.outputs


@compiled
def _operations(g: LayerGeometry, sums: MapSums, channels: int, steps: int, first: bool) -> tuple[int, int]:
    """Products and additions of `steps` tiles of a reduction, its last one included, and its `first` one or not."""
    if g.op in (CONV, DW):
        products = steps * sums.taps * channels
        return products, formulas.accumulations(products, sums.covered * channels, first, True, g.bias)
    if g.op == POOL:
        return sums.taps * channels, sums.outputs * channels
    return steps * sums.outputs * channels, channels if g.op == GAVGPOOL else 0


@compiled
def price(costs: CostVector, g: LayerGeometry, d: DesignCodes, a: Amounts) -> Priced:
    """The cost of what is moved and computed."""
    blocks, length = formulas.weight_blocks(g.op, g.kh, g.kw, d.tm, d.tn, True)
    if g.op == CONV:
        compute = formulas.conv_products(costs, a.products, d.tn, a.additions) + a.tiles * costs.conv_tile
    elif g.op == DW:
        compute = formulas.dw_products(costs, d.order, a.products, a.additions) + a.tiles * costs.dw_tile
    elif g.op == BN:
        compute = formulas.compute_bn(costs, a.products)
    elif g.op == RELU:
        compute = formulas.compute_relu(costs, a.products)
    elif g.op == ADD:
        compute = formulas.compute_add(costs, a.products)
    else:
        compute = formulas.compute_pool(costs, a.products, a.additions)
    return Priced(
        inputs=formulas.fetch_input(costs, a.inputs * (2 if g.op == ADD else 1), d.tn if g.op == CONV else d.tm),
        weights=formulas.fetch_weight(costs, a.weights * blocks, length),
        partials=formulas.fetch_partial(costs, d.order, a.partials, d.tm),
        compute=compute,
        write=formulas.write_back(costs, d.order, a.blocks, a.length),
    )


@compiled
def layer_cost(costs: CostVector, g: LayerGeometry, d: DesignCodes, sums: MapSums) -> LayerCost:
    """The whole layer, all groups, when power never fails; joule or seconds as `costs` is."""
    p = price(costs, g, d, layer_amounts(g, d, sums))
    opening, fetch = 0.0, p.inputs + p.weights + p.partials
    if keeps_input(g, d):
        opening, fetch = p.inputs, p.weights + p.partials
    elif keeps_weights(g, d):
        opening, fetch = p.weights, p.inputs + p.partials
    # Every batch of an accumulation but the last writes the unfinished output as preservation.
    unfinished = batches_per_output(g, d, sums.tiles) - 1
    return LayerCost(
        opening=g.groups * opening,
        fetch=g.groups * fetch,
        compute=g.groups * p.compute,
        write_back=g.groups * p.write,
        preserve=g.groups * unfinished * p.write,
        index_write=batch_count(g, d, sums.tiles) * costs.index_write,
    )


@compiled
def cold_batch(costs: CostVector, g: LayerGeometry, d: DesignCodes, patch: MapSums, spatial: int) -> float:
    """A batch of such patches from turn-on to commit: boot, restore, reload, tiles, outputs, progress record."""
    p = price(costs, g, d, batch_amounts(g, d, patch, spatial))
    work = p.inputs + p.weights + p.partials + p.compute + p.write
    return costs.boot + costs.index_read + work + costs.index_write
