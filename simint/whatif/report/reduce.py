"""Many values to one: the worst over what is given, the best over what can be chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simint.whatif.report.columns import Better, Column, in_sentence
from simint.whatif.report.study import Outcome, Parameter, Study, numbers_of

# From good to bad; of a design in several environments the worst counts, a point not computed yet above all.
_FROM_GOOD = (Outcome.FINISHED, Outcome.NOTHING, Outcome.FAILED, Outcome.MISSING)


def best_value(values: npt.NDArray[np.float64], better: Better | None) -> float:
    """The best of some values by the metric's direction, the median where it has none; NaN where all are."""
    known = values[~np.isnan(values)]
    if known.size == 0:
        return math.nan
    if better is None:
        return float(np.median(known))
    return float(known.min() if better is Better.LOW else known.max())


def best_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """What came of the best of several designs."""
    return next(outcome for outcome in _FROM_GOOD if outcome in outcomes)


def finished_values(frame: Any, metric: Column) -> npt.NDArray[np.float64]:
    """(rows,) of a metric, NaN where nothing was finished."""
    numbers = np.array(numbers_of(frame, metric), dtype=float)
    numbers[(frame["outcome"] != Outcome.FINISHED).to_numpy()] = math.nan
    return numbers


def without_given(study: Study, rest: Sequence[Parameter], metric: Column) -> Any:
    """The table of points with the given parameters of `rest` gone: each row has the worst of `metric` over them.

    A row has no value where it has none for one of them. The table itself where none of `rest` is given.
    """
    import pandas as pd

    gone = {parameter.name for parameter in rest if parameter.given}
    if not gone:
        return study.frame
    names = [parameter.name for parameter in study.parameters if parameter.name not in gone]
    frame = study.frame.reset_index(drop=True)
    values = finished_values(frame, metric)
    outcomes = np.array([Outcome(word) for word in frame["outcome"]], dtype=object)
    rows = []
    groups = frame.groupby(names, sort=False).indices if names else {(): np.arange(len(frame))}
    for key, places in groups.items():
        point = dict(zip(names, key if isinstance(key, tuple) else (key,), strict=True))
        worst = next(outcome for outcome in reversed(_FROM_GOOD) if outcome in outcomes[places])
        value = values[places].min() if metric.better is Better.HIGH else values[places].max()
        rows.append({**point, metric.name: value, "outcome": worst})
    return pd.DataFrame(rows)


def reduction_in_words(rest: Sequence[Parameter], metric: Column) -> str:
    """What `without_given` and then the best of the others do: `worst over trace, lowest over policy`."""
    given = [in_sentence(parameter.column) for parameter in rest if parameter.given]
    chosen = [in_sentence(parameter.column) for parameter in rest if not parameter.given]
    end = "median" if metric.better is None else metric.better.value
    words = [f"worst over {' and '.join(given)}"] if given else []
    return ", ".join([*words, f"{end} over {' and '.join(chosen)}"] if chosen else words)
