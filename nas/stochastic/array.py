"""An array of stochastic multipliers and accumulators, emulated bit for bit within bounded memory."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nas.stochastic.config import Accumulator, Activation, ScConfig
from nas.stochastic.counting import check_exact, counts, dot_products, increments
from nas.stochastic.numbers import NumberTables
from nas.stochastic.state_machine import btanh
from nas.stochastic.streams import Coded, coded, signed_streams

ELEMENTS = 2**23  # of float32 in the largest tensors


def stochastic_products(x: Tensor, w: Tensor, config: ScConfig, tables: NumberTables) -> Tensor:
    """(rows, outputs) what the array makes of x (rows, inputs) times w (outputs, inputs), before any activation.

    Raises InputError for numbers outside of the encoding's range and for more products than are counted exactly.
    """
    inputs = x.shape[1]

    def finish(x_streams: Tensor, w_streams: Tensor, outputs: slice) -> Tensor:
        return dot_products(counts(x_streams, w_streams, config, tables.selections), config, inputs)

    return _in_parts(x, w, config, tables, config.accumulator is Accumulator.OR, finish)


def stochastic_btanh(
    x: Tensor, w: Tensor, config: ScConfig, tables: NumberTables, states: Tensor, bias: Tensor
) -> Tensor:
    """(rows, outputs) bipolar outputs of the state machines behind the array; see `btanh` for `states` and `bias`."""

    def finish(x_streams: Tensor, w_streams: Tensor, outputs: slice) -> Tensor:
        steps = increments(x_streams, w_streams, config, tables.selections)
        return btanh(steps, states[outputs], bias[outputs])

    return _in_parts(x, w, config, tables, True, finish)


def increment_variance(x: Tensor, w: Tensor, config: ScConfig, tables: NumberTables) -> Tensor:
    """(outputs,) variance over time of the increments of the state machines, the mean over rows."""

    def finish(x_streams: Tensor, w_streams: Tensor, outputs: slice) -> Tensor:
        return increments(x_streams, w_streams, config, tables.selections).var(0, correction=0)

    return _in_parts(x, w, config, tables, True, finish).mean(0)


def uses_state_machine(config: ScConfig, last: bool) -> bool:
    """Whether a layer ends in state machines: Btanh does, but for the last layer, whose sums are the answer."""
    return config.activation is Activation.BTANH and not last


@torch.no_grad()
def _in_parts(
    x: Tensor,
    w: Tensor,
    config: ScConfig,
    tables: NumberTables,
    by_cycle: bool,
    finish: Callable[[Tensor, Tensor, slice], Tensor],
) -> Tensor:
    """`finish` for parts of outputs and rows, put together; `by_cycle`: it keeps every cycle of an output."""
    inputs, outputs, length = x.shape[1], len(w), config.length
    check_exact(inputs, length)
    width = max(1, min(outputs, ELEMENTS // (inputs * length)))
    of_row = length * (max(inputs, width) if by_cycle else inputs)
    height = max(1, ELEMENTS // of_row)
    x_code, w_code = coded(x, config), coded(w, config)
    result = torch.empty((len(x), outputs), device=x.device)
    for left in range(0, outputs, width):
        part = slice(left, min(left + width, outputs))
        w_streams = signed_streams(_rows(w_code, part), tables.weights, config)
        for top in range(0, len(x), height):
            rows = slice(top, min(top + height, len(x)))
            x_streams = signed_streams(_rows(x_code, rows), tables.activations, config)
            result[rows, part] = finish(x_streams, w_streams, part)
    return result


def _rows(code: Coded, rows: slice) -> Coded:
    return Coded(code.thresholds[rows], None if code.signs is None else code.signs[rows])
