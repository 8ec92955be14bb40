"""The published closed forms of one power cycle and of a layer (specification 4, 6, 7 and 9), oddities included.

For given channels, order and batch every cost is affine in two numbers, the input positions Tri*Tci and the output
positions Tr*Tc of a tile. The formulas are written as these `Plane`s: a breakdown evaluates them at one tile shape, the
explorer reuses them for all. The consistent mode shares `formulas.py`, not this file.
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
    Trips,
    input_tile,
)
from simint.tiling.unit_costs import CostVector


class Plane(NamedTuple):
    """fixed + position * (input positions of a tile) + output * (output positions of a tile)."""

    fixed: float
    position: float
    output: float


class TileCost(NamedTuple):
    """What the pieces of one tile cost, joule or seconds, for given channels and order (specification 6 and 7.3).

    `input`: FI per input position. `weights`: FW. `partial`: FO per output position (pools: of the tile). `compute`:
    per output position, besides `hoisted` per tile; `compute_continuous` differs for BN only (quirk Q10). `block`:
    writing one block of Tm outputs; `longer`: what the same block costs more with Tm further elements.
    """

    input: float
    weights: float
    partial: float
    compute: float
    compute_continuous: float
    hoisted: float
    block: float
    longer: float


class CyclePlanes(NamedTuple):
    """The work of one power cycle between restore and index commit, joule or seconds.

    `fetch` is for a cycle that starts at the first input channels (n = 0); one with n > 0 re-loads the partial sum as
    well, `partial` per output position.
    """

    fetch: Plane
    partial: float
    compute: Plane
    write_back: Plane


class ContinuousPlanes(NamedTuple):
    """A layer under continuous power, joule or seconds: each plane once per spatial tile, and `once` per layer."""

    fetch: Plane
    once: float
    compute: Plane
    write_back: Plane


class Cycles(NamedTuple):
    """Power cycles of a layer, and those with n = 0; real numbers.

    For DW the published split is meaningless and can exceed the total (quirk Q9); both kinds cost the same there.
    """

    total: float
    first: float


@compiled
def plane_at(plane: Plane, positions: float, outputs: float) -> float:
    """The cost of a tile with so many input and output positions."""
    return plane.fixed + plane.position * positions + plane.output * outputs


@compiled
def input_positions(g: LayerGeometry, d: DesignCodes) -> int:
    """Tri * Tci."""
    return input_tile(d.tr, g.kh, g.sh) * input_tile(d.tc, g.kw, g.sw)


@compiled
def tile_count(g: LayerGeometry, t: Trips) -> int:
    """T of specification 4.1."""
    return t.rows * t.cols * t.m * (t.n if g.op == CONV else 1)


@compiled
def cycle_count(g: LayerGeometry, t: Trips, order: int, s: int) -> Cycles:
    """Power cycles, one preservation batch each (specification 4.2)."""
    total = tile_count(g, t) / s
    if g.op not in (CONV, DW):
        return Cycles(total, total)
    outer = t.rows * t.cols * (t.m if g.op == CONV else 1)
    return Cycles(total, float(outer) if order == ORDER_O else outer / s)


@compiled
def over_cycles(cycles: Cycles, first: float, later: float) -> float:
    """Sum over all power cycles of a quantity that differs between those with n = 0 and n > 0."""
    return cycles.first * first + (cycles.total - cycles.first) * later


@compiled
def tile_cost(costs: CostVector, g: LayerGeometry, tm: int, tn: int, order: int) -> TileCost:
    """The pieces of one tile."""
    blocks, length = formulas.weight_blocks(g.op, g.kh, g.kw, tm, tn, False)
    partial = hoisted = 0.0
    if g.op in (CONV, POOL, GAVGPOOL):
        partial = formulas.fetch_partial(costs, order, 1, tm)
    if g.op == CONV:
        hoisted = costs.conv_tile
    elif g.op == DW:
        hoisted = costs.dw_tile
    compute = output_compute(costs, g, tm, tn, order)
    block = formulas.write_back(costs, order, 1, tm)
    return TileCost(
        formulas.fetch_input(costs, 2 if g.op == ADD else 1, tn if g.op == CONV else tm),
        formulas.fetch_weight(costs, blocks, length),
        partial,
        compute,
        formulas.compute_bn_continuous(costs, tm) if g.op == BN else compute,
        hoisted,
        block,
        formulas.write_back(costs, order, 1, 2 * tm) - block,
    )


@compiled
def output_compute(costs: CostVector, g: LayerGeometry, tm: int, tn: int, order: int) -> float:
    """Computing the Tm outputs of one position (specification 7.3)."""
    products = g.kh * g.kw * tm
    if g.op == CONV:
        return formulas.conv_products(costs, products, tn, products)
    if g.op == DW:
        return formulas.dw_products(costs, order, products, 0)
    if g.op == BN:
        return formulas.compute_bn(costs, tm)
    if g.op == RELU:
        return formulas.compute_relu(costs, tm)
    if g.op == ADD:
        return formulas.compute_add(costs, tm)
    return formulas.compute_pool(costs, tm, 0)


@compiled
def cycle_planes(tile: TileCost, op: int, order: int, s: int) -> CyclePlanes:
    """The components of one power cycle with a batch of `s` tiles (specification 7.2 to 7.4).

    Outside CONV and DW the write-back lacks the factor S (quirk Q11), and pools fetch a partial sum always (Q13).
    """
    loads = weight_loads = reloads = s
    if op == CONV:
        if order == ORDER_I:
            loads = 1
        elif order == ORDER_W:
            weight_loads = 1
        else:
            reloads = 1
    elif op != DW or order != ORDER_I:
        weight_loads = 1
    written = tile.block
    if op in (CONV, DW) and order == ORDER_I:
        written = tile.block + (s - 1) * tile.longer
    elif op in (CONV, DW) and order == ORDER_W:
        written = s * tile.block
    pool = op in (POOL, GAVGPOOL)
    return CyclePlanes(
        Plane(weight_loads * tile.weights + (tile.partial if pool else 0.0), loads * tile.input, 0.0),
        reloads * tile.partial if op == CONV else 0.0,
        Plane(s * tile.hoisted, 0.0, s * tile.compute),
        Plane(written, 0.0, 0.0) if pool else Plane(0.0, 0.0, written),
    )


@compiled
def continuous_planes(tile: TileCost, op: int, order: int, trips_m: int, trips_n: int) -> ContinuousPlanes:
    """Totals under continuous power, S = 1 (specification 9; quirks Q6, Q8); `trips_m`, `trips_n` are nm and nn."""
    tiles = trips_m * (trips_n if op == CONV else 1)
    loads = trips_n if order == ORDER_I else tiles  # for DW trips_n = N (quirk Q8)
    weight_loads, once = (0, tiles * tile.weights) if order == ORDER_W else (tiles, 0.0)
    pool = op in (POOL, GAVGPOOL)
    reloads = tiles - trips_m if op == CONV and order != ORDER_O else 0
    written = tiles * tile.block
    return ContinuousPlanes(
        Plane(
            weight_loads * tile.weights + (tiles * tile.partial if pool else 0.0),
            loads * tile.input,
            reloads * tile.partial,
        ),
        once,
        Plane(tiles * tile.hoisted, 0.0, tiles * tile.compute_continuous),
        Plane(written, 0.0, 0.0) if pool else Plane(0.0, 0.0, written),
    )
