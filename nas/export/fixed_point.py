"""16-bit fixed point: numbers q * 2^-f with q in [-32768, 32767], one number of fraction bits f for a whole tensor.

With f = 15 this is the Q15 format of TI's DSP library for the MSP430 and of its vector unit (LEA); a tensor of a wider
or narrower range has fewer or more fraction bits, so that rescaling between tensors is a shift.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SMALLEST, LARGEST = -(2**15), 2**15 - 1
# Beyond these a shift leaves 32-bit arithmetic; a tensor that would need more is all but zero, or useless.
MOST_FRACTION_BITS, LEAST_FRACTION_BITS = 30, -15


def fraction_bits(largest: float) -> int:
    """The most fraction bits with which `largest` (at least 0, finite) still rounds to a number in range."""
    if not 0 <= largest < math.inf:
        raise ValueError(f"largest magnitude {largest}")
    bits = MOST_FRACTION_BITS
    while bits > LEAST_FRACTION_BITS and math.floor(math.ldexp(largest, bits) + 0.5) > LARGEST:
        bits -= 1
    return bits


def to_fixed(values: NDArray[np.floating] | Tensor, bits: int) -> NDArray[np.int16]:
    """Nearest fixed-point numbers, halves up, saturated at the ends of the range."""
    scaled = np.floor(np.ldexp(np.asarray(values, dtype=np.float64), bits) + 0.5)
    return np.clip(scaled, SMALLEST, LARGEST).astype(np.int16)


def to_float(numbers: NDArray[np.int16], bits: int) -> NDArray[np.float64]:
    """What fixed-point numbers mean."""
    return np.ldexp(numbers.astype(np.float64), -bits)


def rounded_shift(sums: Tensor, shift: int) -> Tensor:
    """Whole numbers (held as float64) times 2^-shift, to the nearest whole number, halves up.

    On a device: add 2^(shift - 1), then shift right.
    """
    return torch.floor(torch.ldexp(sums, torch.tensor(-shift)) + 0.5)
