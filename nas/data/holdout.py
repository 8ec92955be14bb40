"""Which samples are held back: whole subjects, or a share of every class."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.data.split import IntArray, RawSplit, known_groups
from simint.errors import InputError


@dataclass(frozen=True, slots=True)
class Holdout:
    """The validation samples: all of the named `subjects`, or where none are named a `share` drawn with `seed`."""

    subjects: tuple[int, ...] = ()
    share: float = 0.0
    seed: int = 0


def held_out(split: RawSplit, holdout: Holdout, where: str) -> tuple[IntArray, IntArray]:
    """Rows of `split` that stay, and rows that are held out; ascending, disjoint, together all."""
    if holdout.subjects:
        return by_subject(split, holdout.subjects, where)
    return by_share(split, holdout.share, f"validation {holdout.seed}", where)


def by_subject(split: RawSplit, subjects: tuple[int, ...], where: str) -> tuple[IntArray, IntArray]:
    """Rows of all other subjects, and rows of `subjects`. Raises InputError for subjects that are not there."""
    known = known_groups(split)
    if not known:
        raise InputError(f"{where}: this data set does not say who made its samples; give a share instead of subjects")
    strange = sorted(set(subjects) - set(known))
    if strange:
        raise InputError(f"{where}: no training subject {strange[0]}; there are {', '.join(map(str, known))}")
    if set(subjects) == set(known):
        raise InputError(f"{where}: all {len(known)} training subjects are held out, none is left to train on")
    held = np.isin(split.groups, subjects)
    return np.flatnonzero(~held).astype(np.int64), np.flatnonzero(held).astype(np.int64)


def by_share(split: RawSplit, share: float, salt: str, where: str) -> tuple[IntArray, IntArray]:
    """Rows that stay, and the rows of about `share` of every class (and of every speaker, where they are known).

    Samples are taken in the order of a hash of `salt` and their content. So the draw depends neither on their order in
    the file nor on a library's random numbers, and identical samples are never parted.
    """
    if not 0 < share < 1:
        raise InputError(f"{where}: a share above 0 and below 1, got {share:g}")
    ranks = _ranks(split.x, salt)
    held = np.zeros(len(split), dtype=bool)
    for cell in np.unique(np.stack([split.y, split.groups], axis=1), axis=0):
        rows = np.flatnonzero((split.y == cell[0]) & (split.groups == cell[1]))
        distinct, copies = np.unique(ranks[rows], return_counts=True)
        if len(distinct) < 2:
            raise InputError(f"{where}: class {cell[0]} has one distinct sample, which cannot be shared out")
        # The number of distinct samples whose copies come closest to the share; one stays on either side.
        taken = int(np.argmin(np.abs(np.cumsum(copies) - share * len(rows)))) + 1
        held[rows] = ranks[rows] <= distinct[min(taken, len(distinct) - 1) - 1]
    return np.flatnonzero(~held).astype(np.int64), np.flatnonzero(held).astype(np.int64)


def _ranks(x: NDArray[Any], salt: str) -> NDArray[np.uint64]:
    start = hashlib.sha256(salt.encode())
    ranks = np.empty(len(x), dtype=np.uint64)
    for row, sample in enumerate(np.ascontiguousarray(x)):
        digest = start.copy()
        digest.update(sample)
        ranks[row] = int.from_bytes(digest.digest()[:8], "big")
    return ranks
