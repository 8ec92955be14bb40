"""Masks brought to the limit: cut down where a network exceeds it, filled up where it leaves memory unused."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nas.channels.cost import Floats
from nas.channels.groups import Kept
from nas.channels.masks import ChannelMasks, split
from nas.methods.dnas.costs import SearchCosts


def within_limit(masks: ChannelMasks, costs: SearchCosts, limit: float) -> Kept:
    """The kept channels, or where they exceed the limit fewer of them.

    While it is exceeded, that group goes to its next smaller count which gives up the least sum of alphas for each byte
    saved. The smallest counts of the masks must keep within the limit (`constraint.permitted_within`).
    """
    alphas, orders = _ranked(masks)
    counts = costs.counts(masks.kept())
    while (before := costs.memory.priced(counts)[0]) > limit:
        losses: dict[tuple[int, int], float] = {}
        for group, permitted in enumerate(masks.permitted):
            smaller = [count for count in permitted if count < counts[group]]
            if smaller:
                saved = before - costs.memory.priced(_moved(counts, group, smaller[-1]))[0]
                lost = alphas[group][orders[group][smaller[-1] : int(counts[group])]].sum()
                losses[group, smaller[-1]] = (lost + 1e-9) / max(saved, 1e-9)
        counts = _moved(counts, *min(losses, key=lambda move: losses[move]))
    return _largest(orders, counts)


def filled(masks: ChannelMasks, costs: SearchCosts, limit: float, strength: float) -> Kept:
    """The kept channels, and more of them as long as the limit allows a step of some group to its next count.

    Without a second cost (`strength` 0) the step whose new channels have the largest mean alpha comes first: they were
    dropped last. With one it is the step of least second cost for each byte.
    """
    alphas, orders = _ranked(masks)
    counts = costs.counts(masks.kept())
    while True:
        memory, second = costs.memory.priced(counts)[0], costs.second.priced(counts)[0]
        gains: dict[tuple[int, int], float] = {}
        for group, permitted in enumerate(masks.permitted):
            larger = [count for count in permitted if count > counts[group]]
            if not larger:
                continue
            trial = _moved(counts, group, larger[0])
            more = costs.memory.priced(trial)[0] - memory
            if memory + more > limit:
                continue
            wanted = float(alphas[group][orders[group][int(counts[group]) : larger[0]]].mean())
            dearer = (costs.second.priced(trial)[0] - second) / max(more, 1e-9)
            gains[group, larger[0]] = -dearer if strength > 0 else wanted
        if not gains:
            return _largest(orders, counts)
        counts = _moved(counts, *max(gains, key=lambda move: gains[move]))


def _ranked(masks: ChannelMasks) -> tuple[list[Floats], list[NDArray[np.int64]]]:
    """Alphas by group, and the channels of each in falling order of alpha."""
    alphas = [part.detach().double().cpu().numpy() for part in split(masks.alpha, masks.groups)]
    return alphas, [np.argsort(-alpha, kind="stable") for alpha in alphas]


def _moved(counts: Floats, group: int, count: int) -> Floats:
    changed = counts.copy()
    changed[group] = count
    return changed


def _largest(orders: list[NDArray[np.int64]], counts: Floats) -> Kept:
    return tuple(tuple(sorted(order[: int(count)].tolist())) for order, count in zip(orders, counts, strict=True))
