"""Banks that join and leave the storage capacitor: charge is kept, the energy lost by evening out is counted.

Two capacitors C1 at V1 and C2 at V2 that are connected come to (C1*V1 + C2*V2)/(C1 + C2) and lose
C1*C2/(C1 + C2)*(V1 - V2)**2/2, whatever the resistance between them.
"""

from __future__ import annotations

import math

from simint.compiled import borrowing, compiled
from simint.hardware.bank import Wiring
from simint.physics.state import LEAKED, SWITCH_LOSS, NodeState
from simint.physics.wiring import FARAD, LEAK_S, Node

# Columns of `Node.banks`, and places in `NodeState.banks`.
_CELLS, _FARAD, _LEAK_S = 0, 1, 2
_STEP, _SINCE, _FIRST = 0, 1, 2
_OUT, _SERIES = int(Wiring.OUT), int(Wiring.SERIES)


@borrowing
def up_at(node: Node, state: NodeState) -> float:
    """The voltage at which the next step up is taken; infinite on the last."""
    return node.v_up if state.banks[_STEP] + 1 < node.steps.shape[0] else math.inf


@borrowing
def down_at(node: Node, state: NodeState) -> float:
    """The voltage at which a step down is taken; minus infinity on the first."""
    return node.v_down if state.banks[_STEP] > 0 else -math.inf


@compiled
def joined_node(node: Node, state: NodeState) -> Node:
    """The node as it is wired now: capacitances and leakages of all that hangs on it, in one."""
    bins, step = node.bins.copy(), int(state.banks[_STEP])
    for k in range(node.banks.shape[0]):
        farad, leak_s = _equivalent(node, k, node.steps[step, k])
        for row in range(bins.shape[0]):
            bins[row, FARAD] += farad
            bins[row, LEAK_S] += leak_s
    return Node(
        bins,
        node.gain,
        node.output_a,
        node.output_v,
        node.linear,
        node.off_a,
        node.on_a,
        node.esr,
        node.ceiling_v,
        node.banks,
        node.steps,
        node.v_up,
        node.v_down,
        node.poll_s,
        node.floor_v,
    )


@borrowing
def change_step(node: Node, state: NodeState, by: int) -> None:
    """Go a step up or down the ladder: banks whose wiring changes leave the node, and come back as they are then."""
    settle_banks(node, state)
    old, new = int(state.banks[_STEP]), int(state.banks[_STEP]) + by
    farad, v = node.bins[0, FARAD], state.tv[1]
    for k in range(node.banks.shape[0]):
        if node.steps[old, k] == node.steps[new, k]:
            farad += _equivalent(node, k, node.steps[old, k])[0]
    for k in range(node.banks.shape[0]):
        wiring = node.steps[new, k]
        if node.steps[old, k] == wiring or wiring == _OUT:
            continue
        size = _equivalent(node, k, wiring)[0]
        bank_v = state.banks[_FIRST + k] * (node.banks[k, _CELLS] if wiring == _SERIES else 1.0)
        state.supply_j[SWITCH_LOSS] += 0.5 * farad * size / (farad + size) * (v - bank_v) ** 2
        v = (farad * v + size * bank_v) / (farad + size)
        farad += size
    state.banks[_STEP], state.tv[1] = new, v
    _share(node, state)


@borrowing
def settle_banks(node: Node, state: NodeState) -> None:
    """Bring the voltages of all cells up to the present time; what leaked from those that are out is booked."""
    step, seconds = int(state.banks[_STEP]), state.tv[0] - state.banks[_SINCE]
    for k in range(node.banks.shape[0]):
        if node.steps[step, k] == _OUT:
            cells, farad, leak_s = node.banks[k]
            held_j = 0.5 * cells * farad * state.banks[_FIRST + k] ** 2
            state.supply_j[LEAKED] -= held_j * math.expm1(-2.0 * leak_s / farad * seconds)
            state.banks[_FIRST + k] *= math.exp(-leak_s / farad * seconds)
    state.banks[_SINCE] = state.tv[0]
    _share(node, state)


@borrowing
def are_in(state: NodeState) -> bool:
    """Whether any bank hangs on the node."""
    return bool(state.banks.size > 0 and state.banks[_STEP] > 0)


@borrowing
def cell_v(state: NodeState, k: int) -> float:
    """Voltage of a cell of bank `k` at the time it was last settled, V."""
    return float(state.banks[_FIRST + k])


@borrowing
def banks_j(node: Node, state: NodeState) -> float:
    """Energy in all banks at the time they were last settled, J."""
    total = 0.0
    for k in range(node.banks.shape[0]):
        total += 0.5 * node.banks[k, _CELLS] * node.banks[k, _FARAD] * state.banks[_FIRST + k] ** 2
    return total


@borrowing
def _share(node: Node, state: NodeState) -> None:
    """The cells of connected banks share the voltage of the node."""
    step = int(state.banks[_STEP])
    for k in range(node.banks.shape[0]):
        wiring = node.steps[step, k]
        if wiring != _OUT:
            state.banks[_FIRST + k] = state.tv[1] / (node.banks[k, _CELLS] if wiring == _SERIES else 1.0)


@borrowing
def _equivalent(node: Node, k: int, wiring: int) -> tuple[float, float]:
    """Capacitance F and leakage S that bank `k` adds to the node."""
    cells, farad, leak_s = node.banks[k]
    if wiring == _OUT:
        return 0.0, 0.0
    if wiring == _SERIES:
        return farad / cells, leak_s / cells
    return farad * cells, leak_s * cells
