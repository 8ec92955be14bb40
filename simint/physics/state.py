"""The moving state of a storage node, and where it is in its trace."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import borrowing
from simint.physics.source import LOOP, CompiledSource, segment_at, segment_end

# Why the node stopped: the time is over, the lower or upper voltage is met, or nothing will ever happen again.
TIME, LOW, HIGH, NEVER = 0, 1, 2, 3

# Terms of the supply's books, J: positions in `NodeState.supply_j`.
HARVESTED, AVAILABLE, FRONTEND_LOSS, SPILLED, LEAKED, ESR_LOSS, SWITCH_LOSS, QUIESCENT, REGULATOR_LOSS = range(9)
SUPPLY_TERMS = 9


class NodeState(NamedTuple):
    """The moving part: `tv` = [time s, voltage V]; `at` = [segment, passes of the trace done]; energies in J.

    The voltage is the capacitor's own: its terminals differ from it by the drop across the series resistance.
    `offset_s`: trace time at simulation time 0. `banks`: [step of the ladder, time s of the last change, voltage V of a
    cell of each bank], or empty.
    """

    tv: NDArray[np.float64]
    at: NDArray[np.int64]
    supply_j: NDArray[np.float64]
    offset_s: float
    banks: NDArray[np.float64]


def start_state(source: CompiledSource, voltage: float, offset_s: float, banks: int = 0) -> NodeState:
    """A node at time 0 with `voltage` on the capacitor and nothing in its banks, `offset_s` seconds into the trace."""
    books, ladder = np.zeros(SUPPLY_TERMS), np.zeros(2 + banks if banks else 0)
    state = NodeState(np.array([0.0, voltage]), np.zeros(2, dtype=np.int64), books, offset_s, ladder)
    locate(source, state)
    return state


def copy_state(state: NodeState) -> NodeState:
    """An independent copy, to look ahead."""
    return NodeState(state.tv.copy(), state.at.copy(), state.supply_j.copy(), state.offset_s, state.banks.copy())


@borrowing
def locate(source: CompiledSource, state: NodeState) -> None:
    """Find the segment of the present time afresh (at the start, and after time that passed without the source)."""
    trace_time = state.tv[0] + state.offset_s
    passes = int(trace_time / source.duration_s) if source.end == LOOP else 0
    inside = trace_time - passes * source.duration_s
    state.at[1] = passes
    state.at[0] = source.segments if inside >= source.duration_s else segment_at(source, inside)
    if source.end == LOOP and state.at[0] == source.segments:
        state.at[0], state.at[1] = 0, passes + 1


@borrowing
def pass_start(source: CompiledSource, state: NodeState) -> float:
    """Simulation time at which the present pass of the trace began."""
    return float(state.at[1] * source.duration_s - state.offset_s)


@borrowing
def segment_stop(source: CompiledSource, state: NodeState) -> float:
    """Simulation time at which the present segment ends; steps on where that time is reached."""
    while True:
        if state.at[0] >= source.segments:
            if source.end != LOOP:
                return math.inf
            state.at[0] = 0
            state.at[1] += 1
        stop = pass_start(source, state) + segment_end(source, state.at[0])
        if stop > state.tv[0]:
            return float(stop)
        state.at[0] += 1
