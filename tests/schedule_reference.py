"""The literal loop nest of specification 14.1, tile by tile, coordinate by coordinate: slow, and plain to read.

Consistent mode. Nothing is run-length encoded here and nothing is shared with the builder but the prices of a transfer
and of a computation (`formulas.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simint.network.layer import Layer, LayerKind
from simint.tiling import formulas
from simint.tiling.design import ExecutionDesign, Order
from simint.tiling.geometry import ORDER_CODE, geometry
from simint.tiling.schedule import NO_TRAFFIC, ZERO, Cost, Traffic
from simint.tiling.unit_costs import UnitCostPair

CONVOLUTIONS = (LayerKind.CONV, LayerKind.FC)
ONE_INPUT, ONE_WEIGHT, ONE_PARTIAL = Traffic(1, 0, 0, 0, 0), Traffic(0, 1, 0, 0, 0), Traffic(0, 0, 1, 0, 0)


@dataclass(frozen=True)
class Layers:
    """What a schedule reads of a network; a single layer need not chain with others."""

    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Operand:
    """Something to load: its cost and the count of it."""

    cost: Cost
    traffic: Traffic


NO_OPERAND = Operand(ZERO, NO_TRAFFIC)


@dataclass(frozen=True)
class RefTile:
    """`step`: position in the inner loop of `steps`. `resident`: stays in VM during that loop."""

    step: int
    steps: int
    resident: Operand
    streamed: tuple[Operand, ...]
    compute: Cost
    partial: Operand
    positions: int
    channels: int


@dataclass(frozen=True)
class RefBatch:
    """As `schedule.Batch`, with the tiles added up."""

    opening: Cost
    reload: Cost
    fetch: Cost
    compute: Cost
    write_back: Cost
    preserve: Cost
    traffic: Traffic
    reload_traffic: Traffic


def ranges(extent: int, tile: int) -> list[range]:
    return [range(low, min(low + tile, extent)) for low in range(0, extent, tile)]


class ReferenceNest:
    """A layer with a design; `batches` runs it."""

    def __init__(self, layer: Layer, design: ExecutionDesign, costs: UnitCostPair) -> None:
        self.layer, self.design, self.costs = layer, design, costs
        self.order = ORDER_CODE[design.order]
        self.accumulates = layer.kind is LayerKind.GAVGPOOL or (
            layer.kind in CONVOLUTIONS and design.order is Order.OUTPUT
        )
        self.op = geometry(layer).op

    def price(self, formula: Callable[..., float], *numbers: int) -> Cost:
        return Cost(formula(self.costs.energy, *numbers), formula(self.costs.time, *numbers))

    def valid_taps(self, y: int, x: int) -> list[tuple[int, int]]:
        """Input coordinates under the kernel at output (y, x) that lie inside the map."""
        (_, h, w), (kh, kw), (sh, sw) = self.layer.ifm, self.layer.kernel, self.layer.stride
        top, left = self.layer.pad[0], self.layer.pad[2]
        taps = [(y * sh - top + i, x * sw - left + j) for i in range(kh) for j in range(kw)]
        return [(i, j) for i, j in taps if 0 <= i < h and 0 <= j < w]

    def input_positions(self, ys: range, xs: range) -> int:
        """The rectangle of the map between the first and the last tap of the outputs ys, xs."""
        (_, h, w), (kh, kw), (sh, sw) = self.layer.ifm, self.layer.kernel, self.layer.stride
        top, left = self.layer.pad[0], self.layer.pad[2]
        rows = [i for i in range(ys[0] * sh - top, ys[-1] * sh - top + kh) if 0 <= i < h]
        cols = [j for j in range(xs[0] * sw - left, xs[-1] * sw - left + kw) if 0 <= j < w]
        return len(rows) * len(cols)

    def load_input(self, ys: range, xs: range, channels: int) -> Operand:
        kind = self.layer.kind
        windowed = kind in (*CONVOLUTIONS, LayerKind.DW, LayerKind.POOL)
        positions = self.input_positions(ys, xs) if windowed else len(ys) * len(xs)
        if kind is LayerKind.ADD:
            positions *= 2
        return Operand(self.price(formulas.fetch_input, positions, channels), ONE_INPUT)

    def load_weights(self, tm: int, tn: int) -> Operand:
        kh, kw = self.layer.kernel
        blocks, length = {LayerKind.DW: (kh * kw, tm), LayerKind.BN: (4, tm)}.get(self.layer.kind, (kh * kw * tm, tn))
        return Operand(self.price(formulas.fetch_weight, blocks, length), ONE_WEIGHT)

    def load_partial(self, positions: int, tm: int) -> Operand:
        cost = Cost(
            formulas.fetch_partial(self.costs.energy, self.order, positions, tm),
            formulas.fetch_partial(self.costs.time, self.order, positions, tm),
        )
        return Operand(cost, ONE_PARTIAL)

    def products(self, ys: range, xs: range, tm: int, first: bool, last: bool) -> tuple[int, int]:
        """Products of a tile with one input channel, and additions to an output (the first is stored)."""
        taps = [len(self.valid_taps(y, x)) for y in ys for x in xs]
        products = tm * sum(taps)
        touched = tm * sum(1 for count in taps if count)
        return products, products - (touched if first else 0) + (touched if last and self.layer.bias else 0)

    def conv(self, ys: range, xs: range, tm: int, tn: int, first: bool, last: bool) -> Cost:
        products, additions = self.products(ys, xs, tm, first, last)
        return self.price(formulas.compute_conv, products, tn, additions)

    def tiles(self) -> Iterator[RefTile]:
        layer, d = self.layer, self.design
        if layer.kind in CONVOLUTIONS:
            for _ in range(layer.groups):
                yield from self.convolution_tiles()
        elif layer.kind in (LayerKind.BN, LayerKind.GAVGPOOL) or (
            layer.kind is LayerKind.DW and d.order is Order.WEIGHT
        ):
            yield from self.spatial_tiles()
        else:
            yield from self.channel_tiles()

    def convolution_tiles(self) -> Iterator[RefTile]:
        layer, d = self.layer, self.design
        places = [(ys, xs) for ys in ranges(layer.ofm[1], d.tr) for xs in ranges(layer.ofm[2], d.tc)]
        outs = ranges(layer.ofm[0] // layer.groups, d.tm)
        ins = ranges(layer.ifm[0] // layer.groups, d.tn)

        def tile(step: int, steps: int, place: tuple[range, range], m: range, n: int) -> RefTile:
            (ys, xs), channels = place, len(ins[n])
            area = len(ys) * len(xs)
            first, last = n == 0, n == len(ins) - 1
            inputs, weights = self.load_input(ys, xs, channels), self.load_weights(len(m), channels)
            partial = self.load_partial(area, len(m))
            streamed: tuple[Operand, ...]
            if d.order is Order.INPUT:
                resident, streamed = inputs, (weights,) if first else (weights, partial)
            elif d.order is Order.WEIGHT:
                resident, streamed = weights, (inputs,) if first else (inputs, partial)
            else:
                resident, streamed = NO_OPERAND, (inputs, weights)
            compute = self.conv(ys, xs, len(m), channels, first, last)
            return RefTile(step, steps, resident, streamed, compute, partial, area, len(m))

        if d.order is Order.INPUT:
            for place in places:
                for n in range(len(ins)):
                    for k, m in enumerate(outs):
                        yield tile(k, len(outs), place, m, n)
        elif d.order is Order.WEIGHT:
            for m in outs:
                for n in range(len(ins)):
                    for k, place in enumerate(places):
                        yield tile(k, len(places), place, m, n)
        else:
            for place in places:
                for m in outs:
                    for n in range(len(ins)):
                        yield tile(n, len(ins), place, m, n)

    def spatial_tiles(self) -> Iterator[RefTile]:
        """DW in order W, BN, GAVGPOOL: for m: for r, c."""
        layer, d = self.layer, self.design
        _, rows, cols = layer.ifm if layer.kind is LayerKind.GAVGPOOL else layer.ofm
        places = [(ys, xs) for ys in ranges(rows, d.tr) for xs in ranges(cols, d.tc)]
        for m in ranges(layer.ofm[0], d.tm):
            resident = NO_OPERAND if layer.kind is LayerKind.GAVGPOOL else self.load_weights(len(m), 1)
            for k, (ys, xs) in enumerate(places):
                area = len(ys) * len(xs)
                if layer.kind is LayerKind.DW:
                    compute = self.price_dw(ys, xs, len(m))
                elif layer.kind is LayerKind.BN:
                    compute = self.price(formulas.compute_bn, area * len(m))
                else:
                    done = len(m) if k == len(places) - 1 else 0
                    compute = self.price(formulas.compute_pool, area * len(m), done)
                partial = self.load_partial(1, len(m))
                inputs = self.load_input(ys, xs, len(m))
                yield RefTile(k, len(places), resident, (inputs,), compute, partial, area, len(m))

    def channel_tiles(self) -> Iterator[RefTile]:
        """DW in orders I and O, ReLU, ADD, POOL: for r, c: for m."""
        layer, d = self.layer, self.design
        outs = ranges(layer.ofm[0], d.tm)
        for ys in ranges(layer.ofm[1], d.tr):
            for xs in ranges(layer.ofm[2], d.tc):
                area = len(ys) * len(xs)
                for k, m in enumerate(outs):
                    elements = area * len(m)
                    streamed: tuple[Operand, ...] = (self.load_input(ys, xs, len(m)),)
                    if layer.kind is LayerKind.DW:
                        streamed += (self.load_weights(len(m), 1),)
                        compute = self.price_dw(ys, xs, len(m))
                    elif layer.kind is LayerKind.RELU:
                        compute = self.price(formulas.compute_relu, elements)
                    elif layer.kind is LayerKind.ADD:
                        compute = self.price(formulas.compute_add, elements)
                    else:
                        inside = sum(len(self.valid_taps(y, x)) for y in ys for x in xs) * len(m)
                        compute = self.price(formulas.compute_pool, inside, elements)
                    yield RefTile(k, len(outs), NO_OPERAND, streamed, compute, NO_OPERAND, area, len(m))

    def price_dw(self, ys: range, xs: range, tm: int) -> Cost:
        products, additions = self.products(ys, xs, tm, True, True)
        return Cost(
            formulas.compute_dw(self.costs.energy, self.order, products, additions),
            formulas.compute_dw(self.costs.time, self.order, products, additions),
        )

    def write(self, blocks: int, length: int) -> Cost:
        return Cost(
            formulas.write_back(self.costs.energy, self.order, blocks, length),
            formulas.write_back(self.costs.time, self.order, blocks, length),
        )

    def batches(self) -> Iterator[RefBatch]:
        """Groups of S tiles; they never straddle an inner loop."""
        waiting: list[RefTile] = []
        for tile in self.tiles():
            waiting.append(tile)
            if len(waiting) == self.design.s:
                yield self.batch(waiting)
                waiting = []
        assert not waiting

    def batch(self, tiles: list[RefTile]) -> RefBatch:
        head, tail = tiles[0], tiles[-1]
        opens, closes = head.step == 0, tail.step == tail.steps - 1
        opening = head.resident if opens else NO_OPERAND
        reload = NO_OPERAND if opens else head.resident
        if self.accumulates and not opens:
            reload = head.partial
        traffic = opening.traffic
        fetch = compute = written = ZERO
        for tile in tiles:
            compute += tile.compute
            for operand in tile.streamed:
                fetch += operand.cost
                traffic += operand.traffic
        if self.accumulates:
            written = self.write(1 if self.layer.kind is LayerKind.GAVGPOOL else tail.positions, tail.channels)
        elif self.design.order is Order.INPUT:
            written = self.write(tail.positions, sum(tile.channels for tile in tiles))
        else:
            for tile in tiles:
                written += self.write(tile.positions, tile.channels)
        traffic += Traffic(0, 0, 0, len(tiles), 1 if self.accumulates else len(tiles))
        final = closes or not self.accumulates
        return RefBatch(
            opening.cost,
            reload.cost,
            fetch,
            compute,
            written if final else ZERO,
            ZERO if final else written,
            traffic,
            reload.traffic,
        )
