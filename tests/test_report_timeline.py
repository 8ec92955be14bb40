"""The timeline agrees with the books of its run to the nanosecond, and is what Perfetto reads."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from pathlib import Path

import pytest
from engine_cases import batch, boost, case, direct, layer, power, schedule, thevenin, uniform
from engine_strategies import Draft, drafts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_cases import TILES, bench, bursts, run_case, supply
from timeline_runs import VOLTAGE, border_s, check_times, drawn
from trace_events import Timeline, read_timeline

from simint.engine.application import Application, Task
from simint.engine.policy import POLICY_NAMES, JustInTime, RecoveryPolicy, Restart, Tile
from simint.engine.run import Run, Verdict
from simint.engine.storage import Storage
from simint.engine.workload import Workload
from simint.hardware.supply import Capacitor
from simint.physics.state import NodeState
from simint.report.timeline.commits import AtStake
from simint.report.timeline.event_file import open_event_file
from simint.report.timeline.recorder import VOLTAGE_STEP, TimelineRecorder
from simint.report.timeline.repeats import Furthest
from simint.tiling.schedule import Cost

HARVEST, COMMITTED = "harvested power", "tiles committed"


class Log:
    """Every event of a run: time and voltage."""

    def __init__(self) -> None:
        self.events: list[tuple[float, float]] = []

    def passed(self, storage: Storage, state: str, since: NodeState | None, load_w: float) -> None:
        self.events.append((storage.now_s, storage.voltage))


def lost_work_s(timeline: Timeline) -> float:
    """Time that batches and tasks took in vain, without what they reloaded."""
    total_ns = 0
    batches, phases = timeline.rows.get("batch", []), timeline.rows.get("phase", [])
    reloads = [each for each in phases if each.kind == "restore"]
    for lost in timeline.rows.get("lost work", []):
        inside = [each for each in batches if lost.begin <= each.begin < lost.end]
        for each in inside:
            assert each.end <= lost.end
            reload = [p for p in reloads if each.begin <= p.begin < each.end]
            total_ns += each.end - each.begin - sum(p.end - p.begin for p in reload)
    return total_ns / 1e9


# --- any run


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draft=drafts())
def test_timeline_agrees_with_the_books(draft: Draft, tmp_path_factory: pytest.TempPathFactory) -> None:
    run, timeline = drawn(tmp_path_factory.mktemp("run") / "t.json", draft.case())
    check_times(run, timeline)
    states = timeline.rows.get("device state", [])
    assert all(after.begin == before.end for before, after in itertools.pairwise(states))
    if run.duration_s > 1e-9:
        assert timeline.counters[COMMITTED][-1][1] == sum(each.tiles_committed for each in run.layers)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draft=drafts())
def test_whatever_was_lost_is_executed_once_more(draft: Draft, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each attempt at a batch does again what earlier ones did and adds to it; what is done twice was lost once."""
    run, timeline = drawn(tmp_path_factory.mktemp("run") / "t.json", draft.case())
    work_s, again_s = lost_work_s(timeline), timeline.seconds("re-execution").total()
    allowed = 1e-9 * run.duration_s + border_s(run) * (1 + timeline.slices("phase"))
    assert again_s <= work_s + allowed
    if run.verdict is Verdict.COMPLETED:
        assert again_s == pytest.approx(work_s, abs=allowed)


# --- one run, looked at closely


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Timeline, Log]:
    """Two inferences of 80 tiles on the bench, where power fails now and then."""
    log = Log()
    path = tmp_path_factory.mktemp("failing") / "t.json"
    with open_event_file(path, 0.0) as file:
        recorder = TimelineRecorder(file)
        run = run_case(bench(), supply("thevenin"), workload=Workload(inferences=2), observers=[recorder, log])
        recorder.finish(run, "bench", {})
    assert run.time.lost > 0
    return run, read_timeline(path), log


def test_every_kind_of_slice_is_there(failing: tuple[Run, Timeline, Log]) -> None:
    run, timeline, _ = failing
    assert set(timeline.seconds("phase")) == {"boot", "restore", "fetch", "compute", "write_back", "index"}
    assert [each.name for each in timeline.rows["inference"]] == ["inference 0", "inference 1"]
    assert {each.name for each in timeline.rows["device state"]} == {"off", "boot", "restore", "work"}
    assert {each.name for each in timeline.rows["layer"]} == {"L0"}
    assert len(timeline.rows["lost work"]) == sum(cycle.tiles_lost > 0 for cycle in run.power_cycles)
    assert len(timeline.rows["batch"]) == 2 * TILES + len(timeline.rows["lost work"])
    cut = [each for each in timeline.rows["batch"] if each.args.get("cut")]
    assert len(cut) == len(timeline.rows["lost work"])


