"""A masked module as the plain module of the network that is left, exact to rounding, batch norm state included."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nas.channels.groups import FIXED, Kept, channel_groups, keeps_channels
from nas.channels.masked_module import MaskedModule
from nas.channels.pruning import pruned
from nas.modules.network_module import NetworkModule
from nas.modules.operators import Convolution, FullyConnected
from simint.network.layer import Layer


def exported(masked: MaskedModule, name: str = "") -> NetworkModule:
    """The channels that are kept, as a module of their own; `name`: of its network."""
    return sliced(masked.plain, masked.masks.kept(), name)


@torch.no_grad()
def sliced(module: NetworkModule, kept: Kept, name: str = "") -> NetworkModule:
    """A new module with only the kept channels: parameters and statistics copied, training mode and device as before.

    Raises InputError where `kept` does not fit the network's groups.
    """
    groups = channel_groups(module.network)
    small = NetworkModule(pruned(module.network, kept, name), module.activations)
    small.relu_after = module.relu_after  # the same list, so the same places
    for layer, part, target, reads, writes in zip(
        module.network.layers, module.operators, small.operators, groups.inputs, groups.outputs, strict=True
    ):
        inputs = None if reads == FIXED else kept[reads]
        outputs = None if writes == FIXED else kept[writes]
        state = {key: _chosen(value, layer, part, inputs, outputs) for key, value in part.state_dict().items()}
        target.load_state_dict(state)
    parameter = next(module.parameters(), None)
    small.to("cpu" if parameter is None else parameter.device)
    small.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # unknown to the stubs
    return small.train(module.training)


def _chosen(
    value: Tensor, layer: Layer, part: nn.Module, inputs: tuple[int, ...] | None, outputs: tuple[int, ...] | None
) -> Tensor:
    """The rows of kept outputs, and of weights the columns of kept inputs."""
    if value.dim() == 0:  # batches counted by a normalisation
        return value
    if outputs is not None:
        value = value[list(outputs)]
    if inputs is None or value.dim() == 1 or keeps_channels(layer):
        return value
    if isinstance(part, FullyConnected):
        channels, height, width = layer.ifm
        return value.view(len(value), channels, height * width)[:, list(inputs)].flatten(1)
    assert isinstance(part, Convolution)
    return value[:, list(inputs)]
