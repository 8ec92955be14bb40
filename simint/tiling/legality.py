"""Which designs are legal: tile sizes, inter-tile orders and preservation batches (specification 10 and 11)."""

from __future__ import annotations

import enum
import functools
import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.hardware.platform import CostMode, Platform, Variant
from simint.network.layer import ELEMENTWISE, Layer, LayerKind
from simint.tiling.geometry import (
    BN,
    CONV,
    DW,
    GAVGPOOL,
    ORDER_I,
    ORDER_O,
    ORDER_W,
    DesignCodes,
    LayerGeometry,
    Trips,
    trips,
)

Sizes = NDArray[np.int64]

# The rule sets of the two published variants and of the consistent mode.
RULES_TINAS2024: Final = 0
RULES_INAS2021: Final = 1
RULES_CONSISTENT: Final = 2

# Ways to choose the sizes of one tile loop (specification 11.1).
_SIZES_ONE: Final = 0
_SIZES_DIVISORS: Final = 1
_SIZES_EVEN_DIVISORS: Final = 2  # and 1
_SIZES_EVEN: Final = 3  # 1, 2, 4, ... up to the extent, or one more where it is odd
_SIZES_TRIP_CHANGING: Final = 4  # the smallest size of every trip count (quirk Q18: others are dominated)


class DesignSpace(NamedTuple):
    """Legal tile sizes, each list ascending, and order codes in the enumeration order I, W, O."""

    tr: Sizes
    tc: Sizes
    tm: Sizes
    tn: Sizes
    orders: Sizes


class BatchTable(NamedTuple):
    """Legal S by trip count: `values[starts[j] : starts[j + 1]]`, ascending."""

    starts: Sizes
    values: Sizes


class Batches(enum.IntEnum):
    """Which S are searched: 1 only, 1 and the even divisors of the loop's trip count, or all its divisors."""

    ONE = 0
    EVEN = 1
    ALL = 2


def rule_set(platform: Platform) -> int:
    """The RULES_ code of a platform."""
    if platform.mode is CostMode.CONSISTENT:
        return RULES_CONSISTENT
    return RULES_INAS2021 if platform.variant is Variant.INAS2021 else RULES_TINAS2024


def searched_batches(rules: int) -> Batches:
    """The batches a rule set explores (specification 11.3)."""
    return {RULES_TINAS2024: Batches.ONE, RULES_INAS2021: Batches.EVEN, RULES_CONSISTENT: Batches.ALL}[rules]


@compiled
def design_space(g: LayerGeometry, rules: int) -> DesignSpace:
    """Legal tile sizes and orders of a layer (specification 11.1 and 11.2)."""
    rows, cols = (g.h, g.w) if g.op == GAVGPOOL else (g.r, g.c)
    if rules == RULES_CONSISTENT:
        spatial, out, inner = _SIZES_TRIP_CHANGING, _SIZES_DIVISORS, _SIZES_DIVISORS
    elif rules == RULES_INAS2021 and g.op == CONV:
        spatial, out, inner = _SIZES_DIVISORS, _SIZES_DIVISORS, _SIZES_EVEN_DIVISORS
    else:
        divides = rules == RULES_INAS2021 or g.op == GAVGPOOL
        spatial = _SIZES_EVEN_DIVISORS if divides else _SIZES_EVEN
        out, inner = _SIZES_EVEN_DIVISORS, _SIZES_EVEN_DIVISORS
    tr = _sizes(spatial, rows)
    return DesignSpace(
        tr,
        tr if rows == cols else _sizes(spatial, cols),
        _sizes(out, g.m),
        _sizes(inner if g.op == CONV else _SIZES_ONE, g.n),
        legal_orders(g.op),
    )


