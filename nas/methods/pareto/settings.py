"""Settings of the Pareto search."""

from __future__ import annotations

from dataclasses import dataclass

from simint.errors import InputError


@dataclass(frozen=True, slots=True)
class ParetoSettings:
    """How much to measure and how to vary.

    `evaluations` networks are measured in all, `population` in a generation. A child comes from two parents with
    probability `crossover`, half of the time block by block, otherwise gene by gene, and has `changes` genes changed on
    average before one is guaranteed. `focus`: share of these changes for each block, equal if empty.
    """

    evaluations: int = 1000
    population: int = 32
    crossover: float = 0.9
    changes: float = 1.0
    focus: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.evaluations < 1 or self.population < 2:
            raise InputError("Pareto search: at least 1 evaluation and a population of at least 2 expected")
        if not 0 <= self.crossover <= 1 or not self.changes > 0:
            raise InputError("Pareto search: crossover must be 0 to 1, changes positive")
