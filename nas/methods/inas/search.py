"""The search of iNAS over plain spaces; with a hardware model of continuous power it is the baseline HW-NAS."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nas.methods.inas.reward import Average, reward
from nas.methods.inas.settings import MENDED, InasSettings, Quirks
from nas.problem.evaluation import Evaluation
from nas.problem.problem import Problem, Search
from nas.space.genome import Genome, random_genome
from simint.errors import InputError

NONE_YET = 0  # the reserved entry of embeddings


def inas(problem: Problem, settings: InasSettings, generator: np.random.Generator, quirks: Quirks = MENDED) -> Search:
    """Let the controller propose `trials` networks; yields those that meet the requirements, one at a time.

    What misses a requirement earns its reward unmeasured. A network proposed twice in a row counts again; proposed
    once more, a random one takes its place. Raises InputError where no gene leaves a choice.
    """
    import torch

    from nas.methods.inas.controller import Learner, decide, new_weights

    # Genes without choice need no decision.
    open_genes = [index for index, gene in enumerate(problem.space.genes) if len(gene.options) > 1]
    if not open_genes:
        raise InputError(f"search space {problem.space.name!r} leaves nothing to choose")
    genes = [problem.space.genes[index] for index in open_genes]
    source = torch.Generator().manual_seed(int(generator.integers(2**63)))
    learner = Learner(new_weights(genes, settings, source, zero=quirks.zero_weights), settings, quirks)
    average, repeats, exploration = Average(settings.memory), 0, settings.exploration
    known: dict[Genome, Evaluation] = {}
    last: Genome | None = None
    for _ in range(settings.trials):
        first = NONE_YET if last is None or quirks.blind_start else last[open_genes[0]] + 1
        choices, logits = decide(learner.weights, genes, first, source if settings.sampled else None)
        genome = _with_choices(problem, open_genes, choices)
        if generator.random() < exploration:
            genome = random_genome(problem.space, generator)
        if not quirks.constant_exploration:
            exploration *= settings.exploration_decay
        repeats = repeats + 1 if genome == last else 0
        if repeats:
            average = average.raised(settings.repeat_factor)
        if repeats > 1:
            genome, repeats = random_genome(problem.space, generator), 0
        last = genome
        named = problem.space.canonical(genome)
        costs = problem.hardware.costs([named])[0]
        accuracy = math.nan
        if problem.requirements.met_by(costs):
            if quirks.repeats or named not in known:
                known[named] = (yield [named])[0]
            accuracy = known[named].measures.accuracy_percent / 100.0
        earned = reward(costs, problem.requirements, accuracy, average.value, flat_misses=quirks.flat_misses)
        if not math.isnan(accuracy):
            average = average.updated(accuracy)
        learner.learn(logits, tuple(genome[index] for index in open_genes), earned)


def _with_choices(problem: Problem, open_genes: list[int], choices: Genome) -> Genome:
    genome = [0] * len(problem.space.genes)
    for index, choice in zip(open_genes, choices, strict=True):
        genome[index] = choice
    return tuple(genome)


def best_by_accuracy(evaluations: Sequence[Evaluation]) -> Evaluation:
    """What a search returns: the network of the highest accuracy, the faster of equals. InputError where none is."""
    measured = [entry for entry in evaluations if not math.isnan(entry.measures.accuracy_percent)]
    if not measured:
        raise InputError("no network met the requirements in any trial")
    return max(measured, key=lambda entry: (entry.measures.accuracy_percent, -entry.costs.latency_s))
