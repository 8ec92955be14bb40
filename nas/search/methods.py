"""Search methods by name, with the problem each of them works on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nas.problem.evaluation import Evaluation
from nas.problem.objectives import Requirements
from nas.problem.problem import Problem, Search
from nas.search.config import SearchConfig
from nas.space.mbconv_space import MbconvSpace
from nas.space.search_space import AnySpace
from nas.space.target import Target
from simint.errors import InputError

if TYPE_CHECKING:
    from nas.methods.tinas.settings import Quirks as TinasQuirks
    from nas.methods.tinas.settings import TinasSettings

PARETO_EVALUATIONS, PARETO_POPULATION = 400, 40  # ours: a front within minutes on a small space


@dataclass(frozen=True, slots=True)
class Method:
    """A search about to begin, and how many evaluations it may ask for."""

    search: Search
    evaluations: int


@dataclass(frozen=True, slots=True)
class MethodGround:
    """What a method searches: the space, narrowed where its first stage decided, and that decision in words."""

    space: AnySpace
    requirements: Requirements
    note: str


def method_ground(method: str, space: AnySpace, target: Target, requirements: Requirements) -> MethodGround:
    """The space that a method searches; InputError where it does not go with the space or the requirements.

    TiNAS chooses width and resolution in a stage of its own, exactly and without training, and drops what its first
    guideline drops.
    """
    if not method.startswith("tinas"):
        return MethodGround(space, requirements, "")
    from nas.hardware.model import hardware_model
    from nas.hardware.table_model import TableModel
    from nas.methods.tinas.reduction import reduction_for, second_stage_space
    from nas.methods.tinas.search import variant_requirements
    from nas.methods.tinas.settings import variant
    from nas.methods.tinas.stage_one import stage_one
    from nas.space.population import Constraints

    chosen = variant(method)
    wanted = variant_requirements(requirements, chosen)
    if not math.isfinite(wanted.latency_s):
        raise InputError(f"{method} scores latency relative to a requirement: give --latency")
    if chosen.limits_imo and not math.isfinite(wanted.imo_percent):
        raise InputError(f"{method} needs a requirement for IMO: give --imo")
    model = hardware_model(space, target)
    if not isinstance(model, TableModel) or not isinstance(space, MbconvSpace):
        raise InputError(f"{method} needs a search space of kind mbconv; {space.name!r} is none")
    reduction = reduction_for(space) if chosen.reduced else None
    decision = stage_one(model.table, Constraints(wanted.latency_s, wanted.imo_percent), reduction)
    if decision.winner is None:
        raise InputError(f"{method}: {decision.reason}")
    width, resolution = decision.winner
    note = f"stage 1 of {method} chose width {width:g} and resolution {resolution} among {len(decision.rows)}"
    return MethodGround(second_stage_space(space, decision.winner, chosen), wanted, note)


def require_budget(config: SearchConfig, data_set: str) -> None:
    """InputError where a method would measure more than it may: TiNAS measures whole generations, at least one."""
    if not config.method.startswith("tinas") or config.evaluations is None:
        return
    population = _tinas_settings(config, data_set).population
    if config.evaluations < population:
        raise InputError(
            f"`evaluations` must be at least {population}, the first generation of {config.method}, got "
            f"{config.evaluations}; a smaller --population takes fewer"
        )


def begin_method(config: SearchConfig, problem: Problem) -> Method:
    """The search of a configuration over the ground of its method."""
    generator = np.random.default_rng(config.seed)
    if config.method == "pareto":
        return _pareto(config, problem, generator)
    if config.method in ("random", "local"):
        from nas.methods.pareto.baselines import local_search, random_search

        evaluations = config.evaluations or PARETO_EVALUATIONS
        begin = random_search if config.method == "random" else local_search
        return Method(begin(problem, evaluations, generator), evaluations)
    if config.method in ("inas", "hw-nas"):
        return _inas(config, problem, generator)
    return _tinas(config, problem, generator)


def _pareto(config: SearchConfig, problem: Problem, generator: np.random.Generator) -> Method:
    from nas.methods.pareto.nsga2 import pareto
    from nas.methods.pareto.settings import ParetoSettings

    evaluations = config.evaluations or PARETO_EVALUATIONS
    settings = ParetoSettings(evaluations=evaluations, population=config.population or PARETO_POPULATION)
    return Method(pareto(problem, settings, generator), evaluations)


def _inas(config: SearchConfig, problem: Problem, generator: np.random.Generator) -> Method:
    from nas.methods.inas.search import inas
    from nas.methods.inas.settings import AS_PUBLISHED, MENDED, InasSettings

    settings = InasSettings() if config.evaluations is None else InasSettings(trials=config.evaluations)
    quirks = AS_PUBLISHED if config.as_published else MENDED
    return Method(inas(problem, settings, generator, quirks), settings.trials)


def _tinas(config: SearchConfig, problem: Problem, generator: np.random.Generator) -> Method:
    from nas.methods.tinas.search import tinas
    from nas.methods.tinas.settings import variant

    settings = _tinas_settings(config, problem.space.data_set)
    search = tinas(problem, variant(config.method), settings, generator, _tinas_quirks(config))
    return Method(search, settings.evaluations)


def _tinas_settings(config: SearchConfig, data_set: str) -> TinasSettings:
    """The published sizes, those of the configuration in their place."""
    from nas.methods.tinas.settings import settings_for

    settings = settings_for(data_set)
    if config.population is not None:
        settings = replace(settings, population=config.population)
    if config.evaluations is not None:
        settings = replace(settings, generations=max(0, config.evaluations // settings.population - 1))
    return settings


def _tinas_quirks(config: SearchConfig) -> TinasQuirks:
    from nas.methods.tinas.settings import AS_PUBLISHED, MENDED

    return AS_PUBLISHED if config.as_published else MENDED


def method_choice(config: SearchConfig, problem: Problem, asked: Sequence[Evaluation]) -> Evaluation | None:
    """The one network that a method returns of all it asked; None where it returns a front or nothing was measured."""
    try:
        if config.method in ("inas", "hw-nas"):
            from nas.methods.inas.search import best_by_accuracy

            return best_by_accuracy(asked)
        if config.method.startswith("tinas"):
            from nas.methods.tinas.search import best_of
            from nas.methods.tinas.settings import variant

            settings = _tinas_settings(config, problem.space.data_set)
            return best_of(asked, problem.requirements, variant(config.method), settings, _tinas_quirks(config))
    except InputError:
        return None
    return None
