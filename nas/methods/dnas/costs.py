"""The two costs of a search, and what a network of it costs exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nas.channels.cost import ChannelCost, QuadraticCost, mac_cost, nvm_cost, parameter_cost
from nas.channels.groups import ChannelGroups, channel_groups
from nas.channels.tables import CostTables, TableCost, TableObjective, build_tables
from nas.hardware.pricing import Pricing, network_costs, pricing_of
from nas.methods.dnas.config import DnasConfig, Memory, Objective
from nas.problem.evaluation import HardwareCosts
from nas.space.columns import Floats
from nas.space.target import Target
from simint.errors import InputError
from simint.hardware.platform import Platform
from simint.network.network import Network
from simint.tiling.search.goal import PublishedObjective

# What execution designs make small where the platform's explorer has a choice (published mode).
_DESIGNS = {
    Objective.LATENCY: PublishedObjective.LATENCY,
    Objective.IMO: PublishedObjective.IMO,
}


@dataclass(frozen=True, slots=True)
class SearchCosts:
    """`memory` in bytes is limited, `second` made small; `pricing` says what a network costs exactly.

    `seed_memory`, `seed_second`: of the seed network; `seed_costs` its exact costs.
    """

    groups: ChannelGroups
    memory: ChannelCost
    second: ChannelCost
    pricing: Pricing
    seed_memory: float
    seed_second: float
    seed_costs: HardwareCosts

    def counts(self, kept: tuple[tuple[int, ...], ...]) -> Floats:
        """Counts (groups,) of kept channels."""
        return np.array([len(channels) for channels in kept], dtype=np.float64)


class CostBook:
    """Cost tables that are built once for all points of a sweep."""

    def __init__(self) -> None:
        self._tables: dict[tuple[Network, Target, PublishedObjective], CostTables] = {}

    def costs(self, config: DnasConfig, network: Network) -> SearchCosts:
        """The costs of a point; InputError for layers that the platform's cost mode does not cover."""
        groups = channel_groups(network)
        if not groups.sizes:
            raise InputError(f"network {network.name!r}: no layer has channels that could be dropped")
        pricing = pricing_of(config.target, _DESIGNS.get(config.objective, PublishedObjective.ENERGY))
        full = np.array(groups.sizes, dtype=np.float64)
        memory = memory_cost(network, groups, pricing.platform, config.memory_of)
        second: ChannelCost
        if config.objective is Objective.MACS:
            second = mac_cost(network, groups)
        else:
            key = (network, config.target, pricing.objective)
            if key not in self._tables:
                self._tables[key] = build_tables(network, groups, pricing)
            second = TableCost(self._tables[key], TableObjective(config.objective.value))
        return SearchCosts(
            groups,
            memory,
            second,
            pricing,
            memory.priced(full)[0],
            second.priced(full)[0],
            network_costs(network, pricing),
        )


def memory_cost(network: Network, groups: ChannelGroups, platform: Platform, memory: Memory) -> ChannelCost:
    """Bytes of what is limited."""
    element_bytes = platform.memory.element_bytes
    if memory is Memory.NVM:
        return nvm_cost(network, groups, element_bytes, platform.index_words)
    cost = parameter_cost(network, groups)
    return QuadraticCost(
        "weights", "B", cost.constant * element_bytes, cost.linear * element_bytes, cost.quadratic * element_bytes
    )
