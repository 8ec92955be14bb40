"""Masks brought to the limit: cut down where a network exceeds it, filled up where it leaves memory unused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nas.channels.groups import Kept
from nas.channels.masks import ChannelMasks, split
from nas.methods.dnas.costs import SearchCosts
from nas.space.columns import Floats

FULL = 0.9  # share of a limit from which on it counts as used: the aim for size over limit
_BEAM = 64  # networks that a step goes on with, those that use the most memory: chosen


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
    """The kept channels and more of them, to use the memory that the limit allows.

    Without a second cost (`strength` 0) a step of that group to its next count comes first whose new channels have the
    largest mean alpha, they were dropped last, until no step fits. With one it is the network of least second cost that
    has these channels and uses at least `FULL` of the limit, or, where none does, as much as there is.
    """
    alphas, orders = _ranked(masks)
    counts = costs.counts(masks.kept())
    if strength > 0:
        return _largest(orders, _cheapest_above(counts, masks.permitted, costs, limit))
    while True:
        gains: dict[tuple[int, int], float] = {}
        for group, trial in _steps(counts, masks.permitted):
            if costs.memory.priced(trial)[0] <= limit:
                new = alphas[group][orders[group][int(counts[group]) : int(trial[group])]]
                gains[group, int(trial[group])] = float(new.mean())
        if not gains:
            return _largest(orders, counts)
        counts = _moved(counts, *max(gains, key=lambda move: gains[move]))


def _cheapest_above(counts: Floats, permitted: Sequence[Sequence[int]], costs: SearchCosts, limit: float) -> Floats:
    """The counts of least second cost among those no smaller that fill the limit, by a beam over single steps."""
    memory = costs.memory.priced(counts)[0]
    beam, found = {tuple(counts.tolist()): counts}, [(memory, costs.second.priced(counts)[0], counts)]
    while beam:
        following: dict[tuple[float, ...], tuple[float, Floats]] = {}
        for start in beam.values():
            for _, trial in _steps(start, permitted):
                key = tuple(trial.tolist())
                if key not in following and (size := costs.memory.priced(trial)[0]) <= limit:
                    second = costs.second.priced(trial)[0]
                    found.append((size, second, trial))
                    following[key] = second, trial
        best = sorted(following, key=lambda key: following[key][0])[:_BEAM]
        beam = {key: following[key][1] for key in best}
    full = [entry for entry in found if entry[0] >= FULL * limit]
    if full:
        return min(full, key=lambda entry: entry[1])[2]
    return max(found, key=lambda entry: (entry[0], -entry[1]))[2]


def _steps(counts: Floats, permitted: Sequence[Sequence[int]]) -> Iterator[tuple[int, Floats]]:
    """Every group at its next larger count, all else as it is."""
    for group, allowed in enumerate(permitted):
        larger = next((count for count in allowed if count > counts[group]), None)
        if larger is not None:
            yield group, _moved(counts, group, larger)


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
