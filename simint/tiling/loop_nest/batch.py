"""What one batch of the literal loop nest moves and computes, in words and operations (specification 14.1).

Numbers only: `price.py` says what they cost. Both cost modes run through here; they differ in the sizes of
the tiles (`axes.py`) and in few counts.
"""

from __future__ import annotations

from typing import NamedTuple

from simint.tiling.formulas import accumulations, weight_blocks
from simint.tiling.geometry import ADD, BN, CONV, DW, GAVGPOOL, ORDER_I, ORDER_O, ORDER_W, POOL, LayerGeometry
from simint.tiling.loop_nest.axes import Runs, Span
from simint.tiling.schedule import NO_TRAFFIC, Traffic


class Fetch(NamedTuple):
    """Reads from NVM: input blocks of so many channels, weight blocks of a length, partial-sum blocks of channels."""

    input_positions: int = 0
    input_channels: int = 0
    weight_blocks: int = 0
    weight_length: int = 0
    partial_positions: int = 0
    partial_channels: int = 0


class Work(NamedTuple):
    """Computation of a tile.

    CONV, DW: vector products, their length, additions. Others: elements, 0, outputs completed.
    """

    products: int
    length: int
    additions: int


class Write(NamedTuple):
    """Writes to NVM: output blocks of a length."""

    blocks: int
    length: int


class Tile(NamedTuple):
    """One tile: its positions, output and input channels, and whether it begins or ends the sum over input channels."""

    patch: Span
    tm: int
    tn: int
    first: bool
    last: bool


class BatchWork(NamedTuple):
    """A batch in numbers; see `schedule.Batch`. `final`: its outputs are complete or leave volatile memory anyway."""

    opening: Fetch
    reload: Fetch
    tiles: Runs[tuple[Fetch, Work]]
    writes: tuple[Write, ...]
    final: bool
    traffic: Traffic
    reload_traffic: Traffic


class Nest(NamedTuple):
    """A layer under an inter-tile order, in published or consistent mode."""

    g: LayerGeometry
    order: int
    published: bool

    @property
    def keeps_input(self) -> bool:
        """The input tile stays in VM during the inner loop. In DW it changes with the output channels."""
        return self.g.op == CONV and self.order == ORDER_I

    @property
    def keeps_weights(self) -> bool:
        """The weights stay in VM during the inner loop."""
        return self.g.op in (CONV, DW, BN) and self.order == ORDER_W

    @property
    def accumulates(self) -> bool:
        """The inner loop adds up one output tile, which stays in VM until it is complete."""
        return self.g.op == GAVGPOOL or (self.g.op == CONV and self.order == ORDER_O)


_NOTHING = Fetch()


def batch_work(nest: Nest, tiles: Runs[Tile], opens: bool, closes: bool) -> BatchWork:
    """One batch; `opens` and `closes`: the inner loop begins or ends with it."""
    size = sum(count for _, count in tiles)
    stationary, stationary_traffic = _stationary(nest, tiles[0][0])
    partial = _partial_sum(nest, tiles[0][0])
    opening, reload = (stationary, _NOTHING) if opens else (_NOTHING, stationary)
    opening_traffic, reload_traffic = (stationary_traffic, NO_TRAFFIC) if opens else (NO_TRAFFIC, stationary_traffic)
    if nest.accumulates and not opens:
        reload, reload_traffic = partial, Traffic(0, 0, 1, 0, 0)
    streams_weights = nest.g.op in (CONV, DW) and not nest.keeps_weights
    partials = 0 if nest.accumulates else sum(count for tile, count in tiles if not tile.first)
    traffic = Traffic(
        0 if nest.keeps_input else size,
        size if streams_weights else 0,
        partials,
        size,
        1 if nest.accumulates else size,
    )
    return BatchWork(
        opening=opening,
        reload=reload,
        tiles=_tile_runs(nest, tiles, closes),
        writes=_writes(nest, tiles),
        final=closes or not nest.accumulates,
        traffic=opening_traffic + traffic,
        reload_traffic=reload_traffic,
    )


