"""Layers of plain networks as numbers, for many networks at once.

A layer of a plain network is known by its kind, the channels and side of its input, its kernel and its filters; `code`
packs them into one integer, so that equal layers of different networks are found by sorting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nas.space.columns import Flags, Ints
from nas.space.plain_space import PlainSpace
from simint.network.builder import LayerBuilder
from simint.network.layer import Layer
from simint.network.plain import PLAIN_FAMILIES

CONVOLUTION, POOL, CONNECTED = range(3)
_BITS = 15  # of each number; every size of the families is far below


@dataclass(frozen=True, slots=True)
class PlainLayers:
    """Codes of all layers (n, layers), and which networks are `legal` (n,): no kernel larger than its map.

    Codes of illegal networks mean nothing.
    """

    codes: Ints
    legal: Flags

    @staticmethod
    def of(space: PlainSpace, genomes: Ints) -> PlainLayers:
        """The layers of genomes (n, genes)."""
        family = PLAIN_FAMILIES[space.family]
        channels = np.full(len(genomes), family.input_shape[0])
        side = np.full(len(genomes), family.input_shape[1])
        legal = np.ones(len(genomes), dtype=np.bool_)
        filters, kernels = np.array(space.filters), np.array(space.kernels, dtype=np.int64)
        codes = []
        for layer in range(space.layers):
            if not space.kernels:
                units = filters[genomes[:, layer]]
                codes.append(_code(CONNECTED, channels, side, 0, units))
                channels, side = units, np.ones_like(side)
                continue
            kernel, chosen = kernels[genomes[:, 2 * layer]], filters[genomes[:, 2 * layer + 1]]
            legal &= kernel <= side
            codes.append(_code(CONVOLUTION, channels, np.maximum(side, 0), kernel, chosen))
            channels, side = chosen, side - kernel + 1
        if space.kernels:
            codes.append(_code(POOL, channels, np.maximum(side, 0), 0, channels))
            side = np.ones_like(side)
        codes.append(_code(CONNECTED, channels, side, 0, np.full(len(genomes), family.classes)))
        return PlainLayers(np.column_stack(codes), legal)


def layer_of(space: PlainSpace, code: int) -> Layer:
    """The layer of a code, from the one place that knows how layers are built."""
    numbers = []
    for _ in range(5):
        numbers.append(code & ((1 << _BITS) - 1))
        code >>= _BITS
    filters, kernel, side, channels, kind = numbers
    two_dimensional = PLAIN_FAMILIES[space.family].input_shape[2] > 1
    width = side if two_dimensional else 1
    builder = LayerBuilder((channels, side, width))
    if kind == CONVOLUTION:
        builder.conv(builder.input, filters, (kernel, kernel if two_dimensional else 1))
    elif kind == POOL:
        builder.global_average_pool(builder.input)
    else:
        builder.fully_connected(builder.input, filters)
    return builder.layers[0]


def _code(kind: int, channels: Ints, side: Ints, kernel: Ints | int, filters: Ints) -> Ints:
    code = np.full(len(channels), kind, dtype=np.int64)
    for number in (channels, side, kernel, filters):
        code = (code << _BITS) | number
    return code
