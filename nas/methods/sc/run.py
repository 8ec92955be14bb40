"""SC-NAS with its baselines in one run: floating-point NAS on the same networks, and pure SC on the best of these."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nas.methods.driving import drive
from nas.methods.sc.baselines import floating_space, whole_space
from nas.methods.sc.contraction import Contraction, contractions
from nas.methods.sc.hardware import FloatHardware, ScHardware
from nas.methods.sc.measuring import ScRecipe
from nas.methods.sc.search import ScCounts, ScNasSettings, sc_nas
from nas.methods.sc.space import ScSpace
from nas.problem.evaluation import Evaluation
from nas.problem.objectives import Objective, Requirements, objective
from nas.problem.problem import Problem
from nas.space.genome import Genome
from nas.stochastic.energy import ScEnergies, sc_energies
from simint.errors import InputError

PURE_REACH = 2.0  # times its least energy pure SC is measured up to, where nothing is within the limit
PURE_TUNED = 10  # designs of pure SC, the most accurate, that are tuned
_FLOAT, _STOCHASTIC = 1, 2  # streams of random numbers of one seed


class Stage(Protocol):
    """Evaluations of the designs of one problem by one recipe."""

    def evaluations(self, genomes: Sequence[Genome]) -> list[Evaluation]:
        """In the order of the genomes, by whatever number of workers."""

    @property
    def seconds(self) -> float:
        """The workers' time for what was asked until now, added up."""


# Begins a stage; the number of evaluations that it may ask for at most.
Stages = Callable[[Problem, ScRecipe, int], Stage]


@dataclass(frozen=True, slots=True)
class ScSearched:
    """One search: its evaluations in order, what became of its proposals, and the workers' seconds, added up."""

    problem: Problem
    evaluations: tuple[Evaluation, ...]
    counts: ScCounts
    seconds: float


@dataclass(frozen=True, slots=True)
class ScRun:
    """A whole run; `pure` are evaluations of the best floating-point network, `fixed`, over the hardware of
    `whole_space`, the most accurate of them tuned.

    Energies of `floating` are those of float32. Accuracies are on validation data, bit-exact where hardware is
    stochastic.
    """

    space: ScSpace
    energy_max_j: float
    energies: ScEnergies
    contracted: tuple[Contraction, ...]
    floating: ScSearched
    fixed: Evaluation
    pure: tuple[Evaluation, ...]
    stochastic: ScSearched

    def int8_j(self, network: Evaluation) -> float:
        """Energy (J) of one inference of a network in binary arithmetic of 8 bits."""
        return network.costs.macs * self.energies.int8.mac


@dataclass(frozen=True, slots=True)
class FinalAccuracies:
    """On the test split: of the best of SC-NAS, of floating-point NAS, and of pure SC within the limit if any is."""

    stochastic_percent: float
    floating_percent: float
    pure_percent: float