def _tile_runs(nest: Nest, tiles: Runs[Tile], closes: bool) -> Runs[tuple[Fetch, Work]]:
    """Transfers and computation tile by tile, equal neighbours joined."""
    runs: list[tuple[tuple[Fetch, Work], int]] = []
    for tile, count in tiles:
        done = (_streamed(nest, tile), _work(nest, tile))
        if runs and runs[-1][0] == done:
            count += runs.pop()[1]
        runs.append((done, count))
    if nest.g.op == GAVGPOOL and closes:
        # The division comes with the last tile of the sum.
        (fetch, work), count = runs.pop()
        runs += [((fetch, work), count - 1)] if count > 1 else []
        runs.append(((fetch, work._replace(additions=tiles[-1][0].tm)), 1))
    return tuple(runs)


def _input(nest: Nest, tile: Tile) -> Fetch:
    """The input tile; an ADD reads both operands."""
    positions = tile.patch.inputs * (2 if nest.g.op == ADD else 1)
    return Fetch(input_positions=positions, input_channels=tile.tn if nest.g.op == CONV else tile.tm)


def _weights(nest: Nest, tile: Tile) -> Fetch:
    blocks, length = weight_blocks(nest.g.op, nest.g.kh, nest.g.kw, tile.tm, tile.tn, not nest.published)
    return Fetch(weight_blocks=blocks, weight_length=length)


def _partial_sum(nest: Nest, tile: Tile) -> Fetch:
    """The partial sum of an output tile; that of a global pool is one vector."""
    positions = 1 if nest.g.op == GAVGPOOL else tile.patch.outputs
    return Fetch(partial_positions=positions, partial_channels=tile.tm)


def _stationary(nest: Nest, tile: Tile) -> tuple[Fetch, Traffic]:
    """The operand that is loaded once for the inner loop."""
    if nest.keeps_input:
        return _input(nest, tile), Traffic(1, 0, 0, 0, 0)
    if nest.keeps_weights:
        return _weights(nest, tile), Traffic(0, 1, 0, 0, 0)
    return _NOTHING, NO_TRAFFIC


def _streamed(nest: Nest, tile: Tile) -> Fetch:
    """What is loaded for this tile alone. In orders I and W the partial sums do not stay in VM."""
    fetch = _NOTHING
    if not nest.keeps_input:
        loaded = _input(nest, tile)
        fetch = fetch._replace(input_positions=loaded.input_positions, input_channels=loaded.input_channels)
    if not nest.keeps_weights:
        weights = _weights(nest, tile)
        fetch = fetch._replace(weight_blocks=weights.weight_blocks, weight_length=weights.weight_length)
    if not nest.accumulates and not tile.first:
        partial = _partial_sum(nest, tile)
        fetch = fetch._replace(partial_positions=partial.partial_positions, partial_channels=partial.partial_channels)
    return fetch


def _work(nest: Nest, tile: Tile) -> Work:
    """Computation of one tile; published convolutions add every product (quirk Q23), published DW none (Q21)."""
    g, patch, tm = nest.g, tile.patch, tile.tm
    if g.op in (CONV, DW):
        products = patch.taps * tm
        if nest.published:
            additions = products if g.op == CONV else 0
        else:
            additions = accumulations(products, patch.covered * tm, tile.first, tile.last, g.bias)
        return Work(products, tile.tn, additions)
    if g.op == POOL:
        return Work(patch.taps * tm, 0, patch.outputs * tm)
    return Work(patch.outputs * tm, 0, 0)


def _writes(nest: Nest, tiles: Runs[Tile]) -> tuple[Write, ...]:
    """The outputs of a batch in NVM.

    An accumulated tile is written once. In order I the tiles of a batch lie side by side along the channels and share
    their blocks (specification 7.4); elsewhere every tile is written on its own.
    """
    first = tiles[0][0]
    if nest.g.op == GAVGPOOL:
        return (Write(1, first.tm),)
    if nest.accumulates:
        return (Write(first.patch.outputs, first.tm),)
    if nest.order == ORDER_I:
        return (Write(first.patch.outputs, sum(tile.tm * count for tile, count in tiles)),)
    blocks: dict[int, int] = {}
    for tile, count in tiles:
        blocks[tile.tm] = blocks.get(tile.tm, 0) + tile.patch.outputs * count
    return tuple(Write(count, length) for length, count in blocks.items())
