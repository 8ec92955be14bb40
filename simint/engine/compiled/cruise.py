"""Step after step while nothing happens but work: most of a run.

What acts on the capacitor besides the device is looked up once, not once a phase, and booked in one sum for all the
phases between two changes of it. Whatever a phase may meet (a threshold, the end of a segment, the clamp, an edge of a
table) ends the cruise before that phase or leaves it to `advance_capacitor`; the place is kept, and `execute` goes on
from there.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simint.compiled import borrowing
from simint.engine.compiled.booking import book_begun, book_steps
from simint.engine.compiled.leap import leap_to
from simint.engine.compiled.memory import (
    AT,
    BUDGET,
    CARRIED,
    DUE_S,
    EXECUTE,
    INFERENCES,
    LAST_COMMIT_S,
    NEXT,
    ORDINAL,
    RESUMED,
    WARM,
    WORK,
    Memory,
)
from simint.engine.compiled.releases import take
from simint.engine.compiled.tables import TOTAL_J, TOTAL_S, Rules, Tables
from simint.engine.execution import Ledger
from simint.engine.program import COUNT, DONE_S, FIRST, PHASE, REPETITION, ROW, SECOND, Place
from simint.physics.books import Stretch, book_stretch
from simint.physics.short_way import short_way
from simint.physics.source import CONVERTED, HOLD, CompiledSource
from simint.physics.state import REGULATOR_LOSS, TIME, NodeState, segment_stop
from simint.physics.stepping import advance_capacitor, is_plain
from simint.physics.wiring import Load, Node, Setting, bin_at, load_of, setting_at

_Floats = NDArray[np.float64]

# Phases that count as one turn of the loop.
_PHASES_A_TURN = 16
# Phases of one cruise at most, so that a run can be stopped.
_LONGEST = 65536


@borrowing
def cruise(
    node: Node,
    source: CompiledSource,
    state: NodeState,
    ledger: Ledger,
    place: Place,
    tables: Tables,
    rules: Rules,
    memory: Memory,
) -> None:
    """As many whole steps of the inference as nothing interrupts, and the beginning of the next."""
    whole, real = memory.whole, memory.real
    first = ordinal = begun_at = whole[ORDINAL]
    last, rows = tables.step_at.size, tables.rows
    due_s, idle = real[DUE_S], Load(0.0, True, 0)
    tv = state.tv
    now, v = tv[0], tv[1]
    gains, linear, flat = node.gain, node.linear, node.output_a.size == 1
    # The stretch under one setting so far: seconds, J1, J2, the device's energy behind and before the regulator.
    seconds = j1 = j2 = loss_j = 0.0
    stop, segment, alive, here = _around(node, source, state, rules.connected)
    top, bottom = min(node.ceiling_v, here.high_v), max(here.low_v, 0.0)
    a, b, d, c = here.a, here.b - here.leak_a, here.d + here.leak_s, here.capacitance
    gain = gains[bin_at(node, v, True), 0]
    fresh, row, repetition, phase, done_s, phases = True, 0, 0, 0, 0.0, 0
    left_off = False
    leaps = source.link == CONVERTED and flat and not linear and not rules.guards
    last_leap = last - 1 if rules.endless else last
    while not left_off:
        if ordinal == last:
            tv[0], tv[1] = now, v
            book_steps(tables, rules, memory, ledger, state, first, ordinal)
            room = whole[INFERENCES] < memory.inferences.shape[0]
            if not (whole[AT] == NEXT and room and take(rules, memory, now)):
                break
            whole[AT] = EXECUTE
            real[DUE_S] = due_s = now + rules.timer_s
            first = ordinal = 0
            begun_at = -1
        if phases >= _LONGEST:
            break
        step = tables.step_at[ordinal]
        low_v, timed = rules.v_off, False
        if rules.checkpoints and not tables.atomic[step]:
            low_v, timed = rules.low_v, True
        if rules.guards and not v >= memory.needed[1, step]:
            break
        if rules.watches and v <= rules.low_v:
            break
        if leaps and not (fresh and now < stop):
            book_stretch(source, state, here, idle, segment, alive, Stretch(seconds, j1, j2, j1, j2))
            state.supply_j[REGULATOR_LOSS] += loss_j
            seconds = j1 = j2 = loss_j = 0.0
            tv[0], tv[1] = now, v
            stop, segment, alive, here = _around(node, source, state, rules.connected)
            top, bottom = min(node.ceiling_v, here.high_v), max(here.low_v, 0.0)
            a, b, d, c = here.a, here.b - here.leak_a, here.d + here.leak_s, here.capacitance
            gain, fresh = gains[bin_at(node, v, True), 0], True
        if leaps and b == 0.0 and d == 0.0 and bottom < v < top and ordinal < last_leap:
            floor_v = max(bottom, low_v, rules.low_v)
            floor_j, roof_j = 0.5 * c * floor_v * floor_v, 0.5 * c * top * top
            room_s = min(stop, rules.horizon_s) - now
            if rules.checkpoints:
                room_s = min(room_s, due_s - now)
            falls = a < gain * tables.lowest_w
            goal = leap_to(tables.sums, ordinal, last_leap, 0.5 * c * v * v, floor_j, roof_j, a, gain, falls, room_s)
            if goal > ordinal:
                spent_j = tables.sums[goal, TOTAL_J] - tables.sums[ordinal, TOTAL_J]
                took_s = tables.sums[goal, TOTAL_S] - tables.sums[ordinal, TOTAL_S]
                v = math.sqrt(v * v + 2.0 / c * (a * took_s - gain * spent_j))
                now += took_s
                seconds += took_s
                loss_j += (gain - 1.0) * spent_j
                for k in range(ordinal, goal):
                    memory.warm_runs[tables.step_at[k]] += 1
                safe = tables.last_commit[goal]
                if safe > ordinal:
                    real[LAST_COMMIT_S] = now - (tables.sums[goal, TOTAL_S] - tables.sums[safe, TOTAL_S])
                    if rules.checkpoints:
                        due_s = real[LAST_COMMIT_S] + rules.timer_s
                phases += 16
                ordinal = goal
                continue
        row, end = tables.warm[step]
        row_first = row
        while row < end and not left_off:
            count = int(rows[row, COUNT])
            repetition = 0
            while repetition < count and not left_off:
                phase, done_s = 0, 0.0
                if timed and now >= due_s:
                    left_off = True
                    break
                while phase < 2:
                    column = FIRST if phase == 0 else SECOND
                    left = rows[row, column + 2]
                    if left <= 0.0:
                        phase += 1
                        continue
                    if not now + left <= rules.horizon_s:
                        left_off = True
                        break
                    phases += 1
                    power = rows[row, column + 1]
                    if not fresh or now >= stop:
                        book_stretch(source, state, here, idle, segment, alive, Stretch(seconds, j1, j2, j1, j2))
                        state.supply_j[REGULATOR_LOSS] += loss_j
                        seconds = j1 = j2 = loss_j = 0.0
                        tv[0], tv[1] = now, v
                        stop, segment, alive, here = _around(node, source, state, rules.connected)
                        top, bottom = min(node.ceiling_v, here.high_v), max(here.low_v, 0.0)
                        a, b, d, c = here.a, here.b - here.leak_a, here.d + here.leak_s, here.capacitance
                        gain, fresh = gains[bin_at(node, v, True), 0], True
                    load_a, load_b = power * gain, 0.0
                    if linear:
                        load_a, load_b = 0.0, power / node.output_v
                    good = False
                    if flat and left <= stop - now and bottom < v < top:
                        good, v1, p1, p2 = short_way(v, left, a - load_a, b - load_b, d, c)
                        if good and max(bottom, low_v) < v1 < top:
                            v = v1
                            now += left
                            seconds += left
                            j1 += p1
                            j2 += p2
                            loss_j += (load_a - power) * left + load_b * p1 if power > 0.0 else 0.0
                            phase += 1
                            continue
                    # The whole truth about this phase.
                    book_stretch(source, state, here, idle, segment, alive, Stretch(seconds, j1, j2, j1, j2))
                    state.supply_j[REGULATOR_LOSS] += loss_j
                    seconds = j1 = j2 = loss_j = 0.0
                    tv[0], tv[1] = now, v
                    code, elapsed = advance_capacitor(
                        node, source, state, load_of(node, power, True), left, low_v, math.inf, rules.connected
                    )
                    now, v, fresh = tv[0], tv[1], False
                    if code != TIME:
                        done_s = elapsed
                        left_off = True
                        break
                    phase += 1
                if not left_off:
                    repetition += 1
            if not left_off:
                row += 1
        if left_off:
            place[ROW], place[REPETITION], place[PHASE], place[DONE_S] = row - row_first, repetition, phase, done_s
            break
        memory.warm_runs[step] += 1
        ordinal += 1
        if tables.commits[step]:
            real[LAST_COMMIT_S] = now
            if rules.checkpoints:
                due_s = now + rules.timer_s
    book_stretch(source, state, here, idle, segment, alive, Stretch(seconds, j1, j2, j1, j2))
    state.supply_j[REGULATOR_LOSS] += loss_j
    tv[0], tv[1] = now, v
    whole[BUDGET] -= phases // _PHASES_A_TURN
    if whole[AT] != EXECUTE:  # the inference was completed
        return
    real[DUE_S] = due_s
    book_steps(tables, rules, memory, ledger, state, first, ordinal)
    if left_off and not may_cruise(memory, place):
        begin, end = tables.warm[tables.step_at[ordinal]]
        whole[CARRIED] = book_begun(tables.rows[begin:end], place, ledger)
    elif ordinal != begun_at:
        whole[AT] = WORK


@borrowing
def _around(node: Node, source: CompiledSource, state: NodeState, connected: bool) -> tuple[float, int, bool, Setting]:
    """What acts on the capacitor besides the device: until when, in which segment, whether that has a source."""
    stop, alive = math.inf, connected
    if connected:
        stop = segment_stop(source, state)
        alive = state.at[0] < source.segments or source.end == HOLD
    segment = min(state.at[0], source.segments - 1)
    return stop, segment, alive, setting_at(node, source, segment, alive, state.tv[1], True, Load(0.0, True, 0))


@borrowing
def cruises(node: Node, state: NodeState, rules: Rules) -> bool:
    """Whether the supply and the policy are of the kind that `cruise` knows."""
    return is_plain(node, state) and node.poll_s == 0.0 and not rules.shuts_down


@borrowing
def may_cruise(memory: Memory, place: Place) -> bool:
    """Whether the step in progress is at its beginning, with volatile memory warm."""
    whole = memory.whole
    if whole[WARM] == 0 or whole[RESUMED] > 0:
        return False
    return bool(place[ROW] == 0.0 and place[REPETITION] == 0.0 and place[PHASE] == 0.0 and place[DONE_S] == 0.0)
