"""Which channels of a network must be kept or dropped together: the connected components of its channel graph.

A map's channels agree with those it is made of wherever an operator works channel by channel (depthwise convolution,
batch normalisation, rectifier, pools) and where maps are added. A convolution or a fully connected layer begins new
channels. There is no concatenation among the layer kinds. The network's input and result keep all channels, and so do
both sides of a convolution whose groups are neither one nor all channels: dropping a channel would break its groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from simint.errors import InputError
from simint.network.layer import Layer, LayerKind
from simint.network.network import FROM_INPUT, Network

FIXED = -1  # in `ChannelGroups.outputs` and `.inputs`: channels that nobody may drop

Kept = tuple[tuple[int, ...], ...]  # for every group the channels that stay, ascending


@dataclass(frozen=True, slots=True)
class ChannelGroups:
    """What must be kept or dropped together.

    `sizes`: channels of every group; `names`: the first layer of each. `inputs`, `outputs`: for every layer the group
    of the maps it reads and of the map it writes, or FIXED.
    """

    sizes: tuple[int, ...]
    names: tuple[str, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def check(self, kept: Kept) -> None:
        """InputError unless `kept` has, for every group, at least one of its channels, ascending and once each."""
        if len(kept) != len(self.sizes):
            raise InputError(f"kept channels of {len(self.sizes)} groups expected, got {len(kept)}")
        for name, size, channels in zip(self.names, self.sizes, kept, strict=True):
            rising = all(low < high for low, high in pairwise(channels))
            if not channels or not rising or channels[0] < 0 or channels[-1] >= size:
                raise InputError(f"group {name!r}: 1 to {size} ascending channels from 0 to {size - 1} expected")


def keeps_channels(layer: Layer) -> bool:
    """Whether an output channel is made of the input channel of the same number alone (and of others' for ADD)."""
    if layer.kind is LayerKind.CONV:
        return layer.groups > 1 and layer.groups == layer.ifm[0] == layer.ofm[0]
    return layer.kind is not LayerKind.FC


def channel_groups(network: Network) -> ChannelGroups:
    """The groups of a network, in the order of their first layers."""
    count = len(network.layers)
    parent = list(range(count + 1))  # the last is the network's input: index FROM_INPUT
    fixed = [FROM_INPUT, count - 1]
    producers = network.producers()
    for position, (layer, sources) in enumerate(zip(network.layers, producers, strict=True)):
        if keeps_channels(layer):
            for source in sources:
                parent[_root(parent, source)] = _root(parent, position)
        elif layer.kind is LayerKind.CONV and layer.groups > 1:
            fixed += [position, *sources]
    frozen = {_root(parent, place) for place in fixed}
    number: dict[int, int] = {}
    sizes: list[int] = []
    names: list[str] = []
    outputs: list[int] = []
    for position, layer in enumerate(network.layers):
        root = _root(parent, position)
        if root in frozen:
            outputs.append(FIXED)
            continue
        if root not in number:
            number[root] = len(sizes)
            sizes.append(layer.ofm[0])
            names.append(layer.name)
        outputs.append(number[root])
    inputs = tuple(FIXED if sources[0] == FROM_INPUT else outputs[sources[0]] for sources in producers)
    return ChannelGroups(tuple(sizes), tuple(names), inputs, tuple(outputs))


def kept_of(groups: ChannelGroups, flags: Sequence[bool]) -> Kept:
    """Kept channels from one flag a channel, the groups one after the other."""
    kept, start = [], 0
    for size in groups.sizes:
        kept.append(tuple(channel for channel in range(size) if flags[start + channel]))
        start += size
    return tuple(kept)


def _root(parent: list[int], place: int) -> int:
    place %= len(parent)  # FROM_INPUT is the last one
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = parent[place]
    return place
