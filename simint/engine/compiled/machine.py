"""The device as a flat loop: what it does next is a number, and every turn of the loop does it.

The compiled counterpart of `engine.life` and `engine.sleeping`. Where a decision is rare and long (is this work
possible at all, does this climb ever end), the loop comes back to Python, which decides it with the functions of the
reference engine (`deciding`), and is entered again.
"""

from __future__ import annotations

import math

from simint.compiled import borrowing, compiled
from simint.engine.compiled.counting import begin_cycle, end_cycle
from simint.engine.compiled.cruise import cruise, cruises, may_cruise
from simint.engine.compiled.memory import (
    ASK_GUARD,
    ASK_POSSIBLE,
    AT,
    BEFORE_V,
    BEGIN,
    BOOT,
    BROWN_OUT,
    BUDGET,
    CHECKPOINT,
    CHECKPOINT_WARM,
    CLIMB_OFF,
    COMPLETED,
    CYCLES,
    DUE_S,
    EXECUTE,
    FAILED_ASLEEP,
    FAILED_WORKING,
    FAILURES,
    FINAL,
    FINISHED,
    FIRST_ON_S,
    FULL,
    GUARD,
    GUARDED,
    IDLE,
    INFERENCES,
    JOB,
    JOB_CYCLES,
    JUDGE,
    KNOWN_START,
    LAST_COMMIT_S,
    LAST_FAILURE_S,
    NEVER_ON,
    NEXT,
    NEXT_CHECK,
    NEXT_RELEASE_S,
    OFF,
    OFF_S,
    ORDINAL,
    OUT_OF_TIME_OFF,
    PASSES,
    PAUSED,
    POWER_FAILED_ASLEEP,
    REPEATS,
    RESTORES,
    RESUMED,
    SAVE,
    SLEEP,
    STAGNATE,
    STOPPED,
    UNTIL_V,
    WARM,
    WORK,
    Memory,
)
from simint.engine.compiled.releases import follow, release, take
from simint.engine.compiled.sleeping import begin_climb, fall_asleep, sleep, time_is_over
from simint.engine.compiled.tables import Rules, Tables
from simint.engine.compiled.working import GO_ON, fail, hibernate, put, run_step, save
from simint.engine.execution import DONE, OUT_OF_TIME, Ledger, execute
from simint.engine.plant import Plant, ledger_of, node_of_plant, place_of, source_of, state_of
from simint.engine.program import Place
from simint.engine.stagnation import comes_back, note_failure
from simint.engine.waiting import charge
from simint.physics.source import LOOP, CompiledSource
from simint.physics.state import HIGH, NEVER, NodeState
from simint.physics.wiring import Node

# The same as `sleeping.ROUNDING` of the reference engine.
_ROUNDING = 1e-12


@compiled
def run_machine(plant: Plant, tables: Tables, rules: Rules, memory: Memory) -> int:
    """Run until there is a reason to come back to Python, at the latest when the budget of work is used up."""
    node, source = node_of_plant(plant), source_of(plant)
    return _turn(node, source, state_of(plant), ledger_of(plant), place_of(plant), tables, rules, memory)


@borrowing
def _turn(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    ledger: Ledger,
    place: Place,
    tables: Tables,
    rules: Rules,
    memory: Memory,
) -> int:
    """One thing after another, as `Memory.whole[AT]` says."""
    whole, real = memory.whole, memory.real
    cruising = cruises(node, state, rules)
    while True:
        if whole[CYCLES] == memory.cycles.shape[0] or whole[INFERENCES] == memory.inferences.shape[0]:
            return FULL
        if whole[BUDGET] <= 0:
            return PAUSED
        whole[BUDGET] -= 1
        at, code = whole[AT], GO_ON
        if at == EXECUTE:
            if cruising and may_cruise(memory, place):
                cruise(node, source, state, ledger, place, tables, rules, memory)
            if whole[AT] == EXECUTE:
                code = run_step(node, source, state, ledger, place, tables, rules, memory)
        elif at == WORK:
            code = _work(rules, tables, memory, state, place)
        elif at == BEGIN:
            code = _begin(rules, memory)
        elif at == OFF:
            code = _off(node, source, state, ledger, rules, memory)
        elif at == BOOT:
            code = _boot(node, source, state, ledger, place, tables, rules, memory)
        elif at == NEXT:
            if take(rules, memory, state.tv[0]):
                real[DUE_S] = state.tv[0] + rules.timer_s
                whole[AT] = WORK
            else:
                fall_asleep(memory, IDLE, state.tv[0] + (real[NEXT_RELEASE_S] - state.tv[0]), math.inf)
        elif at == SLEEP:
            code = sleep(node, source, state, ledger, rules, memory)
            if code == POWER_FAILED_ASLEEP:
                fail(tables, memory, ledger, place, False, True)
                code = GO_ON
        elif at == GUARD:
            # Charging lifts the terminals above the capacitor behind its series resistance.
            needed_v = memory.needed[whole[WARM], tables.step_at[whole[ORDINAL]]]
            until_v = real[UNTIL_V] + max(needed_v - state.tv[1], _ROUNDING * needed_v)
            if state.tv[1] < needed_v:
                fall_asleep(memory, GUARDED, math.inf, until_v)
            else:
                whole[AT] = EXECUTE
        elif at == SAVE:
            code = save(node, source, state, ledger, place, tables, rules, memory)
        elif at == JUDGE:
            code = _judge(rules, tables, memory)
        else:
            code = _stagnate(node, source, state, ledger, rules, memory)
        if code != GO_ON:
            return code


