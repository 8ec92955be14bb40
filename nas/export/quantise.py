"""A trained module in 16-bit fixed point: formats from the ranges that training windows reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nas.export.fixed_point import fraction_bits, to_fixed
from nas.modules.network_module import NetworkModule
from nas.modules.operators import Convolution, FullyConnected
from nas.train.device import device_of
from simint.errors import InputError
from simint.network.layer import LayerKind
from simint.network.network import Network

CALIBRATION_WINDOWS = 1000
_BATCH = 250

Int16Array = NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class FixedTensor:
    """Numbers q * 2^-bits."""

    numbers: Int16Array
    bits: int


@dataclass(frozen=True, slots=True, eq=False)
class FixedLayer:
    """What a device stores for one layer, and the format of its output map.

    `weight`: of a convolution or fully connected layer as torch shapes it; of a batch normalisation its (channels,)
    factors. `offset`: (channels,) biases, or the shifts of a batch normalisation; with no more fraction bits than the
    sums they are added to.
    """

    output_bits: int
    weight: FixedTensor | None = None
    offset: FixedTensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FixedNetwork:
    """A network in fixed point, one `FixedLayer` a layer of its list, none folded into another.

    `relu_after`: layers whose output passes a ReLU that is no layer of the list.
    """

    network: Network
    relu_after: frozenset[int]
    input_bits: int
    layers: tuple[FixedLayer, ...]


def calibration_windows(x: NDArray[np.float32], windows: int = CALIBRATION_WINDOWS) -> NDArray[np.float32]:
    """Evenly spread samples of the training split, all of them where there are few."""
    return x[np.linspace(0, len(x) - 1, min(windows, len(x))).round().astype(np.int64)]


def quantise(module: NetworkModule, x: NDArray[np.float32]) -> FixedNetwork:
    """Fixed-point form of a trained module; every map's format holds the largest value that the windows `x` reach.

    x: (n, channels, height, width), normalised, of the training split. A ReLU keeps the format of its input. The batch
    normalisations, which the cost model counts as layers, become a factor and a shift a channel. Raises InputError
    where there are no windows or where weights or maps are not finite.
    """
    if not len(x):
        raise InputError("fixed point needs training windows to find the range of every map, got none")
    network = module.network
    reached = _ranges(module, torch.from_numpy(x))
    input_bits = fraction_bits(_finite(float(np.abs(x).max()), "the input"))
    layers: list[FixedLayer] = []
    for position, (layer, sources) in enumerate(zip(network.layers, network.producers(), strict=True)):
        read_bits = input_bits if sources[0] < 0 else layers[sources[0]].output_bits
        output_bits = fraction_bits(_finite(reached[position], f"the output of layer {layer.name!r}"))
        if layer.kind is LayerKind.RELU:
            output_bits = read_bits
        weight, offset = _parameters(module.operators[position])
        fixed_weight = None if weight is None else _fixed(weight, layer.name)
        fixed_offset = None
        if offset is not None and fixed_weight is not None:
            fixed_offset = _fixed(offset, layer.name, read_bits + fixed_weight.bits)
        layers.append(FixedLayer(output_bits, fixed_weight, fixed_offset))
    return FixedNetwork(network, module.relu_after, input_bits, tuple(layers))


@torch.no_grad()
def _ranges(module: NetworkModule, x: Tensor) -> list[float]:
    """Largest magnitude of every layer's output."""
    device = device_of(module)
    was_training = module.training
    module.eval()
    largest = [0.0] * len(module.operators)
    for part in torch.split(x, _BATCH):
        for position, y in module.maps(part.to(device)):
            largest[position] = max(largest[position], float(y.abs().amax()))
    module.train(was_training)
    return largest


def _parameters(part: nn.Module) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """What is multiplied and what is added."""
    if isinstance(part, (Convolution, FullyConnected)):
        return _numbers(part.weight), None if part.bias is None else _numbers(part.bias)
    if isinstance(part, nn.BatchNorm2d):
        assert part.running_mean is not None
        assert part.running_var is not None
        factor = _numbers(part.weight) / np.sqrt(_numbers(part.running_var) + part.eps)
        return factor, _numbers(part.bias) - factor * _numbers(part.running_mean)
    return None, None


def _numbers(values: Tensor) -> NDArray[np.float64]:
    return values.detach().cpu().double().numpy()


def _fixed(values: NDArray[np.float64], name: str, most_bits: int | None = None) -> FixedTensor:
    bits = fraction_bits(_finite(float(np.abs(values).max()), f"a weight of layer {name!r}"))
    bits = bits if most_bits is None else min(bits, most_bits)
    return FixedTensor(to_fixed(values, bits), bits)


def _finite(value: float, what: str) -> float:
    if not np.isfinite(value):
        raise InputError(f"{what} is {value}: such a network cannot be exported")
    return value
