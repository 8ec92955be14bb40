"""The Zen score."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from nas.modules.network_module import NetworkModule
from nas.modules.operators import Convolution
from nas.proxies.proxy import Batch
from simint.network.layer import LayerKind

_MIX = 1e-2  # Lin et al.: the size of the perturbation of the input
_SEED = 0  # of inputs


@torch.no_grad()
def zen(module: NetworkModule, batch: Batch) -> float:
    """log of the expected change of the last map under a small change of the input, plus log of batch-norm scales.

    Lin et al., "Zen-NAS", ICCV 2021 (arXiv:2102.01063). Weights of convolutions are scaled to unit variance (there they
    are drawn anew from N(0, 1)), inputs drawn from N(0, 1): no data are read, `batch` gives nothing but the shape.
    NaN for networks whose last map does not change.
    """
    generator = torch.Generator().manual_seed(_SEED)
    for part in module.modules():
        if isinstance(part, Convolution):
            part.weight.div_(part.weight.square().mean().sqrt())
    module.train()
    scales: list[float] = []
    hooks = [
        part.register_forward_pre_hook(lambda _, inputs: scales.append(_log_scale(inputs[0])))
        for part in module.modules()
        if isinstance(part, nn.BatchNorm2d)
    ]
    try:
        x = torch.empty_like(batch.x).normal_(generator=generator)
        there = _last_map(module, x)
        own_scales = math.fsum(scales)
        noise = torch.empty_like(x).normal_(generator=generator)
        moved = _last_map(module, x + _MIX * noise)
    finally:
        for hook in hooks:
            hook.remove()
    change = float((there - moved).abs().sum((1, 2, 3)).mean())
    return math.log(change) + own_scales if change > 0 else math.nan


def _log_scale(x: Tensor) -> float:
    """log of the standard deviation of what a batch norm divides."""
    return 0.5 * math.log(float(x.var((0, 2, 3), unbiased=False).mean()))


def _last_map(module: NetworkModule, x: Tensor) -> Tensor:
    """The map that the classifier, or the pooling before it, reads."""
    last = x
    for position, y in module.maps(x):
        if module.network.layers[position].kind in (LayerKind.GAVGPOOL, LayerKind.FC):
            break
        last = y
    return last