@borrowing
def _begin(rules: Rules, memory: Memory) -> int:
    """The device is off, at the start or after a power cycle."""
    whole = memory.whole
    if 0 <= rules.wanted <= whole[FINISHED]:
        if not rules.recharge_at_end:
            return COMPLETED
        whole[FINAL] = 1
    begin_climb(memory)
    whole[AT] = OFF
    return GO_ON


@borrowing
def _off(node: Node, source: CompiledSource, state: NodeState, ledger: Ledger, rules: Rules, memory: Memory) -> int:
    """Off, until the capacitor is at `v_on`."""
    whole, real = memory.whole, memory.real
    before_v, started_s = state.tv[1], state.tv[0]
    left = max(rules.horizon_s - started_s, 0.0)
    piece = min(left, source.duration_s) if source.end == LOOP else left
    code = charge(node, source, state, rules.v_on, piece, rules.poll_s)
    now_s = state.tv[0]
    real[OFF_S] += now_s - started_s
    follow(rules, memory, now_s)
    if code == HIGH:
        if whole[FINAL] > 0:
            return COMPLETED
        begin_cycle(memory, ledger, now_s)
        if math.isnan(real[FIRST_ON_S]):
            real[FIRST_ON_S] = now_s
            if rules.release_s <= 0.0:
                release(rules, memory, now_s)
        whole[JOB_CYCLES] += 1
        whole[WARM] = 0
        whole[AT] = BOOT
        return GO_ON
    if time_is_over(rules, state):
        return OUT_OF_TIME_OFF
    if code == NEVER:
        return NEVER_ON
    if source.end != LOOP or piece < source.duration_s:
        return GO_ON
    whole[PASSES] += 1
    if whole[PASSES] >= whole[NEXT_CHECK]:
        real[BEFORE_V] = before_v
        return CLIMB_OFF
    return GO_ON


@borrowing
def _boot(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    ledger: Ledger,
    place: Place,
    tables: Tables,
    rules: Rules,
    memory: Memory,
) -> int:
    """Boot, and read the valid checkpoint back, if there is one."""
    whole = memory.whole
    first, end = tables.start[0]
    connected, horizon_s = rules.connected, rules.horizon_s
    for restoring in range(2):
        if restoring:
            if whole[JOB] == 0 or whole[CHECKPOINT] == 0:
                break
            first, end = tables.loads[tables.section[tables.step_at[whole[ORDINAL]]]]
        rows = tables.rows[first:end]
        code, _, now_s = execute(
            node, source, state, ledger, place, rows, False, rules.v_off, connected, horizon_s, math.inf
        )
        if code == DONE and restoring:
            whole[RESTORES] += 1
            put(memory.place, place)
            whole[WARM], whole[RESUMED] = whole[CHECKPOINT_WARM], 1
        follow(rules, memory, now_s)
        if code == OUT_OF_TIME:
            return STOPPED
        if code != DONE:
            fail(tables, memory, ledger, place, False, False)
            return GO_ON
    memory.real[DUE_S] = state.tv[0] + rules.timer_s
    whole[AT] = WORK if whole[JOB] > 0 else NEXT
    return GO_ON


@borrowing
def _work(rules: Rules, tables: Tables, memory: Memory, state: NodeState, place: Place) -> int:
    """Whether the next step may begin."""
    whole = memory.whole
    whole[AT] = EXECUTE
    if rules.guards:
        needed_v = memory.needed[whole[WARM], tables.step_at[whole[ORDINAL]]]
        if math.isnan(needed_v):
            whole[AT] = WORK
            return ASK_GUARD
        if state.tv[1] < needed_v:
            fall_asleep(memory, GUARDED, math.inf, needed_v)
    elif rules.watches and state.tv[1] <= rules.low_v:
        hibernate(memory, rules, place, EXECUTE)
    return GO_ON


@borrowing
def _judge(rules: Rules, tables: Tables, memory: Memory) -> int:
    """After a power failure: whether some power cycle could bring the device past it."""
    whole = memory.whole
    whole[AT] = STAGNATE
    if whole[FAILED_WORKING] > 0:
        if rules.guards:
            return GO_ON
        if whole[CHECKPOINT] == 0 and memory.known[tables.step_at[whole[ORDINAL]]]:
            return GO_ON
    elif whole[KNOWN_START] > 0:
        return GO_ON
    return ASK_POSSIBLE


@borrowing
def _stagnate(
    node: Node, source: CompiledSource, state: NodeState, ledger: Ledger, rules: Rules, memory: Memory
) -> int:
    """After a power failure: whether it leads back to where it began. Then the power cycle is over."""
    whole, real = memory.whole, memory.real
    if whole[JOB] == 0 and whole[FAILED_ASLEEP] > 0:
        whole[FAILURES] = 0
    else:
        if real[LAST_COMMIT_S] > real[LAST_FAILURE_S]:
            whole[FAILURES] = 0
        if whole[FAILURES] == memory.failures.shape[0]:
            return FULL
        real[LAST_FAILURE_S] = state.tv[0]
        note_failure(memory.failures, whole[FAILURES], node, source, state, rules.poll_s)
        fruitless_s = state.tv[0] - real[LAST_COMMIT_S] if source.end == LOOP else 0.0
        repeated = comes_back(memory.failures, whole[FAILURES], source.duration_s, rules.poll_s, fruitless_s)
        whole[FAILURES] += 1
        if repeated:
            return REPEATS
    end_cycle(memory, ledger, state.tv[0], state.tv[1], rules.v_off, BROWN_OUT)
    whole[AT] = BEGIN
    return GO_ON
