"""The compiled inner loop of both engines: a batch's phases drawn from the capacitor, booked by activity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.engine.program import ACTIVITIES, COUNT, FIRST, IS_TILE, SECOND, Activity
from simint.physics.source import CompiledSource
from simint.physics.state import Node, NodeState
from simint.physics.stepping import TIME, advance

# How an execution ended.
DONE, BROWNED_OUT, OUT_OF_TIME = 0, 1, 2

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


@compiled
def settle(ledger: Ledger) -> None:
    """A commit: what was pending is safe."""
    for k in range(ACTIVITIES):
        ledger.settled_j[k] += ledger.pending_j[k]
        ledger.settled_s[k] += ledger.pending_s[k]
        ledger.pending_j[k] = 0.0
        ledger.pending_s[k] = 0.0


@compiled
def lose(ledger: Ledger) -> None:
    """A power failure: everything spent since the last commit is moved from its activity to `lost`."""
    for k in range(ACTIVITIES):
        ledger.settled_j[_LOST] += ledger.pending_j[k]
        ledger.settled_s[_LOST] += ledger.pending_s[k]
        ledger.pending_j[k] = 0.0
        ledger.pending_s[k] = 0.0


@compiled
def execute(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    ledger: Ledger,
    rows: NDArray[np.float64],
    commits: bool,
    v_off: float,
    connected: bool,
    horizon_s: float,
) -> tuple[int, int, float]:
    """Run the rows of a step until they are done, the capacitor falls to `v_off`, or the run's `horizon_s` comes.

    Returns how it ended, how many tiles were started, and the time it then is. Spending goes to the pending side of the
    ledger, and is settled where the rows end in a commit.
    """
    started = 0
    for r in range(rows.shape[0]):
        for _ in range(int(rows[r, COUNT])):
            if rows[r, IS_TILE] > 0.0:
                started += 1
            for phase in (FIRST, SECOND):
                duration = rows[r, phase + 2]
                if duration <= 0.0:
                    continue
                activity = int(rows[r, phase])
                energy = rows[r, phase + 1]
                power = energy / duration
                limited = min(duration, max(horizon_s - state.tv[0], 0.0))
                code, elapsed = advance(node, source, state, power, limited, v_off, np.inf, connected)
                ledger.pending_j[activity] += energy if elapsed == duration else power * elapsed
                ledger.pending_s[activity] += elapsed
                if code != TIME:
                    return BROWNED_OUT, started, state.tv[0]
                if limited < duration:
                    return OUT_OF_TIME, started, state.tv[0]
    if commits:
        settle(ledger)
    return DONE, started, state.tv[0]
