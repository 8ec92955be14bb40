"""The emulation in matrix products is the circuit, bit for bit; number generators are what their names promise."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sc_reference import Circuit, dot_product, state_machine

from nas.stochastic.config import Accumulator, Activation, Encoding, NumberGenerator, ScConfig, Sharing
from nas.stochastic.numbers import NumberTables, lfsr_cycle, number_tables, sequences
from simint.errors import InputError

torch = pytest.importorskip("torch")

import nas.stochastic.array as array_module  # noqa: E402
from nas.stochastic.array import stochastic_btanh, stochastic_products  # noqa: E402
from nas.stochastic.state_machine import btanh_states, fixed_point  # noqa: E402
from nas.stochastic.streams import coded  # noqa: E402

torch.set_num_threads(1)

ARRAYS = [
    (encoding, blocks, accumulator)
    for encoding, blocks, accumulator in itertools.product(Encoding, (1, 2, 3), Accumulator)
    if (blocks == 1 or encoding is Encoding.SIGN_MAGNITUDE)
    and not (encoding is Encoding.BIPOLAR and accumulator is Accumulator.OR)
]
CONFIGS = [
    ScConfig(length, encoding, blocks, generator, sharing, accumulator)
    for (encoding, blocks, accumulator), generator, sharing, length in itertools.product(
        ARRAYS, NumberGenerator, Sharing, (8, 32)
    )
]


def circuit(config: ScConfig, tables: NumberTables) -> Circuit:
    return Circuit(
        config.length,
        config.encoding,
        config.blocks,
        config.accumulator,
        tables.activations.tolist(),
        tables.weights.tolist(),
        tables.selections.tolist(),
    )


def operands(config: ScConfig, rows: int, inputs: int, outputs: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Numbers over the whole range, its ends and 0 among them."""
    lowest = 0.0 if config.encoding is Encoding.UNIPOLAR else -1.0
    generator = np.random.default_rng(seed)
    made = []
    for shape in ((rows, inputs), (outputs, inputs)):
        numbers = generator.uniform(lowest, 1.0, shape).astype(np.float32)
        made.append(torch.from_numpy(np.where(generator.random(shape) < 0.2, np.round(numbers), numbers)))
    return made[0], made[1]


def check(config: ScConfig, rows: int, inputs: int, outputs: int, seed: int) -> None:
    x, w = operands(config, rows, inputs, outputs, seed)
    tables = number_tables(config, inputs, seed)
    model = circuit(config, tables)
    found = stochastic_products(x, w, config, tables)
    wanted = [[dot_product(model, row, weights) for weights in w.tolist()] for row in x.tolist()]
    if config.accumulator is Accumulator.OR:  # the logarithm is the only step that rounds
        np.testing.assert_allclose(found.numpy(), wanted, rtol=2e-6, atol=2e-6)
    else:
        assert found.tolist() == wanted
    states = btanh_states(torch.ones(outputs), torch.linspace(0.5, inputs, outputs))
    bias = fixed_point(torch.linspace(-0.7, 0.9, outputs))
    streams = stochastic_btanh(x, w, config, tables, states, bias)
    assert streams.tolist() == [
        [
            state_machine(model, row, weights, int(count), added)
            for weights, count, added in zip(w.tolist(), states.tolist(), bias.tolist(), strict=True)
        ]
        for row in x.tolist()
    ]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.word)
def test_arrays_count_what_the_circuit_counts_in_every_cycle(config: ScConfig) -> None:
    check(config, rows=2, inputs=5, outputs=3, seed=7)


