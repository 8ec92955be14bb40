"""One axis of the output map for all its tile sizes: what a search over tile shapes needs to know of the clipped tiles.

A map is a rectangle, so sums over all tiles of a layer are products of a sum over rows and a sum over columns. Only the
number of tiles and the input positions fetched depend on the tile size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.tiling.geometry import DesignCodes, LayerGeometry
from simint.tiling.legality import DesignSpace, Sizes
from simint.tiling.loop_nest.axes import Runs, Span, clipped_axes


class AxisTable(NamedTuple):
    """Rows (or columns) of a layer cut into tiles of every legal size.

    `tiles`, `trips`, `inputs`, one number a size: tile size, number of tiles, input rows fetched by all of them. Worst
    spans of size k: rows `starts[k] : starts[k + 1]` of `worst`, with the fields of `Span`; no other tile of that size
    moves or computes more. `outputs`, `taps`, `covered`: sums over all tiles, the same for every size.
    """

    tiles: Sizes
    trips: Sizes
    inputs: Sizes
    starts: Sizes
    worst: NDArray[np.int64]
    outputs: int
    taps: int
    covered: int


def axis_tables(g: LayerGeometry, space: DesignSpace) -> tuple[AxisTable, AxisTable]:
    """The rows and the columns of a layer."""
    sizes = DesignCodes(int(space.tr[0]), int(space.tc[0]), int(space.tm[0]), int(space.tn[0]), 0, 1)
    rows = [clipped_axes(g, sizes._replace(tr=size)).rows for size in space.tr.tolist()]
    cols = [clipped_axes(g, sizes._replace(tc=size)).cols for size in space.tc.tolist()]
    return _table(space.tr, rows), _table(space.tc, cols)


def _table(tiles: Sizes, cuts: Sequence[Runs[Span]]) -> AxisTable:
    worst = [worst_spans(runs) for runs in cuts]
    whole = cuts[0]
    return AxisTable(
        tiles=tiles,
        trips=np.array([sum(count for _, count in runs) for runs in cuts]),
        inputs=np.array([sum(span.inputs * count for span, count in runs) for runs in cuts]),
        starts=np.cumsum([0, *(len(spans) for spans in worst)]),
        worst=np.array([span for spans in worst for span in spans], dtype=np.int64),
        outputs=sum(span.outputs * count for span, count in whole),
        taps=sum(span.taps * count for span, count in whole),
        covered=sum(span.covered * count for span, count in whole),
    )


def worst_spans(runs: Runs[Span]) -> list[Span]:
    """The spans of which none is at least as large as another in all that costs energy; mostly one.

    The cost of a patch grows with inputs, outputs, covered positions and taps beyond the first of a covered position,
    of its rows and of its columns: a tap costs a product, the first one of a position no addition (quirk Q23).
    """
    different = list(dict.fromkeys(span for span, _ in runs))
    return [span for span in different if not any(other != span and _covers(other, span) for other in different)]


def _covers(large: Span, small: Span) -> bool:
    return (
        large.inputs >= small.inputs
        and large.outputs >= small.outputs
        and large.covered >= small.covered
        and large.taps - large.covered >= small.taps - small.covered
    )
