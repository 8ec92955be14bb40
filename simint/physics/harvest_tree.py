"""Sums of the harvested power over blocks of 16, 256, ... segments, so that a finely sampled trace costs no more.

A block may be crossed in one step where nothing can happen inside it. Besides the energy, that step needs two moments
of the power about the block's end (they weigh leakage and quiescent losses, which depend on when the energy came). Sums
of sums of 16 stay accurate where a running sum over 10^7 samples loses digits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import borrowing

SHIFT = 4  # blocks double by bits, so that a row is found by shifting
FANOUT = 1 << SHIFT


# Columns of `HarvestTree.rows`.
ENERGY, MOMENT1, MOMENT2, LOWEST = 0, 1, 2, 3


class HarvestTree(NamedTuple):
    """Blocks of every level behind one another; block k of level l covers segments k*16**l up to (k+1)*16**l.

    `start`: (levels + 1,) first row of each level, level 1 first. `rows`: (blocks, 4): integral of P in J, of P*(T - t)
    and of P*(T - t)**2/2 with T the block's end, and the lowest P in W. `beside`: (blocks, 2) integrals of other
    powers, J, or (0, 2). Only full blocks are stored.
    """

    start: NDArray[np.int64]
    rows: NDArray[np.float64]
    beside: NDArray[np.float64]


def build_harvest_tree(
    power_w: NDArray[np.floating[Any]],
    step_s: float,
    edges_s: NDArray[np.floating[Any]],
    beside_w: tuple[NDArray[np.floating[Any]], ...] = (),
) -> HarvestTree:
    """Sum a piecewise-constant power of n segments, uniform (`step_s` > 0) or with n + 1 edges, into n/15 rows.

    `beside_w`: two more powers (n,) of which only the energy is summed, or none.
    """
    sizes = []
    count = power_w.size >> SHIFT
    while count > 0:
        sizes.append(count)
        count >>= SHIFT
    start = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))).astype(np.int64)
    tree = HarvestTree(start, np.empty((int(start[-1]), 4)), np.empty((int(start[-1]) if beside_w else 0, 2)))
    if sizes:
        _fill_lowest(power_w, step_s, edges_s, tree)
        for column, other_w in enumerate(beside_w):
            _sum_lowest(other_w, step_s, edges_s, tree.beside[: sizes[0], column])
        for level in range(1, len(sizes)):
            _fill_level(level, step_s, edges_s, tree)
            below, here = int(start[level - 1]), int(start[level])
            for block in range(here, int(start[level + 1])) if beside_w else ():
                first = below + (block - here) * FANOUT
                tree.beside[block] = tree.beside[first : first + FANOUT].sum(axis=0)
    return tree


@borrowing
def block_seconds(level: int, block: int, step_s: float, edges_s: NDArray[np.floating[Any]]) -> float:
    """Length of a block of `level` (0: a segment)."""
    width = 1 << (SHIFT * level)
    if step_s > 0.0:
        return float(width * step_s)
    return float(edges_s[(block + 1) * width] - edges_s[block * width])


@borrowing
def _fill_lowest(power_w: Any, step_s: float, edges_s: Any, tree: HarvestTree) -> None:
    for block in range(tree.start[1]):
        energy = moment1 = moment2 = 0.0
        lowest = np.inf
        for segment in range(block * FANOUT, (block + 1) * FANOUT):
            p = np.float64(power_w[segment])
            t = step_s if step_s > 0.0 else edges_s[segment + 1] - edges_s[segment]
            moment2 += moment1 * t + energy * t * t / 2.0 + p * t * t * t / 6.0
            moment1 += energy * t + p * t * t / 2.0
            energy += p * t
            lowest = min(lowest, p)
        _store(tree.rows[block], energy, moment1, moment2, lowest)


@borrowing
def _sum_lowest(power_w: Any, step_s: float, edges_s: Any, sums: Any) -> None:
    for block in range(sums.size):
        energy = 0.0
        for segment in range(block * FANOUT, (block + 1) * FANOUT):
            t = step_s if step_s > 0.0 else edges_s[segment + 1] - edges_s[segment]
            energy += np.float64(power_w[segment]) * t
        sums[block] = energy


@borrowing
def _fill_level(level: int, step_s: float, edges_s: Any, tree: HarvestTree) -> None:
    below, here = tree.start[level - 1], tree.start[level]
    for block in range(tree.start[level + 1] - here):
        energy = moment1 = moment2 = 0.0
        lowest = np.inf
        for child in range(block * FANOUT, (block + 1) * FANOUT):
            row = tree.rows[below + child]
            t = block_seconds(level, child, step_s, edges_s)
            moment2 += moment1 * t + energy * t * t / 2.0 + row[MOMENT2]
            moment1 += energy * t + row[MOMENT1]
            energy += row[ENERGY]
            lowest = min(lowest, row[LOWEST])
        _store(tree.rows[here + block], energy, moment1, moment2, lowest)


@borrowing
def _store(row: Any, energy: float, moment1: float, moment2: float, lowest: float) -> None:
    row[ENERGY], row[MOMENT1], row[MOMENT2], row[LOWEST] = energy, moment1, moment2, lowest
