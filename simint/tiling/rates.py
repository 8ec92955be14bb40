"""Costs and memory of a batch as rates per input and output position of a tile, for loops over many tile shapes.

For given channels, order and batch everything published is affine in these two numbers, so one evaluation of the
formulas serves all tile shapes.
"""

from __future__ import annotations

from typing import NamedTuple

from simint.compiled import compiled
from simint.tiling.buffers import buffer_rates
from simint.tiling.published import TileCost, cycle_planes
from simint.tiling.unit_costs import CostVector


class Rates(NamedTuple):
    """fixed + position * (input positions) + output * (output positions); `partial` more per output where n > 0."""

    fixed: float
    position: float
    output: float
    partial: float


@compiled
def rates_at(rates: Rates, positions: float, outputs: float) -> float:
    """The value for a tile with so many input and output positions, n = 0."""
    return rates.fixed + rates.position * positions + rates.output * outputs


@compiled
def cycle_rates(costs: CostVector, tile: TileCost, op: int, order: int, s: int) -> Rates:
    """A whole power cycle with a batch of `s` tiles, joule or seconds."""
    planes = cycle_planes(tile, op, order, s)
    fetch, compute, write = planes.fetch, planes.compute, planes.write_back
    return Rates(
        costs.boot + costs.index_read + costs.index_write + fetch.fixed + compute.fixed + write.fixed,
        fetch.position + compute.position + write.position,
        fetch.output + compute.output + write.output,
        planes.partial,
    )


@compiled
def vm_rates(op: int, taps: int, tm: int, tn: int, order: int, s: int) -> Rates:
    """Elements of volatile memory, all buffers; exact, because they are integers."""
    r = buffer_rates(op, taps, tm, tn, order, s)
    return Rates(
        float(r.weight + r.output_fixed), float(r.input_position), float(r.input_output + r.output_output), 0.0
    )
