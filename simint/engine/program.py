"""A schedule made executable under a policy: every batch as a few rows of numbers for the compiled loop."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simint.engine.policy import RecoveryPolicy
from simint.tiling.schedule import ZERO, Batch, Cost, Schedule, Traffic


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
    LOST = 8


ACTIVITIES = len(Activity)

Rows = NDArray[np.float64]
# Columns of a row: how often it is repeated, whether each repetition is a tile, and two phases of (activity, J, s).
COUNT, IS_TILE, FIRST, SECOND, COLUMNS = 0, 1, 2, 5, 8


@dataclass(frozen=True, slots=True)
class Step:
    """One preservation batch, ready to run: rows with volatile memory warm, and after a power failure.

    `number`: its place in `Program.all_steps`. `commits`: whether progress is safe once it is done. `continuous_s`: its
    time without any preservation.
    """

    number: int
    layer: int
    tiles: int
    warm: Rows
    cold: Rows
    warm_energy_j: float
    cold_energy_j: float
    warm_time_s: float
    cold_time_s: float
    continuous_s: float
    traffic: Traffic
    reload_traffic: Traffic
    commits: bool


@dataclass(frozen=True, slots=True)
class Body:
    """Steps with their repetitions, the whole repeated `count` times."""

    steps: tuple[tuple[Step, int], ...]
    count: int


@dataclass(frozen=True, slots=True)
class Program:
    """All steps of one inference in order, run-length encoded as in the schedule.

    `layers[k]` is a sequence of bodies; `all_steps` holds each distinct step once; `start` are the rows from turn-on to
    the first batch.
    """

    layers: tuple[tuple[Body, ...], ...]
    all_steps: tuple[Step, ...]
    start: Rows
    names: tuple[str, ...]
    batches: int
    tiles: int

    def steps(self) -> Iterator[Step]:
        """Every step of one inference, in order."""
        for layer in self.layers:
            for body in layer:
                for _ in range(body.count):
                    for step, repetitions in body.steps:
                        for _ in range(repetitions):
                            yield step


def build_program(schedule: Schedule, policy: RecoveryPolicy) -> Program:
    """Fix what the policy leaves open: whether partial sums and the progress index are written after every batch.

    After turn-on the device boots and, if anything is preserved, reads the progress index.
    """
    keeps = policy.preserves_batches
    layers: list[tuple[Body, ...]] = []
    all_steps: list[Step] = []
    for number, layer in enumerate(schedule.layers):
        first = len(all_steps)
        for batch in layer.batches:
            all_steps.append(_step(len(all_steps), number, batch, schedule.index_write, keeps))
        layers.append(
            tuple(Body(tuple((all_steps[first + k], n) for k, n in loop.body), loop.count) for loop in layer.program)
        )
    bodies = [body for layer_bodies in layers for body in layer_bodies]
    start = [_row(1, False, Activity.BOOT, schedule.boot)]
    if keeps:
        start.append(_row(1, False, Activity.RESTORE, schedule.index_read))
    return Program(
        layers=tuple(layers),
        all_steps=tuple(all_steps),
        start=np.array(start),
        names=tuple(layer.name for layer in schedule.layers),
        batches=sum(body.count * sum(n for _, n in body.steps) for body in bodies),
        tiles=sum(body.count * sum(n * step.tiles for step, n in body.steps) for body in bodies),
    )


def _step(number: int, layer: int, batch: Batch, index_write: Cost, keeps: bool) -> Step:
    # A partial sum that nobody preserves stays in volatile memory: the only write of such a batch is left out.
    traffic = batch.traffic if keeps or batch.preserve == ZERO else replace(batch.traffic, write_backs=0)
    rows = [_row(1, False, Activity.FETCH, batch.opening)] if batch.opening != ZERO else []
    for run in batch.tiles:
        rows.append(_row(run.count, True, Activity.FETCH, run.fetch, Activity.COMPUTE, run.compute))
    written = batch.write_back + batch.preserve if keeps else batch.write_back
    rows.append(_row(1, False, Activity.WRITE_BACK, written, Activity.INDEX, index_write if keeps else ZERO))
    warm = np.array(rows)
    reload = [_row(1, False, Activity.RESTORE, batch.reload)] if batch.reload != ZERO else []
    cold = np.array(reload + rows)
    tiles = sum(run.count for run in batch.tiles)
    continuous = batch.opening.time_s + batch.write_back.time_s
    continuous += sum(run.count * (run.fetch.time_s + run.compute.time_s) for run in batch.tiles)
    return Step(
        number=number,
        layer=layer,
        tiles=tiles,
        warm=warm,
        cold=cold,
        warm_energy_j=energy_of(warm),
        cold_energy_j=energy_of(cold),
        warm_time_s=time_of(warm),
        cold_time_s=time_of(cold),
        continuous_s=continuous,
        traffic=traffic,
        reload_traffic=batch.reload_traffic,
        commits=keeps,
    )


def _row(
    count: int, is_tile: bool, first: Activity, cost: Cost, second: Activity = Activity.BOOT, then: Cost = ZERO
) -> list[float]:
    return [count, is_tile, first, cost.energy_j, cost.time_s, second, then.energy_j, then.time_s]


def energy_of(rows: NDArray[Any]) -> float:
    """Energy of all rows with their repetitions, J."""
    return float((rows[:, COUNT] * (rows[:, FIRST + 1] + rows[:, SECOND + 1])).sum())


def time_of(rows: NDArray[Any]) -> float:
    """Time of all rows with their repetitions, s."""
    return float((rows[:, COUNT] * (rows[:, FIRST + 2] + rows[:, SECOND + 2])).sum())
