"""Every network of one network-level choice as a pair: its first blocks, and the rest.

Costs of a pair are sums of two rows, so a loop over pairs visits all networks and stores none. Choices without a
feasible design, and repetitions of the same architecture, are left out; `copies` counts the latter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from nas.space.columns import ACTIVE, CONTINUOUS, FEATURE_BYTES, IMO, WEIGHT_BYTES, Floats, Ints
from nas.space.table import SpaceTable
from simint.compiled import compiled
from simint.hardware.platform import Memory


class Half(NamedTuple):
    """Some blocks in all their combinations: `costs` (columns, n), `copies` (n,), `choices` (n, blocks of the half)."""

    costs: Floats
    copies: Ints
    choices: Ints


class Storage(NamedTuple):
    """NVM a network must fit into, bytes; infinite where it is not checked."""

    feature_bytes: float
    weight_bytes: float
    total_bytes: float


class Pairs(NamedTuple):
    """The networks of the setting with that index: all pairs of one of `outer` and one of `inner` that fit."""

    setting: int
    outer: Half
    inner: Half
    storage: Storage


UNLIMITED = Storage(np.inf, np.inf, np.inf)


def all_pairs(table: SpaceTable, *, check_storage: bool = True) -> Iterator[Pairs]:
    """One `Pairs` for every network-level choice that has networks at all."""
    outer_blocks = table.space.blocks // 2
    for setting in range(len(table.fixed)):
        if not np.isfinite(table.fixed[setting]).all():
            continue
        outer = _half(table, setting, range(outer_blocks), table.fixed[setting])
        inner = _half(table, setting, range(outer_blocks, table.space.blocks), np.zeros_like(table.fixed[setting]))
        if len(outer.copies) and len(inner.copies):
            yield Pairs(setting, outer, inner, _binding(table.platform.memory, outer, inner, check_storage))


def _half(table: SpaceTable, setting: int, blocks: range, start: Floats) -> Half:
    """Combine the usable choices of some blocks, the last block fastest."""
    costs, copies, choices = start[:, None], np.ones(1, dtype=np.int64), np.empty((1, 0), dtype=np.int64)
    for block in blocks:
        canonical = table.canonical[setting, block]
        usable = (canonical == np.arange(len(canonical))) & np.isfinite(table.blocks[setting, block]).all(axis=1)
        chosen = np.flatnonzero(usable)
        rows = table.blocks[setting, block, chosen].T
        features = np.maximum.outer(costs[FEATURE_BYTES], rows[FEATURE_BYTES]).ravel()
        costs = (costs[:, :, None] + rows[:, None, :]).reshape(len(costs), -1)
        costs[FEATURE_BYTES] = features
        copies = np.outer(copies, np.bincount(canonical, minlength=len(canonical))[chosen]).ravel()
        choices = np.column_stack((np.repeat(choices, len(chosen), axis=0), np.tile(chosen, len(choices))))
    # Compiled loops are specialised for arrays in row-major order.
    return Half(np.ascontiguousarray(costs), copies, np.ascontiguousarray(choices))


def _binding(memory: Memory, outer: Half, inner: Half, check_storage: bool) -> Storage:
    """The limits, or none where the largest network fits: then loops need not look."""
    features = max(outer.costs[FEATURE_BYTES].max(), inner.costs[FEATURE_BYTES].max())
    weights = outer.costs[WEIGHT_BYTES].max() + inner.costs[WEIGHT_BYTES].max()
    limits = Storage(memory.nvm_feature_bytes, memory.nvm_weight_bytes, memory.nvm_bytes)
    largest_fits = (
        features <= limits.feature_bytes and weights <= limits.weight_bytes and features + weights <= limits.total_bytes
    )
    return UNLIMITED if largest_fits or not check_storage else Storage(*map(float, limits))


@compiled
def pair_fits(storage: Storage, a: Floats, i: int, b: Floats, j: int) -> bool:
    """Whether the network of rows i and j fits into NVM (specification of the cost model, section 10)."""
    features = max(a[FEATURE_BYTES, i], b[FEATURE_BYTES, j])
    weights = a[WEIGHT_BYTES, i] + b[WEIGHT_BYTES, j]
    return bool(
        features <= storage.feature_bytes
        and weights <= storage.weight_bytes
        and features + weights <= storage.total_bytes
    )


@compiled
def pair_metric(metric: int, a: Floats, i: int, b: Floats, j: int) -> float:
    """One column of the network of rows i and j, or its IMO in percent."""
    if metric == IMO:
        active = a[ACTIVE, i] + b[ACTIVE, j]
        return float(100.0 * (active - (a[CONTINUOUS, i] + b[CONTINUOUS, j])) / active)
    return float(a[metric, i] + b[metric, j])
