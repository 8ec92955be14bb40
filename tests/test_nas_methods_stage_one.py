"""The first stage of TiNAS decides as published, but for one decision that sampling noise made."""

from __future__ import annotations

import math
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nas_spaces import every_network, meets, small_spaces

from nas.methods.tinas.published import SOLUTIONS, Asked, Solution, asked_of
from nas.methods.tinas.reduction import Reduction, reduction_for
from nas.methods.tinas.settings import variant
from nas.methods.tinas.stage_one import Policy, StageOne, chance_to_pass, feasible_imo, stage_one
from nas.space.mbconv_space import MbconvSpace
from nas.space.population import Constraints
from nas.space.search_space import load_mbconv_space
from nas.space.sensitivity import network_sensitivity, sampled_network_study, silhouettes
from nas.space.table import SpaceTable, build_table


@cache
def table_of(name: str) -> SpaceTable:
    return build_table(load_mbconv_space(name))


def decide(solution: Solution) -> StageOne:
    asked, chosen, table = asked_for(solution), variant(solution.variant), table_of(solution.space)
    limits = Constraints(asked.latency_s, asked.imo_percent if chosen.limits_imo else math.inf)
    return stage_one(table, limits, reduction_for(table.space) if chosen.reduced else None)


def asked_for(solution: Solution) -> Asked:
    asked = asked_of(solution.space, solution.latency_percentile)
    assert asked is not None
    return asked


UNDECIDED = "tinas-m-har-l25"


@pytest.mark.parametrize(
    "solution",
    [
        pytest.param(entry, id=entry.preset, marks=[pytest.mark.slow] if entry.space == "cifar10" else [])
        for entry in SOLUTIONS
        if entry.preset != UNDECIDED
    ],
)
def test_published_decisions(solution: Solution) -> None:
    found = decide(solution)
    assert found.winner == solution.setting
    assert not found.reason
    winner = next(row for row in found.rows if row.setting == found.winner)
    assert all(row.flops <= winner.flops for row in found.rows if row.passes)


def test_the_decision_that_sampling_noise_made() -> None:
    """Published (0.7, 64): no share reaches a tenth, but a sample of 1000 may well show one."""
    solution = next(entry for entry in SOLUTIONS if entry.preset == UNDECIDED)
    found = decide(solution)
    assert found.winner is None
    assert "9.47 %, has width 0.6 at resolution 64" in found.reason
    share = next(row.share for row in found.rows if row.setting == solution.setting)
    assert 0.10 < chance_to_pass(share, 96**3) < 0.20
    assert chance_to_pass(0.5, 96**3) == pytest.approx(1.0)
    assert chance_to_pass(0.01, 96**3) < 1e-12


def test_guideline_one_holds_before_the_decision_at_network_level() -> None:
    """Four of twelve network-level choices are left, with the whole block space of each."""
    rows = decide(next(entry for entry in SOLUTIONS if entry.preset == "tinas-har-l25")).rows
    unreduced = decide(next(entry for entry in SOLUTIONS if entry.preset == "tinas-u-har-l25")).rows
    assert [row.setting for row in rows] == [(0.9, 64), (0.9, 128), (1.0, 64), (1.0, 128)]
    assert set(rows) < set(unreduced)


@settings(max_examples=20, deadline=None)
@given(space=small_spaces(), latency_s=st.sampled_from([math.inf, 20.0, 12.0]), imo=st.sampled_from([math.inf, 60.0]))
def test_mean_imo_of_feasible_networks_equals_brute_force(space: MbconvSpace, latency_s: float, imo: float) -> None:
    table, limits = build_table(space), Constraints(latency_s, imo)
    where, choices = every_network(table)
    costs = table.costs(where, choices)
    feasible = meets(table, costs, limits)
    found = feasible_imo(table, limits)
    assert set(found) == {space.settings[index] for index in set(where[feasible].tolist())}
    for setting, mean in found.items():
        here = feasible & (where == space.settings.index(setting))
        assert mean == pytest.approx(costs.imo_percent[here].mean(), rel=1e-12)
    rows = {row.setting: row for row in stage_one(table, limits).rows}
    by_imo = stage_one(table, limits, policy=Policy.LOWEST_IMO)
    if by_imo.winner is not None:
        assert all(rows[by_imo.winner].imo_percent <= row.imo_percent for row in rows.values() if row.passes)
        assert rows[by_imo.winner].passes


def test_nothing_left_is_a_reason() -> None:
    space = msgspec.structs.replace(load_mbconv_space("har"), widths=(0.5,), resolutions=(64,))
    found = stage_one(build_table(space), Constraints(), Reduction(widths=(0.5,)))
    assert found.winner is None
    assert found.reason == "no width and resolution is left"


@pytest.mark.parametrize(
    ("name", "published"), [("cifar10", (0.20, -0.10, -0.04, -0.02)), ("har", (-0.07, -0.13, -0.10))]
)
def test_silhouettes_by_the_kernel_of_each_block(name: str, published: tuple[float, ...]) -> None:
    """The case for favouring the first block rests on images alone."""
    pytest.importorskip("sklearn")
    assert silhouettes(load_mbconv_space(name)) == pytest.approx(published, abs=0.006)


@pytest.mark.parametrize("fresh", [False, True])
def test_sampled_network_studies_approach_the_exact_one(fresh: bool) -> None:
    """All networks of the activity space fit into NVM, so both studies have the same limit."""
    from nas.space.population import population_statistics

    table = table_of("har")
    exact = network_sensitivity(population_statistics(table))
    found = sampled_network_study(table, np.random.default_rng(0), fresh=fresh, samples=20_000)
    assert found.range_points == pytest.approx(exact, abs=0.1)
    assert list(found.by_width) == list(table.space.widths)
    few = sampled_network_study(table, np.random.default_rng(0), fresh=fresh)
    assert few == sampled_network_study(table, np.random.default_rng(0), fresh=fresh)
