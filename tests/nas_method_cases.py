"""Problems for tests of search methods: real spaces and costs, accuracy a known function of the genes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import msgspec
import numpy as np

from nas.hardware.model import AnyModel, hardware_model
from nas.methods.drawing import new_archive
from nas.problem.evaluation import Evaluation, Measures
from nas.problem.objectives import Requirements, objective
from nas.problem.problem import Problem
from nas.space.columns import Costs
from nas.space.genome import Genome, Space
from nas.space.mbconv_space import MbconvSpace
from nas.space.search_space import AnySpace, load_mbconv_space, load_space

HAR_L25 = 18.53157244307734  # published requirement (TiNAS): 25th percentile of sampled latencies
ARCHIVE_OFF = new_archive(eliminating=False)


@cache
def hardware(space: AnySpace) -> AnyModel:
    return hardware_model(space)


def activity_space(**lists: object) -> MbconvSpace:
    """The HAR space at width 1 and 64 samples, with some lists replaced."""
    return msgspec.structs.replace(load_mbconv_space("har"), widths=(1.0,), resolutions=(64,), **lists)


def plain_space(name: str) -> AnySpace:
    return load_space(name)


def problem(space: AnySpace, latency_s: float = math.inf, *objectives: str, imo_percent: float = math.inf) -> Problem:
    limits = Requirements(latency_s=latency_s, imo_percent=imo_percent)
    return Problem(space, hardware(space), limits, tuple(map(objective, objectives or ("accuracy", "latency", "imo"))))


def separable_accuracy(space: Space, seed: int) -> Callable[[Genome], float]:
    """A sum over genes that grows with every option, in percent."""
    generator = np.random.default_rng(seed)
    gains = [np.sort(generator.random(len(gene.options))) * 50.0 / len(space.genes) for gene in space.genes]
    return lambda genome: 40.0 + math.fsum(float(gain[index]) for gain, index in zip(gains, genome, strict=True))


@dataclass
class Laboratory:
    """Measures genomes and notes the calls."""

    problem: Problem
    accuracy: Callable[[Genome], float]
    batches: list[list[Genome]]

    def __call__(self, genomes: Sequence[Genome]) -> list[Evaluation]:
        self.batches.append(list(genomes))
        costs = self.problem.hardware.costs(genomes)
        return [Evaluation(g, cost, Measures(self.accuracy(g))) for g, cost in zip(genomes, costs, strict=True)]

    @property
    def genomes(self) -> list[Genome]:
        return [genome for batch in self.batches for genome in batch]


def laboratory(of: Problem, seed: int = 0) -> Laboratory:
    return Laboratory(of, separable_accuracy(of.space, seed), [])


def architectures(space: Space) -> list[Genome]:
    """Every architecture of a small space."""
    rows = np.indices([len(gene.options) for gene in space.genes]).reshape(len(space.genes), -1).T
    return sorted({space.canonical(tuple(row)) for row in rows.tolist()})


def costs_of(space: AnySpace, genomes: list[Genome]) -> Costs:
    return hardware(space).rows(genomes)
