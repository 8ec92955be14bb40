"""Consistent mode in closed form: whole-layer sums and cold batches against the loop nest written out."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schedule_reference import Layers, RefBatch, ReferenceNest
from schedule_strategies import layers

from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.tiling.consistent.axis import worst_spans
from simint.tiling.consistent.explorer import layer_costs, plan_layer
from simint.tiling.consistent.layer_cost import unpreserved
from simint.tiling.design import ExecutionDesign, Order
from simint.tiling.geometry import DesignCodes, Trips, design_of, geometry, trips
from simint.tiling.legality import RULES_CONSISTENT, batch_is_spatial, batch_loop, design_space
from simint.tiling.loop_nest.axes import Span
from simint.tiling.loop_nest.build import build_schedule
from simint.tiling.schedule import Cost, totals
from simint.tiling.unit_costs import unit_costs

PLATFORM = load_platform("msp430fr5994")
COSTS = unit_costs(PLATFORM)
OFTEN = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PHASES = ("opening", "fetch", "compute", "write_back", "preserve")


@st.composite
def legal_designs(draw: st.DrawFn, layer: Layer) -> ExecutionDesign:
    """A design the explorer of the consistent mode searches."""
    g = geometry(layer)
    space = design_space(g, RULES_CONSISTENT)
    tr, tc, tm, tn, order = (draw(st.sampled_from(sizes.tolist())) for sizes in space)
    d = DesignCodes(tr, tc, tm, tn, order, 1)
    loop = batch_loop(g.op, order, Trips(*trips(g, d)), RULES_CONSISTENT)
    return design_of(d._replace(s=draw(st.sampled_from([s for s in range(1, loop + 1) if loop % s == 0]))))


def cold_j(batch: RefBatch) -> float:
    """From turn-on to commit."""
    parts = (batch.opening, batch.reload, batch.fetch, batch.compute, batch.write_back, batch.preserve)
    energy = COSTS.energy
    return energy.boot + energy.index_read + sum(part.energy_j for part in parts) + energy.index_write


def stays_on_one_patch(layer: Layer, design: ExecutionDesign) -> bool:
    if layer.kind is LayerKind.GAVGPOOL:
        return False
    spatial = batch_is_spatial(geometry(layer).op, "IWO".index(design.order), RULES_CONSISTENT)
    return design.s == 1 or not spatial


@OFTEN
@given(st.data())
def test_layer_sums_are_those_of_the_schedule(data: st.DataObject) -> None:
    layer = data.draw(layers())
    design = data.draw(legal_designs(layer))
    schedule = build_schedule(Layers((layer,)), [design], PLATFORM)
    expected = totals(schedule)
    energy, time = layer_costs(layer, design, PLATFORM)
    for phase in PHASES:
        cost: Cost = getattr(expected, phase)
        assert getattr(energy, phase) == pytest.approx(cost.energy_j, rel=1e-12, abs=0.0), phase
        assert getattr(time, phase) == pytest.approx(cost.time_s, rel=1e-12, abs=0.0), phase
    assert energy.index_write == pytest.approx(expected.batches * schedule.index_write.energy_j, rel=1e-12)
    plan = plan_layer(layer, design, PLATFORM)
    assert (plan.batches, plan.tiles, plan.vm_bytes) == (expected.batches, expected.tiles, schedule.vm_bytes)
    assert plan.continuous_s == pytest.approx(expected.continuous.time_s, rel=1e-12)
    with_index_s = expected.with_preservation.time_s + expected.batches * schedule.index_write.time_s
    assert plan.continuous_s + plan.overhead_s == pytest.approx(with_index_s, rel=1e-12)


@OFTEN
@given(st.data())
def test_no_batch_of_the_loop_nest_is_dearer_than_the_dearest_cold_batch(data: st.DataObject) -> None:
    layer = data.draw(layers())
    design = data.draw(legal_designs(layer))
    dearest = max(map(cold_j, ReferenceNest(layer, design, COSTS).batches()))
    bound = plan_layer(layer, design, PLATFORM).cold_batch_j
    assert bound >= dearest * (1 - 1e-12)
    if stays_on_one_patch(layer, design):
        assert bound == pytest.approx(dearest, rel=1e-12)


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=6))
def test_worst_spans_cover_all_others(numbers: list[tuple[int, ...]]) -> None:
    spans = [Span(outputs, inputs, covered + more, covered) for outputs, inputs, more, covered in numbers]
    worst = worst_spans(tuple((span, 1) for span in spans))

    def size(span: Span) -> tuple[int, ...]:
        return span.outputs, span.inputs, span.taps - span.covered, span.covered

    for span in spans:
        assert any(all(a >= b for a, b in zip(size(other), size(span), strict=True)) for other in worst)
    assert len(set(worst)) == len(worst)


# A strided grouped convolution with asymmetric padding and bias, a padded depthwise one, and one without a window:
# energy in J with preservation and index, time in s without. Computed by the per-tile loop nest of schedule_reference.
GOLDEN = [
    (
        Layer(
            name="conv",
            kind=LayerKind.CONV,
            ifm=(12, 17, 9),
            ofm=(8, 8, 10),
            kernel=(3, 2),
            stride=(2, 1),
            pad=(0, 1, 1, 1),
            groups=2,
            bias=True,
        ),
        ExecutionDesign(tr=3, tc=5, tm=2, tn=3, order=Order.OUTPUT, s=1),
        0.004015392212279186,
        0.6572449999999993,
    ),
    (
        Layer(
            name="dw", kind=LayerKind.DW, ifm=(16, 32, 32), ofm=(16, 16, 16), kernel=(5, 5), stride=(2, 2), pad=(2,) * 4
        ),
        ExecutionDesign(tr=8, tc=4, tm=4, order=Order.WEIGHT, s=2),
        0.026536705810497236,
        4.2140122500000015,
    ),
    (
        Layer(name="pool", kind=LayerKind.GAVGPOOL, ifm=(38, 7, 5), ofm=(38, 1, 1)),
        ExecutionDesign(tr=3, tc=5, tm=19, order=Order.OUTPUT, s=1),
        0.00011475169190643105,
        0.0187615,
    ),
]


@pytest.mark.parametrize(
    ("layer", "design", "energy_j", "time_s"), GOLDEN, ids=lambda value: getattr(value, "name", "")
)
def test_golden_layers(layer: Layer, design: ExecutionDesign, energy_j: float, time_s: float) -> None:
    batches = list(ReferenceNest(layer, design, COSTS).batches())
    parts = [getattr(batch, phase) for batch in batches for phase in PHASES]
    unpreserved_parts = [getattr(batch, phase) for batch in batches for phase in PHASES[:-1]]
    assert sum(part.energy_j for part in parts) + len(batches) * COSTS.energy.index_write == pytest.approx(
        energy_j, rel=1e-12
    )
    assert sum(part.time_s for part in unpreserved_parts) == pytest.approx(time_s, rel=1e-12)
    assert plan_layer(layer, design, PLATFORM).energy_j == pytest.approx(energy_j, rel=1e-12)
    assert unpreserved(layer_costs(layer, design, PLATFORM)[1]) == pytest.approx(time_s, rel=1e-12)
