"""Drawing genomes until they meet the requirements: hardware costs are asked before anything is measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nas.problem.objectives import Requirements
from nas.problem.problem import Problem
from nas.space.genome import Genome
from simint.errors import InputError

Propose = Callable[[], Genome]

ATTEMPTS = 20_000  # draws until a proposal counts as exhausted; a share of feasible networks of 0.05 % is still found
BATCH = 1024  # most genomes priced in one call


@dataclass(slots=True)
class Archive:
    """Canonical genomes that were proposed for measuring, which none may be a second time; off if `eliminating` is."""

    eliminating: bool
    known: set[Genome]

    def admit(self, genome: Genome) -> bool:
        """Whether the genome may be proposed."""
        return not self.eliminating or genome not in self.known


def new_archive(*, eliminating: bool = True) -> Archive:
    """An empty archive."""
    return Archive(eliminating, set())


@dataclass(frozen=True, slots=True)
class Drawn:
    """What draws found: canonical genomes that meet the requirements, and the nearest of the others.

    `missed` has as many as were wanted at most, the smallest violation first.
    """

    genomes: list[Genome]
    missed: list[Genome]


def draw_feasible(problem: Problem, propose: Propose, wanted: int, archive: Archive, attempts: int = ATTEMPTS) -> Drawn:
    """Draw from `propose` until `wanted` genomes are feasible and admitted, which are added to the archive.

    Fewer where `attempts` draws do not do. Which genomes come out depends on the draws alone.
    """
    found: list[Genome] = []
    missed: dict[Genome, float] = {}
    size = wanted
    while len(found) < wanted and attempts > 0:
        size = min(size, attempts, BATCH)
        attempts -= size
        batch = [problem.space.canonical(propose()) for _ in range(size)]
        size *= 2
        candidates = [genome for genome in batch if archive.admit(genome)]
        if not candidates:
            continue
        for genome, costs in zip(candidates, problem.hardware.costs(candidates), strict=True):
            violation = problem.requirements.violation(costs)
            if violation > 0:
                missed[genome] = violation
            elif len(found) < wanted and archive.admit(genome):
                found.append(genome)
                archive.known.add(genome)
    nearest = sorted(missed, key=lambda genome: missed[genome])
    return Drawn(found, nearest[:wanted])


def nothing_feasible(problem: Problem, missed: Sequence[Genome]) -> InputError:
    """The error to raise where draws found no network that meets the requirements, only others, the nearest first."""
    text = f"search space {problem.space.name!r}: no network was found that meets {_asked(problem.requirements)}"
    costs = problem.hardware.costs(missed[:1]) if missed else []
    if not costs or not math.isfinite(costs[0].latency_s):
        return InputError(f"{text}; none that was drawn can run on this hardware at all")
    return InputError(
        f"{text}; the nearest of those drawn, {problem.space.word(missed[0])}, has latency {costs[0].latency_s:.6g} s, "
        f"IMO {costs[0].imo_percent:.4g} %, {costs[0].weight_bytes:.0f} B of weights and "
        f"{costs[0].feature_bytes:.0f} B of features"
    )


def _asked(asked: Requirements) -> str:
    limits = (
        ("latency", asked.latency_s, "s"),
        ("IMO", asked.imo_percent, "%"),
        ("weights", asked.weight_bytes, "B"),
        ("features", asked.feature_bytes, "B"),
        ("NVM", asked.nvm_bytes, "B"),
        ("energy", asked.energy_j, "J"),
    )
    finite = [f"{name} <= {limit:.6g} {unit}" for name, limit, unit in limits if math.isfinite(limit)]
    return ", ".join(finite) or "the limits of the hardware"
