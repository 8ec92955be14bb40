"""Layers and designs as flat integers, the form compiled code reads, and the tile arithmetic on them."""

from __future__ import annotations

from typing import Final, NamedTuple

from simint.compiled import compiled
from simint.network.layer import Layer, LayerKind
from simint.tiling.design import ExecutionDesign, Order

# Operators. A fully connected layer is a convolution whose kernel covers its input.
CONV: Final = 0
DW: Final = 1
BN: Final = 2
RELU: Final = 3
ADD: Final = 4
POOL: Final = 5
GAVGPOOL: Final = 6

# Inter-tile orders.
ORDER_I: Final = 0
ORDER_W: Final = 1
ORDER_O: Final = 2

_OP_CODE = {
    LayerKind.CONV: CONV,
    LayerKind.FC: CONV,
    LayerKind.DW: DW,
    LayerKind.BN: BN,
    LayerKind.RELU: RELU,
    LayerKind.ADD: ADD,
    LayerKind.POOL: POOL,
    LayerKind.GAVGPOOL: GAVGPOOL,
}
_WINDOWED = (CONV, DW, POOL)
ORDER_CODE = {Order.INPUT: ORDER_I, Order.WEIGHT: ORDER_W, Order.OUTPUT: ORDER_O}
ORDERS = (Order.INPUT, Order.WEIGHT, Order.OUTPUT)  # by code


class LayerGeometry(NamedTuple):
    """Shapes of one layer: N x H x W input, M x R x C output (specification section 1).

    `sh`, `sw`: stride; `top`, `bottom`, `left`, `right`: padding. A grouped convolution is executed group after group:
    `n` and `m` are the channels of one group and `groups` says how often it runs.
    """

    op: int
    n: int
    h: int
    w: int
    m: int
    r: int
    c: int
    kh: int
    kw: int
    sh: int
    sw: int
    top: int
    bottom: int
    left: int
    right: int
    groups: int
    bias: int


class DesignCodes(NamedTuple):
    """An execution design as integers; `order` is ORDER_I, ORDER_W or ORDER_O."""

    tr: int
    tc: int
    tm: int
    tn: int
    order: int
    s: int


class Trips(NamedTuple):
    """Trip counts of the four tile loops: nr, nc (hr, hc for GAVGPOOL), nm, nn."""

    rows: int
    cols: int
    m: int
    n: int


@compiled
def trips(g: LayerGeometry, d: DesignCodes) -> Trips:
    """Trip counts (specification 1); a tile may exceed the map."""
    rows, cols = (g.h, g.w) if g.op == GAVGPOOL else (g.r, g.c)
    return Trips(
        (rows + d.tr - 1) // d.tr, (cols + d.tc - 1) // d.tc, (g.m + d.tm - 1) // d.tm, (g.n + d.tn - 1) // d.tn
    )


@compiled
def input_tile(tile: int, kernel: int, stride: int) -> int:
    """Rows (or columns) of input under `tile` output rows: s*T + K - s (T itself without a window, K = s = 1)."""
    return stride * tile + kernel - stride


def geometry(layer: Layer) -> LayerGeometry:
    """The flat form of a layer. Operators without a kernel get a 1x1 kernel of stride 1 (GAVGPOOL too)."""
    (n, h, w), (m, r, c) = layer.ifm, layer.ofm
    op, bias = _OP_CODE[layer.kind], int(layer.bias)
    if op not in _WINDOWED:
        return LayerGeometry(op, n, h, w, m, r, c, 1, 1, 1, 1, 0, 0, 0, 0, 1, bias)
    groups = layer.groups if op == CONV else 1
    return LayerGeometry(
        op, n // groups, h, w, m // groups, r, c, *layer.kernel, *layer.stride, *layer.pad, groups, bias
    )


def codes(design: ExecutionDesign) -> DesignCodes:
    """The flat form of a design."""
    return DesignCodes(design.tr, design.tc, design.tm, design.tn, ORDER_CODE[design.order], design.s)


def design_of(codes: DesignCodes) -> ExecutionDesign:
    """The design behind its flat form."""
    return ExecutionDesign(
        tr=int(codes.tr),
        tc=int(codes.tc),
        tm=int(codes.tm),
        tn=int(codes.tn),
        order=ORDERS[int(codes.order)],
        s=int(codes.s),
    )
