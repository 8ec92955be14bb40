"""A network module whose channels are masked.

A mask multiplies a map behind its batch normalisation, or behind the layer itself where no normalisation follows, bias
included: what is masked is exactly 0 for everyone who reads it. The product is taken inside the operator: theta times
scale and shift of a normalisation, theta times weights and bias of a layer, which gives the same maps and the same
gradients as masking the map, and costs next to nothing. As a rectifier passes no gradient at 0, a masked channel before
one hears nothing from the task; it comes back by the momentum of its alpha, by rounding to a permitted count, or where
the costs ask for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from nas.channels.groups import FIXED, channel_groups
from nas.channels.kinds import Counts, FirstAlphas, permitted_counts
from nas.channels.masks import ChannelMasks, split
from nas.modules.network_module import NetworkModule
from nas.modules.operators import Convolution, FullyConnected
from simint.network.layer import WEIGHTED, LayerKind
from simint.network.network import FROM_INPUT, Network


class MaskedModule(nn.Module):
    """`plain`: the module with all channels, whose parameters are trained; `masks`: which of them act.

    `permitted`: the counts each group may have, see `ChannelMasks`; by default those of `Counts.SMOOTH`.
    """

    def __init__(self, plain: NetworkModule, permitted: Sequence[Sequence[int]] | None = None) -> None:
        super().__init__()
        groups = channel_groups(plain.network)
        self.plain = plain
        self.masks = ChannelMasks(groups, permitted or [permitted_counts(size, Counts.SMOOTH) for size in groups.sizes])
        self._masked = masked_layers(plain.network)
        self._producers = plain.network.producers()
        readers = {source: reader for reader, sources in enumerate(self._producers) for source in sources}
        self._done: list[list[int]] = [[] for _ in plain.network.layers]
        for source, reader in readers.items():
            self._done[reader].append(source)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, height, width) to (n, classes)."""
        return self.masked(x, self.masks())

    def masked(self, x: Tensor, theta: Tensor) -> Tensor:
        """The same with given masks (channels of all groups,), as `ChannelMasks.forward` gives them."""
        parts = split(theta, self.masks.groups)
        alive = {FROM_INPUT: x.contiguous(memory_format=torch.channels_last)}
        y = x
        for position, (part, sources) in enumerate(zip(self.plain.operators, self._producers, strict=True)):
            if position in self._masked:
                y = _masked(part, alive[sources[0]], parts[self.masks.groups.outputs[position]])
            else:
                y = part(*[alive[source] for source in sources])
            if position in self.plain.relu_after:
                y = functional.relu(y)
            alive[position] = y
            for source in self._done[position]:
                del alive[source]
        return y.flatten(1)

    @torch.no_grad()
    def first_alphas(self, first: FirstAlphas) -> None:
        """Set all alphas; the importance of a channel is the sum of |scale| over the normalisations of its group.

        A group without a normalisation is ranked by the absolute sums of the weights that make its channels.
        """
        if first is FirstAlphas.EQUAL:
            self.masks.alpha.fill_(1.0)
            return
        groups = self.masks.groups
        scales = [torch.zeros(size) for size in groups.sizes]
        weights = [torch.zeros(size) for size in groups.sizes]
        for part, group in zip(self.plain.operators, groups.outputs, strict=True):
            if group == FIXED:
                continue
            if isinstance(part, nn.BatchNorm2d):
                scales[group] += part.weight.abs().cpu()
            elif isinstance(part, (Convolution, FullyConnected)):
                weights[group] += part.weight.abs().flatten(1).sum(1).cpu()
        importance = [scale if bool(scale.any()) else weight for scale, weight in zip(scales, weights, strict=True)]
        if importance:
            self.masks.rank(torch.cat(importance))


def masked_layers(network: Network) -> frozenset[int]:
    """Layers whose output is masked: normalisations, and weighted layers not read by one normalisation alone."""
    groups, producers = channel_groups(network), network.producers()
    readers: dict[int, list[int]] = {}
    for position, sources in enumerate(producers):
        for source in set(sources):
            readers.setdefault(source, []).append(position)
    places = set()
    for position, layer in enumerate(network.layers):
        if groups.outputs[position] == FIXED:
            continue
        read_by = [network.layers[reader].kind for reader in readers.get(position, [])]
        if layer.kind is LayerKind.BN or (layer.kind in WEIGHTED and read_by != [LayerKind.BN]):
            places.add(position)
    return frozenset(places)


def _masked(part: nn.Module, x: Tensor, theta: Tensor) -> Tensor:
    """The operator with its output channels multiplied by theta."""
    own = {name: value * theta.view(-1, *[1] * (value.dim() - 1)) for name, value in part.named_parameters()}
    y: Tensor = functional_call(part, own, (x,))
    return y
