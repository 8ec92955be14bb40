"""The network that is left when channels are dropped."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nas.channels.groups import FIXED, ChannelGroups, Kept, channel_groups, keeps_channels
from simint.errors import InputError
from simint.network.layer import Layer, LayerKind
from simint.network.network import Network


def pruned(network: Network, kept: Kept, name: str = "") -> Network:
    """The network with only the kept channels of each group; `name` defaults to its own and the counts.

    Raises InputError where `kept` does not fit the network's groups.
    """
    groups = channel_groups(network)
    groups.check(kept)
    return resized_network(network, groups, [len(channels) for channels in kept], name)


def resized_network(network: Network, groups: ChannelGroups, counts: Sequence[int], name: str = "") -> Network:
    """The network with so many channels in each group; InputError for none or more than there are."""
    for group, size, count in zip(groups.names, groups.sizes, counts, strict=True):
        if not 1 <= count <= size:
            raise InputError(f"group {group!r}: 1 to {size} channels expected, got {count}")
    layers = tuple(
        resized_layer(
            layer,
            layer.ifm[0] if inputs == FIXED else counts[inputs],
            layer.ofm[0] if outputs == FIXED else counts[outputs],
        )
        for layer, inputs, outputs in zip(network.layers, groups.inputs, groups.outputs, strict=True)
    )
    chosen = name or f"{network.name}/{'-'.join(map(str, counts))}"
    return Network(name=chosen, layers=layers, notes=f"channels of {network.name}; {network.notes}".rstrip("; "))


def resized_layer(layer: Layer, inputs: int, outputs: int) -> Layer:
    """The layer with so many input and output channels."""
    depthwise = layer.kind is LayerKind.CONV and keeps_channels(layer)
    return msgspec.structs.replace(
        layer,
        ifm=(inputs, *layer.ifm[1:]),
        ofm=(outputs, *layer.ofm[1:]),
        groups=outputs if depthwise else layer.groups,
    )
