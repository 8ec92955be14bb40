"""What holds in every run, whatever the supply, the trace, the schedule, the policy and the workload."""

from __future__ import annotations

import dataclasses
import itertools
import math

import msgspec
import numpy as np
import pytest
from engine_cases import batch, boost, case, layer, power, schedule, simulated
from engine_strategies import Draft, drafts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simint.engine import closing, opening
from simint.engine.application import Application, Task
from simint.engine.books import check_books
from simint.engine.event import Case
from simint.engine.policy import Tile, TileShutdown, Timer
from simint.engine.program import Activity, Program
from simint.engine.run import CycleEnd, EnergyBook, TimeBook, Verdict
from simint.engine.storage import Storage
from simint.engine.tally import Tally, new_tally
from simint.engine.workload import Workload
from simint.errors import LedgerError
from simint.hardware.capacitor import Capacitor
from simint.hardware.regulator import Ldo
from simint.physics.state import FRONTEND_LOSS, HARVESTED, LEAKED, QUIESCENT, SPILLED, NodeState
from simint.tiling.schedule import Cost, Schedule, totals

random_runs = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ENERGY_TERMS = [field.name for field in dataclasses.fields(EnergyBook) if field.name != "available"]
TIME_TERMS = [field.name for field in dataclasses.fields(TimeBook)]


def tiles_of(work: Schedule) -> int:
    return sum(
        loop.count * times * sum(run.count for run in each.batches[k].tiles)
        for each in work.layers
        for loop in each.program
        for k, times in loop.body
    )


# --- the books


@random_runs
@given(drafts())
def test_books_close(draft: Draft) -> None:
    """Closing is what `simulate` insists on; here the terms are added again from what else a run reports."""
    run = simulated(draft.case())
    energy, time = run.energy, run.time
    scale_j = max(energy.turnover_j, 0.5 * draft.supply.capacitor.capacitance * draft.supply.v_on**2)
    assert abs(energy.imbalance_j) <= 1e-9 * scale_j
    assert all(getattr(energy, term) >= 0 for term in ENERGY_TERMS if term != "stored_delta")
    assert all(getattr(time, term) >= 0 for term in TIME_TERMS)
    assert time.total == pytest.approx(run.duration_s, rel=1e-9, abs=1e-30)
    squares = run.final_voltage**2 - run.initial_voltage**2
    capacitance = draft.supply.capacitor.capacitance
    assert energy.stored_delta == pytest.approx(0.5 * capacitance * squares, rel=1e-9, abs=1e-12 * scale_j)
    if draft.workload.period is None and not draft.policy.guards and not draft.policy.watches:
        assert (energy.sleep, time.sleep) == (0, 0)
    assert energy.sleep == pytest.approx(draft.sleep_power_w * time.sleep, rel=1e-9)
    assert energy.available >= energy.harvested * (1 - 1e-9)


@random_runs
@given(drafts())
def test_power_cycles_tile_the_run(draft: Draft) -> None:
    """Cycles do not overlap; their durations, energies and tiles add up to those of the run."""
    run = simulated(draft.case())
    cycles = run.power_cycles
    edges = [edge for cycle in cycles for edge in (cycle.on_s, cycle.off_s)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= run.duration_s for edge in edges)
    assert sum(cycle.off_s - cycle.on_s for cycle in cycles) == pytest.approx(
        run.time.on, rel=1e-9, abs=1e-12 * run.duration_s
    )
    assert sum(cycle.energy_j for cycle in cycles) == pytest.approx(run.energy.device, rel=1e-9)
    assert sum(cycle.tiles_lost for cycle in cycles) == sum(each.tiles_lost for each in run.layers)
    assert sum(cycle.tiles_committed for cycle in cycles) == sum(each.tiles_committed for each in run.layers)
    assert run.progress == pytest.approx(sum(cycle.tiles_committed for cycle in cycles) / tiles_of(draft.schedule))
    if cycles:
        assert run.first_turn_on_s == cycles[0].on_s
    else:
        assert math.isnan(run.first_turn_on_s)
    for cycle in cycles:
        if cycle.ended_by is CycleEnd.BROWN_OUT:
            assert cycle.v_end == pytest.approx(draft.supply.v_off, rel=1e-12)
        assert cycle.v_end >= draft.supply.v_off * (1 - 1e-12)
    for before, after in itertools.pairwise(cycles):
        assert before.ended_by is not CycleEnd.END_OF_RUN
        assert after.on_s > before.off_s or before.v_end >= draft.supply.v_on


