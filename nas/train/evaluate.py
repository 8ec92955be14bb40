"""How good a module is on a split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas.train.device import device_of
from simint.errors import InputError

if TYPE_CHECKING:
    from nas.data.split import Split

EVALUATION_BATCH = 500


def accuracy_percent(module: nn.Module, split: Split, batch: int = EVALUATION_BATCH) -> float:
    """Share of right answers in evaluation mode, on the device of the module; its mode stays as it was.

    Raises InputError for an empty split, or one whose maps are not those of the network.
    """
    device = device_of(module)
    return loss_and_accuracy(module, torch.from_numpy(split.x).to(device), torch.from_numpy(split.y).to(device), batch)[
        1
    ]


@torch.no_grad()
def loss_and_accuracy(module: nn.Module, x: Tensor, y: Tensor, batch: int = EVALUATION_BATCH) -> tuple[float, float]:
    """Mean cross-entropy and percent of right answers of (n, channels, height, width) maps and (n,) classes."""
    if not len(y):
        raise InputError("accuracy of an empty split asked for")
    was_training = module.training
    module.eval()
    loss, right = 0.0, 0
    try:
        for start in range(0, len(y), batch):
            logits, wanted = module(x[start : start + batch]), y[start : start + batch]
            loss += functional.cross_entropy(logits, wanted, reduction="sum").item()
            right += int((logits.argmax(1) == wanted).sum())
    finally:
        module.train(was_training)
    return loss / len(y), 100.0 * right / len(y)
