"""A fixed-point network executed as a device executes it, in whole numbers.

A sum of products is exact (held in float64, which is exact far beyond what 16-bit factors add up to), is rounded once
to the format of the output, and saturates there. Where a device splits a sum over tiles and stores 16-bit partial sums
between them, it rounds more often than this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nas.export.fixed_point import LARGEST, SMALLEST, rounded_shift, to_fixed
from nas.export.quantise import FixedLayer, FixedNetwork, calibration_windows, quantise
from simint.errors import InputError
from simint.network.layer import Layer, LayerKind
from simint.network.network import FROM_INPUT

if TYPE_CHECKING:
    from nas.data.split import Split
    from nas.modules.network_module import NetworkModule

_BATCH = 250


@dataclass(frozen=True, slots=True)
class FixedMap:
    """One layer's output on a batch.

    `numbers`: whole numbers in the 16-bit range (n, channels, height, width), as float64. `largest_sum`: the largest
    magnitude before rounding, `saturated`: how many numbers were cut off.
    """

    position: int
    numbers: Tensor
    largest_sum: float
    saturated: int


def q15_accuracy_percent(module: NetworkModule, train: Split, split: Split) -> float:
    """Accuracy of a trained module in 16-bit fixed point on `split`, its formats from windows of the training split."""
    return fixed_accuracy_percent(quantise(module, calibration_windows(train.x)), split)


def fixed_accuracy_percent(fixed: FixedNetwork, split: Split) -> float:
    """Share of right answers of a fixed-point network; InputError for an empty split or maps of another shape."""
    if not len(split.y):
        raise InputError("accuracy of an empty split asked for")
    return 100.0 * float(np.mean(fixed_logits(fixed, split.x).argmax(1) == split.y))


def fixed_logits(fixed: FixedNetwork, x: NDArray[np.float32]) -> NDArray[np.int16]:
    """(n, classes) results as 16-bit numbers, of normalised maps x (n, channels, height, width)."""
    parts = []
    for start in range(0, len(x), _BATCH):
        *_, last = fixed_maps(fixed, x[start : start + _BATCH])
        parts.append(last.numbers.flatten(1).numpy().astype(np.int16))
    return np.concatenate(parts)


@torch.no_grad()
def fixed_maps(fixed: FixedNetwork, x: NDArray[np.float32]) -> Iterator[FixedMap]:
    """Every layer's output on one batch of normalised maps (n, channels, height, width)."""
    network = fixed.network
    if tuple(x.shape[1:]) != network.input_shape:
        raise InputError(f"network {network.name!r} reads maps of {network.input_shape}, the data have {x.shape[1:]}")
    found = {FROM_INPUT: torch.from_numpy(to_fixed(x, fixed.input_bits).astype(np.float64))}
    bits = {FROM_INPUT: fixed.input_bits}
    for position, (layer, sources) in enumerate(zip(network.layers, network.producers(), strict=True)):
        own = fixed.layers[position]
        sums, sum_bits = _sums(layer, own, [found[s] for s in sources], [bits[s] for s in sources])
        rounded = rounded_shift(sums, sum_bits - own.output_bits)
        y = rounded.clamp(SMALLEST, LARGEST)
        saturated = int((y != rounded).sum())
        if position in fixed.relu_after:
            y = y.clamp(min=0)
        found[position], bits[position] = y, own.output_bits
        yield FixedMap(position, y, float(sums.abs().amax()), saturated)


def _sums(layer: Layer, own: FixedLayer, inputs: list[Tensor], bits: list[int]) -> tuple[Tensor, int]:
    """Exact results before rounding, and their fraction bits."""
    x, weight = inputs[0], own.weight
    if weight is not None:
        factors = torch.from_numpy(weight.numbers.astype(np.float64))
        y, y_bits = _products(layer, x, factors), bits[0] + weight.bits
        if own.offset is not None:
            offset = torch.from_numpy(own.offset.numbers.astype(np.float64))
            y = y + torch.ldexp(offset, torch.tensor(y_bits - own.offset.bits))[:, None, None]
        return y, y_bits
    match layer.kind:
        case LayerKind.ADD:
            most = max(bits)
            shifts = [torch.tensor(most - own_bits) for own_bits in bits]
            return torch.ldexp(x, shifts[0]) + torch.ldexp(inputs[1], shifts[1]), most
        case LayerKind.POOL:
            top, bottom, left, right = layer.pad
            padded = functional.pad(x, (left, right, top, bottom))
            return functional.avg_pool2d(padded, layer.kernel, layer.stride), bits[0]
        case LayerKind.GAVGPOOL:
            return x.mean((2, 3), keepdim=True), bits[0]
        case LayerKind.RELU:
            return x.clamp(min=0), bits[0]
        case _:
            raise AssertionError(layer.kind)


def _products(layer: Layer, x: Tensor, factors: Tensor) -> Tensor:
    if layer.kind is LayerKind.BN:
        return x * factors[:, None, None]
    if layer.kind is LayerKind.FC:
        return functional.linear(x.flatten(1), factors)[:, :, None, None]
    top, bottom, left, right = layer.pad
    groups = layer.ofm[0] if layer.kind is LayerKind.DW else layer.groups
    padded = functional.pad(x, (left, right, top, bottom))
    return functional.conv2d(padded, factors, None, layer.stride, 0, 1, groups)
