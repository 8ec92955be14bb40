"""Pareto search: operators, the true front of real spaces, baselines, hypervolume."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nas_method_cases import (
    HAR_L25,
    activity_space,
    architectures,
    laboratory,
    plain_space,
    problem,
    separable_accuracy,
)

pytest.importorskip("pymoo")

from nas.methods.driving import drive
from nas.methods.pareto.baselines import local_search, neighbours, random_search
from nas.methods.pareto.front import front_of, hypervolume, nondominated
from nas.methods.pareto.nsga2 import pareto
from nas.methods.pareto.settings import ParetoSettings
from nas.methods.pareto.variation import (
    block_units,
    cross,
    gene_units,
    mutate_genes,
    mutation_rates,
)
from nas.problem.evaluation import Evaluation, Measures
from nas.problem.objectives import losses
from nas.problem.problem import Problem, Search
from nas.space.genome import Genome, parts, random_genome, sizes
from nas.space.mbconv_space import MbconvSpace
from nas.space.search_space import load_mbconv_space
from simint.errors import InputError

SMALL = activity_space(expansions=(1, 4, 6), kernels=(3, 5, 7), repeats=(1, 2, 3), shortcuts=(False, True))
METHODS: dict[str, Callable[[Problem, int, np.random.Generator], Search]] = {
    "pareto": lambda asked, count, generator: pareto(asked, ParetoSettings(count), generator),
    "random": random_search,
    "local": local_search,
}


def true_front(asked: Problem, seed: int) -> tuple[set[tuple[int, ...]], np.ndarray]:
    """Genomes and losses of the front of accuracy, latency and IMO among all architectures of a space."""
    genomes = architectures(asked.space)
    costs = asked.hardware.rows(genomes)  # type: ignore[attr-defined]
    accuracy = separable_accuracy(asked.space, seed)
    feasible = np.flatnonzero(costs.latency_s <= asked.requirements.latency_s)
    values = np.column_stack(([-accuracy(g) for g in genomes], costs.latency_s, costs.imo_percent))[feasible]
    on = nondominated(values)
    return {genomes[index] for index in feasible[on].tolist()}, values[on]


REFERENCE = (-40.0, 20.0, 75.0)  # worse than any network of the activity space at the strict requirement


@pytest.mark.parametrize("seed", [0, 1])
def test_the_true_front_of_a_space_is_found(seed: int) -> None:
    """From 1500 of 91,125 architectures, with accuracy a known separable function."""
    asked = problem(SMALL, 16.0)
    genomes, values = true_front(asked, seed)
    found = drive(pareto(asked, ParetoSettings(1500), np.random.default_rng(seed)), laboratory(asked, seed))
    assert len(genomes & {entry.genome for entry in found}) >= 0.94 * len(genomes)
    assert hypervolume(losses(asked.objectives, found), REFERENCE) >= 0.9999 * hypervolume(values, REFERENCE)


@pytest.mark.slow
def test_the_true_front_of_the_activity_space_is_found() -> None:
    """512,000 architectures at width 1 and 64 samples."""
    asked = problem(activity_space(), HAR_L25)
    genomes, values = true_front(asked, 0)
    sizes_of_search = ParetoSettings(8000, population=128)
    found = drive(pareto(asked, sizes_of_search, np.random.default_rng(0)), laboratory(asked, 0))
    assert len(genomes & {entry.genome for entry in found}) >= 0.98 * len(genomes)
    assert hypervolume(losses(asked.objectives, found), REFERENCE) >= 0.99999 * hypervolume(values, REFERENCE)


@pytest.mark.slow
def test_pareto_search_beats_its_baselines() -> None:
    """Median hypervolume of five seeds after the same number of evaluations."""
    asked = problem(activity_space(), HAR_L25)
    medians = {}
    for name, method in METHODS.items():
        volumes = []
        for seed in range(5):
            found = drive(method(asked, 500, np.random.default_rng(seed)), laboratory(asked, seed))
            volumes.append(hypervolume(losses(asked.objectives, found), REFERENCE))
        medians[name] = float(np.median(volumes))
    assert medians["pareto"] > max(medians["local"], medians["random"])


@pytest.mark.parametrize("name", METHODS)
def test_no_architecture_is_measured_twice_and_no_infeasible_one_at_all(name: str) -> None:
    asked = problem(load_mbconv_space("har"), HAR_L25)
    lab = laboratory(asked)
    found = drive(METHODS[name](asked, 300, np.random.default_rng(2)), lab)
    assert len(found) == len(set(lab.genomes)) == 300
    assert all(asked.space.canonical(genome) == genome for genome in lab.genomes)
    assert all(asked.requirements.met_by(entry.costs) for entry in found)


@pytest.mark.parametrize("name", METHODS)
def test_same_seed_same_search(name: str) -> None:
    """And the global generator is not touched, by pymoo neither."""
    asked = problem(SMALL, 16.0)
    runs = []
    for _ in range(2):
        lab = laboratory(asked)
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        drive(METHODS[name](asked, 200, np.random.default_rng(4)), lab)
        assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
        runs.append(lab.batches)
    assert runs[0] == runs[1]


@pytest.mark.parametrize("name", METHODS)
def test_a_search_ends_where_nothing_new_is_left(name: str) -> None:
    space = activity_space(expansions=(1, 4), kernels=(3,), repeats=(1, 2), shortcuts=(False, True))
    asked = problem(space, HAR_L25)
    lab = laboratory(asked)
    drive(METHODS[name](asked, 10_000, np.random.default_rng(0)), lab)
    everything = architectures(space)
    assert sorted(lab.genomes) == [g for g, meets in zip(everything, asked.feasible(everything), strict=True) if meets]


def test_a_hard_requirement_is_reached_through_infeasible_networks() -> None:
    """None of 20,000 networks drawn meets both limits; nothing is measured on the way to those that do."""
    space = load_mbconv_space("har")
    asked = problem(space, 22.0, imo_percent=45.14)
    generator = np.random.default_rng(0)
    drawn = [space.canonical(random_genome(space, generator)) for _ in range(20_000)]
    assert not any(asked.feasible(drawn))
    found = drive(pareto(asked, ParetoSettings(20), np.random.default_rng(1)), laboratory(asked))
    assert len(found) >= 10
    assert all(asked.requirements.met_by(entry.costs) for entry in found)


@pytest.mark.parametrize("name", METHODS)
def test_requirements_nobody_meets_are_refused_with_the_nearest(name: str) -> None:
    asked = problem(plain_space("inas-kws"), 0.1)
    with pytest.raises(InputError, match=r"meets latency <= 0.1 s; the nearest of those drawn, plain:kws.* latency"):
        drive(METHODS[name](asked, 100, np.random.default_rng(0)), laboratory(asked))


def test_a_front_of_costs_alone_is_free() -> None:
    space = activity_space(expansions=(1, 4, 6), kernels=(3, 5, 7), repeats=(1, 2), shortcuts=(True,))
    asked = problem(space, 16.0, "latency", "imo", "overhead")

    def priced(genomes: Sequence[Genome]) -> list[Evaluation]:
        return [
            Evaluation(g, costs, Measures()) for g, costs in zip(genomes, asked.hardware.costs(genomes), strict=True)
        ]

    found = drive(pareto(asked, ParetoSettings(600), np.random.default_rng(0)), priced)
    everything = priced(architectures(space))
    front = front_of(asked.objectives, [e for e in everything if asked.requirements.met_by(e.costs)])
    values = [losses(asked.objectives, entries) for entries in (found, front)]
    assert hypervolume(values[0], (16.0, 75.0, 10.0)) == pytest.approx(hypervolume(values[1], (16.0, 75.0, 10.0)))


def test_what_cannot_be_measured_is_never_on_the_front() -> None:
    asked = problem(SMALL, 16.0)
    lab = laboratory(asked)

    def failing(genomes: object) -> list[Evaluation]:
        return [
            Evaluation(e.genome, e.costs, Measures(), "diverged") if sum(e.genome) % 2 else e
            for e in lab(genomes)  # type: ignore[arg-type]
        ]

    found = drive(pareto(asked, ParetoSettings(300), np.random.default_rng(0)), failing)
    assert len(found) == 300
    assert all(not entry.reason for entry in front_of(asked.objectives, found))


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), changes=st.floats(0.1, 3.0))
def test_mutants_differ_in_at_least_one_gene(seed: int, changes: float) -> None:
    space, generator = load_mbconv_space("har"), np.random.default_rng(seed)
    genome = random_genome(space, generator)
    mutant = mutate_genes(genome, sizes(space).tolist(), mutation_rates(space, changes), generator)
    assert mutant != genome
    assert all(0 <= index < count for index, count in zip(mutant, sizes(space), strict=True))


@pytest.mark.parametrize("focus", [(), (0.66, 0.25, 0.09)])
def test_mutants_differ_in_one_or_two_genes_on_average(focus: tuple[float, ...]) -> None:
    space, generator = activity_space(), np.random.default_rng(0)
    rates = mutation_rates(space, 1.0, focus)
    assert rates[:2].tolist() == [0.0, 0.0]
    assert rates.sum() == pytest.approx(1.0)
    genome, options = random_genome(space, generator), sizes(space).tolist()
    draws = 3000
    changed = np.array([np.not_equal(mutate_genes(genome, options, rates, generator), genome) for _ in range(draws)])
    expected = 1.0 + float(np.prod(1.0 - rates))  # one is guaranteed where none would change
    assert changed.sum() / draws == pytest.approx(expected, abs=0.06)
    assert 1 <= expected <= 2
    by_block = np.array([changed[:, list(block)].sum() for block in parts(space)]) / changed.sum()
    assert by_block == pytest.approx(focus or (1 / 3, 1 / 3, 1 / 3), abs=0.03)


def test_focus_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="3 shares of blocks expected"):
        mutation_rates(activity_space(), 1.0, (0.5, 0.5))


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), by_block=st.booleans())
def test_crossover_takes_every_unit_from_a_parent(seed: int, by_block: bool) -> None:
    space, generator = load_mbconv_space("har"), np.random.default_rng(seed)
    units = block_units(space) if by_block else gene_units(space)
    assert sorted(itertools.chain(*units)) == list(range(len(space.genes)))
    first, second = (random_genome(space, generator) for _ in range(2))
    child = cross(first, second, units, generator)
    for unit in units:
        assert [child[i] for i in unit] in ([first[i] for i in unit], [second[i] for i in unit])


def test_neighbours_are_one_gene_apart() -> None:
    space = load_mbconv_space("har")
    genome = random_genome(space, np.random.default_rng(0))
    found = list(neighbours(space, genome))
    assert len(found) == len(set(found)) == sum(sizes(space) - 1)
    assert all(sum(a != b for a, b in zip(genome, other, strict=True)) == 1 for other in found)


VALUES = st.lists(st.tuples(*[st.integers(0, 8)] * 3), min_size=1, max_size=30)


@given(rows=VALUES)
def test_fronts_equal_brute_force(rows: list[tuple[int, int, int]]) -> None:
    values = np.array(rows, dtype=np.float64)
    beaten = [any((other <= row).all() and (other < row).any() for other in values) for row in values]
    assert nondominated(values).tolist() == np.logical_not(beaten).tolist()


@given(rows=VALUES)
def test_hypervolume_counts_the_dominated_cells(rows: list[tuple[int, int, int]]) -> None:
    """On whole numbers it is the number of unit cells that some point dominates."""
    values = np.array(rows, dtype=np.float64)
    cells = np.indices((8, 8, 8)).reshape(3, -1).T
    dominated = (cells[:, None, :] >= values[None]).all(axis=2).any(axis=1)
    assert hypervolume(values, (8, 8, 8)) == pytest.approx(dominated.sum())


def test_unknown_losses_have_no_volume() -> None:
    values = np.array([[1.0, math.inf], [1.0, 1.0]])
    assert hypervolume(values[:1], (2.0, 2.0)) == 0.0
    assert hypervolume(values, (2.0, 2.0)) == 1.0
    assert nondominated(values).tolist() == [False, True]


def test_the_whole_published_space_is_searched_with_width_and_resolution() -> None:
    space: MbconvSpace = load_mbconv_space("har")
    asked = problem(space, HAR_L25)
    found = drive(pareto(asked, ParetoSettings(300), np.random.default_rng(0)), laboratory(asked))
    front = front_of(asked.objectives, found)
    assert len({entry.genome[:2] for entry in front}) > 1
