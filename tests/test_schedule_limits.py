"""Limits (a) and (b) of specification 14: the summed loop nest is the published closed form, but for listed cases."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from schedule_reference import Layers

from simint.errors import InputError
from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.tiling import formulas
from simint.tiling.design import ExecutionDesign, Order
from simint.tiling.geometry import DW, ORDER_O
from simint.tiling.loop_nest import build_schedule
from simint.tiling.schedule import Traffic, totals
from simint.tiling.unit_costs import CostVector, unit_costs

PLATFORMS = {name: load_platform(f"msp430fr5994-{name}") for name in ("inas2021", "tinas2024")}
COSTS = {name: unit_costs(platform) for name, platform in PLATFORMS.items()}
TOLERANCE = 1e-12
ELEMENTWISE = (LayerKind.BN, LayerKind.RELU, LayerKind.ADD)


@dataclass(frozen=True)
class GoldenRow:
    """One row of the golden table as nouns, with its trip counts."""

    values: dict[str, str]
    layer: Layer
    design: ExecutionDesign

    def number(self, column: str) -> float:
        return float(self.values[column])

    @property
    def single(self) -> ExecutionDesign:
        d = self.design
        return ExecutionDesign(tr=d.tr, tc=d.tc, tm=d.tm, tn=d.tn, order=d.order)

    @property
    def trips(self) -> tuple[int, int, int]:
        """Spatial tiles, nm and nn."""
        d = self.design
        n, h, w = self.layer.ifm
        m, r, c = self.layer.ofm
        rows, cols = (h, w) if self.layer.kind is LayerKind.GAVGPOOL else (r, c)
        return -(-rows // d.tr) * -(-cols // d.tc), -(-m // d.tm), -(-n // d.tn)


def golden_row(values: dict[str, str]) -> GoldenRow:
    def size(column: str) -> int:
        return int(values[column] or 0)

    op = values["op"]
    kind = LayerKind.DW if op.startswith("DW") else LayerKind.CONV if op[-2:] in ("1D", "2D") else LayerKind(op)
    window: dict[str, object] = {}
    if kind in (LayerKind.CONV, LayerKind.DW, LayerKind.POOL):
        pad, stride, flat = size("pad"), size("stride"), size("W") == size("C") == 1
        window = {
            "stride": (stride, 1 if flat else stride),
            "pad": (pad, pad, 0, 0) if flat else (pad, pad, pad, pad),
        }
    if window or kind is LayerKind.FC:
        window["kernel"] = (size("Kh"), size("Kw"))
    layer = Layer(
        name=values["id"],
        kind=kind,
        ifm=(size("N"), size("H"), size("W")),
        ofm=(size("M"), size("R"), size("C")),
        **window,
    )
    order = Order(values["reuse"])
    design = ExecutionDesign(tr=size("Tr"), tc=size("Tc"), tm=size("Tm"), tn=size("Tn"), order=order, s=size("S"))
    return GoldenRow(values, layer, design)


@pytest.fixture(scope="module")
def rows(shared: Path) -> list[GoldenRow]:
    with gzip.open(shared / "spec/golden/designs_public.csv.gz", "rt", newline="") as file:
        return [golden_row(values) for values in csv.DictReader(file)]


EVERY = [pytest.param(7, id="every seventh"), pytest.param(1, id="all", marks=pytest.mark.slow)]


@pytest.mark.parametrize("step", EVERY)
def test_power_never_fails_gives_the_continuous_totals(rows: list[GoldenRow], step: int) -> None:
    """Limit (a): energy, time and the numbers of loads and write-backs of specification 9, S = 1."""
    seen = Counter()
    for row in rows[::step]:
        total = totals(build_schedule(Layers((row.layer,)), [row.single], PLATFORMS[row.values["model"]]))
        costs = COSTS[row.values["model"]]
        found = total.with_preservation
        energy = row.number("cont_E") + continuous_deviation(row, costs.energy)
        time = row.number("cont_L") + continuous_deviation(row, costs.time)
        assert (found.energy_j, found.time_s) == pytest.approx((energy, time), rel=TOLERANCE), row.values
        assert total.traffic == continuous_traffic(row), row.values
        spatial, nm, _ = row.trips
        unpreserved = total.traffic.write_backs - total.preserved_batches
        if row.layer.kind is LayerKind.GAVGPOOL:
            assert unpreserved == nm
        elif row.layer.kind in (LayerKind.CONV, LayerKind.FC) and row.design.order is Order.OUTPUT:
            assert unpreserved == spatial * nm
        else:
            assert total.preserved_batches == 0
        seen[row.layer.kind] += 1
    assert set(seen) == set(LayerKind)


@pytest.mark.parametrize("step", EVERY)
def test_power_failing_after_every_batch_gives_the_intermittent_totals(rows: list[GoldenRow], step: int) -> None:
    """Limit (b): npc cycles, npc_0 * min + npc_1 * max in energy and time, every legal S."""
    seen = Counter()
    for row in rows[::step]:
        model, kind, s = row.values["model"], row.layer.kind, row.design.s
        spatial, nm, _ = row.trips
        if s > 1 and kind is LayerKind.DW and row.design.order is Order.OUTPUT and nm % s:
            continue  # S straddles the positions (quirk Q9)
        if s > 1 and kind in (LayerKind.BN, LayerKind.GAVGPOOL) and spatial % s:
            continue  # S runs over channels (quirk Q11)
        schedule = build_schedule(Layers((row.layer,)), [row.design], PLATFORMS[model])
        total = totals(schedule)
        each = schedule.boot + schedule.index_read + schedule.index_write
        found = total.with_preservation + total.reload + each * total.batches
        cycles = row.number("npc_n0"), row.number("npc_ngt0")
        expected = [
            cycles[0] * row.number(f"{q}pc_min")
            + cycles[1] * row.number(f"{q}pc_max")
            + intermittent_deviation(row, c, q)
            for q, c in (("E", COSTS[model].energy), ("L", COSTS[model].time))
        ]
        assert total.batches == row.number("npc"), row.values
        assert (found.energy_j, found.time_s) == pytest.approx(tuple(expected), rel=TOLERANCE), row.values
        if kind in (LayerKind.CONV, LayerKind.FC):
            if row.design.order is Order.OUTPUT:
                assert total.reload_traffic.partial_loads == cycles[1], row.values
            else:
                assert total.traffic.partial_loads == cycles[1] * s, row.values
        assert schedule.vm_bytes == 2 * sum(int(row.values[b]) for b in ("B_in", "B_w", "B_out"))
        seen[kind, s > 1] += 1
    assert {kind for kind, _ in seen} == set(LayerKind)
    assert {kind for kind, several in seen if several} >= set(LayerKind) - {LayerKind.GAVGPOOL}


def continuous_traffic(row: GoldenRow) -> Traffic:
    """The multipliers of specification 9, with the loop nest's readings of 14.2."""
    spatial, nm, nn = row.trips
    kind, order = row.layer.kind, row.design.order
    tiles = int(row.values["num_tiles"])
    if kind in (LayerKind.CONV, LayerKind.FC):
        partial = 0 if order is Order.OUTPUT else tiles - spatial * nm
        inputs = spatial * nn if order is Order.INPUT else tiles
        return Traffic(inputs, nm * nn if order is Order.WEIGHT else tiles, partial, tiles, tiles)
    weights = 0
    if kind in (LayerKind.DW, LayerKind.BN):
        weights = nm if order is Order.WEIGHT else tiles
    return Traffic(tiles, weights, 0, tiles, tiles)


