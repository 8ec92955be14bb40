"""The exact Pareto front of all networks of a space over (latency, IMO, -MACs).

Two passes over all networks and one over the few that are left. The first notes the most MACs in every cell of a grid
over latency and IMO. The second drops each network that a lower cell beats in all three; the rest are sorted by latency
and compared with a staircase of (IMO, MACs).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nas.space.columns import IMO, LATENCY, MACS, Floats, Ints
from nas.space.halves import Pairs, all_pairs, pair_fits, pair_metric
from nas.space.population import Constraints
from nas.space.ranking import NetworkList, named_networks
from nas.space.table import SpaceTable
from simint.compiled import compiled

CELLS = 512  # a side; two megabytes
ROOM = 1 << 20  # networks kept from one setting at first; more room is made where it does not do


def pareto_front(table: SpaceTable, constraints: Constraints | None = None) -> NetworkList:
    """Networks no other is as good as in latency, IMO and MACs and better in one, sorted by latency.

    Only networks that meet the constraints take part. Different architectures with equal values all belong to the
    front; one that several choices describe is listed once, by its first choice.
    """
    limits = constraints or Constraints()
    settings = list(all_pairs(table, check_storage=limits.storage))
    if not settings:
        return named_networks(table, settings, np.empty((0, 3), dtype=np.int64))
    window = _window(settings, limits)
    most = np.full((CELLS, CELLS), -1.0)
    for pairs in settings:
        _note_most(pairs, window, most)
    beaten = _most_below(most)
    values, places = np.empty((0, 3)), np.empty((0, 3), dtype=np.int64)
    for number, pairs in enumerate(settings):
        kept, rows = _survivors(pairs, window, beaten)
        values = np.concatenate((values, kept))
        places = np.concatenate((places, np.column_stack((np.full(len(rows), number), rows))))
        front = front_of(values)
        values, places = values[front], places[front]
    return named_networks(table, settings, places)


def front_of(values: Floats) -> Ints:
    """Which rows of (latency, IMO, MACs) no other row beats, sorted by latency, IMO, MACs downwards, then row."""
    order = np.lexsort((-values[:, 2], values[:, 1], values[:, 0]))
    return order[_undominated(values[order])]


def _window(settings: Sequence[Pairs], limits: Constraints) -> Floats:
    """Latency low, high, IMO low, high: the part of the plane where networks may lie."""
    latency_low = min(p.outer.costs[LATENCY].min() + p.inner.costs[LATENCY].min() for p in settings)
    latency_high = max(p.outer.costs[LATENCY].max() + p.inner.costs[LATENCY].max() for p in settings)
    return np.array([latency_low, min(latency_high, limits.latency_s), 0.0, min(100.0, limits.imo_percent)])


def _most_below(most: Floats) -> Floats:
    """For every cell the most MACs in the cells with both a lower latency and a lower IMO."""
    running = np.maximum.accumulate(np.maximum.accumulate(most, axis=0), axis=1)
    below = np.full_like(most, -1.0)
    below[1:, 1:] = running[:-1, :-1]
    return below


def _survivors(pairs: Pairs, window: Floats, beaten: Floats) -> tuple[Floats, Ints]:
    """Values and (outer, inner) rows of the networks of one setting that no lower cell beats."""
    room = ROOM
    while True:
        values, rows = np.empty((room, 3)), np.empty((room, 2), dtype=np.int64)
        used = _keep_unbeaten(pairs, window, beaten, values, rows)
        if used <= room:
            return values[:used], rows[:used]
        room = used


@compiled
def _cell(value: float, low: float, high: float) -> int:
    """Grid line of a value up to `high`; it never decreases with the value."""
    return min(max(int((value - low) * (CELLS / (high - low))), 0), CELLS - 1) if high > low else 0


@compiled
def _note_most(pairs: Pairs, window: Floats, most: Floats) -> None:
    a, b, storage = pairs.outer.costs, pairs.inner.costs, pairs.storage
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            latency, imo = pair_metric(LATENCY, a, i, b, j), pair_metric(IMO, a, i, b, j)
            if latency <= window[1] and imo <= window[3] and pair_fits(storage, a, i, b, j):
                row, column = _cell(latency, window[0], window[1]), _cell(imo, window[2], window[3])
                most[row, column] = max(most[row, column], pair_metric(MACS, a, i, b, j))


@compiled
def _keep_unbeaten(pairs: Pairs, window: Floats, beaten: Floats, values: Floats, rows: Ints) -> int:
    """Fill `values` and `rows` as far as they go; returns how many there are."""
    a, b, storage = pairs.outer.costs, pairs.inner.costs, pairs.storage
    used = 0
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            latency, imo = pair_metric(LATENCY, a, i, b, j), pair_metric(IMO, a, i, b, j)
            if latency > window[1] or imo > window[3] or not pair_fits(storage, a, i, b, j):
                continue
            macs = pair_metric(MACS, a, i, b, j)
            if macs <= beaten[_cell(latency, window[0], window[1]), _cell(imo, window[2], window[3])]:
                continue
            if used < len(values):
                values[used, 0], values[used, 1], values[used, 2] = latency, imo, macs
                rows[used, 0], rows[used, 1] = i, j
            used += 1
    return used


@compiled
def _undominated(values: Floats) -> Ints:
    """Rows that no earlier one beats, for rows sorted by latency, IMO and MACs downwards.

    The stairs are the earlier rows with the most MACs up to each IMO: both rise along them.
    """
    found = np.empty(len(values), dtype=np.int64)
    stairs = np.empty(len(values), dtype=np.int64)
    used = height = 0
    for k in range(len(values)):
        above = _first_above(values, stairs, height, values[k, 1])
        if above > 0:
            stair = values[stairs[above - 1]]
            equal = stair[0] == values[k, 0] and stair[1] == values[k, 1] and stair[2] == values[k, 2]
            if stair[2] >= values[k, 2] and not equal:
                continue
        else:
            equal = False
        found[used] = k
        used += 1
        if not equal:
            height = _build_stair(values, stairs, height, above, k)
    return found[:used]


@compiled
def _first_above(values: Floats, stairs: Ints, height: int, imo: float) -> int:
    """The first stair with a larger IMO, by bisection."""
    low, high = 0, height
    while low < high:
        middle = (low + high) // 2
        if values[stairs[middle], 1] <= imo:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _build_stair(values: Floats, stairs: Ints, height: int, above: int, k: int) -> int:
    """Put row k before stair `above`, over the stairs it covers; returns the new height.

    It covers a stair of equal IMO before it, and those after it with no more MACs.
    """
    start = above - 1 if above > 0 and values[stairs[above - 1], 1] == values[k, 1] else above
    end = above
    while end < height and values[stairs[end], 2] <= values[k, 2]:
        end += 1
    rest = stairs[end:height].copy()
    stairs[start] = k
    stairs[start + 1 : start + 1 + len(rest)] = rest
    return start + 1 + len(rest)
