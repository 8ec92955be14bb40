"""Energy of networks on stochastic hardware by the per-cycle figures of its parts, beside binary arithmetic.

Only products and what makes and joins them are counted, on both sides: no memory, biases, activations (ReLU or state
machine), pooling, nor the scaling between layers.
"""

from __future__ import annotations

import functools
import math
from importlib import resources

import msgspec
import numpy as np

from nas.stochastic.config import Accumulator, Encoding, NumberGenerator, ScConfig, Sharing
from simint.config import Hertz, Joule, load_toml
from simint.errors import InputError
from simint.network.layer import WEIGHTED, Layer
from simint.network.network import Network

_JOINED = 8  # inputs of the accumulators in the reports
_LARGE = 2**20  # inputs and outputs of an array whose generators weigh nothing


class Multipliers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A multiplier with the generators and comparators of both operands, by its gate."""

    and_gate: Joule
    xnor_gate: Joule


class Comparator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A comparator with the register of its operand, gate included."""

    energy: Joule


class AtWidth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Energy of a generator of so many bits."""

    bits: int
    energy: Joule


class Generator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number generator at known widths; between them straight lines, beyond them the last."""

    kind: NumberGenerator
    energies: tuple[AtWidth, ...]
    source: str


class Accumulators(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"or_": "or"}):
    """Accumulators of 8 inputs."""

    apc: Joule
    mux: Joule
    or_: Joule


class Int8(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Binary arithmetic of 8 bits."""

    multiply: Joule
    add: Joule
    mac: Joule
    source: str


class Float32(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Floating-point arithmetic."""

    mac: Joule
    source: str


class ScEnergies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures of one technology, joule per cycle or operation."""

    source: str
    clock: Hertz
    multiplier: Multipliers
    comparator: Comparator
    generators: tuple[Generator, ...]
    accumulators: Accumulators
    int8: Int8
    float32: Float32

    def generator(self, config: ScConfig) -> float:
        """A cycle of one number generator; InputError for kinds without a figure, as ideal random numbers."""
        for known in self.generators:
            if known.kind is config.generator:
                widths, energies = zip(*((entry.bits, entry.energy) for entry in known.energies), strict=True)
                return float(np.interp(config.width, widths, energies))
        raise InputError(f"no energy is known of the number generator {config.generator}; choose another")


@functools.cache
def sc_energies() -> ScEnergies:
    """The figures that come with the program."""
    with resources.as_file(resources.files("nas.stochastic") / "energy.toml") as file:
        return load_toml(file, ScEnergies)


def cycle_energy(inputs: int, outputs: int, config: ScConfig, energies: ScEnergies) -> float:
    """Joule of one cycle of an array of N inputs and M outputs.

    2 E_rng + N E_sng + N M (E_sng + E_acc / 8) with shared generators and AND gates. One generator per operand: 2 N
    of them. XNOR gates: their difference to AND gates for each product. Split encoding: two arrays of products. The OR
    and MUX gates of signed streams are double, one for either sign. Outputs of several blocks pass a parallel counter.
    """
    signed = config.encoding in (Encoding.SPLIT, Encoding.SIGN_MAGNITUDE)
    gate = energies.multiplier.xnor_gate - energies.multiplier.and_gate if config.encoding is Encoding.BIPOLAR else 0.0
    arrays = 2 if config.encoding is Encoding.SPLIT else 1
    accumulators = energies.accumulators
    joining = {Accumulator.APC: accumulators.apc, Accumulator.MUX: accumulators.mux, Accumulator.OR: accumulators.or_}
    gates, ends = 1, 0
    if config.accumulator is not Accumulator.APC:
        blocks = min(config.blocks, inputs)
        gates = 2 if config.encoding is Encoding.SIGN_MAGNITUDE else 1
        ends = blocks * gates if blocks > 1 and signed else 0
    of_output = inputs * (
        arrays * (energies.comparator.energy + gate) + arrays * gates * joining[config.accumulator] / _JOINED
    )
    generators = 2 * (inputs if config.sharing is Sharing.PER_OPERAND else 1)
    return (
        generators * energies.generator(config)
        + inputs * energies.comparator.energy
        + outputs * (of_output + ends * accumulators.apc / _JOINED)
    )


def layer_cycles(layer: Layer, config: ScConfig) -> int:
    """Cycles of a weighted layer: the array works for one output position after another; 0 for other layers."""
    return config.length * layer.ofm[1] * layer.ofm[2] if layer.kind in WEIGHTED else 0


def layer_energy(layer: Layer, config: ScConfig, energies: ScEnergies) -> float:
    """Joule of one layer in one inference; 0 for layers without weights."""
    if layer.kind not in WEIGHTED:
        return 0.0
    outputs = layer.ofm[0]
    return layer_cycles(layer, config) * cycle_energy(layer.weights // outputs, outputs, config, energies)


def network_energy(network: Network, config: ScConfig, energies: ScEnergies) -> float:
    """Joule of one inference."""
    return math.fsum(layer_energy(layer, config, energies) for layer in network.layers)


def network_cycles(network: Network, config: ScConfig) -> int:
    """Cycles of one inference, layers one after another."""
    return sum(layer_cycles(layer, config) for layer in network.layers)


def float32_energy(network: Network, energies: ScEnergies) -> float:
    """Joule of one inference in floating point."""
    return network.macs * energies.float32.mac


def product_energy(config: ScConfig, energies: ScEnergies) -> float:
    """Joule of one product in one cycle of an array so large that its shared generators weigh nothing."""
    return cycle_energy(_LARGE, _LARGE, config, energies) / _LARGE**2
