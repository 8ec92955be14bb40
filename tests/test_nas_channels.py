"""Channel groups, pruned networks, costs of channel counts: what must hold of any network."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nas_networks import networks

from nas.channels.cost import mac_cost, nvm_cost, parameter_cost
from nas.channels.groups import FIXED, ChannelGroups, channel_groups, keeps_channels
from nas.channels.kinds import Counts, permitted_counts, smooth_counts, table_counts
from nas.channels.pruning import pruned, resized_network
from nas.channels.tables import TableCost, TableObjective, build_tables, without_holes
from nas.hardware.pricing import Pricing, layer_rows, network_costs, pricing_of
from nas.space.columns import ENERGY, TIMES_AND_ENERGIES
from nas.space.target import Target
from simint.errors import InputError
from simint.network.catalogue import load_network
from simint.network.layer import Layer, LayerKind
from simint.network.network import Network
from simint.network.nvm import nvm_demand

PRICING = pricing_of(Target(platform="msp430fr5994"))
PUBLISHED = pricing_of(Target(platform="msp430fr5994-tinas2024"))
MBCONV = "mbconv:digits:w=1.0:r=8:4.3.1.y-4.3.1.y"


def some_counts(draw: st.DrawFn, groups: ChannelGroups) -> list[int]:
    return [draw(st.integers(1, size)) for size in groups.sizes]


@st.composite
def network_and_counts(draw: st.DrawFn) -> tuple[Network, list[int]]:
    network = draw(networks(classifier=draw(st.booleans())))
    return network, some_counts(draw, channel_groups(network))


@given(network_and_counts())
@settings(max_examples=200)
def test_any_counts_make_a_network(case: tuple[Network, list[int]]) -> None:
    network, counts = case
    groups = channel_groups(network)
    small = resized_network(network, groups, counts)  # Network and Layer refuse whatever does not fit together
    assert small.input_shape == network.input_shape
    assert small.output_shape == network.output_shape
    assert [layer.kind for layer in small.layers] == [layer.kind for layer in network.layers]


@given(networks())
def test_groups_are_the_finest_consistent_partition(network: Network) -> None:
    """Channels are tied exactly where a chain of operators or sums ties them."""
    groups = channel_groups(network)
    for layer, reads, writes in zip(network.layers, groups.inputs, groups.outputs, strict=True):
        if keeps_channels(layer):
            assert reads == writes
    # Apart from frozen ones, each group is begun by convolutions or fully connected layers alone.
    for group in range(len(groups.sizes)):
        begun = [
            layer.kind
            for layer, reads, writes in zip(network.layers, groups.inputs, groups.outputs, strict=True)
            if writes == group and not (keeps_channels(layer) and reads == group)
        ]
        assert begun
        assert set(begun) <= {LayerKind.CONV, LayerKind.FC}


def test_groups_of_resnet8() -> None:
    """Each stack has its inner channels and those of its residual sum; the first stack's sum includes the stem."""
    groups = channel_groups(load_network("mlperf:resnet8"))
    assert groups.sizes == (16, 16, 32, 32, 64, 64)
    assert groups.outputs[-1] == FIXED
    assert groups.inputs[0] == FIXED


def test_groups_of_mobilenet_and_autoencoder() -> None:
    """A depthwise convolution goes with its input; every hidden layer of the autoencoder stands alone."""
    assert channel_groups(load_network("mlperf:mobilenetv1-025")).sizes == (
        8, 16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256,
    )  # fmt: skip
    assert channel_groups(load_network("mlperf:autoencoder")).sizes == (128, 128, 128, 128, 8, 128, 128, 128, 128)


def test_bad_kept_channels_are_refused() -> None:
    network = load_network(MBCONV)
    full = tuple(tuple(range(size)) for size in channel_groups(network).sizes)
    for bad in ((), (0, 0), (1, 0), (-1, 0), (0, 8)):
        with pytest.raises(InputError, match="CONV_0"):
            pruned(network, (bad, *full[1:]))
    with pytest.raises(InputError, match="4 groups"):
        pruned(network, full[1:])
    assert pruned(network, full, network.name).layers == network.layers


@given(network_and_counts())
@settings(max_examples=200)
def test_polynomial_costs_are_those_of_the_network(case: tuple[Network, list[int]]) -> None:
    network, counts = case
    groups = channel_groups(network)
    small = resized_network(network, groups, counts)
    at = np.array(counts, dtype=np.float64)
    weights = sum(layer.weights for layer in small.layers if layer.kind is not LayerKind.BN)
    assert parameter_cost(network, groups).priced(at)[0] == pytest.approx(weights, rel=1e-12)
    assert mac_cost(network, groups).priced(at)[0] == pytest.approx(small.macs, rel=1e-12)
    demand = nvm_demand(small, 2)
    assert nvm_cost(network, groups, 2, 5).priced(at)[0] == pytest.approx(demand.total_bytes + 2 * 5, rel=1e-12)


