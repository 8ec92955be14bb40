"""One entry to the exploration of a network in either cost mode."""

from __future__ import annotations

from simint.hardware.platform import CostMode, Platform
from simint.network.network import Network
from simint.tiling.consistent.explorer import NetworkPlan, explore_network_consistent
from simint.tiling.objective import Objective
from simint.tiling.published.electrical import ElectricalSettings
from simint.tiling.search.explorer import NetworkDesigns, explore_network_published
from simint.tiling.search.goal import PublishedObjective


def explore_network(
    network: Network, platform: Platform, settings: ElectricalSettings, objective: str | None = None
) -> NetworkDesigns | NetworkPlan:
    """The best design of every layer; what is made small follows from the platform's cost mode and `objective`.

    Published mode: a `PublishedObjective`, by default the end-to-end latency with one batch per power cycle. Consistent
    mode: `energy` (the default), with a progress record after every batch but as many batches per power cycle as the
    energy lasts for, or `latency`, the time when power never fails; of `settings` only the energy between the
    thresholds and the margin count.

    Raises InputError for an objective that the mode does not have and for layers that it does not cover; in consistent
    mode also InfeasibleError where no design is left.
    """
    if platform.mode is CostMode.CONSISTENT:
        wanted = objective or Objective.ENERGY
        return explore_network_consistent(network, platform, settings.swing_j, settings.margin, wanted)
    return explore_network_published(network.layers, platform, settings, objective or PublishedObjective.LATENCY)
