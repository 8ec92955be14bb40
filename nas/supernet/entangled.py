"""The weight-entangled supernet: one bank of weights a block and layer, from which every choice takes its part.

Expansion, width: the first channels. Kernel: the centre of the widest. Repeats: the first layers. Shortcut: a switch.
So each weight sees every batch that reaches its depth. Slicing as in Cai et al., "Once-for-All", ICLR 2020
(arXiv:1908.09791), without its kernel transforms; "entangled" after Chen et al., "AutoFormer", ICCV 2021
(doi 10.1109/ICCV48922.2021.01205).
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from nas.modules.kinds import Initialisation
from nas.supernet.parts import drawn_bottleneck, drawn_shortcut, drawn_stem
from nas.supernet.path_space import Path, PathSpace
from nas.supernet.path_weights import Bottleneck, ConvBn, PathWeights
from nas.supernet.weight_store import Draft, WeightStore
from simint.network.mbconv import MbconvBlock


class _Bank(NamedTuple):
    """The weights of one layer at its largest, and the segments that they and the projected shortcut make up."""

    whole: Bottleneck
    stride: int
    segment: int
    shortcut_segment: int


class EntangledSupernet:
    """One bank a block and layer, for every width and resolution of the space; `build_entangled` draws the weights."""

    def __init__(
        self, space: PathSpace, store: WeightStore, ends: PathWeights, banks: tuple[tuple[_Bank, ...], ...]
    ) -> None:
        self.space = space
        self.store = store
        self._ends = ends
        self._banks = banks
        self._dimensions = space.tables.dimensions

    def path(self, path: Path) -> PathWeights:
        """The weights of a path of the space: views of the banks."""
        inputs = self.space.tables.stem_channels
        layers: list[Bottleneck] = []
        segments = list(self._ends.segments)
        for banks, block, outputs in zip(self._banks, path.blocks, path.channels, strict=True):
            for bank in banks[: block.repeats]:
                layer = self._layer(bank, block, inputs, outputs)
                layers.append(layer)
                segments.append(bank.segment)
                if layer.shortcut is not None:
                    segments.append(bank.shortcut_segment)
                inputs = outputs
        return self._ends._replace(
            bottlenecks=tuple(layers), classifier=self._ends.classifier[:, :inputs], segments=tuple(segments)
        )

    def _layer(self, bank: _Bank, block: MbconvBlock, inputs: int, outputs: int) -> Bottleneck:
        whole, hidden = bank.whole, block.expansion * inputs
        added = block.skip and bank.stride == 1
        projected = added and inputs != outputs
        return Bottleneck(
            _part(whole.expand, hidden, inputs),
            self._cropped(_part(whole.depthwise, hidden, 1)._replace(groups=hidden), block.kernel),
            _part(whole.project, outputs, hidden),
            _part(whole.shortcut, outputs, inputs) if projected and whole.shortcut is not None else None,
            added,
        )

    def _cropped(self, layer: ConvBn, kernel: int) -> ConvBn:
        """The centre of a kernel."""
        margin = (layer.weight.shape[2] - kernel) // 2
        if margin == 0:
            return layer
        inside = slice(margin, margin + kernel)
        pad = (kernel - 1) // 2
        if self._dimensions == 1:
            return layer._replace(weight=layer.weight[:, :, inside], padding=(pad, 0))
        return layer._replace(weight=layer.weight[:, :, inside, inside], padding=(pad, pad))


def build_entangled(
    space: PathSpace, initialisation: Initialisation, generator: torch.Generator, device: torch.device
) -> EntangledSupernet:
    """A supernet for all widths and resolutions of the space."""
    tables = space.tables
    draft = Draft(initialisation, generator)
    stem = drawn_stem(draft, tables)
    stem_segment = draft.close_segment()
    inputs = tables.stem_channels
    channels = space.largest.channels  # rounding is monotonous, so the widest has the most in every block
    all_banks = []
    for options, outputs, stride in zip(space.blocks, channels, tables.block_strides, strict=True):
        largest = options.largest
        banks = []
        for repeat in range(largest.repeats):
            step = stride if repeat == 0 else 1
            layer = drawn_bottleneck(
                draft, tables, inputs, largest.expansion * inputs, outputs, largest.kernel, step, added=False
            )
            segment = draft.close_segment()
            # Only a block's first layer can change the channels; those after it have as many out as in at any width.
            # Where they are equal at the largest width they may differ at another.
            projected = largest.skip and step == 1 and repeat == 0 and (inputs != outputs or len(space.widths) > 1)
            if projected:
                layer = layer._replace(shortcut=drawn_shortcut(draft, inputs, outputs))
            banks.append(_Bank(layer, step, segment, draft.close_segment() if projected else segment))
            inputs = outputs
        all_banks.append(tuple(banks))
    classifier, bias = draft.classifier(tables.classes, inputs)
    ends = PathWeights(stem, (), classifier, bias, (stem_segment, draft.close_segment()))
    return EntangledSupernet(space, draft.pack(device), ends, tuple(all_banks))


def _part(layer: ConvBn, outputs: int, inputs: int) -> ConvBn:
    """The first channels of a layer."""
    if outputs == layer.weight.shape[0] and inputs == layer.weight.shape[1]:
        return layer
    return layer._replace(
        weight=layer.weight[:outputs, :inputs],
        scale=layer.scale[:outputs],
        shift=layer.shift[:outputs],
        mean=layer.mean[:outputs],
        var=layer.var[:outputs],
    )
