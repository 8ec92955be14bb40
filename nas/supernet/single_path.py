"""The published single-path one-shot supernet (TiNAS; after Guo et al., ECCV 2020, doi 10.1007/978-3-030-58517-4_32).

In every block each choice has a module of its own, with its own weights and batch norms; networks share weights where
they make the same choice in the same block. Stem and classifier are shared by all.
"""

from __future__ import annotations

import torch

from nas.modules.kinds import Initialisation
from nas.supernet.parts import drawn_bottleneck, drawn_shortcut, drawn_stem
from nas.supernet.path_space import Path, PathSpace
from nas.supernet.path_weights import Bottleneck, PathWeights
from nas.supernet.weight_store import Draft, WeightStore
from simint.errors import InputError
from simint.network.mbconv import MbconvBlock, MbconvFamily


class SinglePathSupernet:
    """One module a choice and block; `build_single_path` draws the weights."""

    def __init__(
        self,
        space: PathSpace,
        store: WeightStore,
        ends: PathWeights,
        modules: tuple[dict[MbconvBlock, tuple[tuple[Bottleneck, ...], int]], ...],
    ) -> None:
        self.space = space
        self.store = store
        self._ends = ends
        self._modules = modules

    def path(self, path: Path) -> PathWeights:
        """The weights of a path of the space, shared with the supernet."""
        chosen = [modules[block] for modules, block in zip(self._modules, path.blocks, strict=True)]
        return self._ends._replace(
            bottlenecks=tuple(layer for layers, _ in chosen for layer in layers),
            segments=(*self._ends.segments, *(segment for _, segment in chosen)),
        )


def build_single_path(
    space: PathSpace, initialisation: Initialisation, generator: torch.Generator, device: torch.device
) -> SinglePathSupernet:
    """A supernet for one width and one resolution; InputError for a space of several."""
    if len(space.widths) > 1 or len(space.resolutions) > 1:
        raise InputError(
            f"a single-path supernet has one width and one resolution, the space has several ({space.describe()})"
        )
    tables = space.tables
    draft = Draft(initialisation, generator)
    stem = drawn_stem(draft, tables)
    stem_segment = draft.close_segment()
    inputs = tables.stem_channels
    modules = []
    for options, outputs, stride in zip(space.blocks, space.largest.channels, tables.block_strides, strict=True):
        choices = {}
        for choice in options.choices:
            layers = _module(draft, tables, choice, inputs, outputs, stride)
            choices[choice] = (layers, draft.close_segment())
        modules.append(choices)
        inputs = outputs
    classifier, bias = draft.classifier(tables.classes, inputs)
    ends = PathWeights(stem, (), classifier, bias, (stem_segment, draft.close_segment()))
    return SinglePathSupernet(space, draft.pack(device), ends, tuple(modules))


def _module(
    draft: Draft, tables: MbconvFamily, choice: MbconvBlock, inputs: int, outputs: int, stride: int
) -> tuple[Bottleneck, ...]:
    """All layers of a choice; shapes as `simint.network.mbconv.append_block`."""
    layers = []
    for repeat in range(choice.repeats):
        step = stride if repeat == 0 else 1
        added = choice.skip and step == 1
        layer = drawn_bottleneck(
            draft, tables, inputs, choice.expansion * inputs, outputs, choice.kernel, step, added=added
        )
        if added and inputs != outputs:
            layer = layer._replace(shortcut=drawn_shortcut(draft, inputs, outputs))
        layers.append(layer)
        inputs = outputs
    return tuple(layers)
