"""All weights of a supernet end to end in one tensor, so that an update takes few operations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from nas.modules.initialisation import TINAS_BN_SHIFT, TINAS_FC_STD
from nas.modules.kinds import Initialisation
from nas.supernet.path_weights import ConvBn
from simint.network.builder import Pair


@dataclass(frozen=True, slots=True)
class WeightStore:
    """Flat tensors: weights, their gradients, their momenta (all of one length), and batch-norm statistics.

    The tensors of a path are views of `weights` whose `grad` are views of `gradients`. `segments`: the ranges that are
    used, and updated, as a whole.
    """

    weights: Tensor
    gradients: Tensor
    momenta: Tensor
    statistics: Tensor
    segments: tuple[slice, ...]

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.weights.numel()


class Draft:
    """Draws weights one after the other from one generator; `pack` lays them end to end.

    Weights drawn between two calls of `close_segment` make up a segment.
    """

    def __init__(self, initialisation: Initialisation, generator: torch.Generator) -> None:
        self._initialisation = initialisation
        self._generator = generator
        self._weights: list[Tensor] = []
        self._statistics: list[Tensor] = []
        self._stops: list[int] = [0]
        self._closed = 0  # weights that are in segments already

    def conv_bn(
        self, outputs: int, inputs: int, kernel: Pair, stride: Pair = (1, 1), padding: Pair = (0, 0), groups: int = 1
    ) -> ConvBn:
        """A convolution of `inputs` channels a group, and its batch norm."""
        tinas = self._initialisation is Initialisation.TINAS
        weight = self._weight(self._drawn((outputs, inputs, *kernel), groups))
        scale = self._weight(torch.ones(outputs))
        shift = self._weight(torch.full((outputs,), TINAS_BN_SHIFT if tinas else 0.0))
        mean, var = torch.zeros(outputs), torch.ones(outputs)
        self._statistics += [mean, var]
        return ConvBn(weight, scale, shift, mean, var, stride, padding, groups)

    def classifier(self, classes: int, inputs: int) -> tuple[Tensor, Tensor]:
        """Weights and bias (0) of a fully connected layer."""
        if self._initialisation is Initialisation.TINAS:
            drawn = torch.empty(classes, inputs).normal_(0.0, TINAS_FC_STD, generator=self._generator)
        else:
            drawn = self._drawn((classes, inputs), 1)
        return self._weight(drawn), self._weight(torch.zeros(classes))

    def close_segment(self) -> int:
        """The number of the segment that ends here."""
        self._stops.append(sum(weight.numel() for weight in self._weights[self._closed :]) + self._stops[-1])
        self._closed = len(self._weights)
        return len(self._stops) - 2

    def pack(self, device: torch.device) -> WeightStore:
        """Lay everything end to end on a device; the tensors handed out before become views."""
        weights = torch.cat([weight.detach().flatten() for weight in self._weights]).to(device)
        gradients = torch.zeros_like(weights)
        start = 0
        for weight in self._weights:
            stop = start + weight.numel()
            shape = weight.shape
            weight.data = weights[start:stop].view(shape)
            weight.grad = gradients[start:stop].view(shape)
            start = stop
        statistics = torch.cat(self._statistics).to(device)
        start = 0
        for part in self._statistics:
            stop = start + part.numel()
            part.data = statistics[start:stop]
            start = stop
        segments = tuple(slice(a, b) for a, b in zip(self._stops, self._stops[1:], strict=False))
        return WeightStore(weights, gradients, torch.zeros_like(weights), statistics, segments)

    def _weight(self, tensor: Tensor) -> Tensor:
        self._weights.append(tensor.requires_grad_())
        return tensor

    def _drawn(self, shape: tuple[int, ...], groups: int) -> Tensor:
        """See `Initialisation`."""
        taps = math.prod(shape[2:])
        fan_in, fan_out = shape[1] * taps, shape[0] * taps // groups
        weight = torch.empty(shape)
        match self._initialisation:
            case Initialisation.TINAS:
                return weight.normal_(0.0, 1 / shape[1], generator=self._generator)
            case Initialisation.GLOROT:
                bound = math.sqrt(6 / (fan_in + fan_out))
            case Initialisation.TORCH:
                bound = 1 / math.sqrt(fan_in)
        return weight.uniform_(-bound, bound, generator=self._generator)
