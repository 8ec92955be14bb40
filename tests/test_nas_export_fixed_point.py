"""16-bit fixed point: formats hold what they must, and a network runs in whole numbers as integer arithmetic says."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nas_networks import networks, padded
from nas_training import wave_network, waves
from numpy.typing import NDArray

from simint.errors import InputError
from simint.network.layer import LayerKind
from simint.network.network import Network

torch = pytest.importorskip("torch")

from nas.export.fixed_point import fraction_bits, to_fixed, to_float  # noqa: E402
from nas.export.integer_run import (  # noqa: E402
    fixed_accuracy_percent,
    fixed_logits,
    fixed_maps,
    q15_accuracy_percent,
)
from nas.export.quantise import FixedLayer, FixedNetwork, calibration_windows, quantise  # noqa: E402
from nas.export.report import compare  # noqa: E402
from nas.modules.kinds import Activations  # noqa: E402
from nas.modules.network_module import NetworkModule, build_module  # noqa: E402
from nas.train.evaluate import accuracy_percent  # noqa: E402
from nas.train.loop import train, weights_generator  # noqa: E402
from nas.train.settings import TrainSettings  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def trained() -> NetworkModule:
    module = build_module(wave_network(), weights_generator(0))
    train(module, waves(600, 1), waves(200, 2), TrainSettings(epochs=6, batch=32))
    return module.eval()


@given(st.floats(1e-12, 1e4))
def test_a_format_is_the_finest_that_holds_the_value(largest: float) -> None:
    bits = fraction_bits(largest)
    assert math.floor(Fraction(largest) * Fraction(2) ** bits + Fraction(1, 2)) <= 32767
    assert bits == 30 or math.floor(Fraction(largest) * Fraction(2) ** (bits + 1) + Fraction(1, 2)) > 32767


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20))
def test_rounding_errs_by_half_a_step_at_most(values: list[float]) -> None:
    numbers = np.array(values)
    bits = fraction_bits(float(np.abs(numbers).max()))
    error = np.abs(to_float(to_fixed(numbers, bits), bits) - numbers)
    assert (error <= math.ldexp(0.5, -bits)).all()


def test_familiar_formats() -> None:
    assert fraction_bits(0.99) == 15  # Q15 proper
    assert fraction_bits(1.0) == 14
    assert fraction_bits(3.9) == 13
    assert fraction_bits(0.0) == 30
    assert to_fixed(np.array([2.0, -2.0, 0.5]), 15).tolist() == [32767, -32768, 16384]


def reference_numbers(fixed: FixedNetwork, x: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Every map of one sample in exact rational arithmetic, rounded to the output's format and cut off at its range."""
    found, bits = [], []
    for position, (layer, sources) in enumerate(zip(fixed.network.layers, fixed.network.producers(), strict=True)):
        own = fixed.layers[position]
        inputs = [x if s < 0 else found[s] for s in sources]
        reads = [fixed.input_bits if s < 0 else bits[s] for s in sources]
        y = np.zeros(layer.ofm, dtype=np.int64)
        for place in np.ndindex(*layer.ofm):
            value = exact_value(fixed.network, position, own, inputs, reads, place)
            whole = math.floor(value * Fraction(2) ** own.output_bits + Fraction(1, 2))
            whole = min(32767, max(-32768, whole))
            y[place] = max(0, whole) if position in fixed.relu_after else whole
        found.append(y)
        bits.append(own.output_bits)
    return found


def exact_value(
    network: Network,
    position: int,
    own: FixedLayer,
    inputs: list[NDArray[np.int64]],
    bits: list[int],
    place: tuple[int, ...],
) -> Fraction:
    layer, (m, r, c) = network.layers[position], place
    x, unit = inputs[0], Fraction(1, 2) ** bits[0] if bits[0] >= 0 else Fraction(2) ** -bits[0]
    if layer.kind is LayerKind.ADD:
        return int(x[place]) * unit + int(inputs[1][place]) * Fraction(2) ** -bits[1]
    if layer.kind is LayerKind.RELU:
        return max(0, int(x[place])) * unit
    if layer.kind is LayerKind.GAVGPOOL:
        return Fraction(int(x[m].sum()), x[m].size) * unit
    row, column = r * layer.stride[0], c * layer.stride[1]
    window = padded(layer, x)[:, row : row + layer.kernel[0], column : column + layer.kernel[1]]
    if layer.kind is LayerKind.POOL:
        return Fraction(int(window[m].sum()), window[m].size) * unit
    assert own.weight is not None
    weight = own.weight.numbers.astype(np.int64)
    if layer.kind is LayerKind.BN:
        total = int(x[place]) * int(weight[m])
    elif layer.kind is LayerKind.FC:
        total = int((x.reshape(-1) * weight[m]).sum())
    else:
        groups = layer.ofm[0] if layer.kind is LayerKind.DW else layer.groups
        inside = layer.ifm[0] // groups
        first = m // (layer.ofm[0] // groups) * inside
        total = int((window[first : first + inside] * weight[m]).sum())
    value = total * unit * Fraction(2) ** -own.weight.bits
    return value if own.offset is None else value + int(own.offset.numbers[m]) * Fraction(2) ** -own.offset.bits


