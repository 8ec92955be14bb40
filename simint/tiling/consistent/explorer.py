"""The best design of every layer in consistent mode, and what the layers add up to.

Searched: tile sizes, inter-tile order and preservation batch, as long as the buffers fit into VM and every batch,
started after a power failure, fits into the energy budget. Among designs within 1e-12 of the best the one with the
smallest VM wins, then the first in enumeration order.
"""

from __future__ import annotations

import math

import msgspec

from simint.errors import InfeasibleError, InputError
from simint.hardware.platform import CostMode, Platform
from simint.network.layer import Layer
from simint.network.network import Network
from simint.tiling.buffers import aligned_vm_bytes, consistent_buffers
from simint.tiling.consistent.axis import axis_tables
from simint.tiling.consistent.layer_cost import LayerCost, batch_count, layer_cost, preserved, trips_n, unpreserved
from simint.tiling.consistent.storage import require_nvm, room_for_versions
from simint.tiling.consistent.sweep import (
    LEAST_COLD_BATCH,
    LEAST_ENERGY,
    LEAST_TIME,
    Designs,
    Limits,
    Search,
    dearest_cold_batch,
    map_sums,
    sweep_layer,
)
from simint.tiling.design import ExecutionDesign
from simint.tiling.geometry import DesignCodes, codes, design_of, geometry
from simint.tiling.legality import RULES_CONSISTENT, Batches, batch_table, design_space, illegal_reason, largest_loop
from simint.tiling.objective import Objective
from simint.tiling.unit_costs import UnitCostPair, unit_costs

MARGIN = 0.6  # share of the stored energy a batch may use (specification section 3, `tinas2024`)
_GOALS = {Objective.ENERGY: LEAST_ENERGY, Objective.LATENCY: LEAST_TIME}


class LayerPlan(msgspec.Struct, frozen=True):
    """One layer executed with one design; energies in joule, times in seconds, no power failures.

    `cold_batch_j`: the most a batch takes from turn-on to commit; where batches run along the map (order W, BN,
    GAVGPOOL) with S > 1 an upper bound. `energy_j`: the layer with preservation. `continuous_*`: without. `overhead_s`:
    the time preservation adds.
    """

    layer: str
    design: ExecutionDesign
    vm_bytes: int
    tiles: int
    batches: int
    cold_batch_j: float
    energy_j: float
    continuous_j: float
    continuous_s: float
    overhead_s: float


class NetworkPlan(msgspec.Struct, frozen=True):
    """The best designs of a network, in layer order. `budget_j`: the energy a cold batch may use."""

    objective: Objective
    budget_j: float
    layers: tuple[LayerPlan, ...]

    @property
    def designs(self) -> tuple[ExecutionDesign, ...]:
        """One design a layer."""
        return tuple(layer.design for layer in self.layers)

    @property
    def energy_j(self) -> float:
        """Active energy of one inference, preservation included."""
        return math.fsum(layer.energy_j for layer in self.layers)

    @property
    def continuous_j(self) -> float:
        """The same without preservation."""
        return math.fsum(layer.continuous_j for layer in self.layers)

    @property
    def continuous_s(self) -> float:
        """Time of one inference when power never fails and nothing is preserved."""
        return math.fsum(layer.continuous_s for layer in self.layers)

    @property
    def overhead_s(self) -> float:
        """The time preservation adds."""
        return math.fsum(layer.overhead_s for layer in self.layers)

    @property
    def overhead_percent(self) -> float:
        """Share of the active time, boots and lost work left out, that preservation takes."""
        return 100.0 * self.overhead_s / (self.continuous_s + self.overhead_s)


def explore_network_consistent(
    network: Network, platform: Platform, budget_j: float, margin: float = MARGIN, objective: str = Objective.ENERGY
) -> NetworkPlan:
    """The best design of every layer; layers of equal shape are explored once.

    `budget_j`: energy of the capacitor between v_on and v_off, of which a cold batch (boot, restore, tiles, commit)
    may use the share `margin`; infinite means no limit. `objective`: `energy`, the smallest active energy with
    preservation, or `latency`, the shortest time without. A layer whose output does not fit into NVM twice gets no
    design that continues partial sums over commits.

    Raises InputError for a platform in published mode and for nonsense limits, InfeasibleError naming the layer and
    what forbids it where no design is left, or the memory where the network exceeds NVM.
    """
    if not budget_j > 0:
        raise InputError(f"the energy budget must be positive, got {budget_j:g} J")
    if not 0 < margin <= 1:
        raise InputError(f"`margin` must lie in (0, 1], got {margin:g}")
    if objective not in _GOALS:
        raise InputError(f"unknown objective {objective!r} of the consistent mode; known: {', '.join(_GOALS)}")
    costs = consistent_costs(platform)
    require_nvm(network, platform)
    versions = room_for_versions(network, platform)
    found: dict[object, LayerPlan] = {}
    plans = []
    for layer, room in zip(network.layers, versions, strict=True):
        shape = (geometry(layer), room)
        if shape not in found:
            found[shape] = _explored(layer, room, platform, costs, margin * budget_j, Objective(objective))
        plans.append(msgspec.structs.replace(found[shape], layer=layer.name))
    return NetworkPlan(Objective(objective), margin * budget_j, tuple(plans))