def test_slices_stand_where_things_happened(failing: tuple[Run, Timeline, Log]) -> None:
    run, timeline, _ = failing
    cycles = [(each.begin, each.end) for each in timeline.rows["power cycle"]]
    assert cycles == [(round(cycle.on_s * 1e9), round(cycle.off_s * 1e9)) for cycle in run.power_cycles]
    spans = [(each.begin, each.end) for each in timeline.rows["inference"]]
    assert spans == [(round(each.start_s * 1e9), round(each.end_s * 1e9)) for each in run.inferences]
    boots = [each.begin for each in timeline.rows["phase"] if each.kind == "boot"]
    assert boots == [begin for begin, _ in cycles]
    for each in timeline.rows["lost work"]:
        assert each.end in {end for _, end in cycles}, "work is lost when power fails"
        inside = Counter[str]()
        for phase in timeline.rows["phase"]:
            if each.begin <= phase.begin and phase.end <= each.end:
                inside[phase.kind] += phase.seconds
        told = {key.removesuffix("_s"): value for key, value in each.args.items() if key != "energy_j"}
        assert dict(inside) == pytest.approx(told, abs=1e-8)
    again, attempts = timeline.rows["re-execution"], timeline.rows["batch"]
    repeated = [each.begin for each in attempts if each.args.get("repeated")]
    assert [each.begin for each in again] == repeated


def test_voltage_at_turn_on_and_brown_out(failing: tuple[Run, Timeline, Log]) -> None:
    run, timeline, _ = failing
    node = supply("thevenin")
    for cycle in run.power_cycles:
        assert timeline.at(VOLTAGE, cycle.on_s) == pytest.approx(node.v_on, rel=1e-9)
        assert timeline.at(VOLTAGE, cycle.off_s) == pytest.approx(cycle.v_end, rel=1e-9)
    assert sum(timeline.at(VOLTAGE, cycle.off_s) == node.v_off for cycle in run.power_cycles) > 1


def test_voltage_follows_the_capacitor(failing: tuple[Run, Timeline, Log]) -> None:
    """The staircase is never further from the engine's voltage than one step, nor are its points from each other."""
    run, timeline, log = failing
    node = supply("thevenin")
    step = VOLTAGE_STEP * (node.v_on - node.v_off)
    points = timeline.counters[VOLTAGE]
    assert points[0] == (0, node.v_off)
    assert points[-1] == (round(run.duration_s * 1e9), pytest.approx(run.final_voltage, rel=1e-9))
    jumps = [abs(after[1] - before[1]) for before, after in itertools.pairwise(points)]
    assert max(jumps) <= 1.0001 * step
    for time_s, voltage in log.events:
        assert abs(timeline.at(VOLTAGE, time_s) - voltage) <= 1.0001 * step


def test_voltage_of_a_plain_resistor_and_capacitor(tmp_path: Path) -> None:
    """V = Vs - (Vs - V0) * exp(-t / RC), at every point that is drawn on the way up."""
    ohm, farad = 2000.0, 1e-3
    run, timeline = drawn(tmp_path / "t.json", case(thevenin(5.0, ohm=ohm, step_s=60.0), uniform(1), direct()))
    rising = [point for point in timeline.counters[VOLTAGE] if point[0] <= round(run.first_turn_on_s * 1e9)]
    assert len(rising) > 90
    for time_ns, voltage in rising:
        assert voltage == pytest.approx(5.0 - 3.0 * math.exp(-time_ns * 1e-9 / (ohm * farad)), rel=1e-8)


