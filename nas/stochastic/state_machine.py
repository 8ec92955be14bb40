"""Btanh: a saturating counter that follows the accumulators and emits a bipolar stream.

K. Kim, J. Kim, J. Yu, J. Seo, J. Lee, K. Choi, "Dynamic Energy-Accuracy Trade-off Using Stochastic Computing in Deep
Neural Networks", DAC 2016, doi:10.1145/2897937.2898011.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nas.stochastic.counting import EXACT
from simint.errors import InputError

BIAS_STEPS = 256  # a bias is added every cycle, to 8 binary places
MOST_STATES = 2**15  # counters of 15 bits: with the places of the bias still exact in float32


def btanh_states(gain: Tensor, variance: Tensor) -> Tensor:
    """The even number of states that makes the counter's output tanh(gain * increment) for a mean increment.

    A saturating walk with mean m and variance v of its steps has a density proportional to exp(2 m s / v) over its
    states s; with r of them the upper half has the probability 1 / (1 + exp(-m r / v)), a bipolar value of
    tanh(m r / 2 v). For N bipolar products near 0, v is N and r is 2 N at gain 1.
    """
    return (2 * (gain * variance).round()).clamp(2, MOST_STATES)


def fixed_point(bias: Tensor) -> Tensor:
    """A bias as the counter adds it."""
    return (bias * BIAS_STEPS).round() / BIAS_STEPS


def btanh(steps: Tensor, states: Tensor, bias: Tensor) -> Tensor:
    """(rows, outputs) bipolar values of the output streams, from increments of shape (length, rows, outputs).

    `states` and `bias`, in fixed point, are (outputs,). A counter starts in the first state of the upper half, adds an
    increment and the bias, stays between 0 and its last state, and emits 1 in the upper half.
    """
    largest = max(abs(float(end)) for end in steps.aminmax()) + float(bias.abs().max()) if steps.numel() else 0.0
    if largest + MOST_STATES >= EXACT / BIAS_STEPS:
        raise InputError("Btanh: increments or biases are too large for an exact counter")
    last, half = states - 1, states / 2
    state = half.expand(steps.shape[1:]).clone()
    ones = torch.zeros_like(state)
    for step in steps:
        state.add_(step).add_(bias)
        torch.minimum(state.clamp_(min=0), last, out=state)
        ones += state >= half
    return ones * (2 / len(steps)) - 1
