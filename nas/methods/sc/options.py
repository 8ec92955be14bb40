"""Which stochastic hardware there is to choose from: all of it, and what named rules leave of it.

Noise of independent streams falls with their length as energy grows, so variance times energy says what an array makes
of energy: for operands uniform over their range it is at least 1.3 times as much for any other array of 8 inputs and
more than for magnitudes in a parallel counter. docs/nas/sc_noise.py measures errors by generator and sharing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from nas.stochastic.config import (
    LONGEST,
    SHORTEST,
    Accumulator,
    Activation,
    Encoding,
    NumberGenerator,
    ScConfig,
    Sharing,
)
from nas.stochastic.energy import ScEnergies, product_energy
from simint.errors import InputError

LENGTHS = tuple(1 << width for width in range(SHORTEST.bit_length() - 1, LONGEST.bit_length()))
GENERATORS = (NumberGenerator.LFSR, NumberGenerator.SOBOL, NumberGenerator.HALTON)  # those that can be built
_ONE_BLOCK = (Encoding.SIGN_MAGNITUDE, 1)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ScArray:
    """Multipliers and accumulators; not all combinations can be built."""

    encoding: Encoding
    blocks: int
    accumulator: Accumulator


@dataclass(frozen=True, slots=True)
class ScOptions:
    """Choices of hardware; their product is the hardware there is."""

    lengths: tuple[int, ...]
    arrays: tuple[ScArray, ...]
    generators: tuple[NumberGenerator, ...]
    sharings: tuple[Sharing, ...]
    activations: tuple[Activation, ...]

    @property
    def count(self) -> int:
        """Number of configurations."""
        return self.of_layer_without_activation * len(self.activations)

    @property
    def of_layer_without_activation(self) -> int:
        """Number of configurations of a layer that has no activation, as the last."""
        return len(self.lengths) * len(self.arrays) * len(self.generators) * len(self.sharings)

    def configs(self) -> list[ScConfig]:
        """All of them; InputError where one cannot be built."""
        return [
            ScConfig(length, array.encoding, array.blocks, generator, sharing, array.accumulator, activation)
            for length, array, generator, sharing, activation in product(
                self.lengths, self.arrays, self.generators, self.sharings, self.activations
            )
        ]


def all_options(blocks: tuple[int, ...]) -> ScOptions:
    """Everything that can be written down, with these numbers of blocks of sign-magnitude arrays."""
    encodings = [(Encoding.BIPOLAR, 1), (Encoding.SPLIT, 1), *((Encoding.SIGN_MAGNITUDE, count) for count in blocks)]
    arrays = tuple(ScArray(*encoding, accumulator) for encoding, accumulator in product(encodings, Accumulator))
    return ScOptions(LENGTHS, arrays, GENERATORS, tuple(Sharing), tuple(Activation))


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that drops choices, and why it may."""

    name: str
    why: str
    keep: Callable[[ScOptions, ScEnergies], ScOptions]


def _arrays(options: ScOptions, kept: Callable[[ScArray], bool]) -> ScOptions:
    return dataclasses.replace(options, arrays=tuple(array for array in options.arrays if kept(array)))


def _buildable(options: ScOptions, energies: ScEnergies) -> ScOptions:
    return _arrays(
        options, lambda array: array.encoding is not Encoding.BIPOLAR or array.accumulator is not Accumulator.OR
    )


def _same_sums(options: ScOptions, energies: ScEnergies) -> ScOptions:
    return _arrays(options, lambda array: array.accumulator is not Accumulator.APC or array.blocks == 1)


def _one_array(options: ScOptions, energies: ScEnergies) -> ScOptions:
    one = {array.accumulator for array in options.arrays if (array.encoding, array.blocks) == _ONE_BLOCK}
    return _arrays(options, lambda array: array.encoding is not Encoding.SPLIT or array.accumulator not in one)


def _less_noise(options: ScOptions, energies: ScEnergies) -> ScOptions:
    best = ScArray(*_ONE_BLOCK, Accumulator.APC)
    return _arrays(options, lambda array: array == best) if best in options.arrays else options


def _one_pair(options: ScOptions, energies: ScEnergies) -> ScOptions:
    return dataclasses.replace(options, sharings=_without(Sharing.PER_OPERAND, Sharing.SHARED, options.sharings))


def _sobol(options: ScOptions, energies: ScEnergies) -> ScOptions:
    kept = _without(NumberGenerator.HALTON, NumberGenerator.SOBOL, options.generators)
    return dataclasses.replace(options, generators=kept)


def _without(worse: T, better: T, choices: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(choice for choice in choices if choice != worse) if better in choices else choices


def _below_float32(options: ScOptions, energies: ScEnergies) -> ScOptions:
    def energy_j(length: int, array: ScArray) -> float:
        config = ScConfig(length, array.encoding, array.blocks, accumulator=array.accumulator)
        return length * product_energy(config, energies)

    return dataclasses.replace(
        options,
        lengths=tuple(
            length
            for length in options.lengths
            if min(energy_j(length, array) for array in options.arrays) < energies.float32.mac
        ),
    )


RULES = (
    Rule("buildable", "an OR of bipolar streams is always 1", _buildable),
    Rule("same-sums", "parallel counters of blocks add up to one parallel counter, bit for bit", _same_sums),
    Rule("one-array", "signs beside the streams give the sums of two arrays, bit for bit, by half of them", _one_array),
    Rule("less-noise", "at equal energy magnitudes in a parallel counter have the least noise", _less_noise),
    Rule("one-pair", "two generators a layer cost less than two an input, and their sums are no worse", _one_pair),
    Rule("sobol", "Sobol sequences make less error than Halton's at the same energy", _sobol),
    Rule("below-float32", "longer streams take more energy a product than floating point", _below_float32),
)
LOSSLESS = ("buildable", "same-sums", "one-array")  # rules that lose no result that could be had
RULE_NAMES = tuple(rule.name for rule in RULES)


def contracted(options: ScOptions, rules: tuple[str, ...], energies: ScEnergies) -> ScOptions:
    """What rules leave, by name and in their order; InputError for an unknown one."""
    for name in rules:
        if name not in RULE_NAMES:
            raise InputError(f"unknown contraction rule {name!r}; known: {', '.join(RULE_NAMES)}")
    for rule in RULES:
        if rule.name in rules:
            options = rule.keep(options, energies)
    return options
