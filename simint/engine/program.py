"""A schedule made executable under a policy: every batch as a few rows of numbers for the compiled loop."""

from __future__ import annotations

import bisect
import enum
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.tiling.schedule import Traffic


class Activity(enum.IntEnum):
    """What the device is doing; the books have a term for each."""

    BOOT = 0
    RESTORE = 1
    FETCH = 2
    COMPUTE = 3
    WRITE_BACK = 4
    INDEX = 5
    CHECKPOINT = 6
    SLEEP = 7
    PERIPHERAL = 8
    LOST = 9


ACTIVITIES = len(Activity)

Rows = NDArray[np.float64]
# Columns of a row: how often it is repeated, whether each repetition is a tile, and two phases of (activity, W, s).
# One repetition is a unit of work.
COUNT, IS_TILE, FIRST, SECOND, COLUMNS = 0, 1, 2, 5, 8

Place = NDArray[np.float64]
# A place inside the rows of a step: row, repetition, phase (0 or 1), and seconds of that phase that are done.
ROW, REPETITION, PHASE, DONE_S, PLACE = 0, 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Step:
    """One preservation batch or peripheral task, ready to run: rows with volatile memory warm, and after it was lost.

    `number`: its place in `Program.all_steps`. `section`: the layer or task it belongs to, in `Program.names`.
    `commits`: whether progress is safe once it is done. `atomic`: a task, which nothing but a power failure interrupts.
    `continuous_s`: its time without any preservation.
    """

    number: int
    section: int
    tiles: int
    warm: Rows
    cold: Rows
    continuous_s: float
    traffic: Traffic
    reload_traffic: Traffic
    commits: bool
    atomic: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """Steps with their repetitions, the whole repeated `count` times."""

    steps: tuple[tuple[Step, int], ...]
    count: int


@dataclass(frozen=True, slots=True)
class Program:
    """All steps of one inference in order, run-length encoded as in the schedule.

    `sections[k]`, called `names[k]`, is a sequence of bodies: tasks before, layers, tasks after. `first_layer`,
    `layers`: which sections are layers. `first_steps[k]`: the steps before section k. `all_steps` holds each distinct
    step once. `start`: rows from turn-on to the first batch. `saves[k]`, `loads[k]`: rows of a checkpoint taken in
    section k and of its restore. `endless`: the last task goes on until power fails.
    """

    sections: tuple[tuple[Body, ...], ...]
    names: tuple[str, ...]
    first_layer: int
    layers: int
    first_steps: tuple[int, ...]
    all_steps: tuple[Step, ...]
    start: Rows
    saves: tuple[Rows, ...]
    loads: tuple[Rows, ...]
    tiles: int
    endless: bool

    def steps(self, ordinal: int = 0) -> Iterator[Step]:
        """Every step of one inference, in order, from the step of that number on."""
        if ordinal == 0:
            return _steps(self.sections)
        section = self.section_of(ordinal)
        return itertools.islice(_steps(self.sections[section:]), ordinal - self.first_steps[section], None)

    def section_of(self, ordinal: int) -> int:
        """The section in which the step of that number lies."""
        return bisect.bisect_right(self.first_steps, ordinal) - 1

    def tiles_before(self, ordinal: int) -> int:
        """Tiles of the same section before the step of that number."""
        section = self.section_of(ordinal)
        return sum(
            step.tiles
            for step in itertools.islice(_steps(self.sections[section:]), ordinal - self.first_steps[section])
        )


def _steps(sections: tuple[tuple[Body, ...], ...]) -> Iterator[Step]:
    for section in sections:
        for body in section:
            for _ in range(body.count):
                for step, repetitions in body.steps:
                    for _ in range(repetitions):
                        yield step


def energy_of(rows: NDArray[Any]) -> float:
    """Energy of all rows with their repetitions, J; infinite with a task that has no end."""
    first, second = (rows[:, phase + 1] * rows[:, phase + 2] for phase in (FIRST, SECOND))
    return float((rows[:, COUNT] * (first + second)).sum())


# What a device does that never loses power.
_FETCH, _COMPUTE, _WRITE_BACK, _PERIPHERAL = (
    int(activity) for activity in (Activity.FETCH, Activity.COMPUTE, Activity.WRITE_BACK, Activity.PERIPHERAL)
)


@compiled
def done_before(rows: Rows, place: Place) -> tuple[int, float]:
    """Tiles completed before `place`, and the time spent on what continuous power would have to do too."""
    row, repetition, phase = int(place[ROW]), int(place[REPETITION]), int(place[PHASE])
    tiles, seconds = 0, 0.0
    for r in range(min(row + 1, rows.shape[0])):
        times = int(rows[r, COUNT]) if r < row else repetition
        tiles += times if rows[r, IS_TILE] > 0 else 0
        for number in range(2):
            column = FIRST if number == 0 else SECOND
            activity = int(rows[r, column])
            if activity in (_FETCH, _COMPUTE, _WRITE_BACK, _PERIPHERAL):
                seconds += times * rows[r, column + 2]
                if r == row and number < phase:
                    seconds += rows[r, column + 2]
                if r == row and number == phase:
                    seconds += place[DONE_S]
    return tiles, seconds
