"""Weights before training, drawn from one generator."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from nas.modules.kinds import Initialisation
from nas.modules.operators import Convolution, FullyConnected

TINAS_FC_STD = 0.01
TINAS_BN_SHIFT = 1e-4


def initialise(module: nn.Module, initialisation: Initialisation, generator: torch.Generator) -> None:
    """Draw all weights of a module in the order of its operators, and reset its batch normalisations."""
    for part in module.modules():
        if isinstance(part, (Convolution, FullyConnected)):
            _draw(part, initialisation, generator)
        elif isinstance(part, nn.BatchNorm2d):
            part.reset_parameters()
            if initialisation is Initialisation.TINAS:
                nn.init.constant_(part.bias, TINAS_BN_SHIFT)


@torch.no_grad()
def _draw(part: Convolution | FullyConnected, initialisation: Initialisation, generator: torch.Generator) -> None:
    fan_in, fan_out = _fans(part)
    if part.bias is not None:
        part.bias.zero_()
    match initialisation:
        case Initialisation.TINAS:
            std = 1 / part.weight.shape[1] if isinstance(part, Convolution) else TINAS_FC_STD
            part.weight.normal_(0.0, std, generator=generator)
        case Initialisation.GLOROT:
            _uniform(part.weight, math.sqrt(6 / (fan_in + fan_out)), generator)
        case Initialisation.TORCH:
            _uniform(part.weight, 1 / math.sqrt(fan_in), generator)
            if part.bias is not None:
                _uniform(part.bias, 1 / math.sqrt(fan_in), generator)


def _fans(part: Convolution | FullyConnected) -> tuple[int, int]:
    """Inputs of an output and outputs of an input."""
    outputs, inputs, *kernel = part.weight.shape
    taps = math.prod(kernel)
    return inputs * taps, outputs * taps // (part.groups if isinstance(part, Convolution) else 1)


def _uniform(weight: Tensor, bound: float, generator: torch.Generator) -> None:
    weight.uniform_(-bound, bound, generator=generator)
