"""Percentiles, shares, fronts and lists of a space equal brute force over all of its networks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nas_spaces import distinct, every_network, meets, small_spaces

from nas.space.columns import FLOPS, IMO, LATENCY, MACS, metric_code
from nas.space.mbconv_space import MbconvSpace, NetworkSetting
from nas.space.pareto import front_of, pareto_front
from nas.space.percentiles import percentiles
from nas.space.population import Constraints, Extent, SettingStatistics, population_statistics, stage_one_winner
from nas.space.ranking import top_networks
from nas.space.search_space import load_mbconv_space as load_space
from nas.space.sensitivity import Parameter, block_sensitivity
from nas.space.table import build_table
from nas.space.target import Target
from simint.errors import InputError

STARVED = Target(capacitance=28.5e-6, resistance=3e3)  # kernels from 5 on have no feasible design
# From no limit to limits that nothing meets, for networks of 5 to 90 s and 45 to 72 %.
LIMITS = st.builds(
    Constraints,
    latency_s=st.sampled_from([math.inf, 30.0, 18.5, 12.0, 1.0]),
    imo_percent=st.sampled_from([math.inf, 62.0, 58.0, 10.0]),
    storage=st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(
    space=small_spaces(),
    percents=st.lists(st.floats(0, 100), min_size=1, max_size=6),
    metric=st.sampled_from([LATENCY, IMO, MACS]),
    collected=st.sampled_from([1, 7, 500, 1 << 24]),
    starved=st.booleans(),
)
def test_percentiles_equal_numpy(
    space: MbconvSpace, percents: list[float], metric: int, collected: int, starved: bool
) -> None:
    """However few values are collected at a time, so that bins are grouped and divided."""
    table = build_table(space, STARVED if starved else None)
    costs = table.costs(*every_network(table))
    values = costs.column(metric)[meets(table, costs, Constraints())]
    if len(values) == 0:
        with pytest.raises(InputError, match="no network can be built"):
            percentiles(table, metric, percents)
    else:
        found = percentiles(table, metric, percents, collected=collected)
        assert found == pytest.approx(np.percentile(values, percents), rel=1e-12)


def test_choices_without_a_feasible_design_are_left_out() -> None:
    table = build_table(load_space("har"), STARVED)
    usable = [block.kernel < 5 for block in table.space.choices]
    assert (np.isfinite(table.blocks[..., LATENCY]) == usable).all()
    for entry in population_statistics(table):
        assert entry.buildable == 48**3
        assert entry.feasible_share == 0.125
    imo = percentiles(table, IMO, [0, 100])
    assert 0 < imo[0] < imo[1] < 100


def test_percentiles_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match=r"percentile 101: 0 to 100 expected"):
        percentiles(build_table(load_space("har")), LATENCY, [50, 101])


@settings(max_examples=30, deadline=None)
@given(space=small_spaces(), limits=LIMITS, starved=st.booleans())
def test_statistics_equal_brute_force(space: MbconvSpace, limits: Constraints, starved: bool) -> None:
    table = build_table(space, STARVED if starved else None)
    where, choices = every_network(table)
    costs = table.costs(where, choices)
    built, feasible = meets(table, costs, Constraints(storage=limits.storage)), meets(table, costs, limits)
    for setting, entry in enumerate(population_statistics(table, limits)):
        here = where == setting
        assert entry.setting == space.settings[setting]
        assert (entry.networks, entry.buildable) == (here.sum(), (here & built).sum())
        assert entry.feasible == (here & feasible).sum()
        if entry.feasible:
            assert entry.feasible_flops == pytest.approx(costs.flops[here & feasible].mean(), rel=1e-12)
        if entry.buildable:
            for extent, values in ((entry.latency_s, costs.latency_s), (entry.imo_percent, costs.imo_percent)):
                chosen = values[here & built]
                expected = (chosen.min(), chosen.mean(), chosen.max())
                assert (extent.low, extent.mean, extent.high) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    space=small_spaces(),
    limits=LIMITS,
    name=st.sampled_from(["latency", "imo", "energy", "flops"]),
    count=st.integers(1, 40),
    largest=st.booleans(),
)
def test_the_best_networks_equal_brute_force(
    space: MbconvSpace, limits: Constraints, name: str, count: int, largest: bool
) -> None:
    table, metric = build_table(space), metric_code(name)
    where, choices = every_network(table)
    costs = table.costs(where, choices)
    values = np.sort(costs.column(metric)[meets(table, costs, limits) & distinct(table, where, choices)])
    found = top_networks(table, metric, count, largest=largest, constraints=limits)
    listed = table.costs(found.settings, found.choices)
    assert listed.column(metric) == pytest.approx((values[::-1] if largest else values)[:count], rel=1e-12)
    assert meets(table, listed, limits).all()
    assert distinct(table, found.settings, found.choices).all()
    assert len({(s, *c) for s, c in zip(found.settings.tolist(), found.choices.tolist(), strict=True)}) == len(
        values[:count]
    )


@settings(max_examples=30, deadline=None)
@given(space=small_spaces(), limits=LIMITS)
def test_the_front_is_exactly_what_nothing_beats(space: MbconvSpace, limits: Constraints) -> None:
    """Sums in another order differ in the last digits, so brute force needs a hair's breadth."""
    table = build_table(space)
    where, choices = every_network(table)
    costs = table.costs(where, choices)
    part = meets(table, costs, limits) & distinct(table, where, choices)
    assume(part.any())
    front = pareto_front(table, limits)
    on_front = table.costs(front.settings, front.choices)
    members = {(s, *c) for s, c in zip(front.settings.tolist(), front.choices.tolist(), strict=True)}
    assert len(members) == len(front.settings) > 0
    assert meets(table, on_front, limits).all()
    hair = 1e-12
    latency, imo, macs = costs.latency_s[part], costs.imo_percent[part], costs.macs[part]
    for point in zip(on_front.latency_s, on_front.imo_percent, on_front.macs, strict=True):
        no_worse = (latency < point[0] * (1 - hair)) & (imo < point[1] * (1 - hair)) & (macs >= point[2])
        assert not no_worse.any()
    for k in np.flatnonzero(part):
        if (where[k], *choices[k].tolist()) not in members:
            beaten = (
                (on_front.latency_s <= costs.latency_s[k] * (1 + hair))
                & (on_front.imo_percent <= costs.imo_percent[k] * (1 + hair))
                & (on_front.macs >= costs.macs[k])
            )
            assert beaten.any()


