"""Fronts of evaluated networks, and the hypervolume that tells how good a search is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nas.problem.evaluation import Evaluation
from nas.problem.objectives import Objective, losses
from nas.space.columns import Flags, Floats


def nondominated(values: Floats) -> Flags:
    """Which rows of losses (n, objectives) no other row is as good as in all and better in one; unknown ones are not.

    Equal rows are on the front together.
    """
    from moocore import is_nondominated

    known = np.isfinite(values).all(axis=1)
    found = np.zeros(len(values), dtype=np.bool_)
    if known.any():
        found[known] = is_nondominated(values[known], keep_weakly=True)
    return found


def front_of(objectives: Sequence[Objective], evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """The evaluations on the front, in their order."""
    on = nondominated(losses(objectives, evaluations))
    return [entry for entry, kept in zip(evaluations, on, strict=True) if kept]


def hypervolume(values: Floats, reference: Sequence[float]) -> float:
    """Volume between losses (n, objectives) and a reference point that is worse; larger is better, 0 for none."""
    from pymoo.indicators.hv import HV

    inside = _inside(values, reference)
    return float(HV(ref_point=np.asarray(reference, dtype=np.float64))(inside)) if len(inside) else 0.0


def _inside(values: Floats, reference: Sequence[float]) -> Floats:
    """Rows that are known and better than the reference in all; others have no volume."""
    inside: Floats = values[np.isfinite(values).all(axis=1) & (values < np.asarray(reference)).all(axis=1)]
    return inside
