"""Objectives, batch rules, ranked lists and Pareto sets against a plain enumeration."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tiling_reference import evaluate, legal_designs, nvm_writes, ranked_designs, value_of
from tiling_strategies import layers, platforms, supplies

from simint.errors import InputError
from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.network.network import Network
from simint.tiling.consistent.explorer import explore_network_consistent
from simint.tiling.network_search import explore_network
from simint.tiling.published.electrical import bench_settings
from simint.tiling.search.design_list import RankedDesign, best_designs, pareto_designs
from simint.tiling.search.explorer import explore_layer_published, explore_network_published
from simint.tiling.search.goal import PublishedObjective
from simint.tiling.search.request import BatchRule

TINAS = load_platform("msp430fr5994-tinas2024")
INAS = load_platform("msp430fr5994-inas2021")
CONV = Layer(name="c", kind=LayerKind.CONV, ifm=(8, 12, 12), ofm=(16, 12, 12), kernel=(3, 3), pad=(1, 1, 1, 1))
NORM = Layer(name="b", kind=LayerKind.BN, ifm=(16, 12, 12), ofm=(16, 12, 12))


@settings(deadline=None, max_examples=120)
@given(
    data=st.data(),
    inas=st.booleans(),
    objective=st.sampled_from(list(PublishedObjective)),
    batches=st.sampled_from(list(BatchRule)),
)
def test_every_objective_and_batch_rule_finds_what_a_plain_enumeration_finds(
    data: st.DataObject, inas: bool, objective: str, batches: str
) -> None:
    preset = INAS if inas else TINAS
    layer, platform, supply = data.draw(layers(inas)), data.draw(platforms(preset)), data.draw(supplies(preset))
    smallest = next(iter(legal_designs(layer, platform.variant)))
    assume(objective != "imo" or evaluate(layer, smallest, platform, supply).continuous_s > 0)
    count = data.draw(st.integers(1, 8))
    best, feasible, legal = ranked_designs(layer, platform, supply, count, objective, batches)
    found = explore_layer_published(layer, platform, supply, objective, batches)
    assert (found.feasible, found.legal) == (feasible, legal)
    assert [found.design] == (best[:1] or [None])
    ranked = best_designs(layer, platform, count, supply, objective, batches)
    assert [each.design for each in ranked] == best
    for each in ranked:
        cost = evaluate(layer, each.design, platform, supply)
        assert each.latency_s == pytest.approx(cost.latency_s, rel=1e-11)
        assert each.active_j == pytest.approx(cost.active_j, rel=1e-12)
        assert each.vm_bytes == cost.vm_bytes
        assert each.nvm_writes == pytest.approx(nvm_writes(layer, each.design, platform), rel=1e-12)


Point = tuple[float, float, float, float]


def point(design: RankedDesign) -> Point:
    return design.latency_s, design.active_j, float(design.vm_bytes), design.nvm_writes


def covers(one: Point, other: Point, slack: float) -> bool:
    return all(a <= b * (1 + slack) for a, b in zip(one, other, strict=True))


@settings(deadline=None, max_examples=60)
@given(data=st.data(), inas=st.booleans(), batches=st.sampled_from(list(BatchRule)))
def test_the_pareto_set_covers_every_design_and_nothing_in_it_is_beaten(
    data: st.DataObject, inas: bool, batches: str
) -> None:
    preset = INAS if inas else TINAS
    layer, platform, supply = data.draw(layers(inas)), data.draw(platforms(preset)), data.draw(supplies(preset))
    everything = []
    for design in legal_designs(layer, platform.variant, batches):
        cost = evaluate(layer, design, platform, supply)
        if cost.reason == "OK":
            writes = nvm_writes(layer, design, platform)
            everything.append((cost.latency_s, cost.active_j, float(cost.vm_bytes), writes))
    found = [point(each) for each in pareto_designs(layer, platform, supply, batches)]
    for every in everything:
        assert any(covers(each, every, 1e-11) for each in found)
        for each in found:
            assert not (covers(every, each, -1e-11) and min(each) > 0)
    for k, each in enumerate(found):
        assert not any(covers(other, each, 1e-13) for j, other in enumerate(found) if j != k)
    assert found == sorted(found)
    assert bool(found) == bool(everything)


@pytest.mark.parametrize("objective", list(PublishedObjective))
def test_a_design_is_best_in_its_own_objective(objective: str) -> None:
    supply = bench_settings(TINAS)
    values = {
        name: value_of(
            evaluate(CONV, explore_layer_published(CONV, TINAS, supply, name).design, TINAS, supply), objective
        )
        for name in PublishedObjective
    }
    assert values[objective] == pytest.approx(min(values.values()), rel=1e-12)
    assert max(values.values()) > values[objective]


def test_more_batches_to_choose_from_never_hurt() -> None:
    """One is among the even rule's, and those of the even rule are among all divisors where the loops are the same."""
    latency = {rule: explore_layer_published(CONV, TINAS, None, "latency", rule) for rule in BatchRule}
    assert latency[BatchRule.VARIANT] == latency[BatchRule.ONE]
    assert latency[BatchRule.CONSISTENT].latency_s <= latency[BatchRule.EVEN].latency_s
    assert latency[BatchRule.EVEN].latency_s < latency[BatchRule.ONE].latency_s
    assert latency[BatchRule.ONE].legal < latency[BatchRule.EVEN].legal < latency[BatchRule.CONSISTENT].legal


def test_unknown_questions_are_refused() -> None:
    with pytest.raises(InputError, match=r"unknown objective 'speed'.*latency, energy, continuous, imo"):
        explore_layer_published(CONV, TINAS, None, "speed")
    with pytest.raises(InputError, match=r"unknown batch rule 'odd'.*variant, one, even, consistent"):
        explore_layer_published(CONV, TINAS, None, "latency", "odd")
    with pytest.raises(InputError, match="at least one design"):
        best_designs(CONV, TINAS, 0)


def test_one_entry_serves_both_cost_modes() -> None:
    network = Network(name="n", layers=(CONV, NORM))
    supply = bench_settings(TINAS)
    assert explore_network(network, TINAS, supply) == explore_network_published(network.layers, TINAS, supply)
    least_imo = explore_network(network, TINAS, supply, "imo")
    assert least_imo == explore_network_published(network.layers, TINAS, supply, "imo")
    consistent = load_platform("msp430fr5994")
    for objective in ("energy", "latency"):
        wanted = explore_network_consistent(network, consistent, supply.swing_j, supply.margin, objective)
        assert explore_network(network, consistent, supply, objective) == wanted
    assert explore_network(network, consistent, supply).energy_j <= wanted.energy_j
    with pytest.raises(InputError, match="imo"):
        explore_network(network, consistent, supply, "imo")


def test_the_ends_of_the_pareto_set_are_the_best_by_each_objective() -> None:
    front = pareto_designs(CONV, TINAS, None, BatchRule.EVEN)
    fastest, thriftiest = (
        best_designs(CONV, TINAS, 1, None, goal, BatchRule.EVEN)[0] for goal in ("latency", "energy")
    )
    assert front[0].latency_s == pytest.approx(fastest.latency_s, rel=1e-12)
    assert min(each.active_j for each in front) == pytest.approx(thriftiest.active_j, rel=1e-12)
    assert min(each.vm_bytes for each in front) < fastest.vm_bytes
