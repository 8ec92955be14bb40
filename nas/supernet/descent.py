"""Stochastic gradient descent on the segments of a weight store that a step used."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from nas.supernet.weight_store import WeightStore


@torch.no_grad()
def descend(
    store: WeightStore, divisors: Mapping[int, int], learning_rate: float, momentum: float, weight_decay: float
) -> None:
    """One update as `torch.optim.SGD` does it, of the segments named; then their gradients are 0 again.

    `divisors`: what the gradient of each segment is divided by. Momentum and decay of others rest.
    """
    for segment, divisor in divisors.items():
        place = store.segments[segment]
        _update(store, place, divisor, learning_rate, momentum, weight_decay)


@torch.no_grad()
def descend_everywhere(
    store: WeightStore,
    divisors: Mapping[int, int],
    ever_used: set[int],
    learning_rate: float,
    momentum: float,
    weight_decay: float,
) -> None:
    """As `descend`, but momentum and decay go on in every segment that was ever used."""
    for segment, divisor in divisors.items():
        if divisor > 1:
            store.gradients[store.segments[segment]].div_(divisor)
    if len(ever_used) == len(store.segments):
        _update(store, slice(None), 1, learning_rate, momentum, weight_decay)
        return
    for segment in sorted(ever_used):
        _update(store, store.segments[segment], 1, learning_rate, momentum, weight_decay)


def _update(
    store: WeightStore, place: slice, divisor: int, learning_rate: float, momentum: float, weight_decay: float
) -> None:
    gradient, weights, velocity = store.gradients[place], store.weights[place], store.momenta[place]
    if divisor > 1:
        gradient.div_(divisor)
    gradient.add_(weights, alpha=weight_decay)
    velocity.mul_(momentum).add_(gradient)
    weights.add_(velocity, alpha=-learning_rate)
    gradient.zero_()
