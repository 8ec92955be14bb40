"""Labelled samples: as a file holds them (`RawSplit`), and normalised for a network (`Split`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]

NO_GROUP = -1  # in `groups`: nothing is known about who made the sample


@dataclass(frozen=True, slots=True, eq=False)
class RawSplit:
    """Samples in the unit of their file: `x` (n, channels, height, width) of any numeric type; see `Split`."""

    x: NDArray[Any]
    y: IntArray
    groups: IntArray

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Normalised samples of one part of a data set.

    `x` is (n, channels, height, width): height is time for signals and keyword features, 1-D data have width 1.
    `y` (n,) is the class, from 0. `groups` (n,) is who made the sample (subject, speaker), -1 where that is not known.
    """

    x: FloatArray
    y: IntArray
    groups: IntArray

    def __len__(self) -> int:
        return len(self.y)


def no_groups(samples: int) -> IntArray:
    """`groups` of samples whose makers are not known."""
    return np.full(samples, NO_GROUP, dtype=np.int64)


def take(split: RawSplit, rows: IntArray) -> RawSplit:
    """The samples at `rows`, in that order."""
    return RawSplit(split.x[rows], split.y[rows], split.groups[rows])


def joined(parts: list[RawSplit]) -> RawSplit:
    """The samples of all parts, one after the other."""
    return RawSplit(
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.groups for part in parts]),
    )


def class_counts(split: RawSplit | Split, classes: int) -> IntArray:
    """(classes,) samples of each class."""
    return np.bincount(split.y, minlength=classes).astype(np.int64)


def known_groups(split: RawSplit | Split) -> tuple[int, ...]:
    """The subjects or speakers of a split in ascending order; empty where none are known."""
    return tuple(int(group) for group in np.unique(split.groups) if group != NO_GROUP)
