"""The first stage of TiNAS: choose width and resolution, exactly instead of by samples (specification C.1).

A network-level choice passes where at least a tenth of its networks is feasible. Among those the one of the largest
mean FLOPs wins: with the same limit, more computation means more capacity.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nas.methods.tinas.reduction import Reduction, kept_settings
from nas.space.columns import ACTIVE, CONTINUOUS, LATENCY
from nas.space.halves import Pairs, all_pairs, pair_fits
from nas.space.mbconv_space import NetworkSetting
from nas.space.population import Constraints, SettingStatistics, population_statistics, stage_one_winner
from nas.space.table import SpaceTable
from simint.compiled import compiled

LEAST_SHARE = 0.10  # published
SAMPLES = 1000  # networks the published runs drew for every network-level choice (MSWC: 200)


class Policy(enum.StrEnum):
    """What makes one of the choices that pass the best; the second was not used for published results."""

    LARGEST_FLOPS = "largest-flops"
    LOWEST_IMO = "lowest-imo"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A network-level choice in the decision: feasible share of its networks, and means over the feasible ones."""

    setting: NetworkSetting
    share: float
    flops: float
    imo_percent: float
    passes: bool


@dataclass(frozen=True, slots=True)
class StageOne:
    """The decision with its table; `winner` is None where no choice passes, `reason` says so."""

    winner: NetworkSetting | None
    rows: tuple[SettingRow, ...]
    reason: str


def stage_one(
    table: SpaceTable,
    constraints: Constraints,
    reduction: Reduction | None = None,
    policy: Policy = Policy.LARGEST_FLOPS,
    least_share: float = LEAST_SHARE,
) -> StageOne:
    """Decide over the network-level choices that G1 leaves; the whole block space counts in any case.

    Published decisions come out only if the block-level part of G1 starts with the supernet, so there is none here.
    """
    kept = set(kept_settings(table.space, reduction or Reduction()))
    entries = [entry for entry in population_statistics(table, constraints) if entry.setting in kept]
    imo = feasible_imo(table, constraints)
    rows = tuple(_row(entry, imo, least_share) for entry in entries)
    if policy is Policy.LARGEST_FLOPS:
        winner = stage_one_winner(tuple(entries), least_share)
    else:
        best = min((row for row in rows if row.passes), key=lambda row: row.imo_percent, default=None)
        winner = None if best is None else best.setting
    return StageOne(winner, rows, "" if winner else _reason(rows, least_share))


def feasible_imo(table: SpaceTable, constraints: Constraints) -> dict[NetworkSetting, float]:
    """Mean IMO in percent over the feasible networks of every network-level choice that has any."""
    found = {}
    for pairs in all_pairs(table, check_storage=constraints.storage):
        mean = float(_mean_imo(pairs, constraints.latency_s, constraints.imo_percent))
        if not math.isnan(mean):
            found[table.space.settings[pairs.setting]] = mean
    return found


def chance_to_pass(share: float, networks: int, samples: int = SAMPLES, least_share: float = LEAST_SHARE) -> float:
    """Chance that a sample of different networks passes the rule where `share` of all `networks` is feasible."""
    from scipy.stats import hypergeom

    least = math.ceil(least_share * samples - 1e-9)
    return float(hypergeom.sf(least - 1, networks, round(share * networks), samples))


def _row(entry: SettingStatistics, imo: dict[NetworkSetting, float], least_share: float) -> SettingRow:
    passes = entry.feasible > 0 and entry.feasible_share >= least_share
    mean_imo = imo.get(entry.setting, math.nan)
    return SettingRow(entry.setting, entry.feasible_share, entry.feasible_flops, mean_imo, passes)


def _reason(rows: Sequence[SettingRow], least_share: float) -> str:
    best = max(rows, key=lambda row: row.share, default=None)
    if best is None:
        return "no width and resolution is left"
    return (
        f"no width and resolution has {100 * least_share:g} % feasible networks; the most, {100 * best.share:.3g} %, "
        f"has width {best.setting.width:g} at resolution {best.setting.resolution}"
    )


@compiled
def _mean_imo(pairs: Pairs, latency_limit: float, imo_limit: float) -> float:
    a, b, storage = pairs.outer.costs, pairs.inner.costs, pairs.storage
    a_copies, b_copies = pairs.outer.copies, pairs.inner.copies
    count, total = 0, 0.0
    checked = storage.total_bytes < np.inf
    for i in range(a.shape[1]):
        row_count, row_total = 0, 0.0
        for j in range(b.shape[1]):
            if a[LATENCY, i] + b[LATENCY, j] > latency_limit or (checked and not pair_fits(storage, a, i, b, j)):
                continue
            active = a[ACTIVE, i] + b[ACTIVE, j]
            imo = 100.0 * (active - (a[CONTINUOUS, i] + b[CONTINUOUS, j])) / active
            if imo <= imo_limit:
                row_count += b_copies[j]
                row_total += b_copies[j] * imo
        count += a_copies[i] * row_count
        total += a_copies[i] * row_total
    return total / count if count else math.nan
