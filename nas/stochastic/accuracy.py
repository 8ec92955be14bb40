"""Accuracy of networks on stochastic hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nas.stochastic.network import ScNetwork
from simint.errors import InputError

if TYPE_CHECKING:
    from nas.data.split import Split

BATCH = 100  # samples: patches of wide layers are many times their maps


def exact_accuracy_percent(network: ScNetwork, split: Split, device: str = "cpu") -> float:
    """Share of right answers, every bit emulated; what is reported. InputError for an empty split."""
    answers = [network.exact(x).argmax(1) for x in _batches(split, device)]
    return _right(answers, split)


def predicted_accuracy_percent(network: ScNetwork, split: Split, seed: int, device: str = "cpu") -> float:
    """Share of right answers by one draw of the closed form's noise; InputError where it does not hold."""
    generator = torch.Generator().manual_seed(seed)
    answers = [network.closed_form(x, generator).argmax(1) for x in _batches(split, device)]
    return _right(answers, split)


def _batches(split: Split, device: str) -> list[Tensor]:
    if not len(split):
        raise InputError("accuracy of an empty split asked for")
    return [x.to(device) for x in torch.split(torch.from_numpy(split.x), BATCH)]


def _right(answers: list[Tensor], split: Split) -> float:
    return 100.0 * float((torch.cat(answers).cpu() == torch.from_numpy(split.y)).double().mean())
