"""Batches in numbers turned into costs, by the one source of formulas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.tiling import formulas
from simint.tiling.geometry import ADD, BN, CONV, DW, RELU
from simint.tiling.loop_nest.batch import BatchWork, Fetch, Nest, Work, Write
from simint.tiling.schedule import ZERO, Batch, Cost, TileRun
from simint.tiling.unit_costs import CostVector, UnitCostPair

Rows = NDArray[np.int64]
Values = NDArray[np.float64]


def price_batches(layer: int, nest: Nest, batches: Sequence[BatchWork], costs: UnitCostPair) -> tuple[Batch, ...]:
    """The batches of layer number `layer` with energy and time."""
    fetches = _distinct(fetch for b in batches for fetch in (b.opening, b.reload, *(f for (f, _), _ in b.tiles)))
    works = _distinct(work for b in batches for (_, work), _ in b.tiles)
    writes = _distinct(write for b in batches for write in b.writes)
    tables = np.array(list(fetches)), np.array(list(works)), np.array(list(writes))
    energy = _price(costs.energy, nest.g.op, nest.order, *tables)
    time = _price(costs.time, nest.g.op, nest.order, *tables)
    fetch_cost, work_cost, write_cost = (
        [Cost(*pair) for pair in zip(e.tolist(), t.tolist(), strict=True)] for e, t in zip(energy, time, strict=True)
    )
    priced = []
    for batch in batches:
        written = ZERO
        for write in batch.writes:
            written += write_cost[writes[write]]
        priced.append(
            Batch(
                layer=layer,
                opening=fetch_cost[fetches[batch.opening]],
                reload=fetch_cost[fetches[batch.reload]],
                tiles=tuple(
                    TileRun(count, fetch_cost[fetches[fetch]], work_cost[works[work]])
                    for (fetch, work), count in batch.tiles
                ),
                write_back=written if batch.final else ZERO,
                preserve=ZERO if batch.final else written,
                traffic=batch.traffic,
                reload_traffic=batch.reload_traffic,
            )
        )
    return tuple(priced)


def _distinct(items: Iterable[Fetch] | Iterable[Work] | Iterable[Write]) -> dict[tuple[int, ...], int]:
    """Each different item once, with its row number."""
    numbers: dict[tuple[int, ...], int] = {}
    for item in items:
        numbers.setdefault(item, len(numbers))
    return numbers


@compiled
def _price(
    costs: CostVector, op: int, order: int, fetches: Rows, works: Rows, writes: Rows
) -> tuple[Values, Values, Values]:
    """The cost of every row (fields of Fetch, Work and Write) in joule or seconds."""
    fetched, worked, written = np.empty(len(fetches)), np.empty(len(works)), np.empty(len(writes))
    for k in range(len(fetches)):
        f = fetches[k]
        fetched[k] = (
            formulas.fetch_input(costs, f[0], f[1])
            + formulas.fetch_weight(costs, f[2], f[3])
            + formulas.fetch_partial(costs, order, f[4], f[5])
        )
    for k in range(len(works)):
        products, length, additions = works[k, 0], works[k, 1], works[k, 2]
        if op == CONV:
            worked[k] = formulas.compute_conv(costs, products, length, additions)
        elif op == DW:
            worked[k] = formulas.compute_dw(costs, order, products, additions)
        elif op == BN:
            # A loop nest adds three times per element, powered continuously or not (quirk Q10).
            worked[k] = formulas.compute_bn_continuous(costs, products)
        elif op == RELU:
            worked[k] = formulas.compute_relu(costs, products)
        elif op == ADD:
            worked[k] = formulas.compute_add(costs, products)
        else:
            worked[k] = formulas.compute_pool(costs, products, additions)
    for k in range(len(writes)):
        written[k] = formulas.write_back(costs, order, writes[k, 0], writes[k, 1])
    return fetched, worked, written
