"""Does a network fit into non-volatile memory, and which of its layers may keep two versions of their output.

A partial sum that is continued over commits must not overwrite the one it was read from until the index commits, so
such a layer needs its output twice while it runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from simint.errors import InfeasibleError
from simint.hardware.platform import Platform
from simint.network.network import Network
from simint.network.nvm import live_feature_elements, nvm_demand
from simint.tiling.consistent.layer_cost import keeps_versions
from simint.tiling.design import ExecutionDesign
from simint.tiling.geometry import codes, geometry, trips


def require_nvm(network: Network, platform: Platform) -> None:
    """Refuse a network whose live feature maps or weights exceed NVM; InfeasibleError with the numbers."""
    memory = platform.memory
    demand = nvm_demand(network, memory.element_bytes)
    for what, needed, room in (
        ("feature maps need", demand.feature_bytes, memory.nvm_feature_bytes),
        ("weights need", demand.weight_bytes, memory.nvm_weight_bytes),
        ("feature maps and weights together need", demand.total_bytes, memory.nvm_bytes),
    ):
        if needed > room:
            raise InfeasibleError(
                f"network {network.name!r}: {what} {needed} bytes of non-volatile memory, "
                f"platform {platform.name!r} has {room}"
            )


def room_for_versions(network: Network, platform: Platform) -> tuple[bool, ...]:
    """For every layer whether NVM has room for a second copy of its output while it runs."""
    memory = platform.memory
    demand = nvm_demand(network, memory.element_bytes)
    room = min(memory.nvm_feature_bytes, memory.nvm_bytes - demand.weight_bytes)
    live = live_feature_elements(network)
    return tuple(
        (elements + math.prod(layer.ofm)) * memory.element_bytes <= room
        for elements, layer in zip(live, network.layers, strict=True)
    )


def layers_without_room(network: Network, designs: Sequence[ExecutionDesign], platform: Platform) -> tuple[str, ...]:
    """Layers whose designs continue partial sums over commits although NVM has no room for a second output."""
    lacking = []
    for layer, design, room in zip(network.layers, designs, room_for_versions(network, platform), strict=True):
        g, d = geometry(layer), codes(design)
        size = trips(g, d)
        if not room and keeps_versions(g, d, size.rows * size.cols):
            lacking.append(layer.name)
    return tuple(lacking)
