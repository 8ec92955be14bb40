"""Intermittent costs of a network as a function of its channel counts: tables, interpolated between permitted counts.

Every layer is priced at a grid of counts of the groups it reads and writes. Between grid points costs are (bi)linear;
at a grid point they are exact, and the slope there is the mean of both sides, as a central difference has it. Choosing
the execution design inside a table entry needs no gradient (envelope theorem).

An entry without a feasible design counts as ten times the dearest feasible one of its table, so that a search is driven
away from it and a difference to it is finite; whether a network can run is said by its exact costs alone. (There is
hardly ever one beside feasible ones: the smallest tile of a layer has one channel of each side, whatever their number.)
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from nas.channels.groups import FIXED, ChannelGroups
from nas.channels.kinds import table_counts
from nas.channels.pruning import resized_layer
from nas.hardware.pricing import Pricing, layer_rows
from nas.space.columns import ACTIVE, CONTINUOUS, ENERGY, LATENCY, POWER_CYCLES, TIMES_AND_ENERGIES, Floats
from simint.errors import InputError
from simint.network.layer import Layer
from simint.network.network import Network

INFEASIBLE_FACTOR = 10.0
_REMEMBERED = 4096  # counts whose costs are kept: in a search they change seldom


class TableObjective(enum.StrEnum):
    """What of the tables is made small. `imo`: share of the active time beyond the continuous latency, percent."""

    ENERGY = "energy"
    LATENCY = "latency"
    IMO = "imo"
    POWER_CYCLES = "power-cycles"


_COLUMN = {
    TableObjective.ENERGY: ENERGY,
    TableObjective.LATENCY: LATENCY,
    TableObjective.POWER_CYCLES: POWER_CYCLES,
}
_UNIT = {
    TableObjective.ENERGY: "J",
    TableObjective.LATENCY: "s",
    TableObjective.IMO: "%",
    TableObjective.POWER_CYCLES: "",
}


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Costs of all layers that depend on one group alone: `rows` (knots, columns)."""

    group: int
    rows: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Costs of all layers that read one group and write another: `rows` (knots, knots, columns)."""

    reads: int
    writes: int
    rows: Floats


@dataclass(frozen=True, slots=True, eq=False)
class CostTables:
    """`knots`: the counts of every group that were priced, ascending. `fixed` (columns,): layers of fixed channels.

    `priced_layers`: how many distinct layers were explored. `infeasible`: entries without a feasible design.
    """

    knots: tuple[Floats, ...]
    fixed: Floats
    lines: tuple[Line, ...]
    planes: tuple[Plane, ...]
    priced_layers: int
    infeasible: int

    def rows(self, counts: Floats) -> tuple[Floats, Floats]:
        """Costs (columns,) and their slopes (groups, columns) at counts (groups,)."""
        total, slopes = self.fixed.copy(), np.zeros((len(counts), TIMES_AND_ENERGIES))
        weights = [_weights(knots, count) for knots, count in zip(self.knots, counts, strict=True)]
        for line in self.lines:
            value, slope = weights[line.group]
            total += value @ line.rows
            slopes[line.group] += slope @ line.rows
        for plane in self.planes:
            value, slope = weights[plane.reads]
            other_value, other_slope = weights[plane.writes]
            across = np.tensordot(value, plane.rows, 1)
            total += other_value @ across
            slopes[plane.writes] += other_slope @ across
            slopes[plane.reads] += other_value @ np.tensordot(slope, plane.rows, 1)
        return total, slopes


@dataclass(frozen=True, slots=True, eq=False)
class TableCost:
    """One objective of the tables as a `ChannelCost`."""

    tables: CostTables
    objective: TableObjective
    _known: dict[bytes, tuple[float, Floats]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The objective."""
        return self.objective.value

    @property
    def unit(self) -> str:
        """J, s, % or none."""
        return _UNIT[self.objective]

    def priced(self, counts: Floats) -> tuple[float, Floats]:
        """The value and its gradient; InputError for counts outside the tables."""
        key = np.asarray(counts, dtype=np.float64).tobytes()
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = self._priced(counts)
        return self._known[key]

    def _priced(self, counts: Floats) -> tuple[float, Floats]:
        rows, slopes = self.tables.rows(counts)
        if self.objective is not TableObjective.IMO:
            column = _COLUMN[self.objective]
            return float(rows[column]), slopes[:, column]
        share = rows[CONTINUOUS] / rows[ACTIVE]
        slope = (slopes[:, CONTINUOUS] - share * slopes[:, ACTIVE]) / rows[ACTIVE]
        return float(100.0 * (1.0 - share)), -100.0 * slope


