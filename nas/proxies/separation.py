"""Proxies of how well an untrained network tells samples apart."""

from __future__ import annotations

import torch
from torch import Tensor

from nas.modules.batch_norm import recalibrate
from nas.modules.network_module import NetworkModule
from nas.proxies.proxy import Batch
from simint.network.layer import LayerKind

# Added to eigenvalues of the correlation matrix (Mellor et al., arXiv:2006.04647v1).
_EIGENVALUE_FLOOR = 1e-5


@torch.no_grad()
def naswot(module: NetworkModule, batch: Batch) -> float:
    """log |det K|, K[i, j] being the number of ReLUs that agree on samples i and j (Mellor et al., ICML 2021).

    arXiv:2006.04647. Batch norms use the statistics of the batch. Minus infinity where two samples agree in all ReLUs.
    """
    module.train()
    kernel = torch.zeros(len(batch.x), len(batch.x), dtype=torch.float64)
    for position, y in module.maps(batch.x):
        if position in module.relu_after or module.network.layers[position].kind is LayerKind.RELU:
            active = (y > 0).flatten(1).to(torch.float32)
            off = 1.0 - active
            kernel += (active @ active.T + off @ off.T).double()
    return _log_determinant(kernel)


def jacobian_covariance(module: NetworkModule, batch: Batch) -> float:
    """-sum(log(v + k) + 1 / (v + k)) over the eigenvalues v of the correlation matrix of the samples' Jacobians.

    The first version of Mellor et al. (arXiv:2006.04647v1), as used by Abdelfattah et al. (arXiv:2101.08134). Batch
    norms have the statistics of the batch, but as constants: a sum over the batch of what a linear last batch norm
    gives does not depend on the input at all, and its gradient is rounding.
    """
    recalibrate(module, batch.x, len(batch.x))
    module.eval()
    x = batch.x.clone().requires_grad_()
    (jacobian,) = torch.autograd.grad(module(x).sum(), x)
    correlation = torch.corrcoef(jacobian.flatten(1).double())
    if not torch.isfinite(correlation).all():
        return float("nan")
    eigenvalues = torch.linalg.eigvalsh(correlation).clamp(min=0.0) + _EIGENVALUE_FLOOR
    return float(-(eigenvalues.log() + 1.0 / eigenvalues).sum())


def _log_determinant(kernel: Tensor) -> float:
    return float(torch.linalg.slogdet(kernel).logabsdet)
