"""What each recovery policy keeps, loses and repeats, on supplies simple enough for pencil and paper."""

from __future__ import annotations

import dataclasses
import functools

import msgspec
import numpy as np
import pytest
from engine_cases import BOOT, FOOTPRINT, INDEX, batch, boost, case, layer, power, schedule, simulated, uniform
from engine_strategies import Draft, drafts
from hypothesis import HealthCheck, given, settings

from simint.engine.policy import (
    Footprint,
    JustInTime,
    PerLayer,
    RecoveryPolicy,
    Restart,
    Tile,
    TileShutdown,
    Timer,
    policy_by_name,
)
from simint.engine.run import CycleEnd, Verdict
from simint.engine.workload import Workload
from simint.errors import InputError
from simint.hardware.capacitor import Capacitor
from simint.hardware.regulator import Ldo
from simint.tiling.schedule import ZERO, Cost, LayerSchedule, Loop

random_runs = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SWING_J = 0.5 * 1e-3 * (3.0**2 - 2.0**2)
START_J = BOOT.energy_j + INDEX.energy_j
BATCH_J = 1.2 * 100e-6 + INDEX.energy_j
# Without harvest while the device is on, so many batches fit between the thresholds.
FIT = int((SWING_J - START_J) // BATCH_J)


def test_tile_goes_on_after_a_brown_out_from_the_last_commit() -> None:
    run = simulated(case(power(1e-3), uniform(3 * FIT), harvest_while_on=False))
    assert run.verdict is Verdict.COMPLETED
    assert FIT == 20
    assert [cycle.tiles_committed for cycle in run.power_cycles] == [FIT, FIT, FIT]
    assert [cycle.tiles_lost for cycle in run.power_cycles] == [1, 1, 0]
    assert [cycle.ended_by for cycle in run.power_cycles] == [CycleEnd.BROWN_OUT] * 2 + [CycleEnd.END_OF_RUN]
    for cycle in run.power_cycles[:2]:
        assert cycle.energy_j == pytest.approx(SWING_J)
    lost_j = 2 * (SWING_J - START_J - FIT * BATCH_J)
    assert run.energy.lost == pytest.approx(lost_j)
    assert run.energy.boot == pytest.approx(3 * BOOT.energy_j)
    assert run.energy.restore == pytest.approx(3 * INDEX.energy_j)
    assert run.energy.index == pytest.approx(3 * FIT * INDEX.energy_j)
    assert run.energy.compute == pytest.approx(3 * FIT * 100e-6)
    (inference,) = run.inferences
    assert inference.power_cycles == 3
    assert inference.end_s == run.duration_s


def test_tile_reloads_what_volatile_memory_held_and_only_then() -> None:
    stationary = Cost(10e-6, 1e-3)
    opens, goes_on = batch(opening=stationary), batch(reload=stationary)
    work = schedule(layer("L0", (opens, 1), (goes_on, 49)))
    run = simulated(case(power(1e-3), work, harvest_while_on=False))
    assert run.verdict is Verdict.COMPLETED
    restarts = len(run.power_cycles) - 1
    assert restarts == 2
    assert run.energy.restore == pytest.approx((restarts + 1) * INDEX.energy_j + restarts * stationary.energy_j)
    assert run.energy.fetch == pytest.approx(50 * 10e-6 + stationary.energy_j)
    assert run.layers[0].traffic.weight_loads == 50 + restarts
    assert run.layers[0].batches_done == run.layers[0].batches_committed == 50


def test_tile_pays_for_preserved_partial_sums_and_none_does_not() -> None:
    written = Cost(30e-6, 6e-3)
    work = schedule(layer("L0", (batch(preserve=written), 4), (batch(), 1)))
    supply = boost(v_max=3.0)
    kept = simulated(case(power(1.0), work, supply))
    dropped = simulated(case(power(1.0), work, supply, Restart()))
    assert kept.energy.write_back == pytest.approx(4 * written.energy_j + 10e-6)
    assert dropped.energy.write_back == pytest.approx(10e-6)
    assert (kept.layers[0].traffic.write_backs, dropped.layers[0].traffic.write_backs) == (5, 1)
    assert (kept.energy.index, dropped.energy.index) == (pytest.approx(5 * INDEX.energy_j), 0.0)
    assert dropped.energy.restore == 0
    assert kept.continuous_s == pytest.approx(dropped.continuous_s)
    assert dropped.overhead_s == pytest.approx(BOOT.time_s)


def test_tile_shutdown_does_one_batch_per_power_cycle_and_starts_each_at_v_on() -> None:
    run = simulated(case(power(1e-3), uniform(10), policy=TileShutdown(), harvest_while_on=False))
    assert run.verdict is Verdict.COMPLETED
    assert [cycle.tiles_committed for cycle in run.power_cycles] == [1] * 10
    assert {cycle.ended_by for cycle in run.power_cycles} == {CycleEnd.SHUTDOWN}
    each_j = START_J + BATCH_J
    for cycle in run.power_cycles:
        assert cycle.energy_j == pytest.approx(each_j)
        assert cycle.v_end == pytest.approx((3.0**2 - 2.0 * each_j / 1e-3) ** 0.5)
    recharge_s = [b.on_s - a.off_s for a, b in zip(run.power_cycles, run.power_cycles[1:], strict=False)]
    assert recharge_s == pytest.approx([each_j / 1e-3] * 9)
    assert run.energy.lost == 0


def test_none_restarts_the_inference_and_loses_everything() -> None:
    """Two layers; the first attempt dies in the second layer, the next one finds enough harvest."""
    work = schedule(layer("L0", (batch(), 15)), layer("L1", (batch(), 15)))
    run = simulated(case(power(1e-3, 6e-3, step_s=4.0), work, policy=Restart()))
    assert run.verdict is Verdict.COMPLETED
    first, second = run.power_cycles
    assert first.ended_by is CycleEnd.BROWN_OUT
    assert first.off_s < 4.0 < second.on_s
    assert first.tiles_committed == 0
    assert 15 < first.tiles_lost < 30
    assert (second.tiles_committed, second.tiles_lost) == (30, 0)
    assert run.energy.lost == pytest.approx(first.energy_j)
    assert run.time.lost == pytest.approx(first.off_s - first.on_s)
    assert run.energy.boot == pytest.approx(BOOT.energy_j)
    assert [each.tiles_lost for each in run.layers] == [15, first.tiles_lost - 15]
    assert [each.tiles_started for each in run.layers] == [30, first.tiles_lost]
    assert (run.energy.index, run.energy.restore, run.energy.checkpoint) == (0, 0, 0)


def test_none_finishes_exactly_when_the_inference_fits_one_power_cycle() -> None:
    fits = int((SWING_J - BOOT.energy_j) // (1.2 * 100e-6))
    done = simulated(case(power(1e-3), uniform(fits), policy=Restart(), harvest_while_on=False))
    assert done.verdict is Verdict.COMPLETED
    assert len(done.power_cycles) == 1
    never = simulated(case(power(1e-3), uniform(fits + 1), policy=Restart(), harvest_while_on=False))
    assert never.verdict is Verdict.NONTERMINATION
    assert len(never.power_cycles) == 1
    assert never.nontermination is not None
    assert never.nontermination.needed_j == pytest.approx(BOOT.energy_j + (fits + 1) * 1.2 * 100e-6)


def test_without_a_power_failure_none_and_tile_differ_by_the_progress_record() -> None:
    supply = boost(v_max=3.0)
    tile, none = (simulated(case(power(1.0), uniform(30), supply, policy)) for policy in (Tile(), Restart()))
    more = 31 * INDEX.energy_j
    assert tile.energy.device - none.energy.device == pytest.approx(more)
    assert tile.time.on - none.time.on == pytest.approx(31 * INDEX.time_s)


def test_the_guard_waits_where_the_greedy_device_loses_work() -> None:
    trace, work = power(1e-3), uniform(60)
    greedy, guarded = (simulated(case(trace, work, policy=Tile(guards=guards))) for guards in (False, True))
    assert greedy.energy.lost > 0
    assert greedy.time.sleep == 0
    assert guarded.energy.lost == 0
    assert guarded.time.sleep > 0
    assert len(guarded.power_cycles) == 1 < len(greedy.power_cycles)
    assert guarded.energy.compute == pytest.approx(greedy.energy.compute)


def test_the_guard_starts_a_batch_as_soon_as_the_stored_energy_covers_it() -> None:
    """So what is left after a batch that was waited for is exactly what was harvested during it."""
    harvest_w = 1e-3
    run = simulated(case(power(harvest_w), uniform(40), policy=Tile(guards=True)))
    one_batch_s = 1.2 * 100e-6 / 5e-3 + INDEX.time_s
    left_j = 0.5 * 1e-3 * (run.final_voltage**2 - 2.0**2)
    assert left_j == pytest.approx(harvest_w * one_batch_s)
    on_s = BOOT.time_s + INDEX.time_s + 40 * one_batch_s
    assert harvest_w * (run.time.sleep + on_s) == pytest.approx(START_J + 40 * BATCH_J + left_j - SWING_J)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("esr", "regulator", "quiescent"),
    [(20.0, None, 0.0), (0.0, Ldo(output_voltage=1.8), 20e-6), (20.0, Ldo(output_voltage=1.8), 20e-6)],
    ids=["esr", "ldo", "both"],
)
def test_the_guard_knows_the_losses_of_the_supply(
    seed: int, esr: float, regulator: Ldo | None, quiescent: float
) -> None:
    """Power that comes and goes at random; a batch that was begun is never lost, whatever the supply takes."""
    leaky = Capacitor(capacitance=1e-3, leakage=20e3, esr=esr)
    supply = msgspec.structs.replace(boost(leaky, quiescent=quiescent), regulator=regulator)
    rng = np.random.default_rng(seed)
    trace = power(*(rng.choice([0.0, 2e-3, 12e-3], 60) * rng.uniform(0.5, 1.5, 60)), step_s=0.05)
    work = schedule(layer("L0", (batch(300e-6, power_w=8e-3), 5), (batch(60e-6, power_w=3e-3), 10)))
    case_of = functools.partial(case, trace, work, supply, workload=Workload(inferences=6), duration_s=300.0)
    guarded, greedy = simulated(case_of(policy=Tile(guards=True))), simulated(case_of())
    assert sum(each.tiles_lost for each in guarded.layers) == 0
    assert sum(each.tiles_lost for each in greedy.layers) > 0
    assert guarded.finished


def test_sleep_draws_its_power_and_can_brown_out() -> None:
    """An outage in the guard's sleep costs the boot, not the work."""
    trace = power(2e-3, 0.0, 0.0, 0.0, step_s=2.0)
    run = simulated(case(trace, uniform(20, 1e-3), policy=Tile(guards=True), sleep_power_w=0.4e-3))
    assert run.verdict is Verdict.COMPLETED
    assert run.energy.sleep == pytest.approx(0.4e-3 * run.time.sleep)
    failed = [cycle for cycle in run.power_cycles if cycle.ended_by is CycleEnd.BROWN_OUT]
    assert failed
    assert all(cycle.tiles_lost == 0 for cycle in failed)


def test_volatile_memory_stays_warm_from_one_inference_to_the_next() -> None:
    supply = boost(v_max=3.0)
    run = simulated(case(power(1.0), uniform(5), supply, workload=Workload(inferences=4)))
    assert len(run.power_cycles) == 1
    assert run.energy.boot == pytest.approx(BOOT.energy_j)
    assert [inference.power_cycles for inference in run.inferences] == [1] * 4


def test_layer_commits_at_layer_ends_and_a_failure_restarts_the_layer() -> None:
    """Layers of 8 batches: two of them fit a charge, the third is lost each time."""
    work = schedule(*(layer(f"L{k}", (batch(), 8)) for k in range(4)))
    run = simulated(case(power(1e-3), work, policy=PerLayer(), harvest_while_on=False))
    assert run.verdict is Verdict.COMPLETED
    assert [cycle.tiles_committed for cycle in run.power_cycles] == [16, 16]
    first = run.power_cycles[0]
    assert first.tiles_lost == FIT - 16 + 1
    assert [each.tiles_lost for each in run.layers] == [0, 0, first.tiles_lost, 0]
    assert run.energy.lost == pytest.approx(SWING_J - START_J - 16 * 1.2 * 100e-6 - 2 * INDEX.energy_j)
    assert run.energy.index == pytest.approx(4 * INDEX.energy_j)
    assert run.energy.restore == pytest.approx(2 * INDEX.energy_j)


def test_layer_leaves_partial_sums_where_they_are() -> None:
    """Within a layer nothing is preserved: no partial sum is written, and a restart does not re-load any."""
    written, reload = Cost(30e-6, 6e-3), Cost(10e-6, 2e-3)
    work = schedule(layer("L0", (batch(preserve=written, reload=reload), 4), (batch(), 1)))
    run = simulated(case(power(1.0), work, boost(v_max=3.0), PerLayer()))
    assert run.energy.write_back == pytest.approx(10e-6)
    assert run.layers[0].traffic.write_backs == 1
    assert run.energy.index == pytest.approx(INDEX.energy_j)


def test_a_layer_that_no_power_cycle_holds_is_named() -> None:
    work = schedule(layer("small", (batch(), 3)), layer("large", (batch(), FIT + 1)))
    run = simulated(case(power(1e-3), work, policy=PerLayer(), harvest_while_on=False))
    assert run.verdict is Verdict.NONTERMINATION
    assert run.nontermination is not None
    assert run.nontermination.layer == "large"
    needed_j = START_J + (FIT + 1) * 1.2 * 100e-6 + INDEX.energy_j
    assert run.nontermination.needed_j == pytest.approx(needed_j)
    assert simulated(case(power(1e-3), work, harvest_while_on=False)).verdict is Verdict.COMPLETED


def test_footprint_writes_its_counter_after_every_tile_and_repeats_one_at_most() -> None:
    run = simulated(case(power(1e-3), uniform(60), policy=Footprint(), harvest_while_on=False))
    assert run.verdict is Verdict.COMPLETED
    assert all(cycle.tiles_lost <= 1 for cycle in run.power_cycles)
    assert run.energy.index == pytest.approx(60 * FOOTPRINT.energy_j)
    assert run.energy.restore == pytest.approx(len(run.power_cycles) * FOOTPRINT.energy_j)
    with pytest.raises(InputError, match=r"layer 'L0': policy 'footprint' needs batches of one tile \(s = 1\)"):
        simulated(case(power(1e-3), schedule(layer("L0", (batch(tiles=2), 3))), policy=Footprint()))


@random_runs
@given(drafts(policies=(Footprint(),)))
def test_footprint_is_tile_with_batches_of_one_tile_and_another_record(draft: Draft) -> None:
    work = draft.schedule
    renamed = dataclasses.replace(work, index_read=work.footprint_read, index_write=work.footprint_write)
    counted, indexed = (
        simulated(dataclasses.replace(draft.case(), schedule=each, policy=policy))
        for each, policy in ((work, Footprint()), (renamed, Tile()))
    )
    assert repr(counted) == repr(indexed)


@random_runs
@given(drafts(policies=(PerLayer(),)))
def test_layer_is_tile_where_every_layer_is_one_batch(draft: Draft) -> None:
    def whole(each: LayerSchedule) -> LayerSchedule:
        single = dataclasses.replace(each.batches[0], preserve=ZERO)
        return dataclasses.replace(each, batches=(single,), program=(Loop(((0, 1),), 1),))

    work = dataclasses.replace(draft.schedule, layers=tuple(whole(each) for each in draft.schedule.layers))
    runs = [
        simulated(dataclasses.replace(draft.case(), schedule=work, policy=policy)) for policy in (PerLayer(), Tile())
    ]
    assert repr(runs[0]) == repr(runs[1])


@pytest.mark.parametrize(
    ("policy", "indices", "footprints"),
    [
        (Restart(), 0, 0),
        (PerLayer(), 1 + 2, 0),
        (Tile(), 1 + 30, 0),
        (Tile(guards=True), 1 + 30, 0),
        (Footprint(), 0, 1 + 30),
        (Timer(100.0), 1 + 1, 0),
        (JustInTime(), 1 + 1, 0),
    ],
    ids=lambda value: value.name if isinstance(value, RecoveryPolicy) else "",
)
def test_power_that_never_fails_leaves_the_inference_and_the_records(
    policy: RecoveryPolicy, indices: int, footprints: int
) -> None:
    """Two layers of 10 and 20 batches: the continuous cost, a boot, and each record read once and written in time."""
    work = schedule(layer("L0", (batch(), 10)), layer("L1", (batch(), 20)))
    run = simulated(case(power(1.0), work, boost(v_max=3.0), policy))
    records_j = indices * INDEX.energy_j + footprints * FOOTPRINT.energy_j
    records_s = indices * INDEX.time_s + footprints * FOOTPRINT.time_s
    assert run.energy.device == pytest.approx(BOOT.energy_j + records_j + 30 * 1.2 * 100e-6)
    assert run.continuous_s == pytest.approx(30 * 1.2 * 100e-6 / 5e-3)
    assert run.overhead_s == pytest.approx(BOOT.time_s + records_s)
    assert (run.energy.lost, run.energy.sleep) == (0, 0)


def test_policies_by_name() -> None:
    assert policy_by_name("tile", guard=True) == Tile(guards=True)
    assert policy_by_name("tile-shutdown") == TileShutdown()
    assert policy_by_name("layer") == PerLayer()
    assert policy_by_name("footprint") == Footprint()
    assert policy_by_name("timer") == Timer()
    assert policy_by_name("timer", period=0.1) == Timer(0.1)
    assert policy_by_name("jit") == JustInTime()
    assert policy_by_name("jit", v_checkpoint=2.2, v_resume=2.8) == JustInTime(2.2, 2.8)
    assert policy_by_name("none") == Restart()
    with pytest.raises(InputError, match="unknown policy 'jot'; known: tile, tile-shutdown, layer, footprint, timer"):
        policy_by_name("jot")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("none", {"guard": True}, "`guard` is an option of policy `tile`, not of 'none'"),
        ("jit", {"period": 1.0}, "`period` is an option of policy `timer`, not of 'jit'"),
        ("timer", {"v_checkpoint": 2.0}, "`v_checkpoint` is an option of policy `jit`, not of 'timer'"),
        ("tile", {"v_resume": 2.0}, "`v_resume` is an option of policy `jit`, not of 'tile'"),
        ("timer", {"period": 0.0}, "`period` must be positive and finite, got 0 s"),
        ("jit", {"v_checkpoint": -1.0}, "`v_checkpoint` must be positive and finite, got -1 V"),
    ],
)
def test_an_option_that_a_policy_does_not_have_is_refused(name: str, options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        policy_by_name(name, **options)
