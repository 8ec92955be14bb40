"""Random layers and designs in consistent mode."""

from __future__ import annotations

import math
from collections.abc import Iterable

from hypothesis import strategies as st
from schedule_reference import CONVOLUTIONS

from simint.network.layer import Layer, LayerKind
from simint.tiling.design import ExecutionDesign, Order


@st.composite
def layers(draw: st.DrawFn, kinds: Iterable[LayerKind] = LayerKind) -> Layer:
    """Small layers of all kinds: maps that are not square, asymmetric padding, strides, groups, bias."""
    kind = draw(st.sampled_from(list(kinds)))
    n, h, w = draw(st.integers(1, 6)), draw(st.integers(1, 9)), draw(st.integers(1, 9))
    if kind is LayerKind.FC:
        return Layer(name="x", kind=kind, ifm=(n, h, w), ofm=(draw(st.integers(1, 8)), 1, 1), kernel=(h, w))
    if kind is LayerKind.GAVGPOOL:
        return Layer(name="x", kind=kind, ifm=(n, h, w), ofm=(n, 1, 1))
    if kind in (LayerKind.BN, LayerKind.RELU, LayerKind.ADD):
        return Layer(name="x", kind=kind, ifm=(n, h, w), ofm=(n, h, w))
    pad = draw(st.tuples(*[st.integers(0, 3)] * 4))
    kernel = (draw(st.integers(1, min(4, h + pad[0] + pad[1]))), draw(st.integers(1, min(4, w + pad[2] + pad[3]))))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    r = (h + pad[0] + pad[1] - kernel[0]) // stride[0] + 1
    c = (w + pad[2] + pad[3] - kernel[1]) // stride[1] + 1
    groups, m = 1, n
    if kind is LayerKind.CONV:
        groups = draw(st.integers(1, 3))
        n, m = groups * draw(st.integers(1, 4)), groups * draw(st.integers(1, 4))
    bias = draw(st.booleans())
    shape = {"kernel": kernel, "stride": stride, "pad": pad, "groups": groups, "bias": bias}
    return Layer(name="x", kind=kind, ifm=(n, h, w), ofm=(m, r, c), **shape)


@st.composite
def designs(draw: st.DrawFn, layer: Layer) -> ExecutionDesign:
    """Any tile, larger than the map too; S divides the inner loop."""
    pool = layer.kind is LayerKind.GAVGPOOL
    m, rows, cols = layer.ofm[0] // layer.groups, *(layer.ifm if pool else layer.ofm)[1:]
    n = layer.ifm[0] // layer.groups if layer.kind in CONVOLUTIONS else 1
    free = layer.kind in (*CONVOLUTIONS, LayerKind.DW)
    order = draw(st.sampled_from(list(Order))) if free else Order.WEIGHT if layer.kind is LayerKind.BN else Order.OUTPUT
    tr, tc = draw(st.integers(1, rows + 1)), draw(st.integers(1, cols + 1))
    tm, tn = draw(st.integers(1, m)), draw(st.integers(1, n))
    spatial = order is Order.WEIGHT or pool
    loop = math.ceil(m / tm)
    if spatial:
        loop = math.ceil(rows / tr) * math.ceil(cols / tc)
    elif order is Order.OUTPUT and layer.kind in CONVOLUTIONS:
        loop = math.ceil(n / tn)
    s = draw(st.sampled_from([k for k in range(1, loop + 1) if loop % k == 0]))
    return ExecutionDesign(tr=tr, tc=tc, tm=tm, tn=tn, order=order, s=s)