def continuous_deviation(row: GoldenRow, costs: CostVector) -> float:
    """Loop nest minus closed form, limit (a) (specification 14.2)."""
    d, kind = row.design, row.layer.kind
    spatial, nm, nn = row.trips
    tiles = spatial * nm
    if kind is LayerKind.DW and d.order is Order.INPUT:
        positions = int(row.values["Tri"]) * int(row.values["Tci"])
        return (spatial * nm - spatial * nn) * formulas.fetch_input(costs, positions, d.tm)
    if kind is LayerKind.GAVGPOOL:
        return -tiles * formulas.fetch_partial(costs, ORDER_O, 1, d.tm)
    if kind is LayerKind.POOL:
        more = formulas.write_back(costs, ORDER_O, d.tr * d.tc - 1, d.tm)
        return tiles * (more - formulas.fetch_partial(costs, ORDER_O, 1, d.tm))
    return 0.0


def intermittent_deviation(row: GoldenRow, costs: CostVector, quantity: str) -> float:
    """Loop nest minus closed form, limit (b) (specification 14.3)."""
    d, kind = row.design, row.layer.kind
    spatial, nm, _ = row.trips
    cycles, written = row.number("npc"), row.number(f"{quantity}_bd")
    partial = formulas.fetch_partial(costs, ORDER_O, 1, d.tm)
    if kind is LayerKind.DW and d.order is Order.OUTPUT:
        kh, kw = row.layer.kernel
        weights = formulas.fetch_weight(costs, *formulas.weight_blocks(DW, kh, kw, d.tm, 1, False))
        return cycles * (d.s - 1) * (weights + written)
    if kind is LayerKind.GAVGPOOL:
        return -nm * partial
    if kind is LayerKind.POOL:
        return cycles * ((d.s * d.tr * d.tc - 1) * written - partial)
    deviation = cycles * (d.s - 1) * written if kind in ELEMENTWISE else 0.0
    if kind is LayerKind.BN:
        elements = d.tr * d.tc * d.tm
        third_addition = formulas.compute_bn_continuous(costs, elements) - formulas.compute_bn(costs, elements)
        deviation += spatial * nm * third_addition
    return deviation


def test_a_batch_that_straddles_an_outer_loop_is_refused_with_the_legal_ones(rows: list[GoldenRow]) -> None:
    for row in rows:
        spatial = row.trips[0]
        if row.layer.kind is LayerKind.BN and spatial % row.design.s:
            with pytest.raises(InputError, match=rf"s={row.design.s} .*legal: 1"):
                build_schedule(Layers((row.layer,)), [row.design], PLATFORMS[row.values["model"]])
            return
    pytest.fail("no such golden design")