@random_runs
@given(drafts())
def test_every_tile_that_was_started_is_accounted_for(draft: Draft) -> None:
    """Started = committed + lost + in progress; finished inferences were executed once besides what was lost."""
    run = simulated(draft.case())
    in_one_inference = [tiles_of(dataclasses.replace(draft.schedule, layers=(each,))) for each in draft.schedule.layers]
    finished = len(run.finished)
    for each, tiles in zip(run.layers, in_one_inference, strict=True):
        in_progress = each.tiles_started - each.tiles_committed - each.tiles_lost
        assert 0 <= in_progress <= tiles
        assert finished * tiles <= each.tiles_committed <= (finished + 1) * tiles
        if run.verdict is Verdict.COMPLETED:
            assert in_progress == 0
            assert each.tiles_started == finished * tiles + each.tiles_lost
            assert each.tiles_committed == finished * tiles
    if run.verdict is Verdict.COMPLETED:
        assert finished == draft.workload.inferences
        executed = sum(finished * total.computes for total in (totals(each).traffic for each in draft.schedule.layers))
        assert sum(each.traffic.computes for each in run.layers) >= executed
        useful_s = sum(totals(each).continuous.time_s for each in draft.schedule.layers)
        useful_s += sum(task.duration_s for task in (*draft.application.before, *draft.application.after))
        assert run.continuous_s == pytest.approx(finished * useful_s, rel=1e-9)
        assert run.overhead_s >= -1e-9 * run.working_s


class CommittedTiles:
    """Watches the committed tiles, and the settled side of the ledger, after every event."""

    def __init__(self) -> None:
        self.tally: Tally | None = None
        self.committed = [0]
        self.settled_j = [np.zeros(len(Activity))]

    def new_tally(self, program: Program) -> Tally:
        self.tally = new_tally(program)
        return self.tally

    def passed(self, storage: Storage, state: str, since: NodeState | None, load_w: float) -> None:
        assert self.tally is not None
        self.committed.append(self.tally.tiles_committed)
        self.settled_j.append(storage.ledger.settled_j.copy())


@random_runs
@given(drafts())
def test_committed_progress_is_never_taken_back(draft: Draft) -> None:
    watch = CommittedTiles()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "new_tally", watch.new_tally)
        simulated(draft.case(), [watch])
    assert watch.committed == sorted(watch.committed)
    assert (np.diff(watch.settled_j, axis=0) >= 0).all()


# --- monotony


@random_runs
@given(drafts(), st.floats(1.0, 10.0))
def test_more_harvest_never_delays_the_first_turn_on(draft: Draft, factor: float) -> None:
    weak, strong = simulated(draft.case()), simulated(draft.case(power_factor=factor))
    if weak.power_cycles:
        assert strong.first_turn_on_s <= weak.first_turn_on_s * (1 + 1e-9)


@random_runs
@given(drafts(policies=(Tile(guards=True),)))
def test_the_guard_never_loses_a_batch(draft: Draft) -> None:
    """It may lose a boot, and what it restored, to a brown-out in its sleep; never a tile."""
    run = simulated(draft.case())
    assert [each.tiles_lost for each in run.layers] == [0] * len(run.layers)


@random_runs
@given(drafts(policies=(TileShutdown(),)))
def test_a_shutdown_follows_every_commit(draft: Draft) -> None:
    run = simulated(draft.case())
    commits = sum(each.batches_committed for each in run.layers) + sum(task.committed for task in run.tasks)
    assert sum(cycle.ended_by is CycleEnd.SHUTDOWN for cycle in run.power_cycles) == commits


@random_runs
@given(drafts())
def test_a_run_repeats_itself(draft: Draft) -> None:
    first, second = simulated(draft.case()), simulated(draft.case())
    assert repr(first) == repr(second)


# --- mutations: an error in any term is noticed


# Only banks that are switched lose energy by it.
ABSENT = {"switch_loss"}


def eventful() -> Case:
    """A run in which all terms of the books are there: outages, spilling, leaking, losses, saves, tasks, sleep."""
    streamed, reload, index = Cost(20e-6, 4e-3), Cost(60e-6, 50e-3), Cost(10e-6, 5e-3)
    work = schedule(
        layer("L0", (batch(120e-6, tiles=3, opening=streamed, reload=reload), 4), repeat=2),
        layer("L1", (batch(300e-6, power_w=20e-3, reload=reload, preserve=streamed), 8)),
        index=index,
        save=Cost(60e-6, 40e-3),
    )
    tasks = Application(before=(Task(name="sense", power=3e-3, duration=50e-3),))
    leaky = Capacitor(capacitance=1.4e-3, leakage=50e3, esr=10.0)
    supply = boost(leaky, v_max=3.1, quiescent=20e-6, efficiency=0.8)
    supply = msgspec.structs.replace(supply, regulator=Ldo(output_voltage=1.9))
    return case(
        power(3e-3, 0.0, 2e-3, 8e-3, step_s=1.5),
        work,
        supply,
        Timer(0.2),
        workload=Workload(inferences=8, period=8.0),
        application=tasks,
        initial_voltage=0.5,
        sleep_power_w=50e-6,
    )


