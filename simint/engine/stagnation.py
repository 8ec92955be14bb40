"""Noticing that nothing will ever be finished, from the states a run passes through."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simint.compiled import borrowing
from simint.engine.storage import Storage
from simint.engine.waiting import trace_place
from simint.physics.banks import are_in, cell_v, settle_banks
from simint.physics.source import LOOP, CompiledSource
from simint.physics.state import NodeState
from simint.physics.wiring import Node

# Passes of a looped trace without any commit, or failures at one place of it, after which a run is given up even if no
# state repeats exactly.
_FRUITLESS = 100
# Two power failures at one place of the trace (to this share of its length), with voltages equal to this share of
# themselves and the same work pending, are one state.
_SAME = 1e-9
# A time since the last look of a polling supervisor carries the rounding of the run's time: share of the period.
_SAME_LOOK = 1e-6
_FIRST_ROOM = 64

# Columns of a power failure: its time s, the place in the trace s, the time since the last look s, the voltages V of
# the capacitor and of the cells of each bank.
_TIME, _PLACE, _LOOK, _VOLT = 0, 1, 2, 3


def room_for_failures(node: Node) -> NDArray[np.float64]:
    """Room for the first power failures, (n, columns)."""
    return np.empty((_FIRST_ROOM, _VOLT + 1 + node.banks.shape[0]))


@borrowing
def note_failure(
    failures: NDArray[np.float64], count: int, node: Node, source: CompiledSource, state: NodeState, poll_s: float
) -> None:
    """Put down the present state behind the `count` failures before it."""
    if state.banks.size > 0:
        settle_banks(node, state)
    latest, now_s = failures[count], state.tv[0]
    latest[_TIME], latest[_PLACE], latest[_VOLT] = now_s, trace_place(source, state), state.tv[1]
    latest[_LOOK] = now_s % poll_s if poll_s > 0.0 else 0.0
    for k in range(node.banks.shape[0]):
        latest[_VOLT + 1 + k] = cell_v(state, k)


@borrowing
def comes_back(failures: NDArray[np.float64], count: int, trace_s: float, poll_s: float, fruitless_s: float) -> bool:
    """Whether the power failure behind the `count` first ones brings back the state of one of them.

    `trace_s`: length of the trace. `fruitless_s`: time without a commit on a looped trace. The place is the same where
    whole passes lie between, or where the source changes no more; elsewhere near is not the same.
    """
    latest, alike = failures[count], 0
    resting = count > 0 and failures[count - 1, _PLACE] == latest[_PLACE]
    for step in range(count):
        earlier = failures[count - 1 - step] if resting else failures[step]
        if resting and earlier[_PLACE] != latest[_PLACE]:
            break
        if not resting and latest[_TIME] - earlier[_TIME] < (1.0 - 2.0 * _SAME) * trace_s:
            break
        if abs(latest[_PLACE] - earlier[_PLACE]) <= _SAME * trace_s:
            alike += 1
            if _same_state(earlier, latest, poll_s):
                return True
    return alike >= _FRUITLESS or (fruitless_s > _FRUITLESS * trace_s and count >= _FRUITLESS)


@borrowing
def _same_state(one: NDArray[np.float64], other: NDArray[np.float64], poll_s: float) -> bool:
    """At one place of the trace: whether the voltages are the same, and what a supervisor will look at."""
    apart_s = abs(one[_LOOK] - other[_LOOK])
    same = bool(min(apart_s, poll_s - apart_s) <= _SAME_LOOK * poll_s)
    for k in range(_VOLT, one.size):
        same = same and bool(abs(one[k] - other[k]) <= _SAME * max(one[k], other[k]))
    return same


@dataclass(slots=True)
class Stagnation:
    """Power failures since the last commit: the state at each of the `count` of them."""

    failures: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    count: int = 0
    last_failure_s: float = 0.0

    def repeats_after_failure(self, storage: Storage, last_commit_s: float) -> bool:
        """Note a power failure; whether a state has come back, so that everything after it will come back too.

        At a power failure volatile memory is empty, so the state is the place in the trace, the voltages, and the
        pending work, which only a commit changes.
        """
        if last_commit_s > self.last_failure_s:
            self.count = 0
        self.last_failure_s = storage.now_s
        if self.failures.size == 0:
            self.failures = room_for_failures(storage.node)
        if self.count == len(self.failures):
            self.failures = np.concatenate((self.failures, np.empty_like(self.failures)))
        source, poll_s = storage.source, storage.supply.poll
        note_failure(self.failures, self.count, storage.node, source, storage.state, poll_s)
        fruitless_s = storage.now_s - last_commit_s if source.end == LOOP else 0.0
        repeated = comes_back(self.failures, self.count, source.duration_s, poll_s, fruitless_s)
        self.count += 1
        return bool(repeated)

    def forget(self) -> None:
        """What comes next does not depend on these failures alone."""
        self.count = 0


@dataclass(slots=True)
class Climb:
    """A wait for a voltage on a looped trace; asked after 1, 2, 4, ... passes whether it can ever end."""

    passes: int = 0
    next_check: int = 1

    def hopeless(self, storage: Storage, before_v: float, high_v: float, load_w: float, on: bool) -> bool:
        """Note a whole pass that began at `before_v`; whether the capacitor provably stays below `high_v`.

        Where the device is on (asleep), the wait ends too where power fails: it must provably stay above `v_off`.
        """
        self.passes += 1
        if self.passes < self.next_check:
            return False
        self.next_check *= 2
        now = storage.voltage
        # A look may come too late for a crossing in one pass and in time in the next.
        looking = storage.supply.poll > 0.0 and self.passes < _FRUITLESS
        if now == before_v and not looking:
            return True
        if are_in(storage.state):  # the node is another one after the next step of the ladder
            return False
        # Wherever the voltage ends, one of these levels is likely to bound it; any that does is a proof.
        if now > before_v or looking:
            levels = (now + share * (high_v - now) for share in (0.01, 0.2, 0.6, 0.9))
            if not any(storage.climbs_for_ever_below(high_v, level, load_w, on) for level in levels):
                return False
        if now < before_v and on:
            levels = (now + share * (storage.v_off - now) for share in (0.01, 0.2, 0.6, 0.9, 0.99))
            return any(storage.sinks_never_below(level, load_w) for level in levels)
        return True
