"""What a cruise has done, booked in one go: whole steps by differences of running sums, the rest phase by phase."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simint.compiled import borrowing
from simint.engine.compiled.counting import commit_all
from simint.engine.compiled.memory import (
    CHECKPOINT,
    CRUISED,
    LAST_COMMIT_S,
    ORDINAL,
    UNCOMMITTED,
    Memory,
)
from simint.engine.compiled.releases import follow
from simint.engine.compiled.tables import TIME_AT, Rules, Tables
from simint.engine.compiled.working import after_step, finish
from simint.engine.execution import Ledger, settle
from simint.engine.program import ACTIVITIES, COUNT, DONE_S, FIRST, IS_TILE, PHASE, REPETITION, ROW, SECOND, Place
from simint.physics.state import NodeState

_Floats = NDArray[np.float64]


@borrowing
def book_steps(
    tables: Tables, rules: Rules, memory: Memory, ledger: Ledger, state: NodeState, first: int, ordinal: int
) -> None:
    """Book the whole steps from `first` to `ordinal`, with which an inference may be completed."""
    whole, real = memory.whole, memory.real
    whole[CRUISED] += ordinal - first
    safe = tables.last_commit[ordinal]
    if safe > first:
        settle(ledger)
        _add(ledger.settled_j, ledger.settled_s, tables, first, safe)
        whole[ORDINAL] = safe
        whole[UNCOMMITTED] += safe - first
        commit_all(tables, memory, 0, 0, 0.0)
        whole[CHECKPOINT] = 0
        first = safe
    _add(ledger.pending_j, ledger.pending_s, tables, first, ordinal)
    whole[ORDINAL] = ordinal
    whole[UNCOMMITTED] += ordinal - first
    if ordinal < tables.step_at.size:
        return
    follow(rules, memory, state.tv[0])
    commits = tables.commits[tables.step_at[ordinal - 1]]
    if not commits:
        real[LAST_COMMIT_S] = state.tv[0]
        settle(ledger)
        commit_all(tables, memory, 0, 0, 0.0)
    finish(rules, memory, state.tv[0])
    after_step(rules, memory, ledger, state, commits)


@borrowing
def _add(joule: _Floats, second: _Floats, tables: Tables, first: int, end: int) -> None:
    """Energy and time by activity of the steps from one place of the inference to another."""
    if end > first:
        before, after = tables.sums[first], tables.sums[end]
        for k in range(ACTIVITIES):
            joule[k] += after[k] - before[k]
            second[k] += after[TIME_AT + k] - before[TIME_AT + k]


@borrowing
def book_begun(rows: _Floats, place: Place, ledger: Ledger) -> int:
    """Book what was done of a step before `place`; how many of its tiles were begun."""
    tiles = 0
    for r in range(int(place[ROW]) + 1):
        times = rows[r, COUNT] if r < place[ROW] else place[REPETITION]
        inside = r == place[ROW]
        if rows[r, IS_TILE] > 0.0:
            tiles += int(times)
            if inside and (place[PHASE] > 0.0 or place[DONE_S] > 0.0):
                tiles += 1
        for k in range(2):
            column = FIRST if k == 0 else SECOND
            seconds = times * rows[r, column + 2] if times > 0.0 else 0.0
            if inside and k < place[PHASE]:
                seconds += rows[r, column + 2]
            elif inside and k == place[PHASE]:
                seconds += place[DONE_S]
            ledger.pending_j[int(rows[r, column])] += rows[r, column + 1] * seconds
            ledger.pending_s[int(rows[r, column])] += seconds
    return tiles
