"""SC-NAS with its baselines in one run: floating-point NAS on the same networks, and pure SC on the best of these."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from nas.methods.driving import drive
from nas.methods.sc.contraction import Contraction, contractions
from nas.methods.sc.hardware import FloatHardware, ScHardware
from nas.methods.sc.measured import Measuring, Progress
from nas.methods.sc.measuring import ScRecipe
from nas.methods.sc.options import LOSSLESS, ScOptions
from nas.methods.sc.search import ScCounts, ScNasSettings, sc_nas
from nas.methods.sc.space import ScSpace
from nas.problem.evaluation import Evaluation
from nas.problem.objectives import Requirements, objective
from nas.problem.problem import Problem
from nas.space.genome import Genome
from nas.stochastic.config import Activation
from nas.stochastic.energy import ScEnergies, sc_energies
from simint.errors import InputError
from simint.workers.pool import Pool, Where, make_pool

PURE_REACH = 2.0  # times its least energy pure SC is measured up to, where nothing is within the limit
PURE_TUNED = 10  # designs of pure SC, the most accurate, that are tuned
_FLOAT, _STOCHASTIC = 1, 2  # streams of random numbers of one seed
_MANY = 1000  # tasks: as many workers as there are cores


@dataclass(frozen=True, slots=True)
class ScSearched:
    """One search: its evaluations in order, what became of its proposals, and seconds by the clock."""

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


def run_sc_search(
    recipe: ScRecipe,
    energy_max_j: float,
    settings: ScNasSettings,
    float_settings: ScNasSettings | None = None,
    seed: int = 0,
    where: Where | None = None,
    progress: Progress | None = None,
) -> ScRun:
    """Run floating-point NAS, pure SC and SC-NAS; the same for any number of workers.

    `recipe.exact` plays no part. Floating-point NAS measures half as many networks as SC-NAS designs where it has no
    settings of its own. `progress` is called with the name of a stage and its evaluations until then.
    Networks are trained once for all three, and kept in a folder of this run where `recipe` names none. Raises
    InputError where no design meets the energy limit, or the data are not found.
    """
    with tempfile.TemporaryDirectory() as folder:
        kept = dataclasses.replace(recipe, exact=True, trained=recipe.trained or folder)
        half = dataclasses.replace(settings, evaluations=max(1, settings.evaluations // 2))
        return _run(kept, energy_max_j, settings, float_settings or half, seed, where or Where(), progress)


def _run(
    recipe: ScRecipe,
    energy_max_j: float,
    settings: ScNasSettings,
    float_settings: ScNasSettings,
    seed: int,
    where: Where,
    progress: Progress | None,
) -> ScRun:
    space, energies = recipe.space, sc_energies()
    generators = [np.random.default_rng([seed, stream]) for stream in (_FLOAT, _STOCHASTIC)]
    limits = Requirements(energy_j=energy_max_j)
    objectives = (objective("accuracy"), objective("energy"))
    plain = floating_space(space)
    float_problem = Problem(plain, FloatHardware(plain, energies), Requirements(), objectives)
    problem = Problem(space, ScHardware(space, energies), limits, objectives)
    with contextlib.closing(make_pool(where, _MANY)) as pool:
        float_recipe = dataclasses.replace(recipe, exact=False, space=plain)
        floating = _searched(float_problem, float_settings, generators[0], float_recipe, pool, "floating", progress)
        fixed = most_accurate(floating.evaluations)
        pure = _pure(recipe, plain.network_word(fixed.genome), energies, energy_max_j, pool, progress)
        stochastic = _searched(problem, settings, generators[1], recipe, pool, "stochastic", progress)
    return ScRun(space, energy_max_j, energies, tuple(contractions(space)), floating, fixed, tuple(pure), stochastic)


def _pure(
    recipe: ScRecipe,
    network_word: str,
    energies: ScEnergies,
    energy_max_j: float,
    pool: Pool,
    progress: Progress | None,
) -> list[Evaluation]:
    """One network on all hardware; the most accurate are tuned as the designs of the search are."""
    whole = whole_space(recipe.space)
    problem = Problem(whole, ScHardware(whole, energies), Requirements(), ())
    plain = dataclasses.replace(recipe, space=whole, tuning_epochs=0)
    designs = pure_designs(whole, network_word, energies, energy_max_j)
    found = Measuring(problem, plain, pool, "pure", progress)(designs)
    found.sort(key=lambda entry: (bool(entry.reason), -entry.measures.accuracy_percent))
    best = [entry.genome for entry in found[:PURE_TUNED] if not entry.reason]
    again = dataclasses.replace(recipe, space=whole)
    return [*Measuring(problem, again, pool, "pure, tuned", progress)(best), *found[len(best) :]]


def floating_space(space: ScSpace) -> ScSpace:
    """The same networks without a choice of hardware, ReLU as their activation."""
    options = space.options
    first = ScOptions(
        options.lengths[:1], options.arrays[:1], options.generators[:1], options.sharings[:1], (Activation.RELU,)
    )
    return msgspec.structs.replace(space, hardware=first)


def pure_designs(space: ScSpace, network_word: str, energies: ScEnergies, energy_max_j: float) -> list[Genome]:
    """One network on all hardware (of `whole_space`) within the limit, or up to PURE_REACH times its least energy."""
    designs = [space.genome(f"{network_word}@{config.word}") for config in space.options.configs()]
    costs = [cost.active_j for cost in ScHardware(space, energies).costs(designs)]
    limit = energy_max_j if min(costs) <= energy_max_j else PURE_REACH * min(costs)
    return [design for design, cost in zip(designs, costs, strict=True) if cost <= limit]


def whole_space(space: ScSpace) -> ScSpace:
    """The space with all hardware but what cannot be built or has the sums of another, bit for bit."""
    return msgspec.structs.replace(space, rules=LOSSLESS, hardware=None)


def most_accurate(evaluations: Sequence[Evaluation]) -> Evaluation:
    """The highest accuracy, of equals the least energy; InputError where nothing could be measured."""
    measured = [entry for entry in evaluations if not entry.reason]
    if not measured:
        reasons = f": {evaluations[0].reason}" if evaluations else ""
        raise InputError(f"no design could be measured{reasons}")
    return max(measured, key=lambda entry: (entry.measures.accuracy_percent, -entry.costs.active_j))


def _searched(
    problem: Problem,
    settings: ScNasSettings,
    generator: np.random.Generator,
    recipe: ScRecipe,
    pool: Pool,
    stage: str,
    progress: Progress | None,
) -> ScSearched:
    counts, began_s = ScCounts(), time.perf_counter()
    search = sc_nas(problem, settings, generator, counts)
    found = drive(search, Measuring(problem, recipe, pool, stage, progress))
    return ScSearched(problem, tuple(found), counts, time.perf_counter() - began_s)
