"""One step of an inference at a time, with what its policy does before, after and in the middle of one.

The compiled counterpart of `engine.working`, `engine.checkpointing` and the first half of `engine.failure`. Each
function sets what the machine does next and returns a reason to come back to Python, or GO_ON.
"""

from __future__ import annotations

import math

from simint.compiled import borrowing
from simint.engine.compiled.counting import commit_all, end_cycle, lose_all, piece
from simint.engine.compiled.memory import (
    AFTER,
    AT,
    BEGIN,
    BROWN_OUT,
    CARRIED,
    CHECKPOINT,
    CHECKPOINT_WARM,
    DONE_CYCLES,
    DONE_END,
    DONE_NUMBER,
    DONE_RELEASE,
    DONE_START,
    DUE_S,
    END_OF_RUN,
    ENDLESS_S,
    FAILED_ASLEEP,
    FAILED_AT,
    FAILED_WORKING,
    FINISHED,
    HIBERNATING,
    INFERENCES,
    JOB,
    JOB_CYCLES,
    JUDGE,
    LAST_COMMIT_S,
    NEXT,
    NUMBER,
    ORDINAL,
    RELEASE_S,
    RESUMED,
    SAVE,
    SAVES,
    SHUTDOWN,
    START_S,
    STOPPED,
    TILES_COMMITTED,
    TORN,
    UNCOMMITTED,
    WARM,
    WORK,
    Memory,
)
from simint.engine.compiled.releases import follow, release
from simint.engine.compiled.sleeping import fall_asleep
from simint.engine.compiled.tables import Rules, Tables
from simint.engine.execution import DONE, DUE, OUT_OF_TIME, Ledger, execute, lose, settle
from simint.engine.program import DONE_S, FIRST, PHASE, PLACE, REPETITION, ROW, SECOND, Place, done_before
from simint.engine.waiting import sustains
from simint.physics.source import CompiledSource
from simint.physics.state import NodeState
from simint.physics.wiring import Node

GO_ON = -1


@borrowing
def run_step(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    ledger: Ledger,
    place: Place,
    tables: Tables,
    rules: Rules,
    memory: Memory,
) -> int:
    """The step in progress, from `place` on, until it is done or left off."""
    whole, real = memory.whole, memory.real
    step, warm = tables.step_at[whole[ORDINAL]], whole[WARM] > 0
    section, commits, atomic = tables.section[step], tables.commits[step], tables.atomic[step]
    first, end = tables.warm[step] if warm else tables.cold[step]
    rows = tables.rows[first:end]
    low_v, due_s = rules.v_off, math.inf
    if rules.checkpoints and not atomic:
        low_v, due_s = rules.low_v, real[DUE_S]
    code, begun, now_s = execute(
        node, source, state, ledger, place, rows, commits, low_v, rules.connected, rules.horizon_s, due_s
    )
    begun += whole[CARRIED]
    whole[CARRIED] = 0
    if code != DONE:
        piece(memory, section, begun)
        follow(rules, memory, now_s)
        return _left_off(node, source, state, ledger, place, tables, rules, memory, code)
    if whole[RESUMED] > 0:
        piece(memory, section, begun - tables.tiles[step])
        whole[RESUMED] = 0
    follow(rules, memory, now_s)
    step_done(tables, rules, memory, ledger, warm, now_s)
    whole[WARM] = 1
    after_step(rules, memory, ledger, state, commits)
    return GO_ON


@borrowing
def step_done(tables: Tables, rules: Rules, memory: Memory, ledger: Ledger, warm: bool, now_s: float) -> None:
    """A step ran through, which may have been a commit; the end of an inference counts as one."""
    whole, real = memory.whole, memory.real
    step = tables.step_at[whole[ORDINAL]]
    if warm:
        memory.warm_runs[step] += 1
    else:
        memory.cold_runs[step] += 1
    if tables.commits[step]:
        whole[TILES_COMMITTED] += tables.tiles[step]
        commit_all(tables, memory, 0, 0, 0.0)
        whole[ORDINAL] += 1
        whole[CHECKPOINT] = 0
        real[LAST_COMMIT_S] = now_s
        if rules.checkpoints:
            real[DUE_S] = now_s + rules.timer_s
    else:
        whole[ORDINAL] += 1
        whole[UNCOMMITTED] += 1
    if whole[ORDINAL] == tables.step_at.size:
        if not tables.commits[step]:
            real[LAST_COMMIT_S] = now_s
            settle(ledger)
            commit_all(tables, memory, 0, 0, 0.0)
        finish(rules, memory, now_s)


@borrowing
def finish(rules: Rules, memory: Memory, now_s: float) -> None:
    """An inference is completed."""
    whole, real = memory.whole, memory.real
    record = memory.inferences[whole[INFERENCES]]
    record[DONE_NUMBER], record[DONE_RELEASE], record[DONE_START] = whole[NUMBER], real[RELEASE_S], real[START_S]
    record[DONE_END], record[DONE_CYCLES] = now_s, whole[JOB_CYCLES]
    whole[INFERENCES] += 1
    whole[FINISHED] += 1
    whole[JOB] = 0
    if rules.release_s <= 0.0:
        release(rules, memory, now_s)


