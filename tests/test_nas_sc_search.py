"""SC-NAS as a search: the gate, the counts, and a whole small run with its baselines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nas.methods.driving import drive
from nas.methods.pareto.front import front_of
from nas.methods.sc.hardware import ScHardware
from nas.methods.sc.search import ScCounts, ScNasSettings, sc_nas
from nas.methods.sc.space import ScSpace
from nas.problem.evaluation import Evaluation, Measures
from nas.problem.objectives import Requirements, objective
from nas.problem.problem import Problem
from nas.space.genome import Genome
from nas.stochastic.energy import sc_energies
from simint.errors import InputError

if TYPE_CHECKING:
    from nas.methods.sc.measuring import ScRecipe

SPACE = ScSpace(
    name="digits",
    data_set="digits",
    input_shape=(1, 8, 8),
    classes=10,
    layers=2,
    kernels=(3,),
    channels=(2, 4, 8),
    stride=2,
    blocks=(1, 2),
)
LIMIT_J = 1e-9


def problem(limit_j: float = LIMIT_J) -> Problem:
    objectives = (objective("accuracy"), objective("energy"))
    return Problem(SPACE, ScHardware(SPACE, sc_energies()), Requirements(energy_j=limit_j), objectives)


def searched(seed: int, limit_j: float = LIMIT_J, evaluations: int = 30) -> tuple[list[Evaluation], ScCounts]:
    """A search whose accuracy is a formula: more channels and longer streams are better."""
    asked, counts = problem(limit_j), ScCounts()

    def measure(genomes: list[Genome]) -> list[Evaluation]:
        costs = asked.hardware.costs(genomes)
        return [
            Evaluation(
                genome, cost, Measures(accuracy_percent=100 - 1e4 / (cost.macs + 40 * SPACE.config(genome).length))
            )
            for genome, cost in zip(genomes, costs, strict=True)
        ]

    search = sc_nas(asked, ScNasSettings(evaluations, start=10, batch=4), np.random.default_rng(seed), counts)
    return drive(search, measure), counts  # type: ignore[arg-type]


def test_nothing_beyond_the_limit_and_nothing_twice_is_ever_measured() -> None:
    for seed in range(5):
        found, counts = searched(seed)
        assert all(entry.costs.active_j <= LIMIT_J for entry in found)
        genomes = [entry.genome for entry in found]
        assert len(set(genomes)) == len(genomes) == counts.evaluated
        assert counts.proposed == counts.gated + counts.duplicates + counts.evaluated
        assert counts.gated > 0
        assert all(SPACE.canonical(genome) == genome for genome in genomes)


def test_the_same_seed_is_the_same_search() -> None:
    assert [entry.genome for entry in searched(3)[0]] == [entry.genome for entry in searched(3)[0]]
    assert [entry.genome for entry in searched(3)[0]] != [entry.genome for entry in searched(4)[0]]


def test_a_search_without_end_finds_the_whole_space() -> None:
    found, counts = searched(0, limit_j=1e-6, evaluations=10_000)
    assert len(found) == SPACE.networks * SPACE.options.count
    assert counts.gated == 0


def test_the_front_of_a_search_beats_drawing_at_random() -> None:
    """Best accuracy of 40 evaluations inside the limit, mean over seeds."""
    best = [max(entry.measures.accuracy_percent for entry in searched(seed, evaluations=40)[0]) for seed in range(8)]
    drawn = [max(entry.measures.accuracy_percent for entry in searched(seed, evaluations=10)[0]) for seed in range(8)]
    everything = searched(0, evaluations=10_000)[0]
    optimum = max(entry.measures.accuracy_percent for entry in everything)
    assert np.mean(best) > np.mean(drawn)
    assert np.mean(best) > optimum - 0.5
    assert len(front_of(problem().objectives, everything)) > 1


def test_a_limit_that_nothing_meets_is_said() -> None:
    with pytest.raises(
        InputError, match=r"no network was found that meets energy <= 1e-15 J; the nearest of those drawn"
    ):
        searched(0, limit_j=1e-15)
    with pytest.raises(InputError, match="`energy_j` must be positive"):
        Requirements(energy_j=0.0)
    with pytest.raises(InputError, match="at least 1"):
        ScNasSettings(evaluations=0)


class InThisProcess:
    """A stage without store or workers."""

    seconds = 0.0

    def __init__(self, problem: Problem, recipe: ScRecipe) -> None:
        self.problem, self.bench = problem, recipe.open()

    def evaluations(self, genomes: Sequence[Genome]) -> list[Evaluation]:
        costs = self.problem.hardware.costs(genomes)
        measures = [self.bench.measures(genome, self.problem.space.word(genome)) for genome in genomes]
        return [Evaluation(*parts) for parts in zip(genomes, costs, measures, strict=True)]


def test_a_whole_run_on_digits(tmp_path: Path) -> None:
    """Small, but everything is real: training, emulation, both baselines, the report."""
    pytest.importorskip("torch")
    from nas.methods.sc.measuring import ScRecipe
    from nas.methods.sc.report import report_text, saving
    from nas.methods.sc.run import best_within, most_accurate, run_sc_search
    from nas.methods.sc.training import candidate_training

    few, limit_j = ScNasSettings(evaluations=5, start=4, batch=3), 3e-10
    recipe = ScRecipe(SPACE, candidate_training("digits", epochs=4), tuning_epochs=1, trained=str(tmp_path))
    stages: list[tuple[str, int]] = []

    def stage(problem: Problem, how: ScRecipe, total: int) -> InThisProcess:
        stages.append((how.fidelity, total))
        return InThisProcess(problem, how)

    run = run_sc_search(recipe, limit_j, few, stage, few, 1)
    names = ["train-4", "pure-exact-4-0", "pure-exact-4-1", "sc-exact-4-1"]
    assert stages == list(zip(names, (5, len(run.pure), min(10, len(run.pure)), 5), strict=True))
    best = most_accurate(run.stochastic.evaluations)
    assert best.measures.accuracy_percent > 40
    assert all(entry.costs.active_j <= limit_j for entry in run.stochastic.evaluations)
    assert best_within(run.stochastic.evaluations, limit_j) == best
    found = saving(run, best)
    if found.network is not None:
        assert found.float32 is not None
        assert found.int8 is not None
        assert found.network.measures.accuracy_percent >= best.measures.accuracy_percent
        assert found.float32 == pytest.approx(found.network.costs.active_j / best.costs.active_j)
        assert found.float32 / found.int8 == pytest.approx(4.6e-12 / 662e-15)
    text = report_text(run)
    for said in ("|full|", "|contracted|", "gated", "search efficiency", "less than int8", "pure SC"):
        assert said in text
