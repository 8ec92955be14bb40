"""The fused sweep over all designs of a layer: the one loop in which exploration spends its time.

It uses the structure of the problem. For given channels, order and batch, cost and memory are affine in the tile shape
(`rates.py`), so the loops over tile shapes are a few multiplications. Memory and energy grow with tile height and width,
so the feasible shapes lie under a staircase, which is walked instead of testing every shape. Of all tiles that cut an
axis into as many pieces the smallest is the best, so only these compete. The recharge time, the only transcendental
function, is computed only for designs that a linear lower bound cannot rule out; large tiles come first, because good
designs are found among them and make the bound sharp. Of several platforms only the staircase and the bound differ.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.tiling.axis import Axes, Axis, tile_axes
from simint.tiling.electrical import Recharge, recharge_slope
from simint.tiling.geometry import LayerGeometry, Trips
from simint.tiling.goal import grows_with_tile, value_at, value_floor
from simint.tiling.legality import BatchTable, DesignSpace, Sizes, batch_is_spatial, batch_loop, legal_batches
from simint.tiling.rates import BatchRates, batch_rates, rates_at, vm_rates
from simint.tiling.selection import TIE, Choice, choose, design_number
from simint.tiling.unit_costs import CostVector


class Search(NamedTuple):
    """What a sweep is given: costs, a GOAL code, the rules of tile sizes and those of S, and legal S by trip count."""

    energy: CostVector
    time: CostVector
    goal: int
    tile_rules: int
    batch_rules: int
    batches: BatchTable


class Benches(NamedTuple):
    """Platforms that differ in supply and memory only: a row of `Recharge` numbers and VM elements for each."""

    recharge: NDArray[np.float64]
    vm_elements: NDArray[np.float64]


class Found(NamedTuple):
    """Number of feasible designs and the `Choice`, a number per platform. `open`: whether it takes part."""

    open: NDArray[np.bool_]
    feasible: NDArray[np.int64]
    least: NDArray[np.float64]
    value: NDArray[np.float64]
    vm: NDArray[np.float64]
    number: NDArray[np.int64]
    unsure: NDArray[np.bool_]


class Group(NamedTuple):
    """Designs with the same channels, order and batch.

    `divisor`: must divide the spatial trip count. `number` is that of the design with the first tile shape, each
    further shape adds `numbers`.
    """

    rates: BatchRates
    divisor: int
    number: int
    numbers: int


@compiled
def no_designs(platforms: int) -> Found:
    """Room for the result of a sweep."""
    return Found(
        np.ones(platforms, dtype=np.bool_),
        np.zeros(platforms, dtype=np.int64),
        np.empty(platforms),
        np.empty(platforms),
        np.empty(platforms),
        np.empty(platforms, dtype=np.int64),
        np.empty(platforms, dtype=np.bool_),
    )


@compiled
def recharge_row(benches: Benches, k: int) -> Recharge:
    """The recharge numbers of one platform."""
    r = benches.recharge[k]
    return Recharge(r[0], r[1], r[2], r[3], r[4], r[5], r[6])


@compiled
def sweep_layer(search: Search, benches: Benches, g: LayerGeometry, space: DesignSpace, found: Found) -> None:
    """Write the number of feasible designs and the best one (a negative number where there is none) into `found`.

    A cycle that needs exactly the budget is feasible but has no recharge time (quirk Q14) and is never the fastest.
    """
    found.least[:] = math.inf
    unsure = True
    while unsure:
        # A second sweep that knows the smallest value settles a chain of near ties; it hardly ever runs.
        found.feasible[:] = 0
        found.value[:], found.vm[:], found.number[:], found.unsure[:] = math.inf, math.inf, -1, False
        _sweep(search, benches, g, space, found)
        unsure = found.unsure.any()


@compiled
def _sweep(search: Search, benches: Benches, g: LayerGeometry, space: DesignSpace, found: Found) -> None:
    """Try all designs, those with large tiles first."""
    axes = tile_axes(g, space)
    ys, xs = axes
    widths = np.empty((2, len(ys.trips)), dtype=np.int64)
    spatial_batches = _legal_for_any(search.batches, ys, xs)
    room = benches.vm_elements.max()
    numbers = design_number(space, 0, 1, 0, 0, 0, 0)
    for i in range(len(space.tm) - 1, -1, -1):
        for j in range(len(space.tn) - 1, -1, -1):
            tm, tn = space.tm[i], space.tn[j]
            channels = Trips(1, 1, (g.m + tm - 1) // tm, (g.n + tn - 1) // tn)
            for order in space.orders:
                spatial = batch_is_spatial(g.op, order, search.batch_rules)
                loop = batch_loop(g.op, order, channels, search.batch_rules)
                for s in spatial_batches if spatial else legal_batches(search.batches, loop):
                    vm = vm_rates(g.op, g.kh * g.kw, tm, tn, order, s)
                    if rates_at(vm, ys.inputs[0] * xs.inputs[0], ys.outputs[0] * xs.outputs[0]) > room:
                        break  # longer batches need no less
                    group = Group(
                        batch_rates(search.energy, search.time, g, channels, tm, tn, order, s),
                        s if spatial else 1,
                        design_number(space, 0, 0, i, j, order, s),
                        numbers,
                    )
                    _sweep_shapes(search.goal, benches, group, axes, widths, found)


@compiled
def _sweep_shapes(goal: int, benches: Benches, group: Group, axes: Axes, widths: Sizes, found: Found) -> None:
    """Try all tile heights and widths on every platform; neighbours with equal VM share its staircase."""
    fitting, dearest = 0, 0.0
    for k in range(len(found.open)):
        vm = benches.vm_elements[k]
        if k == 0 or vm != benches.vm_elements[k - 1]:
            fitting, dearest = _staircase(group, axes, vm, math.inf, widths[0])
        if fitting == 0 or not found.open[k]:
            continue
        recharge = recharge_row(benches, k)
        feasible, under = fitting, widths[0]
        if dearest > recharge.budget_j:
            under = widths[1]
            feasible, _ = _staircase(group, axes, vm, recharge.budget_j, under)
        found.feasible[k] += feasible
        if feasible > 0:
            best = Choice(found.least[k], found.value[k], found.vm[k], found.number[k], found.unsure[k])
            best = _best_shape(goal, recharge, group, axes, under, best)
            found.least[k], found.value[k], found.vm[k] = best.least, best.value, best.vm
            found.number[k], found.unsure[k] = best.number, best.unsure


@compiled
def _staircase(group: Group, axes: Axes, vm_elements: float, budget_j: float, widths: Sizes) -> tuple[int, float]:
    """For every tile height how many widths, from the first on, fit; the number of designs, and the dearest cycle."""
    ys, xs = axes
    vm, energy = group.rates.vm, group.rates.energy
    limited = budget_j < math.inf
    designs, dearest, width = 0, 0.0, 0
    for a in range(len(ys.trips) - 1, -1, -1):
        rows, outputs = ys.inputs[a], ys.outputs[a]
        later_j = 0.0
        while width < len(xs.trips):
            if rates_at(vm, rows * xs.inputs[width], outputs * xs.outputs[width]) > vm_elements:
                break
            if limited and _later_j(group, rows * xs.inputs[width], outputs * xs.outputs[width]) > budget_j:
                break
            width += 1
        widths[a] = width
        if width > 0:
            designs += width if group.divisor == 1 else _divisible(group.divisor, ys.trips[a], xs, width)
            dearest = max(dearest, _later_j(group, rows * xs.inputs[width - 1], outputs * xs.outputs[width - 1]))
    return designs, dearest


@compiled
def _later_j(group: Group, positions: float, outputs: float) -> float:
    """The most a power cycle needs."""
    energy = group.rates.energy
    return rates_at(energy, positions, outputs) + energy.partial * outputs


@compiled
def _divisible(divisor: int, rows: float, xs: Axis, width: int) -> int:
    """Among the first `width` widths those whose spatial trip count the batch divides."""
    count = 0
    for b in range(width):
        if int(rows * xs.trips[b]) % divisor == 0:
            count += 1
    return count


@compiled
def _best_shape(goal: int, recharge: Recharge, group: Group, axes: Axes, widths: Sizes, best: Choice) -> Choice:
    """The best of the shapes under a staircase and the best design so far."""
    ys, xs = axes
    floor = value_floor(goal, recharge_slope(recharge), group.rates)
    only_smallest = grows_with_tile(goal)
    for row in range(len(ys.smallest) if only_smallest else len(ys.trips)):
        a = ys.smallest[len(ys.smallest) - 1 - row] if only_smallest else row
        count = xs.below[widths[a]] if only_smallest else widths[a]
        if count == 0:
            continue
        last = xs.smallest[count - 1] if only_smallest else count - 1
        trips, inputs, outputs = ys.trips[a], ys.inputs[a], ys.outputs[a]
        least = floor.once + trips * (
            floor.fixed * xs.trips[last]
            + floor.position * (inputs * xs.least_inputs)
            + floor.output * (outputs * xs.least_outputs)
        )
        if least > best.least * (1.0 + TIE):
            continue
        for k in range(count - 1, -1, -1):
            b = xs.smallest[k] if only_smallest else k
            spatial, positions, area = trips * xs.trips[b], inputs * xs.inputs[b], outputs * xs.outputs[b]
            if group.divisor > 1 and int(spatial) % group.divisor != 0:
                continue
            least = floor.once + spatial * (floor.fixed + floor.position * positions + floor.output * area)
            if least <= best.least * (1.0 + TIE):
                number = (a * len(xs.trips) + b) * group.numbers + group.number
                value = value_at(goal, recharge, group.rates, spatial, positions, area)
                best = choose(best, value, rates_at(group.rates.vm, positions, area), number)
    return best


@compiled
def _legal_for_any(batches: BatchTable, ys: Axis, xs: Axis) -> Sizes:
    """The S, ascending, that are legal for at least one spatial trip count."""
    legal = np.zeros(int(ys.trips[0] * xs.trips[0]) + 1, dtype=np.bool_)
    for rows in ys.trips:
        for cols in xs.trips:
            legal[legal_batches(batches, int(rows * cols))] = True
    return np.flatnonzero(legal)
