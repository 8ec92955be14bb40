"""Promotion: many candidates at a cheap fidelity, the best of them at the next one, and how far the two agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nas.space.genome import Genome
from simint.errors import InputError


@dataclass(frozen=True, slots=True)
class Fidelity:
    """A way to judge candidates: smaller scores are better, infinite ones cannot run; dearer ways come later."""

    name: str
    scores: Callable[[Sequence[Genome]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Round:
    """The candidates that one fidelity judged, best first, and their scores.

    `agreement`: Kendall's tau-b with the fidelity before over these candidates; NaN for the first fidelity, and where
    one of the two puts them in no order at all.
    """

    fidelity: str
    genomes: tuple[Genome, ...]
    scores: tuple[float, ...]
    agreement: float


def promote(candidates: Sequence[Genome], fidelities: Sequence[Fidelity], keep: Sequence[int]) -> tuple[Round, ...]:
    """Judge all candidates by the first fidelity, the best `keep[0]` of them by the second, and so on.

    Of equal scores the earlier candidate is kept. Raises InputError where `keep` does not have one number fewer than
    there are fidelities, each from 1 on.
    """
    if len(keep) != len(fidelities) - 1 or any(number < 1 for number in keep):
        raise InputError(
            f"`keep`: a number from 1 on between each two of {len(fidelities)} fidelities expected, got {list(keep)}"
        )
    rounds: list[Round] = []
    genomes = list(dict.fromkeys(candidates))
    known: dict[Genome, float] = {}
    for place, fidelity in enumerate(fidelities):
        scores = [float(score) for score in fidelity.scores(genomes)]
        agreement = rank_agreement([known[genome] for genome in genomes], scores) if known else float("nan")
        order = sorted(range(len(genomes)), key=lambda index: _sortable(scores[index]))
        rounds.append(
            Round(fidelity.name, tuple(genomes[k] for k in order), tuple(scores[k] for k in order), agreement)
        )
        known = dict(zip(genomes, scores, strict=True))
        if place < len(keep):
            genomes = [genomes[k] for k in order[: keep[place]]]
    return tuple(rounds)


def rank_agreement(first: Sequence[float], second: Sequence[float]) -> float:
    """Kendall's tau-b between two scores of the same candidates; what is equal to 12 digits is a tie.

    Infinite and unknown scores tie at the end. NaN where one of the two has no order.
    """
    from scipy.stats import kendalltau, rankdata

    ranks = [rankdata([_sortable(float(f"{value:.12g}")) for value in scores]) for scores in (first, second)]
    if any(len(np.unique(rank)) < 2 for rank in ranks):
        return float("nan")
    return float(kendalltau(*ranks).statistic)


def _sortable(score: float) -> float:
    return float("inf") if np.isnan(score) else score
