"""From a network and its execution designs to the schedule: the loop nests of specification 14.1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from simint.errors import InputError
from simint.hardware.platform import CostMode, Platform
from simint.network.layer import Layer
from simint.network.network import Network
from simint.tiling.buffers import aligned_vm_bytes, buffer_rates, buffers_at, consistent_buffers, vm_bytes
from simint.tiling.checkpoint_cost import FOOTPRINT_WORDS, image_costs, record_costs
from simint.tiling.design import ExecutionDesign
from simint.tiling.geometry import CONV, ORDER_O, DesignCodes, LayerGeometry, codes, geometry, trips
from simint.tiling.legality import RULES_CONSISTENT, batch_is_spatial, batch_loop, legal_orders
from simint.tiling.loop_nest.axes import (
    Axes,
    Piece,
    Runs,
    Span,
    channel_pieces,
    clipped_axes,
    published_axes,
    spatial_pieces,
)
from simint.tiling.loop_nest.batch import BatchWork, Nest, Tile, batch_work
from simint.tiling.loop_nest.price import price_batches
from simint.tiling.loop_nest.program import Nested, repeat, two_level
from simint.tiling.published.closed_forms import input_positions
from simint.tiling.published.evaluate import published_geometry
from simint.tiling.schedule import Cost, LayerSchedule, Schedule
from simint.tiling.unit_costs import UnitCostPair, unit_costs

T = TypeVar("T")


def build_schedule(network: Network, designs: Sequence[ExecutionDesign], platform: Platform) -> Schedule:
    """The schedule of a network, one design per layer, in the cost mode of the platform.

    Consistent mode clips tiles to the feature map (specification 13, the consistent readings); published mode has
    full-size tiles everywhere and needs layers of the published model. Both execute the literal loop nest, so they
    differ from the closed forms where specification 14.2 and 14.3 say so. Whether the buffers fit into VM is not
    checked here: compare `vm_bytes` with the platform's.

    Raises InputError where a design does not belong to its layer, or its batch would straddle an outer loop.
    """
    if len(network.layers) != len(designs):
        raise InputError(f"{len(designs)} execution designs for the {len(network.layers)} layers of a network")
    costs = unit_costs(platform)
    built: dict[tuple[LayerGeometry, DesignCodes], LayerSchedule] = {}
    layers = []
    for number, (layer, design) in enumerate(zip(network.layers, designs, strict=True)):
        g, d = _geometry(layer, platform), codes(design)
        if (g, d) not in built:
            _check_design(layer, g, d)
            built[g, d] = _layer_schedule(layer, design, g, platform, costs)
        known = built[g, d]
        batches = tuple(replace(batch, layer=number) for batch in known.batches)
        layers.append(replace(known, name=layer.name, design=design, batches=batches))
    footprint_read, footprint_write = record_costs(costs, FOOTPRINT_WORDS, platform.mode is CostMode.PUBLISHED)
    return Schedule(
        layers=tuple(layers),
        boot=Cost(costs.energy.boot, costs.time.boot),
        index_read=Cost(costs.energy.index_read, costs.time.index_read),
        index_write=Cost(costs.energy.index_write, costs.time.index_write),
        vm_bytes=max((layer.vm_bytes for layer in layers), default=0),
        footprint_read=footprint_read,
        footprint_write=footprint_write,
    )


def _geometry(layer: Layer, platform: Platform) -> LayerGeometry:
    return published_geometry(layer, platform) if platform.mode is CostMode.PUBLISHED else geometry(layer)


def _check_design(layer: Layer, g: LayerGeometry, d: DesignCodes) -> None:
    """A batch must run along the innermost loop and divide it (specification 14.3, quirks Q9 and Q11)."""
    if d.order not in legal_orders(g.op):
        allowed = ", ".join("IWO"[order] for order in legal_orders(g.op))
        raise InputError(
            f"layer {layer.name!r}: order {'IWO'[d.order]} is not legal for {layer.kind}; allowed: {allowed}"
        )
    if d.tn != 1 and g.op != CONV:
        raise InputError(
            f"layer {layer.name!r}: {layer.kind} has no loop over input channels; tn must be 1, not {d.tn}"
        )
    loop = batch_loop(g.op, d.order, trips(g, d), RULES_CONSISTENT)
    if loop % d.s:
        legal = ", ".join(str(s) for s in range(1, loop + 1) if loop % s == 0)
        raise InputError(
            f"layer {layer.name!r}: s={d.s} does not divide the {loop} tiles of its inner loop; legal: {legal}"
        )


def _layer_schedule(
    layer: Layer, design: ExecutionDesign, g: LayerGeometry, platform: Platform, costs: UnitCostPair
) -> LayerSchedule:
    """One layer, numbered 0."""
    d = codes(design)
    published = platform.mode is CostMode.PUBLISHED
    nest = Nest(g, d.order, published)
    works, sequence = _loop_nest(nest, published_axes(g, d) if published else clipped_axes(g, d), d.s)
    whole = repeat(((sequence, g.groups),), lambda group: group)  # groups run one after another
    vm_bytes = _vm_bytes(g, d, platform)
    save, load = image_costs(costs, vm_bytes, published)
    return LayerSchedule(
        name=layer.name,
        design=design,
        batches=price_batches(0, nest, works, costs),
        program=two_level(whole),
        vm_bytes=vm_bytes,
        save=save,
        load=load,
    )


def _loop_nest(nest: Nest, axes: Axes, s: int) -> tuple[list[BatchWork], Nested]:
    """The distinct batches of one group of channels, and the order in which they run."""
    numbers: dict[BatchWork, int] = {}

    def inner(loop: Runs[Runs[Piece[T]]], tile: Callable[[T], Tile]) -> Nested:
        """The innermost loop, batch by batch; `tile` completes a step of it to a tile."""

        def batch(piece: Piece[T]) -> int:
            tiles = tuple((tile(step), count) for step, count in piece.steps)
            return numbers.setdefault(batch_work(nest, tiles, piece.opens, piece.closes), len(numbers))

        return repeat(loop, lambda pieces: repeat(pieces, batch))

    if batch_is_spatial(nest.g.op, nest.order, RULES_CONSISTENT):
        places = spatial_pieces(axes.rows, axes.cols, s)
        nested = repeat(axes.m, lambda tm: repeat(axes.n, lambda n: inner(places, lambda patch: Tile(patch, tm, *n))))
    elif nest.g.op == CONV and nest.order == ORDER_O:
        reduction = channel_pieces(axes.n, s)
        nested = _over_positions(
            axes, lambda patch: repeat(axes.m, lambda tm: inner(reduction, lambda n: Tile(patch, tm, *n)))
        )
    else:
        outputs = channel_pieces(axes.m, s)
        nested = _over_positions(
            axes, lambda patch: repeat(axes.n, lambda n: inner(outputs, lambda tm: Tile(patch, tm, *n)))
        )
    return list(numbers), nested


def _over_positions(axes: Axes, body: Callable[[Span], Nested]) -> Nested:
    return repeat(axes.rows, lambda row: repeat(axes.cols, lambda col: body(row.times(col))))


def _vm_bytes(g: LayerGeometry, d: DesignCodes, platform: Platform) -> int:
    element_bytes = platform.memory.element_bytes
    if platform.mode is CostMode.CONSISTENT:
        return int(aligned_vm_bytes(consistent_buffers(g, d), element_bytes))
    rates = buffer_rates(g.op, g.kh * g.kw, d.tm, d.tn, d.order, d.s)
    return int(vm_bytes(buffers_at(rates, input_positions(g, d), d.tr * d.tc), element_bytes))
