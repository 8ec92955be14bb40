"""What distinct layers cost: a row of the columns of `nas.space.columns` for each."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence

import numpy as np

from nas.space.columns import COLUMNS, TIMES_AND_ENERGIES, Costs, Flags, Floats
from simint.errors import InfeasibleError
from simint.hardware.platform import Memory, Platform
from simint.network.layer import Layer
from simint.tiling.published.electrical import ElectricalSettings
from simint.tiling.search.continuous import explore_continuous
from simint.tiling.search.explorer import explore_layers_published, layer_features
from simint.tiling.search.goal import PublishedObjective


class Power(enum.StrEnum):
    """The supply that execution designs are chosen and priced for.

    `continuous` is the model of a search that knows no power failures (the hardware-aware baseline of iNAS): the
    fastest design with S = 1, no energy limit, no recharging, no power cycles.
    """

    INTERMITTENT = "intermittent"
    CONTINUOUS = "continuous"


def layer_prices(
    layers: Sequence[Layer], platform: Platform, settings: ElectricalSettings, power: Power = Power.INTERMITTENT
) -> Floats:
    """One row of costs for each layer (n, columns); infinite times and energies where no design is feasible.

    Raises InputError for layers outside the published model.
    """
    if not layers:
        return np.empty((0, COLUMNS))
    element_bytes = platform.memory.element_bytes
    if power is Power.INTERMITTENT:
        spent = intermittent_rows(layers, platform, settings)
    else:
        spent = _continuous_rows(layers, platform)
    sizes = [
        (layer.weights * element_bytes, layer.macs, layer.flops, layer_features(layer) * element_bytes)
        for layer in layers
    ]
    return np.column_stack((spent, sizes))


def fits_nvm(costs: Costs, memory: Memory) -> Flags:
    """Which networks fit into NVM, each of the two chips and in total (specification of the cost model, section 10)."""
    features, weights = costs.feature_bytes, costs.weight_bytes
    fits: Flags = (
        (features <= memory.nvm_feature_bytes)
        & (weights <= memory.nvm_weight_bytes)
        & (features + weights <= memory.nvm_bytes)
    )
    return fits


def without_unbuildable(costs: Costs, memory: Memory) -> Costs:
    """The costs, with infinite times and energies where a network does not fit into NVM."""
    rows = costs.rows.copy()
    rows[~fits_nvm(costs, memory), :TIMES_AND_ENERGIES] = math.inf
    return Costs(rows)


def intermittent_rows(
    layers: Sequence[Layer],
    platform: Platform,
    settings: ElectricalSettings,
    objective: PublishedObjective = PublishedObjective.LATENCY,
) -> Floats:
    """Times and energies (n, TIMES_AND_ENERGIES) of at least one layer by the published model, with its best designs.

    Infinite where no design is feasible. Raises InputError for layers outside the model.
    """
    rows = np.full((len(layers), TIMES_AND_ENERGIES), math.inf)
    for row, best in zip(rows, explore_layers_published(layers, platform, settings, objective), strict=True):
        if best.design is not None:
            active_s = best.latency_s - best.recharge_s
            row[:] = best.latency_s, best.recharge_s, active_s, best.continuous_s, best.power_cycles, best.active_j
    return rows


def _continuous_rows(layers: Sequence[Layer], platform: Platform) -> Floats:
    rows = np.full((len(layers), TIMES_AND_ENERGIES), math.inf)
    for row, layer in zip(rows, layers, strict=True):
        try:
            best = explore_continuous([layer], platform)[0]
        except InfeasibleError:  # no tile fits into VM
            continue
        row[:] = best.latency_s, 0.0, best.latency_s, best.latency_s, 0.0, best.energy_j
    return rows