@given(network_and_counts(), st.data())
def test_gradients_of_polynomial_costs(case: tuple[Network, list[int]], data: st.DataObject) -> None:
    network, counts = case
    groups = channel_groups(network)
    at = np.array(counts) + data.draw(st.sampled_from([0.0, 0.1, 0.37]))
    for cost in (parameter_cost(network, groups), mac_cost(network, groups)):
        assert_gradient(cost.priced, at, 1e-9)


def assert_gradient(
    priced: Callable[[np.ndarray], tuple[float, np.ndarray]], at: np.ndarray, tolerance: float, step: float = 1e-4
) -> None:
    """Central differences, which are exact for polynomials of second degree and at knots of linear pieces."""
    _, slope = priced(at)
    for group in range(len(at)):
        up, down = at.copy(), at.copy()
        up[group] += step
        down[group] -= step
        difference = (priced(up)[0] - priced(down)[0]) / (2 * step)
        assert slope[group] == pytest.approx(difference, rel=1e-5, abs=tolerance * max(1.0, abs(priced(at)[0])) / step)


def test_gradient_of_the_memory_is_that_of_weights_and_peak() -> None:
    network = load_network("mlperf:resnet8")
    groups = channel_groups(network)
    cost = nvm_cost(network, groups, 2, 5)
    # Between kinks: the peak stays in the same layer.
    assert_gradient(cost.priced, np.array([9.5, 7.0, 20.0, 30.0, 50.0, 40.0]), 1e-9)


@given(st.integers(1, 64), st.integers(1, 16))
def test_blocks_pass_their_share_of_the_gradient(channels: int, block: int) -> None:
    """A cost of ceil(c/N) blocks, each worth w, has the straight-through slope w/N."""
    network = load_network("mlperf:dscnn")
    groups = channel_groups(network)
    cost, plain = mac_cost(network, groups, block), mac_cost(network, groups)
    at = np.full(len(groups.sizes), float(channels))
    rounded = np.full(len(groups.sizes), float(block * math.ceil(channels / block)))
    value, slope = cost.priced(at)
    assert value == plain.priced(rounded)[0]
    # d ceil(c/N) / dc = 1/N, and a block more is N channels more.
    per_block = block * plain.priced(rounded)[1]
    assert slope == pytest.approx(per_block / block)


@given(st.integers(1, 400))
def test_permitted_counts(size: int) -> None:
    smooth = smooth_counts(size)
    assert smooth[-1] == size
    assert list(smooth) == sorted(set(smooth))
    for count in smooth[:-1]:
        odd = count // (count & -count)
        assert odd in (1, 3, 9)
        assert count * 16 >= size
    assert all(high <= 1.5 * low or low == 1 for low, high in pairwise(smooth))
    assert permitted_counts(size, Counts.ALL) == tuple(range(smooth[0], size + 1))
    assert min(permitted_counts(size, Counts.SMOOTH, 0.5)) >= size / 2


@pytest.mark.parametrize("pricing", [PRICING, PUBLISHED], ids=["consistent", "published"])
def test_tables_are_exact_at_their_counts(pricing: Pricing) -> None:
    network = load_network(MBCONV)
    groups = channel_groups(network)
    tables = build_tables(network, groups, pricing)
    generator = np.random.default_rng(0)
    for _ in range(12):
        counts = [int(generator.choice(table_counts(size))) for size in groups.sizes]
        rows, _ = tables.rows(np.array(counts, dtype=np.float64))
        exact = network_costs(resized_network(network, groups, counts), pricing)
        found = (
            exact.latency_s, exact.recharge_s, exact.active_s, exact.continuous_s, exact.power_cycles, exact.active_j,
        )  # fmt: skip
        assert rows == pytest.approx(found, rel=1e-9)
        imo, _ = TableCost(tables, TableObjective.IMO).priced(np.array(counts, dtype=np.float64))
        assert imo == pytest.approx(exact.imo_percent, rel=1e-9)


def test_tables_come_near_between_their_counts() -> None:
    """Counts of 9 2^a are permitted but not priced."""
    network = load_network("mlperf:dscnn")
    groups = channel_groups(network)
    tables = build_tables(network, groups, PRICING)
    for counts in ([36, 36, 36, 36, 36], [18, 36, 18, 36, 64], [9, 64, 9, 64, 36]):
        exact = network_costs(resized_network(network, groups, counts), PRICING)
        assert tables.rows(np.array(counts, dtype=np.float64))[0][ENERGY] == pytest.approx(exact.active_j, rel=0.05)


