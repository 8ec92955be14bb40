"""The operators of a layer list as torch modules, on maps of shape (n, channels, height, width).

A 1-D map has width 1 and stays a 2-D convolution with a k x 1 kernel: in the channels-last memory format that is faster
on a CPU than `Conv1d`, which has no such format.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from simint.network.layer import Layer, LayerKind

# Of the published networks' batch normalisations (TiNAS artefact: the defaults of PyTorch).
BN_EPSILON = 1e-5
BN_MOMENTUM = 0.1


class Convolution(nn.Module):
    """A convolution, grouped or depthwise, zero-padded by its own amount on each of the four sides."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.groups = layer.ofm[0] if layer.kind is LayerKind.DW else layer.groups
        self.stride = layer.stride
        self.outside, self.padding = _split_padding(layer)
        self.weight = nn.Parameter(torch.empty(layer.ofm[0], layer.ifm[0] // self.groups, *layer.kernel))
        self.bias = nn.Parameter(torch.empty(layer.ofm[0])) if layer.bias else None

    def forward(self, x: Tensor) -> Tensor:
        """The filtered map."""
        if self.outside is not None:
            x = functional.pad(x, self.outside)
        return functional.conv2d(x, self.weight, self.bias, self.stride, self.padding, 1, self.groups)


class FullyConnected(nn.Module):
    """Every unit sees the whole map, in the order channel, height, width; gives (n, units, 1, 1)."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        channels, height, width = layer.ifm
        self.weight = nn.Parameter(torch.empty(layer.ofm[0], channels * height * width))
        self.bias = nn.Parameter(torch.empty(layer.ofm[0])) if layer.bias else None

    def forward(self, x: Tensor) -> Tensor:
        """The units' sums."""
        return functional.linear(x.flatten(1), self.weight, self.bias)[:, :, None, None]


class Addition(nn.Module):
    """The sum of two maps."""

    def forward(self, x: Tensor, shortcut: Tensor) -> Tensor:
        """The sum."""
        return x + shortcut


class AveragePool(nn.Module):
    """Mean of every window; padded zeros count, so that every window has the same divisor."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.kernel, self.stride = layer.kernel, layer.stride
        top, bottom, left, right = layer.pad
        self.outside = (left, right, top, bottom) if any(layer.pad) else None

    def forward(self, x: Tensor) -> Tensor:
        """The means."""
        if self.outside is not None:
            x = functional.pad(x, self.outside)
        return functional.avg_pool2d(x, self.kernel, self.stride)


class GlobalAveragePool(nn.Module):
    """Mean of every channel; gives (n, channels, 1, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        """The means."""
        return x.mean((2, 3), keepdim=True)


def operator(layer: Layer) -> nn.Module:
    """The module of one layer, its weights not yet set."""
    match layer.kind:
        case LayerKind.CONV | LayerKind.DW:
            return Convolution(layer)
        case LayerKind.FC:
            return FullyConnected(layer)
        case LayerKind.BN:
            return nn.BatchNorm2d(layer.ofm[0], eps=BN_EPSILON, momentum=BN_MOMENTUM)
        case LayerKind.RELU:
            return nn.ReLU()
        case LayerKind.ADD:
            return Addition()
        case LayerKind.POOL:
            return AveragePool(layer)
        case LayerKind.GAVGPOOL:
            return GlobalAveragePool()


def _split_padding(layer: Layer) -> tuple[tuple[int, int, int, int] | None, tuple[int, int]]:
    """What to pad by hand (left, right, top, bottom) and what the convolution pads itself on both sides."""
    top, bottom, left, right = layer.pad
    if top == bottom and left == right:
        return None, (top, left)
    return (left, right, top, bottom), (0, 0)
