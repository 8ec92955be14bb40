"""One axis of the output map for all its tile sizes, as the published model counts it: boundary tiles are full ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.tiling.geometry import GAVGPOOL, LayerGeometry, input_tile
from simint.tiling.legality import DesignSpace, Sizes

Numbers = NDArray[np.float64]


class Axis(NamedTuple):
    """Tile sizes along one axis of a map, ascending; whole numbers, as floats because costs are computed from them.

    `outputs`, `inputs`, `trips`: rows (or columns) of a tile, of the input under it, and number of tiles. `contenders`:
    places of the sizes that can be the best; the first `below[k]` of them are among the first k sizes. `least_inputs`,
    `least_outputs`: the least a whole axis takes in and gives out, boundary tiles full.
    """

    outputs: Numbers
    inputs: Numbers
    trips: Numbers
    contenders: Sizes
    below: Sizes
    least_inputs: float
    least_outputs: float


@compiled
def tile_axes(g: LayerGeometry, space: DesignSpace, all_contend: bool) -> tuple[Axis, Axis]:
    """Rows and columns of the output map (GAVGPOOL: of the input map) for all legal tile sizes.

    Contenders are all, or the smallest of every trip count.
    """
    rows, cols = (g.h, g.w) if g.op == GAVGPOOL else (g.r, g.c)
    ys = _tile_axis(space.tr, rows, g.kh, g.sh, all_contend)
    if rows == cols and g.kh == g.kw and g.sh == g.sw:
        return ys, ys
    return ys, _tile_axis(space.tc, cols, g.kw, g.sw, all_contend)


@compiled
def _tile_axis(sizes: Sizes, extent: int, kernel: int, stride: int, all_contend: bool) -> Axis:
    count = len(sizes)
    numbers, places = np.empty((3, count)), np.empty((2, count + 1), dtype=np.int64)
    outputs, inputs, trips = numbers[0], numbers[1], numbers[2]
    contenders, below = places[0], places[1]
    below[0] = 0
    least_inputs = least_outputs = np.inf
    for k in range(count):
        outputs[k] = sizes[k]
        inputs[k] = input_tile(sizes[k], kernel, stride)
        trips[k] = (extent + sizes[k] - 1) // sizes[k]
        least_inputs = min(least_inputs, inputs[k] * trips[k])
        least_outputs = min(least_outputs, outputs[k] * trips[k])
        below[k + 1] = below[k]
        if all_contend or k == 0 or trips[k] != trips[k - 1]:
            contenders[below[k]] = k
            below[k + 1] += 1
    return Axis(outputs, inputs, trips, contenders[: below[count]], below, least_inputs, least_outputs)