@borrowing
def after_step(rules: Rules, memory: Memory, ledger: Ledger, state: NodeState, commits: bool) -> None:
    """What comes after a step: the next one, the next inference, or the end of the power cycle."""
    whole = memory.whole
    over = whole[JOB] == 0 and 0 <= rules.wanted <= whole[FINISHED]
    if rules.shuts_down and commits:
        end_cycle(memory, ledger, state.tv[0], state.tv[1], rules.v_off, SHUTDOWN)
        whole[AT] = BEGIN
    elif over:
        end_cycle(memory, ledger, state.tv[0], state.tv[1], rules.v_off, END_OF_RUN)
        whole[AT] = BEGIN
    else:
        whole[AT] = WORK if whole[JOB] > 0 else NEXT


@borrowing
def _left_off(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    ledger: Ledger,
    place: Place,
    tables: Tables,
    rules: Rules,
    memory: Memory,
    code: int,
) -> int:
    """A step was not done: the run or the power is over, or a checkpoint is to be taken."""
    whole = memory.whole
    if code == OUT_OF_TIME:
        return STOPPED
    if code == DUE:
        whole[RESUMED] = 1
        whole[AT], whole[AFTER] = SAVE, WORK
        return GO_ON
    step = tables.step_at[whole[ORDINAL]]
    atomic = tables.atomic[step]
    first = tables.warm[step, 0] if whole[WARM] > 0 else tables.cold[step, 0]
    if rules.watches and not atomic:
        column = FIRST if place[PHASE] == 0.0 else SECOND
        load_w = tables.rows[first + int(place[ROW]), column + 1]
        if sustains(node, source, state, load_w, rules.v_off, rules.connected):
            hibernate(memory, rules, place, WORK)
            return GO_ON
    if rules.endless and atomic and math.isinf(tables.rows[tables.warm[step, 0], FIRST + 2]):
        memory.real[ENDLESS_S] += place[DONE_S]
        settle(ledger)
        place[:] = 0.0
        warm = whole[WARM] > 0
        whole[WARM] = whole[RESUMED] = 0
        step_done(tables, rules, memory, ledger, warm, state.tv[0])
        end_cycle(memory, ledger, state.tv[0], state.tv[1], rules.v_off, BROWN_OUT)
        whole[AT] = BEGIN
        return GO_ON
    memory.cuts[step] += atomic
    fail(tables, memory, ledger, place, True, False)
    return GO_ON


@borrowing
def fail(tables: Tables, memory: Memory, ledger: Ledger, place: Place, working: bool, asleep: bool) -> None:
    """Power failed; `working`: in a step, and not in a boot, a restore or in sleep."""
    whole = memory.whole
    whole[FAILED_WORKING], whole[FAILED_ASLEEP] = working, asleep
    whole[FAILED_AT] = whole[ORDINAL] if whole[JOB] > 0 else -1
    lose(ledger)
    place[:] = 0.0
    whole[WARM] = whole[RESUMED] = whole[CARRIED] = 0
    lose_all(tables, memory)
    whole[AT] = JUDGE


@borrowing
def hibernate(memory: Memory, rules: Rules, place: Place, after: int) -> None:
    """Save what is new since the last checkpoint, then sleep until the supply has recovered."""
    whole = memory.whole
    progress = whole[UNCOMMITTED] > 0
    for k in (ROW, REPETITION, PHASE, DONE_S):
        kept = memory.place[k] if whole[CHECKPOINT] > 0 else 0.0
        progress = progress or place[k] != kept
    whole[AFTER] = after
    if progress:
        whole[AT] = SAVE
    else:
        fall_asleep(memory, HIBERNATING, math.inf, rules.resume_v)


@borrowing
def save(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    ledger: Ledger,
    place: Place,
    tables: Tables,
    rules: Rules,
    memory: Memory,
) -> int:
    """Write volatile memory and the index to NVM in the middle of a step; progress is safe once that is complete."""
    whole, real = memory.whole, memory.real
    step, warm = tables.step_at[whole[ORDINAL]], whole[WARM] > 0
    section = tables.section[step]
    kept = memory.kept
    put(place, kept)
    place[:] = 0.0
    first, end = tables.saves[section]
    code, _, now_s = execute(
        node,
        source,
        state,
        ledger,
        place,
        tables.rows[first:end],
        True,
        rules.v_off,
        rules.connected,
        rules.horizon_s,
        math.inf,
    )
    if code == DONE:
        whole[SAVES] += 1
        first, end = tables.warm[step] if warm else tables.cold[step]
        tiles, seconds = done_before(tables.rows[first:end], kept)
        commit_all(tables, memory, section, tiles, seconds)
        put(kept, memory.place)
        whole[CHECKPOINT], whole[CHECKPOINT_WARM] = 1, warm
        real[LAST_COMMIT_S], real[DUE_S] = now_s, now_s + rules.timer_s
        put(kept, place)
    follow(rules, memory, now_s)
    if code == OUT_OF_TIME:
        return STOPPED
    if code != DONE:
        whole[TORN] += 1
        fail(tables, memory, ledger, place, True, False)
    elif rules.watches:
        fall_asleep(memory, HIBERNATING, math.inf, rules.resume_v)
    else:
        whole[AT] = whole[AFTER]
    return GO_ON


@borrowing
def put(origin: Place, target: Place) -> None:
    """Copy a place in the work."""
    for k in range(PLACE):
        target[k] = origin[k]
