"""A search problem, and what a search method is."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from nas.problem.evaluation import Evaluation, HardwareCosts
from nas.problem.objectives import Objective, Requirements
from nas.space.genome import Genome, Space


class HardwareModel(Protocol):
    """Costs of networks of one space on one platform, capacitor and source."""

    def costs(self, genomes: Sequence[Genome]) -> list[HardwareCosts]:
        """Costs of every genome; exact, and cheap enough to ask for thousands."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What to search, how networks are priced, what they must meet and what makes one better."""

    space: Space
    hardware: HardwareModel
    requirements: Requirements
    objectives: tuple[Objective, ...]

    def feasible(self, genomes: Sequence[Genome]) -> list[bool]:
        """Which genomes meet all requirements."""
        return [self.requirements.met_by(costs) for costs in self.hardware.costs(genomes)]


# A search method is a generator: it yields genomes whose measures it wants and is sent their evaluations, in the same
# order; it ends when its budget is spent. It draws random numbers from its own generator only, so that the same seed
# and the same evaluations give the same search: an interrupted one is resumed by running it again over the store.
Search = Generator[Sequence[Genome], Sequence[Evaluation], None]
