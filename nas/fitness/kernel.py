"""The second fidelity: every layer of a network explored directly, without the tables of its space."""

from __future__ import annotations

import math

from nas.problem.evaluation import HardwareCosts
from simint.hardware.platform import Platform
from simint.network.network import Network
from simint.tiling.published.electrical import ElectricalSettings
from simint.tiling.search.explorer import explore_layers_published, layer_features


def kernel_costs(network: Network, platform: Platform, settings: ElectricalSettings) -> HardwareCosts:
    """Costs of one inference in the published model; memory is reported, not judged (`Requirements` do that).

    Raises InputError for layers that the published model does not cover.
    """
    found = explore_layers_published(network.layers, platform, settings)
    exists = all(layer.design is not None for layer in found)

    def total(field: str) -> float:
        return math.fsum(getattr(layer, field) for layer in found) if exists else math.inf

    element_bytes = platform.memory.element_bytes
    return HardwareCosts(
        latency_s=total("latency_s"),
        recharge_s=total("recharge_s"),
        active_s=math.fsum(layer.latency_s - layer.recharge_s for layer in found) if exists else math.inf,
        continuous_s=total("continuous_s"),
        power_cycles=total("power_cycles"),
        active_j=total("active_j"),
        weight_bytes=float(sum(layer.weights for layer in network.layers) * element_bytes),
        macs=float(sum(layer.macs for layer in network.layers)),
        flops=float(sum(layer.flops for layer in network.layers)),
        feature_bytes=float(max(layer_features(layer) for layer in network.layers) * element_bytes),
    )
