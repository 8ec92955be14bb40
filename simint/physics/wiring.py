"""Everything that hangs on the capacitor, joined into the three coefficients of one stretch.

Parts whose value depends on the capacitor's own voltage (capacitance under DC bias, leakage by a table, a regulator's
efficiency by a table) are constant or linear within a bin of that voltage; an edge of a bin is an event like any other.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import borrowing
from simint.hardware.bank import wirings
from simint.hardware.capacitor import Capacitor, capacitance_steps
from simint.hardware.efficiency import EfficiencyTable
from simint.hardware.regulator import Buck, Ldo
from simint.hardware.supply import Supply
from simint.physics.source import CompiledSource, Element, element_at, no_element

# Columns of `Node.bins`: lower edge V, capacitance F, leakage as leak_a + leak_s*V.
EDGE, FARAD, LEAK_A, LEAK_S, BIN_COLUMNS = 0, 1, 2, 3, 4


class Node(NamedTuple):
    """The constant elements at the capacitor, by bins of its voltage.

    `bins`: (m, BIN_COLUMNS). `gain`: (m, k) power drawn from the capacitor per power of the device, for the output
    currents from `output_a` (k,) A on. `output_v`: of the regulator, 0 where there is none; `linear`: it is an LDO.
    `off_a`, `on_a`: quiescent currents. `esr`: series resistance, ohm. `ceiling_v`: clamp at the terminals. `banks`:
    (k, 3) cells, farad and leakage S of each cell; `steps`: (l, k) `Wiring` of each bank on each step of the ladder,
    with the voltages `v_up` and `v_down` that lead a step on. `poll_s`: how often a brown-out is looked for, 0 for
    always; meanwhile the device runs down to `floor_v`.
    """

    bins: NDArray[np.float64]
    gain: NDArray[np.float64]
    output_a: NDArray[np.float64]
    output_v: float
    linear: bool
    off_a: float
    on_a: float
    esr: float
    ceiling_v: float
    banks: NDArray[np.float64]
    steps: NDArray[np.float64]
    v_up: float
    v_down: float
    poll_s: float
    floor_v: float


class Load(NamedTuple):
    """What the device draws: its power W, whether it is on, and the column of `Node.gain` for its output current."""

    power_w: float
    on: bool
    column: int


class Setting(NamedTuple):
    """One bin and one source element: a + b*V - d*V**2 flows to the terminals between `low_v` and `high_v`.

    `leak_a`, `leak_s`: leakage inside the capacitor, besides. `load_a`, `load_b`: the device's share of a and b.
    """

    a: float
    b: float
    d: float
    capacitance: float
    leak_a: float
    leak_s: float
    low_v: float
    high_v: float
    load_a: float
    load_b: float
    quiescent_a: float
    source: Element


def build_node(supply: Supply, capacitance: float | None = None) -> Node:
    """The constant elements of a supply, with another nominal capacitance if given."""
    capacitor = supply.capacitor
    factor = 1.0 if capacitance is None else capacitance / capacitor.capacitance
    lows, sizes = capacitance_steps(capacitor)
    regulator = supply.regulator
    table = regulator.table if isinstance(regulator, Buck) else None
    ladder = supply.ladder
    banks = () if ladder is None else ladder.banks
    edges = {0.0, *lows}
    if capacitor.leakage_table is not None:
        edges.update(capacitor.leakage_table.voltage[:-1])
    if table is not None:
        edges.update(table.voltage[1:])
    bins = np.zeros((len(edges), BIN_COLUMNS))
    for row, edge in zip(bins, sorted(edges), strict=True):
        leak_a, leak_s = _leakage(capacitor, edge)
        size = sizes[int(np.searchsorted(lows, edge, side="right")) - 1]
        row[:] = edge, size * factor, leak_a, leak_s
    return Node(
        bins=bins,
        gain=_gains(regulator, table, bins[:, EDGE]),
        output_a=np.zeros(1) if table is None else np.array(table.current),
        output_v=0.0 if regulator is None else regulator.output_voltage,
        linear=isinstance(regulator, Ldo),
        off_a=supply.off_current,
        on_a=supply.on_current,
        esr=capacitor.esr,
        ceiling_v=supply.ceiling,
        banks=np.array([(b.cells, b.capacitance, 1.0 / b.leakage) for b in banks]).reshape(len(banks), 3),
        steps=np.zeros((0, 0)) if ladder is None else np.array(wirings(ladder), dtype=np.float64),
        v_up=np.inf if ladder is None else ladder.v_up,
        v_down=-np.inf if ladder is None else ladder.v_down,
        poll_s=supply.poll if supply.poll_turn_off else 0.0,
        floor_v=0.0 if regulator is None else regulator.input_min,
    )


def _leakage(capacitor: Capacitor, edge: float) -> tuple[float, float]:
    """Leakage as (current at 0 V, conductance) on the piece that begins at or holds `edge`."""
    table = capacitor.leakage_table
    if table is None:
        return 0.0, 1.0 / capacitor.leakage
    k = min(int(np.searchsorted(table.voltage, edge, side="right")), len(table.voltage) - 1)
    v0, v1, i0, i1 = table.voltage[k - 1], table.voltage[k], table.current[k - 1], table.current[k]
    slope = (i1 - i0) / (v1 - v0)
    return i0 - slope * v0, slope


def _gains(regulator: Any, table: EfficiencyTable | None, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    if table is not None:
        rows = np.maximum(np.searchsorted(table.voltage, edges, side="right") - 1, 0)
        return np.asarray(1.0 / np.array(table.efficiency)[rows])
    efficiency = regulator.efficiency if isinstance(regulator, Buck) else 1.0
    return np.full((edges.size, 1), 1.0 / efficiency)


@borrowing
def load_of(node: Node, power_w: float, on: bool) -> Load:
    """A constant-power device behind the node's regulator."""
    column = 0
    if node.output_a.size > 1 and node.output_v > 0.0:
        current = power_w / node.output_v
        while column < node.output_a.size - 1 and current >= node.output_a[column + 1]:
            column += 1
    return Load(power_w, on, column)


