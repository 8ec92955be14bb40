"""The closed form of the noise against bit-exact emulation, and where it is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.stochastic.config import Accumulator, Activation, Encoding, NumberGenerator, ScConfig, Sharing
from nas.stochastic.numbers import number_tables
from simint.errors import InputError

torch = pytest.importorskip("torch")

from nas.stochastic.array import stochastic_products  # noqa: E402
from nas.stochastic.counting import counts  # noqa: E402
from nas.stochastic.noise import check_valid_for_networks, moments  # noqa: E402
from nas.stochastic.streams import coded, represented, signed_streams  # noqa: E402

torch.set_num_threads(1)

INDEPENDENT = ScConfig(128, Encoding.BIPOLAR, 1, NumberGenerator.IDEAL, Sharing.PER_OPERAND)


def with_(**changes: Any) -> ScConfig:
    return dataclasses.replace(INDEPENDENT, **changes)


def counted(x: torch.Tensor, w: torch.Tensor, config: ScConfig, seed: int) -> torch.Tensor:
    """Dot products, the share of ones for OR."""
    tables = number_tables(config, x.shape[1], seed)
    if config.accumulator is not Accumulator.OR:
        return stochastic_products(x, w, config, tables)
    x_streams = signed_streams(coded(x, config), tables.activations, config)
    w_streams = signed_streams(coded(w, config), tables.weights, config)
    return counts(x_streams, w_streams, config, tables.selections)[..., 0] / config.length


def rms_error(config: ScConfig, low: float, high: float, draws: int = 120) -> tuple[float, float]:
    """Of 64-input products of uniform operands: emulated, and predicted."""
    generator = torch.Generator().manual_seed(0)
    squares, variances = [], []
    for seed in range(draws):
        x, w = (torch.rand(5, 64, generator=generator) * (high - low) + low for _ in range(2))
        wanted = 1 - torch.exp(-(x @ w.T)) if config.accumulator is Accumulator.OR else x @ w.T
        squares.append(float(((counted(x, w, config, seed) - wanted) ** 2).mean()))
        variances.append(float(moments(x, w, config).variance.mean()))
    return float(np.sqrt(np.mean(squares))), float(np.sqrt(np.mean(variances)))


# Errors of a 64-input dot product measured elsewhere with other seeds and, for LFSR, other start states; operands
# uniform over -1 to 1 give them. Those of OR need a sum near 0.64: operands uniform over 0 to 0.2.
PUBLISHED = [
    (with_(), 0.673, 0.671, (-1.0, 1.0)),
    (with_(length=512), 0.327, 0.336, (-1.0, 1.0)),
    (with_(generator=NumberGenerator.LFSR), 0.514, 0.479, (-1.0, 1.0)),
    (with_(accumulator=Accumulator.MUX), 5.56, 5.68, (-1.0, 1.0)),
    (with_(accumulator=Accumulator.MUX, length=512), 2.75, 2.84, (-1.0, 1.0)),
    (with_(encoding=Encoding.UNIPOLAR, accumulator=Accumulator.OR), 0.046, 0.043, (0.0, 0.2)),
    (with_(encoding=Encoding.UNIPOLAR, accumulator=Accumulator.OR, length=512), 0.021, 0.022, (0.0, 0.2)),
]


@pytest.mark.parametrize(("config", "exact", "predicted", "operands"), PUBLISHED, ids=lambda value: str(value)[:60])
def test_errors_of_a_dot_product_are_the_published_ones(
    config: ScConfig, exact: float, predicted: float, operands: tuple[float, float]
) -> None:
    found = rms_error(config, *operands)
    assert found[0] == pytest.approx(exact, rel=0.08)
    assert found[1] == pytest.approx(predicted, rel=0.03)


@pytest.mark.parametrize(
    "config",
    [
        with_(encoding=Encoding.SIGN_MAGNITUDE),
        with_(encoding=Encoding.SPLIT),
        with_(encoding=Encoding.SIGN_MAGNITUDE, generator=NumberGenerator.LFSR),
        with_(encoding=Encoding.SIGN_MAGNITUDE, accumulator=Accumulator.MUX, blocks=4),
    ],
    ids=lambda config: config.word,
)
def test_errors_of_magnitudes_are_the_predicted_ones(config: ScConfig) -> None:
    exact, predicted = rms_error(config, -1.0, 1.0)
    # Shift registers are no random permutations of their numbers: sums err up to an eighth more.
    assert exact == pytest.approx(predicted, rel=0.2 if config.generator is NumberGenerator.LFSR else 0.08)


def test_counts_of_independent_bits_have_the_predicted_moments() -> None:
    """One product of three inputs, many draws: mean and variance within four standard errors."""
    x, w = torch.tensor([[0.5, -0.75, 0.25]]), torch.tensor([[0.5, 0.5, -1.0]])
    for encoding in (Encoding.BIPOLAR, Encoding.SIGN_MAGNITUDE):
        config = with_(length=16, encoding=encoding)
        drawn = np.array([float(counted(x, w, config, seed)) for seed in range(3000)])
        found = moments(x, w, config)
        variance = float(found.variance)
        assert abs(drawn.mean() - float(found.mean)) < 4 * np.sqrt(variance / len(drawn))
        assert abs(drawn.var() - variance) < 4 * variance * np.sqrt(2 / len(drawn))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), length=st.sampled_from([8, 64, 1024]), inputs=st.integers(1, 40))
def test_magnitudes_are_never_noisier_than_bipolar_streams_nor_counting_than_choosing(
    seed: int, length: int, inputs: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    x, w = (torch.rand(3, inputs, generator=generator) * 2 - 1 for _ in range(2))
    magnitudes = moments(x, w, with_(length=length, encoding=Encoding.SIGN_MAGNITUDE)).variance
    assert (magnitudes >= -1e-6).all()
    chosen = moments(x, w, with_(length=length, encoding=Encoding.SIGN_MAGNITUDE, accumulator=Accumulator.MUX)).variance
    assert (chosen >= magnitudes - 1e-4).all()
    grid = represented(x, with_(length=length)), represented(w, with_(length=length))  # held exactly by both codes
    bipolar = moments(*grid, with_(length=length)).variance
    assert (bipolar >= moments(*grid, with_(length=length, encoding=Encoding.SIGN_MAGNITUDE)).variance - 1e-5).all()


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (with_(sharing=Sharing.SHARED), "shared generators correlate the products"),
        (with_(generator=NumberGenerator.SOBOL), "sobol sequences are not random"),
        (with_(generator=NumberGenerator.HALTON), "halton sequences are not random"),
        (
            with_(generator=NumberGenerator.LFSR, accumulator=Accumulator.MUX),
            "mux accumulation has a formula for indep",
        ),
        (with_(encoding=Encoding.SPLIT, accumulator=Accumulator.OR), "an OR has a formula for unsigned numbers alone"),
    ],
)
def test_the_closed_form_is_refused_with_the_reason(config: ScConfig, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        moments(torch.zeros(1, 4), torch.zeros(1, 4), config)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (with_(accumulator=Accumulator.MUX), "for APC accumulation alone, not mux"),
        (with_(activation=Activation.BTANH), "Btanh state machine has no formula"),
        (with_(generator=NumberGenerator.LFSR), "errors that positions share"),
        (with_(sharing=Sharing.SHARED), "shared generators"),
    ],
)
def test_the_closed_form_of_networks_is_refused_with_the_reason(config: ScConfig, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check_valid_for_networks(config)


def test_shared_generators_break_the_closed_form() -> None:
    """The refusal is no formality: the same products with shared ideal numbers err by another amount."""
    shared = dataclasses.replace(INDEPENDENT, sharing=Sharing.SHARED, encoding=Encoding.UNIPOLAR)
    own = dataclasses.replace(shared, sharing=Sharing.PER_OPERAND)
    x, w = torch.full((1, 64), 0.5), torch.full((1, 64), 0.5)
    errors = {
        config.sharing: np.std([float(counted(x, w, config, seed)) for seed in range(200)]) for config in (shared, own)
    }
    predicted = float(moments(x, w, own).variance) ** 0.5
    assert errors[Sharing.PER_OPERAND] == pytest.approx(predicted, rel=0.2)
    assert errors[Sharing.SHARED] > 5 * predicted
