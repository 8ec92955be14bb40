"""Does it fit? Volatile memory for the designs, non-volatile memory for network, versioned copies and checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simint.errors import InfeasibleError

if TYPE_CHECKING:
    from simint.engine.policy import RecoveryPolicy
    from simint.network.network import Network
    from simint.scenario import Parts
    from simint.tiling.design import ExecutionDesign
    from simint.tiling.schedule import Schedule


def require_memory(
    parts: Parts, designs: Sequence[ExecutionDesign], schedule: Schedule, policy: RecoveryPolicy
) -> None:
    """Refuse what does not fit; InfeasibleError with the numbers.

    Designs that were given, not chosen, may not fit; nor may a network that the published search does not check.
    """
    from simint.tiling.consistent.storage import require_nvm

    require_nvm(parts.network, parts.platform)
    room = parts.platform.memory.vm_bytes
    if schedule.vm_bytes > room:
        raise InfeasibleError(
            f"the designs of network {parts.network.name!r} need {schedule.vm_bytes} bytes of volatile memory, "
            f"platform {parts.platform.name!r} has {room}: choose smaller tiles, or --design best"
        )
    if policy.checkpoints:
        _require_checkpoints(parts, schedule, policy)
    if policy.counts_jobs:
        _require_versions(parts, designs, policy)


def _require_checkpoints(parts: Parts, schedule: Schedule, policy: RecoveryPolicy) -> None:
    """Two copies of volatile memory, beside the network."""
    from simint.network.nvm import nvm_demand
    from simint.tiling.checkpoint_cost import image_bytes

    memory, copies = parts.platform.memory, 2 * image_bytes(schedule.vm_bytes)
    left = memory.nvm_bytes - nvm_demand(parts.network, memory.element_bytes).total_bytes
    if copies > left:
        raise InfeasibleError(
            f"policy {policy.name!r}: two copies of the largest checkpoint need {copies} bytes of non-volatile memory; "
            f"beside network {parts.network.name!r}, platform {parts.platform.name!r} has {left}: choose smaller tiles"
        )


def _require_versions(parts: Parts, designs: Sequence[ExecutionDesign], policy: RecoveryPolicy) -> None:
    """Partial sums that are continued over commits need a second copy of the layer's output."""
    from simint.tiling.consistent.storage import layers_without_room

    network: Network = parts.network
    lacking = layers_without_room(network, designs, parts.platform)
    if lacking:
        raise InfeasibleError(
            f"policy {policy.name!r}: layer {lacking[0]!r} of network {network.name!r} continues partial sums from job "
            f"to job, and the non-volatile memory of platform {parts.platform.name!r} has no room for a second copy of "
            "its output: choose larger tiles, or policy tile"
        )
