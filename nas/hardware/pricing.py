"""What a layer, or a whole network, costs under intermittent power: the rows that cost tables are made of.

The platform's cost mode decides. Published mode: the closed forms of the papers, one batch a power cycle, for layers
that their model covers. Consistent mode, the one replay is built on, covers every layer: the designs of smallest active
energy with preservation, as many batches per power cycle as the energy lasts for. Its explorer knows no power failures;
`power_failures.py` adds them, with the bench's source harvesting while the device works as it does in a replay.
Energy is what the device draws, lost work and boots included; a power cycle costs one recharge from v_off to v_on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from nas.hardware.power_failures import Work, failures
from nas.problem.evaluation import HardwareCosts
from nas.space.columns import (
    ACTIVE,
    CONTINUOUS,
    ENERGY,
    LATENCY,
    POWER_CYCLES,
    RECHARGE,
    TIMES_AND_ENERGIES,
    Floats,
)
from nas.space.layer_prices import intermittent_rows
from nas.space.target import Target, target_platform, target_settings
from simint.errors import InfeasibleError, InputError
from simint.hardware.platform import CostMode, Platform
from simint.network.layer import Layer, LayerKind
from simint.network.network import NETWORK_INPUT, Network
from simint.network.nvm import NvmDemand, nvm_demand
from simint.tiling.consistent.explorer import LayerPlan, explore_network_consistent
from simint.tiling.legality import published_problem
from simint.tiling.published.electrical import ElectricalSettings
from simint.tiling.search.explorer import fits_nvm, layer_features
from simint.tiling.search.goal import PublishedObjective

_UNLIMITED_BYTES = 2**40  # of NVM: what one layer needs is no question of the layer


@dataclass(frozen=True, slots=True)
class Pricing:
    """A platform with its supply, and what its execution designs make small.

    `objective` is that of the published mode; the consistent mode has the designs of smallest active energy, which
    times, cycles and recharging grow with.
    """

    platform: Platform
    settings: ElectricalSettings
    objective: PublishedObjective = PublishedObjective.ENERGY


def pricing_of(target: Target, objective: PublishedObjective = PublishedObjective.ENERGY) -> Pricing:
    """The pricing of a target; InputError for an unknown platform or a capacitor without calibrated resistance."""
    return Pricing(target_platform(target), target_settings(target), objective)


def layer_rows(layers: Sequence[Layer], pricing: Pricing) -> Floats:
    """Times and energies of each layer (n, TIMES_AND_ENERGIES), the columns as in `nas.space.columns`.

    Infinite where no execution design is feasible. Equal layers are explored once. Raises InputError for layers that
    the platform's cost mode does not cover.
    """
    if not layers:
        return np.empty((0, TIMES_AND_ENERGIES))
    place: dict[Layer, int] = {}
    distinct: list[Layer] = []
    where = []
    for layer in layers:
        shape = msgspec.structs.replace(layer, name="layer", inputs=())
        if shape not in place:
            place[shape] = len(distinct)
            distinct.append(shape)
        where.append(place[shape])
    known = _published(distinct, pricing) if pricing.platform.mode is CostMode.PUBLISHED else _alone(distinct, pricing)
    rows: Floats = known[where]
    return rows


def network_costs(network: Network, pricing: Pricing) -> HardwareCosts:
    """Exact costs of one inference; times and energies infinite where a layer has no design or NVM does not do."""
    platform = pricing.platform
    demand = _nvm(network, platform)
    if platform.mode is CostMode.PUBLISHED:
        rows = _published(network.layers, pricing)
    else:
        try:
            plan = explore_network_consistent(network, platform, pricing.settings.swing_j, pricing.settings.margin)
            rows = np.array([_row(layer, pricing) for layer in plan.layers])
        except InfeasibleError:
            rows = np.full((1, TIMES_AND_ENERGIES), math.inf)
    if not fits_nvm(demand.feature_bytes, demand.weight_bytes, platform.memory):
        rows = np.full((1, TIMES_AND_ENERGIES), math.inf)
    total = [math.fsum(column) if np.isfinite(column).all() else math.inf for column in rows.T.tolist()]
    return HardwareCosts(
        latency_s=total[LATENCY],
        recharge_s=total[RECHARGE],
        active_s=total[ACTIVE],
        continuous_s=total[CONTINUOUS],
        power_cycles=total[POWER_CYCLES],
        active_j=total[ENERGY],
        weight_bytes=float(demand.weight_bytes),
        macs=float(network.macs),
        flops=float(network.flops),
        feature_bytes=float(demand.feature_bytes),
    )


def _nvm(network: Network, platform: Platform) -> NvmDemand:
    """As the platform's cost mode counts it: the published one leaves out biases, and maps that wait for a reader."""
    element_bytes = platform.memory.element_bytes
    if platform.mode is not CostMode.PUBLISHED:
        return nvm_demand(network, element_bytes)
    features = max(layer_features(layer) for layer in network.layers)
    return NvmDemand(features * element_bytes, network.weight_elements * element_bytes)


def _published(layers: Sequence[Layer], pricing: Pricing) -> Floats:
    platform = pricing.platform
    for layer in layers:
        problem = published_problem(layer, platform.variant)
        if problem:
            raise InputError(
                f"layer {layer.name!r}: {problem}; a platform in consistent mode, such as msp430fr5994, covers it"
            )
    return intermittent_rows(layers, platform, pricing.settings, pricing.objective)


def _alone(layers: Sequence[Layer], pricing: Pricing) -> Floats:
    """Layers in consistent mode, each as a network of its own with NVM to spare."""
    memory = msgspec.structs.replace(
        pricing.platform.memory,
        nvm_bytes=_UNLIMITED_BYTES,
        nvm_feature_bytes=_UNLIMITED_BYTES,
        nvm_weight_bytes=_UNLIMITED_BYTES,
    )
    platform = msgspec.structs.replace(pricing.platform, memory=memory)
    rows = np.full((len(layers), TIMES_AND_ENERGIES), math.inf)
    for row, layer in zip(rows, layers, strict=True):
        inputs = (NETWORK_INPUT, NETWORK_INPUT) if layer.kind is LayerKind.ADD else ()
        network = Network(name="layer", layers=(msgspec.structs.replace(layer, inputs=inputs),))
        try:
            plan = explore_network_consistent(network, platform, pricing.settings.swing_j, pricing.settings.margin)
        except InfeasibleError:
            continue
        row[:] = _row(plan.layers[0], pricing)
    return rows


def _row(plan: LayerPlan, pricing: Pricing) -> tuple[float, float, float, float, float, float]:
    """The costs of a layer in consistent mode with its power failures."""
    settings, platform = pricing.settings, pricing.platform
    working_s = plan.continuous_s + plan.overhead_s
    reload_j = max(0.0, plan.cold_batch_j - platform.boot_energy - plan.energy_j / plan.batches)
    work = Work(plan.batches, plan.energy_j, working_s, reload_j)
    failed = failures(work, settings, platform.boot_energy, platform.boot_time)
    active_s = working_s + failed.cycles * platform.boot_time + failed.again_s
    recharge_s = failed.cycles * _full_recharge_s(settings)
    active_j = plan.energy_j + failed.cycles * platform.boot_energy + failed.again_j
    return active_s + recharge_s, recharge_s, active_s, plan.continuous_s, failed.cycles, active_j


def _full_recharge_s(settings: ElectricalSettings) -> float:
    """Time from v_off to v_on behind the source's resistance."""
    empty, full = settings.v_supply - settings.v_off, settings.v_supply - settings.v_on
    return settings.resistance * settings.capacitance * math.log(empty / full)