def plan_layer(layer: Layer, design: ExecutionDesign, platform: Platform) -> LayerPlan:
    """What a layer costs with a design of one's own.

    Raises InputError for a platform in published mode and for an illegal design.
    """
    costs = consistent_costs(platform)
    reason = illegal_reason(geometry(layer), codes(design), platform)
    if reason:
        raise InputError(f"layer {layer.name!r}: {reason}")
    return _planned(layer.name, _designs(layer), codes(design), platform, costs)


def layer_costs(layer: Layer, design: ExecutionDesign, platform: Platform) -> tuple[LayerCost, LayerCost]:
    """Energy and time of a layer by activity, for a legal design: sums over its schedule in closed form."""
    costs, designs, d = consistent_costs(platform), _designs(layer), codes(design)
    sums = map_sums(designs.rows, designs.cols, *_place(designs, d))
    return layer_cost(costs.energy, designs.g, d, sums), layer_cost(costs.time, designs.g, d, sums)


def consistent_costs(platform: Platform) -> UnitCostPair:
    """The cost vectors of a platform in consistent mode; InputError for one in published mode."""
    if platform.mode is not CostMode.CONSISTENT:
        raise InputError(
            f"platform {platform.name!r} is in published mode, whose objective is `published`; "
            "`energy` and `latency` need one in consistent mode"
        )
    return unit_costs(platform)


def _designs(layer: Layer) -> Designs:
    g = geometry(layer)
    space = design_space(g, RULES_CONSISTENT)
    return Designs(g, space, *axis_tables(g, space))


def _place(designs: Designs, d: DesignCodes) -> tuple[int, int]:
    """Where the tile height and width stand in the lists of legal sizes."""
    return int(designs.space.tr.searchsorted(d.tr)), int(designs.space.tc.searchsorted(d.tc))


def _explored(
    layer: Layer, versions: bool, platform: Platform, costs: UnitCostPair, batch_j: float, objective: Objective
) -> LayerPlan:
    designs, memory = _designs(layer), platform.memory
    limits = Limits(memory.vm_bytes, memory.element_bytes, batch_j, versions)
    search = Search(costs, batch_table(largest_loop(designs.g), Batches.ALL), limits, _GOALS[objective])
    best = sweep_layer(search, designs)
    if best.s == 0:
        raise InfeasibleError(f"layer {layer.name!r}: {_obstacle(search, designs)}, platform {platform.name!r}")
    return _planned(layer.name, designs, best, platform, costs)


def _obstacle(search: Search, designs: Designs) -> str:
    """Why no design keeps the limits, in words."""
    space, limits = designs.space, search.limits
    smallest = DesignCodes(space.tr[0], space.tc[0], space.tm[0], space.tn[0], space.orders[0], 1)
    needed = min(
        aligned_vm_bytes(consistent_buffers(designs.g, smallest._replace(order=order)), limits.element_bytes)
        for order in space.orders.tolist()
    )
    if needed > limits.vm_bytes:
        return f"its smallest tile needs {needed} bytes of volatile memory, of which there are {limits.vm_bytes}"
    least_j = _least_cold_batch(search, designs, limits._replace(batch_j=math.inf))
    if least_j > limits.batch_j and limits.versions:
        return (
            f"its cheapest batch that fits into {limits.vm_bytes} bytes of volatile memory takes {least_j:.4g} J from "
            f"turn-on to commit, of which {limits.batch_j:.4g} J are there (margin included)"
        )
    with_versions_j = _least_cold_batch(search, designs, limits._replace(batch_j=math.inf, versions=True))
    return (
        f"without room in non-volatile memory for a second copy of its output its cheapest batch takes {least_j:.4g} J "
        f"from turn-on to commit (with it {with_versions_j:.4g} J), of which {limits.batch_j:.4g} J are there"
    )


def _least_cold_batch(search: Search, designs: Designs, limits: Limits) -> float:
    """The smallest energy of a dearest cold batch; infinite where no design fits into VM."""
    best = sweep_layer(search._replace(limits=limits, goal=LEAST_COLD_BATCH), designs)
    if best.s == 0:
        return math.inf
    return float(dearest_cold_batch(search.costs.energy, designs, best, *_place(designs, best)))


def _planned(name: str, designs: Designs, d: DesignCodes, platform: Platform, costs: UnitCostPair) -> LayerPlan:
    g, place = designs.g, _place(designs, d)
    sums = map_sums(designs.rows, designs.cols, *place)
    energy, time = layer_cost(costs.energy, g, d, sums), layer_cost(costs.time, g, d, sums)
    return LayerPlan(
        layer=name,
        design=design_of(d),
        vm_bytes=int(aligned_vm_bytes(consistent_buffers(g, d), platform.memory.element_bytes)),
        tiles=int(g.groups * sums.tiles * (g.m // d.tm) * trips_n(g, d)),
        batches=int(batch_count(g, d, sums.tiles)),
        cold_batch_j=float(dearest_cold_batch(costs.energy, designs, d, *place)),
        energy_j=float(preserved(energy)),
        continuous_j=float(unpreserved(energy)),
        continuous_s=float(unpreserved(time)),
        overhead_s=float(time.preserve + time.index_write),
    )
