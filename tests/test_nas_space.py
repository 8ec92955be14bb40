"""Search spaces as data, and tables whose sums are what direct exploration says."""

from __future__ import annotations

import math
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.space.block_layers import LayerBook, setting_layers
from nas.space.columns import Costs
from nas.space.mbconv_space import MbconvSpace
from nas.space.search_space import load_mbconv_space as load_space
from nas.space.search_space import published_spaces
from nas.space.table import SpaceTable, build_table
from nas.space.target import Target, target_platform, target_settings
from simint.errors import InputError
from simint.network.layer import Layer
from simint.network.mbconv import mbconv_network, parse_mbconv
from simint.tiling.search.explorer import NetworkDesigns, explore_network_published

SPACES = ("har", "cifar10", "mswc")


@cache
def table_of(name: str) -> SpaceTable:
    return build_table(load_space(name))


def looked_up(table: SpaceTable, setting: int, choices: list[int]) -> Costs:
    return table.costs(np.array([setting]), np.array([choices]))


def explored(space: MbconvSpace, setting: int, choices: list[int]) -> tuple[tuple[Layer, ...], NetworkDesigns]:
    layers = mbconv_network(space.spec(setting, choices)).layers
    return layers, explore_network_published(layers, target_platform(space.target), target_settings(space.target))


@st.composite
def networks(draw: st.DrawFn, name: str) -> tuple[int, list[int]]:
    space = load_space(name)
    choice = st.integers(0, len(space.choices) - 1)
    return draw(st.integers(0, len(space.settings) - 1)), [draw(choice) for _ in range(space.blocks)]


@pytest.mark.parametrize("name", SPACES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_sums_of_the_table_are_what_direct_exploration_says(name: str, data: st.DataObject) -> None:
    table = table_of(name)
    setting, choices = data.draw(networks(name))
    layers, direct = explored(table.space, setting, choices)
    found = looked_up(table, setting, choices)
    assert found.feature_bytes[0] == direct.nvm_feature_bytes
    assert found.weight_bytes[0] == direct.nvm_weight_bytes
    assert found.macs[0] == sum(layer.macs for layer in layers)
    assert found.flops[0] == sum(layer.flops for layer in layers)
    assert table.buildable(found)[0] == direct.feasible
    if direct.feasible:
        for field in (
            "latency_s",
            "recharge_s",
            "active_s",
            "continuous_s",
            "power_cycles",
            "active_j",
            "imo_percent",
        ):
            assert getattr(found, field)[0] == pytest.approx(getattr(direct, field), rel=1e-12), field
    else:
        assert found.weight_bytes[0] + found.feature_bytes[0] > table.platform.memory.nvm_bytes


@settings(max_examples=60, deadline=None)
@given(network=networks("har"))
def test_a_network_without_a_feasible_design_has_infinite_costs(network: tuple[int, list[int]]) -> None:
    """With so small a capacitor no tile of a depthwise layer with a large kernel fits into one charge."""
    space = msgspec.structs.replace(load_space("har"), target=Target(capacitance=28.5e-6, resistance=3e3))
    table = starved_table(space)
    _, direct = explored(space, *network)
    found = looked_up(table, *network)
    assert table.buildable(found)[0] == direct.feasible == math.isfinite(found.latency_s[0])
    if not direct.feasible:
        assert found.active_j[0] == found.power_cycles[0] == math.inf
        assert math.isnan(found.imo_percent[0])
        assert found.macs[0] > 0
    else:
        assert found.latency_s[0] == pytest.approx(direct.latency_s, rel=1e-12)


@cache
def starved_table(space: MbconvSpace) -> SpaceTable:
    return build_table(space)


@pytest.mark.parametrize(
    ("name", "count", "distinct_layers"), [("har", 12 * 96**3, 855), ("cifar10", 18 * 96**4, 2169)]
)
def test_published_sizes(name: str, count: int, distinct_layers: int) -> None:
    """Networks and distinct layers as counted from the published spaces."""
    assert load_space(name).networks == count
    assert table_of(name).distinct_layers == distinct_layers


def test_the_table_prices_published_solutions() -> None:
    """TiNAS solutions for the activity data, strict and relaxed requirement: latency, IMO, power cycles."""
    table = table_of("har")
    for word, latency, imo, cycles in (
        ("mbconv:har:w=1.0:r=64:1.7.3.y-4.5.2.y-6.3.1.y", 18.41, 58.95, 78),
        ("mbconv:har:w=0.6:r=128:3.5.1.n-3.7.2.y-6.7.1.y", 27.91, 50.04, 93),
    ):
        spec = parse_mbconv(word)
        setting = table.space.settings.index((spec.width, spec.resolution))
        found = looked_up(table, setting, [table.space.choices.index(block) for block in spec.blocks])
        assert round(found.latency_s[0], 2) == latency
        assert round(found.imo_percent[0], 2) == imo
        assert found.power_cycles[0] == cycles


@pytest.mark.parametrize(("name", "counts"), [("har", [80] * 3), ("cifar10", [80] * 4), ("mswc", [128, *[112] * 3])])
def test_distinct_choices_of_a_block(name: str, counts: list[int]) -> None:
    """A shortcut does nothing in a block of one layer with stride 2; only the first MSWC block has stride 1."""
    canonical = table_of(name).canonical
    choices = np.arange(canonical.shape[2])
    assert (canonical <= choices).all()
    assert ((canonical == choices).sum(axis=2) == counts).all()


def test_choices_come_in_the_published_order() -> None:
    """index = ((ie * 4 + ik) * |n| + in) * |s| + is."""
    space = load_space("har")
    block = space.choices[((2 * 4 + 3) * 3 + 1) * 2 + 1]
    assert (block.expansion, block.kernel, block.repeats, block.skip) == (4, 7, 2, True)


@settings(max_examples=20, deadline=None)
@given(network=networks("mswc"))
def test_parts_make_up_the_network(network: tuple[int, list[int]]) -> None:
    space, (setting, choices) = load_space("mswc"), network
    book = LayerBook()
    parts = setting_layers(book, space, setting)
    numbers = [
        *parts.fixed,
        *(number for block, choice in zip(parts.blocks, choices, strict=True) for number in block[choice]),
    ]
    whole = mbconv_network(space.spec(setting, choices)).layers
    assert sorted(numbers) == sorted(book.numbers(whole))


def test_the_published_spaces_are_named() -> None:
    assert set(SPACES) <= set(published_spaces())
    with pytest.raises(InputError, match="known: cifar10, digits, har"):
        load_space("imagenet")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "kws"}, "no MBConv family 'kws'"),
        ({"widths": ()}, "`widths`: a list of different values expected"),
        ({"kernels": (3, 3)}, "`kernels`: a list of different values expected"),
        ({"kernels": (4,)}, "the kernel must be odd"),
        ({"expansions": (9,)}, "the expansion must be 1 to 8"),
        ({"repeats": (0,)}, "the repeats must be 1 to 4"),
        ({"widths": (1.5,)}, "width 1.5"),
        ({"resolutions": (129,)}, "resolution 129: har offers 1 to 128"),
    ],
)
def test_a_wrong_space_is_refused(change: dict[str, object], message: str) -> None:
    fields = msgspec.structs.asdict(load_space("har")) | change
    with pytest.raises(InputError, match=message):
        MbconvSpace(**fields)


def test_a_kernel_larger_than_its_map_is_outside_the_published_model() -> None:
    space = msgspec.structs.replace(load_space("har"), resolutions=(32,))
    with pytest.raises(InputError, match=r"search space 'har': layer .* must be higher than the kernel"):
        build_table(space)
