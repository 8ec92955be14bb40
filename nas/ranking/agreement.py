"""How far a score and the truth agree on the order of networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nas.space.columns import Floats, Ints
from simint.errors import InputError

TOP_SHARE = 0.1  # chosen: of 50 networks the best 5
_RESAMPLES = 1000  # of a bootstrap: chosen
_INTERVAL = (2.5, 97.5)  # percentiles: 95 % of the resamples


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of a score with the truth over `networks`, those that have one.

    `tau`: Kendall's tau-b, with a 95 % interval by bootstrap over networks. `tau_in_bands`: mean of the taus within
    each band, weighted by its pairs. `recall_percent`: of the truly best tenth, how many the score has in its own.
    `regret_percent`: what the network of the highest score lacks of the best one's accuracy.
    """

    networks: int
    tau: float
    tau_low: float
    tau_high: float
    tau_in_bands: float
    recall_percent: float
    regret_percent: float


def agreement(truth: Floats, score: Floats, bands: Ints, seed: int = 0) -> Agreement:
    """All numbers for networks with accuracy `truth`, `score` (larger is better) and band, all (n,).

    Networks without a finite score are left out.
    """
    if not len(truth) == len(score) == len(bands):
        raise InputError(f"{len(truth)} accuracies, {len(score)} scores and {len(bands)} bands: one each expected")
    known = np.isfinite(score)
    truth, score, bands = truth[known], score[known], bands[known]
    low, high = tau_interval(truth, score, np.random.default_rng(seed))
    return Agreement(
        len(truth),
        kendall_tau(truth, score),
        low,
        high,
        tau_within(truth, score, bands),
        100.0 * top_recall(truth, score),
        regret(truth, score),
    )


def kendall_tau(truth: Floats, score: Floats) -> float:
    """Kendall's tau-b; NaN where either has no order at all, or a score is missing."""
    from scipy.stats import kendalltau

    if len(truth) < 2 or len(set(truth.tolist())) < 2 or len(set(score.tolist())) < 2:
        return math.nan
    return float(kendalltau(truth, score, nan_policy="propagate").statistic)


def tau_within(truth: Floats, score: Floats, bands: Ints) -> float:
    """Mean of the taus within each band, weighted by its pairs; bands without an order do not count."""
    total, weights = 0.0, 0.0
    for band in np.unique(bands):
        inside = bands == band
        tau, n = kendall_tau(truth[inside], score[inside]), int(inside.sum())
        if math.isfinite(tau):
            total += tau * n * (n - 1)
            weights += n * (n - 1)
    return total / weights if weights else math.nan


def tau_interval(truth: Floats, score: Floats, generator: np.random.Generator) -> tuple[float, float]:
    """95 % bootstrap interval of tau over networks."""
    if not np.isfinite(score).all() or not math.isfinite(kendall_tau(truth, score)):
        return math.nan, math.nan
    n = len(truth)
    taus = []
    for _ in range(_RESAMPLES):
        rows = generator.integers(0, n, n)
        taus.append(kendall_tau(truth[rows], score[rows]))
    low, high = np.nanpercentile(taus, _INTERVAL)
    return float(low), float(high)


def top_recall(truth: Floats, score: Floats, share: float = TOP_SHARE) -> float:
    """Share of the truly best ones (`share` of all, rounded up) that are among as many of the best scores.

    Where equals straddle the limit: the mean over all ways to choose among them.
    """
    if not 0 < share <= 1:
        raise InputError(f"share of the best: above 0 and at most 1, got {share:g}")
    if not len(truth) or not np.isfinite(score).all():
        return math.nan
    count = math.ceil(share * len(truth))
    return float((_chance_of_top(truth, count) * _chance_of_top(score, count)).sum() / count)


def regret(truth: Floats, score: Floats) -> float:
    """The best of `truth` less that of the highest score; equals of the highest score count by their mean."""
    if not len(truth) or not np.isfinite(score).all():
        return math.nan
    return float(truth.max() - truth[score == score.max()].mean())


def _chance_of_top(values: Floats, count: int) -> Floats:
    """Chance of each value to be among the `count` largest, if equals are chosen among at random."""
    limit = np.sort(values)[-count]
    above, equal = values > limit, values == limit
    chance: Floats = above + equal * ((count - above.sum()) / equal.sum())
    return chance


def mean_by_network(values: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Mean of the values of every network."""
    found: dict[str, list[float]] = {}
    for word, value in values:
        found.setdefault(word, []).append(value)
    return {word: math.fsum(these) / len(these) for word, these in found.items()}