def test_harvested_power_sums_to_the_energy_of_the_books(tmp_path: Path) -> None:
    with open_event_file(tmp_path / "t.json", 0.0) as file:
        recorder = TimelineRecorder(file)
        run = run_case(bursts(), supply("boost"), duration_s=60.0, observers=[recorder])
        recorder.finish(run, "bursts", {})
    timeline = read_timeline(tmp_path / "t.json")
    points = [*timeline.counters[HARVEST], (round(run.duration_s * 1e9), 0.0)]
    energy_j = sum(watt * (after - when) * 1e-9 for (when, watt), (after, _) in itertools.pairwise(points))
    assert energy_j == pytest.approx(run.energy.harvested, rel=1e-5)
    check_times(run, timeline)


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_committed_tiles_are_counted_when_they_are_safe(policy: str, tmp_path: Path) -> None:
    with open_event_file(tmp_path / "t.json", 0.0) as file:
        recorder = TimelineRecorder(file)
        options = {"tile_j": 8e-5} if policy in ("none", "layer") else {}
        workload = Workload(inferences=2)
        run = run_case(bench(), supply("thevenin"), policy=policy, workload=workload, observers=[recorder], **options)
        recorder.finish(run, "bench", {})
    timeline = read_timeline(tmp_path / "t.json")
    assert timeline.counters[COMMITTED][0] == (0, 0)
    so_far = 0
    for cycle in run.power_cycles:
        assert timeline.at(COMMITTED, cycle.on_s) == so_far
        so_far += cycle.tiles_committed
    assert timeline.counters[COMMITTED][-1][1] == so_far == 2 * TILES
    check_times(run, timeline)


def test_checkpoints_are_shown(tmp_path: Path) -> None:
    """Just in time: what is saved before the voltage is too low is not lost, and sleep follows the save."""
    work = schedule(layer("L0", (batch(400e-6, tiles=3), 6)))
    run, timeline = drawn(tmp_path / "t.json", case(power(1e-3), work, policy=JustInTime()))
    assert run.checkpoints is not None
    saves = [each for each in timeline.rows["device state"] if each.name == "checkpoint"]
    assert len(saves) == run.checkpoints.saved > 1
    states = timeline.rows["device state"]
    assert {after.name for before, after in itertools.pairwise(states) if before.name == "checkpoint"} == {"sleep"}
    assert "lost work" not in timeline.rows
    assert "re-execution" not in timeline.rows
    assert sum(each.end - each.begin for each in timeline.rows["batch"]) == pytest.approx(
        run.continuous_s * 1e9, abs=len(timeline.rows["batch"]) + 50e3
    )


def test_tasks_around_the_inference_are_shown(tmp_path: Path) -> None:
    tasks = Application(
        before=(Task(name="sense", power=2e-3, duration=0.05),), after=(Task(name="send", power=30e-3, duration=0.01),)
    )
    run, timeline = drawn(tmp_path / "t.json", case(power(1e-3), uniform(3), application=tasks))
    assert run.verdict is Verdict.COMPLETED
    assert [each.name for each in timeline.rows["layer"]] == ["sense", "L0", "send"]
    assert [each.name for each in timeline.rows["batch"]] == ["sense", *(f"L0 tile {k}" for k in range(3)), "send"]
    assert timeline.seconds("device state")["peripheral"] == pytest.approx(0.06, abs=1e-8)
    check_times(run, timeline)


@pytest.mark.parametrize("esr", [0.0, 2.0])
@pytest.mark.parametrize("watt", [(1e-3,), (0.0, 4e-3, 0.5e-3)])
def test_steps_of_the_voltage_are_small_with_and_without_series_resistance(
    esr: float, watt: tuple[float, ...], tmp_path: Path
) -> None:
    supply_with = boost(Capacitor(capacitance=1e-3, esr=esr), v_max=3.1)
    work = schedule(layer("L0", (batch(400e-6, 40e-3, tiles=3), 6)))
    _, timeline = drawn(tmp_path / "t.json", case(power(*watt), work, supply_with))
    points = timeline.counters[VOLTAGE]
    assert len(points) > 150
    assert max(abs(after[1] - before[1]) for before, after in itertools.pairwise(points)) <= 1.01 * VOLTAGE_STEP * 1.0


def test_sleep_and_idle_waiting_are_shown(tmp_path: Path) -> None:
    work = schedule(layer("L0", (batch(400e-6), 4)), layer("L1", (batch(200e-6, tiles=2), 2)))
    waits = case(power(1e-3), work, policy=Tile(guards=True), workload=Workload(inferences=3, period=5.0))
    run, timeline = drawn(tmp_path / "t.json", waits)
    assert run.time.sleep > 0
    assert timeline.seconds("device state")["sleep"] == pytest.approx(run.time.sleep, abs=1e-8)
    assert {each.name for each in timeline.rows["layer"]} == {"L0", "L1"}
    tiles = [each.name for each in timeline.rows["batch"] if each.kind == "L1"]
    assert tiles[:2] == ["L1 tiles 0-1", "L1 tiles 2-3"]


