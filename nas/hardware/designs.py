"""Execution designs of a given network: the best for a target, and what any designs cost there.

The designs of a network can be chosen anew without touching its architecture; most of the latency that iNAS saves over
a search blind to power failures is saved by that alone (`docs/nas/inas_measurements.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nas.space.target import Target, target_platform, target_settings
from simint.network.network import Network
from simint.tiling.design import ExecutionDesign
from simint.tiling.published.evaluate import OK, evaluate_design
from simint.tiling.search.continuous import explore_continuous
from simint.tiling.search.explorer import NetworkDesigns, explore_network_published


@dataclass(frozen=True, slots=True)
class DesignedRun:
    """A network with given designs under intermittent power.

    `unsafe_layer`: the first layer with a batch that one charge cannot pay for, so that it never gets past it; latency
    and power cycles are infinite then. `largest_cycle_share`: the most a power cycle uses of the usable energy.
    """

    latency_s: float
    power_cycles: float
    largest_cycle_share: float
    unsafe_layer: str = ""

    @property
    def safe(self) -> bool:
        """Whether the inference ever ends."""
        return not self.unsafe_layer


def reoptimised(network: Network, target: Target) -> NetworkDesigns:
    """The best execution design of every layer for a target, the architecture as it is.

    Raises InputError for layers outside the published model.
    """
    return explore_network_published(network.layers, target_platform(target), target_settings(target))


def continuous_designs(network: Network, target: Target) -> tuple[ExecutionDesign, ...]:
    """The fastest designs where power never fails, S = 1: what a search blind to power failures deploys.

    Raises InfeasibleError where no tile fits into VM.
    """
    return tuple(best.design for best in explore_continuous(network.layers, target_platform(target)))


def chosen_designs(found: NetworkDesigns) -> tuple[ExecutionDesign, ...]:
    """The designs of a feasible exploration, layer by layer; empty where it is not feasible."""
    designs = tuple(layer.design for layer in found.layers if layer.design is not None)
    return designs if found.feasible else ()


def run_designs(network: Network, designs: Sequence[ExecutionDesign], target: Target) -> DesignedRun:
    """What a network costs with these designs under the intermittent power of a target.

    Raises InputError for a design that is not legal for its layer.
    """
    platform, settings = target_platform(target), target_settings(target)
    costs = [
        evaluate_design(layer, design, platform, settings)
        for layer, design in zip(network.layers, designs, strict=True)
    ]
    share = max(cost.energy.later / cost.budget_j for cost in costs)
    for layer, cost in zip(network.layers, costs, strict=True):
        if cost.verdict != OK:
            return DesignedRun(math.inf, math.inf, share, layer.name)
    return DesignedRun(
        math.fsum(cost.latency_s for cost in costs), float(sum(cost.cycles.total for cost in costs)), share
    )
