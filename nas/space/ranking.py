"""The best networks of a space by one metric, found among all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nas.space.columns import IMO, LATENCY, Floats, Ints
from nas.space.halves import Pairs, all_pairs, pair_fits, pair_metric
from nas.space.population import Constraints
from nas.space.table import SpaceTable
from simint.compiled import compiled
from simint.errors import InputError


@dataclass(frozen=True, slots=True)
class NetworkList:
    """Networks of a space: `settings` (n,) and `choices` (n, blocks) are indices into those of the space."""

    settings: Ints
    choices: Ints


def top_networks(
    table: SpaceTable, metric: int, count: int, *, largest: bool = False, constraints: Constraints | None = None
) -> NetworkList:
    """The `count` networks of smallest (or largest) metric that meet the constraints, best first.

    An architecture that several choices describe is listed once, by its first choice. Equals keep the order of
    settings and choices. Fewer where fewer are feasible.
    """
    if count < 1:
        raise InputError(f"a list of the best networks needs at least 1 entry, got {count}")
    limits = constraints or Constraints()
    sign = -1.0 if largest else 1.0
    settings = list(all_pairs(table, check_storage=limits.storage))
    values = np.full(count, np.inf)
    places = np.full((count, 3), -1, dtype=np.int64)
    for number, pairs in enumerate(settings):
        _keep_best(pairs, number, metric, sign, limits.latency_s, limits.imo_percent, values, places)
    return named_networks(table, settings, places[places[:, 0] >= 0])


def named_networks(table: SpaceTable, settings: list[Pairs], places: Ints) -> NetworkList:
    """From rows (index into `settings`, row of its outer half, row of its inner half) to choices of the space."""
    chosen = [(settings[number], i, j) for number, i, j in places.tolist()]
    choices = [np.concatenate((pairs.outer.choices[i], pairs.inner.choices[j])) for pairs, i, j in chosen]
    return NetworkList(
        np.array([pairs.setting for pairs, _, _ in chosen], dtype=np.int64),
        np.array(choices, dtype=np.int64).reshape(-1, table.space.blocks),
    )


@compiled
def _keep_best(
    pairs: Pairs,
    number: int,
    metric: int,
    sign: float,
    latency_limit: float,
    imo_limit: float,
    values: Floats,
    places: Ints,
) -> None:
    """Insert what beats the worst of the sorted list; later equals stay behind earlier ones."""
    a, b = pairs.outer.costs, pairs.inner.costs
    last = len(values) - 1
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            value = sign * pair_metric(metric, a, i, b, j)
            if not value < values[last]:
                continue
            if not pair_fits(pairs.storage, a, i, b, j) or pair_metric(LATENCY, a, i, b, j) > latency_limit:
                continue
            if pair_metric(IMO, a, i, b, j) > imo_limit:
                continue
            k = last
            while k > 0 and value < values[k - 1]:
                values[k] = values[k - 1]
                places[k] = places[k - 1]
                k -= 1
            values[k] = value
            places[k, 0], places[k, 1], places[k, 2] = number, i, j
