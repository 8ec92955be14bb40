"""What the published closed forms say of a golden design, and where the loop nest differs (specification 14)."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.tiling import formulas
from simint.tiling.design import ExecutionDesign, Order
from simint.tiling.geometry import DW, ORDER_O
from simint.tiling.schedule import Traffic
from simint.tiling.unit_costs import CostVector, unit_costs

PLATFORMS = {name: load_platform(f"msp430fr5994-{name}") for name in ("inas2021", "tinas2024")}
COSTS = {name: unit_costs(platform) for name, platform in PLATFORMS.items()}
CONVOLUTIONS = (LayerKind.CONV, LayerKind.FC)
ELEMENTWISE = (LayerKind.BN, LayerKind.RELU, LayerKind.ADD)


@dataclass(frozen=True)
class GoldenRow:
    """One row of a golden table as nouns, with its trip counts."""

    values: dict[str, Any]
    layer: Layer
    design: ExecutionDesign

    def number(self, column: str) -> float:
        return float(self.values[column])

    @property
    def model(self) -> str:
        return str(self.values["model"])

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

    @property
    def straddles(self) -> bool:
        """Its batches straddle an outer loop (quirks Q9 and Q11), which a loop nest cannot execute."""
        spatial, nm, _ = self.trips
        kind, s = self.layer.kind, self.design.s
        if kind is LayerKind.DW and self.design.order is Order.OUTPUT:
            return nm % s != 0
        return kind in (LayerKind.BN, LayerKind.GAVGPOOL) and spatial % s != 0


def golden_row(values: dict[str, str]) -> GoldenRow:
    def size(column: str) -> int:
        return int(values[column] or 0)

    op = values["op"]
    kind = LayerKind.DW if op.startswith("DW") else LayerKind.CONV if op[-2:] in ("1D", "2D") else LayerKind(op)
    window: dict[str, Any] = {}
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


def read_golden_rows(shared: Path) -> list[GoldenRow]:
    """The 19,929 golden designs."""
    with gzip.open(shared / "spec/golden/designs_public.csv.gz", "rt", newline="") as file:
        return [golden_row(values) for values in csv.DictReader(file)]


def continuous_traffic(row: GoldenRow) -> Traffic:
    """The multipliers of specification 9, with the loop nest's readings of 14.2."""
    spatial, nm, nn = row.trips
    kind, order = row.layer.kind, row.design.order
    tiles = int(row.values["num_tiles"])
    if kind in CONVOLUTIONS:
        partial = 0 if order is Order.OUTPUT else tiles - spatial * nm
        inputs = spatial * nn if order is Order.INPUT else tiles
        return Traffic(inputs, nm * nn if order is Order.WEIGHT else tiles, partial, tiles, tiles)
    weights = 0
    if kind in (LayerKind.DW, LayerKind.BN):
        weights = nm if order is Order.WEIGHT else tiles
    return Traffic(tiles, weights, 0, tiles, tiles)


def unpreserved_write_backs(row: GoldenRow) -> int:
    """Output tiles that leave volatile memory when no progress is preserved (specification 14.2)."""
    spatial, nm, _ = row.trips
    if row.layer.kind is LayerKind.GAVGPOOL:
        return nm
    if row.layer.kind in CONVOLUTIONS and row.design.order is Order.OUTPUT:
        return spatial * nm
    return int(row.values["num_tiles"])


class ContinuousDeviation(NamedTuple):
    """Loop nest minus closed form in limit (a), joule or seconds."""

    fetch: float = 0.0
    write_back: float = 0.0


def continuous_deviation(row: GoldenRow, costs: CostVector) -> ContinuousDeviation:
    """The listed deviations of limit (a) (specification 14.2)."""
    d, kind = row.design, row.layer.kind
    spatial, nm, nn = row.trips
    tiles = spatial * nm
    if kind is LayerKind.DW and d.order is Order.INPUT:
        positions = int(row.values["Tri"]) * int(row.values["Tci"])
        return ContinuousDeviation(fetch=(tiles - spatial * nn) * formulas.fetch_input(costs, positions, d.tm))
    if kind is LayerKind.GAVGPOOL:
        return ContinuousDeviation(fetch=-tiles * formulas.fetch_partial(costs, ORDER_O, 1, d.tm))
    if kind is LayerKind.POOL:
        return ContinuousDeviation(
            fetch=-tiles * formulas.fetch_partial(costs, ORDER_O, 1, d.tm),
            write_back=tiles * formulas.write_back(costs, ORDER_O, d.tr * d.tc - 1, d.tm),
        )
    return ContinuousDeviation()


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


class CycleGroup(NamedTuple):
    """So many power cycles of one energy in J."""

    count: float
    energy_j: float


def cycle_groups(row: GoldenRow) -> list[CycleGroup]:
    """The power cycles of limit (b) by energy, the listed deviations included."""
    first, later = row.number("npc_n0"), row.number("npc_ngt0")
    deviation = intermittent_deviation(row, COSTS[row.model].energy, "E")
    if row.layer.kind is LayerKind.GAVGPOOL:  # the first cycle of each channel tile has no partial sum to fetch
        _, nm, _ = row.trips
        energy = row.number("Epc_min")
        return [CycleGroup(nm, energy + deviation / nm), CycleGroup(first + later - nm, energy)]
    each = deviation / (first + later)
    return [CycleGroup(first, row.number("Epc_min") + each), CycleGroup(later, row.number("Epc_max") + each)]
