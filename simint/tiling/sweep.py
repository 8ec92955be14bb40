"""The fused sweep over all designs of a layer: the one loop in which exploration spends its time.

For given channels and order, cost and memory are affine in the tile shape and the batch (`rates.py`), so the loops over
tile shapes are a few multiplications. A larger shape needs more memory and more energy, which ends a loop early. The
recharge time, the only transcendental function, is computed only for designs that a linear lower bound cannot rule out.
Large tiles come first, because good designs are found among them and make the bound sharp.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simint.compiled import compiled
from simint.tiling.electrical import Recharge, recharge_time
from simint.tiling.geometry import GAVGPOOL, DesignCodes, LayerGeometry, Trips
from simint.tiling.legality import (
    BatchTable,
    DesignSpace,
    Sizes,
    batch_is_spatial,
    batch_loop,
    legal_batches,
)
from simint.tiling.published import Cycles, cycle_count, over_cycles, tile_cost
from simint.tiling.rates import Rates, cycle_rates, rates_at, vm_rates
from simint.tiling.selection import TIE, Axis, Choice, choose, design_number, design_of_number, tile_axis
from simint.tiling.unit_costs import CostVector


class Limits(NamedTuple):
    """What a design is measured by. `slope`: no recharge is faster than this many seconds per joule."""

    vm_elements: float
    recharge: Recharge
    slope: float


class Search(NamedTuple):
    """What a sweep is given: costs, limits, the rules of the design space and the S they allow by trip count."""

    energy: CostVector
    time: CostVector
    limits: Limits
    rules: int
    batches: BatchTable


class Point(NamedTuple):
    """Energy and time of a power cycle of one design, with n = 0 (`first`) and n > 0 (`later`)."""

    energy_first: float
    energy_later: float
    time_first: float
    time_later: float


class Batch(NamedTuple):
    """The designs with the same channels, order and batch, whatever the tile shape.

    `cycles`: of one spatial tile. `divisor`: must divide the spatial trip count. `number` is that of the design with
    the first tile shape, each further shape adds `numbers`.
    """

    vm: Rates
    energy: Rates
    time: Rates
    cycles: Cycles
    divisor: int
    number: int
    numbers: int


@compiled
def sweep_layer(search: Search, g: LayerGeometry, space: DesignSpace) -> tuple[int, DesignCodes]:
    """Number of feasible designs of a layer, and the best one (all zero where there is none)."""
    feasible, best = 0, Choice(math.inf, math.inf, math.inf, -1, True)
    while best.unsure:
        # A second sweep that knows the smallest latency settles a chain of near ties; it hardly ever runs.
        feasible, best = _sweep(search, g, space, best.least)
    return feasible, design_of_number(best.number, space)


@compiled
def _sweep(search: Search, g: LayerGeometry, space: DesignSpace, least: float) -> tuple[int, Choice]:
    """Try all designs; `least` is the smallest latency where it is known already."""
    rows, cols = (g.h, g.w) if g.op == GAVGPOOL else (g.r, g.c)
    ys, xs = tile_axis(space.tr, rows, g.kh, g.sh), tile_axis(space.tc, cols, g.kw, g.sw)
    numbers = design_number(space, 0, 1, 0, 0, 0, 0)
    spatial_batches = _legal_for_any(search.batches, ys.trips, xs.trips)
    room = search.limits.vm_elements
    best = Choice(least, math.inf, math.inf, -1, False)
    feasible = 0
    for i in range(len(space.tm) - 1, -1, -1):
        for j in range(len(space.tn) - 1, -1, -1):
            tm, tn = space.tm[i], space.tn[j]
            trips = Trips(1, 1, (g.m + tm - 1) // tm, (g.n + tn - 1) // tn)
            for order in space.orders:
                spatial = batch_is_spatial(g.op, order, search.rules)
                loop = batch_loop(g.op, order, trips, search.rules)
                batches = spatial_batches if spatial else legal_batches(search.batches, loop)
                energy, time = tile_cost(search.energy, g, tm, tn, order), tile_cost(search.time, g, tm, tn, order)
                for s in batches:
                    vm = vm_rates(g.op, g.kh * g.kw, tm, tn, order, s)
                    if rates_at(vm, ys.inputs[0] * xs.inputs[0], ys.outputs[0] * xs.outputs[0]) > room:
                        break
                    batch = Batch(
                        vm,
                        cycle_rates(search.energy, energy, g.op, order, s),
                        cycle_rates(search.time, time, g.op, order, s),
                        cycle_count(g, trips, order, s),
                        s if spatial else 1,
                        design_number(space, 0, 0, i, j, order, s),
                        numbers,
                    )
                    found, best = _sweep_shapes(search.limits, batch, ys, xs, best)
                    feasible += found
    return feasible, best


@compiled
def _sweep_shapes(limits: Limits, batch: Batch, ys: Axis, xs: Axis, best: Choice) -> tuple[int, Choice]:
    """Try all tile heights and widths; memory and energy grow with both, so the first that fails ends a row."""
    feasible = 0
    cycles, budget = batch.cycles, limits.recharge.budget_j
    has_later = 1.0 if cycles.total != cycles.first else 0.0
    for a in range(len(ys.trips) - 1, -1, -1):
        for b in range(len(xs.trips)):
            positions, outputs = ys.inputs[a] * xs.inputs[b], ys.outputs[a] * xs.outputs[b]
            vm = rates_at(batch.vm, positions, outputs)
            first_j = rates_at(batch.energy, positions, outputs)
            if vm > limits.vm_elements or first_j > budget:
                break
            spatial = ys.trips[a] * xs.trips[b]
            later_j = first_j + has_later * batch.energy.partial * outputs
            if later_j > budget or (batch.divisor > 1 and spatial % batch.divisor != 0):
                continue
            feasible += 1
            first_s = rates_at(batch.time, positions, outputs)
            point = Point(first_j, later_j, first_s, first_s + has_later * batch.time.partial * outputs)
            if latency_bound(limits.slope, spatial, cycles, point) <= best.least * (1.0 + TIE):
                number = (a * len(xs.trips) + b) * batch.numbers + batch.number
                best = choose(best, latency(limits.recharge, spatial, cycles, point), vm, number)
    return feasible, best


@compiled
def _legal_for_any(batches: BatchTable, row_trips: Sizes, col_trips: Sizes) -> Sizes:
    """The S, ascending, that are legal for at least one spatial trip count."""
    legal = np.zeros(row_trips[0] * col_trips[0] + 1, dtype=np.bool_)
    for rows in row_trips:
        for cols in col_trips:
            legal[legal_batches(batches, rows * cols)] = True
    return np.flatnonzero(legal)


@compiled
def latency(recharge: Recharge, spatial: float, cycles: Cycles, point: Point) -> float:
    """End-to-end latency of a design; `cycles` are those of one spatial tile."""
    return spatial * over_cycles(
        cycles,
        point.time_first + recharge_time(recharge, point.energy_first),
        point.time_later + recharge_time(recharge, point.energy_later),
    )


@compiled
def latency_bound(slope: float, spatial: float, cycles: Cycles, point: Point) -> float:
    """A latency that no design with these numbers can be below."""
    return spatial * over_cycles(
        cycles, point.time_first + slope * point.energy_first, point.time_later + slope * point.energy_later
    )
