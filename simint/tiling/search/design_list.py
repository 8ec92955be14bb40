"""All feasible designs of a layer, the best k of them, and those that no other one beats in every respect."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.errors import InputError
from simint.hardware.platform import Platform
from simint.network.layer import Layer
from simint.tiling.design import ExecutionDesign
from simint.tiling.geometry import LayerGeometry, design_of
from simint.tiling.legality import DesignSpace, design_space, largest_loop
from simint.tiling.published.closed_forms import tile_cost
from simint.tiling.published.electrical import ElectricalSettings, Recharge, bench_settings, recharge_of
from simint.tiling.published.evaluate import exploration_geometry
from simint.tiling.search.axis import tile_axes
from simint.tiling.search.goal import ENERGY, LATENCY, PublishedObjective, value_at
from simint.tiling.search.groups import Search, later_j, list_groups
from simint.tiling.search.rates import cycle_rates, rates_at
from simint.tiling.search.request import BatchRule, search_of
from simint.tiling.selection import TIE, design_of_number
from simint.tiling.unit_costs import CostVector

_VALUE: Final = 0
_LATENCY_S: Final = 1
_ACTIVE_J: Final = 2
_VM: Final = 3
_NVM_WRITES: Final = 4
_COLUMNS: Final = 5


class RankedDesign(msgspec.Struct, frozen=True):
    """A feasible design and what it is judged by.

    `nvm_writes`: 16-bit elements written to NVM, outputs and progress records. Times in seconds, energy in joule.
    """

    design: ExecutionDesign
    latency_s: float
    active_j: float
    vm_bytes: int
    nvm_writes: float


def best_designs(
    layer: Layer,
    platform: Platform,
    count: int,
    settings: ElectricalSettings | None = None,
    objective: str = PublishedObjective.LATENCY,
    batches: str = BatchRule.VARIANT,
) -> tuple[RankedDesign, ...]:
    """The best `count` designs of a layer, or as many as are feasible: the best, the best of the others, and so on.

    Each is chosen by the rule of `explorer.explore_network_published`, whose arguments these are. Raises InputError as
    it does, and for a count below 1.
    """
    if count < 1:
        raise InputError(f"at least one design must be asked for, got {count}")
    listed = list_designs(layer, platform, settings, objective, batches)
    numbers, values, vm = listed.numbers, listed.figures[:, _VALUE], listed.figures[:, _VM]
    waiting = np.argsort(values, kind="stable")
    if count < len(waiting):  # what no choice can reach is left out
        waiting = waiting[values[waiting] <= values[waiting[count - 1]] * (1.0 + TIE)]
    chosen: list[int] = []
    while len(waiting) > 0 and len(chosen) < count:
        ties = waiting[: np.searchsorted(values[waiting], values[waiting[0]] * (1.0 + TIE), side="right")]
        best = np.lexsort((numbers[ties], vm[ties]))[0]
        chosen.append(int(ties[best]))
        waiting = np.delete(waiting, best)
    return _ranked(listed, chosen)


def pareto_designs(
    layer: Layer,
    platform: Platform,
    settings: ElectricalSettings | None = None,
    batches: str = BatchRule.VARIANT,
) -> tuple[RankedDesign, ...]:
    """The designs that no other one beats in end-to-end latency, active energy, VM and NVM writes, by latency.

    Of designs that are equal in all four the first enumerated stands for all; differences below 1e-12 do not count.
    """
    listed = list_designs(layer, platform, settings, PublishedObjective.LATENCY, batches)
    figures = listed.figures
    order = np.lexsort((listed.numbers, *(figures[:, k] for k in (_NVM_WRITES, _VM, _ACTIVE_J, _LATENCY_S))))
    return _ranked(listed, order[_front(figures[order, _LATENCY_S:])].tolist())


class DesignList(NamedTuple):
    """All feasible designs of a layer: their numbers in the enumeration and a row of figures for each."""

    space: DesignSpace
    element_bytes: int
    numbers: NDArray[np.int64]
    figures: NDArray[np.float64]


def list_designs(
    layer: Layer, platform: Platform, settings: ElectricalSettings | None, objective: str, batches: str
) -> DesignList:
    """All feasible designs that have a recharge time (quirk Q14), in no particular order."""
    g, memory = exploration_geometry(layer, platform), platform.memory
    search = search_of(platform, objective, batches, largest_loop(g))
    nothing = CostVector(*[0.0] * len(CostVector._fields))
    # Formulas that charge 1 for an element written to NVM, and nothing else, count these elements.
    writes = nothing._replace(write_element=1.0, index_write=float(platform.index_words))
    recharge = recharge_of(settings or bench_settings(platform), platform.variant)
    space = design_space(g, search.tile_rules)
    arguments = (search, writes, recharge, float(memory.vm_bytes // memory.element_bytes), g, space)
    count = _fill(*arguments, np.empty(0, dtype=np.int64), np.empty((0, _COLUMNS)))
    numbers, figures = np.empty(count, dtype=np.int64), np.empty((count, _COLUMNS))
    _fill(*arguments, numbers, figures)
    return DesignList(space, memory.element_bytes, numbers, figures)


def _ranked(listed: DesignList, places: list[int]) -> tuple[RankedDesign, ...]:
    ranked = []
    for number, row in zip(listed.numbers[places].tolist(), listed.figures[places].tolist(), strict=True):
        _, latency_s, active_j, vm, nvm_writes = row
        design = design_of(design_of_number(number, listed.space))
        ranked.append(RankedDesign(design, latency_s, active_j, int(vm) * listed.element_bytes, nvm_writes))
    return tuple(ranked)


@compiled
def _fill(
    search: Search,
    writes: CostVector,
    recharge: Recharge,
    vm_elements: float,
    g: LayerGeometry,
    space: DesignSpace,
    numbers: NDArray[np.int64],
    figures: NDArray[np.float64],
) -> int:
    """Write as many designs as there is room for; returns how many there are."""
    ys, xs = tile_axes(g, space, True)
    count = 0
    for group in list_groups(search, g, space, ys, xs, vm_elements):
        rates, d = group.rates, design_of_number(group.number, space)
        written = cycle_rates(writes, tile_cost(writes, g, d.tm, d.tn, d.order), g.op, d.order, d.s, False)
        for a in range(len(ys.trips)):
            for b in range(len(xs.trips)):
                spatial, positions = ys.trips[a] * xs.trips[b], ys.inputs[a] * xs.inputs[b]
                outputs = ys.outputs[a] * xs.outputs[b]
                if rates_at(rates.vm, positions, outputs) > vm_elements:
                    break  # wider tiles need no less
                dearest = later_j(rates.energy, positions, outputs)
                if dearest >= recharge.budget_j or (group.divisor > 1 and int(spatial) % group.divisor != 0):
                    continue
                if count < len(numbers):
                    numbers[count] = (a * len(xs.trips) + b) * group.numbers + group.number
                    row = figures[count]
                    row[_VALUE] = value_at(search.goal, recharge, rates, spatial, positions, outputs)
                    row[_LATENCY_S] = value_at(LATENCY, recharge, rates, spatial, positions, outputs)
                    row[_ACTIVE_J] = value_at(ENERGY, recharge, rates, spatial, positions, outputs)
                    row[_VM] = rates_at(rates.vm, positions, outputs)
                    row[_NVM_WRITES] = spatial * rates.cycles.total * rates_at(written, positions, outputs)
                count += 1
    return count


@compiled
def _front(figures: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows no other row beats; the rows are sorted, so an earlier one can only be beaten by rounding."""
    front = np.zeros(len(figures), dtype=np.bool_)
    members = np.empty(len(figures), dtype=np.int64)
    count = 0
    for k in range(len(figures)):
        beaten = False
        for m in range(count - 1, -1, -1):
            if _not_worse(figures[members[m]], figures[k]):
                beaten = True
                break
        if not beaten:
            members[count] = k
            count += 1
    for m in range(count):
        front[members[m]] = True
        for other in range(count):
            if other != m and front[members[m]]:
                mine, its = figures[members[m]], figures[members[other]]
                front[members[m]] = not (_not_worse(its, mine) and not _not_worse(mine, its))
    return front


@compiled
def _not_worse(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether a row is at most as large as another one everywhere, up to rounding."""
    worse = 0
    for k in range(len(one)):
        worse += one[k] > other[k] * (1.0 + TIE)
    return worse == 0
