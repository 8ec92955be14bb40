"""The tile loops of a layer as runs of equal steps: where a tile lies matters only near the edges of the map."""

from __future__ import annotations

import functools
import math
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from simint.tiling.geometry import CONV, GAVGPOOL, POOL, DesignCodes, LayerGeometry, input_tile, trips

T = TypeVar("T")
Runs = tuple[tuple[T, int], ...]  # pairs of (step, how often it is repeated)


class Span(NamedTuple):
    """Rows (or columns) of a tile, or a patch of both: sizes multiply, because the map is a rectangle.

    `outputs`: output positions. `inputs`: input positions fetched for them. `taps`: pairs of an output position and a
    kernel tap that meets the input map. `covered`: output positions with at least one such tap.
    """

    outputs: int
    inputs: int
    taps: int
    covered: int

    def times(self, other: Span) -> Span:
        """The patch of these rows and those columns."""
        return Span(
            self.outputs * other.outputs,
            self.inputs * other.inputs,
            self.taps * other.taps,
            self.covered * other.covered,
        )


class Reduction(NamedTuple):
    """One step of the input-channel loop: its channels, and whether it begins or ends the sum."""

    channels: int
    first: bool
    last: bool


class Axes(NamedTuple):
    """The four tile loops: rows, columns, output channels, input channels (one step unless a convolution)."""

    rows: Runs[Span]
    cols: Runs[Span]
    m: Runs[int]
    n: Runs[Reduction]


class Piece(NamedTuple, Generic[T]):
    """Consecutive steps of an inner loop that form one batch, and whether the loop begins or ends with it."""

    steps: Runs[T]
    opens: bool
    closes: bool


def published_axes(g: LayerGeometry, d: DesignCodes) -> Axes:
    """Every tile of full size, halos and padding included (quirk Q5); POOL computes no window (quirk Q13)."""
    t = trips(g, d)
    taps = (1, 1) if g.op == POOL else (g.kh, g.kw)
    rows = Span(d.tr, input_tile(d.tr, g.kh, g.sh), d.tr * taps[0], d.tr)
    cols = Span(d.tc, input_tile(d.tc, g.kw, g.sw), d.tc * taps[1], d.tc)
    return Axes(
        ((rows, t.rows),), ((cols, t.cols),), ((d.tm, t.m),), _reduction(d.tn, d.tn, t.n if g.op == CONV else 1)
    )


def clipped_axes(g: LayerGeometry, d: DesignCodes) -> Axes:
    """Tiles clipped to the feature map; padding is neither fetched nor computed. GAVGPOOL is cut along its input."""
    t = trips(g, d)
    height, width = (g.h, g.w) if g.op == GAVGPOOL else (g.r, g.c)
    last_m = g.m - (t.m - 1) * d.tm
    last_n = g.n - (t.n - 1) * d.tn
    return Axes(
        _clipped_spans(height, d.tr, g.h, g.kh, g.sh, g.top),
        _clipped_spans(width, d.tc, g.w, g.kw, g.sw, g.left),
        merged(((d.tm, t.m - 1), (last_m, 1))),
        _reduction(d.tn, last_n, t.n) if g.op == CONV else _reduction(1, 1, 1),
    )


@functools.lru_cache(maxsize=1024)
def _clipped_spans(outputs: int, tile: int, inputs: int, kernel: int, stride: int, before: int) -> Runs[Span]:
    """Cut `outputs` positions into tiles; `before` is the padding in front of the `inputs` positions."""
    start = np.arange(outputs) * stride - before
    low, high = np.clip(start, 0, inputs), np.clip(start + kernel, 0, inputs)
    edges = np.arange(0, outputs, tile)
    ends = np.minimum(edges + tile, outputs) - 1
    sizes = (
        ends + 1 - edges,
        high[ends] - low[edges],
        np.add.reduceat(high - low, edges),
        np.add.reduceat((high > low).astype(np.int64), edges),
    )
    return merged(tuple((Span(*span), 1) for span in zip(*(column.tolist() for column in sizes), strict=True)))


def _reduction(channels: int, last: int, count: int) -> Runs[Reduction]:
    if count == 1:
        return ((Reduction(last, True, True), 1),)
    first, middle, final = (
        Reduction(channels, True, False),
        Reduction(channels, False, False),
        Reduction(last, False, True),
    )
    return merged(((first, 1), (middle, count - 2), (final, 1)))


def merged(runs: Runs[T]) -> Runs[T]:
    """The same steps with equal neighbours joined and empty runs left out."""
    joined: list[tuple[T, int]] = []
    for step, count in runs:
        if joined and joined[-1][0] == step:
            joined[-1] = (step, joined[-1][1] + count)
        elif count:
            joined.append((step, count))
    return tuple(joined)


def cut(runs: Runs[T], size: int) -> Runs[Runs[T]]:
    """Consecutive groups of `size` steps, equal neighbours joined; `size` must divide the number of steps."""
    groups: list[tuple[Runs[T], int]] = []
    open_group: list[tuple[T, int]] = []
    room = size
    for step, count in runs:
        left = count
        while left:
            if room == size and left >= size:
                groups.append((((step, size),), left // size))
                left %= size
                continue
            taken = min(room, left)
            open_group.append((step, taken))
            left -= taken
            room -= taken
            if room == 0:
                groups.append((tuple(open_group), 1))
                open_group, room = [], size
    return merged(tuple(groups))


def channel_pieces(loop: Runs[T], size: int) -> Runs[Runs[Piece[T]]]:
    """The batches of an inner channel loop."""
    return _with_ends(((cut(loop, size), 1),))


def spatial_pieces(rows: Runs[Span], cols: Runs[Span], size: int) -> Runs[Runs[Piece[Span]]]:
    """The batches of an inner loop over all positions, row by row; `size` must divide their number.

    The smallest number of whole rows that holds whole batches is one block, so equal blocks are found once.
    """
    width = sum(count for _, count in cols)
    blocks = cut(rows, size // math.gcd(size, width))
    return _with_ends(tuple((cut(_positions(block, cols), size), count) for block, count in blocks))


def _positions(rows: Runs[Span], cols: Runs[Span]) -> Runs[Span]:
    """The patches of some rows in the order of execution."""
    patches: list[tuple[Span, int]] = []
    for row, count in rows:
        line = merged(tuple((row.times(col), repeats) for col, repeats in cols))
        patches += [(line[0][0], line[0][1] * count)] if len(line) == 1 else line * count
    return merged(tuple(patches))


def _with_ends(blocks: Runs[Runs[Runs[T]]]) -> Runs[Runs[Piece[T]]]:
    """Mark the first and the last batch of a loop, which are split from their run."""
    parted = _part_ends(blocks)
    marked = []
    for number, (block, count) in enumerate(parted):
        opens, closes = number == 0, number == len(parted) - 1
        pieces = _part_ends(block) if opens or closes else block
        end = len(pieces) - 1
        marked.append(
            (tuple((Piece(p, opens and k == 0, closes and k == end), n) for k, (p, n) in enumerate(pieces)), count)
        )
    return tuple(marked)


def _part_ends(runs: Runs[T]) -> Runs[T]:
    """Split the first and the last step from their runs; equal neighbours stay apart."""
    (first, heads), (last, tails) = runs[0], runs[-1]
    if len(runs) > 1:
        parts = ((first, 1), (first, heads - 1), *runs[1:-1], (last, tails - 1), (last, 1))
    elif heads > 1:
        parts = ((first, 1), (first, heads - 2), (first, 1))
    else:
        parts = runs
    return tuple((step, count) for step, count in parts if count)
