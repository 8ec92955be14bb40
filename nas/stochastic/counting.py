"""What the accumulators of an array count, bit for bit, as matrix products.

`x` (rows, length, inputs) and `w` (outputs, length, inputs) are signed streams: the product of a cycle is -1, 0 or 1,
a count is a sum of these. Sums are exact in float32 as long as inputs * length stays below 2^24. Inputs come last so
that both the product over all cycles and that of every cycle read streams as they lie.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nas.stochastic.config import Accumulator, ScConfig
from nas.stochastic.numbers import Ints, input_blocks
from simint.errors import InputError

EXACT = 2**24  # whole numbers below are exact in float32


def check_exact(inputs: int, length: int) -> None:
    """Raises InputError where a count could exceed what float32 holds exactly."""
    if inputs * length >= EXACT:
        raise InputError(
            f"{inputs} inputs of {length} cycles: counts are exact below {EXACT} products, shorten the streams"
        )


def counts(x: Tensor, w: Tensor, config: ScConfig, selections: Ints) -> Tensor:
    """(rows, outputs, counters) at the end of the stream, whole numbers.

    APC: one signed count. MUX: the signed count of every block. OR: for every block the cycles with a positive product,
    then for every block those with a negative one.
    """
    rows, length, inputs = x.shape
    check_exact(inputs, length)
    match config.accumulator:
        case Accumulator.APC:
            return (x.reshape(rows, -1) @ w.reshape(len(w), -1).T).unsqueeze(2)
        case Accumulator.MUX:
            return torch.bmm(_selected(x, selections), _selected(w, selections).transpose(1, 2)).permute(1, 2, 0)
        case Accumulator.OR:
            both = [
                _any_product(*(z[..., block[0] : block[-1] + 1] for z in (x, w)))
                for block in input_blocks(config, inputs)
            ]
            signs = [[pair[sign].sum(0, dtype=torch.float32) for pair in both] for sign in (0, 1)]
            return torch.stack([*signs[0], *signs[1]], dim=2)


def increments(x: Tensor, w: Tensor, config: ScConfig, selections: Ints) -> Tensor:
    """(length, rows, outputs) what a state machine behind the accumulators is given in each cycle, whole numbers.

    The sum of the products by APC, of the selected ones of all blocks by MUX; blocks with a positive product less those
    with a negative one by OR.
    """
    length, inputs = x.shape[1:]
    check_exact(inputs, length)
    match config.accumulator:
        case Accumulator.APC:
            return torch.bmm(x.transpose(0, 1), w.permute(1, 2, 0))
        case Accumulator.MUX:
            return torch.bmm(_selected(x, selections).permute(2, 1, 0), _selected(w, selections).permute(2, 0, 1))
        case Accumulator.OR:
            both = [
                _any_product(*(z[..., block[0] : block[-1] + 1] for z in (x, w)))
                for block in input_blocks(config, inputs)
            ]
            return torch.stack([positive.float() - negative.float() for positive, negative in both]).sum(0)


def dot_products(counted: Tensor, config: ScConfig, inputs: int) -> Tensor:
    """(rows, outputs) sums of products that counts of `counts` stand for.

    APC: count / L. MUX: the count of a block stands for as many as the block has inputs. OR: the share p of ones of a
    block is read as the sum -ln(1 - p), by its mean 1 - exp(-sum); a stream of ones as if half of one cycle were 0.
    """
    match config.accumulator:
        case Accumulator.APC:
            return counted[..., 0] / config.length
        case Accumulator.MUX:
            sizes = counted.new_tensor([len(block) for block in input_blocks(config, inputs)])
            return (counted * sizes).sum(2) / config.length
        case Accumulator.OR:
            sums = -torch.log1p(-counted.clamp(max=config.length - 0.5) / config.length)
            positive, negative = sums.chunk(2, dim=2)
            return (positive - negative).sum(2)


def _selected(streams: Tensor, selections: Ints) -> Tensor:
    """(blocks, rows, length) the bits that the multiplexers pass."""
    chosen = torch.from_numpy(selections).to(streams.device)
    cycles = torch.arange(streams.shape[1], device=streams.device)
    return streams[:, cycles, chosen].transpose(0, 1)


def _any_product(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """(length, rows, outputs) whether any product of a cycle is 1, whether any is -1."""
    x, w = x.transpose(0, 1), w.permute(1, 2, 0)
    signed, all_ones = torch.bmm(x, w), torch.bmm(x.abs(), w.abs())
    return all_ones + signed > 0.5, all_ones - signed > 0.5
