"""The execution designs of a network for an objective; what cannot be had is an error in words."""

from __future__ import annotations

from simint.errors import InfeasibleError, InputError
from simint.hardware.platform import Platform
from simint.network.layer import Layer
from simint.network.network import Network
from simint.tiling.consistent.explorer import MARGIN, explore_network_consistent
from simint.tiling.design import ExecutionDesign
from simint.tiling.geometry import DesignCodes, design_of
from simint.tiling.legality import design_space, rule_set
from simint.tiling.objective import Objective
from simint.tiling.published.electrical import ElectricalSettings
from simint.tiling.published.evaluate import FAILED_C0, REASONS, DesignCost, evaluate_design, exploration_geometry
from simint.tiling.search.explorer import FAILED_STORAGE, NetworkDesigns, explore_network_published


def choose_designs(
    network: Network,
    platform: Platform,
    objective: str,
    budget_j: float,
    margin: float = MARGIN,
    settings: ElectricalSettings | None = None,
) -> tuple[ExecutionDesign, ...]:
    """The best design of every layer for one `Objective`.

    `energy` and `latency` need a platform in consistent mode and use `budget_j`, the energy between v_on and v_off, of
    which a batch may take the share `margin`. `published` needs a platform in published mode and the Thevenin bench
    `settings`, which have a margin of their own.

    Raises InputError where something needed is missing, InfeasibleError where the network, or a layer of it, does not
    fit.
    """
    if objective != Objective.PUBLISHED:
        return explore_network_consistent(network, platform, budget_j, margin, objective).designs
    if settings is None:
        raise InputError(
            "the objective `published` needs a Thevenin bench: a source of known voltage behind a known resistance"
        )
    found = explore_published(network, platform, settings)
    return tuple(layer.design for layer in found.layers if layer.design is not None)


def explore_published(network: Network, platform: Platform, settings: ElectricalSettings) -> NetworkDesigns:
    """As `explore_network_published`, with InfeasibleError where the network has no solution."""
    found = explore_network_published(network.layers, platform, settings)
    if found.failure == FAILED_STORAGE:
        memory = platform.memory
        raise InfeasibleError(
            f"network {network.name!r}: feature maps of {found.nvm_feature_bytes} bytes and weights of "
            f"{found.nvm_weight_bytes} exceed the non-volatile memory of platform {platform.name!r} "
            f"({memory.nvm_feature_bytes} and {memory.nvm_weight_bytes}, {memory.nvm_bytes} together)"
        )
    if not found.feasible:
        layer = next(layer for layer in network.layers if layer.name == found.failed_layer)
        smallest = _smallest_designs(layer, platform, settings)
        if found.failure == REASONS[FAILED_C0]:
            needed = min(cost.vm_bytes for cost in smallest)
            obstacle = f"needs {needed} bytes of volatile memory, of which there are {platform.memory.vm_bytes}"
        else:
            cycle_j = min(cost.energy.later for cost in smallest)
            obstacle = (
                f"takes {cycle_j:.4g} J a power cycle, of which {settings.budget_j:.4g} J are there (margin included)"
            )
        raise InfeasibleError(f"layer {layer.name!r}: its smallest tile {obstacle}, platform {platform.name!r}")
    return found


def _smallest_designs(layer: Layer, platform: Platform, settings: ElectricalSettings) -> list[DesignCost]:
    """The published cost of the smallest tile in every legal order."""
    space = design_space(exploration_geometry(layer, platform), rule_set(platform))
    smallest = DesignCodes(int(space.tr[0]), int(space.tc[0]), int(space.tm[0]), int(space.tn[0]), 0, 1)
    return [
        evaluate_design(layer, design_of(smallest._replace(order=order)), platform, settings)
        for order in space.orders.tolist()
    ]
