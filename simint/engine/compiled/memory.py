"""What changes during a run of the compiled engine: a few numbers at fixed places, counters, and room for results."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.engine.compiled.tables import Tables
from simint.engine.program import PLACE
from simint.engine.stagnation import room_for_failures
from simint.physics.wiring import Node

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]

# What the device does next (`Memory.whole[AT]`); see `machine`.
BEGIN, OFF, BOOT, NEXT, WORK, EXECUTE, SAVE, SLEEP, JUDGE, STAGNATE, GUARD = range(11)

# Why the machine comes back to Python.
(
    PAUSED,
    FULL,
    COMPLETED,
    STOPPED,
    OUT_OF_TIME_OFF,
    NEVER_ON,
    CLIMB_OFF,
    CLIMB_ASLEEP,
    NEVER_WAKES,
    SOURCE_ENDED,
    ASK_POSSIBLE,
    ASK_GUARD,
    REPEATS,
    POWER_FAILED_ASLEEP,  # stays inside the machine
) = range(14)

# Why it sleeps, and what a save is followed by.
IDLE, GUARDED, HIBERNATING = range(3)

# Places of `Memory.whole`.
(
    AT,
    WARM,  # volatile memory holds what the next step expects
    RESUMED,  # the step in progress was begun before
    CARRIED,  # tiles of the step in progress that were begun before it was handed to `execute`
    JOB,  # an inference is in progress
    NUMBER,
    ORDINAL,
    UNCOMMITTED,
    CHECKPOINT,
    CHECKPOINT_WARM,
    JOB_CYCLES,
    RELEASED,
    TAKEN,
    WAITING,
    DROPPED,
    CLOCK_RANK,
    RANKS,
    FINISHED,
    INFERENCES,  # records in the buffer
    CYCLES,  # records in the buffer
    CYCLES_DONE,
    POWERED,
    FINAL,  # the recharge after the last inference
    TILES_COMMITTED,
    TILES_LOST,
    COMMITTED_BEFORE,
    LOST_BEFORE,
    PIECES,
    PART_SECTION,
    PART_TILES,
    SAVES,
    TORN,
    RESTORES,
    PASSES,
    NEXT_CHECK,
    WHY,
    AFTER,  # where work goes on after a save and the sleep behind it
    FAILED_WORKING,
    FAILED_ASLEEP,
    FAILED_AT,
    KNOWN_START,
    FAILURES,
    BUDGET,
    CRUISED,
    WHOLES,
) = range(45)

# Places of `Memory.real`.
(
    RELEASE_S,
    START_S,
    DUE_S,
    LAST_COMMIT_S,
    LAST_FAILURE_S,
    OFF_S,
    FIRST_ON_S,
    ON_S,
    DRAWN_J,
    ENDLESS_S,
    ENV_S,
    CLOCK_S,
    NEXT_RELEASE_S,
    WAITING_S,
    SLEEP_END_S,
    UNTIL_V,
    BEFORE_V,
    PART_S,
    REALS,
) = range(19)

# Columns of the records.
CYCLE_ON, CYCLE_OFF, CYCLE_V, CYCLE_J, CYCLE_COMMITTED, CYCLE_LOST, CYCLE_END, CYCLE_COLUMNS = range(8)
DONE_NUMBER, DONE_RELEASE, DONE_START, DONE_END, DONE_CYCLES, DONE_COLUMNS = range(6)
# How a power cycle ended.
BROWN_OUT, SHUTDOWN, END_OF_RUN = range(3)

_RECORDS = 4096


class Memory(NamedTuple):
    """`whole`, `real`: see the places above. `place`: of the checkpoint; `kept`: of the
    work that a checkpoint in progress saves.

    Counters by step: `warm_runs`, `cold_runs`, `lost_runs`, `cuts`; by section `loose`, `lost_loose` and `pieces`, the
    loose tiles since the last commit (see `tally`). `known`: (s,) steps known to fit a power cycle; `needed`: (2, s)
    the voltage a guard waits for, volatile memory lost or warm, NaN where not known yet. `failures`: since the last
    commit (see `stagnation`). `cycles`, `inferences`: records not yet taken.
    """

    whole: _Ints
    real: _Floats
    place: _Floats
    kept: _Floats
    warm_runs: _Ints
    cold_runs: _Ints
    lost_runs: _Ints
    cuts: _Ints
    loose: _Ints
    lost_loose: _Ints
    pieces: _Ints
    known: NDArray[np.bool_]
    needed: _Floats
    failures: _Floats
    cycles: _Floats
    inferences: _Floats


def new_memory(tables: Tables, node: Node) -> Memory:
    """At the start of a run."""
    steps, sections = tables.section.size, tables.saves.shape[0]

    def counters(size: int) -> _Ints:
        return np.zeros(size, dtype=np.int64)

    memory = Memory(
        whole=counters(WHOLES),
        real=np.zeros(REALS),
        place=np.zeros(PLACE),
        kept=np.zeros(PLACE),
        warm_runs=counters(steps),
        cold_runs=counters(steps),
        lost_runs=counters(steps),
        cuts=counters(steps),
        loose=counters(sections),
        lost_loose=counters(sections),
        pieces=counters(sections),
        known=np.zeros(steps, dtype=np.bool_),
        needed=np.full((2, steps), math.nan),
        failures=room_for_failures(node),
        cycles=np.empty((_RECORDS, CYCLE_COLUMNS)),
        inferences=np.empty((_RECORDS, DONE_COLUMNS)),
    )
    memory.whole[AT] = BEGIN
    memory.real[FIRST_ON_S] = math.nan
    memory.real[DUE_S] = math.inf
    memory.real[NEXT_RELEASE_S] = math.inf
    return memory
