"""The weights of one path, in the order of its layers, and what the path computes with them.

Maps are (n, channels, height, width) in the channels-last memory format, 1-D data have width 1: a k x 1 convolution in
that format takes about half the time of `conv1d` on a CPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from nas.modules.operators import BN_EPSILON, BN_MOMENTUM
from simint.network.builder import Pair


class ConvBn(NamedTuple):
    """A convolution without bias and the batch normalisation behind it; `mean` and `var` are running statistics."""

    weight: Tensor
    scale: Tensor
    shift: Tensor
    mean: Tensor
    var: Tensor
    stride: Pair
    padding: Pair
    groups: int


class Bottleneck(NamedTuple):
    """Expand, filter every channel, project; the input is `added` to the output, through `shortcut` if there is one."""

    expand: ConvBn
    depthwise: ConvBn
    project: ConvBn
    shortcut: ConvBn | None
    added: bool


class PathWeights(NamedTuple):
    """A path; `segments` are those of the weight store that it uses."""

    stem: ConvBn
    bottlenecks: tuple[Bottleneck, ...]
    classifier: Tensor
    bias: Tensor
    segments: tuple[int, ...]


def logits(path: PathWeights, x: Tensor, *, training: bool, momentum: float = BN_MOMENTUM) -> Tensor:
    """(n, classes) of maps x.

    With `training` batch norms use the statistics of this batch and move their running ones towards them by `momentum`.
    """
    x = _conv_bn(path.stem, x, training, momentum)
    for layer in path.bottlenecks:
        y = functional.relu(_conv_bn(layer.expand, x, training, momentum), inplace=True)
        y = functional.relu(_conv_bn(layer.depthwise, y, training, momentum), inplace=True)
        y = _conv_bn(layer.project, y, training, momentum)
        if layer.added:
            y = y + (x if layer.shortcut is None else _conv_bn(layer.shortcut, x, training, momentum))
        x = y
    return functional.linear(x.mean((2, 3)), path.classifier, path.bias)


def norms(path: PathWeights) -> Iterator[ConvBn]:
    """Every convolution with its batch norm, in the order of the layer list of the network."""
    yield path.stem
    for layer in path.bottlenecks:
        yield layer.expand
        yield layer.depthwise
        yield layer.project
        if layer.shortcut is not None:
            yield layer.shortcut


def with_own_statistics(path: PathWeights) -> PathWeights:
    """The same weights, with running statistics of its own (mean 0, variance 1) that no other path shares."""
    return path._replace(
        stem=_own(path.stem),
        bottlenecks=tuple(
            Bottleneck(
                _own(layer.expand),
                _own(layer.depthwise),
                _own(layer.project),
                None if layer.shortcut is None else _own(layer.shortcut),
                layer.added,
            )
            for layer in path.bottlenecks
        ),
    )


@torch.no_grad()
def recalibrated(path: PathWeights, x: Tensor, batch: int) -> PathWeights:
    """The path with batch-norm statistics averaged over batches of training windows `x`, as `nas.modules.batch_norm`.

    Batches are of equal size to within one, at most `batch`; one batch gives exactly its own statistics.
    """
    fresh = with_own_statistics(path)
    for number, part in enumerate(torch.tensor_split(x, -(-len(x) // batch)), start=1):
        logits(fresh, part, training=True, momentum=1.0 / number)
    return fresh


def _conv_bn(layer: ConvBn, x: Tensor, training: bool, momentum: float) -> Tensor:
    y = functional.conv2d(x, layer.weight, None, layer.stride, layer.padding, 1, layer.groups)
    return functional.batch_norm(y, layer.mean, layer.var, layer.scale, layer.shift, training, momentum, BN_EPSILON)


def _own(layer: ConvBn) -> ConvBn:
    return layer._replace(mean=torch.zeros_like(layer.mean), var=torch.ones_like(layer.var))
