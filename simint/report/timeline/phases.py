"""What the device did in a stretch of time, phase by phase, worked out from the rows it ran and from the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from simint.engine.execution import Ledger
from simint.engine.observer import Work
from simint.engine.program import ACTIVITIES, COUNT, DONE_S, FIRST, PHASE, REPETITION, ROW, SECOND, Activity

# Rows and ledger tell the same story to this share of a stretch, and to this share of the whole run.
_SAME, _ROUNDING = 1e-9, 1e-13
# The phases of a batch sum to its time but for this share of it.
_ROUNDED = 1e-12


class Phase(NamedTuple):
    """One activity under one constant load."""

    activity: int
    time_s: float
    load_w: float


class Spent(NamedTuple):
    """What the ledger has gained in a stretch, by activity, in s and J; what was lost since the one before; what of all
    that a power failure would still turn into loss.
    """

    time_s: list[float]
    energy_j: list[float]
    lost_s: float
    lost_by_s: list[float]
    lost_j: float
    pending_s: float


class LedgerReader:
    """Reads from the ledger what was spent between two looks."""

    def __init__(self) -> None:
        self._settled_s = self._settled_j = self._pending_s = self._pending_j = np.zeros(ACTIVITIES)

    def read(self, ledger: Ledger) -> Spent:
        """What was spent since the last look, and what was lost in between: all that was pending then."""
        lost_s = float(ledger.settled_s[Activity.LOST] - self._settled_s[Activity.LOST])
        lost_j = float(ledger.settled_j[Activity.LOST] - self._settled_j[Activity.LOST])
        lost_by_s = self._pending_s
        before_s, before_j = self._settled_s, self._settled_j
        if lost_s <= 0.0:
            before_s, before_j = before_s + self._pending_s, before_j + self._pending_j
        time_s = ledger.settled_s + ledger.pending_s - before_s
        energy_j = ledger.settled_j + ledger.pending_j - before_j
        time_s[Activity.LOST] = energy_j[Activity.LOST] = 0.0
        self._settled_s, self._settled_j = ledger.settled_s.copy(), ledger.settled_j.copy()
        self._pending_s, self._pending_j = ledger.pending_s.copy(), ledger.pending_j.copy()
        pending_s = float(self._pending_s.sum())
        return Spent(time_s.tolist(), energy_j.tolist(), lost_s, lost_by_s.tolist(), lost_j, pending_s)


def phases_of(work: Work | None, spent: Spent, stretch_s: float, now_s: float) -> list[Phase]:
    """The phases of a stretch of `stretch_s` seconds that ended at `now_s`, in their order.

    A stretch may end inside its rows, where power failed or the run was over. Where the rows do not tell what the
    ledger tells, or nobody gave them, the order is that of the activities.
    """
    if work is not None:
        phases = list(_run(work, stretch_s))
        told = [0.0] * ACTIVITIES
        for phase in phases:
            told[phase.activity] += phase.time_s
        allowed = _SAME * stretch_s + _ROUNDING * now_s
        if all(abs(a - b) <= allowed for a, b in zip(told, spent.time_s, strict=True)):
            return phases
    times = enumerate(spent.time_s)
    return [Phase(k, time_s, spent.energy_j[k] / time_s) for k, time_s in times if time_s > 0.0]


def phase_count(work: Work, stretch_s: float) -> int:
    """How many phases were begun in a stretch."""
    return sum(1 for _ in _run(work, stretch_s))


def time_into(work: Work) -> float:
    """Seconds of work done before the place where `work` begins; negative where volatile memory is reloaded first."""
    row, repetition, phase = (int(work.place[k]) for k in (ROW, REPETITION, PHASE))
    into_s, reloading = 0.0, True
    for r, values in enumerate(work.rows.tolist()):
        reloading = reloading and values[FIRST] == Activity.RESTORE
        first_s, second_s = values[FIRST + 2], values[SECOND + 2]
        if reloading:
            into_s -= values[COUNT] * first_s
        if r < row:
            into_s += values[COUNT] * (first_s + second_s)
        elif r == row:
            into_s += repetition * (first_s + second_s) + phase * first_s + float(work.place[DONE_S])
        if r >= row and not reloading:
            break
    return into_s


def _run(work: Work, left_s: float) -> Iterator[Phase]:
    """The phases of rows that ran for `left_s` seconds."""
    rounding_s = _ROUNDED * left_s
    row, repetition, phase_number = (int(work.place[k]) for k in (ROW, REPETITION, PHASE))
    done_s = float(work.place[DONE_S])
    for values in work.rows[row:].tolist():
        pair = _pair(values)
        for _ in range(repetition, int(values[COUNT])):
            for phase in pair[phase_number:]:
                time_s = phase.time_s - done_s
                done_s = 0.0
                if time_s <= 0.0:
                    continue
                if time_s > left_s + rounding_s:
                    if left_s > rounding_s:
                        yield phase._replace(time_s=left_s)
                    return
                left_s -= time_s
                yield phase if time_s == phase.time_s else phase._replace(time_s=time_s)
            phase_number = 0
        repetition = 0


def _pair(row: Sequence[float]) -> tuple[Phase, Phase]:
    first, second = (Phase(int(row[k]), row[k + 2], row[k + 1]) for k in (FIRST, SECOND))
    return first, second
