"""What lies ahead in a converted trace: sums over the next blocks of segments."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simint.compiled import borrowing
from simint.physics.harvest_tree import ENERGY, FANOUT, LOWEST, MOMENT1, MOMENT2, SHIFT, block_seconds
from simint.physics.source import CompiledSource


class Ahead(NamedTuple):
    """Some segments ahead: their length in s, the integrals of `HarvestTree` over them, the lowest P, and how many.

    `taken`, `offered`: energy taken from the source and at its maximum power point, J.
    """

    seconds: float
    energy: float
    moment1: float
    moment2: float
    lowest: float
    taken: float
    offered: float
    segments: int


@borrowing
def piece_ahead(source: CompiledSource, k: int, seconds: float, whole: bool) -> Ahead:
    """The next `seconds` of segment `k`; `whole`: up to its end."""
    p, t = np.float64(source.values[k]), seconds
    taken = offered = p * t
    if source.harvest.size > 0:
        taken, offered = source.harvest[k] * t, source.available[k] * t
    return Ahead(t, p * t, 0.5 * p * t * t, p * t * t * t / 6.0, p, taken, offered, 1 if whole else 0)


@borrowing
def level_at(source: CompiledSource, k: int) -> int:
    """The highest level of the tree at which a block starts with segment `k`."""
    level, levels = 0, source.tree.start.size - 1
    while level < levels and k & ((FANOUT << (SHIFT * level)) - 1) == 0:
        level += 1
    return level


@borrowing
def blocks_ahead(source: CompiledSource, k: int, level: int, longest: float) -> Ahead:
    """Consecutive blocks of `level` from segment `k`, up to the next start of a higher block or `longest` seconds."""
    shift = SHIFT * level
    block, last = k >> shift, min(((k >> (shift + SHIFT)) + 1) << SHIFT, source.segments >> shift)
    seconds = energy = moment1 = moment2 = taken = offered = 0.0
    lowest, first = math.inf, block
    aside = source.harvest.size > 0
    while block < last:
        t = block_seconds(level, block, source.step_s, source.edges_s)
        if seconds + t > longest:
            break
        moment2 += (moment1 + 0.5 * energy * t) * t
        moment1 += energy * t
        if level == 0:
            p = np.float64(source.values[block])
            energy += p * t
            moment1 += 0.5 * p * t * t
            moment2 += p * t * t * t / 6.0
            lowest = min(lowest, p)
            if aside:
                taken += source.harvest[block] * t
                offered += source.available[block] * t
        else:
            row = source.tree.start[level - 1] + block
            energy += source.tree.rows[row, ENERGY]
            moment1 += source.tree.rows[row, MOMENT1]
            moment2 += source.tree.rows[row, MOMENT2]
            lowest = min(lowest, source.tree.rows[row, LOWEST])
            if aside:
                taken += source.tree.beside[row, 0]
                offered += source.tree.beside[row, 1]
        seconds += t
        block += 1
    if not aside:
        taken = offered = energy
    return Ahead(seconds, energy, moment1, moment2, lowest, taken, offered, (block - first) << shift)
