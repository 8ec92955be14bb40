from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiling_reference import divisors, legal_designs

from simint.hardware.platform import Variant
from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.tiling.design import ExecutionDesign, Order
from simint.tiling.geometry import BN, CONV, DW, GAVGPOOL, ORDER_I, ORDER_O, ORDER_W, RELU, Trips, codes, geometry
from simint.tiling.legality import (
    RULES_CONSISTENT,
    RULES_INAS2021,
    RULES_TINAS2024,
    Batches,
    batch_loop,
    batch_table,
    count_designs,
    design_space,
    illegal_reason,
    largest_loop,
    legal_batches,
    published_problem,
    rule_set,
    searched_batches,
)
from simint.tiling.published.evaluate import published_geometry

TINAS = load_platform("msp430fr5994-tinas2024")
INAS = load_platform("msp430fr5994-inas2021")
CONSISTENT = load_platform("msp430fr5994")


def conv(n: int, m: int, size: int) -> Layer:
    return Layer(name="c", kind=LayerKind.CONV, ifm=(n, size, size), ofm=(m, size, size))


def test_tinas_sizes_are_even_and_may_exceed_an_odd_map() -> None:
    space = design_space(geometry(conv(9, 12, 7)), RULES_TINAS2024)
    assert space.tr.tolist() == [1, 2, 4, 6, 8]
    assert space.tm.tolist() == [1, 2, 4, 6, 12]
    assert space.tn.tolist() == [1]  # odd divisors are excluded (quirk Q18)


def test_inas_sizes_are_all_divisors_but_even_ones_of_the_input_channels() -> None:
    space = design_space(geometry(conv(18, 9, 15)), RULES_INAS2021)
    assert space.tr.tolist() == [1, 3, 5, 15]
    assert space.tm.tolist() == [1, 3, 9]
    assert space.tn.tolist() == [1, 2, 6, 18]


