"""Node, source, state and ledger of one run packed into a handful of arrays.

Handing nested named tuples from Python to compiled code costs about 10 us a call, several times what a batch itself
takes; nine flat arrays cost less than 1 us. So an engine that calls once per batch packs at the start, and the compiled
side takes views of the parts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.engine.execution import Ledger, execute
from simint.engine.program import ACTIVITIES
from simint.physics.harvest_tree import HarvestTree
from simint.physics.source import CompiledSource
from simint.physics.state import SUPPLY_TERMS, Node, NodeState, locate

_LEDGER = 2 + SUPPLY_TERMS
_MOVING = _LEDGER + 4 * ACTIVITIES


class Plant(NamedTuple):
    """`numbers`: scalars of node and source. `shape`: its integers and the lengths of the parts of `constants`.

    `moving`: time, voltage, supply books and ledger. `at`: segment and passes of the trace.
    """

    numbers: NDArray[np.float64]
    shape: NDArray[np.int64]
    values: NDArray[np.floating[Any]]
    constants: NDArray[np.float64]
    tree_start: NDArray[np.int64]
    tree_rows: NDArray[np.float64]
    moving: NDArray[np.float64]
    at: NDArray[np.int64]


def pack(node: Node, source: CompiledSource, voltage: float, offset_s: float) -> Plant:
    """A plant at time 0 with `voltage` on the capacitor, `offset_s` seconds into the trace, and empty books."""
    tree = source.tree
    parts = (source.resistance, source.knee_v, source.knee_i, source.edges_s)
    timing = (source.efficiency, source.drop_v, source.step_s, source.duration_s)
    plant = Plant(
        numbers=np.array([*node, *timing, offset_s, source.peak]),
        shape=np.array(
            [
                source.link,
                source.segments,
                source.end,
                source.resistance.size,
                *source.knee_v.shape,
                source.knee_i.shape[0],
                source.edges_s.size,
            ]
        ),
        values=source.values,
        constants=np.concatenate([part.ravel() for part in parts]),
        tree_start=tree.start,
        tree_rows=tree.rows,
        moving=np.zeros(_MOVING),
        at=np.zeros(2, dtype=np.int64),
    )
    plant.moving[1] = voltage
    locate(source, state_of(plant))
    return plant


@compiled
def state_of(plant: Plant) -> NodeState:
    """The moving part of the node, as views."""
    return NodeState(plant.moving[:2], plant.at, plant.moving[2:_LEDGER], plant.numbers[8])


@compiled
def ledger_of(plant: Plant) -> Ledger:
    """The ledger, as views."""
    rest, n = plant.moving[_LEDGER:], ACTIVITIES
    return Ledger(rest[:n], rest[n : 2 * n], rest[2 * n : 3 * n], rest[3 * n : 4 * n])


@compiled
def source_of(plant: Plant) -> CompiledSource:
    """The source, as views."""
    shape, numbers, rest = plant.shape, plant.numbers, plant.constants
    resistance, rest = rest[: shape[3]], rest[shape[3] :]
    points, size = shape[5], shape[4] * shape[5]
    knee_v, rest = rest[:size].reshape((shape[4], points)), rest[size:]
    size = shape[6] * points
    knee_i, rest = rest[:size].reshape((shape[6], points)), rest[size:]
    edges = rest[: shape[7]]
    tree = HarvestTree(plant.tree_start, plant.tree_rows)
    return CompiledSource(
        shape[0],
        shape[1],
        plant.values,
        resistance,
        knee_v,
        knee_i,
        numbers[4],
        numbers[5],
        numbers[6],
        edges,
        numbers[7],
        numbers[9],
        shape[2],
        tree,
    )


@compiled
def execute_packed(
    numbers: NDArray[np.float64],
    shape: NDArray[np.int64],
    values: NDArray[np.floating[Any]],
    constants: NDArray[np.float64],
    tree_start: NDArray[np.int64],
    tree_rows: NDArray[np.float64],
    moving: NDArray[np.float64],
    at: NDArray[np.int64],
    rows: NDArray[np.float64],
    commits: bool,
    v_off: float,
    connected: bool,
    horizon_s: float,
) -> tuple[int, int, float]:
    """`execution.execute` on a plant."""
    plant = Plant(numbers, shape, values, constants, tree_start, tree_rows, moving, at)
    node = Node(numbers[0], numbers[1], numbers[2], numbers[3])
    state, ledger = state_of(plant), ledger_of(plant)
    return execute(node, source_of(plant), state, ledger, rows, commits, v_off, connected, horizon_s)
