"""Networks: graphs, counts and the memory they need."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simint.errors import InputError
from simint.network.catalogue import load_network, network_presets
from simint.network.layer import LARGEST_SIZE, Layer, LayerKind
from simint.network.network import FROM_INPUT, NETWORK_INPUT, Network
from simint.network.nvm import live_feature_elements, nvm_demand

MAP = (4, 5, 3)
ELEMENTS = 60


def relu(name: str, *inputs: str) -> Layer:
    return Layer(name=name, kind=LayerKind.RELU, ifm=MAP, ofm=MAP, inputs=inputs)


def add(name: str, *inputs: str) -> Layer:
    return Layer(name=name, kind=LayerKind.ADD, ifm=MAP, ofm=MAP, inputs=inputs)


def conv(name: str, ifm: tuple[int, int, int], filters: int, *inputs: str) -> Layer:
    return Layer(name=name, kind=LayerKind.CONV, ifm=ifm, ofm=(filters, *ifm[1:]), inputs=inputs)


def network(*layers: Layer) -> Network:
    return Network(name="net", layers=layers)


@st.composite
def graphs(draw: st.DrawFn) -> Network:
    """Random graphs of pointwise convolutions and additions in which every map is read."""
    rows, first = 3, draw(st.integers(1, 6))
    layers: list[Layer] = []
    channels = {NETWORK_INPUT: first}
    unread: list[str] = []
    for position in range(draw(st.integers(1, 12))):
        name = f"layer{position}"
        source = draw(st.sampled_from([*channels]))
        partners = [other for other in channels if channels[other] == channels[source]]
        if draw(st.booleans()) and layers:
            pair = (source, draw(st.sampled_from(partners)))
            shape = (channels[source], rows, 1)
            layers.append(Layer(name=name, kind=LayerKind.ADD, ifm=shape, ofm=shape, inputs=pair))
        else:
            filters = draw(st.integers(1, 6))
            read_first = NETWORK_INPUT if not layers else source
            layers.append(conv(name, (channels[read_first], rows, 1), filters, read_first))
        channels[name] = layers[-1].ofm[0]
        unread = [other for other in unread if other not in layers[-1].inputs] + [name]
    # Gather the ends: all become the same width, then they are added up.
    ends = []
    for name in unread:
        layers.append(conv(f"{name}.end", (channels[name], rows, 1), 2, name))
        ends.append(f"{name}.end")
    while len(ends) > 1:
        left, right, *ends = ends
        shape = (2, rows, 1)
        layers.append(Layer(name=f"{left}+{right}", kind=LayerKind.ADD, ifm=shape, ofm=shape, inputs=(left, right)))
        ends.append(f"{left}+{right}")
    return network(*layers)


def brute_force_live(net: Network) -> list[int]:
    """From the definition: at step i a map counts if it exists by then and is written or read at i or later."""
    sources = net.producers()
    writers = [FROM_INPUT, *range(len(net.layers))]
    size = {w: math.prod(net.input_shape if w == FROM_INPUT else net.layers[w].ofm) for w in writers}
    return [
        sum(
            size[w]
            for w in writers
            if w == step or (w < step and any(w in sources[later] for later in range(step, len(net.layers))))
        )
        for step in range(len(net.layers))
    ]


@given(graphs())
def test_liveness_is_its_definition(net: Network) -> None:
    assert list(live_feature_elements(net)) == brute_force_live(net)


@given(graphs(), st.data())
def test_a_versioned_output_costs_its_own_size_while_it_is_written(net: Network, data: st.DataObject) -> None:
    versioned = data.draw(st.sets(st.sampled_from([layer.name for layer in net.layers])))
    plain, with_copies = live_feature_elements(net), live_feature_elements(net, versioned)
    for layer, before, after in zip(net.layers, plain, with_copies, strict=True):
        assert after - before == (math.prod(layer.ofm) if layer.name in versioned else 0)


def test_a_chain_needs_input_and_output_of_one_layer_at_a_time() -> None:
    net = load_network("plain:cifar10:3x8-5x24-7x4")
    assert live_feature_elements(net) == tuple(math.prod(x.ifm) + math.prod(x.ofm) for x in net.layers)


def test_a_residual_input_counts_all_along_its_detour() -> None:
    straight = network(relu("a"), relu("b"), relu("c"), relu("d"))
    residual = network(relu("a"), relu("b"), relu("c"), add("d", "c", "a"))
    assert live_feature_elements(straight) == (2 * ELEMENTS,) * 4
    assert live_feature_elements(residual) == (2 * ELEMENTS, 2 * ELEMENTS, 3 * ELEMENTS, 3 * ELEMENTS)


def test_the_input_of_the_network_lives_until_it_is_last_read() -> None:
    net = network(relu("a"), relu("b"), add("c", "b", NETWORK_INPUT), relu("d"))
    assert live_feature_elements(net) == (2 * ELEMENTS, 3 * ELEMENTS, 3 * ELEMENTS, 2 * ELEMENTS)


def test_a_map_added_to_itself_is_kept_once() -> None:
    assert live_feature_elements(network(relu("a"), add("b", "a", "a"))) == (2 * ELEMENTS, 2 * ELEMENTS)


def test_nvm_demand_stores_biases_and_scales_with_the_element() -> None:
    net = load_network("tinas-har-l25")
    demand = nvm_demand(net, 2)
    assert demand.weight_bytes == 14_256 + 2 * 6  # the published weights and the classifier's biases
    assert demand.feature_bytes == 2 * max(live_feature_elements(net))
    assert demand.total_bytes == demand.feature_bytes + demand.weight_bytes
    assert nvm_demand(net, 4).total_bytes == 2 * demand.total_bytes
    with pytest.raises(InputError, match="no layer is called 'CONV_999'"):
        nvm_demand(net, 2, ["CONV_999"])


@pytest.mark.parametrize("preset", network_presets(), ids=lambda preset: preset.name)
def test_a_layer_needs_at_least_its_own_maps(preset) -> None:
    net = load_network(preset.name)
    for layer, live in zip(net.layers, live_feature_elements(net), strict=True):
        reads = 2 if layer.kind is LayerKind.ADD else 1
        assert live >= reads * math.prod(layer.ifm) + math.prod(layer.ofm)


# MFLOP, weight bytes and number of layers of the 12 published solutions, by recomputation from the published lists.
PUBLISHED_COUNTS = {
    "tinas-cifar10-l25": (2.716, 51_248, 81),
    "tinas-m-cifar10-l25": (2.519, 27_868, 71),
    "tinas-u-cifar10-l25": (3.510, 194_768, 70),
    "tinas-cifar10-l75": (5.622, 158_352, 90),
    "tinas-m-cifar10-l75": (5.341, 29_820, 78),
    "tinas-u-cifar10-l75": (8.742, 92_816, 70),
    "tinas-har-l25": (0.244, 14_256, 55),
    "tinas-m-har-l25": (0.223, 8_816, 37),
    "tinas-u-har-l25": (0.230, 19_624, 64),
    "tinas-har-l75": (0.450, 12_664, 55),
    "tinas-m-har-l75": (0.336, 7_904, 37),
    "tinas-u-har-l75": (0.457, 19_544, 63),
}


def test_every_published_solution_has_a_preset() -> None:
    assert {preset.name for preset in network_presets() if preset.name.startswith("tinas")} == set(PUBLISHED_COUNTS)


@pytest.mark.parametrize("name", PUBLISHED_COUNTS)
def test_counts_of_the_published_solutions(name: str) -> None:
    mflop, weight_bytes, n_layers = PUBLISHED_COUNTS[name]
    net = load_network(name)
    assert (round(net.flops / 1e6, 3), 2 * net.weight_elements, len(net.layers)) == (mflop, weight_bytes, n_layers)
    assert 2 * net.macs < net.flops


def test_general_shapes_are_counted() -> None:
    """A grouped convolution on a non-square map with padding on one side only: 5 x 2 taps, 3 of 6 inputs each."""
    layer = Layer(
        name="g", kind=LayerKind.CONV, ifm=(6, 9, 4), ofm=(4, 4, 3), kernel=(5, 2), stride=(2, 1),
        pad=(2, 0, 0, 0), groups=2, bias=True,
    )  # fmt: skip
    assert layer.weights == 4 * 3 * 10
    assert network(layer).macs == layer.weights * 4 * 3


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((), "at least one layer is needed"),
        ((relu("a"), conv("b", (5, 5, 3), 2)), "layer 'b': reads (5, 5, 3), but layer 'a' gives (4, 5, 3)"),
        ((relu("a"), conv("b", (5, 5, 3), 2, "INPUT")), "but the network's input gives (4, 5, 3)"),
        ((relu("a"), relu("a")), "layer 'a': the name is used by two layers"),
        ((relu("INPUT"),), "layer 'INPUT': the name is kept for the network's input"),
        ((relu("a"), add("b", "a")), "layer 'b': ADD reads 2 map(s), 1 named"),
        ((relu("a"), add("b")), "layer 'b': ADD must name its two inputs"),
        ((relu("a"), relu("b", "a", "a")), "layer 'b': RELU reads 1 map(s), 2 named"),
        ((relu("a"), add("b", "a", "c"), relu("c")), "layer 'b': input 'c' is no earlier layer"),
        ((relu("a", "a"),), "layer 'a': input 'a' is no earlier layer"),
        ((relu("a"), relu("b", "INPUT")), "layer 'a': its output is never read"),
    ],
)
def test_a_graph_that_does_not_chain_is_refused(layers: tuple[Layer, ...], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        network(*layers)
    assert "network 'net'" in str(caught.value)


def test_sizes_beyond_exact_arithmetic_are_refused() -> None:
    with pytest.raises(InputError, match="no size may exceed"):
        conv("a", (1, LARGEST_SIZE + 1, 1), 1)
    with pytest.raises(InputError, match="elements or operations"):
        conv("a", (LARGEST_SIZE, 2**12, 1), LARGEST_SIZE)
