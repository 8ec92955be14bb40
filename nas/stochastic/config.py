"""The hardware of a stochastic-computing layer as data; needs no torch."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from simint.errors import InputError

SHORTEST, LONGEST = 2**3, 2**10  # cycles of a stream


class Encoding(enum.StrEnum):
    """How a number x becomes bits.

    `unipolar`: P(1) = x, 0 to 1, products by AND; numbers without sign only. `bipolar`: P(1) = (x + 1) / 2, products by
    XNOR. `split`: unipolar magnitudes in two whole arrays, one for the positive products and one for the negative
    ones, subtracted in binary. `sign-magnitude`: unipolar magnitudes with a sign wire beside each stream in one array,
    its inputs in `blocks` blocks that accumulate for themselves and are added in binary.
    """

    UNIPOLAR = "unipolar"
    BIPOLAR = "bipolar"
    SPLIT = "split"
    SIGN_MAGNITUDE = "sign-magnitude"


class NumberGenerator(enum.StrEnum):
    """Where the numbers come from that streams are compared with; `ideal` are independent uniform random numbers."""

    LFSR = "lfsr"
    SOBOL = "sobol"
    HALTON = "halton"
    IDEAL = "ideal"


class Sharing(enum.StrEnum):
    """`shared`: one generator for all activations of a layer and one for all its weights.

    `per-operand`: one for each input and one for each weight of an output; the outputs, which never meet, share the
    latter.
    """

    SHARED = "shared"
    PER_OPERAND = "per-operand"


class Accumulator(enum.StrEnum):
    """How products of a cycle are joined: `apc` counts them, `mux` picks one at random, `or` asks whether any is 1."""

    APC = "apc"
    MUX = "mux"
    OR = "or"


class Activation(enum.StrEnum):
    """`relu` on the binary sum at the end of the stream; `btanh`, a state machine: a saturating counter every cycle."""

    RELU = "relu"
    BTANH = "btanh"


@dataclass(frozen=True, slots=True, order=True)
class ScConfig:
    """Hardware of one layer, or of all layers of a network. Raises InputError for what cannot be built."""

    length: int
    encoding: Encoding = Encoding.SIGN_MAGNITUDE
    blocks: int = 1
    generator: NumberGenerator = NumberGenerator.SOBOL
    sharing: Sharing = Sharing.SHARED
    accumulator: Accumulator = Accumulator.APC
    activation: Activation = Activation.RELU

    def __post_init__(self) -> None:
        if self.length not in range(SHORTEST, LONGEST + 1) or self.length & (self.length - 1):
            raise InputError(f"stream length: a power of two from {SHORTEST} to {LONGEST}, got {self.length}")
        if self.blocks < 1:
            raise InputError(f"blocks: at least 1, got {self.blocks}")
        if self.blocks > 1 and self.encoding is not Encoding.SIGN_MAGNITUDE:
            raise InputError(f"blocks: only sign-magnitude arrays have blocks, not {self.encoding} ones")
        if self.accumulator is Accumulator.OR and self.encoding is Encoding.BIPOLAR:
            raise InputError("accumulator or: a bipolar stream of 0 is half ones, the OR of many is always 1")

    @property
    def width(self) -> int:
        """Bits of generators and comparators."""
        return self.length.bit_length() - 1

    @property
    def word(self) -> str:
        """The configuration in one shell-safe word, such as `16-sign-magnitude-1-sobol-shared-apc-relu`."""
        return (
            f"{self.length}-{self.encoding}-{self.blocks}-{self.generator}-{self.sharing}-"
            f"{self.accumulator}-{self.activation}"
        )