@settings(deadline=None, max_examples=60)
@given(size=st.integers(1, 60), n=st.integers(1, 60), m=st.integers(1, 60))
def test_consistent_sizes_reach_every_trip_count_with_the_smallest_tile(size: int, n: int, m: int) -> None:
    space = design_space(geometry(conv(n, m, size)), RULES_CONSISTENT)
    reached = [-(-size // tile) for tile in space.tr.tolist()]
    assert reached == sorted({-(-size // tile) for tile in range(1, size + 1)}, reverse=True)
    assert all(-(-size // (tile - 1)) > trips for tile, trips in zip(space.tr[1:].tolist(), reached[1:], strict=True))
    assert space.tn.tolist() == divisors(n)
    assert space.tm.tolist() == divisors(m)


@settings(deadline=None, max_examples=30)
@given(loop=st.integers(1, 300))
def test_batches_by_rule(loop: int) -> None:
    for batches, wanted in (
        (Batches.ONE, [1]),
        (Batches.ALL, divisors(loop)),
        (Batches.EVEN, [1, *(d for d in divisors(loop) if d % 2 == 0)]),
    ):
        assert legal_batches(batch_table(300, batches), loop).tolist() == wanted


def test_the_loop_a_batch_runs_along() -> None:
    trips = Trips(3, 5, 7, 11)
    spatial, m, n = 15, 7, 11
    for rules in (RULES_TINAS2024, RULES_INAS2021, RULES_CONSISTENT):
        assert [batch_loop(CONV, order, trips, rules) for order in (ORDER_I, ORDER_W, ORDER_O)] == [m, spatial, n]
        assert batch_loop(RELU, ORDER_O, trips, rules) == m
    assert batch_loop(DW, ORDER_O, trips, RULES_TINAS2024) == n
    assert batch_loop(DW, ORDER_O, trips, RULES_CONSISTENT) == m
    assert batch_loop(BN, ORDER_W, trips, RULES_TINAS2024) == m
    assert batch_loop(BN, ORDER_W, trips, RULES_CONSISTENT) == spatial
    assert batch_loop(GAVGPOOL, ORDER_O, trips, RULES_TINAS2024) == m
    assert batch_loop(GAVGPOOL, ORDER_O, trips, RULES_INAS2021) == spatial


@settings(deadline=None, max_examples=40)
@given(n=st.integers(1, 12), m=st.integers(1, 12), size=st.integers(2, 12), variant=st.sampled_from(Variant))
def test_count_and_membership_agree_with_a_plain_enumeration(n: int, m: int, size: int, variant: Variant) -> None:
    platform = INAS if variant is Variant.INAS2021 else TINAS
    layer = conv(n, m, size)
    g = published_geometry(layer, platform)
    rules = rule_set(platform)
    table = batch_table(largest_loop(g), searched_batches(rules))
    plain = list(legal_designs(layer, variant))
    assert count_designs(design_space(g, rules), g, rules, table) == len(plain)
    assert all(illegal_reason(g, codes(design), platform) is None for design in plain)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tr": 3}, "tr=3"),
        ({"tn": 5}, "tn=5"),
        ({"s": 5}, "s=5 does not divide"),
    ],
)
def test_an_illegal_design_is_told_why(change: dict[str, Any], reason: str) -> None:
    fields: dict[str, Any] = {"tr": 4, "tc": 4, "tm": 2, "tn": 2, "order": Order.INPUT, "s": 1}
    flat = geometry(conv(8, 8, 8))
    assert illegal_reason(flat, codes(ExecutionDesign(**fields)), TINAS) is None
    problem = illegal_reason(flat, codes(ExecutionDesign(**(fields | change))), TINAS)
    assert problem is not None
    assert reason in problem


def test_an_order_outside_the_operators_is_illegal() -> None:
    relu = geometry(Layer(name="r", kind=LayerKind.RELU, ifm=(8, 8, 8), ofm=(8, 8, 8)))
    problem = illegal_reason(relu, codes(ExecutionDesign(tr=4, tc=4, tm=2, order=Order.INPUT)), TINAS)
    assert problem is not None
    assert "allowed: O" in problem


@pytest.mark.parametrize(
    ("variant", "layer", "reason"),
    [
        ("tinas2024", {"ifm": (4, 8, 6), "ofm": (4, 8, 6)}, "square"),
        ("tinas2024", {"ifm": (4, 9, 9), "ofm": (4, 3, 3), "stride": (3, 3)}, "stride 3"),
        ("tinas2024", {"ifm": (4, 4, 4), "ofm": (4, 6, 6), "pad": (1, 1, 1, 1)}, "not be higher"),
        ("tinas2024", {"ifm": (4, 8, 1), "ofm": (4, 1, 1), "kernel": (8, 1)}, "higher than the kernel"),
        ("tinas2024", {"ifm": (4, 8, 8), "ofm": (4, 8, 8), "groups": 2}, "grouped"),
        ("tinas2024", {"ifm": (4, 8, 8), "ofm": (4, 9, 9), "pad": (1, 0, 1, 0)}, "padding"),
        ("tinas2024", {"kind": LayerKind.GAVGPOOL, "ifm": (4, 1, 1), "ofm": (4, 1, 1)}, "higher than 1"),
        ("inas2021", {"kind": LayerKind.DW, "ifm": (4, 8, 8), "ofm": (4, 8, 8)}, "has no DW"),
        ("inas2021", {"ifm": (4, 8, 8), "ofm": (4, 4, 4), "kernel": (2, 2), "stride": (2, 2)}, "stride 2"),
        ("inas2021", {"ifm": (4, 8, 8), "ofm": (4, 1, 1), "kernel": (8, 8)}, "higher than the kernel"),
    ],
)
def test_layers_outside_the_published_model(variant: str, layer: dict[str, Any], reason: str) -> None:
    """Specification 10; the consistent mode takes all of them."""
    problem = published_problem(Layer(**({"name": "x", "kind": LayerKind.CONV} | layer)), Variant(variant))
    assert problem is not None
    assert reason in problem


def test_well_formed_layers_pass_in_one_and_two_dimensions() -> None:
    fine = [
        conv(3, 16, 32),
        Layer(name="1d", kind="CONV", ifm=(9, 128, 1), ofm=(10, 128, 1), kernel=(3, 1), pad=(1, 1, 0, 0)),
        Layer(name="dw", kind="DW", ifm=(8, 9, 1), ofm=(8, 5, 1), kernel=(3, 1), stride=(2, 1), pad=(1, 1, 0, 0)),
        Layer(name="fc", kind="FC", ifm=(1, 250, 1), ofm=(48, 1, 1), kernel=(250, 1)),
    ]
    assert [published_problem(layer, Variant.TINAS2024) for layer in fine] == [None] * 4


def test_every_mode_has_its_rules() -> None:
    assert [rule_set(p) for p in (TINAS, INAS, CONSISTENT)] == [RULES_TINAS2024, RULES_INAS2021, RULES_CONSISTENT]
    searched = [searched_batches(rule_set(platform)) for platform in (TINAS, INAS, CONSISTENT)]
    assert searched == [Batches.ONE, Batches.EVEN, Batches.ALL]
