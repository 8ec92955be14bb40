"""One execution design in the published model: sizes, one power cycle, feasibility, latency, continuous totals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from simint.compiled import compiled
from simint.errors import InputError
from simint.hardware.platform import CostMode, Platform
from simint.network.layer import Layer, LayerKind
from simint.tiling.buffers import Buffers, buffer_rates, buffers_at, vm_bytes
from simint.tiling.design import ExecutionDesign
from simint.tiling.geometry import DesignCodes, LayerGeometry, Trips, codes, geometry, input_tile, trips
from simint.tiling.legality import illegal_reason, published_problem
from simint.tiling.published.closed_forms import (
    Cycles,
    continuous_planes,
    cycle_count,
    cycle_planes,
    input_positions,
    over_cycles,
    plane_at,
    tile_cost,
    tile_count,
)
from simint.tiling.published.electrical import ElectricalSettings, Recharge, bench_settings, recharge_of, recharge_time
from simint.tiling.unit_costs import CostVector, unit_costs

OK: Final = 0
FAILED_C0: Final = 1  # the buffers exceed volatile memory
FAILED_C1: Final = 2  # a power cycle exceeds the energy budget
REASONS = ("OK", "FAILED_C0", "FAILED_C1")


class CycleCost(NamedTuple):
    """One power cycle, joule or seconds.

    `fetch_first` for a cycle with n = 0, `fetch_later` with n > 0; `first` and `later` are the whole cycles (Epc_min
    and Epc_max; equal where no cycle has n > 0).
    """

    boot: float
    index_read: float
    fetch_first: float
    fetch_later: float
    compute: float
    write_back: float
    index_write: float
    first: float
    later: float


class ContinuousCost(NamedTuple):
    """The layer under continuous power, joule or seconds."""

    fetch: float
    compute: float
    write_back: float
    total: float


class DesignCost(NamedTuple):
    """Every quantity the published model gives for one design of one layer.

    Buffers in elements, `budget_use` in percent, times in seconds, energies in joule. `verdict` is OK, FAILED_C0 or
    FAILED_C1; recharge times and `latency_s` are NaN unless it is OK, `budget_use` also is for FAILED_C0.
    """

    input_rows: int
    input_cols: int
    buffers: Buffers
    vm_bytes: int
    tiles: int
    cycles: Cycles
    energy: CycleCost
    time: CycleCost
    verdict: int
    budget_j: float
    budget_use: float
    recharge_first_s: float
    recharge_later_s: float
    recharge_s: float
    latency_s: float
    continuous_energy: ContinuousCost
    continuous_time: ContinuousCost

    @property
    def reason(self) -> str:
        """The verdict as the published tables write it."""
        return REASONS[self.verdict]

    @property
    def active_s(self) -> float:
        """Time with the processor on: end-to-end latency without recharging."""
        return self.latency_s - self.recharge_s

    @property
    def active_j(self) -> float:
        """Energy of all power cycles."""
        return over_cycles(self.cycles, self.energy.first, self.energy.later)


@compiled
def cycle_cost(costs: CostVector, g: LayerGeometry, d: DesignCodes, cycles: Cycles) -> CycleCost:
    """One power cycle by component (specification 7)."""
    positions, outputs = input_positions(g, d), d.tr * d.tc
    planes = cycle_planes(tile_cost(costs, g, d.tm, d.tn, d.order), g.op, d.order, d.s)
    fetch = plane_at(planes.fetch, positions, outputs)
    reload = planes.partial * outputs
    compute = plane_at(planes.compute, positions, outputs)
    write = plane_at(planes.write_back, positions, outputs)
    first = costs.boot + costs.index_read + fetch + compute + write + costs.index_write
    later = first if cycles.total == cycles.first else first + reload
    return CycleCost(
        costs.boot, costs.index_read, fetch, fetch + reload, compute, write, costs.index_write, first, later
    )


@compiled
def continuous_cost(costs: CostVector, g: LayerGeometry, d: DesignCodes, t: Trips) -> ContinuousCost:
    """The layer under continuous power (specification 9)."""
    positions, outputs, spatial = input_positions(g, d), d.tr * d.tc, t.rows * t.cols
    planes = continuous_planes(tile_cost(costs, g, d.tm, d.tn, d.order), g.op, d.order, t.m, t.n)
    fetch = spatial * plane_at(planes.fetch, positions, outputs) + planes.once
    compute = spatial * plane_at(planes.compute, positions, outputs)
    write = spatial * plane_at(planes.write_back, positions, outputs)
    return ContinuousCost(fetch, compute, write, fetch + compute + write)


@compiled
def design_cost(
    energy: CostVector,
    time: CostVector,
    recharge: Recharge,
    g: LayerGeometry,
    d: DesignCodes,
    vm_capacity: int,
    element_bytes: int,
) -> DesignCost:
    """Everything about one design, from flat arguments; `evaluate_design` is the friendly form."""
    rates = buffer_rates(g.op, g.kh * g.kw, d.tm, d.tn, d.order, d.s)
    buffers = buffers_at(rates, input_positions(g, d), d.tr * d.tc)
    vm = vm_bytes(buffers, element_bytes)
    t = trips(g, d)
    cycles = cycle_count(g, t, d.order, d.s)
    per_energy, per_time = cycle_cost(energy, g, d, cycles), cycle_cost(time, g, d, cycles)
    use = first_s = later_s = recharge_s = latency_s = math.nan
    if vm > vm_capacity:
        verdict = FAILED_C0
    else:
        use = 100.0 * per_energy.later / recharge.budget_j
        verdict = FAILED_C1 if per_energy.later > recharge.budget_j else OK
    if verdict == OK:
        first_s, later_s = recharge_time(recharge, per_energy.first), recharge_time(recharge, per_energy.later)
        recharge_s = over_cycles(cycles, first_s, later_s)
        latency_s = over_cycles(cycles, per_time.first + first_s, per_time.later + later_s)
    return DesignCost(
        input_tile(d.tr, g.kh, g.sh),
        input_tile(d.tc, g.kw, g.sw),
        buffers,
        vm,
        tile_count(g, t),
        cycles,
        per_energy,
        per_time,
        verdict,
        recharge.budget_j,
        use,
        first_s,
        later_s,
        recharge_s,
        latency_s,
        continuous_cost(energy, g, d, t),
        continuous_cost(time, g, d, t),
    )


def published_geometry(layer: Layer, platform: Platform) -> LayerGeometry:
    """The layer as the published model sees it: one stride for both axes, also in 1-D.

    Raises InputError for a platform in consistent mode and for a layer outside the published model (specification 10).
    """
    return _published_geometries([layer], platform)[0]


def exploration_geometry(layer: Layer, platform: Platform) -> LayerGeometry:
    """As `published_geometry`, for layers that the published explorer covers: all but POOL."""
    return exploration_geometries([layer], platform)[0]


def exploration_geometries(layers: Sequence[Layer], platform: Platform) -> list[LayerGeometry]:
    """As `exploration_geometry`, for many layers."""
    for layer in layers:
        if layer.kind is LayerKind.POOL:
            raise InputError(f"layer {layer.name!r}: the published explorer does not cover POOL")
    return _published_geometries(layers, platform)


def _published_geometries(layers: Sequence[Layer], platform: Platform) -> list[LayerGeometry]:
    if platform.mode is not CostMode.PUBLISHED:
        raise InputError(f"platform {platform.name!r} is in consistent mode; the published model needs a published one")
    variant, flats = platform.variant, []
    for layer in layers:
        problem = published_problem(layer, variant)
        if problem:
            raise InputError(f"layer {layer.name!r}: {problem}")
        flat = geometry(layer)
        flats.append(flat if flat.sw == flat.sh else flat._replace(sw=flat.sh))
    return flats


def evaluate_design(
    layer: Layer, design: ExecutionDesign, platform: Platform, settings: ElectricalSettings | None = None
) -> DesignCost:
    """The published cost of one design of one layer.

    `settings` defaults to the platform's bench. Raises InputError for a layer or design outside the published model,
    and for a feasible design whose recharge time the model does not define (a power cycle of exactly the budget, quirk
    Q14).
    """
    flat, d = published_geometry(layer, platform), codes(design)
    problem = illegal_reason(flat, d, platform)
    if problem:
        raise InputError(f"layer {layer.name!r}: {problem}")
    recharge = recharge_of(settings or bench_settings(platform), platform.variant)
    costs, memory = unit_costs(platform), platform.memory
    cost = design_cost(costs.energy, costs.time, recharge, flat, d, memory.vm_bytes, memory.element_bytes)
    if cost.verdict == OK and math.isnan(cost.latency_s):
        raise InputError(
            f"layer {layer.name!r}: a power cycle needs exactly the energy budget; no recharge time defined"
        )
    return cost
