"""The explorer of the consistent mode: the best design, the limits it keeps, and why there may be none."""

from __future__ import annotations

import math
from itertools import product

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schedule_reference import ReferenceNest
from schedule_strategies import layers

from simint.errors import InfeasibleError, InputError
from simint.hardware.platform import Platform
from simint.hardware.presets import load_platform
from simint.network.catalogue import load_network
from simint.network.layer import Layer, LayerKind
from simint.network.network import NETWORK_INPUT, Network
from simint.tiling.choose import choose_designs
from simint.tiling.consistent import explorer as consistent_explorer
from simint.tiling.consistent.explorer import LayerPlan, NetworkPlan, explore_network_consistent, plan_layer
from simint.tiling.design import ExecutionDesign
from simint.tiling.geometry import DesignCodes, design_of, geometry, trips
from simint.tiling.legality import RULES_CONSISTENT, batch_loop, design_space
from simint.tiling.loop_nest.build import build_schedule
from simint.tiling.objective import Objective
from simint.tiling.published.electrical import bench_settings
from simint.tiling.schedule import totals
from simint.tiling.search.explorer import explore_network_published
from simint.tiling.unit_costs import unit_costs

PLATFORM = load_platform("msp430fr5994")
PUBLISHED = load_platform("msp430fr5994-tinas2024")
COSTS = unit_costs(PLATFORM)
SWING_J = 0.5 * 0.005 * (4.535**2 - 3.290**2)  # the published bench
SMALL = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def small_network(layer: Layer) -> Network:
    if layer.kind is LayerKind.ADD:
        layer = msgspec.structs.replace(layer, inputs=(NETWORK_INPUT, NETWORK_INPUT))
    return Network(name="one", layers=(layer,))


def with_memory(platform: Platform, **changes: int) -> Platform:
    return msgspec.structs.replace(platform, memory=msgspec.structs.replace(platform.memory, **changes))


def all_designs(layer: Layer) -> list[ExecutionDesign]:
    """Every legal design, in the order of enumeration."""
    g = geometry(layer)
    space = design_space(g, RULES_CONSISTENT)
    found = []
    for tr, tc, tm, tn, order in product(*(sizes.tolist() for sizes in space)):
        d = DesignCodes(tr, tc, tm, tn, order, 1)
        loop = batch_loop(g.op, order, trips(g, d), RULES_CONSISTENT)
        found += [design_of(d._replace(s=s)) for s in range(1, loop + 1) if loop % s == 0]
    return found


def brute_force(layer: Layer, platform: Platform, batch_j: float, objective: Objective) -> LayerPlan | None:
    """The smallest value; within 1e-12 of it the smallest VM; then the first."""
    plans = [plan_layer(layer, design, platform) for design in all_designs(layer)]
    fitting = [p for p in plans if p.vm_bytes <= platform.memory.vm_bytes and p.cold_batch_j <= batch_j]
    if not fitting:
        return None

    def value(plan: LayerPlan) -> float:
        return plan.energy_j if objective is Objective.ENERGY else plan.continuous_s

    least = min(map(value, fitting))
    ties = [plan for plan in fitting if value(plan) <= least * (1 + 1e-12)]
    return min(ties, key=lambda plan: plan.vm_bytes)


@SMALL
@given(
    layers(),
    st.integers(8, 400),
    st.floats(8.0e-5, 4.0e-4),
    st.sampled_from([Objective.ENERGY, Objective.LATENCY]),
)
def test_the_best_design_is_that_of_a_brute_force(
    layer: Layer, vm_bytes: int, budget_j: float, objective: Objective
) -> None:
    assume(len(all_designs(layer)) < 3000)
    platform = with_memory(PLATFORM, vm_bytes=vm_bytes)
    expected = brute_force(layer, platform, 0.6 * budget_j, objective)
    if expected is None:
        with pytest.raises(InfeasibleError):
            explore_network_consistent(small_network(layer), platform, budget_j, 0.6, objective)
    else:
        found = explore_network_consistent(small_network(layer), platform, budget_j, 0.6, objective)
        assert found.layers == (expected,)


@SMALL
@given(layers(), st.integers(8, 200), st.floats(9.0e-5, 3.0e-4))
def test_more_memory_or_more_energy_never_hurts(layer: Layer, vm_bytes: int, budget_j: float) -> None:
    def best(vm: int, energy_j: float, objective: Objective) -> NetworkPlan | None:
        try:
            return explore_network_consistent(
                small_network(layer), with_memory(PLATFORM, vm_bytes=vm), energy_j, 1.0, objective
            )
        except InfeasibleError:
            return None

    least = best(vm_bytes, budget_j, Objective.ENERGY)
    assume(least is not None)
    assert least is not None
    for vm, energy_j in ((2 * vm_bytes, budget_j), (vm_bytes, 2 * budget_j)):
        more = best(vm, energy_j, Objective.ENERGY)
        assert more is not None
        assert more.energy_j <= least.energy_j * (1 + 1e-12)
    fastest = best(vm_bytes, budget_j, Objective.LATENCY)
    assert fastest is not None
    assert least.energy_j <= fastest.energy_j * (1 + 1e-12)
    assert fastest.continuous_s <= least.continuous_s * (1 + 1e-12)