@compiled
def _sizes(rule: int, extent: int) -> Sizes:
    """Ascending tile sizes of one loop."""
    if rule == _SIZES_ONE:
        return np.ones(1, dtype=np.int64)
    if rule == _SIZES_EVEN:
        sizes = np.arange(0, extent + extent % 2 + 1, 2)
        sizes[0] = 1
        return sizes
    if rule == _SIZES_TRIP_CHANGING:
        sizes = np.arange(1, extent + 1)
        trips = (extent + sizes - 1) // sizes
        changes: Sizes = sizes[np.append(np.array([True]), trips[1:] != trips[:-1])]
        return changes
    # Every divisor up to the square root has a partner above it, so one short loop finds both ends.
    root = int(math.sqrt(extent))
    low, high = np.empty(root, dtype=np.int64), np.empty(root, dtype=np.int64)
    lows = highs = 0
    for size in range(1, root + 1):
        partner = extent // size
        if size * partner != extent:
            continue
        if size == 1 or size % 2 == 0 or rule == _SIZES_DIVISORS:
            low[lows] = size
            lows += 1
        if partner > root and (partner % 2 == 0 or rule == _SIZES_DIVISORS):
            high[highs] = partner
            highs += 1
    return np.concatenate((low[:lows], high[:highs][::-1]))


@compiled
def legal_orders(op: int) -> Sizes:
    """Order codes of an operator (specification 11.2)."""
    if op in (CONV, DW):
        return np.array([ORDER_I, ORDER_W, ORDER_O])
    return np.array([ORDER_W if op == BN else ORDER_O])


@compiled
def batch_is_spatial(op: int, order: int, rules: int) -> bool:
    """Whether a batch runs along the spatial tiles (specification 11.3, quirks Q9, Q11)."""
    if op in (CONV, DW):
        return order == ORDER_W
    return (op == GAVGPOOL and rules != RULES_TINAS2024) or (op == BN and rules == RULES_CONSISTENT)


@compiled
def batch_loop(op: int, order: int, t: Trips, rules: int) -> int:
    """Trip count J of the loop that a batch runs along; S must divide it (specification 11.3)."""
    if batch_is_spatial(op, order, rules):
        return t.rows * t.cols
    reduces = op == CONV or (op == DW and rules != RULES_CONSISTENT)  # for DW, nn is N as published (quirk Q9)
    return t.n if order == ORDER_O and reduces else t.m


def batch_table(largest: int, batches: Batches) -> BatchTable:
    """Legal S for every trip count up to at least `largest` (see `largest_loop`)."""
    return _batch_table(1 << max(largest - 1, 1).bit_length(), batches)


@compiled
def legal_batches(table: BatchTable, loop: int) -> Sizes:
    """The legal S, ascending, of a batch loop with so many trips."""
    return table.values[table.starts[loop] : table.starts[loop + 1]]


@compiled
def batch_choices(table: BatchTable, loop: int) -> int:
    """How many S are legal for a batch loop with so many trips."""
    choices: int = table.starts[loop + 1] - table.starts[loop]
    return choices


@compiled
def only_single_tiles(table: BatchTable) -> bool:
    """Whether S = 1 is all there is; every loop has that one."""
    return len(table.values) == len(table.starts) - 2


@compiled
def largest_loop(g: LayerGeometry) -> int:
    """The largest trip count a batch loop of the layer can have."""
    return max(g.r * g.c, g.h * g.w if g.op == GAVGPOOL else 1, g.m, g.n)


@functools.lru_cache(maxsize=64)
def _batch_table(largest: int, batches: Batches) -> BatchTable:
    starts, values = _list_batches(largest, {Batches.ONE: 0, Batches.EVEN: 2, Batches.ALL: 1}[batches])
    return BatchTable(starts, values)


@compiled
def _list_batches(largest: int, step: int) -> tuple[Sizes, Sizes]:
    """S = 1 and, unless `step` is 0, every divisor of j that is a multiple of `step`, for j = 0 ... largest."""
    starts = np.zeros(largest + 2, dtype=np.int64)
    starts[2:] = 1
    for s in range(2, largest + 1):
        if step > 0 and s % step == 0:
            starts[s + 1 :: s] += 1
    starts = np.cumsum(starts)
    values = np.ones(starts[-1], dtype=np.int64)
    free = starts[:-1] + 1
    for s in range(2, largest + 1):
        if step > 0 and s % step == 0:
            for j in range(s, largest + 1, s):
                values[free[j]] = s
                free[j] += 1
    return starts, values