def nonzero_terms(book: EnergyBook | TimeBook, turnover: float) -> list[str]:
    """Terms large enough that an error of a millionth of them exceeds the tolerance of the books."""
    terms = TIME_TERMS if isinstance(book, TimeBook) else ENERGY_TERMS
    return [term for term in terms if abs(getattr(book, term)) > 0.002 * turnover]


def test_the_eventful_run_has_every_term() -> None:
    """All but those of `ABSENT`."""
    run = simulated(eventful())
    assert set(ENERGY_TERMS) - set(nonzero_terms(run.energy, run.energy.turnover_j)) == ABSENT
    assert set(TIME_TERMS) - set(nonzero_terms(run.time, run.duration_s)) == set()


@pytest.mark.parametrize("factor", [1 - 1e-6, 1 + 1e-6])
@pytest.mark.parametrize("term", [term for term in ENERGY_TERMS if term not in ABSENT])
def test_an_error_of_a_millionth_in_an_energy_term_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, term: str, factor: float
) -> None:
    honest = closing.energy_book

    def cooked(storage: Storage, initial_voltage: float) -> EnergyBook:
        book = honest(storage, initial_voltage)
        return dataclasses.replace(book, **{term: getattr(book, term) * factor})

    monkeypatch.setattr(closing, "energy_book", cooked)
    with pytest.raises(LedgerError, match="energy books do not close"):
        simulated(eventful())


@pytest.mark.parametrize("factor", [1 - 1e-6, 1 + 1e-6])
@pytest.mark.parametrize("term", TIME_TERMS)
def test_an_error_of_a_millionth_in_a_time_term_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, term: str, factor: float
) -> None:
    honest = closing.time_book

    def cooked(*arguments: object) -> TimeBook:
        book = honest(*arguments)
        return dataclasses.replace(book, **{term: getattr(book, term) * factor})

    monkeypatch.setattr(closing, "time_book", cooked)
    with pytest.raises(LedgerError, match="time books do not close"):
        simulated(eventful())


class Saboteur:
    """Changes one number inside the running simulation, once, half way."""

    def __init__(self, part: str, position: int, change: float) -> None:
        self.part, self.position, self.change = part, position, change
        self.at_event = 100

    def passed(self, storage: Storage, state: str, since: NodeState | None, load_w: float) -> None:
        self.at_event -= 1
        if self.at_event == 0:
            parts = {
                "supply": storage.state.supply_j,
                "device": storage.ledger.settled_j,
                "time": storage.ledger.settled_s,
            }
            (parts | {"voltage": storage.state.tv})[self.part][self.position] += self.change


SABOTAGE = [
    *(("supply", term) for term in (HARVESTED, FRONTEND_LOSS, SPILLED, LEAKED, QUIESCENT)),
    *(("device", int(activity)) for activity in Activity),
    *(("time", int(activity)) for activity in Activity),
    ("voltage", 1),
]


@pytest.mark.parametrize(("part", "position"), SABOTAGE)
@pytest.mark.parametrize("change", [1e-6, -1e-6], ids=["more", "less"])
def test_a_number_changed_behind_the_books_stops_the_run(part: str, position: int, change: float) -> None:
    """A microjoule, a microsecond or a microvolt from nowhere."""
    saboteur = Saboteur(part, position, change)
    with pytest.raises(LedgerError):
        simulated(eventful(), [saboteur])
    assert saboteur.at_event <= 0


@random_runs
@given(drafts(), st.floats(-1.0, 1.0).filter(lambda share: abs(share) > 1e-5))
def test_no_term_of_any_run_can_be_off_unnoticed(draft: Draft, share: float) -> None:
    """Each term that matters (0.2 % of the turnover) changed by some share of it, of any run."""
    run = simulated(draft.case())
    stored_j = 0.5 * draft.supply.capacitor.capacitance * draft.supply.v_on**2
    check_books(run.energy, run.time, run.duration_s, stored_j)
    for term in nonzero_terms(run.energy, run.energy.turnover_j):
        wrong = dataclasses.replace(run.energy, **{term: getattr(run.energy, term) * (1 + share)})
        with pytest.raises(LedgerError):
            check_books(wrong, run.time, run.duration_s, stored_j)
    for term in nonzero_terms(run.time, run.duration_s):
        off = dataclasses.replace(run.time, **{term: getattr(run.time, term) * (1 + share)})
        with pytest.raises(LedgerError):
            check_books(run.energy, off, run.duration_s, stored_j)