@pytest.mark.parametrize("name", ["tinas-har-l25", "tinas-cifar10-l25"])
@pytest.mark.parametrize("objective", [Objective.ENERGY, Objective.LATENCY])
def test_totals_of_a_published_network_are_those_of_its_schedule(name: str, objective: Objective) -> None:
    network = load_network(name)
    plan = explore_network_consistent(network, PLATFORM, SWING_J, objective=objective)
    assert [layer.layer for layer in plan.layers] == [layer.name for layer in network.layers]
    schedule = build_schedule(network, plan.designs, PLATFORM)
    expected = totals(schedule)
    indices = schedule.index_write * expected.batches
    assert plan.energy_j == pytest.approx((expected.with_preservation + indices).energy_j, rel=1e-12)
    assert plan.continuous_j == pytest.approx(expected.continuous.energy_j, rel=1e-12)
    assert plan.continuous_s == pytest.approx(expected.continuous.time_s, rel=1e-12)
    assert plan.overhead_s == pytest.approx((expected.preserve + indices).time_s, rel=1e-12)
    assert schedule.vm_bytes <= PLATFORM.memory.vm_bytes
    assert max(layer.cold_batch_j for layer in plan.layers) <= plan.budget_j == 0.6 * SWING_J


def test_consistent_costs_undercut_the_published_ones() -> None:
    """Clipping, no padding and S > 1 only take costs away (quirks Q5 to Q8)."""
    network = load_network("tinas-har-l25")
    published = explore_network_published(network.layers, PUBLISHED)
    consistent = explore_network_consistent(network, PLATFORM, SWING_J, objective="latency")
    assert consistent.continuous_s < published.continuous_s
    energy = explore_network_consistent(network, PLATFORM, SWING_J, objective="energy")
    assert energy.energy_j < published.active_j


# Energy with preservation in J, time without in s, number of batches: pinned, so that a change of costs or rules shows,
# and counted tile by tile in the test.
GOLDEN_NETWORKS = [
    ("tinas-har-l25", "energy", 0.010265487624695592, 1.6834569375, 72),
    ("tinas-har-l25", "latency", 0.01067518196941171, 1.68341475, 991),
    ("tinas-cifar10-l25", "energy", 0.15490991239491642, 25.854507437499997, 325),
]


@pytest.mark.parametrize(("name", "objective", "energy_j", "time_s", "batches"), GOLDEN_NETWORKS)
def test_golden_networks(name: str, objective: str, energy_j: float, time_s: float, batches: int) -> None:
    plan = explore_network_consistent(load_network(name), PLATFORM, SWING_J, objective=objective)
    assert plan.energy_j == pytest.approx(energy_j, rel=1e-12)
    assert plan.continuous_s == pytest.approx(time_s, rel=1e-12)
    assert sum(layer.batches for layer in plan.layers) == batches
    counted_j = 0.0
    for layer, design in zip(load_network(name).layers, plan.designs, strict=True):
        for batch in ReferenceNest(layer, design, COSTS).batches():
            parts = (batch.opening, batch.fetch, batch.compute, batch.write_back, batch.preserve)
            counted_j += sum(part.energy_j for part in parts) + COSTS.energy.index_write
    assert counted_j == pytest.approx(energy_j, rel=1e-12)


def test_a_batch_that_needs_exactly_the_budget_is_accepted() -> None:
    network = load_network("plain:har:3x8-7x8-3x16")
    free = explore_network_consistent(network, PLATFORM, math.inf)
    exact_j = max(layer.cold_batch_j for layer in free.layers)
    assert explore_network_consistent(network, PLATFORM, exact_j, margin=1.0).layers == free.layers
    tight = explore_network_consistent(network, PLATFORM, exact_j * (1 - 1e-9), margin=1.0)
    assert tight.energy_j > free.energy_j


def test_layers_of_equal_shape_are_explored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    explored = []
    sweep = consistent_explorer.sweep_layer

    def counting(search: object, designs: object) -> object:
        explored.append(designs)
        return sweep(search, designs)

    monkeypatch.setattr(consistent_explorer, "sweep_layer", counting)
    network = load_network("tinas-cifar10-l25")
    explore_network_consistent(network, PLATFORM, SWING_J)
    assert len(explored) == len({geometry(layer) for layer in network.layers}) < len(network.layers)


CONV = Layer(name="c", kind=LayerKind.CONV, ifm=(8, 6, 6), ofm=(8, 6, 6), kernel=(3, 3), pad=(1, 1, 1, 1))


