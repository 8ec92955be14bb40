"""Exploration of many layers on many platforms in one compiled call."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.tiling.geometry import DesignCodes, LayerGeometry
from simint.tiling.legality import count_designs, design_space, largest_loop
from simint.tiling.published.closed_forms import over_cycles
from simint.tiling.published.electrical import Recharge, recharge_slope
from simint.tiling.published.evaluate import FAILED_C0, FAILED_C1, OK, design_cost
from simint.tiling.published.operations import feature_elements, weight_elements
from simint.tiling.search.axis import tile_axes
from simint.tiling.search.goal import all_contend
from simint.tiling.search.groups import Search, list_groups
from simint.tiling.search.sweep import Supply, sweep_groups, vm_stairs
from simint.tiling.selection import design_of_number

UNEXPLORED: Final = -1  # the verdict of layers after one without a feasible design

# Columns of `Explored`.
VERDICT: Final = 0
LEGAL: Final = 1
FEASIBLE: Final = 2
VM_BYTES: Final = 3
POWER_CYCLES: Final = 0
POWER_CYCLES_FIRST: Final = 1
CYCLE_J: Final = 2
ACTIVE_J: Final = 3
LATENCY_S: Final = 4
RECHARGE_S: Final = 5
CONTINUOUS_J: Final = 6
CONTINUOUS_S: Final = 7


class Explored(NamedTuple):
    """What was found, for every platform (first axis) and layer (second), in the columns above.

    `designs` are `DesignCodes`. Zeros and NaN where there is no design.
    """

    counts: NDArray[np.int64]
    designs: NDArray[np.int64]
    values: NDArray[np.float64]


class Survey(NamedTuple):
    """`largest_loop` of all layers; NVM for feature maps and weights of a network, in elements (specification 5.2)."""

    largest_loop: int
    feature_elements: int
    weight_elements: int


@compiled
def geometry_at(rows: NDArray[np.int64], k: int) -> LayerGeometry:
    """A row of `shapes.geometry_rows`."""
    r = rows[k]
    return LayerGeometry(
        r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15], r[16]
    )


@compiled
def recharge_at(rows: NDArray[np.float64], k: int) -> Recharge:
    """A row of recharge numbers."""
    r = rows[k]
    return Recharge(r[0], r[1], r[2], r[3], r[4], r[5], r[6])


@compiled
def survey_rows(rows: NDArray[np.int64], times: NDArray[np.int64]) -> Survey:
    """What must be known of a network before it is explored; `times`: how often each layer occurs."""
    loop = features = weights = 0
    for k in range(len(rows)):
        g = geometry_at(rows, k)
        loop = max(loop, largest_loop(g))
        features = max(features, feature_elements(g))
        weights += times[k] * weight_elements(g)
    return Survey(loop, features, weights)


@compiled
def explore_rows(
    search: Search,
    rows: NDArray[np.int64],
    recharge: NDArray[np.float64],
    vm_bytes: NDArray[np.int64],
    element_bytes: int,
    stop: bool,
) -> Explored:
    """The best design of every layer on every platform.

    `recharge`, `vm_bytes`: those of `request.Benches`. `stop`: a platform leaves off at the first layer of which no
    design is feasible.
    """
    platforms = len(vm_bytes)
    counts = np.zeros((platforms, len(rows), 4), dtype=np.int64)
    designs = np.zeros((platforms, len(rows), 6), dtype=np.int64)
    values = np.full((platforms, len(rows), 8), np.nan)
    counts[:, :, VERDICT] = UNEXPLORED
    failed = np.zeros(platforms, dtype=np.bool_)
    vm_elements = np.floor(vm_bytes / element_bytes)
    slopes = np.empty(platforms)
    for p in range(platforms):
        slopes[p] = recharge_slope(recharge_at(recharge, p))
    for k in range(len(rows)):
        g = geometry_at(rows, k)
        space = design_space(g, search.tile_rules)
        ys, xs = tile_axes(g, space, all_contend(search.goal))
        groups = list_groups(search, g, space, ys, xs, vm_elements.max())
        widths = np.empty((len(groups) + 1, len(ys.trips)), dtype=np.int64)
        stairs = vm_stairs(groups, ys, xs, vm_elements[0], widths)
        legal = count_designs(space, g, search.batch_rules, search.batches)
        smallest = DesignCodes(space.tr[0], space.tc[0], space.tm[0], space.tn[0], space.orders[0], 1)
        for p in range(platforms):
            if p > 0 and vm_elements[p] != vm_elements[p - 1]:
                stairs = vm_stairs(groups, ys, xs, vm_elements[p], widths)
            if stop and failed[p]:
                continue
            supply = Supply(recharge_at(recharge, p), slopes[p], vm_elements[p])
            feasible, best = sweep_groups(search.goal, supply, groups, stairs, ys, xs, widths)
            d = smallest if best.number < 0 else design_of_number(best.number, space)
            cost = design_cost(search.energy, search.time, supply.recharge, g, d, vm_bytes[p], element_bytes)
            counts[p, k, LEGAL], counts[p, k, FEASIBLE] = legal, feasible
            if best.number < 0:
                counts[p, k, VERDICT] = FAILED_C0 if cost.vm_bytes > vm_bytes[p] else FAILED_C1
                failed[p] = True
                continue
            counts[p, k, VERDICT], counts[p, k, VM_BYTES] = OK, cost.vm_bytes
            designs[p, k] = np.array((d.tr, d.tc, d.tm, d.tn, d.order, d.s))
            values[p, k, POWER_CYCLES] = cost.cycles.total
            values[p, k, POWER_CYCLES_FIRST] = cost.cycles.first
            values[p, k, CYCLE_J] = cost.energy.later
            values[p, k, ACTIVE_J] = over_cycles(cost.cycles, cost.energy.first, cost.energy.later)
            values[p, k, LATENCY_S] = cost.latency_s
            values[p, k, RECHARGE_S] = cost.recharge_s
            values[p, k, CONTINUOUS_J] = cost.continuous_energy.total
            values[p, k, CONTINUOUS_S] = cost.continuous_time.total
        if stop and failed.all():
            break
    return Explored(counts, designs, values)
