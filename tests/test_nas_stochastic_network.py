"""Whole networks on stochastic hardware: what they compute without noise, with it, and what is refused."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from sc_reference import Circuit, dot_product

from nas.stochastic.config import Accumulator, Activation, Encoding, NumberGenerator, ScConfig, Sharing
from simint.errors import InputError
from simint.network.builder import LayerBuilder
from simint.network.layer import Layer, LayerKind
from simint.network.network import Network

torch = pytest.importorskip("torch")

from nas.data import load_data  # noqa: E402
from nas.modules.kinds import Initialisation  # noqa: E402
from nas.modules.network_module import NetworkModule, build_module  # noqa: E402
from nas.stochastic.accuracy import exact_accuracy_percent, predicted_accuracy_percent  # noqa: E402
from nas.stochastic.folding import Pooled, Weighted, folded, maps_of, rows_of  # noqa: E402
from nas.stochastic.network import ScLayer, exact_rows, stochastic_network, with_tanh  # noqa: E402
from nas.stochastic.tuning import TuneSettings, tuned  # noqa: E402
from nas.train.loop import train  # noqa: E402
from nas.train.settings import Optimiser, TrainSettings  # noqa: E402
from simint.network.catalogue import load_network  # noqa: E402

torch.set_num_threads(1)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def chain(flat: bool = False, channels: int = 4) -> Network:
    """Convolutions with batch norm and ReLU, one padded and strided, a pool, a classifier with bias."""
    builder = LayerBuilder((2, 9, 1 if flat else 8))
    x = builder.relu(builder.batch_norm(builder.conv(builder.input, channels, (3, 1 if flat else 3), pad=(1, 0, 0, 0))))
    x = builder.relu(builder.batch_norm(builder.conv(x, 5, (2, 1 if flat else 2), (2, 1))))
    pool = Layer(
        name="pool",
        kind=LayerKind.POOL,
        ifm=x.shape,
        ofm=(5, x.shape[1] // 2, x.shape[2]),
        kernel=(2, 1),
        stride=(2, 1),
    )
    builder.layers.append(pool)
    builder.fully_connected(x._replace(producer="pool", shape=pool.ofm), 3, bias=True)
    return Network(name="chain", layers=tuple(builder.layers))


def randomised(network: Network) -> NetworkModule:
    """A module in evaluation mode whose statistics, scales and biases matter."""
    module = build_module(network, seeded(), None, Initialisation.TORCH)
    generator = seeded(1)
    with torch.no_grad():
        for part in module.operators:
            if isinstance(part, torch.nn.BatchNorm2d):
                part.running_mean.normal_(generator=generator)
                part.running_var.uniform_(0.5, 2, generator=generator)
                part.weight.normal_(generator=generator)
                part.bias.normal_(generator=generator)
    return module.eval()


def without_streams(module: NetworkModule, x: torch.Tensor) -> torch.Tensor:
    """The folded steps in floating point."""
    for step in folded(module):
        if isinstance(step, Pooled):
            x = step.operator(x)
            continue
        sums = rows_of(x, step.layer) @ step.weight.T + step.bias
        x = maps_of(torch.relu(sums) if step.activated else sums, step.layer)
    return x.flatten(1)


@pytest.mark.parametrize("flat", [False, True])
def test_folding_batch_norms_changes_nothing(flat: bool) -> None:
    module = randomised(chain(flat))
    x = torch.randn(6, *module.network.input_shape, generator=seeded(2))
    assert sum(isinstance(step, Weighted) for step in folded(module)) == 3
    torch.testing.assert_close(without_streams(module, x), module(x).detach(), rtol=1e-5, atol=1e-5)


def test_lists_without_relu_layers_fold_too() -> None:
    module = randomised(load_network("plain:har:3x8-5x8"))
    x = torch.randn(3, 9, 128, 1, generator=seeded(2))
    torch.testing.assert_close(without_streams(module, x), module(x).detach(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("encoding", [Encoding.SIGN_MAGNITUDE, Encoding.BIPOLAR])
def test_longer_streams_come_nearer_to_floating_point(encoding: Encoding) -> None:
    module = randomised(chain())
    x = torch.randn(40, *module.network.input_shape, generator=seeded(2))
    exact = module(x).detach()
    errors = [
        float((stochastic_network(module, ScConfig(length, encoding), x).exact(x) - exact).square().mean().sqrt())
        for length in (8, 64, 512)
    ]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    assert errors[2] < 0.05 * float(exact.std())


@pytest.mark.parametrize(
    ("encoding", "accumulator"),
    list(itertools.product((Encoding.BIPOLAR, Encoding.SIGN_MAGNITUDE), (Accumulator.APC, Accumulator.MUX))),
)
def test_a_layer_of_a_network_is_the_circuit_with_its_scales(encoding: Encoding, accumulator: Accumulator) -> None:
    """One output position after another, by the independent model of the circuit."""
    config = ScConfig(16, encoding, 1, NumberGenerator.LFSR, Sharing.PER_OPERAND, accumulator)
    module = randomised(chain(channels=2))
    x = torch.randn(2, *module.network.input_shape, generator=seeded(2))
    layer = stochastic_network(module, config, x).steps[0]
    assert isinstance(layer, ScLayer)
    tables = layer.tables
    circuit = Circuit(
        16,
        encoding,
        1,
        accumulator,
        tables.activations.tolist(),
        tables.weights.tolist(),
        tables.selections.tolist(),
    )
    sums = np.array(
        [[dot_product(circuit, row, weights) for weights in layer.weight.tolist()] for row in layer.inputs(x).tolist()]
    )
    wanted = np.maximum(sums * layer.scale.numpy() + layer.source.bias.numpy(), 0)
    np.testing.assert_allclose(exact_rows(layer, x).numpy(), wanted, rtol=1e-5, atol=1e-5)


def test_btanh_networks_follow_their_tanh_networks() -> None:
    module = with_tanh(randomised(chain()))
    x = torch.randn(30, *module.network.input_shape, generator=seeded(2))
    config = ScConfig(
        512, Encoding.SIGN_MAGNITUDE, 1, NumberGenerator.IDEAL, Sharing.PER_OPERAND, activation=Activation.BTANH
    )
    found = torch.stack([stochastic_network(module, config, x, 10 * seed).exact(x) for seed in range(4)]).mean(0)
    exact = module(x).detach()
    assert float(np.corrcoef(found.flatten(), exact.flatten())[0, 1]) > 0.9


def test_accuracy_bit_for_bit_and_by_the_closed_form_agree() -> None:
    """Within 2.3 points for 16 to 256 cycles of magnitudes in parallel counters, means over seeds; 1 for chance."""
    data = load_data("digits")
    builder = LayerBuilder(data.input_shape)
    x = builder.relu(builder.batch_norm(builder.conv(builder.input, 8, (3, 3), (2, 2), (1, 1, 1, 1))))
    builder.fully_connected(x, 10, bias=True)
    module = build_module(Network(name="small", layers=tuple(builder.layers)), seeded(), None, Initialisation.TORCH)
    settings = TrainSettings(epochs=6, learning_rate=0.01, optimiser=Optimiser.ADAM, weight_decay=0.0)
    result = train(module, data.train, data.validation, settings)
    calibration = torch.from_numpy(data.train.x[:256])
    for length in (16, 64, 256):
        config = ScConfig(length, Encoding.SIGN_MAGNITUDE, 1, NumberGenerator.LFSR, Sharing.PER_OPERAND)
        exact, predicted = [], []
        for seed in range(8):
            network = stochastic_network(module.eval(), config, calibration, 100 * seed)
            exact.append(exact_accuracy_percent(network, data.validation))
            predicted.append(predicted_accuracy_percent(network, data.validation, seed))
        assert np.mean(exact) == pytest.approx(np.mean(predicted), abs=3.3)
        assert np.mean(exact) < result.validation_accuracy_percent + 2
    shared = dataclasses.replace(config, sharing=Sharing.SHARED)
    with pytest.raises(InputError, match="shared generators"):
        predicted_accuracy_percent(stochastic_network(module, shared, calibration), data.validation, 0)
    assert exact_accuracy_percent(stochastic_network(module, shared, calibration), data.validation) > 80


def test_tuning_keeps_the_hardware_and_never_makes_it_worse() -> None:
    data = load_data("digits")
    builder = LayerBuilder(data.input_shape)
    x = builder.relu(builder.batch_norm(builder.conv(builder.input, 4, (3, 3), (2, 2), (1, 1, 1, 1))))
    builder.fully_connected(x, 10, bias=True)
    module = build_module(Network(name="small", layers=tuple(builder.layers)), seeded(), None, Initialisation.TORCH)
    train(module, data.train, data.validation, TrainSettings(epochs=4, learning_rate=0.01, optimiser=Optimiser.ADAM))
    calibration = torch.from_numpy(data.train.x[:256])
    network = stochastic_network(module.eval(), ScConfig(8), calibration)
    before = exact_accuracy_percent(network, data.validation)
    untouched, same = tuned(network, data.train, data.validation, TuneSettings(0))
    assert untouched is network
    assert same == before
    after, accuracy = tuned(network, data.train, data.validation, TuneSettings(3))
    assert accuracy == exact_accuracy_percent(after, data.validation)
    assert accuracy > before  # 8 cycles leave much to learn
    for old, new in zip(network.steps, after.steps, strict=True):
        assert isinstance(old, ScLayer)
        assert isinstance(new, ScLayer)
        assert new.tables is old.tables
        assert new.input_scale == old.input_scale
        assert float(new.weight.abs().max()) <= 1
        torch.testing.assert_close(new.weight * new.scale[:, None] / new.input_scale, new.source.weight)


def test_calibration_alone_sets_scales_and_states() -> None:
    """The same hardware whatever it is asked, and the same answers whatever stands beside a sample."""
    module = with_tanh(randomised(chain()))
    x = torch.randn(20, *module.network.input_shape, generator=seeded(2))
    network = stochastic_network(module, ScConfig(16, activation=Activation.BTANH), x)
    together = network.exact(x)
    assert torch.equal(together, torch.cat([network.exact(part) for part in x.split(7)]))


def test_what_the_hardware_cannot_be_is_refused() -> None:
    x = torch.randn(4, 2, 9, 8, generator=seeded())
    module = randomised(chain())
    with pytest.raises(InputError, match="weights of both signs"):
        stochastic_network(module, ScConfig(16, Encoding.UNIPOLAR), x)
    with pytest.raises(InputError, match="was trained with ReLU, not for btanh"):
        stochastic_network(module, ScConfig(16, activation=Activation.BTANH), x)
    with pytest.raises(InputError, match="was trained with tanh, not for relu"):
        stochastic_network(with_tanh(randomised(chain())), ScConfig(16), x)
    with pytest.raises(InputError, match="must be layers of its list to become tanh"):
        with_tanh(randomised(load_network("plain:har:3x8-5x8")))
    builder = LayerBuilder((2, 9, 8))
    first = builder.conv(builder.input, 2)
    builder.fully_connected(builder.add(builder.conv(first, 2), first), 3)
    shortcut = randomised(Network(name="shortcut", layers=tuple(builder.layers)))
    with pytest.raises(InputError, match="'shortcut', layer 'ADD_2': stochastic hardware here is a chain"):
        stochastic_network(shortcut, ScConfig(16), x)
