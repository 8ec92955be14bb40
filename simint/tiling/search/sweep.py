"""The fused sweep over all designs of a layer: the one loop in which exploration spends its time.

It uses the structure of the problem. For given channels, order and batch, cost and memory are affine in the tile shape
(`groups.py`), so the loops over tile shapes are a few multiplications. Memory and energy grow with tile height and
width, so the feasible shapes lie under a staircase, which is walked instead of testing every shape. Of all tiles that
cut an axis into as many pieces the smallest is the best, so only these compete. The recharge time, the only
transcendental function, is computed only for designs that a linear lower bound cannot rule out; large tiles come first,
because good designs are found among them and make the bound sharp.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simint.compiled import compiled
from simint.tiling.legality import Sizes
from simint.tiling.published.electrical import Recharge
from simint.tiling.search.axis import Axis
from simint.tiling.search.goal import Floor, value_at, value_floor
from simint.tiling.search.groups import Group, later_j
from simint.tiling.search.rates import Rates, rates_at
from simint.tiling.selection import TIE, Choice, choose


class Supply(NamedTuple):
    """What a design is measured by. `slope`: no recharge is faster than this many seconds per joule."""

    recharge: Recharge
    slope: float
    vm_elements: float


class Stairs(NamedTuple):
    """Which tile shapes fit: of height k the first `widths[row, k]` widths of the axis.

    `shapes`: their number. `positions`, `outputs`: no shape has more of them. `trips`: none has fewer spatial tiles.
    """

    row: int
    shapes: int
    positions: float
    outputs: float
    trips: float


@compiled
def vm_stairs(groups: list[Group], ys: Axis, xs: Axis, vm_elements: float, widths: Sizes) -> list[Stairs]:
    """What fits into VM, for every group; `widths` is filled. Neighbours with equal buffers share a staircase."""
    stairs = []
    last = Stairs(0, 0, 0.0, 0.0, 0.0)
    rates = Rates(math.nan, 0.0, 0.0, 0.0)
    for k in range(len(groups)):
        vm = groups[k].rates.vm
        if vm != rates:
            last, rates = _staircase(groups[k], ys, xs, vm_elements, math.inf, widths, k), vm
        stairs.append(last)
    return stairs


@compiled
def sweep_groups(
    goal: int, supply: Supply, groups: list[Group], stairs: list[Stairs], ys: Axis, xs: Axis, widths: Sizes
) -> tuple[int, Choice]:
    """Number of feasible designs and the best one.

    `widths`: those of `vm_stairs` and a row to spare. A design whose power cycle needs exactly the budget counts, but
    is never the best (see `goal.value_at`).
    """
    feasible, best = 0, Choice(math.inf, math.inf, math.inf, -1, True)
    while best.unsure:
        # A second sweep that knows the smallest value settles a chain of near ties; it hardly ever runs.
        feasible, best = _sweep(goal, supply, groups, stairs, ys, xs, widths, best.least)
    return feasible, best


@compiled
def _sweep(
    goal: int,
    supply: Supply,
    groups: list[Group],
    stairs: list[Stairs],
    ys: Axis,
    xs: Axis,
    widths: Sizes,
    least: float,
) -> tuple[int, Choice]:
    feasible, best = 0, Choice(least, math.inf, math.inf, -1, False)
    least_positions, least_outputs = ys.least_inputs * xs.least_inputs, ys.least_outputs * xs.least_outputs
    budget_j = supply.recharge.budget_j
    for k in range(len(groups)):
        group, under = groups[k], stairs[k]
        if later_j(group.rates.energy, under.positions, under.outputs) > budget_j:
            under = _staircase(group, ys, xs, supply.vm_elements, budget_j, widths, len(groups))
        if under.shapes == 0:
            continue
        feasible += under.shapes if group.divisor == 1 else _divisible(group.divisor, ys, xs, widths, under.row)
        floor = value_floor(goal, supply.slope, group.rates)
        least = floor.once + (
            floor.fixed * under.trips + floor.position * least_positions + floor.output * least_outputs
        )
        if least <= best.least * (1.0 + TIE):
            best = _best_shape(goal, supply, floor, group, ys, xs, widths, under.row, best)
    return feasible, best


@compiled
def _staircase(
    group: Group, ys: Axis, xs: Axis, vm_elements: float, budget_j: float, widths: Sizes, row: int
) -> Stairs:
    """For every tile height how many widths, from the first on, fit into VM and into an energy budget."""
    vm, energy = group.rates.vm, group.rates.energy
    limited = budget_j < math.inf
    shapes, width = 0, 0
    most_positions = most_outputs = 0.0
    least_trips = math.inf
    for a in range(len(ys.trips) - 1, -1, -1):
        rows, outputs = ys.inputs[a], ys.outputs[a]
        while width < len(xs.trips):
            if rates_at(vm, rows * xs.inputs[width], outputs * xs.outputs[width]) > vm_elements:
                break
            if limited and later_j(energy, rows * xs.inputs[width], outputs * xs.outputs[width]) > budget_j:
                break
            width += 1
        widths[row, a] = width
        if width > 0:
            shapes += width
            most_positions = max(most_positions, rows * xs.inputs[width - 1])
            most_outputs = max(most_outputs, outputs * xs.outputs[width - 1])
            least_trips = min(least_trips, ys.trips[a] * xs.trips[width - 1])
    return Stairs(row, shapes, most_positions, most_outputs, least_trips)


@compiled
def _divisible(divisor: int, ys: Axis, xs: Axis, widths: Sizes, row: int) -> int:
    """Shapes under a staircase whose spatial trip count the batch divides."""
    count = 0
    for a in range(len(ys.trips)):
        for b in range(widths[row, a]):
            if int(ys.trips[a] * xs.trips[b]) % divisor == 0:
                count += 1
    return count


@compiled
def _best_shape(
    goal: int, supply: Supply, floor: Floor, group: Group, ys: Axis, xs: Axis, widths: Sizes, row: int, best: Choice
) -> Choice:
    """The best of the shapes under a staircase and the best design so far."""
    for y in range(len(ys.contenders) - 1, -1, -1):
        a = ys.contenders[y]
        trips, inputs, outputs = ys.trips[a], ys.inputs[a], ys.outputs[a]
        for x in range(xs.below[widths[row, a]] - 1, -1, -1):
            b = xs.contenders[x]
            spatial, positions, area = trips * xs.trips[b], inputs * xs.inputs[b], outputs * xs.outputs[b]
            if group.divisor > 1 and int(spatial) % group.divisor != 0:
                continue
            least = floor.once + spatial * (floor.fixed + floor.position * positions + floor.output * area)
            if least <= best.least * (1.0 + TIE):
                number = (a * len(xs.trips) + b) * group.numbers + group.number
                value = value_at(goal, supply.recharge, group.rates, spatial, positions, area)
                best = choose(best, value, rates_at(group.rates.vm, positions, area), number)
    return best
