"""The engine's event times against explicit small time steps that share no code with it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from brute_force import (
    DELIVERED,
    DRAWN,
    LEAKED,
    QUIESCENT,
    SPILLED,
    Circuit,
    Result,
    Work,
    pass_time,
)
from brute_force import integrate as by_small_steps
from engine_cases import BOOT, INDEX, case, simulated
from source_kinds import (
    CAPACITANCE,
    DROP_V,
    EFFICIENCY,
    INFERENCES,
    KIND_NAMES,
    KNEE_V,
    LEAKAGE_OHM,
    OHM,
    QUIESCENT_A,
    RELOAD,
    SEGMENT_S,
    SEGMENTS,
    V_MAX,
    V_OFF,
    V_ON,
    V_START,
    source,
    supply,
    work,
)

from simint.engine.event import Case
from simint.engine.run import CycleEnd, Run, Verdict
from simint.engine.workload import Workload
from simint.physics.front_end import compile_source
from simint.physics.state import HIGH, LOW, start_state
from simint.physics.state import SPILLED as SUPPLY_SPILLED
from simint.physics.stepping import advance
from simint.physics.wiring import build_node
from simint.tiling.schedule import Schedule
from simint.trace.power_trace import PowerSource, PowerTrace, TheveninSource

STEPS_S = (4e-3, 1e-3, 2.5e-4, 6.25e-5)


def circuit(kind: int) -> Circuit:
    given = source(kind)
    knee_i = np.zeros((SEGMENTS, KNEE_V.size))
    if isinstance(given, PowerSource):
        level = EFFICIENCY * given.power_w
    elif isinstance(given, TheveninSource):
        level = given.voltage_v
    else:
        level, knee_i = np.zeros(SEGMENTS), np.array(given.current_a)
    return Circuit(
        kind=kind,
        segment_s=SEGMENT_S,
        level=np.array(level),
        ohm=OHM,
        knee_v=KNEE_V,
        knee_i=knee_i,
        drop_v=DROP_V,
        capacitance=CAPACITANCE,
        leakage_s=1.0 / LEAKAGE_OHM,
        quiescent_a=QUIESCENT_A,
        v_max=V_MAX,
    )


def phases(plan: Schedule) -> Work:
    """The schedule's phases one by one, with the index written at each commit."""
    batches = []
    for loop in plan.layers[0].program:
        for index, times in loop.body:
            each = plan.layers[0].batches[index]
            rows = [row for run in each.tiles for row in [run.fetch, run.compute] * run.count]
            rows = [(row.energy_j, row.time_s) for row in (*rows, each.write_back, plan.index_write)]
            batches += [rows] * times
    boot = [(BOOT.energy_j, BOOT.time_s), (INDEX.energy_j, INDEX.time_s)]
    return Work(boot, [(RELOAD.energy_j, RELOAD.time_s)], batches)


@pytest.fixture(scope="module", params=range(3), ids=KIND_NAMES)
def kind(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def exact(kind: int) -> Run:
    trace = PowerTrace("random", source(kind), SEGMENT_S)
    run_case: Case = case(
        trace, work(), supply(kind), workload=Workload(inferences=INFERENCES), initial_voltage=V_START
    )
    return simulated(run_case)


def stepped(kind: int, step_s: float) -> Result:
    return by_small_steps(circuit(kind), phases(work()), V_START, V_ON, V_OFF, INFERENCES, step_s)


def event_times(run: Run) -> np.ndarray:
    on = [cycle.on_s for cycle in run.power_cycles]
    off = [cycle.off_s for cycle in run.power_cycles if cycle.ended_by is CycleEnd.BROWN_OUT]
    return np.array([*on, *off, *(done.end_s for done in run.finished)])


def energies(run: Run) -> np.ndarray:
    """The engine's books under the terms of the brute force."""
    book, terms = run.energy, np.zeros(5)
    terms[DELIVERED] = book.harvested - book.frontend_loss
    terms[SPILLED], terms[LEAKED], terms[QUIESCENT], terms[DRAWN] = (
        book.spilled,
        book.leaked,
        book.quiescent,
        book.device,
    )
    return terms


def assert_second_order(errors: list[float], scale: float) -> None:
    """With a quarter of the step a sixteenth of the error (asked here: an eighth), down to nothing."""
    for coarse, fine in itertools.pairwise(errors):
        assert fine < coarse / 8.0
    assert errors[-1] < 1e-8 * scale


def test_event_times_and_books_converge_to_the_engine_s(kind: int) -> None:
    run = exact(kind)
    times, terms = event_times(run), energies(run)
    assert run.verdict is Verdict.COMPLETED
    assert len(run.power_cycles) >= 4
    assert sum(cycle.tiles_lost for cycle in run.power_cycles) > 0
    assert terms[SPILLED] > 0.01 * terms[DELIVERED]
    time_errors, term_errors = [], []
    for step_s in STEPS_S:
        result = stepped(kind, step_s)
        found = np.array([*result.on_s, *result.off_s, *result.done_s])
        assert found.shape == times.shape
        time_errors.append(float(np.abs(found - times).max()))
        term_errors.append(float(np.abs(result.books - terms).max()))
    assert_second_order(time_errors, times.max())
    assert_second_order(term_errors, terms[DELIVERED])


def test_the_time_of_the_clamp_and_of_the_fall_from_it_converge(kind: int) -> None:
    """A steady load; the clamp holds until the source has become weak, then the voltage falls to `v_off`."""
    load_w = 4e-3
    joined = compile_source(PowerTrace("random", source(kind), SEGMENT_S), supply(kind))
    state, node = start_state(joined, 3.2, 0.0), build_node(supply(kind))
    times = []
    for low_v, high_v, code in ((0.0, V_MAX, HIGH), (V_OFF, np.inf, LOW)):
        assert advance(node, joined, state, load_w, True, np.inf, low_v, high_v, True)[0] == code
        times.append(state.tv[0])
    assert state.supply_j[SUPPLY_SPILLED] > 0.0
    errors = []
    for step_s in STEPS_S:
        now, books, found = np.array([0.0, 3.2]), np.zeros(5), []
        for low_v, high_v in ((0.0, V_MAX), (V_OFF, np.inf)):
            pass_time(circuit(kind), now, books, load_w, np.inf, low_v, high_v, step_s)
            found.append(now[0])
        errors.append(float(np.abs(np.subtract(found, times)).max()))
    assert_second_order(errors, times[-1])