# Half of what the capacitor holds: every power cycle completes one of these and is cut in the next.
BATCH = batch(400e-6, tiles=3, opening=Cost(10e-6, 2e-3), reload=Cost(20e-6, 4e-3))


def test_a_cut_batch_is_told_phase_by_phase(tmp_path: Path) -> None:
    """Volatile memory is reloaded after a power failure; then tile after tile, as far as the power lasts."""
    run, timeline = drawn(tmp_path / "t.json", case(power(1e-3), schedule(layer("L0", (BATCH, 6)))))
    whole = ["fetch", *["fetch", "compute"] * 3, "write_back", "index"]
    cut = 0
    for each in timeline.rows["batch"]:
        inside = [phase.kind for phase in timeline.rows["phase"] if each.begin <= phase.begin < each.end]
        cold = inside[0] == "restore"
        assert inside[cold:] == whole[: len(inside) - cold]
        assert (len(inside) - cold < len(whole)) == each.args.get("cut", False)
        cut += each.args.get("cut", False)
    assert cut == len(run.power_cycles) - 1 > 1


@pytest.mark.parametrize("policy", [Tile(), Restart()])
def test_re_execution_is_what_was_done_before(policy: RecoveryPolicy, tmp_path: Path) -> None:
    """From the beginning of what was lost to the place where power failed, and not what is reloaded."""
    trace = power(1e-3, 20e-3, step_s=5.0)
    run, timeline = drawn(tmp_path / "t.json", case(trace, schedule(layer("L0", (BATCH, 6))), policy=policy))
    work_s = lost_work_s(timeline)
    assert run.verdict is Verdict.COMPLETED
    assert work_s > 0.05
    assert timeline.seconds("re-execution").total() == pytest.approx(work_s, abs=1e-7)
    reloads = [each.end for each in timeline.rows["phase"] if each.kind == "restore"]
    for each in timeline.rows["re-execution"]:
        begun = [other.begin for other in timeline.rows["batch"] if other.begin <= each.begin][-1]
        assert each.begin == max([begun, *(end for end in reloads if end <= each.begin)])


@given(
    stretches=st.lists(st.tuples(st.floats(1e-3, 1.0), st.floats(0.0, 1.0), st.booleans()), max_size=20),
    share=st.floats(0.0, 1.0),
)
def test_what_is_at_stake_is_the_last_work_that_no_commit_covers(
    stretches: list[tuple[float, float, bool]], share: float
) -> None:
    stake, now_s, total_s = AtStake(), 0.0, 0.0
    for work_s, gap_s, done in stretches:
        stake.ran(now_s, now_s + work_s)
        total_s += work_s
        now_s += work_s
        if done:
            stake.finished(now_s, 1)
        now_s += gap_s
    safe = stake.keep(share * total_s)
    kept_s = sum(end_s - begin_s for begin_s, end_s in stake.spans)
    assert kept_s == pytest.approx(share * total_s, abs=1e-8 * total_s)
    assert stake.total_s == pytest.approx(kept_s, abs=1e-8 * total_s)
    assert safe + sum(tiles for _, tiles in stake.batches) == sum(done for _, _, done in stretches)
    assert all(end_s > stake.spans[0][0] for end_s, _ in stake.batches)  # none where no span is left
    assert stake.keep(0.0) == sum(done for _, _, done in stretches) - safe
    assert not stake.spans


@given(st.lists(st.lists(st.floats(0.0, 10.0), min_size=1, max_size=5), min_size=1, max_size=5))
def test_attempts_at_a_batch_repeat_all_but_what_is_new(attempts: list[list[float]]) -> None:
    """Of several attempts at a batch all is repeated but as much as the longest one took."""
    furthest, repeated_s = Furthest(), 0.0
    for number, tries in enumerate(attempts):
        repeated_s += sum(furthest.repeated_s(0, number, 0.0, worked_s) for worked_s in tries)
    assert repeated_s == pytest.approx(sum(sum(tries) - max(tries) for tries in attempts), abs=1e-9)
