"""Noise of dot products in stochastic computing, emulated bit for bit beside its closed form, as tables in Markdown.

Run `python docs/nas/sc_noise.py`. 64 inputs; errors are root mean squares against the exact dot product (for OR against
the closed form of its mean) over all products of 5 by 5 vectors in each of 400 draws of operands and generators.
Operands are uniform over -1 to 1 where products are signed; with OR over 0 to 0.2, where a sum of 64 products is 0.64.

Shift registers with 512 cycles were reported with 0.205; here it is 0.25. That figure is of one draw: those of 20 by 20
vectors with one set of starts scatter from 0.18 to 0.40 (middle half: 0.21 to 0.27), and 0.514 with 128 cycles, above
its closed form where 0.205 lies below, scatters as much. No choice of polynomials explains it: the third table has the
error over all starts and operands, exactly, for every pair of polynomials of maximal length. It hardly differs between
pairs, nor with the bits of one register mirrored, and lies 5 to 8 % above the closed form, since successive states are
not independent. Permutations drawn at random agree with the closed form.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas.stochastic.array import stochastic_products
from nas.stochastic.config import Accumulator, Encoding, NumberGenerator, ScConfig, Sharing
from nas.stochastic.counting import counts
from nas.stochastic.noise import moments
from nas.stochastic.numbers import Ints, number_tables
from nas.stochastic.streams import coded, signed_streams

INPUTS, ROWS, DRAWS = 64, 5, 400
OR_LARGEST = 0.2


@dataclass(frozen=True)
class Case:
    """A row of the first table; `expected` are exact and predicted errors known before, by stream length."""

    name: str
    encoding: Encoding
    generator: NumberGenerator
    accumulator: Accumulator
    expected: dict[int, tuple[float, float]]


CASES = (
    Case(
        "bipolar, APC, independent bits",
        Encoding.BIPOLAR,
        NumberGenerator.IDEAL,
        Accumulator.APC,
        {128: (0.673, 0.671), 512: (0.327, 0.336)},
    ),
    Case(
        "bipolar, APC, LFSR",
        Encoding.BIPOLAR,
        NumberGenerator.LFSR,
        Accumulator.APC,
        {128: (0.514, 0.479), 512: (0.205, 0.239)},
    ),
    Case(
        "bipolar, MUX, independent bits",
        Encoding.BIPOLAR,
        NumberGenerator.IDEAL,
        Accumulator.MUX,
        {128: (5.56, 5.68), 512: (2.75, 2.84)},
    ),
    Case(
        "unipolar, OR, independent bits",
        Encoding.UNIPOLAR,
        NumberGenerator.IDEAL,
        Accumulator.OR,
        {128: (0.046, 0.043), 512: (0.021, 0.022)},
    ),
)


def main() -> int:
    """Print the tables."""
    torch.set_num_threads(1)
    print("| dot product | L | exact | closed form | known before: exact | closed form |")
    print("| --- | --- | --- | --- | --- | --- |")
    for case in CASES:
        for length, known in case.expected.items():
            config = ScConfig(length, case.encoding, 1, case.generator, Sharing.PER_OPERAND, case.accumulator)
            exact, predicted = errors(config)
            print(f"| {case.name} | {length} | {exact:.3g} | {predicted:.3g} | {known[0]} | {known[1]} |")
    print("\nSign-magnitude, APC, x from 0 to 1 and w from -1 to 1:\n")
    pairs = [(generator, sharing) for generator in NumberGenerator for sharing in Sharing]
    print("| L | " + " | ".join(f"{generator}, {sharing}" for generator, sharing in pairs) + " |")
    print("| --- |" + " --- |" * len(pairs))
    for length in (8, 16, 32, 64, 128, 256):
        found = [exact_error(ScConfig(length, generator=generator, sharing=sharing)) for generator, sharing in pairs]
        print(f"| {length} | " + " | ".join(f"{error:.3g}" for error in found) + " |")
    print("\nBipolar, APC, LFSR over all starts and operands, every pair of polynomials of maximal length:\n")
    print("| L | pairs | least | largest | one register's bits mirrored: least | largest | random order |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for width in (7, 9):
        powers, mirrored = ([_power(cycle) for cycle in _cycles(width, bits)] for bits in (False, True))
        natural = [_over_starts(x, w) for x, w in itertools.permutations(powers, 2)]
        crossed = [_over_starts(x, w) for x, w in itertools.product(powers, mirrored)]
        draw = np.random.default_rng(0)
        orders = [_power(draw.permutation((1 << width) - 1) + 1) for _ in range(2)]
        ends = " | ".join(f"{end:.3f}" for found in (natural, crossed) for end in (min(found), max(found)))
        print(f"| {1 << width} | {len(natural)} | {ends} | {_over_starts(*orders):.3f} |")
    return 0


def errors(config: ScConfig) -> tuple[float, float]:
    """Exact and predicted root mean square error of a case of the first table."""
    generator = torch.Generator().manual_seed(0)
    low, high = (0.0, OR_LARGEST) if config.accumulator is Accumulator.OR else (-1.0, 1.0)
    squares, variances = [], []
    for seed in range(DRAWS):
        x, w = (torch.rand(ROWS, INPUTS, generator=generator) * (high - low) + low for _ in range(2))
        wanted = 1 - torch.exp(-(x @ w.T)) if config.accumulator is Accumulator.OR else x @ w.T
        squares.append(float(((_counted(x, w, config, seed) - wanted) ** 2).mean()))
        variances.append(float(moments(x, w, config).variance.mean()))
    return math.sqrt(sum(squares) / DRAWS), math.sqrt(sum(variances) / DRAWS)


def exact_error(config: ScConfig) -> float:
    """Root mean square error of sign-magnitude products as layers behind a ReLU have them."""
    generator = torch.Generator().manual_seed(0)
    squares = []
    for seed in range(DRAWS):
        x = torch.rand(ROWS, INPUTS, generator=generator)
        w = torch.rand(ROWS, INPUTS, generator=generator) * 2 - 1
        squares.append(float(((_counted(x, w, config, seed) - x @ w.T) ** 2).mean()))
    return math.sqrt(sum(squares) / DRAWS)


def _cycles(width: int, mirrored_bits: bool) -> list[Ints]:
    """States of all shift registers of maximal length (sets of taps of even size, primitive polynomials)."""
    found = []
    for size in range(1, width, 2):
        for taps in itertools.combinations(range(1, width), size):
            states, state = [1], 0
            while state != 1 and len(states) < 1 << width:
                feedback = sum(states[-1] >> (tap - 1) & 1 for tap in (width, *taps)) & 1
                state = (states[-1] << 1 | feedback) & (1 << width) - 1
                states.append(state)
            if len(states) == 1 << width and state == 1:
                cycle = np.array(states[:-1], dtype=np.int64)
                bits = cycle[:, None] >> np.arange(width) & 1
                found.append(bits @ (1 << np.arange(width)[::-1]) if mirrored_bits else cycle)
    return found


def _power(cycle: Ints) -> NDArray[np.float64]:
    """Power spectrum of the bipolar streams of a cycle of states, the mean over thresholds of uniform operands."""
    thresholds = np.arange(len(cycle) + 2)
    streams = np.where(cycle <= thresholds[:, None], 1.0, -1.0)
    shares = np.where((thresholds == 0) | (thresholds == len(cycle) + 1), 0.5, 1.0)
    power: NDArray[np.float64] = (shares / shares.sum()) @ np.abs(np.fft.fft(streams, axis=1)) ** 2
    return power


def _over_starts(x: NDArray[np.float64], w: NDArray[np.float64]) -> float:
    """Root mean square error of a dot product over all starts: that of one period, by the correlation theorem."""
    return math.sqrt(INPUTS * float(x[1:] @ w[1:]) / len(x) ** 4)


def _counted(x: Tensor, w: Tensor, config: ScConfig, seed: int) -> Tensor:
    """Dot products, or the share of ones behind an OR."""
    tables = number_tables(config, INPUTS, seed)
    if config.accumulator is not Accumulator.OR:
        return stochastic_products(x, w, config, tables)
    streams = [
        signed_streams(coded(operand, config), table, config)
        for operand, table in ((x, tables.activations), (w, tables.weights))
    ]
    return counts(streams[0], streams[1], config, tables.selections)[..., 0] / config.length


if __name__ == "__main__":
    raise SystemExit(main())
