"""The second stage of TiNAS: evolution of block choices, width and resolution fixed (specification D.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nas.methods.drawing import Archive, Propose, draw_feasible, new_archive, nothing_feasible
from nas.methods.tinas.operators import Blocks, crossover, mutate, sample, searched_blocks
from nas.methods.tinas.scores import score_of
from nas.methods.tinas.settings import MENDED, Quirks, TinasSettings, Variant
from nas.problem.evaluation import Evaluation
from nas.problem.objectives import Requirements
from nas.problem.problem import Problem, Search
from nas.space.genome import Genome, random_genome
from simint.errors import InputError

UNSCORED = -100.0  # what the history of best scores starts with
PATIENCE = 5  # equal entries of the history after which G2 switches to exploitation
# Draws until an operator counts as exhausted. Two parents of four blocks have 14 crossovers that are no copies, which
# 400 draws find almost surely; mutants of a block are as many as its choices.
CROSSOVER_ATTEMPTS, MUTANT_ATTEMPTS, RANDOM_ATTEMPTS = 400, 4_000, 20_000


def tinas(
    problem: Problem,
    variant: Variant,
    settings: TinasSettings,
    generator: np.random.Generator,
    quirks: Quirks = MENDED,
) -> Search:
    """Search block choices under the requirements of the problem (those of a variant: `variant_requirements`).

    Yields the initial population, then the children of every generation. Raises InputError where width or resolution
    are open, a requirement is missing that the score needs, or no network drawn is feasible. Ends early where no
    feasible network is left that was not measured.
    """
    blocks = searched_blocks(problem.space)
    limit = _latency_limit(problem.requirements, variant)
    archive = new_archive(eliminating=not quirks.repeats)
    drawn = draw_feasible(problem, lambda: sample(problem.space, blocks, generator), settings.population, archive)
    if not drawn.genomes:
        raise nothing_feasible(problem, drawn.missed)
    population = list((yield drawn.genomes))
    scores, exploiting = [UNSCORED], False
    for _ in range(settings.generations):
        population.sort(key=lambda entry: -score_of(variant.score, entry, limit))
        top = population[: settings.parents]
        scores.append(max(scores[-1], score_of(variant.score, top[0], limit)))
        exploiting = switched(scores, exploiting, quirks)
        children = _children(
            problem, variant, settings, blocks, archive, [e.genome for e in top], exploiting, generator
        )
        if not children:
            return
        population = [*top, *(yield children)]


def variant_requirements(requirements: Requirements, variant: Variant) -> Requirements:
    """What a variant asks of a network: all but TiNAS-M search without the limit of IMO."""
    return requirements if variant.limits_imo else replace(requirements, imo_percent=math.inf)


def switched(history: Sequence[float], exploiting: bool, quirks: Quirks) -> bool:
    """Whether G2 exploits: from the first time that the last entries are equal on, for good unless forgetful."""
    stagnant = len(history) >= PATIENCE and len(set(history[-PATIENCE:])) == 1
    return stagnant or (exploiting and not quirks.forgetful)


def block_probabilities(variant: Variant, settings: TinasSettings, blocks: int, *, exploiting: bool) -> list[float]:
    """Probability of every block to be drawn anew in a mutation."""
    first, later = settings.exploration if variant.adaptive and not exploiting else (settings.exploitation,) * 2
    return [first, *[later] * (blocks - 1)]


def ranked(evaluations: Sequence[Evaluation], settings: TinasSettings, quirks: Quirks = MENDED) -> Sequence[Evaluation]:
    """Those of a whole search that are compared with the best: not the last children where the end is unranked."""
    whole = settings.generations > 0 and quirks.unranked_end and len(evaluations) == settings.evaluations
    return evaluations[: -settings.population] if whole else evaluations


def best_of(
    evaluations: Sequence[Evaluation],
    requirements: Requirements,
    variant: Variant,
    settings: TinasSettings,
    quirks: Quirks = MENDED,
) -> Evaluation:
    """The network a search returns: the first of the highest score. Raises InputError where nothing was measured."""
    limit = _latency_limit(requirements, variant)
    entries = ranked(evaluations, settings, quirks)
    best = max(entries, key=lambda entry: score_of(variant.score, entry, limit), default=None)
    if best is None or score_of(variant.score, best, limit) == -math.inf:
        raise InputError(f"{variant.name}: no network was measured")
    return best


def _latency_limit(requirements: Requirements, variant: Variant) -> float:
    """The latency the score is relative to; InputError where a requirement of the variant is missing."""
    if variant.score.needs_latency and not math.isfinite(requirements.latency_s):
        raise InputError(f"{variant.name} scores latency relative to a requirement: give one")
    if variant.limits_imo and not math.isfinite(requirements.imo_percent):
        raise InputError(f"{variant.name} needs a requirement for IMO")
    return requirements.latency_s


def _children(
    problem: Problem,
    variant: Variant,
    settings: TinasSettings,
    blocks: Blocks,
    archive: Archive,
    top: Sequence[Genome],
    exploiting: bool,
    generator: np.random.Generator,
) -> list[Genome]:
    """One generation of children: mutants, then crossovers.

    Without repeats, what crossovers of few parents cannot give any more is made up by mutants, and by random networks.
    """
    space = problem.space
    probabilities = block_probabilities(variant, settings, len(blocks), exploiting=exploiting)

    def parent() -> Genome:
        return top[int(generator.integers(len(top)))]

    def mutant() -> Genome:
        return mutate(parent(), space, blocks, probabilities, generator)

    def crossed() -> Genome:
        return crossover(parent(), parent(), blocks, generator)

    def any_network() -> Genome:
        return random_genome(space, generator)

    children: list[Genome] = []
    turns: tuple[tuple[Propose, int, int], ...] = (
        (mutant, settings.mutants, MUTANT_ATTEMPTS),
        (crossed, settings.population, CROSSOVER_ATTEMPTS),
        (mutant, settings.population, MUTANT_ATTEMPTS),
        (any_network, settings.population, RANDOM_ATTEMPTS),
    )
    for propose, until, attempts in turns:
        if len(children) < until:
            children += draw_feasible(problem, propose, until - len(children), archive, attempts).genomes
    return children
