"""One design in the published model: worked examples, quirks, and agreement with a plain implementation."""

from __future__ import annotations

import math

import msgspec
import pytest
import tiling_reference as plain
from hypothesis import given, settings
from hypothesis import strategies as st

from simint.errors import InputError
from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.tiling.design import ExecutionDesign, Order
from simint.tiling.geometry import DesignCodes, geometry
from simint.tiling.published.electrical import bench_settings
from simint.tiling.published.evaluate import evaluate_design
from simint.tiling.published.operations import feature_elements, layer_operations, tile_operations, weight_elements

TINAS = load_platform("msp430fr5994-tinas2024")

STEM = Layer(name="stem", kind=LayerKind.CONV, ifm=(3, 32, 32), ofm=(16, 32, 32), kernel=(3, 3), pad=(1, 1, 1, 1))
DEPTHWISE = Layer(
    name="dw", kind=LayerKind.DW, ifm=(16, 32, 32), ofm=(16, 16, 16), kernel=(5, 5), stride=(2, 2), pad=(2, 2, 2, 2)
)
NORM = Layer(name="bn", kind=LayerKind.BN, ifm=(16, 32, 32), ofm=(16, 32, 32))
MEAN = Layer(name="mean", kind=LayerKind.GAVGPOOL, ifm=(38, 2, 2), ofm=(38, 1, 1))
# Specification 16: sizes, then E and L of fd (n > 0), cp and bd, then Epc_max, Epc_min, L_rc_tot, Le2e, E_cont, L_cont.
WORKED = [
    (
        STEM,
        ExecutionDesign(tr=8, tc=8, tm=8),
        (10, 96, 32, 1368),
        (9.349408149194355e-05, 0.001944902191583751, 3.279076586561114e-05),
        (0.014216000000000001, 0.3411500625, 0.005016),
        (0.002149698352611122, 0.0021183924852217423, 91.26343102299376, 130.99315102299374),
        (0.19582859246898493, 34.128966),
    ),
    (
        DEPTHWISE,
        ExecutionDesign(tr=8, tc=8, tm=2),
        (19, 32, 4, 1800),
        (0.00014532196255693638, 0.0007893825641025649, 2.3626073049887527e-05),
        (0.021964, 0.1254, 0.00348),
        (0.0010368419133792053, 0.0010368419133792053, 14.921654909528176, 21.511644909528176),
        (0.030666579190700444, 4.827008000000001),
    ),
    (
        NORM,
        ExecutionDesign(tr=4, tc=12, tm=16, order=Order.WEIGHT),
        (4, 24, 24, 1664),
        (3.58528461140746e-05, 7.694765292307705e-05, 3.739214998416274e-05),
        (0.00568175, 0.012095999999999999, 0.005838000000000001),
        (0.00022870396269113094, 0.00022870396269113094, 2.4909142720386726, 4.379928772038673),
        (0.0035328571017416736, 0.5692917500000001),
    ),
    (
        MEAN,
        ExecutionDesign(tr=2, tc=2, tm=38),
        (2, 1, 1, 380),
        (6.060288100852466e-06, 1.2403161025641048e-05, 1.228347342878582e-06),
        (0.0009806250000000002, 0.002641, 0.000198375),
        (9.820311013918862e-05, 9.820311013918862e-05, 0.04463147260061964, 0.10354466010061963),
        (1.9691796469372096e-05, 0.0038200000000000005),
    ),
]


@pytest.mark.parametrize("example", WORKED, ids=lambda example: example[0].name)
def test_worked_examples_of_the_specification(example: tuple) -> None:
    layer, design, sizes, energy, time, totals, continuous = example
    cost = evaluate_design(layer, design, TINAS)
    assert (cost.input_rows, cost.cycles.total, cost.cycles.first, cost.vm_bytes) == sizes
    for got, want in ((cost.energy, energy), (cost.time, time)):
        assert (got.fetch_later, got.compute, got.write_back) == pytest.approx(want, rel=1e-12)
    assert cost.energy.index_read == pytest.approx(3.1317501322509034e-07, rel=1e-12)
    assert cost.time.index_write == pytest.approx(4.63125e-05, rel=1e-12)
    got_totals = (cost.energy.later, cost.energy.first, cost.recharge_s, cost.latency_s)
    assert got_totals == pytest.approx(totals, rel=1e-12)
    assert (cost.continuous_energy.total, cost.continuous_time.total) == pytest.approx(continuous, rel=1e-12)
    assert cost.reason == "OK"


