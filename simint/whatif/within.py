"""The time within which a share of the inferences was finished: the metric of goals like "95 % within 30 s"."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from simint.engine.run import Run

WITHIN_PERCENTS = (50, 90, 95, 99, 100)


def within_name(percent: int) -> str:
    """Name of the metric."""
    return f"within_p{percent}_s"


def times_within(run: Run) -> dict[str, float | None]:
    """For each of `WITHIN_PERCENTS` the shortest time (s) within which so many of the released inferences finished.

    It is a latency that occurred, not one between two. An inference that the end of the run cut counts as late from its
    age on and is left out below that, because there it was not yet late; one that was dropped or can never finish is
    late always. None where no time is long enough.
    """
    latencies = np.sort([inference.latency_s for inference in run.finished])
    ages = np.sort(_ages_unfinished(run))
    decided = len(latencies) + len(ages) - np.searchsorted(ages, latencies, side="right")
    shares = np.arange(1, len(latencies) + 1) / decided
    found: dict[str, float | None] = {}
    for percent in WITHIN_PERCENTS:
        # Shares rise with time: later ones have more done and no more decided.
        enough = int(np.searchsorted(shares, percent / 100 * (1 - 1e-12)))
        found[within_name(percent)] = float(latencies[enough]) if enough < len(latencies) else None
    return found


def _ages_unfinished(run: Run) -> list[float]:
    """How long each inference that did not finish has waited; infinite where it never will."""
    from simint.engine.run import Verdict

    unfinished = sorted((i for i in run.inferences if not i.completed), key=lambda inference: inference.release_s)
    if run.verdict is Verdict.NONTERMINATION:
        return [math.inf] * len(unfinished)
    begun = [inference for inference in unfinished if not math.isnan(inference.start_s)]
    # A newer release replaces an older one, so of those never begun the oldest were dropped.
    waiting = [inference for inference in unfinished if math.isnan(inference.start_s)][run.dropped :]
    dropped = len(unfinished) - len(begun) - len(waiting)
    return [math.inf] * dropped + [run.duration_s - inference.release_s for inference in (*begun, *waiting)]