def run_sc_search(
    recipe: ScRecipe,
    energy_max_j: float,
    settings: ScNasSettings,
    stages: Stages,
    float_settings: ScNasSettings | None = None,
    seed: int = 0,
) -> ScRun:
    """Run floating-point NAS, pure SC and SC-NAS, their designs measured by `stages`, one after the other.

    `recipe.exact` plays no part. Floating-point NAS measures half as many networks as SC-NAS designs where it has no
    settings of its own. Networks are trained once for all three where `recipe` names a folder for them. Raises
    InputError where no design meets the energy limit, or none can be measured.
    """
    recipe = dataclasses.replace(recipe, exact=True)
    half = dataclasses.replace(settings, evaluations=max(1, settings.evaluations // 2))
    space, energies = recipe.space, sc_energies()
    generators = [np.random.default_rng([seed, stream]) for stream in (_FLOAT, _STOCHASTIC)]
    plain = floating_space(space)
    float_problem = Problem(plain, FloatHardware(plain, energies), Requirements(), _objectives())
    limits = Requirements(energy_j=energy_max_j)
    problem = Problem(space, ScHardware(space, energies), limits, _objectives())
    floating = _searched(float_problem, float_settings or half, generators[0], float_recipe(recipe), stages)
    fixed = most_accurate(floating.evaluations)
    pure = _pure(recipe, plain.network_word(fixed.genome), energies, energy_max_j, stages)
    stochastic = _searched(problem, settings, generators[1], recipe, stages)
    return ScRun(space, energy_max_j, energies, tuple(contractions(space)), floating, fixed, tuple(pure), stochastic)


def final_accuracies(run: ScRun, recipe: ScRecipe, stages: Stages) -> FinalAccuracies:
    """Accuracies on the test split, which this opens: for the end of a study alone."""
    energies = run.energies
    pure_best = best_within(run.pure, run.energy_max_j) or most_accurate(run.pure)

    def accuracy_percent(problem: Problem, how: ScRecipe, entry: Evaluation) -> float:
        (found,) = stages(problem, dataclasses.replace(how, test=True), 1).evaluations([entry.genome])
        if found.reason:
            raise InputError(f"{problem.space.word(entry.genome)} could not be tested: {found.reason}")
        return found.measures.accuracy_percent

    exact = dataclasses.replace(recipe, exact=True)
    best = most_accurate(run.stochastic.evaluations)
    return FinalAccuracies(
        stochastic_percent=accuracy_percent(run.stochastic.problem, exact, best),
        floating_percent=accuracy_percent(run.floating.problem, float_recipe(recipe), run.fixed),
        pure_percent=accuracy_percent(_pure_problem(run.space, energies), pure_recipe(recipe), pure_best),
    )


def float_recipe(recipe: ScRecipe) -> ScRecipe:
    """The same for networks in floating point."""
    return dataclasses.replace(recipe, exact=False, space=floating_space(recipe.space))


def pure_recipe(recipe: ScRecipe) -> ScRecipe:
    """The same for designs of pure SC."""
    return dataclasses.replace(recipe, exact=True, space=whole_space(recipe.space), name="pure")


def _pure(
    recipe: ScRecipe, network_word: str, energies: ScEnergies, energy_max_j: float, stages: Stages
) -> list[Evaluation]:
    """One network on all hardware; the most accurate are tuned as the designs of the search are."""
    problem, tuned = _pure_problem(recipe.space, energies), pure_recipe(recipe)
    designs = pure_designs(whole_space(recipe.space), network_word, energies, energy_max_j)
    untuned = dataclasses.replace(tuned, tuning_epochs=0)
    found = stages(problem, untuned, len(designs)).evaluations(designs)
    found.sort(key=lambda entry: (bool(entry.reason), -entry.measures.accuracy_percent))
    best = [entry.genome for entry in found[:PURE_TUNED] if not entry.reason]
    return [*stages(problem, tuned, len(best)).evaluations(best), *found[len(best) :]]


def _pure_problem(space: ScSpace, energies: ScEnergies) -> Problem:
    whole = whole_space(space)
    return Problem(whole, ScHardware(whole, energies), Requirements(), _objectives())


def _objectives() -> tuple[Objective, ...]:
    return objective("accuracy"), objective("energy")


def pure_designs(space: ScSpace, network_word: str, energies: ScEnergies, energy_max_j: float) -> list[Genome]:
    """One network on all hardware (of `whole_space`) within the limit, or up to PURE_REACH times its least energy."""
    designs = [space.genome(f"{network_word}@{config.word}") for config in space.options.configs()]
    costs = [cost.active_j for cost in ScHardware(space, energies).costs(designs)]
    limit = energy_max_j if min(costs) <= energy_max_j else PURE_REACH * min(costs)
    return [design for design, cost in zip(designs, costs, strict=True) if cost <= limit]


def most_accurate(evaluations: Sequence[Evaluation]) -> Evaluation:
    """The highest accuracy, of equals the least energy; InputError where nothing could be measured."""
    measured = [entry for entry in evaluations if not entry.reason]
    if not measured:
        reasons = f": {evaluations[0].reason}" if evaluations else ""
        raise InputError(f"no design could be measured{reasons}")
    return max(measured, key=lambda entry: (entry.measures.accuracy_percent, -entry.costs.active_j))


def best_within(evaluations: Sequence[Evaluation], energy_j: float) -> Evaluation | None:
    """The most accurate design of at most this energy; None where there is none."""
    within = [entry for entry in evaluations if entry.costs.active_j <= energy_j and not entry.reason]
    return most_accurate(within) if within else None


def _searched(
    problem: Problem, settings: ScNasSettings, generator: np.random.Generator, recipe: ScRecipe, stages: Stages
) -> ScSearched:
    counts, stage = ScCounts(), stages(problem, recipe, settings.evaluations)
    found = drive(sc_nas(problem, settings, generator, counts), stage.evaluations)
    return ScSearched(problem, tuple(found), counts, stage.seconds)
