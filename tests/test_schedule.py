"""What a schedule must conserve, whatever the tiles: work, words, order of execution; and how compact it stays."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_reference import CONVOLUTIONS, Layers
from schedule_strategies import designs, layers

from simint.errors import InputError
from simint.hardware.platform import Affine, Platform, UnitCosts
from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.tiling.design import ExecutionDesign, Order
from simint.tiling.loop_nest.build import build_schedule
from simint.tiling.loop_nest.program import repeat, two_level
from simint.tiling.schedule import ZERO, Loop, ScheduleTotals, iterate_batches, totals
from simint.tiling.unit_costs import unit_costs

PLATFORM = load_platform("msp430fr5994")
FREE = Affine(per_element=0.0, fixed=0.0)
UNIT = Affine(per_element=1.0, fixed=0.0)
NOTHING = UnitCosts(read=FREE, write=FREE, mac=FREE, add=0.0, mul=0.0, div=0.0, compare=0.0)


def counting(**unit: Affine | float) -> Platform:
    """A platform whose energy counts one thing: words read, words written, products or operations."""
    return msgspec.structs.replace(PLATFORM, energy=msgspec.structs.replace(NOTHING, **unit))


WORDS_READ, WORDS_WRITTEN, PRODUCTS = counting(read=UNIT), counting(write=UNIT), counting(mac=UNIT)


def schedule_totals(layer: Layer, design: ExecutionDesign, platform: Platform = PLATFORM) -> ScheduleTotals:
    return totals(build_schedule(Layers((layer,)), [design], platform))


def valid_products(layer: Layer) -> int:
    """Multiply-accumulates whose input lies inside the map, counted output by output."""
    (n, h, w), (m, r, c), (kh, kw), (sh, sw) = layer.ifm, layer.ofm, layer.kernel, layer.stride
    rows = sum(0 <= y * sh - layer.pad[0] + i < h for y in range(r) for i in range(kh))
    cols = sum(0 <= x * sw - layer.pad[2] + j < w for x in range(c) for j in range(kw))
    return rows * cols * m * (n // layer.groups)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_convolution_executes_every_product_inside_the_map_once(data: st.DataObject) -> None:
    layer = data.draw(layers(CONVOLUTIONS))
    total = schedule_totals(layer, data.draw(designs(layer)), PRODUCTS)
    assert total.compute.energy_j == valid_products(layer)
    if not any(layer.pad):
        assert total.compute.energy_j == layer.macs


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_output_leaves_volatile_memory_once_unless_a_partial_sum_must(data: st.DataObject) -> None:
    """In orders I and W a convolution's partial sums do not stay in memory: one write and one read per further n."""
    layer = data.draw(layers())
    design = data.draw(designs(layer))
    total = schedule_totals(layer, design, WORDS_WRITTEN)
    passes = 1
    if layer.kind in CONVOLUTIONS and design.order is not Order.OUTPUT:
        passes = math.ceil(layer.ifm[0] // layer.groups / design.tn)
    assert total.write_back.energy_j == math.prod(layer.ofm) * passes


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_operators_without_overlapping_windows_read_every_element_once(data: st.DataObject) -> None:
    layer = data.draw(layers((LayerKind.BN, LayerKind.RELU, LayerKind.ADD, LayerKind.GAVGPOOL)))
    total = schedule_totals(layer, data.draw(designs(layer)), WORDS_READ)
    operands = 2 if layer.kind is LayerKind.ADD else 1
    assert total.fetch.energy_j == operands * math.prod(layer.ifm)
    assert total.opening.energy_j == layer.weights


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_stationary_weights_are_read_once(data: st.DataObject) -> None:
    layer = data.draw(layers((*CONVOLUTIONS, LayerKind.DW)))
    design = msgspec.structs.replace(data.draw(designs(layer)), order=Order.WEIGHT, s=1)
    assert schedule_totals(layer, design, WORDS_READ).opening.energy_j == layer.weights


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_longer_batches_never_change_the_work_nor_raise_its_cost(data: st.DataObject) -> None:
    """S says when progress is preserved: tiles, loads and computation stay, reloads and extra writes only shrink."""
    layer = data.draw(layers())
    design = data.draw(designs(layer))
    single = schedule_totals(layer, msgspec.structs.replace(design, s=1))
    batched = schedule_totals(layer, design)
    assert batched.tiles == single.tiles == batched.batches * design.s
    for phase in ("opening", "fetch", "compute"):
        assert getattr(batched, phase).energy_j == pytest.approx(getattr(single, phase).energy_j, rel=1e-12)
    for phase in ("write_back", "preserve", "reload"):
        assert getattr(batched, phase).energy_j <= getattr(single, phase).energy_j * (1 + 1e-12)
    loads = ("input_loads", "weight_loads", "partial_loads")
    assert [getattr(batched.traffic, name) for name in loads] == [getattr(single.traffic, name) for name in loads]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_program_and_totals_describe_the_same_batches(data: st.DataObject) -> None:
    layer = data.draw(layers())
    schedule = build_schedule(Layers((layer,)), [data.draw(designs(layer))], PLATFORM)
    total, cost, batches = totals(schedule), ZERO, 0
    for batch in iterate_batches(schedule.layers[0]):
        batches += 1
        cost += batch.opening + batch.write_back + batch.preserve
        for run in batch.tiles:
            cost += (run.fetch + run.compute) * run.count
    assert batches == total.batches
    assert (cost.energy_j, cost.time_s) == pytest.approx(
        (total.with_preservation.energy_j, total.with_preservation.time_s), rel=1e-12
    )


CONV32 = Layer(name="big", kind=LayerKind.CONV, ifm=(16, 32, 32), ofm=(16, 32, 32), kernel=(3, 3), pad=(1, 1, 1, 1))
DW384 = Layer(name="deep", kind=LayerKind.DW, ifm=(384, 32, 32), ofm=(384, 32, 32), kernel=(7, 7), pad=(3, 3, 3, 3))
PW384 = Layer(name="point", kind=LayerKind.CONV, ifm=(384, 32, 32), ofm=(384, 32, 32))


@pytest.mark.parametrize("layer", [CONV32, DW384, PW384], ids=lambda layer: layer.name)
@pytest.mark.parametrize("order", list(Order))
def test_tiles_of_one_element_stay_a_few_numbers(layer: Layer, order: Order) -> None:
    """The worst case of a run-length code: up to 150 million tiles."""
    built = build_schedule(Layers((layer,)), [ExecutionDesign(tr=1, tc=1, tm=1, tn=1, order=order)], PLATFORM).layers[0]
    m, r, c = layer.ofm
    assert totals(built).tiles == m * r * c * (layer.ifm[0] if layer.kind is LayerKind.CONV else 1)
    assert len(built.batches) <= 300
    assert len(built.program) <= 4000
    assert len(set(built.program)) <= 100


@st.composite
def nested(draw: st.DrawFn, depth: int = 3) -> object:
    if depth == 0:
        return draw(st.integers(0, 2))
    entries = draw(st.lists(st.tuples(nested(depth - 1), st.integers(1, 4)), min_size=1, max_size=3))
    return repeat(tuple(entries), lambda what: what)


@given(nested())
def test_two_level_loops_run_the_same_sequence(sequence: object) -> None:
    def written_out(what: object) -> list[int]:
        if isinstance(what, int):
            return [what]
        return [index for entry, count in what for _ in range(count) for index in written_out(entry)]

    loops: tuple[Loop, ...] = two_level(sequence)
    run = [index for loop in loops for _ in range(loop.count) for index, n in loop.body for _ in range(n)]
    assert run == written_out(sequence)


def test_equal_layers_share_their_loops_and_keep_their_number() -> None:
    relu = Layer(name="a", kind=LayerKind.RELU, ifm=(8, 4, 4), ofm=(8, 4, 4))
    other = msgspec.structs.replace(relu, name="b")
    design = ExecutionDesign(tr=2, tc=2, tm=4)
    schedule = build_schedule(Layers((relu, other)), [design, design], PLATFORM)
    first, second = schedule.layers
    assert [first.name, second.name] == ["a", "b"]
    assert {batch.layer for batch in first.batches} == {0}
    assert {batch.layer for batch in second.batches} == {1}
    assert second.program == first.program
    half = totals(first)
    assert totals(schedule).continuous.energy_j == pytest.approx(2 * half.continuous.energy_j, rel=1e-15)


def test_boot_and_progress_record_cost_what_the_platform_says() -> None:
    relu = Layer(name="a", kind=LayerKind.RELU, ifm=(2, 2, 2), ofm=(2, 2, 2))
    schedule = build_schedule(Layers((relu,)), [ExecutionDesign(tr=2, tc=2, tm=2)], PLATFORM)
    costs = unit_costs(PLATFORM)
    assert (schedule.boot.energy_j, schedule.boot.time_s) == (PLATFORM.boot_energy, PLATFORM.boot_time)
    assert (schedule.index_read.energy_j, schedule.index_read.time_s) == (
        costs.energy.index_read,
        costs.time.index_read,
    )
    assert schedule.index_write.energy_j == costs.energy.index_write
    assert schedule.vm_bytes == 2 * 2 * 2 * PLATFORM.memory.element_bytes


CONV = Layer(name="stem", kind=LayerKind.CONV, ifm=(6, 8, 8), ofm=(8, 8, 8), kernel=(3, 3), pad=(1, 1, 1, 1))
BN = Layer(name="norm", kind=LayerKind.BN, ifm=(6, 8, 8), ofm=(6, 8, 8))


@pytest.mark.parametrize(
    ("layer", "design", "message"),
    [
        (CONV, ExecutionDesign(tr=4, tc=4, tm=2, tn=1, s=4), r"'stem'.*s=4.*6 tiles.*legal: 1, 2, 3, 6"),
        (CONV, ExecutionDesign(tr=4, tc=4, tm=2, order=Order.INPUT, s=3), r"'stem'.*s=3.*legal: 1, 2, 4"),
        (CONV, ExecutionDesign(tr=4, tc=4, tm=2, order=Order.WEIGHT, s=8), r"'stem'.*s=8.*legal: 1, 2, 4"),
        (BN, ExecutionDesign(tr=4, tc=4, tm=2, order=Order.OUTPUT), r"'norm'.*order O.*allowed: W"),
        (BN, ExecutionDesign(tr=4, tc=4, tm=2, tn=2, order=Order.WEIGHT), r"'norm'.*tn must be 1, not 2"),
    ],
)
def test_a_design_that_does_not_fit_its_layer_is_refused(layer: Layer, design: ExecutionDesign, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_schedule(Layers((layer,)), [design], PLATFORM)


def test_one_design_per_layer_is_needed() -> None:
    with pytest.raises(InputError, match="1 execution designs for the 2 layers"):
        build_schedule(Layers((BN, BN)), [ExecutionDesign(tr=4, tc=4, tm=2, order=Order.WEIGHT)], PLATFORM)


def test_the_published_mode_refuses_layers_it_does_not_model() -> None:
    flat = Layer(name="flat", kind=LayerKind.CONV, ifm=(6, 8, 4), ofm=(6, 8, 4))
    with pytest.raises(InputError, match=r"'flat'.*square"):
        build_schedule(Layers((flat,)), [ExecutionDesign(tr=4, tc=4, tm=2)], load_platform("msp430fr5994-tinas2024"))
