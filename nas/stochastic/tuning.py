"""Training on: a network learns to live with the errors of its hardware.

Forward every bit is emulated, backward the layer is taken for the floating-point one (straight-through gradient,
Y. Bengio, N. Leonard, A. Courville, arXiv:1308.3432). Hardware whose generators restart makes the same errors every
time, so they can be learned.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas.stochastic.accuracy import exact_accuracy_percent
from nas.stochastic.folding import Pooled, Weighted, maps_of, rows_of
from nas.stochastic.network import ScLayer, ScNetwork, exact_rows, rescaled
from simint.errors import InputError

if TYPE_CHECKING:
    from nas.data.split import Split


@dataclass(frozen=True, slots=True)
class TuneSettings:
    """Adam over `epochs`, its rate falling to 0 in a straight line."""

    epochs: int = 4
    batch: int = 64
    learning_rate: float = 3e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 0 or self.batch < 1 or not self.learning_rate > 0:
            raise InputError("tuning: epochs from 0 on, a batch of at least 1 and a positive rate expected")


def tuned(network: ScNetwork, train: Split, validation: Split, settings: TuneSettings) -> tuple[ScNetwork, float]:
    """The network with tuned weights and biases, and its exact validation accuracy in percent.

    It is the best after any epoch, the untuned one if none is better. Scales of inputs, generators and states of
    state machines stay.
    """
    best, accuracy = network, exact_accuracy_percent(network, validation)
    layers = [step for step in network.steps if isinstance(step, ScLayer)]
    weights = [nn.Parameter(layer.source.weight.clone()) for layer in layers]
    biases = [nn.Parameter(layer.source.bias.clone()) for layer in layers]
    x, y = torch.from_numpy(train.x), torch.from_numpy(train.y)
    batches = -(-len(y) // settings.batch)
    optimiser = torch.optim.Adam([*weights, *biases], settings.learning_rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, max(1, settings.epochs * batches))
    generator = torch.Generator().manual_seed(settings.seed)
    for _ in range(settings.epochs):
        for rows in torch.randperm(len(y), generator=generator).split(settings.batch):  # type: ignore[no-untyped-call]
            logits = _through(network, weights, biases, x[rows])
            optimiser.zero_grad()
            functional.cross_entropy(logits, y[rows]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        candidate = _with_weights(network, weights, biases)
        found = exact_accuracy_percent(candidate, validation)
        if found > accuracy:
            best, accuracy = candidate, found
    return best, accuracy


def _through(network: ScNetwork, weights: list[nn.Parameter], biases: list[nn.Parameter], x: Tensor) -> Tensor:
    """Logits of the emulation with gradients of the floating-point layers."""
    steps = iter(zip(weights, biases, strict=True))
    for step, current in zip(network.steps, _with_weights(network, weights, biases).steps, strict=True):
        if isinstance(step, Pooled) or isinstance(current, Pooled):
            assert isinstance(step, Pooled)
            x = step.operator(x)
            continue
        weight, bias = next(steps)
        sums = rows_of(x, step.source.layer) @ weight.T + bias
        if step.source.activated:
            sums = torch.tanh(sums) if step.states is not None else functional.relu(sums)
        with torch.no_grad():
            error = exact_rows(current, x) - sums
        x = maps_of(sums + error, step.source.layer)
    return x.flatten(1)


def _with_weights(network: ScNetwork, weights: list[nn.Parameter], biases: list[nn.Parameter]) -> ScNetwork:
    pairs = iter(zip(weights, biases, strict=True))
    steps: list[ScLayer | Pooled] = []
    for step in network.steps:
        if isinstance(step, ScLayer):
            weight, bias = (parameter.detach().clone() for parameter in next(pairs))
            source = Weighted(step.source.layer, weight, bias, step.source.activated)
            step = rescaled(dataclasses.replace(step, source=source))
        steps.append(step)
    return ScNetwork(tuple(steps))
