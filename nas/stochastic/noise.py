"""Closed form of a dot product in stochastic computing: its mean and variance, at a cost without stream length.

Products of independent streams; see `check_valid` for where it holds. Numbers are those that the thresholds represent.
Formulas: the moments of binomial and, for generators that pass every number once, of hypergeometric counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nas.stochastic.config import Accumulator, Activation, Encoding, NumberGenerator, ScConfig, Sharing
from nas.stochastic.streams import represented
from simint.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Mean and variance (rows, outputs) of what an array counts, in the unit of the dot product.

    For OR it is the share of ones, before it is read as a sum.
    """

    mean: Tensor
    variance: Tensor


def check_valid(config: ScConfig) -> None:
    """Raises InputError, with the reason, for hardware whose streams are not independent or have no formula."""
    if config.sharing is Sharing.SHARED:
        raise InputError(
            "closed-form noise: shared generators correlate the products of a sum, errors are up to 7 times those "
            "predicted; emulate bit by bit, or use one generator per operand"
        )
    if config.generator not in (NumberGenerator.IDEAL, NumberGenerator.LFSR):
        raise InputError(
            f"closed-form noise: {config.generator} sequences are not random, products have no variance in closed "
            "form; emulate bit by bit, or use generators ideal or lfsr"
        )
    if config.accumulator is not Accumulator.APC and config.generator is not NumberGenerator.IDEAL:
        raise InputError(
            f"closed-form noise: {config.accumulator} accumulation has a formula for independent bits alone, not for "
            f"{config.generator}; emulate bit by bit"
        )
    if config.accumulator is Accumulator.OR and (config.encoding is not Encoding.UNIPOLAR or config.blocks > 1):
        raise InputError("closed-form noise: an OR has a formula for unsigned numbers alone; emulate bit by bit")


def check_valid_for_networks(config: ScConfig) -> None:
    """As `check_valid`, and InputError for all but APC with ReLU: the others also shift means, or are not linear."""
    if config.accumulator is not Accumulator.APC:
        raise InputError(
            f"closed-form noise: a network is predicted for APC accumulation alone, not {config.accumulator}; emulate "
            "bit by bit"
        )
    if config.activation is Activation.BTANH:
        raise InputError("closed-form noise: the Btanh state machine has no formula here; emulate bit by bit")
    if config.encoding is Encoding.BIPOLAR and config.generator is NumberGenerator.LFSR:
        raise InputError(
            "closed-form noise: bipolar streams of shift registers that restart for every output position make errors "
            "that positions share, accuracy is up to 18 points from what is predicted; emulate bit by bit"
        )
    check_valid(config)


def moments(x: Tensor, w: Tensor, config: ScConfig) -> Moments:
    """Of x (rows, inputs) times w (outputs, inputs); InputError where the closed form does not hold.

    With N inputs, L cycles, y = x.w and sums over inputs. APC of independent bits: bipolar (N - sum x^2 w^2) / L, of
    magnitudes (sum |x w| - sum x^2 w^2) / L; of full-period shift registers sum (1 - x^2)(1 - w^2) / (L - 1) and
    sum |x| (1 - |x|) |w| (1 - |w|) / (L - 1). MUX of blocks of n inputs: bipolar (n^2 - y^2) / L each, of magnitudes
    (n sum |x w| - y^2) / L. OR: mean p = 1 - exp(-y), variance p (1 - p) / L.
    """
    check_valid(config)
    x, w = represented(x, config), represented(w, config)
    mean = x @ w.T
    if config.accumulator is Accumulator.OR:
        share = 1 - torch.exp(-mean)
        return Moments(share, share * (1 - share) / config.length)
    if config.accumulator is Accumulator.MUX:
        return Moments(mean, _of_multiplexers(x, w, config) / config.length)
    bipolar = config.encoding is Encoding.BIPOLAR
    if config.generator is NumberGenerator.LFSR:
        factors = [1 - z * z if bipolar else z.abs() * (1 - z.abs()) for z in (x, w)]
        return Moments(mean, factors[0] @ factors[1].T / (config.length - 1))
    ceiling = x.shape[1] if bipolar else x.abs() @ w.abs().T
    return Moments(mean, (ceiling - (x * x) @ (w * w).T) / config.length)


def _of_multiplexers(x: Tensor, w: Tensor, config: ScConfig) -> Tensor:
    """The variance of a cycle, summed over blocks."""
    total = x.new_zeros(len(x), len(w))
    for x_block, w_block in zip(*(torch.tensor_split(z, config.blocks, 1) for z in (x, w)), strict=True):
        inputs, y = x_block.shape[1], x_block @ w_block.T
        ceiling = inputs if config.encoding is Encoding.BIPOLAR else x_block.abs() @ w_block.abs().T
        total += inputs * ceiling - y * y
    return total
