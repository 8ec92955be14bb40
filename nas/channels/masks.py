"""Trainable masks: one alpha a channel, of which only which side of a threshold it is on acts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nas.channels.groups import ChannelGroups, Kept, kept_of
from simint.errors import InputError

THRESHOLD = 0.5
FIRST_ALPHA = 1.0  # of a channel whose alpha is not ranked (DNAS, doi:10.1145/3531437.3539720)


class ChannelMasks(nn.Module):
    """One alpha for every channel of every group in one vector, the groups one after the other.

    `permitted`: the counts each group may have, ascending; a group keeps the smallest permitted count
    that is no smaller than the number of its alphas above the threshold, of the largest alphas (equal ones: the first).
    """

    def __init__(self, groups: ChannelGroups, permitted: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.groups = groups
        self.permitted = tuple(tuple(each) for each in permitted)
        for name, size, each in zip(groups.names, groups.sizes, self.permitted, strict=True):
            if not each or list(each) != sorted(set(each)) or each[0] < 1 or each[-1] != size:
                raise InputError(f"group {name!r}: ascending counts from at least 1 to {size} expected, got {each}")
        self.alpha = nn.Parameter(torch.full((sum(groups.sizes),), FIRST_ALPHA))

    def forward(self) -> Tensor:
        """theta (channels,): 1 for a channel that is kept and 0 for one that is not; its gradient goes to alpha."""
        theta: Tensor = _PassThrough.apply(self.alpha, self.flags())  # type: ignore[no-untyped-call]
        return theta

    @torch.no_grad()
    def flags(self) -> Tensor:
        """Which channels are kept, (channels,) of the alphas' type: 0 or 1."""
        flags = (self.alpha > THRESHOLD).to(self.alpha.dtype)
        for part, alpha, permitted in zip(
            split(flags, self.groups), split(self.alpha, self.groups), self.permitted, strict=True
        ):
            wanted = int(part.sum())
            if wanted in permitted:
                continue
            count = next(each for each in permitted if each >= wanted)
            part.zero_()
            part[alpha.argsort(descending=True, stable=True)[:count]] = 1.0
        return flags

    def kept(self) -> Kept:
        """The channels that are kept, by group."""
        return kept_of(self.groups, [flag > 0 for flag in self.flags().tolist()])

    @torch.no_grad()
    def keep(self, kept: Kept) -> None:
        """Move alphas over the threshold and below so that just these channels are kept; InputError for bad ones."""
        self.groups.check(kept)
        for alpha, channels, permitted in zip(split(self.alpha, self.groups), kept, self.permitted, strict=True):
            if len(channels) not in permitted:
                raise InputError(f"{len(channels)} channels: one of {permitted} expected")
            chosen = torch.zeros_like(alpha, dtype=torch.bool)
            chosen[list(channels)] = True
            # Just beyond the threshold, in the order they had.
            ranks = alpha.argsort(stable=True).argsort() / len(alpha)
            alpha.copy_(torch.where(chosen, THRESHOLD + (1.0 + ranks) / 4, THRESHOLD - (2.0 - ranks) / 4))

    @torch.no_grad()
    def rank(self, importance: Tensor) -> None:
        """Alphas evenly spaced over (threshold, 1], in every group in the order of `importance` (channels,).

        All are kept; with equal alphas a whole group would cross the threshold at once.
        """
        for alpha, values in zip(split(self.alpha, self.groups), split(importance, self.groups), strict=True):
            places = torch.linspace(THRESHOLD, FIRST_ALPHA, len(alpha) + 1)[1:]
            alpha[values.argsort(stable=True)] = places.to(alpha)


def split(values: Tensor, groups: ChannelGroups) -> tuple[Tensor, ...]:
    """Values (channels of all groups,) by group."""
    return torch.split(values, list(groups.sizes))


class _PassThrough(torch.autograd.Function):
    """Gives `flags` and passes the gradient to alpha as it is (straight-through estimator)."""

    @staticmethod
    def forward(ctx: Any, alpha: Tensor, flags: Tensor) -> Tensor:
        return flags

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None
