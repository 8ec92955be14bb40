"""Pareto fronts: the points that no other point is as good as in everything and better in something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simint.whatif.report.columns import Better, Column
from simint.whatif.report.study import numbers_of


def front_rows(costs: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Rows of `costs` (points, objectives), all to be small, that no other row beats, sorted by the first objective.

    Equal rows all belong to the front; a row with a NaN never does.
    """
    table = np.asarray(costs, dtype=float)
    rows = np.flatnonzero(~np.isnan(table).any(axis=1))
    order = rows[np.lexsort(table[rows].T[::-1])]
    front: list[int] = []
    for row in order:
        # A row can only be beaten by one that sorts before it, and then by one of the front.
        kept = table[front]
        beaten = (kept <= table[row]).all(axis=1) & (kept < table[row]).any(axis=1)
        if not beaten.any():
            front.append(int(row))
    return np.array(front, dtype=np.int64)


def costs_of(frame: Any, columns: Sequence[Column]) -> npt.NDArray[np.float64]:
    """(points, columns) values turned so that small is good; NaN where a value is missing or infinite."""
    signs = np.array([-1.0 if column.better is Better.HIGH else 1.0 for column in columns])
    costs: npt.NDArray[np.float64] = signs * np.column_stack([numbers_of(frame, column) for column in columns])
    # Engines agree to 1e-9: what differs by less is equal, and must not look like progress.
    steps = 10.0 ** (np.floor(np.log10(np.where(costs == 0, 1.0, np.abs(costs)))) - 8)
    return np.asarray(np.round(costs / steps) * steps)
