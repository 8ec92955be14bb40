"""The memory constraint and the second cost as terms of the loss, and networks that keep within the limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nas.channels.kinds import permitted_counts
from nas.channels.torch_cost import channel_counts, cost_term
from nas.methods.dnas.costs import SearchCosts
from nas.methods.dnas.settings import Constraint, DnasSettings
from simint.errors import InputError

_NO_FLOOR = 1.0 / 64.0  # below this share a floor is none


@dataclass(frozen=True, slots=True)
class Strengths:
    """mu, per byte above the limit, and lambda, per share of the seed's second cost."""

    memory: float
    second: float


def first_strengths(costs: SearchCosts, limit: float, task_loss: float, strength: float) -> Strengths:
    """Both relative to the task's loss L_task, that of the warmed-up seed on validation data.

    The constraint is as strong as the task at the start: mu = L_task / (seed's bytes - limit), DNAS. The second cost is
    so by `strength`: lambda = strength * L_task, so that one strength means the same on all data sets.
    """
    excess = costs.seed_memory - limit
    return Strengths(task_loss / excess if excess > 0 else 0.0, strength * task_loss)


@dataclass(frozen=True, slots=True)
class CostTerms:
    """What the loss has besides the task: the way of `constraint` to keep within `limit` bytes, and the second cost."""

    costs: SearchCosts
    limit: float
    strengths: Strengths
    constraint: Constraint = Constraint.HINGE


def penalty(theta: Tensor, terms: CostTerms) -> Tensor:
    """mu * max(0, bytes - limit), or mu * |bytes - limit|, + lambda * second cost / the seed's."""
    costs, strengths = terms.costs, terms.strengths
    counts = channel_counts(theta, costs.groups)
    total = torch.zeros((), device=theta.device)
    if strengths.memory > 0:
        excess = cost_term(counts, costs.memory) - terms.limit
        total = total + strengths.memory * (excess.relu() if terms.constraint is Constraint.HINGE else excess.abs())
    if strengths.second > 0:
        total = total + (strengths.second / costs.seed_second) * cost_term(counts, costs.second)
    return total


def permitted_within(costs: SearchCosts, limit: float, settings: DnasSettings) -> tuple[tuple[int, ...], ...]:
    """The counts each group may have: none below `floor` times the share that an even cut to the limit would leave.

    Weights grow with the square of the channels, so an even cut to a share s of the memory leaves sqrt(s) of a group.
    The floor gives way, half by half, where it alone exceeds the limit. InputError with the smallest possible where no
    network keeps within it.
    """
    share = settings.floor * math.sqrt(min(1.0, limit / costs.seed_memory))
    while True:
        permitted = tuple(permitted_counts(size, settings.counts, share) for size in costs.groups.sizes)
        least = costs.memory.priced(np.array([each[0] for each in permitted], dtype=np.float64))[0]
        if least <= limit:
            return permitted
        if share < _NO_FLOOR:
            raise InputError(
                f"memory: no network of these channels fits into {limit:.0f} bytes; the smallest needs {least:.0f}, "
                f"{100 * least / costs.seed_memory:.2g} % of the seed's {costs.seed_memory:.0f}"
            )
        share /= 2.0
