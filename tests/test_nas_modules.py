"""Modules compute what the layer list says: shapes, values, weights, activations, initial weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from nas_networks import networks, reference_maps

from simint.errors import InputError
from simint.network.catalogue import load_network, network_presets
from simint.network.layer import Layer, LayerKind
from simint.network.network import Network

torch = pytest.importorskip("torch")

from nas.modules.activations import unlisted_relus, usual_activations  # noqa: E402
from nas.modules.kinds import Activations, Initialisation  # noqa: E402
from nas.modules.network_module import NetworkModule, build_module  # noqa: E402
from nas.modules.operators import Convolution, FullyConnected  # noqa: E402

if TYPE_CHECKING:
    from numpy.typing import NDArray

torch.set_num_threads(1)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def randomised(module: NetworkModule) -> NetworkModule:
    """The module in evaluation mode with statistics and biases that matter."""
    generator = seeded(1)
    with torch.no_grad():
        for part in module.operators:
            if isinstance(part, torch.nn.BatchNorm2d):
                part.running_mean.normal_(generator=generator)
                part.running_var.uniform_(0.5, 2, generator=generator)
                part.weight.normal_(generator=generator)
            if getattr(part, "bias", None) is not None:
                part.bias.normal_(generator=generator)
    return module.eval()


def plain_weights(module: NetworkModule) -> list[dict[str, NDArray[np.float64]]]:
    names = {"running_mean": "mean", "running_var": "variance"}
    return [
        {names.get(key, key): value.double().numpy() for key, value in part.state_dict().items()}
        for part in module.operators
    ]


@settings(max_examples=60)
@given(network=networks())
def test_every_map_is_the_operator_applied_to_its_inputs(network: Network) -> None:
    for activations in Activations:
        module = randomised(build_module(network, seeded(), activations, Initialisation.TORCH))
        x = torch.randn(2, *network.input_shape, generator=seeded(2))
        with torch.no_grad():
            maps = dict(module.maps(x))
            result = module(x)
        assert result.shape == (2, np.prod(network.output_shape))
        for sample in range(2):
            expected = reference_maps(
                network, plain_weights(module), x[sample].double().numpy(), unlisted_relus(network, activations)
            )
            for position, layer in enumerate(network.layers):
                assert tuple(maps[position].shape[1:]) == layer.ofm
                np.testing.assert_allclose(maps[position][sample].numpy(), expected[position], rtol=2e-4, atol=2e-4)


@settings(max_examples=40)
@given(network=networks())
def test_weights_are_those_that_the_network_counts(network: Network) -> None:
    module = build_module(network, seeded())
    for layer, part in zip(network.layers, module.operators, strict=True):
        held = sum(value.numel() for key, value in part.state_dict().items() if key != "num_batches_tracked")
        biases = layer.ofm[0] if layer.bias and layer.kind is not LayerKind.BN else 0
        assert held == layer.weights + biases


@pytest.mark.parametrize(
    "name", [preset.name for preset in network_presets() if preset.name.startswith("tinas") and "har" in preset.name]
)
def test_published_networks_hold_their_published_weights(name: str) -> None:
    network = load_network(name)
    module = build_module(network, seeded())
    tensors = [value for key, value in module.state_dict().items() if not key.endswith("num_batches_tracked")]
    assert sum(value.numel() for value in tensors) == network.weight_elements + 6  # the classifier's biases
    assert module(torch.zeros(3, *network.input_shape)).shape == (3, 6)


def test_mbconv_has_relus_where_published() -> None:
    """Behind expansion (by 1 too) and depthwise filter; not behind the stem, the projection or the addition."""
    network = load_network("mbconv:har:w=1.0:r=64:1.7.2.y-4.5.1.y-6.3.1.y")
    module = build_module(network, seeded())
    assert module.activations is Activations.LISTED
    assert not module.relu_after
    module.train()
    signs = {position: bool((y < 0).any()) for position, y in module.maps(torch.randn(8, 9, 64, 1))}
    kinds = [layer.kind.value for layer in network.layers]
    assert kinds[:8] == ["CONV", "BN", "CONV", "BN", "RELU", "DW", "BN", "RELU"]
    assert signs[1]  # the stem keeps its negative values
    assert kinds[8:10] == ["CONV", "BN"]
    assert signs[9]
    addition = kinds.index("ADD")
    assert kinds[addition + 1] == "CONV"
    assert signs[addition]
    assert not any(signs[position] for position, kind in enumerate(kinds) if kind == "RELU")
    assert kinds.count("RELU") == 2 * 4


def test_plain_networks_rectify_every_hidden_layer_and_not_the_classifier() -> None:
    network = load_network("plain:har:3x8-7x8-3x16")
    assert usual_activations(network) is Activations.HIDDEN
    module = build_module(network, seeded(), initialisation=Initialisation.GLOROT)
    assert module.relu_after == {0, 1, 2}
    units = load_network("plain:kws:48-64")
    assert build_module(units, seeded()).relu_after == {0, 1}


def test_an_unlisted_relu_stands_behind_the_batch_norm() -> None:
    conv = {"ifm": (1, 4, 1), "ofm": (1, 4, 1)}
    layers = (
        Layer(name="a", kind=LayerKind.CONV, **conv),
        Layer(name="b", kind=LayerKind.BN, **conv),
        Layer(name="c", kind=LayerKind.CONV, **conv),
    )
    assert unlisted_relus(Network(name="n", layers=layers), Activations.HIDDEN) == {1}
    assert unlisted_relus(Network(name="n", layers=layers), Activations.LISTED) == frozenset()


def test_without_listed_or_hidden_relus_a_list_is_an_affine_map() -> None:
    """With listed activations a list without RELU is an affine map: f(x + y) + f(0) = f(x) + f(y)."""
    network = load_network("plain:har:3x8-3x8")
    module = build_module(network, seeded(), Activations.LISTED, Initialisation.GLOROT).eval().double()
    x, y = torch.randn(2, 1, 9, 128, 1, generator=seeded(3), dtype=torch.float64)
    torch.testing.assert_close(module(x + y) + module(x * 0), module(x) + module(y))
    rectified = build_module(network, seeded(), Activations.HIDDEN, Initialisation.GLOROT).eval().double()
    assert not torch.allclose(rectified(x + y) + rectified(x * 0), rectified(x) + rectified(y))


def test_initial_weights_have_the_published_spread() -> None:
    network = load_network("mbconv:har:w=1.0:r=64:6.7.3.y-6.7.3.y-6.7.3.y")
    module = build_module(network, seeded(), initialisation=Initialisation.TINAS)
    depthwise = torch.cat([part.weight.flatten() for part in module.operators if getattr(part, "groups", 1) > 1])
    assert depthwise.std().item() == pytest.approx(1.0, rel=0.05)
    wide = [part for part in module.operators if isinstance(part, Convolution) and part.weight.shape[1] == 96]
    assert torch.cat([p.weight.flatten() for p in wide]).std().item() == pytest.approx(1 / 96, rel=0.1)
    shifts = [part.bias for part in module.operators if isinstance(part, torch.nn.BatchNorm2d)]
    assert all(torch.equal(shift, torch.full_like(shift, 1e-4)) for shift in shifts)
    classifier = module.operators[-1]
    assert classifier.weight.std().item() == pytest.approx(0.01, rel=0.25)
    assert not classifier.bias.any()
    for kind, bound in ((Initialisation.GLOROT, (6 / (9 * 3 + 10 * 3)) ** 0.5), (Initialisation.TORCH, 27**-0.5)):
        stem = build_module(network, seeded(), initialisation=kind).operators[0].weight
        assert 0.9 * bound < stem.abs().max().item() <= bound


def test_the_generator_alone_decides_the_weights() -> None:
    network = load_network("tinas-har-l25")
    before = torch.random.get_rng_state()
    first, again, other = (build_module(network, seeded(seed)).state_dict() for seed in (5, 5, 6))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_a_network_survives_its_state_dictionary() -> None:
    network = load_network("tinas-har-l25")
    module = randomised(build_module(network, seeded(1)))
    copy = build_module(network, seeded(2)).eval()
    copy.load_state_dict(module.state_dict())
    x = torch.randn(4, *network.input_shape)
    assert torch.equal(module(x), copy(x))


def test_data_of_another_shape_are_refused_naming_both() -> None:
    module = build_module(load_network("tinas-har-l25"), seeded())
    with pytest.raises(InputError, match=r"reads maps of 9 x 64 x 1, the data have 9 x 128 x 1"):
        module(torch.zeros(2, 9, 128, 1))


def test_fully_connected_weights_are_in_the_order_channel_height_width() -> None:
    layer = Layer(name="fc", kind=LayerKind.FC, ifm=(2, 3, 2), ofm=(1, 1, 1), kernel=(3, 2))
    module = build_module(Network(name="n", layers=(layer,)), seeded())
    part = module.operators[0]
    assert isinstance(part, FullyConnected)
    with torch.no_grad():
        part.weight.copy_(torch.arange(12.0)[None])
    x = torch.zeros(1, 2, 3, 2)
    x[0, 1, 2, 0] = 1.0
    assert module(x).item() == 1 * 6 + 2 * 2 + 0
