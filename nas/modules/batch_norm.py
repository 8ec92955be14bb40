"""Batch-norm statistics estimated anew: a network's own, not those of whatever it was trained beside."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from simint.errors import InputError

WINDOWS = 1000  # 500 to 1000 training windows settle the statistics of a candidate
BATCH = 250


@torch.no_grad()
def recalibrate(
    module: nn.Module, x: Tensor, batch: int = BATCH, forward: Callable[[Tensor], Tensor] | None = None
) -> None:
    """Replace the running statistics of every batch normalisation that acts by their averages over batches of `x`.

    x: (n, channels, height, width), training windows only. Batches are of equal size to within one, at most `batch`;
    one batch gives exactly its own statistics. `forward`: what is run, if not `module` itself (a path of a supernet;
    normalisations that it does not pass keep what they have). Weights and the training mode stay as they are.
    """
    if len(x) < 2:
        raise InputError(f"batch-norm statistics need at least 2 windows, got {len(x)}")
    if batch < 2:
        raise InputError(f"batch-norm statistics need batches of at least 2, got {batch}")
    norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    modes = {part: part.training for part in module.modules()}
    momenta = {norm: norm.momentum for norm in norms}
    seen: set[nn.Module] = set()
    hooks = [norm.register_forward_pre_hook(lambda norm, _: _restart(norm, seen)) for norm in norms]
    try:
        module.eval()
        for norm in norms:
            norm.train()
            norm.momentum = None  # a plain average over the batches
        for part in torch.tensor_split(x, -(-len(x) // batch)):
            (forward or module)(part)
    finally:
        for hook in hooks:
            hook.remove()
        for norm, momentum in momenta.items():
            norm.momentum = momentum
        for part_, mode in modes.items():
            part_.training = mode


def _restart(norm: nn.Module, seen: set[nn.Module]) -> None:
    """Forget the old statistics when a normalisation is first passed."""
    if norm not in seen:
        seen.add(norm)
        norm.reset_running_stats()  # type: ignore[operator]
