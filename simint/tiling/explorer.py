"""The published exploration: the best legal design of every layer, and what the layers add up to.

Selection (specification 11.4): the smallest end-to-end latency, where latencies within 1e-12 are equal, then the
smallest VM, then the first in enumeration order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.errors import InputError
from simint.hardware.platform import Memory, Platform, Variant
from simint.network.layer import Layer, LayerKind
from simint.tiling.design import ExecutionDesign
from simint.tiling.electrical import ElectricalSettings, bench_settings, recharge_of, recharge_slope
from simint.tiling.evaluate import FAILED_C0, FAILED_C1, OK, REASONS, design_cost, exploration_geometry
from simint.tiling.geometry import DesignCodes, LayerGeometry, design_of
from simint.tiling.legality import batch_table, count_designs, design_space, largest_loop, rule_set, searched_batches
from simint.tiling.published import over_cycles
from simint.tiling.sweep import Limits, Search, sweep_layer
from simint.tiling.unit_costs import unit_costs

FAILED_STORAGE = "FAILED_STORAGE"  # feature maps or weights exceed NVM (published error 13)

Rows = NDArray[np.int64]
Values = NDArray[np.float64]


class LayerDesign(msgspec.Struct, frozen=True):
    """The best design of one layer; `design` is None, and the numbers are NaN, where no legal one is feasible.

    `legal`, `feasible`: how many designs there are. `failure`: OK, FAILED_C0 (none fits into VM) or FAILED_C1 (none
    fits into the energy budget). `cycle_j`: the most a power cycle uses. `continuous_*`: the same design when power
    never fails. Times in seconds, energies in joule; `power_cycles_first` start at the first input channels.
    """

    layer: str
    failure: str
    legal: int
    feasible: int
    design: ExecutionDesign | None
    vm_bytes: int
    power_cycles: float
    power_cycles_first: float
    cycle_j: float
    active_j: float
    latency_s: float
    recharge_s: float
    continuous_j: float
    continuous_s: float


class NetworkDesigns(msgspec.Struct, frozen=True):
    """The best designs of a network, in layer order; exploration ends at the first layer without a feasible design.

    `failure`: OK, FAILED_STORAGE, or the failure of `failed_layer`. NVM in bytes.
    """

    layers: tuple[LayerDesign, ...]
    failure: str
    failed_layer: str | None
    nvm_feature_bytes: int
    nvm_weight_bytes: int

    @property
    def feasible(self) -> bool:
        """Whether every layer has a design and the network fits into NVM."""
        return self.failure == REASONS[OK]

    @property
    def latency_s(self) -> float:
        """End-to-end latency of one inference; infinite where the network is infeasible."""
        return self._total("latency_s")

    @property
    def recharge_s(self) -> float:
        """Time spent recharging."""
        return self._total("recharge_s")

    @property
    def active_s(self) -> float:
        """Time with the processor on."""
        return self.latency_s - self.recharge_s if self.feasible else math.inf

    @property
    def active_j(self) -> float:
        """Energy of all power cycles."""
        return self._total("active_j")

    @property
    def continuous_s(self) -> float:
        """Latency of the same designs under continuous power."""
        return self._total("continuous_s")

    @property
    def power_cycles(self) -> float:
        """Number of power cycles."""
        return self._total("power_cycles")

    @property
    def imo_percent(self) -> float:
        """Published intermittency management overhead: share of the active time beyond the continuous latency."""
        return 100.0 * (self.active_s - self.continuous_s) / self.active_s if self.feasible else math.nan

    def _total(self, field: str) -> float:
        if not self.feasible:
            return math.inf
        return math.fsum(getattr(layer, field) for layer in self.layers)


def explore_layer_published(
    layer: Layer, platform: Platform, settings: ElectricalSettings | None = None
) -> LayerDesign:
    """The best design of one layer; see `explore_network_published`."""
    rows = [exploration_geometry(layer, platform)]
    return _explored([layer.name], [0], rows, platform, settings or bench_settings(platform))[0]


def explore_network_published(
    layers: Sequence[Layer], platform: Platform, settings: ElectricalSettings | None = None
) -> NetworkDesigns:
    """The best design of every layer in the published model; layers of equal shape are explored once.

    `settings` defaults to the platform's bench. `tinas2024` checks NVM before it explores, `inas2021` has no such
    check. Raises InputError for layers outside the published model (specification 10).
    """
    if not layers:
        raise InputError("a network without layers has nothing to explore")
    settings = settings or bench_settings(platform)
    rows: list[LayerGeometry] = []
    place: dict[object, int] = {}
    which = []
    for layer in layers:
        shape = (layer.kind, layer.ifm, layer.ofm, layer.kernel, layer.stride, layer.pad, layer.groups)
        if shape not in place:
            place[shape] = len(rows)
            rows.append(exploration_geometry(layer, platform))
        which.append(place[shape])
    features = max(layer_features(layer) for layer in layers) * platform.memory.element_bytes
    weights = sum(layer.weights for layer in layers) * platform.memory.element_bytes
    if platform.variant is Variant.TINAS2024 and not fits_nvm(features, weights, platform.memory):
        return NetworkDesigns((), FAILED_STORAGE, None, features, weights)
    found = _explored([layer.name for layer in layers], which, rows, platform, settings)
    last = found[-1]
    failed = None if last.design is not None else last.layer
    return NetworkDesigns(found, last.failure, failed, features, weights)


def layer_features(layer: Layer) -> int:
    """Elements of NVM the published model reserves for feature maps of a layer (specification 5.2, quirk Q24)."""
    return (3 if layer.kind is LayerKind.ADD else 2) * max(math.prod(layer.ifm), math.prod(layer.ofm))


def fits_nvm(feature_bytes: int, weight_bytes: int, memory: Memory) -> bool:
    """The published storage constraint (specification 10)."""
    return (
        feature_bytes <= memory.nvm_feature_bytes
        and weight_bytes <= memory.nvm_weight_bytes
        and feature_bytes + weight_bytes <= memory.nvm_bytes
    )


def _explored(
    names: list[str], which: list[int], rows: list[LayerGeometry], platform: Platform, settings: ElectricalSettings
) -> tuple[LayerDesign, ...]:
    """One LayerDesign a name, up to the first failure; `which` says which of the distinct `rows` a name has."""
    rules, memory, costs = rule_set(platform), platform.memory, unit_costs(platform)
    recharge = recharge_of(settings, platform.variant)
    search = Search(
        costs.energy,
        costs.time,
        Limits(float(memory.vm_bytes // memory.element_bytes), recharge, recharge_slope(recharge)),
        rules,
        batch_table(max(map(largest_loop, rows)), searched_batches(rules)),
    )
    counts, designs, values = _explore(search, np.array(rows), memory.vm_bytes, memory.element_bytes)
    count_rows, design_rows, value_rows = counts.tolist(), designs.tolist(), values.tolist()
    explored = []
    for name, row in zip(names, which, strict=True):
        failure, legal, feasible, vm_bytes = count_rows[row]
        design = design_of(DesignCodes(*design_rows[row])) if failure == OK else None
        explored.append(LayerDesign(name, REASONS[failure], legal, feasible, design, vm_bytes, *value_rows[row]))
        if design is None:
            break
    return tuple(explored)


@compiled
def _explore(search: Search, rows: Rows, vm_capacity: int, element_bytes: int) -> tuple[Rows, Rows, Values]:
    """Explore distinct layers, up to the first failure.

    Returns (verdict, legal, feasible, VM bytes), the design and the numbers of `LayerDesign`, a row per layer.
    """
    counts = np.zeros((len(rows), 4), dtype=np.int64)
    designs = np.zeros((len(rows), 6), dtype=np.int64)
    values = np.full((len(rows), 8), np.nan)
    for k in range(len(rows)):
        r = rows[k]
        g = LayerGeometry(
            r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15], r[16]
        )
        space = design_space(g, search.rules)
        feasible, best = sweep_layer(search, g, space)
        counts[k, 1] = count_designs(space, g, search.rules, search.batches)
        counts[k, 2] = feasible
        if best.s == 0:
            smallest = DesignCodes(space.tr[0], space.tc[0], space.tm[0], space.tn[0], space.orders[0], 1)
            least = design_cost(
                search.energy, search.time, search.limits.recharge, g, smallest, vm_capacity, element_bytes
            )
            counts[k, 0] = FAILED_C0 if least.vm_bytes > vm_capacity else FAILED_C1
            break
        cost = design_cost(search.energy, search.time, search.limits.recharge, g, best, vm_capacity, element_bytes)
        counts[k, 0], counts[k, 3] = OK, cost.vm_bytes
        designs[k] = np.array((best.tr, best.tc, best.tm, best.tn, best.order, best.s))
        values[k] = np.array(
            (
                cost.cycles.total,
                cost.cycles.first,
                cost.energy.later,
                over_cycles(cost.cycles, cost.energy.first, cost.energy.later),
                cost.latency_s,
                cost.recharge_s,
                cost.continuous_energy.total,
                cost.continuous_time.total,
            )
        )
    return counts, designs, values
