"""The compiled inner loop of both engines: a batch's phases drawn from the capacitor, booked by activity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import borrowing
from simint.engine.program import (
    ACTIVITIES,
    COUNT,
    DONE_S,
    FIRST,
    IS_TILE,
    PHASE,
    REPETITION,
    ROW,
    SECOND,
    Activity,
)
from simint.physics.polling import advance_on
from simint.physics.source import CompiledSource
from simint.physics.state import TIME, NodeState
from simint.physics.stepping import advance_capacitor, is_plain
from simint.physics.wiring import Node, load_of

# How an execution ended: the rows are done, the voltage fell to the limit, the run is over, or the timer ran out.
DONE, FELL, OUT_OF_TIME, DUE = 0, 1, 2, 3

_LOST = int(Activity.LOST)


class Ledger(NamedTuple):
    """Energy J and time s per activity: what is settled, and what a power failure would still turn into loss."""

    settled_j: NDArray[np.float64]
    settled_s: NDArray[np.float64]
    pending_j: NDArray[np.float64]
    pending_s: NDArray[np.float64]


def new_ledger() -> Ledger:
    """An empty ledger."""
    return Ledger(np.zeros(ACTIVITIES), np.zeros(ACTIVITIES), np.zeros(ACTIVITIES), np.zeros(ACTIVITIES))


@borrowing
def settle(ledger: Ledger) -> None:
    """A commit: what was pending is safe."""
    for k in range(ACTIVITIES):
        ledger.settled_j[k] += ledger.pending_j[k]
        ledger.settled_s[k] += ledger.pending_s[k]
        ledger.pending_j[k] = 0.0
        ledger.pending_s[k] = 0.0


@borrowing
def lose(ledger: Ledger) -> None:
    """A power failure: everything spent since the last commit is moved from its activity to `lost`."""
    for k in range(ACTIVITIES):
        ledger.settled_j[_LOST] += ledger.pending_j[k]
        ledger.settled_s[_LOST] += ledger.pending_s[k]
        ledger.pending_j[k] = 0.0
        ledger.pending_s[k] = 0.0


@borrowing
def execute(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    ledger: Ledger,
    place: NDArray[np.float64],
    rows: NDArray[np.float64],
    commits: bool,
    low_v: float,
    connected: bool,
    horizon_s: float,
    due_s: float,
) -> tuple[int, int, float]:
    """Run the rows of a step from `place` on until they are done, the capacitor falls to `low_v`, or time is up.

    Returns how it ended, how many tiles were begun, and the time it then is. Time is up inside a phase at `horizon_s`,
    and before the next unit of work from `due_s` on. `place` is where the rows were left, zero where they are done.
    Spending goes to the pending side of the ledger, and is settled where the rows end in a commit.
    """
    started, plain = 0, is_plain(node, state) and node.poll_s == 0.0
    at_row, at_repetition, at_phase, at_s = int(place[ROW]), int(place[REPETITION]), int(place[PHASE]), place[DONE_S]
    begun = at_phase > 0 or at_s > 0.0
    for r in range(at_row, rows.shape[0]):
        for repetition in range(at_repetition if r == at_row else 0, int(rows[r, COUNT])):
            if not begun:
                if state.tv[0] >= due_s:
                    _leave(place, r, repetition, 0, 0.0)
                    return DUE, started, state.tv[0]
                at_phase, at_s = 0, 0.0
                if rows[r, IS_TILE] > 0.0:
                    started += 1
            for k in range(at_phase, 2):
                phase = FIRST if k == 0 else SECOND
                done_s = at_s if k == at_phase else 0.0
                duration = rows[r, phase + 2] - done_s
                if duration <= 0.0:
                    continue
                activity = int(rows[r, phase])
                power = rows[r, phase + 1]
                limited = min(duration, max(horizon_s - state.tv[0], 0.0))
                if plain:
                    load = load_of(node, power, True)
                    code, elapsed = advance_capacitor(node, source, state, load, limited, low_v, np.inf, connected)
                else:
                    code, elapsed = advance_on(node, source, state, power, limited, low_v, np.inf, connected)
                ledger.pending_j[activity] += power * elapsed
                ledger.pending_s[activity] += elapsed
                if code != TIME or limited < duration:
                    if not begun and k == 0 and elapsed == 0.0 and rows[r, IS_TILE] > 0.0:
                        started -= 1
                    _leave(place, r, repetition, k, done_s + elapsed)
                    return FELL if code != TIME else OUT_OF_TIME, started, state.tv[0]
            begun = False
    _leave(place, 0, 0, 0, 0.0)
    if commits:
        settle(ledger)
    return DONE, started, state.tv[0]


@borrowing
def _leave(place: NDArray[np.float64], row: int, repetition: int, phase: int, done_s: float) -> None:
    place[ROW], place[REPETITION], place[PHASE], place[DONE_S] = row, repetition, phase, done_s
