"""Number generators of stream comparators: for every operand a sequence of whole numbers below the stream length.

An operand whose threshold is q is 1 in the cycles whose number is below q. A layer restarts its generators for every
output position, so a layer has one table of numbers.
"""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import numpy as np
from numpy.typing import NDArray

from nas.stochastic.config import Accumulator, NumberGenerator, ScConfig, Sharing
from simint.errors import InputError

Ints = NDArray[np.int64]

# Taps of maximal-length shift registers, stages from 1 (P. Alfke, Xilinx application note XAPP 052, 1996, table 3).
TAPS = {3: (3, 2), 4: (4, 3), 5: (5, 3), 6: (6, 5), 7: (7, 6), 8: (8, 6, 5, 4), 9: (9, 5), 10: (10, 7)}


@dataclass(frozen=True, slots=True, eq=False)
class NumberTables:
    """Numbers of all operands of a layer: rows (inputs, length), or (1, length) where the operands share a generator.

    `selections` (blocks, length) is the input, counted from 0 over the layer, that a MUX passes in each cycle; empty
    for other accumulators.
    """

    activations: Ints
    weights: Ints
    selections: Ints


def number_tables(config: ScConfig, inputs: int, seed: int) -> NumberTables:
    """Tables of a layer with `inputs` inputs; `seed` fixes random numbers and where shift registers start."""
    operands = inputs if config.sharing is Sharing.PER_OPERAND else 1
    blocks = input_blocks(config, inputs) if config.accumulator is Accumulator.MUX else []
    rows = sequences(config.generator, config.width, 2 * operands + len(blocks), seed)
    # A product compares two neighbouring sequences, which for Sobol and Halton are those of neighbouring dimensions.
    chosen = [rows[2 * operands + number] * len(block) // config.length for number, block in enumerate(blocks)]
    selections = [block[row] for block, row in zip(blocks, chosen, strict=True)]
    return NumberTables(
        rows[0 : 2 * operands : 2],
        rows[1 : 2 * operands : 2],
        np.array(selections, dtype=np.int64).reshape(len(blocks), config.length),
    )


def input_blocks(config: ScConfig, inputs: int) -> list[Ints]:
    """The inputs of every block, in order; sizes differ by one at most. No block is empty."""
    return [block for block in np.array_split(np.arange(inputs), config.blocks) if len(block)]


def sequences(generator: NumberGenerator, width: int, count: int, seed: int) -> Ints:
    """(count, 2^width) numbers below 2^width, one sequence a row."""
    length = 1 << width
    random = np.random.default_rng(seed)
    match generator:
        case NumberGenerator.IDEAL:
            return random.integers(0, length, (count, length))
        case NumberGenerator.SOBOL:
            return _sobol(width, count)
        case NumberGenerator.HALTON:
            return np.array([_radical_inverse(base, width) for base in _primes(count)]).reshape(count, length)
        case NumberGenerator.LFSR:
            cycles = [lfsr_cycle(width), lfsr_cycle(width, mirrored=True)]
            starts = random.integers(0, length - 1, count)
            # Neighbours, whose product is formed, take different polynomials.
            rows = [np.roll(cycles[row % 2], -start) for row, start in enumerate(starts)]
            # Numbers are states less 1, so that threshold 0 is never reached and length - 1 always.
            return np.array([np.append(row, row[0]) - 1 for row in rows], dtype=np.int64).reshape(count, length)


def lfsr_cycle(width: int, mirrored: bool = False) -> Ints:
    """States of a Fibonacci shift register of `width` bits from state 1 on, until it comes back: 2^width - 1 of them.

    `mirrored`: with the reciprocal polynomial, which has maximal length too. InputError for another width than 3 to 10.
    """
    if width not in TAPS:
        raise InputError(f"shift registers have {min(TAPS)} to {max(TAPS)} bits, got {width}")
    taps = TAPS[width]
    if mirrored:
        taps = (width, *(width - tap for tap in taps[1:]))
    states = [1]
    while True:
        state = states[-1]
        feedback = 0
        for tap in taps:
            feedback ^= state >> (tap - 1) & 1
        state = (state << 1 | feedback) & (1 << width) - 1
        if state == 1:
            return np.array(states, dtype=np.int64)
        states.append(state)


def _sobol(width: int, count: int) -> Ints:
    """Dimensions of the Sobol sequence (direction numbers of Joe and Kuo, 2008, doi:10.1137/070709359)."""
    from scipy.stats import qmc

    if not count:
        return np.zeros((0, 1 << width), dtype=np.int64)
    if count > qmc.Sobol.MAXDIM:
        raise InputError(f"Sobol sequences: {qmc.Sobol.MAXDIM} dimensions at most, {count} needed; share generators")
    with interrupt_held_back():
        points = qmc.Sobol(d=count, scramble=False).random(1 << width)
    return (np.asarray(points).T * (1 << width)).astype(np.int64)


@contextmanager
def interrupt_held_back() -> Iterator[None]:
    """Ctrl-C inside the block is heard at its end.

    scipy 1.17 swallows an interrupt that comes while it reads its direction numbers for the first time, and goes on
    without them: a search would neither stop nor be right. Only the main thread ever gets an interrupt.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    heard: list[FrameType | None] = []
    signal.signal(signal.SIGINT, lambda _, frame: heard.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        before(signal.SIGINT, heard[0])


def _radical_inverse(base: int, width: int) -> Ints:
    """Digits of 0, 1, .. mirrored at the point, cut to `width` bits (J. H. Halton, 1960, doi:10.1007/BF01386213)."""
    index = np.arange(1 << width)
    inverse, scale = np.zeros_like(index), 1
    while index.any():
        inverse, scale = inverse * base + index % base, scale * base
        index //= base
    return (inverse << width) // scale


def _primes(count: int) -> list[int]:
    """The first `count` primes."""
    bound = max(12, int(count * (math.log(count + 1) + math.log(math.log(count + 2) + 1) + 1)))
    sieve = np.ones(bound + 1, dtype=bool)
    sieve[:2] = False
    for number in range(2, math.isqrt(bound) + 1):
        if sieve[number]:
            sieve[number * number :: number] = False
    return [int(prime) for prime in np.flatnonzero(sieve)[:count]]
