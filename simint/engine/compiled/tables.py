"""What does not change during a run, as flat arrays: the program step by step, and the rules of policy and workload."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.engine.device import Device
from simint.engine.program import ACTIVITIES, COUNT, FIRST, IS_TILE, SECOND, Program, Rows, Step
from simint.engine.workload import Queue

# A longer inference would take more memory than the run-length encoded program is worth: the event engine takes it.
LONGEST_PROGRAM = 2_000_000

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]

# Columns of `Tables.sums`: energy J and time s by activity, tiles, and energy and time of all activities.
TIME_AT, TILES_AT, TOTAL_J, TOTAL_S, SUMS = ACTIVITIES, *range(2 * ACTIVITIES, 2 * ACTIVITIES + 4)


class Tables(NamedTuple):
    """The program; n steps in an inference, s distinct ones, k sections.

    `rows`: all tables of rows behind one another; `warm`, `cold` (s, 2), `saves`, `loads` (k, 2) and `start` (1, 2):
    first row and end of each. `step_at`: (n,) the distinct step at each place of an inference. `sums`: (n + 1, SUMS)
    of all steps before a place, with volatile memory warm. `last_commit`: (n + 1,) the last place at or before each
    behind a commit, 0 where there is none. `section`, `tiles`, `commits`, `atomic`: (s,). `lowest_w`: the lowest power
    of all phases with volatile memory warm.
    """

    rows: _Floats
    warm: _Ints
    cold: _Ints
    saves: _Ints
    loads: _Ints
    start: _Ints
    step_at: NDArray[np.int32]
    sums: _Floats
    last_commit: _Ints
    section: _Ints
    tiles: _Ints
    commits: NDArray[np.bool_]
    atomic: NDArray[np.bool_]
    lowest_w: float


class Rules(NamedTuple):
    """What the policy, the workload and the supply ask for; see `RecoveryPolicy`, `Workload`, `Case`.

    `wanted`: inferences, -1 for as many as there is time for. `release_s`: period of the releases, 0 for back to back.
    `low_v`: at which work is interrupted, above `v_off` where a policy watches. `timer_s`: period of checkpoints.
    """

    guards: bool
    watches: bool
    checkpoints: bool
    shuts_down: bool
    endless: bool
    wanted: int
    release_s: float
    fifo: bool
    recharge_at_end: bool
    connected: bool
    horizon_s: float
    sleep_w: float
    v_on: float
    v_off: float
    poll_s: float
    low_v: float
    resume_v: float
    timer_s: float


def build_tables(program: Program) -> Tables:
    """The program as arrays."""
    parts: list[Rows] = []
    places: dict[int, tuple[int, int]] = {}
    end = 0

    def place(rows: Rows) -> tuple[int, int]:
        nonlocal end
        if id(rows) not in places:
            parts.append(rows)
            places[id(rows)] = (end, end + len(rows))
            end += len(rows)
        return places[id(rows)]

    steps = program.all_steps
    numbers = np.array([step.number for step in program.steps()], dtype=np.int32)
    warm_rows = np.concatenate([step.warm for step in steps])
    sums = np.zeros((numbers.size + 1, SUMS))
    np.cumsum(_sums(steps, warm_rows)[numbers], axis=0, out=sums[1:])
    commits = np.array([step.commits for step in steps])
    behind = np.where(commits[numbers], np.arange(1, numbers.size + 1), 0)
    return Tables(
        warm=np.array([place(step.warm) for step in steps]),
        cold=np.array([place(step.cold) for step in steps]),
        saves=np.array([place(rows) for rows in program.saves]),
        loads=np.array([place(rows) for rows in program.loads]),
        start=np.array([place(program.start)]),
        rows=np.concatenate(parts),
        step_at=numbers,
        sums=sums,
        last_commit=np.concatenate(([0], np.maximum.accumulate(behind))),
        section=np.array([step.section for step in steps]),
        tiles=np.array([step.tiles for step in steps]),
        commits=commits,
        atomic=np.array([step.atomic for step in steps]),
        lowest_w=_lowest_w(warm_rows),
    )


def _sums(steps: Sequence[Step], rows: Rows) -> _Floats:
    """Energy and time by activity of each step with volatile memory warm, and its tiles; a task without end has none.

    `rows`: the warm rows of all steps behind one another.
    """
    totals = np.zeros((len(steps), SUMS))
    owner = np.repeat(np.arange(len(steps)), [len(step.warm) for step in steps])
    for phase in (FIRST, SECOND):
        activity, power_w = rows[:, phase].astype(np.int64), rows[:, phase + 1]
        seconds = np.where(np.isinf(rows[:, phase + 2]), 0.0, rows[:, COUNT] * rows[:, phase + 2])
        np.add.at(totals, (owner, activity), power_w * seconds)
        np.add.at(totals, (owner, TIME_AT + activity), seconds)
    np.add.at(totals[:, TILES_AT], owner, rows[:, COUNT] * rows[:, IS_TILE])
    totals[:, TOTAL_J], totals[:, TOTAL_S] = totals[:, :TIME_AT].sum(axis=1), totals[:, TIME_AT:TILES_AT].sum(axis=1)
    return totals


def _lowest_w(rows: Rows) -> float:
    return min(float(rows[rows[:, phase + 2] > 0.0, phase + 1].min(initial=math.inf)) for phase in (FIRST, SECOND))


def rules_of(device: Device) -> Rules:
    """The rules of a device that has not begun."""
    policy, workload, storage = device.policy, device.queue.workload, device.storage
    thresholds, supply = device.thresholds, storage.supply
    return Rules(
        guards=policy.guards,
        watches=policy.watches,
        checkpoints=policy.checkpoints,
        shuts_down=policy.shuts_down,
        endless=device.program.endless,
        wanted=-1 if workload.inferences is None else workload.inferences,
        release_s=0.0 if workload.period is None else workload.period,
        fifo=workload.queue is Queue.FIFO,
        recharge_at_end=device.recharge_at_end,
        connected=storage.harvest_while_on,
        horizon_s=device.horizon_s,
        sleep_w=device.sleep_power_w,
        v_on=supply.v_on,
        v_off=supply.v_off,
        poll_s=supply.poll,
        low_v=device.low_v,
        resume_v=supply.v_on if thresholds is None else thresholds.v_resume,
        timer_s=policy.period,
    )