@given(points=st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=60))
def test_front_of_points_with_many_ties(points: list[tuple[int, int, int]]) -> None:
    values = np.array(points, dtype=float)
    undominated = {
        k
        for k, (x, y, z) in enumerate(points)
        if not any(a <= x and b <= y and c >= z and (a, b, c) != (x, y, z) for a, b, c in points)
    }
    front = front_of(values)
    assert set(front.tolist()) == undominated
    assert (np.diff(values[front, 0]) >= 0).all()


def test_nothing_is_feasible() -> None:
    table = build_table(load_space("har"))
    impossible = Constraints(latency_s=1.0)
    assert len(pareto_front(table, impossible).settings) == 0
    assert len(top_networks(table, FLOPS, 5, constraints=impossible).settings) == 0
    assert stage_one_winner(population_statistics(table, impossible)) is None


def test_the_winner_has_the_most_flops_among_those_with_a_tenth_feasible() -> None:
    extent = Extent(1.0, 2.0, 3.0)
    entries = tuple(
        SettingStatistics(NetworkSetting(width, 64), 1000, 1000, feasible, flops, extent, extent)
        for width, feasible, flops in ((0.5, 100, 3.0), (0.6, 99, 9.0), (0.7, 500, 4.0))
    )
    assert stage_one_winner(entries) == (0.7, 64)
    assert stage_one_winner(entries, least_share=0.05) == (0.6, 64)


@pytest.mark.parametrize("parameter", list(Parameter))
def test_main_effects_are_shares(parameter: Parameter) -> None:
    sensitivity = block_sensitivity(load_space("har"), parameter)
    assert sensitivity.low < sensitivity.high
    assert all(0 <= share <= 1 for share in sensitivity.block_shares)
    assert sum(sensitivity.block_shares) <= 1 + 1e-12
