"""Sums of the harvested power over blocks of 16, 256, ... segments, so that a finely sampled trace costs no more.

A block may be crossed in one step where nothing can happen inside it. Besides the energy, that step needs two moments of
the power about the block's end (they weigh leakage and quiescent losses, which depend on when the energy came) and its
extremes. Sums of sums of 16 stay accurate where a running sum over 10^7 samples loses digits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled

SHIFT = 4  # blocks double by bits, so that a row is found by shifting
FANOUT = 1 << SHIFT


class HarvestTree(NamedTuple):
    """Blocks of every level behind one another; block k of level l covers segments k*16**l up to (k+1)*16**l.

    `start`: (levels + 1,) first row of each level, level 1 first. `energy_j`: integral of P; `moment1`: of
    P*(T - t); `moment2`: of P*(T - t)**2/2, with T the block's end; `lowest_w`, `highest_w`: extremes of P.
    Only full blocks are stored.
    """

    start: NDArray[np.int64]
    energy_j: NDArray[np.float64]
    moment1: NDArray[np.float64]
    moment2: NDArray[np.float64]
    lowest_w: NDArray[np.float64]
    highest_w: NDArray[np.float64]


def build_harvest_tree(
    power_w: NDArray[np.floating[Any]], step_s: float, edges_s: NDArray[np.floating[Any]]
) -> HarvestTree:
    """Sum a piecewise-constant power of n segments, uniform (`step_s` > 0) or with n + 1 edges; O(n) time, n/15 rows."""
    sizes = []
    count = power_w.size // FANOUT
    while count > 0:
        sizes.append(count)
        count //= FANOUT
    start = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))).astype(np.int64)
    rows = [np.empty(int(start[-1])) for _ in range(5)]
    tree = HarvestTree(start, *rows)
    if sizes:
        _fill_lowest(power_w, step_s, edges_s, tree)
        for level in range(1, len(sizes)):
            _fill_level(level, step_s, edges_s, tree)
    return tree


@compiled
def block_seconds(level: int, block: int, step_s: float, edges_s: NDArray[np.floating[Any]]) -> float:
    """Length of a block of `level` (0: a segment)."""
    width = 1 << (SHIFT * level)
    if step_s > 0.0:
        return float(width * step_s)
    return float(edges_s[(block + 1) * width] - edges_s[block * width])


@compiled
def _fill_lowest(power_w: Any, step_s: float, edges_s: Any, tree: HarvestTree) -> None:
    for block in range(tree.start[1]):
        energy = moment1 = moment2 = 0.0
        lowest, highest = np.inf, 0.0
        for segment in range(block * FANOUT, (block + 1) * FANOUT):
            p = float(power_w[segment])
            t = step_s if step_s > 0.0 else edges_s[segment + 1] - edges_s[segment]
            moment2 += moment1 * t + energy * t * t / 2.0 + p * t * t * t / 6.0
            moment1 += energy * t + p * t * t / 2.0
            energy += p * t
            lowest, highest = min(lowest, p), max(highest, p)
        tree.energy_j[block], tree.moment1[block], tree.moment2[block] = energy, moment1, moment2
        tree.lowest_w[block], tree.highest_w[block] = lowest, highest


@compiled
def _fill_level(level: int, step_s: float, edges_s: Any, tree: HarvestTree) -> None:
    below, here = tree.start[level - 1], tree.start[level]
    for block in range(tree.start[level + 1] - here):
        energy = moment1 = moment2 = 0.0
        lowest, highest = np.inf, 0.0
        for child in range(block * FANOUT, (block + 1) * FANOUT):
            row = below + child
            t = block_seconds(level, child, step_s, edges_s)
            moment2 += moment1 * t + energy * t * t / 2.0 + tree.moment2[row]
            moment1 += energy * t + tree.moment1[row]
            energy += tree.energy_j[row]
            lowest, highest = min(lowest, tree.lowest_w[row]), max(highest, tree.highest_w[row])
        row = here + block
        tree.energy_j[row], tree.moment1[row], tree.moment2[row] = energy, moment1, moment2
        tree.lowest_w[row], tree.highest_w[row] = lowest, highest