def build_tables(
    network: Network, groups: ChannelGroups, pricing: Pricing, knots: Sequence[Sequence[int]] | None = None
) -> CostTables:
    """Price every layer of a network at all counts of its groups; equal layers are explored once.

    `knots`: the counts of each group, the full one included; by default `table_counts`. Raises InputError for layers
    outside the platform's cost mode, and for a layer without a feasible design at any count.
    """
    chosen = [tuple(each) for each in knots] if knots is not None else [table_counts(size) for size in groups.sizes]
    for name, size, each in zip(groups.names, groups.sizes, chosen, strict=True):
        if list(each) != sorted(set(each)) or not each or each[0] < 1 or each[-1] != size:
            raise InputError(f"group {name!r}: ascending counts from at least 1 to {size} expected, got {each}")
    asked: list[Layer] = []
    shapes: list[tuple[int, ...]] = []
    starts: list[int] = []
    for layer, reads, writes in zip(network.layers, groups.inputs, groups.outputs, strict=True):
        inputs = (layer.ifm[0],) if reads == FIXED else chosen[reads]
        outputs = (layer.ofm[0],) if writes == FIXED else chosen[writes]
        starts.append(len(asked))
        if reads == writes != FIXED:  # always as many channels in as out
            asked += [resized_layer(layer, count, count) for count in outputs]
            shapes.append((len(outputs),))
        else:
            asked += [resized_layer(layer, one, other) for one in inputs for other in outputs]
            shapes.append(tuple(len(each) for each, group in ((inputs, reads), (outputs, writes)) if group != FIXED))
    rows = layer_rows(asked, pricing)
    infeasible = int((~np.isfinite(rows[:, ENERGY])).sum())
    fixed = np.zeros(TIMES_AND_ENERGIES)
    lines = {group: np.zeros((len(each), TIMES_AND_ENERGIES)) for group, each in enumerate(chosen)}
    planes: dict[tuple[int, int], Floats] = {}
    for position, (layer, shape, start) in enumerate(zip(network.layers, shapes, starts, strict=True)):
        table = without_holes(rows[start : start + int(np.prod(shape, dtype=int))], layer).reshape(
            *shape, TIMES_AND_ENERGIES
        )
        reads, writes = groups.inputs[position], groups.outputs[position]
        if len(shape) == 2:
            planes[reads, writes] = planes.get((reads, writes), np.zeros_like(table)) + table
        elif len(shape) == 1:
            lines[reads if writes == FIXED else writes] += table
        else:
            fixed += table
    return CostTables(
        tuple(np.array(each, dtype=np.float64) for each in chosen),
        fixed,
        tuple(Line(group, table) for group, table in lines.items()),
        tuple(Plane(one, other, table) for (one, other), table in planes.items()),
        len({msgspec.structs.replace(layer, name="layer", inputs=()) for layer in asked}),
        infeasible,
    )


def _weights(knots: Floats, count: float) -> tuple[Floats, Floats]:
    """What every knot contributes to the value at `count`, and to the slope there."""
    if not knots[0] <= count <= knots[-1]:
        raise InputError(f"{count:g} channels: the tables hold {knots[0]:g} to {knots[-1]:g}")
    value, slope = np.zeros(len(knots)), np.zeros(len(knots))
    above = int(np.searchsorted(knots, count))
    if knots[above] != count:
        width = knots[above] - knots[above - 1]
        value[above] = (count - knots[above - 1]) / width
        value[above - 1] = 1.0 - value[above]
        slope[above], slope[above - 1] = 1.0 / width, -1.0 / width
        return value, slope
    value[above] = 1.0
    sides = [place for place in (above - 1, above) if 0 <= place < len(knots) - 1]
    for left in sides:
        share = 1.0 / len(sides) / (knots[left + 1] - knots[left])
        slope[left + 1] += share
        slope[left] -= share
    return value, slope


def without_holes(rows: Floats, layer: Layer) -> Floats:
    """The rows (n, columns) of a layer with what is infeasible made finite and dear; InputError where all is."""
    found = np.isfinite(rows).all(axis=1)
    if not found.any():
        raise InputError(f"layer {layer.name!r}: no execution design at any number of channels on this platform")
    if found.all():
        return rows
    filled = rows.copy()
    filled[~found] = INFEASIBLE_FACTOR * rows[found].max(axis=0)
    return filled
