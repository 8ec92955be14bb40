"""Costs and memory as rates per input and output position of a tile, for loops over many tile shapes.

For given channels, order and batch everything published is affine in these two numbers, so one evaluation of the
formulas serves all tile shapes.
"""

from __future__ import annotations

from typing import NamedTuple

from simint.compiled import compiled
from simint.tiling.buffers import buffer_rates
from simint.tiling.geometry import DesignCodes, LayerGeometry, Trips
from simint.tiling.published.closed_forms import (
    Cycles,
    TileCost,
    continuous_planes,
    cycle_count,
    cycle_planes,
    tile_cost,
)
from simint.tiling.unit_costs import CostVector


class Rates(NamedTuple):
    """fixed + position * (input positions) + output * (output positions); `partial` more per output where n > 0."""

    fixed: float
    position: float
    output: float
    partial: float


class BatchRates(NamedTuple):
    """The designs with the same channels, order and batch, whatever the tile shape.

    `vm`: elements. `energy`, `time`: of a power cycle. `cycles`: of one spatial tile. `continuous`: time of one spatial
    tile when power never fails, and `once` that of what is loaded once. `partial` of `energy` and `time` is zero where
    no cycle has n > 0.
    """

    vm: Rates
    energy: Rates
    time: Rates
    cycles: Cycles
    continuous: Rates
    once: float


@compiled
def rates_at(rates: Rates, positions: float, outputs: float) -> float:
    """The value for a tile with so many input and output positions, n = 0."""
    return rates.fixed + rates.position * positions + rates.output * outputs


@compiled
def batch_rates(
    energy: CostVector, time: CostVector, g: LayerGeometry, channels: Trips, d: DesignCodes, continuous: bool
) -> BatchRates:
    """The rates of all designs with the channels, order and batch of `d`; `channels` has the trips nm, nn of one tile.

    Those for continuous power are computed on request only.
    """
    cycles = cycle_count(g, channels, d.order, d.s)
    has_later = cycles.total != cycles.first
    tile = tile_cost(time, g, d.tm, d.tn, d.order)
    always, once = Rates(0.0, 0.0, 0.0, 0.0), 0.0
    if continuous:
        planes = continuous_planes(tile, g.op, d.order, channels.m, channels.n)
        fetch, compute, write = planes.fetch, planes.compute, planes.write_back
        once = planes.once
        always = Rates(
            fetch.fixed + compute.fixed + write.fixed,
            fetch.position + compute.position + write.position,
            fetch.output + compute.output + write.output,
            0.0,
        )
    return BatchRates(
        vm_rates(g.op, g.kh * g.kw, d.tm, d.tn, d.order, d.s),
        cycle_rates(energy, tile_cost(energy, g, d.tm, d.tn, d.order), g.op, d.order, d.s, has_later),
        cycle_rates(time, tile, g.op, d.order, d.s, has_later),
        cycles,
        always,
        once,
    )


@compiled
def cycle_rates(costs: CostVector, tile: TileCost, op: int, order: int, s: int, has_later: bool) -> Rates:
    """A whole power cycle with a batch of `s` tiles, joule or seconds; `has_later`: some cycles have n > 0."""
    planes = cycle_planes(tile, op, order, s)
    fetch, compute, write = planes.fetch, planes.compute, planes.write_back
    return Rates(
        costs.boot + costs.index_read + costs.index_write + fetch.fixed + compute.fixed + write.fixed,
        fetch.position + compute.position + write.position,
        fetch.output + compute.output + write.output,
        planes.partial if has_later else 0.0,
    )


@compiled
def vm_rates(op: int, taps: int, tm: int, tn: int, order: int, s: int) -> Rates:
    """Elements of volatile memory, all buffers; exact, because they are integers."""
    r = buffer_rates(op, taps, tm, tn, order, s)
    return Rates(
        float(r.weight + r.output_fixed), float(r.input_position), float(r.input_output + r.output_output), 0.0
    )