@settings(max_examples=40)
@given(network=networks(), gain=st.sampled_from([0.01, 1.0, 30.0]))
def test_whole_numbers_are_those_of_exact_arithmetic(network: Network, gain: float) -> None:
    module = build_module(network, weights_generator(0), Activations.HIDDEN).eval()
    generator = np.random.default_rng(3)
    x = (generator.normal(size=(6, *network.input_shape)) * gain).astype(np.float32)
    fixed = quantise(module, x[:4])  # the last two may leave the formats
    results = list(fixed_maps(fixed, x))
    for sample in (0, 5):
        expected = reference_numbers(fixed, to_fixed(x[sample], fixed.input_bits).astype(np.int64))
        for result in results:
            assert np.array_equal(result.numbers[sample].numpy(), expected[result.position])


def test_a_trained_network_answers_as_in_floating_point(trained: NetworkModule) -> None:
    split = waves(400, 5)
    floating = accuracy_percent(trained, split)
    assert floating > 90
    assert q15_accuracy_percent(trained, waves(600, 1), split) == pytest.approx(floating, abs=1.0)
    fixed = quantise(trained, calibration_windows(waves(600, 1).x))
    report, layers = compare(trained, fixed, split)
    assert report.float_accuracy_percent == floating
    assert report.q15_accuracy_percent == fixed_accuracy_percent(fixed, split)
    assert report.agreement_percent > 99
    assert all(layer.sum_bits <= 40 for layer in layers)
    with torch.no_grad():
        logits = trained(torch.from_numpy(split.x)).numpy()
    error = to_float(fixed_logits(fixed, split.x), fixed.layers[-1].output_bits) - logits
    assert np.abs(error).max() < 0.01 * np.abs(logits).max()


def test_batch_norm_becomes_a_factor_and_a_shift(trained: NetworkModule) -> None:
    fixed = quantise(trained, waves(100, 1).x)
    norm, own = trained.operators[1], fixed.layers[1]
    factor = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().numpy()
    np.testing.assert_allclose(to_float(own.weight.numbers, own.weight.bits), factor, atol=2.0**-own.weight.bits)
    shift = norm.bias.detach().numpy() - factor * norm.running_mean.numpy()
    np.testing.assert_allclose(to_float(own.offset.numbers, own.offset.bits), shift, atol=2.0**-own.offset.bits)
    assert len(fixed.layers) == len(trained.network.layers)


def test_a_relu_only_compares(trained: NetworkModule) -> None:
    """It keeps the format of its input, so a device needs no shift for it."""
    fixed = quantise(trained, waves(100, 1).x)
    relus = [k for k, layer in enumerate(trained.network.layers) if layer.kind is LayerKind.RELU]
    assert len(relus) == 3
    for position in relus:
        assert fixed.layers[position].output_bits == fixed.layers[position - 1].output_bits
        assert fixed.layers[position].weight is None


def test_calibration_changes_nothing_in_the_module(trained: NetworkModule) -> None:
    before = {key: value.clone() for key, value in trained.state_dict().items()}
    trained.train()
    quantise(trained, waves(50, 1).x)
    assert trained.training
    trained.eval()
    assert all(torch.equal(value, before[key]) for key, value in trained.state_dict().items())


def test_calibration_windows_are_spread_over_the_split() -> None:
    x = np.arange(2000, dtype=np.float32).reshape(2000, 1, 1, 1)
    chosen = calibration_windows(x, 5).reshape(-1)
    assert chosen.tolist() == [0, 500, 1000, 1499, 1999]
    assert np.array_equal(calibration_windows(x[:3]), x[:3])


def test_what_cannot_be_exported_says_why(trained: NetworkModule) -> None:
    with pytest.raises(InputError, match="needs training windows"):
        quantise(trained, waves(0, 1).x)
    broken = build_module(wave_network(), weights_generator(0)).eval()
    with torch.no_grad():
        broken.operators[0].weight[0, 0, 0, 0] = math.inf
    with pytest.raises(InputError, match=r"layer 'CONV_0' is (inf|nan): such a network cannot be exported"):
        quantise(broken, waves(20, 1).x)
    fixed = quantise(trained, waves(20, 1).x)
    with pytest.raises(InputError, match=r"reads maps of \(2, 16, 1\), the data have \(2, 8, 1\)"):
        fixed_logits(fixed, np.zeros((3, 2, 8, 1), dtype=np.float32))
