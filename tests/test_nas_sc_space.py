"""The joint space of SC-NAS: its genomes, its size, and that its contraction rules may drop what they drop."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest

from nas.methods.sc.contraction import contractions
from nas.methods.sc.hardware import FloatHardware, ScHardware
from nas.methods.sc.options import LOSSLESS, RULES, ScArray, all_options, contracted
from nas.methods.sc.space import ScSpace, load_sc_space, sc_spaces
from nas.space.genome import random_genome, sizes
from nas.stochastic.config import Accumulator, Encoding, NumberGenerator, ScConfig, Sharing
from nas.stochastic.energy import cycle_energy, network_energy, sc_energies
from simint.errors import InputError
from simint.network.layer import LayerKind

ENERGIES = sc_energies()
SMALL = ScSpace(
    name="small",
    data_set="digits",
    input_shape=(1, 8, 8),
    classes=10,
    layers=2,
    kernels=(1, 3),
    channels=(2, 4),
    stride=2,
    blocks=(1, 2),
)


@pytest.mark.parametrize("name", sc_spaces())
def test_words_and_genomes_of_the_spaces_that_come_along(name: str) -> None:
    space = load_sc_space(name)
    generator = np.random.default_rng(0)
    for _ in range(100):
        genome = space.canonical(random_genome(space, generator))
        assert space.canonical(genome) == genome
        assert space.genome(space.word(genome)) == genome
        network = space.network(genome)
        assert network.input_shape == space.input_shape
        assert network.output_shape == (space.classes, 1, 1)


def test_canonical_genomes_are_the_designs_one_each() -> None:
    space = msgspec.structs.replace(SMALL, rules=LOSSLESS)
    genomes = itertools.product(*(range(size) for size in sizes(space).tolist()))
    designs = {space.canonical(genome) for genome in genomes}
    assert len(designs) == space.networks * space.options.count
    assert len({space.word(genome) for genome in designs}) == len(designs)


def test_every_rule_is_counted_and_none_adds_a_design() -> None:
    found = contractions(SMALL)
    assert [entry.rule for entry in found] == ["one-hardware", *(rule.name for rule in RULES)]
    for entry, following in itertools.pairwise(found):
        assert entry.after == following.before
    assert all(entry.after < entry.before for entry in found)
    assert found[-1].after == SMALL.networks * SMALL.options.count
    # 8 lengths, (bipolar, split, 2 kinds of sign-magnitude) by 3 accumulators, 3 generators, 2 sharings, 2 activations.
    layer = 8 * 4 * 3 * 3 * 2
    assert found[0].before == 4 * (2 * layer) * layer + 16 * (2 * layer) ** 2 * layer
    assert found[0].after == (4 + 16) * 2 * layer


def test_rules_can_be_left_out() -> None:
    assert msgspec.structs.replace(SMALL, rules=("buildable",)).options.count > SMALL.options.count
    with pytest.raises(InputError, match="unknown contraction rule 'none'; known: buildable"):
        msgspec.structs.replace(SMALL, rules=("none",)).__post_init__()
    # Without `buildable` there is hardware that cannot be built: the configuration refuses itself.
    with pytest.raises(InputError, match="a bipolar stream of 0 is half ones"):
        all_options((1,)).configs()


@pytest.mark.parametrize("inputs", [8, 9, 25, 72, 144])
def test_magnitudes_in_parallel_counters_have_the_least_noise_for_their_energy(inputs: int) -> None:
    """Variance of a cycle times energy, for independent streams of uniform operands, by moments of Bernoulli trials.

    What an OR of independent products misses is counted as the variance of -ln(1 - p), by its slope.
    """
    generator = np.random.default_rng(0)
    x, w = generator.uniform(0, 1, (400, inputs)), generator.uniform(-1, 1, (400, inputs))
    y, magnitude = x * w, np.abs(x * w)

    def merit(array: ScArray) -> float:
        blocks = np.array_split(np.arange(inputs), array.blocks)
        if array.accumulator is Accumulator.APC:
            ceiling = np.ones_like(y) if array.encoding is Encoding.BIPOLAR else magnitude
            variance = (ceiling - y * y).sum(1).mean()
        elif array.accumulator is Accumulator.MUX:
            ceiling = np.ones_like(y) if array.encoding is Encoding.BIPOLAR else magnitude
            variance = sum(len(b) * ceiling[:, b].sum(1) - y[:, b].sum(1) ** 2 for b in blocks).mean()
        else:
            parts = [np.where(sign * y[:, b] > 0, magnitude[:, b], 0) for b in blocks for sign in (-1, 1)]
            variance = np.mean(sum(1 / np.prod(1 - part, axis=1) - 1 for part in parts))
        config = ScConfig(8, array.encoding, array.blocks, accumulator=array.accumulator)
        return float(variance * cycle_energy(inputs, 2**20, config, ENERGIES))

    best = ScArray(Encoding.SIGN_MAGNITUDE, 1, Accumulator.APC)
    dropped = set(contracted(all_options((1, 2, 4, 8)), LOSSLESS, ENERGIES).arrays) - {best}
    assert len(dropped) == 10
    assert min(merit(array) for array in dropped) > 1.3 * merit(best)


def test_own_generators_cost_more_and_halton_not_less_than_sobol() -> None:
    for width in range(3, 11):
        shared = ScConfig(1 << width)
        own = dataclasses.replace(shared, sharing=Sharing.PER_OPERAND)
        halton = dataclasses.replace(shared, generator=NumberGenerator.HALTON)
        assert cycle_energy(72, 16, own, ENERGIES) > 1.2 * cycle_energy(72, 16, shared, ENERGIES)
        assert cycle_energy(72, 16, halton, ENERGIES) >= cycle_energy(72, 16, shared, ENERGIES)


def test_a_pair_of_generators_makes_sums_no_worse_than_own_ones_and_sobol_better_ones_than_halton() -> None:
    torch = pytest.importorskip("torch")
    from nas.stochastic.array import stochastic_products
    from nas.stochastic.numbers import number_tables

    torch.set_num_threads(1)
    source = torch.Generator().manual_seed(0)

    def error(generator: NumberGenerator, sharing: Sharing, length: int) -> float:
        config = ScConfig(length, generator=generator, sharing=sharing)
        squares = []
        for seed in range(60):
            x, w = torch.rand(5, 64, generator=source), torch.rand(5, 64, generator=source) * 2 - 1
            products = stochastic_products(x, w, config, number_tables(config, 64, seed))
            squares.append(float((products - x @ w.T).square().mean()))
        return float(np.sqrt(np.mean(squares)))

    for length in (8, 16, 32, 64):
        errors = {pair: error(*pair, length) for pair in itertools.product(list(NumberGenerator)[:3], Sharing)}
        for generator in list(NumberGenerator)[:3]:
            assert errors[generator, Sharing.SHARED] < 1.1 * errors[generator, Sharing.PER_OPERAND]
        assert errors[NumberGenerator.SOBOL, Sharing.SHARED] < 0.8 * errors[NumberGenerator.HALTON, Sharing.SHARED]


def test_costs_are_those_of_the_network_on_its_hardware() -> None:
    generator = np.random.default_rng(1)
    genomes = [SMALL.canonical(random_genome(SMALL, generator)) for _ in range(20)]
    costs = ScHardware(SMALL, ENERGIES).costs(genomes)
    floating = FloatHardware(SMALL, ENERGIES).costs(genomes)
    for genome, cost, plain in zip(genomes, costs, floating, strict=True):
        network, config = SMALL.network(genome), SMALL.config(genome)
        assert cost.active_j == network_energy(network, config, ENERGIES)
        assert cost.macs == plain.macs == network.macs
        assert plain.active_j == pytest.approx(network.macs * 4.6e-12)
        assert cost.imo_percent == 0
        weights = sum(
            layer.ofm[0] * layer.ifm[0] * layer.kernel[0] * layer.kernel[1]
            for layer in network.layers
            if layer.kind in (LayerKind.CONV, LayerKind.FC)
        )
        assert cost.weight_bytes == weights * config.length.bit_length() / 8
        positions = sum(layer.ofm[1] * layer.ofm[2] for layer in network.layers if layer.weights and layer.macs)
        assert cost.latency_s == pytest.approx(config.length * positions / 400e6)


def test_words_and_files_that_are_wrong_are_refused(tmp_path: Path) -> None:
    word = SMALL.word((0,) * len(SMALL.genes))
    for wrong in (
        word.replace("1x2", "7x2"),
        word.replace("@8", "@9"),
        "plain:har:3x8",
        word.replace("1x2", "1x2-1x2-1x2"),
    ):
        with pytest.raises(InputError, match="is not in search space 'small'"):
            SMALL.genome(wrong)
    with pytest.raises(InputError, match="unknown SC-NAS space 'none'; known: digits, har, vgg-cifar10"):
        load_sc_space("none")
    file = tmp_path / "space.toml"
    fields = ('name = "x"', 'data_set = "digits"', "input_shape = [1, 8, 8]", "classes = 10", "layers = 1")
    file.write_text("\n".join((*fields, "kernels = [2]", "channels = [2]")))
    with pytest.raises(InputError, match="`kernels`: odd numbers expected"):
        load_sc_space(str(file))
