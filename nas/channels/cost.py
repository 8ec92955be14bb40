"""What a cost of channel counts is: a value and its gradient; and the costs that are polynomials of the counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nas.channels.groups import FIXED, ChannelGroups, keeps_channels
from nas.space.columns import Floats
from simint.errors import InputError
from simint.network.layer import Layer, LayerKind
from simint.network.network import FROM_INPUT, Network


class ChannelCost(Protocol):
    """A cost of the counts (groups,) of kept channels: whole numbers in a search, anything between elsewhere."""

    @property
    def name(self) -> str:
        """What it counts."""

    @property
    def unit(self) -> str:
        """In what unit."""

    def priced(self, counts: Floats) -> tuple[float, Floats]:
        """The value and its gradient (groups,)."""


@dataclass(frozen=True, slots=True, eq=False)
class QuadraticCost:
    """constant + linear c + c quadratic c, of counts rounded up to whole multiples of `block`.

    With `block` N > 1 a layer is paid in blocks of N channels, as a vector unit of N lanes does: the number of blocks
    ceil(c / N) passes the gradient 1 / N straight through, so that one block more costs N channels' worth.
    """

    name: str
    unit: str
    constant: float
    linear: Floats
    quadratic: Floats
    block: int = 1

    def priced(self, counts: Floats) -> tuple[float, Floats]:
        """The value and its gradient."""
        blocks = np.ceil(counts / self.block) if self.block > 1 else counts
        c = blocks * self.block
        product = self.quadratic @ c
        slope = self.linear + product + c @ self.quadratic
        # d value / d blocks = block * slope, d blocks / d counts = 1 / block.
        return float(self.constant + self.linear @ c + c @ product), slope


def parameter_cost(network: Network, groups: ChannelGroups) -> QuadraticCost:
    """Weights of convolutions and fully connected layers without biases and batch norm, as MLPerf Tiny counts them."""
    return _of_layers("parameters", "", network, groups, _connections)


def mac_cost(network: Network, groups: ChannelGroups, block: int = 1) -> QuadraticCost:
    """Multiply-accumulates, for a vector unit of `block` lanes where that is more than one.

    Fixed channels count as they are.
    """
    if block < 1:
        raise InputError(f"block: at least 1 channel, got {block}")
    cost = _of_layers("macs", "", network, groups, lambda layer: _connections(layer) * layer.ofm[1] * layer.ofm[2])
    return QuadraticCost(cost.name, cost.unit, cost.constant, cost.linear, cost.quadratic, block)


@dataclass(frozen=True, slots=True, eq=False)
class NvmCost:
    """Bytes of non-volatile memory: weights with biases, live feature maps at their peak, and the progress record.

    As `simint.network.nvm.nvm_demand` counts them, batch norm included. `features` (layers, groups) and
    `fixed_features` (layers,): bytes of the maps alive while each layer runs. The gradient of the peak is that of the
    layer where it is.
    """

    name: str
    unit: str
    weights: QuadraticCost
    features: Floats
    fixed_features: Floats
    progress_bytes: float

    def priced(self, counts: Floats) -> tuple[float, Floats]:
        """The value and its gradient."""
        weights, slope = self.weights.priced(counts)
        live = self.fixed_features + self.features @ counts
        peak = int(live.argmax())
        return float(weights + live[peak] + self.progress_bytes), slope + self.features[peak]


def nvm_cost(network: Network, groups: ChannelGroups, element_bytes: int, index_words: int) -> NvmCost:
    """NVM of a network whose elements, and words of the progress record, take `element_bytes` each."""

    def stored(layer: Layer) -> float:
        return float(_connections(layer) * element_bytes)

    weights = _of_layers("weights", "B", network, groups, stored)
    linear, constant = weights.linear.copy(), weights.constant
    for layer, group in zip(network.layers, groups.outputs, strict=True):
        each = (4 if layer.kind is LayerKind.BN else 0) + int(layer.bias)  # as `Layer.weights` counts a BN
        if group == FIXED:
            constant += each * layer.ofm[0] * element_bytes
        else:
            linear[group] += each * element_bytes
    total = QuadraticCost("weights", "B", constant, linear, weights.quadratic)
    features, fixed = _live_features(network, groups, element_bytes)
    return NvmCost("nvm", "B", total, features, fixed, float(index_words * element_bytes))


def _connections(layer: Layer) -> float:
    """Weights of a convolution or fully connected layer for each pair of channels (each channel if depthwise)."""
    if layer.kind not in (LayerKind.CONV, LayerKind.DW, LayerKind.FC):
        return 0.0
    return math.prod(layer.kernel) / (1 if keeps_channels(layer) else layer.groups)


def _of_layers(
    name: str, unit: str, network: Network, groups: ChannelGroups, each: Callable[[Layer], float]
) -> QuadraticCost:
    """The sum over layers of `each(layer)` times its input and output channels (output alone if depthwise)."""
    count = len(groups.sizes)
    constant, linear, quadratic = 0.0, np.zeros(count), np.zeros((count, count))
    for layer, reads, writes in zip(network.layers, groups.inputs, groups.outputs, strict=True):
        factor = each(layer)
        free = [writes] if keeps_channels(layer) else [reads, writes]
        sizes = [layer.ofm[0]] if keeps_channels(layer) else [layer.ifm[0], layer.ofm[0]]
        factor *= math.prod(size for size, group in zip(sizes, free, strict=True) if group == FIXED)
        match [group for group in free if group != FIXED]:
            case []:
                constant += factor
            case [group]:
                linear[group] += factor
            case [one, other]:
                quadratic[one, other] += factor
    return QuadraticCost(name, unit, constant, linear, quadratic)


def _live_features(network: Network, groups: ChannelGroups, element_bytes: int) -> tuple[Floats, Floats]:
    """Bytes of the maps alive while each layer runs, by channel of each group, and of channels that are fixed."""
    layers, producers = network.layers, network.producers()
    last_reader = {FROM_INPUT: 0} | {place: place for place in range(len(layers))}
    for position, sources in enumerate(producers):
        last_reader.update(dict.fromkeys(sources, position))
    free, fixed = np.zeros((len(layers), len(groups.sizes))), np.zeros(len(layers))
    for place, last in last_reader.items():
        shape = network.input_shape if place == FROM_INPUT else layers[place].ofm
        group = FIXED if place == FROM_INPUT else groups.outputs[place]
        area = shape[1] * shape[2] * element_bytes
        if group == FIXED:
            fixed[max(place, 0) : last + 1] += area * shape[0]
        else:
            free[place : last + 1, group] += area
    return free, fixed
