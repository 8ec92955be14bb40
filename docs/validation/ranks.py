"""How far columns of latencies agree on the order of networks: rank correlations as tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from common import Table
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def rank_correlations(latencies: Numbers) -> tuple[Numbers, Numbers]:
    """Kendall's tau-b and Spearman's rho between the columns of `latencies` (n, k); those without end tie at the end.

    Returns two (k, k) arrays, NaN where a column has no order at all.
    """
    from scipy.stats import kendalltau, rankdata, spearmanr

    # Equal to 12 digits is equal: two ways to add the same phases must not make an order.
    ranks = [rankdata([float(f"{value:.12g}") for value in column]) for column in latencies.T]
    tau, rho = np.full((2, len(ranks), len(ranks)), np.nan)
    for i, first in enumerate(ranks):
        for j, second in enumerate(ranks):
            if len(set(first)) > 1 and len(set(second)) > 1:
                tau[i, j] = kendalltau(first, second).statistic
                rho[i, j] = spearmanr(first, second).statistic
    return tau, rho


def correlation_table(headings: Sequence[str], latencies: Numbers, title: str) -> Table:
    """Kendall's tau above the diagonal, Spearman's rho below it; `latencies` is (n, k)."""
    tau, rho = rank_correlations(latencies)
    rows = [
        [heading, *("" if i == j else _figure(tau[i, j] if j > i else rho[i, j]) for j in range(len(headings)))]
        for i, heading in enumerate(headings)
    ]
    return Table(["rho \\ tau", *headings], rows, title)


def agreement_table(
    headings: Sequence[str], latencies: Numbers, reference: str, groups: Sequence[tuple[str, str]], title: str
) -> Table:
    """Every column against the column `reference`; `latencies` is (n, k); `groups` (n): data set and requirement.

    A pair is two networks found by different methods for the same data set and requirement; it is kept where a column
    puts the same one first as the reference.
    """
    base = headings.index(reference)
    datasets = list(dict.fromkeys(dataset for dataset, _ in groups))
    own = {"all": latencies} | {dataset: latencies[[each == dataset for each, _ in groups]] for dataset in datasets}
    taus = [rank_correlations(rows)[0][base] for rows in own.values()]
    pairs = [(i, j) for i in range(len(groups)) for j in range(i) if groups[i] == groups[j]]
    rows = []
    for column, heading in enumerate(headings):
        if column == base:
            continue
        ratio = latencies[:, column] / latencies[:, base]
        ratio = ratio[np.isfinite(ratio)]
        spread = f"{ratio.min():.2f} to {ratio.max():.2f}" if ratio.size else ""
        kept = pairs_kept(latencies[:, column], latencies[:, base], pairs)
        rows.append(
            [heading, *(_figure(tau[column]) for tau in taus), f"{kept}", spread, f"{len(groups) - ratio.size}"]
        )
    header = [
        "column",
        *(f"tau, {name}" for name in own),
        f"pairs kept of {len(pairs)}",
        f"latency / {reference}",
        "never",
    ]
    return Table(header, rows, title)


def pairs_kept(latencies: Numbers, reference: Numbers, pairs: Sequence[tuple[int, int]]) -> int:
    """Pairs (i, j) that both columns put in the same order; a tie keeps nothing."""
    return sum(
        (latencies[i] < latencies[j] and reference[i] < reference[j])
        or (latencies[i] > latencies[j] and reference[i] > reference[j])
        for i, j in pairs
    )


def _figure(value: float) -> str:
    return "" if math.isnan(value) else f"{value:+.2f}"
