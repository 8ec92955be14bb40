"""Node, source, state and ledger of one run packed into a handful of arrays.

Handing nested named tuples from Python to compiled code costs about 10 us a call, several times what a batch itself
takes; twelve flat arrays cost about 1 us. So an engine that calls once per batch packs at the start, and the compiled
side takes views of the parts. Short arrays are copied into one; those that are as long as the trace are handed as they
are, for a copy would double what a long trace takes of memory.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.engine.execution import Ledger, execute
from simint.engine.program import ACTIVITIES, PLACE
from simint.physics.harvest_tree import HarvestTree
from simint.physics.source import CompiledSource
from simint.physics.state import SUPPLY_TERMS, NodeState, locate
from simint.physics.wiring import Node

_LEDGER = 2 + SUPPLY_TERMS
_PLACE = _LEDGER + 4 * ACTIVITIES
_MOVING = _PLACE + PLACE

# From so many elements on an array is not copied.
_LONG = 4096


class Plant(NamedTuple):
    """`numbers`: scalars of node and source. `shape`: its integers and the lengths of the parts of `constants`.

    `values`: the source's. `constants`: the other arrays of node and source, but for long ones: the four longest of
    those are `long0` to `long3`. `moving`: time, voltage, supply books, ledger and the place in the work. `at`: segment
    and passes of the trace.
    """

    numbers: NDArray[np.float64]
    shape: NDArray[np.int64]
    values: NDArray[np.floating[Any]]
    constants: NDArray[np.float64]
    long0: NDArray[np.float64]
    long1: NDArray[np.float64]
    long2: NDArray[np.float64]
    long3: NDArray[np.float64]
    tree_start: NDArray[np.int64]
    tree_rows: NDArray[np.float64]
    moving: NDArray[np.float64]
    at: NDArray[np.int64]


def pack(node: Node, source: CompiledSource, voltage: float, offset_s: float) -> Plant:
    """A plant at time 0 with `voltage` on the capacitor, `offset_s` seconds into the trace, and empty books."""
    tree = source.tree
    parts = (
        node.bins,
        node.gain,
        node.output_a,
        source.harvest,
        source.available,
        source.cold,
        source.resistance,
        source.knee_v,
        source.knee_i,
        source.edges_s,
        tree.beside,
        node.banks,
        node.steps,
    )
    electrical = (node.output_v, node.linear, node.off_a, node.on_a, node.esr, node.ceiling_v)
    switching = (node.v_up, node.v_down, node.poll_s, node.floor_v)
    conversion = (source.efficiency, source.drop_v, source.cold_v, source.limit_v)
    timing = (source.step_s, source.duration_s)
    arrays, places = _laid_out(parts)
    plant = Plant(
        numbers=np.array([*electrical, *switching, *conversion, *timing, source.peak, offset_s]),
        shape=np.array([source.link, source.segments, source.end, *places]),
        values=source.values,
        constants=arrays[0],
        long0=arrays[1],
        long1=arrays[2],
        long2=arrays[3],
        long3=arrays[4],
        tree_start=tree.start,
        tree_rows=tree.rows,
        moving=np.zeros(_MOVING + (2 + node.banks.shape[0] if node.banks.shape[0] else 0)),
        at=np.zeros(2, dtype=np.int64),
    )
    plant.moving[1] = voltage
    locate(source, state_of(plant))
    return plant


def _laid_out(parts: tuple[NDArray[Any], ...]) -> tuple[list[NDArray[np.float64]], list[int]]:
    """One array of all short parts and four long ones; for each part in which of them, where, its rows and columns."""
    by_length = sorted(range(len(parts)), key=lambda k: -parts[k].size)
    slots = {k: 1 + place for place, k in enumerate(by_length[:4]) if parts[k].size >= _LONG}
    arrays = [np.zeros(0)] * 5
    for k, slot in slots.items():
        arrays[slot] = np.ascontiguousarray(parts[k], dtype=np.float64).reshape(-1)
    arrays[0] = np.concatenate([np.zeros(0), *(part.ravel() for k, part in enumerate(parts) if k not in slots)])
    places, first = [], 0
    for k, part in enumerate(parts):
        places += [slots.get(k, 0), 0 if k in slots else first, part.shape[0], part.shape[1] if part.ndim == 2 else 1]
        first += 0 if k in slots else part.size
    return arrays, places


@compiled
def state_of(plant: Plant) -> NodeState:
    """The moving part of the node, as views."""
    return NodeState(plant.moving[:2], plant.at, plant.moving[2:_LEDGER], plant.numbers[17], plant.moving[_MOVING:])


@compiled
def ledger_of(plant: Plant) -> Ledger:
    """The ledger, as views."""
    rest, n = plant.moving[_LEDGER:_PLACE], ACTIVITIES
    return Ledger(rest[:n], rest[n : 2 * n], rest[2 * n : 3 * n], rest[3 * n : 4 * n])


@compiled
def place_of(plant: Plant) -> NDArray[np.float64]:
    """Where the rows in progress were left, as a view; see `program.PLACE`."""
    return plant.moving[_PLACE:_MOVING]


@compiled
def _line(plant: Plant, number: int) -> NDArray[np.float64]:
    """Array `number` of those that were packed, as a view of one dimension."""
    k = 3 + 4 * number
    slot, first = plant.shape[k], plant.shape[k + 1]
    array = plant.constants
    if slot == 1:
        array = plant.long0
    elif slot == 2:
        array = plant.long1
    elif slot == 3:
        array = plant.long2
    elif slot == 4:
        array = plant.long3
    return array[first : first + plant.shape[k + 2] * plant.shape[k + 3]]


@compiled
def _part(plant: Plant, number: int) -> NDArray[np.float64]:
    """The same, of rows and columns."""
    k = 3 + 4 * number
    return _line(plant, number).reshape((plant.shape[k + 2], plant.shape[k + 3]))


@compiled
def node_of_plant(plant: Plant) -> Node:
    """The node, as views."""
    n = plant.numbers
    output_a = _line(plant, 2)
    banks, steps = _part(plant, 11), _part(plant, 12)
    linear = n[1] > 0.0
    return Node(
        _part(plant, 0),
        _part(plant, 1),
        output_a,
        n[0],
        linear,
        n[2],
        n[3],
        n[4],
        n[5],
        banks,
        steps,
        n[6],
        n[7],
        n[8],
        n[9],
    )


@compiled
def source_of(plant: Plant) -> CompiledSource:
    """The source, as views."""
    n, shape = plant.numbers, plant.shape
    return CompiledSource(
        shape[0],
        shape[1],
        plant.values,
        _line(plant, 3),
        _line(plant, 4),
        _part(plant, 5),
        _line(plant, 6),
        _part(plant, 7),
        _part(plant, 8),
        n[10],
        n[11],
        n[12],
        n[13],
        n[14],
        _line(plant, 9),
        n[15],
        n[16],
        shape[2],
        HarvestTree(plant.tree_start, plant.tree_rows, _part(plant, 10)),
    )


@compiled
def execute_packed(
    numbers: NDArray[np.float64],
    shape: NDArray[np.int64],
    values: NDArray[np.floating[Any]],
    constants: NDArray[np.float64],
    long0: NDArray[np.float64],
    long1: NDArray[np.float64],
    long2: NDArray[np.float64],
    long3: NDArray[np.float64],
    tree_start: NDArray[np.int64],
    tree_rows: NDArray[np.float64],
    moving: NDArray[np.float64],
    at: NDArray[np.int64],
    rows: NDArray[np.float64],
    commits: bool,
    low_v: float,
    connected: bool,
    horizon_s: float,
    due_s: float,
) -> tuple[int, int, float]:
    """`execution.execute` on a plant."""
    plant = Plant(numbers, shape, values, constants, long0, long1, long2, long3, tree_start, tree_rows, moving, at)
    state, ledger, place = state_of(plant), ledger_of(plant), place_of(plant)
    node, source = node_of_plant(plant), source_of(plant)
    return execute(node, source, state, ledger, place, rows, commits, low_v, connected, horizon_s, due_s)
