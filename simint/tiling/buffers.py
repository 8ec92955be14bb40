"""Volatile memory a design needs: input, weight and output buffers (specification 5.1)."""

from __future__ import annotations

from typing import NamedTuple

from simint.compiled import compiled
from simint.tiling.geometry import (
    ADD,
    BN,
    CONV,
    DW,
    GAVGPOOL,
    ORDER_O,
    POOL,
    RELU,
    DesignCodes,
    LayerGeometry,
    input_tile,
)

WORD_BYTES = 4  # buffers of the consistent mode start at 32-bit words (quirk Q20)


class Buffers(NamedTuple):
    """Buffer lengths in elements."""

    input: int
    weight: int
    output: int


class BufferRates(NamedTuple):
    """Buffers per input position and per output position of a tile, in elements."""

    input_position: int
    input_output: int
    weight: int
    output_output: int
    output_fixed: int


@compiled
def buffer_rates(op: int, taps: int, tm: int, tn: int, order: int, s: int) -> BufferRates:
    """The published buffers (specification 5.1; quirks Q11, Q13); `taps` is Kh*Kw."""
    if op in (CONV, DW):
        batch = 1 if order == ORDER_O else s
        inputs, per_filter = (tn, tn) if op == CONV else (tm, 1)
        return BufferRates(inputs, 0, taps * tm * per_filter, tm * batch, 0)
    if op == BN:
        return BufferRates(tm * s, 0, 4 * tm, 0, 0)
    if op == RELU:
        return BufferRates(tm * s, 0, 0, 0, 0)
    if op == ADD:
        return BufferRates(2 * tm, 0, 0, tm * s, 0)
    if op == POOL:
        return BufferRates(tn, 0, 0, tm * s, 0)
    return BufferRates(0, tm, 0, 0, tm * s)


@compiled
def buffers_at(rates: BufferRates, positions: int, outputs: int) -> Buffers:
    """The buffers of a tile with Tri*Tci input and Tr*Tc output positions."""
    return Buffers(
        rates.input_position * positions + rates.input_output * outputs,
        rates.weight,
        rates.output_output * outputs + rates.output_fixed,
    )


@compiled
def consistent_buffers(g: LayerGeometry, d: DesignCodes) -> Buffers:
    """Buffers of the consistent mode: every tile of a batch counted, patches no larger than the input map.

    A convolution in order O accumulates its batch in one output tile; a global pool in one output vector.
    """
    patch = min(input_tile(d.tr, g.kh, g.sh), g.h) * min(input_tile(d.tc, g.kw, g.sw), g.w)
    outputs = d.tr * d.tc * d.tm
    if g.op == CONV:
        return Buffers(patch * d.tn, g.kh * g.kw * d.tm * d.tn, outputs * (1 if d.order == ORDER_O else d.s))
    if g.op == DW:
        return Buffers(patch * d.tm, g.kh * g.kw * d.tm, outputs * d.s)
    if g.op == BN:
        return Buffers(patch * d.tm * d.s, 4 * d.tm, 0)
    if g.op == RELU:
        return Buffers(patch * d.tm * d.s, 0, 0)
    if g.op == ADD:
        return Buffers(2 * patch * d.tm, 0, outputs * d.s)
    if g.op == GAVGPOOL:
        return Buffers(patch * d.tm, 0, d.tm)
    return Buffers(patch * d.tm, 0, outputs * d.s)


@compiled
def vm_bytes(buffers: Buffers, element_bytes: int) -> int:
    """Published size: the elements, without alignment."""
    return (buffers.input + buffers.weight + buffers.output) * element_bytes


@compiled
def aligned_vm_bytes(buffers: Buffers, element_bytes: int) -> int:
    """Size with every buffer rounded up to whole 32-bit words."""
    total = 0
    for elements in buffers:
        total += (elements * element_bytes + WORD_BYTES - 1) // WORD_BYTES * WORD_BYTES
    return total
