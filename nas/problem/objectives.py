"""Objectives and requirements as data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas.problem.evaluation import Evaluation, HardwareCosts
from simint.errors import InputError


@dataclass(frozen=True, slots=True)
class Objective:
    """A number that a search makes small, or large; a `measured` one takes work, others come from the cost model."""

    name: str
    unit: str
    largest: bool
    measured: bool
    value: Callable[[Evaluation], float]

    def loss(self, evaluation: Evaluation) -> float:
        """The value, turned so that smaller is better; infinite where it is unknown."""
        value = self.value(evaluation)
        if math.isnan(value):
            return math.inf
        return -value if self.largest else value


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("accuracy", "%", True, True, lambda e: e.measures.accuracy_percent),
        Objective("latency", "s", False, False, lambda e: e.costs.latency_s),
        Objective("imo", "%", False, False, lambda e: e.costs.imo_percent),
        Objective("overhead", "s", False, False, lambda e: e.costs.overhead_s),
        Objective("energy", "J", False, False, lambda e: e.costs.active_j),
        Objective("power-cycles", "", False, False, lambda e: e.costs.power_cycles),
        Objective("macs", "", False, False, lambda e: e.costs.macs),
        Objective("weight-bytes", "B", False, False, lambda e: e.costs.weight_bytes),
        Objective("inferences-per-day", "1/d", True, True, lambda e: e.measures.inferences_per_day),
        Objective("worst-inferences-per-day", "1/d", True, True, lambda e: e.measures.worst_inferences_per_day),
        Objective("replay-latency", "s", False, True, lambda e: e.measures.replay_latency_s),
        Objective("worst-replay-latency", "s", False, True, lambda e: e.measures.worst_replay_latency_s),
    )
}


def objective(name: str) -> Objective:
    """An objective by name; InputError names those there are."""
    if name not in OBJECTIVES:
        raise InputError(f"unknown objective {name!r}; known: {', '.join(OBJECTIVES)}")
    return OBJECTIVES[name]


def losses(objectives: Sequence[Objective], evaluations: Sequence[Evaluation]) -> NDArray[np.float64]:
    """Losses (n, objectives): smaller is better in every column."""
    rows = [[objective.loss(evaluation) for objective in objectives] for evaluation in evaluations]
    return np.array(rows, dtype=np.float64).reshape(len(evaluations), len(objectives))


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a network must meet, infinite where nothing is asked: latency, IMO, NVM in total and by chip, active energy.

    Volatile memory and the energy of a power cycle are met by construction: a network without a design that keeps
    within both has infinite costs.
    """

    latency_s: float = math.inf
    imo_percent: float = math.inf
    weight_bytes: float = math.inf
    feature_bytes: float = math.inf
    nvm_bytes: float = math.inf
    energy_j: float = math.inf

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise InputError(f"requirement `{name}` must be positive, got {getattr(self, name):g}")

    def violation(self, costs: HardwareCosts) -> float:
        """Sum of relative excesses over the limits: 0 where all are met, infinite where the network cannot run."""
        if not math.isfinite(costs.latency_s):
            return math.inf
        pairs = (
            (costs.latency_s, self.latency_s),
            (costs.imo_percent, self.imo_percent),
            (costs.weight_bytes, self.weight_bytes),
            (costs.feature_bytes, self.feature_bytes),
            (costs.weight_bytes + costs.feature_bytes, self.nvm_bytes),
            (costs.active_j, self.energy_j),
        )
        return math.fsum(max(0.0, value / limit - 1.0) for value, limit in pairs if math.isfinite(limit))

    def met_by(self, costs: HardwareCosts) -> bool:
        """Whether all limits hold."""
        return self.violation(costs) == 0.0
