"""Recipes: how candidates are measured, as data that travels to the workers."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nas.problem.evaluation import Measures
from nas.problem.measuring import Bench, Recipe
from nas.space.genome import Genome
from simint.engine.engines import EngineChoice

if TYPE_CHECKING:
    from nas.fitness.replay import ReplayFitness
    from simint.scenario import Scenario


@dataclass(frozen=True, slots=True)
class ReplayRecipe:
    """Replay under every scenario, with the engine given."""

    scenarios: tuple[Scenario, ...]
    engine: EngineChoice = EngineChoice.COMPILED

    @property
    def fidelity(self) -> str:
        """As `Recipe`."""
        return f"replay-{self.engine}"

    def open(self) -> Bench:
        """Traces and supplies compiled."""
        from nas.fitness.replay import prepare_replay

        return ReplayBench(prepare_replay(self.scenarios, self.engine))


@dataclass(frozen=True, slots=True)
class ReplayBench:
    """Compiled traces, ready for candidates."""

    fitness: ReplayFitness

    def measures(self, genome: Genome, word: str) -> Measures:
        """Inferences per day and latencies."""
        from simint.network.families import network_from_word

        return self.fitness.measures(network_from_word(word))


@dataclass(frozen=True, slots=True)
class JointRecipe:
    """Several recipes, each for other measures."""

    parts: tuple[Recipe, ...]

    @property
    def fidelity(self) -> str:
        """As `Recipe`."""
        return "+".join(part.fidelity for part in self.parts)

    def open(self) -> Bench:
        """All of them."""
        return JointBench(tuple(part.open() for part in self.parts))


@dataclass(frozen=True, slots=True)
class JointBench:
    """Benches whose measures are put together; the first that cannot measure ends it."""

    parts: tuple[Bench, ...]

    def measures(self, genome: Genome, word: str) -> Measures:
        """What any of them knows."""
        found = Measures()
        for part in self.parts:
            found = joined(found, part.measures(genome, word))
        return found


def joined(first: Measures, second: Measures) -> Measures:
    """The measures of `second`, and where it has none those of `first`."""
    known = {name: value for name, value in dataclasses.asdict(second).items() if not math.isnan(value)}
    return dataclasses.replace(first, **known)
