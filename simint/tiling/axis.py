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

    `outputs`, `inputs`, `trips`: rows (or columns) of a tile, of the input under it, and number of tiles. `smallest`:
    places of the sizes with fewer tiles than the size before; the first `below[k]` of them are among the first k
    sizes. `least_inputs`, `least_outputs`: the least a whole axis takes in and gives out, boundary tiles full.
    """

    outputs: Numbers
    inputs: Numbers
    trips: Numbers
    smallest: Sizes
    below: Sizes
    least_inputs: float
    least_outputs: float


class Axes(NamedTuple):
    """Rows and columns of the output map (GAVGPOOL: of the input map)."""

    rows: Axis
    cols: Axis


@compiled
def tile_axes(g: LayerGeometry, space: DesignSpace) -> Axes:
    """Both axes of a layer for all legal tile sizes."""
    rows, cols = (g.h, g.w) if g.op == GAVGPOOL else (g.r, g.c)
    return Axes(_tile_axis(space.tr, rows, g.kh, g.sh), _tile_axis(space.tc, cols, g.kw, g.sw))


@compiled
def _tile_axis(sizes: Sizes, extent: int, kernel: int, stride: int) -> Axis:
    count = len(sizes)
    outputs, inputs, trips = np.empty(count), np.empty(count), np.empty(count)
    smallest, below = np.empty(count, dtype=np.int64), np.empty(count + 1, dtype=np.int64)
    below[0] = 0
    least_inputs = least_outputs = np.inf
    for k in range(count):
        outputs[k] = sizes[k]
        inputs[k] = input_tile(sizes[k], kernel, stride)
        trips[k] = (extent + sizes[k] - 1) // sizes[k]
        least_inputs = min(least_inputs, inputs[k] * trips[k])
        least_outputs = min(least_outputs, outputs[k] * trips[k])
        below[k + 1] = below[k]
        if k == 0 or trips[k] != trips[k - 1]:
            smallest[below[k]] = k
            below[k + 1] += 1
    return Axis(outputs, inputs, trips, smallest[: below[count]], below, least_inputs, least_outputs)
