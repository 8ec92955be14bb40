"""TiNAS: operators, scores, G2 and the evolutionary search on real costs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from golden_rows import read_json
from hypothesis import given, settings
from hypothesis import strategies as st
from nas_method_cases import HAR_L25, activity_space, architectures, costs_of, hardware, laboratory, problem

from nas.methods.driving import drive
from nas.methods.tinas.operators import (
    crossover,
    mutate,
    sample,
    searched_blocks,
)
from nas.methods.tinas.published import SOLUTIONS, asked_of
from nas.methods.tinas.reduction import (
    REDUCTIONS,
    at_setting,
    block_level,
    kept_settings,
    low_sensitivity,
    reduction_for,
    second_stage_space,
)
from nas.methods.tinas.scores import Score, score, score_of
from nas.methods.tinas.search import (
    best_of,
    block_probabilities,
    ranked,
    switched,
    tinas,
    variant_requirements,
)
from nas.methods.tinas.settings import (
    AS_PUBLISHED,
    MENDED,
    PUBLISHED,
    Quirks,
    TinasSettings,
    settings_for,
    variant,
)
from nas.problem.evaluation import Evaluation, Measures
from nas.problem.objectives import Requirements
from nas.space.genome import parts, random_genome
from nas.space.mbconv_space import NetworkSetting
from nas.space.search_space import load_mbconv_space
from nas.space.sensitivity import Parameter, block_sensitivity
from simint.errors import InputError
from simint.network.catalogue import network_presets
from simint.network.mbconv import parse_mbconv

BLOCKS = {"cifar10": 4, "har": 3, "mswc": 4}


def probabilities(data_set: str, name: str, *, exploiting: bool = False) -> list[float]:
    return block_probabilities(variant(name), PUBLISHED[data_set], BLOCKS[data_set], exploiting=exploiting)


@pytest.mark.parametrize(
    ("data_set", "name", "percent"),
    [("cifar10", "tinas-u", 81.5), ("cifar10", "tinas", 68.6), ("har", "tinas-u", 61.4), ("har", "tinas", 36.1)],
)
def test_most_published_mutants_are_copies(data_set: str, name: str, percent: float) -> None:
    """Exactly, and the operator draws as often; a block drawn anew may come out as it was, one time in its choices."""
    found = probabilities(data_set, name)
    assert 100 * math.prod(1 - p for p in found) == pytest.approx(percent, abs=0.051)
    space = load_mbconv_space(data_set)
    blocks, generator = parts(space), np.random.default_rng(7)
    genome = random_genome(space, generator)
    draws = 4000
    copies = sum(mutate(genome, space, blocks, found, generator) == genome for _ in range(draws))
    exact = math.prod(1 - p * (1 - 1 / len(space.choices)) for p in found)
    assert copies / draws == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / draws))


@pytest.mark.parametrize(("data_set", "share"), [("har", 0.625), ("cifar10", 0.5625)])
def test_most_published_crossovers_are_copies(data_set: str, share: float) -> None:
    """Elites differ in every block and are drawn with replacement: twice the same, or all blocks from one of them."""
    assert 1 / 2 + 1 / 2 * 2 / 2 ** BLOCKS[data_set] == share
    space = load_mbconv_space(data_set)
    blocks, generator = parts(space), np.random.default_rng(8)
    elites = [(0,) * len(space.genes), (0, 0, *[1] * (len(space.genes) - 2))]
    draws = 4000
    copies = sum(
        crossover(elites[generator.integers(2)], elites[generator.integers(2)], blocks, generator) in elites
        for _ in range(draws)
    )
    assert copies / draws == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / draws))


def test_adaptive_mutation_mutates_more() -> None:
    for name in ("tinas", "tinas-g2"):
        assert probabilities("har", name) == [0.50, 0.15, 0.15]
        assert probabilities("cifar10", name) == [0.20, 0.05, 0.05, 0.05]
        assert probabilities("har", name, exploiting=True) == probabilities("har", "tinas-u") == [0.15] * 3


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32))
def test_operators_keep_blocks_whole(seed: int) -> None:
    space, generator = load_mbconv_space("har"), np.random.default_rng(seed)
    blocks = parts(space)
    first, second = (sample(space, blocks, generator) for _ in range(2))
    child = crossover(first, second, blocks, generator)
    for block in blocks:
        assert [child[i] for i in block] in ([first[i] for i in block], [second[i] for i in block])
    mutant = mutate(first, space, blocks, [1.0, 0.0, 0.0], generator)
    assert [mutant[i] for i in (*blocks[1], *blocks[2])] == [first[i] for i in (*blocks[1], *blocks[2])]
    assert len({tuple(first[i] for i in block) for block in blocks}) == len(blocks)


def test_the_published_scores(shared: Path) -> None:
    """The scores of all 12 published solutions from their published accuracies, by our costs and settings."""
    files = sorted((shared / "spec" / "golden" / "networks").glob("*.json"))
    assert len(files) == 12
    for file in files:
        golden = read_json(file)
        space = load_mbconv_space(golden["dataset"].lower())
        whole = at_setting(
            space, next(s for s in space.settings if s == (golden["width_multiplier"], golden["resolution"]))
        )
        blocks = "-".join(f"{e}.{k}.{n}.{'y' if s else 'n'}" for e, k, n, s in golden["blocks"])
        genome = whole.genome(f"mbconv:{space.family}:w={golden['width_multiplier']}:r={golden['resolution']}:{blocks}")
        costs = hardware(whole).costs([genome])[0]
        kind = variant(golden["method"].lower()).score
        entry = Evaluation(genome, costs, Measures(golden["supernet_accuracy_pct"]))
        found = score_of(kind, entry, golden["latency_requirement_s"])
        assert found == pytest.approx(golden["search_score"], rel=1e-9), file.name


def test_published_facts_are_those_of_the_solutions(shared: Path) -> None:
    """Presets, settings, accuracies, scores and requirements."""
    words = {preset.name: preset.word for preset in network_presets()}
    for solution in SOLUTIONS:
        name = f"{solution.variant.replace('tinas', 'TiNAS').replace('-m', '-M').replace('-u', '-U')}"
        file = f"{name}_{solution.space.upper()}_lat{solution.latency_percentile}.json"
        golden = read_json(shared / "spec" / "golden" / "networks" / file)
        asked = asked_of(solution.space, solution.latency_percentile)
        assert asked is not None
        assert solution.setting == (golden["width_multiplier"], golden["resolution"])
        assert (solution.accuracy_percent, solution.score) == (golden["supernet_accuracy_pct"], golden["search_score"])
        assert asked.latency_s == golden["latency_requirement_s"]
        if variant(solution.variant).limits_imo:
            assert (asked.imo_percentile, asked.imo_percent) == (
                golden["imo_percentile"],
                golden["imo_requirement_pct"],
            )
        spec = parse_mbconv(words[solution.preset])
        assert (spec.width, spec.resolution) == solution.setting


def test_scores_by_their_formulas() -> None:
    values = (60.0, 40.0, 15.0, 20.0)  # accuracy, IMO, latency, its requirement
    assert score(Score.ACC, *values) == 60
    assert score(Score.ACC_IMC, *values) == 1.5
    assert score(Score.ACC_IMO_LREQ, *values) == 1.125
    assert score(Score.ACC_LREQ, *values) == 45


def test_the_latch_of_adaptive_mutation() -> None:
    """Four generations without improvement switch it, for good; as released, an improvement takes it back."""
    history = [-100.0, 1.0, 1.0, 1.0, 1.0]
    assert not switched(history, False, MENDED)
    assert switched([*history, 1.0], False, MENDED)
    assert switched([*history, 1.0, 2.0], True, MENDED)
    assert not switched([*history, 1.0, 2.0], True, AS_PUBLISHED)
    assert not switched([-100.0], False, AS_PUBLISHED)


def test_sizes_of_the_published_search() -> None:
    assert (settings_for("har").parents, settings_for("har").mutants) == (2, 4)
    assert settings_for("cifar10").evaluations == settings_for("har").evaluations == 128
    assert settings_for("mswc").evaluations == 8 * 36
    assert settings_for("digits") == PUBLISHED["har"]


@pytest.mark.parametrize("name", ["tinas", "tinas-u"])
def test_no_network_is_measured_twice(name: str) -> None:
    asked = problem(activity_space(), HAR_L25)
    lab = laboratory(asked)
    found = drive(tinas(asked, variant(name), settings_for("har"), np.random.default_rng(0)), lab)
    assert len(found) == len(set(lab.genomes)) == 128
    assert list(map(len, lab.batches)) == [8] * 16
    assert all(asked.requirements.met_by(entry.costs) for entry in found)


def test_as_published_most_of_the_budget_goes_to_copies() -> None:
    asked = problem(activity_space(), HAR_L25)
    lab = laboratory(asked)
    found = drive(tinas(asked, variant("tinas-u"), settings_for("har"), np.random.default_rng(0), AS_PUBLISHED), lab)
    assert len(found) == 128
    assert len(set(lab.genomes)) < 80
    assert len(ranked(found, settings_for("har"), AS_PUBLISHED)) == 120
    assert len(ranked(found, settings_for("har"))) == 128


def test_the_best_of_the_last_generation_counts() -> None:
    """A network that only the last generation brings wins, unless the end is unranked as published."""
    asked = problem(activity_space(), HAR_L25)
    found = drive(tinas(asked, variant("tinas-u"), settings_for("har"), np.random.default_rng(0)), laboratory(asked))
    late = Evaluation(found[-1].genome, found[-1].costs, Measures(100.0))
    early = Evaluation(found[5].genome, found[5].costs, Measures(99.0))
    entries = [Evaluation(e.genome, e.costs, Measures(1.0)) for e in found]
    entries[5], entries[-1] = early, late
    by = (asked.requirements, variant("tinas-u"), settings_for("har"))
    slower = max(early, late, key=lambda e: e.measures.accuracy_percent * e.costs.latency_s)
    assert best_of(entries, *by) is slower
    assert best_of(entries, *by, AS_PUBLISHED) is early


@pytest.mark.parametrize("quirks", [MENDED, AS_PUBLISHED])
def test_same_seed_same_search(quirks: Quirks) -> None:
    """And no other randomness is touched: an interrupted search is resumed by running it again."""
    asked = problem(activity_space(), HAR_L25)
    runs = []
    for _ in range(2):
        lab = laboratory(asked)
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        drive(tinas(asked, variant("tinas"), settings_for("har"), np.random.default_rng(5), quirks), lab)
        assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
        runs.append(lab.batches)
    assert runs[0] == runs[1]


@pytest.mark.parametrize("name", ["tinas", "tinas-m", "tinas-u", "tinas-g1", "tinas-g2"])
def test_the_best_score_of_a_small_space_is_found(name: str) -> None:
    space = activity_space(expansions=(1, 4, 6), kernels=(3, 5, 7), repeats=(1, 2), shortcuts=(True,))
    limits = Requirements(latency_s=15.0, imo_percent=56.0)
    chosen = variant(name)
    asked = problem(space, 15.0, imo_percent=variant_requirements(limits, chosen).imo_percent)
    lab = laboratory(asked, 3)
    sizes = TinasSettings(population=16, generations=30)
    found = drive(tinas(asked, chosen, sizes, np.random.default_rng(3)), lab)
    best = score_of(chosen.score, best_of(found, asked.requirements, chosen, sizes), 15.0)
    everything = architectures(space)
    feasible = [g for g, meets in zip(everything, asked.feasible(everything), strict=True) if meets]
    assert best == max(score_of(chosen.score, entry, 15.0) for entry in lab(feasible))


def test_a_search_ends_where_nothing_new_is_left() -> None:
    space = activity_space(expansions=(1, 4), kernels=(3,), repeats=(1, 2), shortcuts=(False,))
    asked = problem(space, HAR_L25)
    lab = laboratory(asked)
    drive(tinas(asked, variant("tinas-u"), TinasSettings(generations=1000), np.random.default_rng(0)), lab)
    everything = architectures(space)
    assert sorted(lab.genomes) == [g for g, meets in zip(everything, asked.feasible(everything), strict=True) if meets]


def test_requirements_nobody_meets_are_refused_with_the_nearest() -> None:
    asked = problem(activity_space(), 1.0)
    with pytest.raises(InputError, match=r"meets latency <= 1 s; the nearest of those drawn, mbconv:har.*has latency"):
        next(tinas(asked, variant("tinas"), settings_for("har"), np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("name", "latency_s", "message"),
    [("tinas", math.inf, "latency relative to a requirement"), ("tinas-m", 20.0, "needs a requirement for IMO")],
)
def test_missing_requirements_are_named(name: str, latency_s: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        next(tinas(problem(activity_space(), latency_s), variant(name), settings_for("har"), np.random.default_rng(0)))


def test_open_width_and_resolution_are_refused() -> None:
    with pytest.raises(InputError, match="needs one value for width, resolution"):
        searched_blocks(load_mbconv_space("har"))


def test_unknown_variants_are_refused() -> None:
    with pytest.raises(InputError, match="known: tinas, tinas-m, tinas-u"):
        variant("tinas-x")


def test_only_tinas_m_limits_imo() -> None:
    limits = Requirements(latency_s=10.0, imo_percent=50.0)
    assert variant_requirements(limits, variant("tinas-m")) == limits
    for name in ("tinas", "tinas-u", "tinas-g1", "tinas-g2"):
        assert variant_requirements(limits, variant(name)) == Requirements(latency_s=10.0)


@pytest.mark.parametrize(("name", "choices", "left"), [("cifar10", 32, 5), ("har", 48, 4), ("mswc", 48, 6)])
def test_guideline_one_leaves_the_published_choices(name: str, choices: int, left: int) -> None:
    space = load_mbconv_space(name)
    assert len(block_level(space, reduction_for(space)).choices) == choices
    assert len(kept_settings(space, reduction_for(space))) == left
    for chosen, count in ((variant("tinas"), choices), (variant("tinas-m"), len(space.choices))):
        found = second_stage_space(space, space.settings[-1], chosen)
        assert (found.settings, len(found.choices)) == (space.settings[-1:], count)


def test_networks_that_tinas_found_are_in_its_reduced_spaces() -> None:
    for name, percentile in ((n, p) for n in ("har", "cifar10") for p in (25, 75)):
        space = load_mbconv_space(name)
        word = next(p.word for p in network_presets() if p.name == f"tinas-{name}-l{percentile}")
        spec = parse_mbconv(word)
        setting = NetworkSetting(spec.width, spec.resolution)
        assert setting in kept_settings(space, reduction_for(space))
        small = second_stage_space(space, setting, variant("tinas"))
        assert small.network(small.genome(word)).layers == space.network(space.genome(word)).layers


@pytest.mark.parametrize(
    ("name", "by_width", "by_resolution", "low"),
    [
        ("cifar10", 6.7, 2.0, {"repeats", "shortcuts", "widths", "resolutions"}),
        ("har", 1.7, 4.9, {"shortcuts", "widths"}),
    ],
)
def test_guideline_one_reduces_what_hardly_moves_imo(
    name: str, by_width: float, by_resolution: float, low: set[str]
) -> None:
    space = load_mbconv_space(name)
    ranges = {parameter.value: block_sensitivity(space, parameter).range_points for parameter in Parameter}
    found = set(low_sensitivity(ranges | {"widths": by_width, "resolutions": by_resolution}))
    reduction = REDUCTIONS[name]
    assert found == low == {field for field in reduction.__slots__ if getattr(reduction, field)}


def test_costs_of_the_cases_are_finite() -> None:
    """The accuracy of the cases is what the searches are measured by, so all of their networks must be buildable."""
    space = activity_space(expansions=(1, 4), kernels=(3,), repeats=(1, 2), shortcuts=(False,))
    assert np.isfinite(costs_of(space, architectures(space)).latency_s).all()
