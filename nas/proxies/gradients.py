"""Proxies from one backward pass."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn import functional

from nas.modules.network_module import NetworkModule
from nas.modules.operators import Convolution, FullyConnected
from nas.proxies.proxy import Batch


def gradient_norm(module: NetworkModule, batch: Batch) -> float:
    """Euclidean norm of the gradient of the loss by all weights (Abdelfattah et al., ICLR 2021, arXiv:2101.08134)."""
    module.train()
    loss = functional.cross_entropy(module(batch.x), batch.y)
    gradients = torch.autograd.grad(loss, list(module.parameters()))
    return torch.stack([gradient.double().square().sum() for gradient in gradients]).sum().sqrt().item()


def synflow(module: NetworkModule, batch: Batch) -> float:
    """Synaptic flow (Tanaka et al., NeurIPS 2020, arXiv:2006.05467), summed over the network as by Abdelfattah et al.

    sum of w * dR/dw over all convolutions and fully connected layers, R being the sum of the outputs for one input of
    ones, with absolute weights and no batch norms. No data are read: `batch` gives nothing but the shape.
    """
    flow = copy.deepcopy(module).double().eval()
    for position, part in enumerate(flow.operators):
        if isinstance(part, nn.BatchNorm2d):
            flow.operators[position] = nn.Identity()
    with torch.no_grad():
        for weight in flow.parameters():
            weight.abs_()
    weights = [part.weight for part in flow.operators if isinstance(part, (Convolution, FullyConnected))]
    total = flow(torch.ones_like(batch.x[:1], dtype=torch.float64)).sum()
    gradients = torch.autograd.grad(total, weights)
    flows = [(weight * gradient).sum() for weight, gradient in zip(weights, gradients, strict=True)]
    return torch.stack(flows).sum().item()
