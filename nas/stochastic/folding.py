"""A trained chain of layers as steps of stochastic hardware: batch norms folded into the weights before them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas.modules.network_module import NetworkModule
from nas.modules.operators import Convolution, FullyConnected
from simint.errors import InputError
from simint.network.layer import Layer, LayerKind


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """A convolution or fully connected layer: `weight` (outputs, inputs), `bias` (outputs); whether it is activated."""

    layer: Layer
    weight: Tensor
    bias: Tensor
    activated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """A pooling layer, computed in binary."""

    layer: Layer
    operator: nn.Module


Step = Weighted | Pooled


def folded(module: NetworkModule) -> list[Step]:
    """The steps of a chain of convolutions, fully connected layers, batch norms, activations and average pools.

    Raises InputError naming the layer for shortcuts, depthwise and grouped convolutions, and a batch norm or activation
    that does not follow a weighted layer.
    """
    network = module.network
    steps: list[Step] = []
    for place, (layer, sources) in enumerate(zip(network.layers, network.producers(), strict=True)):
        if sources != (place - 1,) or layer.kind in (LayerKind.ADD, LayerKind.DW) or layer.groups > 1:
            raise InputError(
                f"network {network.name!r}, layer {layer.name!r}: stochastic hardware here is a chain of ungrouped "
                "CONV, FC, BN, RELU, POOL and GAVGPOOL"
            )
        operator = module.operators[place]
        if isinstance(operator, (Convolution, FullyConnected)):
            weight = operator.weight.detach().flatten(1)
            bias = weight.new_zeros(len(weight)) if operator.bias is None else operator.bias.detach()
            steps.append(Weighted(layer, weight, bias, place in module.relu_after))
        elif layer.kind in (LayerKind.BN, LayerKind.RELU):
            before = steps[-1] if steps else None
            if not isinstance(before, Weighted) or before.activated:
                raise InputError(
                    f"network {network.name!r}, layer {layer.name!r}: {layer.kind} must follow a CONV or FC layer"
                )
            if isinstance(operator, nn.BatchNorm2d):
                steps[-1] = _with_norm(before, operator, place in module.relu_after)
            else:
                steps[-1] = Weighted(before.layer, before.weight, before.bias, True)
        else:
            steps.append(Pooled(layer, operator))
    last = [step for step in steps if isinstance(step, Weighted)][-1:]
    if not last or last[0].activated:
        raise InputError(f"network {network.name!r}: the last CONV or FC layer gives the answer and has no activation")
    return steps


def rows_of(x: Tensor, layer: Layer) -> Tensor:
    """(samples * positions, inputs) what each output position of a weighted layer reads of maps (n, c, h, w)."""
    if layer.kind is LayerKind.FC:
        return x.flatten(1)
    top, bottom, left, right = layer.pad
    patches = functional.unfold(functional.pad(x, (left, right, top, bottom)), layer.kernel, stride=layer.stride)
    return patches.transpose(1, 2).reshape(-1, patches.shape[1])


def maps_of(rows: Tensor, layer: Layer) -> Tensor:
    """Maps (n, channels, height, width) of a weighted layer's outputs (samples * positions, channels)."""
    channels, height, width = layer.ofm
    return rows.reshape(-1, height, width, channels).permute(0, 3, 1, 2).contiguous()


@torch.no_grad()
def _with_norm(step: Weighted, norm: nn.BatchNorm2d, activated: bool) -> Weighted:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    bias = (step.bias - norm.running_mean) * scale + norm.bias
    return Weighted(step.layer, (step.weight * scale[:, None]).detach(), bias.detach(), activated)