@settings(deadline=None, max_examples=60)
@given(
    order=st.sampled_from(Order),
    tr=st.sampled_from([1, 2, 4, 6, 8, 16, 32]),
    tc=st.sampled_from([1, 2, 4, 6, 8, 16, 32]),
    tm=st.sampled_from([1, 2, 4, 8, 16]),
    s=st.sampled_from([1, 2, 4]),
)
def test_agrees_with_a_plain_implementation_feasible_or_not(order: Order, tr: int, tc: int, tm: int, s: int) -> None:
    layer = msgspec.structs.replace(STEM, ifm=(12, 32, 32))
    s = s if plain.Shape(layer, ExecutionDesign(tr=tr, tc=tc, tm=tm, order=order)).nm % s == 0 else 1
    s = s if order is Order.INPUT else 1
    design = ExecutionDesign(tr=tr, tc=tc, tm=tm, tn=4, order=order, s=s)
    bench = bench_settings(TINAS)
    want, got = plain.evaluate(layer, design, TINAS, bench), evaluate_design(layer, design, TINAS, bench)
    assert (got.vm_bytes, got.reason) == (want.vm_bytes, want.reason)
    assert got.active_j == pytest.approx(want.active_j, rel=1e-12)
    assert got.latency_s == pytest.approx(want.latency_s, rel=1e-11, nan_ok=True)


def test_continuous_power_always_costs_a_batch_of_one() -> None:
    """Quirk Q25."""
    one = ExecutionDesign(tr=8, tc=8, tm=2, order=Order.INPUT)
    batched = msgspec.structs.replace(one, s=4)
    costs = [evaluate_design(STEM, design, TINAS) for design in (one, batched)]
    assert costs[0].continuous_time == costs[1].continuous_time
    assert costs[1].cycles.total == costs[0].cycles.total / 4


def test_depthwise_split_of_cycles_can_go_negative_without_touching_latency() -> None:
    """Quirk Q9: with S above nm there are fewer cycles than spatial tiles."""
    design = ExecutionDesign(tr=8, tc=8, tm=8, s=16)
    platform = msgspec.structs.replace(TINAS, memory=msgspec.structs.replace(TINAS.memory, vm_bytes=1 << 20))
    cost = evaluate_design(DEPTHWISE, design, platform, bench_settings(TINAS, 1.0, 2800.0))
    assert cost.cycles.total - cost.cycles.first < 0
    each = cost.time.first + cost.recharge_first_s
    assert cost.latency_s == pytest.approx(cost.cycles.total * each, rel=1e-12)


def test_reasons_come_in_order_of_the_constraints() -> None:
    """Specification 10: VM first, then the energy budget."""
    weak = msgspec.structs.replace(bench_settings(TINAS), capacitance=1e-6)
    large = ExecutionDesign(tr=32, tc=32, tm=16)
    assert evaluate_design(STEM, large, TINAS, weak).reason == "FAILED_C0"
    small = evaluate_design(STEM, ExecutionDesign(tr=1, tc=1, tm=1), TINAS, weak)
    assert small.reason == "FAILED_C1"
    assert small.budget_use > 100
    assert math.isnan(small.latency_s)


def test_a_cycle_of_exactly_the_budget_has_no_recharge_time() -> None:
    """Quirk Q14."""
    bench, refused = bench_settings(TINAS), 0
    for tile in (2, 4, 6, 8, 10, 12):
        design = ExecutionDesign(tr=tile, tc=2, tm=8)
        needed = evaluate_design(STEM, design, TINAS).energy.later
        exact = msgspec.structs.replace(bench, margin=needed / bench.swing_j)
        if exact.budget_j == needed:  # where the division rounds the right way
            with pytest.raises(InputError, match="exactly the energy budget"):
                evaluate_design(STEM, design, TINAS, exact)
            refused += 1
    assert refused > 0


def test_an_illegal_design_is_refused_with_the_layer_named() -> None:
    with pytest.raises(InputError, match=r"'stem': tr=5 is not legal"):
        evaluate_design(STEM, ExecutionDesign(tr=5, tc=8, tm=8), TINAS)


def test_pool_has_costs_though_it_is_never_explored() -> None:
    pool = Layer(name="p", kind=LayerKind.POOL, ifm=(4, 8, 8), ofm=(4, 4, 4), kernel=(2, 2), stride=(2, 2))
    cost = evaluate_design(pool, ExecutionDesign(tr=2, tc=2, tm=4), TINAS)
    assert cost.input_rows == 4
    assert cost.buffers.input == 16  # without the factor Tm (quirk Q13)


@settings(deadline=None)
@given(
    n=st.integers(1, 20),
    m=st.integers(1, 20),
    size=st.integers(2, 20),
    kind=st.sampled_from(["CONV", "DW", "BN", "ADD"]),
)
def test_operation_counts_and_weights_are_those_of_the_layer(n: int, m: int, size: int, kind: str) -> None:
    m = m if kind == "CONV" else n
    layer = Layer(name="x", kind=LayerKind(kind), ifm=(n, size, size), ofm=(m, size, size))
    g = geometry(layer)
    assert tuple(layer_operations(g)) == (layer.flops, layer.macs)
    assert weight_elements(g) == layer.weights
    assert feature_elements(g) == (3 if kind == "ADD" else 2) * max(n, m) * size * size


def test_tiles_that_divide_the_layer_do_its_multiply_accumulates_once() -> None:
    g = geometry(STEM)
    for tr, tm, tn in ((8, 8, 1), (32, 16, 3), (1, 1, 1)):
        assert tile_operations(g, DesignCodes(tr, tr, tm, tn, 2, 1)).macs == STEM.macs
