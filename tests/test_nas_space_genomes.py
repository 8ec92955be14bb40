"""Every space behind one protocol: genomes, words, one genome for an architecture; targets."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nas_spaces import small_spaces

from nas.space.genome import WHOLE_NETWORK, Genome, as_rows, parts, random_genome, sizes
from nas.space.mbconv_space import MbconvSpace
from nas.space.plain_space import PlainSpace
from nas.space.search_space import AnySpace, load_mbconv_space, load_space, published_spaces
from nas.space.table import build_table
from nas.space.target import Target, retargeted, target_platform, target_settings
from simint.errors import InputError
from simint.network.catalogue import load_network, network_presets
from simint.network.network import Network

MBCONV = ("cifar10", "digits", "har", "mswc")
load = cache(load_space)


def shapes(network: Network) -> tuple[object, ...]:
    """What makes an architecture: its layers, names aside, and how they are wired."""
    layers = [(x.kind, x.ifm, x.ofm, x.kernel, x.stride, x.pad, x.groups, x.bias) for x in network.layers]
    return (*layers, network.producers())


@st.composite
def genomes(draw: st.DrawFn, space: AnySpace) -> Genome:
    return tuple(draw(st.integers(0, size - 1)) for size in sizes(space).tolist())


@pytest.mark.parametrize("name", published_spaces())
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_words_and_canonical_genomes(name: str, data: st.DataObject) -> None:
    """A word reads back as the canonical genome; that describes the same layers and never comes after the genome."""
    space = load(name)
    genome = data.draw(genomes(space))
    canonical = space.canonical(genome)
    assert canonical <= genome
    assert space.canonical(canonical) == canonical
    assert space.genome(space.word(genome)) == space.genome(space.word(canonical)) == canonical
    assert shapes(space.network(canonical)) == shapes(space.network(genome))
    assert load_network(space.word(genome)).layers == space.network(genome).layers


@pytest.mark.parametrize("name", published_spaces())
def test_genes_say_all_that_there_is_to_choose(name: str) -> None:
    space = load(name)
    assert math.prod(sizes(space).tolist()) == space.networks
    assert space.genes[0].part == (WHOLE_NETWORK if name in MBCONV else 0)
    whole = sum(gene.part == WHOLE_NETWORK for gene in space.genes)
    assert whole + sum(map(len, parts(space))) == len(space.genes)
    assert space.networks == {"inas-cifar10": 16**5, "inas-har": 16**3, "inas-kws": 4**4}.get(name, space.networks)
    assert space.network(random_genome(space, np.random.default_rng(0))).output_shape[0] in (6, 10, 12, 300)


def test_canonical_genomes_are_exactly_the_first_of_their_kind() -> None:
    """All 1,024 genomes of a small space, grouped by the layers they build."""
    few = {"widths": (0.5, 1.0), "expansions": (1, 4), "kernels": (1, 3)}
    space = msgspec.structs.replace(load_mbconv_space("digits"), **few)
    groups: dict[tuple[object, ...], list[Genome]] = defaultdict(list)
    for genome in map(tuple, np.indices(tuple(sizes(space))).reshape(len(space.genes), -1).T.tolist()):
        groups[shapes(space.network(genome))].append(genome)
    assert len(groups) == 4 * 16 * 12  # a shortcut does nothing in the second block with one layer
    for members in groups.values():
        assert {space.canonical(member) for member in members} == {min(members)}


@settings(max_examples=25, deadline=None)
@given(space=small_spaces(), data=st.data())
def test_canonical_choices_are_those_of_the_table(space: MbconvSpace, data: st.DataObject) -> None:
    """Whatever the order of the lists."""
    table = build_table(space)
    genome = data.draw(genomes(space))
    setting, choices = space.indices([genome])
    first = table.canonical[setting[0], np.arange(space.blocks), choices[0]]
    assert space.canonical(genome) == space.genomes(setting, first[None])[0]
    assert space.genomes(setting, choices) == [genome]
    assert space.spec_of(genome) == space.spec(int(setting[0]), choices[0].tolist())


def test_widths_with_the_same_channels_are_one() -> None:
    space = msgspec.structs.replace(load_mbconv_space("har"), widths=(1.0, 0.51, 0.5))
    assert space.canonical((2, *[0] * 13)) == (1, *[0] * 13)
    assert space.genome(space.word((2, *[0] * 13)))[0] == 1


@pytest.mark.parametrize("name", ["har", "cifar10"])
def test_published_networks_are_in_their_spaces(name: str) -> None:
    space = load_mbconv_space(name)
    found = [preset for preset in network_presets() if preset.word.startswith(f"mbconv:{name}:")]
    assert len(found) == 6
    for preset in found:
        assert shapes(space.network(space.genome(preset.word))) == shapes(load_network(preset.name))


@pytest.mark.parametrize(
    ("name", "word", "message"),
    [
        ("har", "mbconv:digits:w=1.0:r=8:1.1.1.n-1.1.1.n", "is of family 'digits', search space 'har' of 'har'"),
        ("har", "mbconv:har:w=0.4:r=64:1.1.1.n-1.1.1.n-1.1.1.n", "has no width 0.4; there are 0.5, 0.6"),
        ("har", "mbconv:har:w=0.5:r=64:1.9.1.n-1.1.1.n-1.1.1.n", "has no kernel 9"),
        ("har", "plain:har:3x8-7x8-3x16", "write mbconv:"),
        ("inas-har", "plain:har:3x8-7x8", "not in search space 'inas-har': 3 layers of family 'har'"),
        ("inas-har", "plain:har:3x8-7x8-3x17", "has no filters 17; there are 4, 8, 16, 24"),
        ("inas-kws", "plain:kws:48-64-96-100", "has no units 100"),
    ],
)
def test_words_outside_a_space_are_refused(name: str, word: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        load(name).genome(word)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "mswc"}, "no plain family 'mswc'"),
        ({"filters": ()}, "`filters`: a list of different values expected"),
        ({"kernels": ()}, "`kernels`: a list of different values expected"),
        ({"kernels": (3, 9)}, "kernel 9: har allows 1 to 7"),
        ({"filters": (25,)}, "25 filters: har allows 1 to 24"),
        ({"layers": 4}, "har has 1 to 3 layers, 4 given"),
        ({"layers": 0}, "har has 1 to 3 layers, 0 given"),
    ],
)
def test_a_wrong_plain_space_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PlainSpace(**msgspec.structs.asdict(load("inas-har")) | change)


def test_kinds_of_spaces() -> None:
    assert isinstance(load("inas-kws"), PlainSpace)
    with pytest.raises(InputError, match="'inas-kws' is of another kind; this needs one of kind mbconv"):
        load_mbconv_space("inas-kws")


def test_an_unknown_kind_is_refused(tmp_path) -> None:
    (tmp_path / "x.toml").write_text('kind = "tree"')
    with pytest.raises(InputError, match="`kind` must be one of mbconv, plain, got 'tree'"):
        load_space(str(tmp_path / "x.toml"))


def test_a_shortcut_without_effect_may_be_missing_from_the_list() -> None:
    """With shortcuts always on, a block of one layer with a stride is the same whichever way its word says it."""
    space = msgspec.structs.replace(load_mbconv_space("har"), shortcuts=(True,))
    off, on = (space.genome(f"mbconv:har:w=1.0:r=64:1.1.1.{s}-1.1.1.{s}-1.1.1.{s}") for s in "ny")
    assert off == on
    with pytest.raises(InputError, match="has no shortcut False; there are True"):
        space.genome("mbconv:har:w=1.0:r=64:1.1.2.n-1.1.1.n-1.1.1.n")


def test_a_target_knows_the_calibrated_source_of_a_capacitor() -> None:
    """TiNAS calibrated per capacitor, iNAS per data set and capacitor."""
    har, inas = load("har").target, load("inas-har").target
    assert target_settings(har).resistance == 2800
    assert target_settings(retargeted(har, capacitance=470e-6)).resistance == 3000
    assert target_settings(retargeted(har, capacitance=100e-6)).resistance == 3100
    assert target_settings(retargeted(har, resistance=50.0)).resistance == 50
    assert [target_settings(retargeted(inas, capacitance=c)).resistance for c in (1e-3, 5e-3, 10e-3)] == [62, 41, 28]
    assert target_settings(inas).margin == 0.55
    assert target_settings(retargeted(inas, margin=1.0)).margin == 1.0
    assert target_settings(retargeted(load("inas-kws").target, capacitance=1e-3)).margin == 0.69
    with pytest.raises(InputError, match="no calibrated source resistance"):
        target_settings(retargeted(har, capacitance=330e-6))
    assert target_settings(retargeted(har, capacitance=330e-6, resistance=3e3)).capacitance == 330e-6


def test_another_platform_brings_its_own_bench() -> None:
    moved = retargeted(load("inas-har").target, platform="msp430fr5994-tinas2024")
    assert moved == Target()
    assert (target_settings(moved).resistance, target_settings(moved).margin) == (2800, 0.6)
    assert target_platform(retargeted(load("mswc").target, platform="msp430fr5994-inas2021")).memory.nvm_bytes == 4e6


@pytest.mark.parametrize(("change", "message"), [({"nvm_bytes": 0}, "`nvm_bytes`"), ({"margin": 1.5}, "`margin`")])
def test_a_wrong_target_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        target_settings(retargeted(Target(), **change))


def test_rows_of_genomes() -> None:
    assert as_rows([(1, 2), (3, 4)]).shape == (2, 2)
    assert as_rows([]).shape[0] == 0
