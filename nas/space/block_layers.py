"""Layers of every part of the networks of a search space, each distinct shape once.

A block of n layers is its first bottleneck and n - 1 equal ones after it, so a part is a short list of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from nas.space.mbconv_space import MbconvSpace
from simint.network.builder import LayerBuilder
from simint.network.layer import Layer, Shape
from simint.network.mbconv import MbconvBlock, MbconvFamily, append_block, mbconv_network

STEM_LAYERS = 2  # convolution and batch normalisation before the first block
HEAD_LAYERS = 2  # pooling and classifier after the last one

Numbers = tuple[int, ...]


class _Chain(NamedTuple):
    layers: Numbers
    output: Shape


class LayerBook:
    """Numbers layers so that equal shapes have equal numbers; `layers` holds one of each."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self._numbers: dict[object, int] = {}
        self._chains: dict[object, _Chain] = {}

    def numbers(self, layers: Iterable[Layer]) -> Numbers:
        """The numbers of these layers."""
        found = []
        for layer in layers:
            shape = (layer.kind, layer.ifm, layer.ofm, layer.kernel, layer.stride, layer.pad, layer.groups)
            if shape not in self._numbers:
                self._numbers[shape] = len(self.layers)
                self.layers.append(layer)
            found.append(self._numbers[shape])
        return tuple(found)

    def bottleneck(self, family: MbconvFamily, ifm: Shape, block: MbconvBlock, channels: int, stride: int) -> _Chain:
        """The layers of one bottleneck that reads `ifm`, and the shape it writes; `block` has one repeat."""
        key = (family.dimensions, ifm, block, channels, stride)
        if key not in self._chains:
            builder = LayerBuilder(ifm)
            output = append_block(builder, builder.input, family, block, channels, stride)
            self._chains[key] = _Chain(self.numbers(builder.layers), output.shape)
        return self._chains[key]


@dataclass(frozen=True, slots=True)
class SettingLayers:
    """Layers of one network-level choice: stem and head, and those of every block choice, as numbers of a LayerBook."""

    fixed: Numbers
    blocks: tuple[tuple[Numbers, ...], ...]


def setting_layers(book: LayerBook, space: MbconvSpace, setting: int) -> SettingLayers:
    """Everything a network of that setting may be made of."""
    any_spec = space.spec(setting, [0] * space.blocks)
    any_layers = mbconv_network(any_spec).layers
    family, choices = any_spec.family, space.choices
    ifm = any_layers[STEM_LAYERS - 1].ofm
    blocks = []
    for channels, stride in zip(any_spec.channels, family.block_strides, strict=True):
        members = []
        for choice in choices:
            one = replace(choice, repeats=1)
            first = book.bottleneck(family, ifm, one, channels, stride)
            layers = first.layers
            if choice.repeats > 1:
                later = book.bottleneck(family, first.output, one, channels, 1)
                layers += later.layers * (choice.repeats - 1)
            members.append(layers)
        blocks.append(tuple(members))
        ifm = first.output
    fixed = book.numbers((*any_layers[:STEM_LAYERS], *any_layers[-HEAD_LAYERS:]))
    return SettingLayers(fixed, tuple(blocks))