@pytest.mark.parametrize("objective", list(TableObjective))
def test_gradients_of_the_tables(objective: TableObjective) -> None:
    """At a knot the mean of both sides, between knots the piece's slope: central differences see just that."""
    network = load_network(MBCONV)
    groups = channel_groups(network)
    tables = build_tables(network, groups, PRICING, [table_counts(size)[1:] for size in groups.sizes])
    cost = TableCost(tables, objective)
    inner = [list(knots[1:-1]) for knots in tables.knots]
    generator = np.random.default_rng(1)
    for _ in range(8):
        knot = np.array([generator.choice(knots) for knots in inner], dtype=np.float64)
        between = knot + generator.uniform(0.1, 0.4, len(knot))
        for at in (knot, between):
            _, slope = cost.priced(at)
            for group in range(len(at)):
                up, down = at.copy(), at.copy()
                up[group] += 1e-4
                down[group] -= 1e-4
                difference = (cost.priced(up)[0] - cost.priced(down)[0]) / 2e-4
                assert slope[group] == pytest.approx(difference, rel=1e-3, abs=1e-7 * abs(cost.priced(at)[0]))


def test_counts_with_few_divisors_are_dear() -> None:
    """Why only smooth counts are permitted: more channels can cost far less."""
    convolutions = [
        Layer(name="conv", kind=LayerKind.CONV, ifm=(each, 8, 8), ofm=(each, 8, 8), kernel=(3, 3), pad=(1, 1, 1, 1))
        for each in (61, 64)
    ]
    energies = layer_rows(convolutions, PRICING)[:, ENERGY]
    assert energies[0] > 10 * energies[1]


def test_smaller_capacitors_need_more_cycles_and_energy() -> None:
    network = load_network(MBCONV)
    large, small = (
        network_costs(network, pricing_of(Target(platform="msp430fr5994", capacitance=capacitance)))
        for capacitance in (5e-3, 470e-6)
    )
    assert small.power_cycles > large.power_cycles
    assert small.active_j > large.active_j
    assert small.imo_percent > large.imo_percent


def test_what_cannot_run_is_infinite() -> None:
    """Too little charge for the smallest batch, or too little NVM."""
    network = load_network(MBCONV)
    weak = pricing_of(Target(platform="msp430fr5994", capacitance=25e-6, resistance=3000.0))
    assert np.isinf(layer_rows(network.layers[:1], weak)).all()
    with pytest.raises(InputError, match="'CONV_0': no execution design"):
        build_tables(network, channel_groups(network), weak)
    for pricing in (weak, pricing_of(Target(platform="msp430fr5994", nvm_bytes=1000))):
        costs = network_costs(network, pricing)
        assert math.isinf(costs.active_j)
        assert math.isinf(costs.latency_s)


@given(st.lists(st.booleans(), min_size=2, max_size=9).filter(any), st.integers(0, 99))
def test_holes_of_a_table_are_finite_and_dearer_than_anything(found: list[bool], seed: int) -> None:
    layer = load_network(MBCONV).layers[0]
    rows = np.random.default_rng(seed).uniform(0.1, 1.0, (len(found), TIMES_AND_ENERGIES))
    feasible = np.array(found)
    holed = np.where(feasible[:, None], rows, math.inf)
    filled = without_holes(holed, layer)
    assert np.array_equal(filled[feasible], rows[feasible])
    assert np.isfinite(filled).all()
    assert (filled[~feasible] >= 10 * rows[feasible].max(axis=0)).all()


def test_layers_outside_the_published_model_are_refused() -> None:
    network = load_network("mlperf:resnet8")
    with pytest.raises(InputError, match=r"CONV_10.*consistent mode"):
        network_costs(network, PUBLISHED)
    with pytest.raises(InputError, match="padding"):
        build_tables(network, channel_groups(network), PUBLISHED)


@given(st.integers(1, 300))
def test_every_permitted_count_lies_within_the_tables(size: int) -> None:
    for counts in Counts:
        permitted, priced = permitted_counts(size, counts), table_counts(size)
        assert (priced[0], priced[-1]) == (permitted[0], size)
    assert set(priced) <= set(smooth_counts(size))


def test_counts_outside_the_tables_are_refused() -> None:
    network = load_network(MBCONV)
    groups = channel_groups(network)
    with pytest.raises(InputError, match="ascending counts"):
        build_tables(network, groups, PRICING, [(1,), (32,), (32,), (16,)])
    tables = build_tables(network, groups, PRICING)
    with pytest.raises(InputError, match="channels"):
        tables.rows(np.array([9.0, 32.0, 32.0, 16.0]))