@settings(max_examples=30, deadline=None)
@given(
    config=st.sampled_from(CONFIGS),
    inputs=st.integers(1, 12),
    outputs=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_arrays_of_any_size_are_the_circuit(config: ScConfig, inputs: int, outputs: int, seed: int) -> None:
    check(config, rows=2, inputs=inputs, outputs=outputs, seed=seed)


@pytest.mark.parametrize("accumulator", Accumulator)
def test_little_memory_changes_no_bit(accumulator: Accumulator, monkeypatch: pytest.MonkeyPatch) -> None:
    config = ScConfig(16, blocks=2, accumulator=accumulator, generator=NumberGenerator.LFSR)
    x, w = operands(config, 9, 20, 7, 0)
    tables = number_tables(config, 20, 0)
    states, bias = torch.full((7,), 12.0), torch.zeros(7)
    whole = stochastic_products(x, w, config, tables), stochastic_btanh(x, w, config, tables, states, bias)
    monkeypatch.setattr(array_module, "ELEMENTS", 20 * 16 * 2)
    parts = stochastic_products(x, w, config, tables), stochastic_btanh(x, w, config, tables, states, bias)
    assert all(torch.equal(one, other) for one, other in zip(whole, parts, strict=True))


def test_signs_in_two_arrays_or_beside_the_streams_give_the_same_sums() -> None:
    """So the second array of split encoding buys nothing: the contraction rule that drops it loses no design."""
    for accumulator, generator, sharing in itertools.product(Accumulator, NumberGenerator, Sharing):
        split = ScConfig(32, Encoding.SPLIT, 1, generator, sharing, accumulator)
        signed = ScConfig(32, Encoding.SIGN_MAGNITUDE, 1, generator, sharing, accumulator)
        x, w = operands(split, 4, 10, 3, 1)
        sums = [stochastic_products(x, w, config, number_tables(config, 10, 3)) for config in (split, signed)]
        assert torch.equal(*sums)


def test_counters_of_blocks_add_up_to_one_counter() -> None:
    x, w = operands(ScConfig(16), 4, 10, 3, 1)
    sums = [
        stochastic_products(x, w, ScConfig(16, blocks=blocks), number_tables(ScConfig(16, blocks=blocks), 10, 3))
        for blocks in (1, 4)
    ]
    assert torch.equal(*sums)


@pytest.mark.parametrize("width", range(3, 11))
def test_shift_registers_pass_all_states_but_zero(width: int) -> None:
    for mirrored in (False, True):
        assert sorted(lfsr_cycle(width, mirrored).tolist()) == list(range(1, 2**width))
    assert not np.array_equal(lfsr_cycle(width), lfsr_cycle(width, mirrored=True))


@pytest.mark.parametrize("width", range(3, 11))
def test_low_discrepancy_sequences(width: int) -> None:
    """Sobol: every dimension takes each number once, and the first two one point in every box of equal area.

    Halton: the digits of a counter, in bases 2, 3, 5, .., mirrored at the point.
    """
    length = 2**width
    sobol = sequences(NumberGenerator.SOBOL, width, 20, 0)
    assert all(sorted(row) == list(range(length)) for row in sobol.tolist())
    for bits in range(width + 1):
        boxes = (sobol[0] >> bits) * 2**bits + (sobol[1] >> (width - bits))
        assert len(set(boxes.tolist())) == length
    for row, base in zip(sequences(NumberGenerator.HALTON, width, 5, 0), (2, 3, 5, 7, 11), strict=True):
        assert row.tolist() == [math.floor(mirrored_digits(index, base) * length) for index in range(length)]


def mirrored_digits(index: int, base: int) -> Fraction:
    return Fraction(0) if index == 0 else (index % base + mirrored_digits(index // base, base)) / base


def test_ideal_numbers_are_fixed_by_their_seed_alone() -> None:
    config = ScConfig(64, generator=NumberGenerator.IDEAL, sharing=Sharing.PER_OPERAND)
    once, again, other = (number_tables(config, 9, seed) for seed in (4, 4, 5))
    assert np.array_equal(once.weights, again.weights)
    assert not np.array_equal(once.weights, other.weights)
    assert abs(once.weights.mean() - 31.5) < 5 * 64 / np.sqrt(12 * 9 * 64)


def test_state_machines_are_tanh_for_long_streams() -> None:
    """Means over many seeds of independent bits, against the diffusion limit tanh(gain y)."""
    config = ScConfig(
        1024, Encoding.BIPOLAR, 1, NumberGenerator.IDEAL, Sharing.PER_OPERAND, activation=Activation.BTANH
    )
    inputs, ys = 12, torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    x, w = torch.ones(1, inputs) / 4, (ys / inputs * 4)[:, None].expand(5, inputs)
    variance = inputs - (x * x) @ (w * w).T
    states = btanh_states(torch.ones(5), variance[0])
    outputs = torch.cat(
        [stochastic_btanh(x, w, config, number_tables(config, inputs, s), states, torch.zeros(5)) for s in range(60)]
    )
    np.testing.assert_allclose(outputs.mean(0), torch.tanh(ys), atol=0.06)


def test_what_cannot_be_built_or_counted_is_refused() -> None:
    with pytest.raises(InputError, match="power of two from 8 to 1024, got 12"):
        ScConfig(12)
    with pytest.raises(InputError, match="a bipolar stream of 0 is half ones"):
        ScConfig(16, Encoding.BIPOLAR, accumulator=Accumulator.OR)
    with pytest.raises(InputError, match="only sign-magnitude arrays have blocks"):
        ScConfig(16, Encoding.SPLIT, blocks=2)
    with pytest.raises(InputError, match=r"unipolar streams hold numbers from 0 to 1, got -0\.5 to 1"):
        coded(torch.tensor([[-0.5, 1.0]]), ScConfig(16, Encoding.UNIPOLAR))
    config = ScConfig(1024)
    with pytest.raises(InputError, match="16384 inputs of 1024 cycles: counts are exact below 16777216"):
        stochastic_products(torch.zeros(1, 2**14), torch.zeros(1, 2**14), config, number_tables(config, 2**14, 0))
    with pytest.raises(InputError, match="3 to 10 bits, got 11"):
        lfsr_cycle(11)