@compiled
def count_designs(space: DesignSpace, g: LayerGeometry, rules: int, table: BatchTable) -> int:
    """Number of legal designs of a layer."""
    rows, cols = (g.h, g.w) if g.op == GAVGPOOL else (g.r, g.c)
    shapes, spatial = len(space.tr) * len(space.tc), 0
    if only_single_tiles(table):
        return shapes * len(space.tm) * len(space.tn) * len(space.orders)
    for tr in space.tr:
        row_trips = -(-rows // tr)
        for tc in space.tc:
            spatial += batch_choices(table, row_trips * -(-cols // tc))
    total = 0
    for tm in space.tm:
        for tn in space.tn:
            t = Trips(1, 1, -(-g.m // tm), -(-g.n // tn))
            for order in space.orders:
                if batch_is_spatial(g.op, order, rules):
                    total += spatial
                else:
                    total += shapes * batch_choices(table, batch_loop(g.op, order, t, rules))
    return total


def illegal_reason(g: LayerGeometry, d: DesignCodes, platform: Platform) -> str | None:
    """Why a design is outside the platform's legal ones, in words; None where it is legal.

    Every S that divides the batch loop is accepted, also where the explorer would not try it.
    """
    rules = rule_set(platform)
    space = design_space(g, rules)
    for name in ("tr", "tc", "tm", "tn"):
        legal = getattr(space, name)
        if getattr(d, name) not in legal:
            return f"{name}={getattr(d, name)} is not legal here; allowed: {', '.join(map(str, legal))}"
    if d.order not in space.orders:
        return f"order {'IWO'[d.order]} is not legal here; allowed: {', '.join('IWO'[o] for o in space.orders)}"
    loop = batch_loop(g.op, d.order, trips(g, d), rules)
    return None if loop % d.s == 0 else f"s={d.s} does not divide the {loop} tiles of its loop"


def published_problem(layer: Layer, variant: Variant) -> str | None:
    """Why the published model refuses a layer, in words; None where it is well formed (specification 10).

    These limits belong to the published programs; the consistent mode takes every `Layer`.
    """
    inas = variant is Variant.INAS2021
    if layer.kind in ELEMENTWISE and not inas:
        return None
    (_, h, w), (_, r, c), (kh, kw), (sh, sw) = layer.ifm, layer.ofm, layer.kernel, layer.stride
    if layer.kind is LayerKind.POOL:
        return (
            None if layer.stride == layer.kernel and not any(layer.pad) else "POOL needs stride = kernel and no padding"
        )
    if inas and layer.kind not in (LayerKind.CONV, LayerKind.FC, LayerKind.GAVGPOOL):
        return f"the inas2021 model has no {layer.kind}"
    if layer.kind is LayerKind.GAVGPOOL:
        return None if inas or h > 1 else "GAVGPOOL needs an input higher than 1"
    if layer.kind not in (LayerKind.CONV, LayerKind.DW):
        return None
    if layer.groups != 1 and layer.kind is LayerKind.CONV:
        return "grouped convolutions are not part of the published model"
    top, bottom, left, right = layer.pad
    if not top == bottom == left == right and not (w == 1 and left == right == 0 and top == bottom):
        return f"padding must be the same on all sides, got {layer.pad}"
    one_dimensional = h > 1 and (w, c, kw) == (1, 1, 1)
    if not one_dimensional and (h != w or r != c or kh != kw or sh != sw):
        return "2-D convolutions must have a square input, output, kernel and stride"
    if sh not in ((1,) if inas else (1, 2)):
        return f"stride {sh} is not part of the {variant} model"
    if h < r:
        return f"the output ({r}) must not be higher than the input ({h})"
    if inas or one_dimensional:
        return None if h > kh else f"the input ({h}) must be higher than the kernel ({kh})"
    return None if any(layer.pad) or h >= kh else f"the input ({h}) must not be lower than the kernel ({kh})"
