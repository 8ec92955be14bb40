"""Exact percentiles of all networks of a space, in bounded memory.

A percentile p is numpy's "linear" one: of N sorted values it lies at position p/100 * (N - 1), interpolated between
neighbours. So it needs order statistics, which two passes over all networks find: the first counts values in narrow
bins, the second collects the values of the bins that hold a wanted rank. Where too many values share those bins, each
bin is divided again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nas.space.columns import ACTIVE, CONTINUOUS, IMO, Flags, Floats, Ints
from nas.space.halves import Pairs, all_pairs, pair_fits, pair_metric
from nas.space.table import SpaceTable
from simint.compiled import compiled
from simint.errors import InputError

BINS = 1 << 16  # half a megabyte of counters, which stay in the processor's cache
COLLECTED = 1 << 24  # values collected at a time; 256 MB with their copies


def percentiles(
    table: SpaceTable, metric: int, percents: Sequence[float], *, check_storage: bool = True, collected: int = COLLECTED
) -> Floats:
    """Percentiles (0 to 100) of a metric of `nas.space.columns` over all networks that can be built.

    Every network counts; one that several choices describe counts for each. Raises InputError for a percent out of
    range and for a space without any buildable network.
    """
    wrong = [percent for percent in percents if not 0 <= percent <= 100]
    if wrong:
        raise InputError(f"percentile {wrong[0]:g}: 0 to 100 expected")
    settings = list(all_pairs(table, check_storage=check_storage))
    low, high = _bounds(settings, metric)
    counts = _count(settings, metric, low, high)
    total = int(counts.sum())
    if not total:
        raise InputError(f"search space {table.space.name!r}: no network can be built within VM, energy budget and NVM")
    positions = [percent / 100.0 * (total - 1) for percent in percents]
    ranks = {math.floor(position) for position in positions} | {math.ceil(position) for position in positions}
    values = _order_statistics(settings, metric, sorted(ranks), low, high, counts, collected)
    return np.array([_between(values, position) for position in positions])


def _between(values: dict[int, float], position: float) -> float:
    """Linear interpolation from the nearer neighbour, as numpy does it."""
    below, above = values[math.floor(position)], values[math.ceil(position)]
    share = position - math.floor(position)
    return below + (above - below) * share if share < 0.5 else above - (above - below) * (1.0 - share)


def _bounds(settings: Sequence[Pairs], metric: int) -> tuple[float, float]:
    """An interval that holds every value: sums of extremes; a ratio of sums lies between the ratios of its parts."""
    lows, highs = [], []
    for pairs in settings:
        halves = (pairs.outer.costs, pairs.inner.costs)
        if metric == IMO:
            ratios = [100.0 * (half[ACTIVE] - half[CONTINUOUS]) / half[ACTIVE] for half in halves]
            lows.append(min(ratio.min() for ratio in ratios))
            highs.append(max(ratio.max() for ratio in ratios))
        else:
            lows.append(sum(half[metric].min() for half in halves))
            highs.append(sum(half[metric].max() for half in halves))
    slack = 1e-9  # rounding of sums and ratios, far above 2**-52
    return (min(lows) - slack * abs(min(lows)), max(highs) + slack * abs(max(highs))) if lows else (0.0, 0.0)


def _order_statistics(
    settings: Sequence[Pairs],
    metric: int,
    ranks: Sequence[int],
    low: float,
    high: float,
    counts: Ints,
    collected: int,
) -> dict[int, float]:
    """Values of these ranks (from 0, sorted) among the values within [low, high], whose bins hold `counts`."""
    before = np.concatenate(([0], np.cumsum(counts)))
    bin_of_rank = np.searchsorted(before, ranks, side="right") - 1
    found: dict[int, float] = {}
    for bins in _groups(np.unique(bin_of_rank), counts, collected):
        members = [rank for rank, bin_ in zip(ranks, bin_of_rank, strict=True) if bins[0] <= bin_ <= bins[-1]]
        if counts[bins[0]] > collected:
            inside = [rank - int(before[bins[0]]) for rank in members]
            found |= zip(members, _within_bin(settings, metric, inside, low, high, bins[0], collected), strict=True)
            continue
        values, copies = _collect(settings, metric, low, high, bins, int(counts[bins].sum()))
        ends = np.cumsum(copies)
        for rank in members:
            bin_ = np.searchsorted(before, rank, side="right") - 1
            earlier = counts[bins[bins < bin_]].sum()  # collected values of lower bins
            found[rank] = float(values[np.searchsorted(ends, rank - before[bin_] + earlier, side="right")])
    return found


def _within_bin(
    settings: Sequence[Pairs], metric: int, ranks: Sequence[int], low: float, high: float, bin_: int, collected: int
) -> list[float]:
    """Values of these ranks among those of one crowded bin, which is divided into bins of its own."""
    bottom, top = _extent(settings, metric, low, high, bin_)
    if bottom == top:
        return [bottom] * len(ranks)
    counts = _count(settings, metric, bottom, top)
    values = _order_statistics(settings, metric, ranks, bottom, top, counts, collected)
    return [values[rank] for rank in ranks]


def _groups(bins: Ints, counts: Ints, collected: int) -> list[Ints]:
    """Neighbouring bins together, as many as hold at most `collected` values, but at least one."""
    groups: list[list[int]] = []
    held = 0
    for bin_ in bins.tolist():
        held += int(counts[bin_])
        if not groups or held > collected:
            groups.append([])
            held = int(counts[bin_])
        groups[-1].append(bin_)
    return [np.array(group) for group in groups]


def _count(settings: Sequence[Pairs], metric: int, low: float, high: float) -> Ints:
    """Networks in each of BINS equal bins of [low, high]."""
    counts = np.zeros(BINS, dtype=np.int64)
    for pairs in settings:
        _count_pairs(pairs, metric, low, high, counts)
    return counts


def _collect(
    settings: Sequence[Pairs], metric: int, low: float, high: float, bins: Ints, room: int
) -> tuple[Floats, Ints]:
    """Sorted values in these bins, and how many networks share each."""
    wanted = np.zeros(BINS, dtype=np.bool_)
    wanted[bins] = True
    values, copies = np.empty(room), np.empty(room, dtype=np.int64)
    used = 0
    for pairs in settings:
        used = _collect_pairs(pairs, metric, low, high, wanted, values, copies, used)
    order = np.argsort(values[:used])
    return values[order], copies[order]


def _extent(settings: Sequence[Pairs], metric: int, low: float, high: float, bin_: int) -> tuple[float, float]:
    """Smallest and largest value in a bin."""
    found = [_extent_pairs(pairs, metric, low, high, bin_) for pairs in settings]
    return min(bottom for bottom, _ in found), max(top for _, top in found)


@compiled
def _bin(value: float, low: float, high: float) -> int:
    """Bin of a value within [low, high]; it never decreases with the value."""
    return min(int((value - low) * (BINS / (high - low))), BINS - 1)


@compiled
def _count_pairs(pairs: Pairs, metric: int, low: float, high: float, counts: Ints) -> None:
    a, b, storage = pairs.outer.costs, pairs.inner.costs, pairs.storage
    a_copies, b_copies = pairs.outer.copies, pairs.inner.copies
    checked = storage.total_bytes < np.inf
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            if checked and not pair_fits(storage, a, i, b, j):
                continue
            value = pair_metric(metric, a, i, b, j)
            if low <= value <= high:
                counts[_bin(value, low, high)] += a_copies[i] * b_copies[j]


@compiled
def _collect_pairs(
    pairs: Pairs, metric: int, low: float, high: float, wanted: Flags, values: Floats, copies: Ints, used: int
) -> int:
    """Append to `values` and `copies` from place `used` on; returns the first free place."""
    a, b, storage = pairs.outer.costs, pairs.inner.costs, pairs.storage
    a_copies, b_copies = pairs.outer.copies, pairs.inner.copies
    checked = storage.total_bytes < np.inf
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            if checked and not pair_fits(storage, a, i, b, j):
                continue
            value = pair_metric(metric, a, i, b, j)
            if low <= value <= high and wanted[_bin(value, low, high)]:
                values[used], copies[used] = value, a_copies[i] * b_copies[j]
                used += 1
    return used


@compiled
def _extent_pairs(pairs: Pairs, metric: int, low: float, high: float, bin_: int) -> tuple[float, float]:
    """Smallest and largest value in the bin; infinities the wrong way round where there is none."""
    a, b, storage = pairs.outer.costs, pairs.inner.costs, pairs.storage
    bottom, top = np.inf, -np.inf
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            value = pair_metric(metric, a, i, b, j)
            if low <= value <= high and _bin(value, low, high) == bin_ and pair_fits(storage, a, i, b, j):
                bottom, top = min(bottom, value), max(top, value)
    return bottom, top