def test_without_room_for_versions_no_partial_sum_outlives_a_batch() -> None:
    """A sum continued over commits needs its output twice in NVM."""
    # Input and output of 288 elements each fit, a second output does not.
    roomy, tight = with_memory(PLATFORM, vm_bytes=200), with_memory(PLATFORM, vm_bytes=200, nvm_feature_bytes=1200)
    network = Network(name="n", layers=(CONV,))
    free = explore_network_consistent(network, roomy, SWING_J, objective="latency").designs[0]
    bound = explore_network_consistent(network, tight, SWING_J, objective="latency").designs[0]

    def sums_in_one_batch(design: ExecutionDesign) -> bool:
        return design.tn == 8 or (design.order.value == "O" and design.s * design.tn == 8)

    assert not sums_in_one_batch(free)
    assert sums_in_one_batch(bound)


def test_why_no_design_is_left_is_said_with_numbers() -> None:
    network = Network(name="n", layers=(CONV,))
    # One 3x3 patch, 9 weights and one output of 2 bytes, each buffer in whole words: 20 + 20 + 4.
    with pytest.raises(InfeasibleError, match=r"layer 'c'.* 44 bytes of volatile memory.* 40,.*msp430fr5994"):
        explore_network_consistent(network, with_memory(PLATFORM, vm_bytes=40), SWING_J)
    cheapest_j = min(plan_layer(CONV, design, PLATFORM).cold_batch_j for design in all_designs(CONV))
    with pytest.raises(InfeasibleError, match=rf"layer 'c'.*{cheapest_j:.4g} J.* 6e-05 J"):
        explore_network_consistent(network, PLATFORM, 1e-4)


def test_a_network_that_exceeds_nvm_is_refused() -> None:
    network = load_network("tinas-har-l25")
    for field, what in (
        ("nvm_feature_bytes", "feature maps"),
        ("nvm_weight_bytes", "weights"),
        ("nvm_bytes", "feature maps and weights together"),
    ):
        platform = with_memory(PLATFORM, **{field: 4000})
        with pytest.raises(InfeasibleError, match=rf"network 'tinas-har-l25': {what} need \d+ bytes.* has 4000"):
            choose_designs(network, platform, "energy", SWING_J)
        published = with_memory(PUBLISHED, **{field: 4000})
        with pytest.raises(InfeasibleError, match=r"'tinas-har-l25'.*exceed the non-volatile memory"):
            choose_designs(network, published, "published", SWING_J, settings=bench_settings(published))


def test_choose_designs_goes_by_the_objective() -> None:
    network = load_network("tinas-har-l25")
    bench = bench_settings(PUBLISHED)
    published = explore_network_published(network.layers, PUBLISHED, bench)
    assert choose_designs(network, PUBLISHED, "published", 0.0, settings=bench) == tuple(
        layer.design for layer in published.layers
    )
    for objective in ("energy", "latency"):
        plan = explore_network_consistent(network, PLATFORM, SWING_J, 0.5, objective)
        assert choose_designs(network, PLATFORM, objective, SWING_J, 0.5) == plan.designs


def test_published_obstacles_are_said_with_numbers() -> None:
    network = load_network("tinas-har-l25")
    with pytest.raises(InfeasibleError, match=r"layer 'CONV_0': its smallest tile needs \d+ bytes of volatile memory"):
        choose_designs(
            network, with_memory(PUBLISHED, vm_bytes=4), "published", 0.0, settings=bench_settings(PUBLISHED)
        )
    tiny = bench_settings(PUBLISHED, capacitance=1e-5, resistance=3100.0)
    with pytest.raises(InfeasibleError, match=r"layer 'CONV_0': its smallest tile takes \S+ J a power cycle"):
        choose_designs(network, PUBLISHED, "published", 0.0, settings=tiny)


@pytest.mark.parametrize(
    ("platform", "objective", "budget_j", "margin", "message"),
    [
        (PLATFORM, "published", 1.0, 0.6, "Thevenin bench"),
        (PLATFORM, "speed", 1.0, 0.6, "unknown objective 'speed'"),
        (PUBLISHED, "energy", 1.0, 0.6, "published mode"),
        (PLATFORM, "energy", 0.0, 0.6, "budget must be positive"),
        (PLATFORM, "energy", math.nan, 0.6, "budget must be positive"),
        (PLATFORM, "energy", 1.0, 0.0, "`margin`"),
        (PLATFORM, "energy", 1.0, 1.5, "`margin`"),
    ],
)
def test_nonsense_is_refused(platform: Platform, objective: str, budget_j: float, margin: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        choose_designs(load_network("tinas-har-l25"), platform, objective, budget_j, margin)


def test_a_plan_needs_a_legal_design() -> None:
    for change, message in (({"tm": 3}, "tm=3"), ({"s": 3}, "s=3"), ({"tr": 5}, "tr=5")):
        design = ExecutionDesign(**{"tr": 2, "tc": 2, "tm": 2, "tn": 2, "s": 2, **change})
        with pytest.raises(InputError, match=f"layer 'c': {message}"):
            plan_layer(CONV, design, PLATFORM)
