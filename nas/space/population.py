"""Exact statistics of all networks of a space, one network-level choice at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nas.space.columns import FLOPS, IMO, LATENCY, Floats, Ints
from nas.space.halves import Pairs, all_pairs, pair_fits, pair_metric
from nas.space.mbconv_space import NetworkSetting
from nas.space.table import SpaceTable
from simint.compiled import compiled

# What the compiled loop adds up for one setting.
_LOW_LATENCY, _HIGH_LATENCY, _SUM_LATENCY, _LOW_IMO, _HIGH_IMO, _SUM_IMO, _SUM_FLOPS = range(7)


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a network must meet: end-to-end latency and IMO at most these; NVM unless `storage` is off."""

    latency_s: float = math.inf
    imo_percent: float = math.inf
    storage: bool = True


@dataclass(frozen=True, slots=True)
class Extent:
    """Smallest, mean and largest value of a quantity; NaN where there are no networks."""

    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class SettingStatistics:
    """The networks of one network-level choice.

    `networks` of them exist, `buildable` have a design for every layer and fit into NVM (the extents describe these),
    `feasible` also meet the constraints; `feasible_flops` is the mean over the latter.
    """

    setting: NetworkSetting
    networks: int
    buildable: int
    feasible: int
    feasible_flops: float
    latency_s: Extent
    imo_percent: Extent

    @property
    def feasible_share(self) -> float:
        """Feasible networks over all networks."""
        return self.feasible / self.networks


def population_statistics(table: SpaceTable, constraints: Constraints | None = None) -> tuple[SettingStatistics, ...]:
    """Statistics of every network-level choice, in the order of `space.settings`; every network counts.

    An architecture that several choices describe counts once for each of them, as in the published samples.
    """
    limits = constraints or Constraints()
    settings = table.space.settings
    networks = table.space.networks // len(settings)
    nothing = Extent(math.nan, math.nan, math.nan)
    found = [SettingStatistics(setting, networks, 0, 0, math.nan, nothing, nothing) for setting in settings]
    for pairs in all_pairs(table, check_storage=limits.storage):
        counts, sums = _statistics(pairs, limits.latency_s, limits.imo_percent)
        found[pairs.setting] = _named(settings[pairs.setting], networks, counts.tolist(), sums.tolist())
    return tuple(found)


def stage_one_winner(statistics: tuple[SettingStatistics, ...], least_share: float = 0.10) -> NetworkSetting | None:
    """The network-level choice TiNAS searches: largest mean FLOPs where at least `least_share` is feasible.

    The 10 % rule is published; the first of equals wins; None where no choice passes.
    """
    passing = [entry for entry in statistics if entry.feasible and entry.feasible_share >= least_share]
    return max(passing, key=lambda entry: entry.feasible_flops).setting if passing else None


def _named(setting: NetworkSetting, networks: int, counts: list[int], sums: list[float]) -> SettingStatistics:
    buildable, feasible = counts
    if not buildable:
        nothing = Extent(math.nan, math.nan, math.nan)
        return SettingStatistics(setting, networks, 0, 0, math.nan, nothing, nothing)
    return SettingStatistics(
        setting,
        networks,
        buildable,
        feasible,
        sums[_SUM_FLOPS] / feasible if feasible else math.nan,
        Extent(sums[_LOW_LATENCY], sums[_SUM_LATENCY] / buildable, sums[_HIGH_LATENCY]),
        Extent(sums[_LOW_IMO], sums[_SUM_IMO] / buildable, sums[_HIGH_IMO]),
    )


@compiled
def _statistics(pairs: Pairs, latency_limit: float, imo_limit: float) -> tuple[Ints, Floats]:
    """Visit all pairs. Sums are kept a row at a time first, which keeps their rounding error small."""
    a, b, storage = pairs.outer.costs, pairs.inner.costs, pairs.storage
    a_copies, b_copies = pairs.outer.copies, pairs.inner.copies
    counts = np.zeros(2, dtype=np.int64)
    sums = np.zeros(7)
    sums[_LOW_LATENCY], sums[_LOW_IMO] = np.inf, np.inf
    sums[_HIGH_LATENCY], sums[_HIGH_IMO] = -np.inf, -np.inf
    checked = storage.total_bytes < np.inf
    for i in range(a.shape[1]):
        buildable, feasible = 0, 0
        row_latency, row_imo, row_flops = 0.0, 0.0, 0.0
        for j in range(b.shape[1]):
            if checked and not pair_fits(storage, a, i, b, j):
                continue
            latency = pair_metric(LATENCY, a, i, b, j)
            imo = pair_metric(IMO, a, i, b, j)
            copies = b_copies[j]
            buildable += copies
            row_latency += copies * latency
            row_imo += copies * imo
            sums[_LOW_LATENCY] = min(sums[_LOW_LATENCY], latency)
            sums[_HIGH_LATENCY] = max(sums[_HIGH_LATENCY], latency)
            sums[_LOW_IMO] = min(sums[_LOW_IMO], imo)
            sums[_HIGH_IMO] = max(sums[_HIGH_IMO], imo)
            if latency <= latency_limit and imo <= imo_limit:
                feasible += copies
                row_flops += copies * pair_metric(FLOPS, a, i, b, j)
        counts[0] += a_copies[i] * buildable
        counts[1] += a_copies[i] * feasible
        sums[_SUM_LATENCY] += a_copies[i] * row_latency
        sums[_SUM_IMO] += a_copies[i] * row_imo
        sums[_SUM_FLOPS] += a_copies[i] * row_flops
    return counts, sums
