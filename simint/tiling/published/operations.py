"""Non-volatile memory and operation counts of a layer in the published model (specification 5.2 and 12.1)."""

from __future__ import annotations

from typing import NamedTuple

from simint.compiled import compiled
from simint.tiling.geometry import ADD, BN, CONV, DW, GAVGPOOL, DesignCodes, LayerGeometry


class Operations(NamedTuple):
    """Floating-point operations and multiply-accumulates."""

    flops: int
    macs: int


@compiled
def feature_elements(g: LayerGeometry) -> int:
    """NVM for feature maps: twice the larger of input and output, three times for ADD (quirk Q24)."""
    return (3 if g.op == ADD else 2) * max(g.m * g.r * g.c, g.n * g.h * g.w)


@compiled
def weight_elements(g: LayerGeometry) -> int:
    """NVM for weights."""
    if g.op == CONV:
        return g.m * g.n * g.kh * g.kw
    if g.op == DW:
        return g.m * g.kh * g.kw
    return 4 * g.m if g.op == BN else 0


@compiled
def layer_operations(g: LayerGeometry) -> Operations:
    """Layer-based counts, the ones the published search uses."""
    outputs = g.m * g.r * g.c
    if g.op in (CONV, DW):
        macs = g.kh * g.kw * outputs * (g.n if g.op == CONV else 1)
        return Operations(2 * macs, macs)
    if g.op == BN:
        return Operations(4 * outputs, 0)
    if g.op == ADD:
        return Operations(outputs, 0)
    return Operations(2 * outputs if g.op == GAVGPOOL else 0, 0)


@compiled
def tile_operations(g: LayerGeometry, d: DesignCodes) -> Operations:
    """Tile-based counts of a design, oddities included (quirk Q22)."""
    spatial = -(-g.r // d.tr) * -(-g.c // d.tc)
    tiles = spatial * -(-g.m // d.tm) * -(-g.n // d.tn)  # the convolution formula for every operator
    outputs = d.tr * d.tc * d.tm
    taps = g.kh * g.kw
    if g.op == CONV:
        products = tiles * d.s * taps * outputs
        return Operations(products * (2 * d.tn + 1), products * d.tn)
    if g.op == DW:
        done = spatial * -(-g.m // d.tm) * d.s * outputs
        return Operations(done * (taps + 1), done * taps)
    if g.op == BN:
        return Operations(3 * tiles * d.s * outputs, tiles * d.s * outputs)
    if g.op == ADD:
        return Operations(tiles * d.s * outputs, 0)
    return Operations(2 * tiles * outputs if g.op == GAVGPOOL else 0, 0)
