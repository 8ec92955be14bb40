"""Designs of a study: one row for what is chosen, with the worst that it meets in what is given (traces, starts)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from simint.whatif.report.columns import Better, Column
from simint.whatif.report.study import Outcome, Study, numbers_of


def environments(study: Study) -> Any:
    """The distinct combinations of given parameters, one row each; a single empty one where none varies."""
    import pandas as pd

    names = [parameter.name for parameter in study.given]
    return study.frame[names].drop_duplicates().reset_index(drop=True) if names else pd.DataFrame(index=[0])


def worst_of(study: Study, metrics: Sequence[Column]) -> Any:
    """One row for each design that was computed in every environment: its parameters, and the worst of each metric.

    A metric is NaN where one of the environments has no value of it. Without varied design parameters there is one row.
    """
    import pandas as pd

    names = [parameter.name for parameter in study.design]
    wanted = len(environments(study))
    frame = study.frame.reset_index(drop=True)
    frame = frame[frame["outcome"] != Outcome.MISSING]
    # A parameter has its value also where nothing was finished.
    values = {column.name: _known(frame, column) for column in metrics if column.name not in names}
    rows = []
    groups = frame.reset_index(drop=True).groupby(names, sort=False).indices if names else {(): np.arange(len(frame))}
    for key, places in groups.items():
        if len(places) < wanted:
            continue
        chosen = dict(zip(names, key if isinstance(key, tuple) else (key,), strict=True))
        rows.append(chosen | {c.name: _worst(values[c.name][places], c) for c in metrics if c.name in values})
    return pd.DataFrame(rows, columns=list(dict.fromkeys([*names, *values])))


def _known(frame: Any, column: Column) -> Any:
    """Values where something was finished."""
    numbers = numbers_of(frame, column)
    return np.where((frame["outcome"] == Outcome.FINISHED).to_numpy(), numbers, math.nan)


def _worst(values: Any, column: Column) -> float:
    # NaN is the worst of all and wins in both.
    return float(np.min(values) if column.better is Better.HIGH else np.max(values))