@borrowing
def bin_at(node: Node, v: float, rising: bool) -> int:
    """The bin of a capacitor voltage; at an edge the one it is heading for."""
    k, last = 0, node.bins.shape[0] - 1
    while k < last and (v > node.bins[k + 1, EDGE] or (v == node.bins[k + 1, EDGE] and rising)):
        k += 1
    return k


@borrowing
def capacitance_at(node: Node, v: float) -> float:
    """dQ/dV at a voltage, F; at an edge that of the bin above."""
    return float(node.bins[bin_at(node, v, True), FARAD])


@borrowing
def stored_at(node: Node, v: float) -> float:
    """Energy in the capacitor at its own voltage `v`, J."""
    total, last = 0.0, node.bins.shape[0] - 1
    for k in range(last + 1):
        low = node.bins[k, EDGE]
        if v <= low:
            break
        high = v if k == last else min(v, node.bins[k + 1, EDGE])
        total += 0.5 * node.bins[k, FARAD] * (high - low) * (high + low)
    return total


@borrowing
def setting_at(
    node: Node, source: CompiledSource, segment: int, connected: bool, v: float, rising: bool, load: Load
) -> Setting:
    """What acts around the voltage `v` (bin and element both by `v`: right where there is no series resistance)."""
    element = element_at(source, segment, v, rising) if connected else no_element()
    return join(node, element, bin_at(node, v, rising), load)


@borrowing
def join(node: Node, element: Element, k: int, load: Load) -> Setting:
    """Bin `k` and a source element under a load."""
    low = node.bins[k, EDGE]
    high = node.bins[k + 1, EDGE] if k + 1 < node.bins.shape[0] else np.inf
    quiescent = node.on_a if load.on else node.off_a
    load_a, load_b = load.power_w * node.gain[k, load.column], 0.0
    if node.linear:
        load_a, load_b = 0.0, load.power_w / node.output_v
    return Setting(
        element.a - load_a,
        element.b - quiescent - load_b,
        element.d,
        node.bins[k, FARAD],
        node.bins[k, LEAK_A],
        node.bins[k, LEAK_S],
        max(low, element.low_v),
        min(high, element.high_v),
        load_a,
        load_b,
        quiescent,
        element,
    )
