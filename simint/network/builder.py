"""Writes a layer list as one writes a forward pass: every call takes feature maps, appends a layer, gives its map."""

from __future__ import annotations

from typing import NamedTuple

from simint.network.layer import Layer, LayerKind, Shape
from simint.network.network import NETWORK_INPUT

Pair = tuple[int, int]
Padding = tuple[int, int, int, int]


class FeatureMap(NamedTuple):
    """A feature map in the making: the layer that writes it and its channels, height, width."""

    producer: str
    shape: Shape


class LayerBuilder:
    """Collects `layers`; `input` is the map the network is given.

    A layer without a name of its own gets `KIND_<position in the list>`, as in the published layer lists, where a
    depthwise convolution is a CONV too.
    """

    def __init__(self, input_shape: Shape) -> None:
        self.input = FeatureMap(NETWORK_INPUT, input_shape)
        self.layers: list[Layer] = []

    def conv(
        self,
        x: FeatureMap,
        filters: int,
        kernel: Pair = (1, 1),
        stride: Pair = (1, 1),
        pad: Padding = (0, 0, 0, 0),
        *,
        bias: bool = False,
    ) -> FeatureMap:
        """A convolution."""
        ofm = (filters, *_output_size(x.shape, kernel, stride, pad))
        return self._append(LayerKind.CONV, (x,), ofm, kernel=kernel, stride=stride, pad=pad, bias=bias)

    def depthwise(self, x: FeatureMap, kernel: Pair, stride: Pair, pad: Padding) -> FeatureMap:
        """A depthwise convolution without bias."""
        ofm = (x.shape[0], *_output_size(x.shape, kernel, stride, pad))
        return self._append(LayerKind.DW, (x,), ofm, kernel=kernel, stride=stride, pad=pad)

    def batch_norm(self, x: FeatureMap) -> FeatureMap:
        """A batch normalisation."""
        return self._append(LayerKind.BN, (x,), x.shape)

    def relu(self, x: FeatureMap) -> FeatureMap:
        """A rectified linear unit."""
        return self._append(LayerKind.RELU, (x,), x.shape)

    def add(self, x: FeatureMap, shortcut: FeatureMap) -> FeatureMap:
        """The sum of two maps of equal shape."""
        return self._append(LayerKind.ADD, (x, shortcut), x.shape)

    def global_average_pool(self, x: FeatureMap, name: str = "") -> FeatureMap:
        """The mean of every channel."""
        return self._append(LayerKind.GAVGPOOL, (x,), (x.shape[0], 1, 1), name=name)

    def fully_connected(self, x: FeatureMap, units: int, *, bias: bool = False, name: str = "") -> FeatureMap:
        """A layer that connects every element of its input to every unit."""
        return self._append(LayerKind.FC, (x,), (units, 1, 1), kernel=x.shape[1:], bias=bias, name=name)

    def _append(
        self,
        kind: LayerKind,
        sources: tuple[FeatureMap, ...],
        ofm: Shape,
        *,
        kernel: Pair = (1, 1),
        stride: Pair = (1, 1),
        pad: Padding = (0, 0, 0, 0),
        bias: bool = False,
        name: str = "",
    ) -> FeatureMap:
        before = self.layers[-1].name if self.layers else NETWORK_INPUT
        producers = tuple(source.producer for source in sources)
        published_kind = LayerKind.CONV if kind is LayerKind.DW else kind
        layer = Layer(
            name=name or f"{published_kind}_{len(self.layers)}",
            kind=kind,
            ifm=sources[0].shape,
            ofm=ofm,
            kernel=kernel,
            stride=stride,
            pad=pad,
            bias=bias,
            inputs=() if producers == (before,) else producers,
        )
        self.layers.append(layer)
        return FeatureMap(layer.name, ofm)


def _output_size(ifm: Shape, kernel: Pair, stride: Pair, pad: Padding) -> Pair:
    _, height, width = ifm
    top, bottom, left, right = pad
    return (height + top + bottom - kernel[0]) // stride[0] + 1, (width + left + right - kernel[1]) // stride[1] + 1
