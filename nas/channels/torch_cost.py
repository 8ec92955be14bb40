"""Costs of channel counts as a term of a loss."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nas.channels.cost import ChannelCost
from nas.channels.groups import ChannelGroups
from nas.channels.masks import split


def channel_counts(theta: Tensor, groups: ChannelGroups) -> Tensor:
    """Kept channels of every group (groups,), with the gradient of `theta` (channels of all groups,)."""
    return torch.stack([part.sum() for part in split(theta, groups)])


def cost_term(counts: Tensor, cost: ChannelCost) -> Tensor:
    """The cost () of counts (groups,), differentiable in them."""
    value: Tensor = _Priced.apply(counts, cost)  # type: ignore[no-untyped-call]
    return value


class _Priced(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, counts: Tensor, cost: ChannelCost) -> Tensor:
        value, slope = cost.priced(counts.detach().double().cpu().numpy())
        ctx.slope = torch.from_numpy(slope).to(counts)
        return counts.new_tensor(value)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.slope, None
