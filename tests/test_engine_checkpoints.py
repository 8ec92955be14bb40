"""Checkpoints of volatile memory, by a timer and just in time, on supplies simple enough for pencil and paper."""

from __future__ import annotations

import dataclasses
import itertools
import math

import msgspec
import numpy as np
import pytest
from engine_cases import (
    BOOT,
    INDEX,
    SAVE,
    batch,
    boost,
    case,
    layer,
    power,
    schedule,
    simulated,
    uniform,
)
from engine_strategies import Draft, drafts
from hypothesis import HealthCheck, given, settings

from simint.engine.event import Case
from simint.engine.policy import JustInTime, Restart, Tile, Timer
from simint.engine.run import CycleEnd, Run, Verdict
from simint.engine.voltage_budget import CHECKPOINT_MARGIN
from simint.engine.workload import Workload
from simint.errors import InfeasibleError, InputError
from simint.hardware.capacitor import Capacitor
from simint.hardware.regulator import Ldo
from simint.tiling.schedule import ZERO, Cost, Schedule

random_runs = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STRONG, FULL = power(1.0), boost(v_max=3.0)
TILE_S, WRITE_S = 1.1 * 100e-6 / 5e-3, 0.1 * 100e-6 / 5e-3
SAVE_J = SAVE.energy_j + INDEX.energy_j
# From here the stored energy above v_off = 2 V, of 1 mF, is just that of a save.
SAFE_V = math.sqrt(2.0**2 + 2.0 * SAVE_J / 1e-3)


def checkpoints(run: Run) -> tuple[int, int, int]:
    assert run.checkpoints is not None
    return run.checkpoints.saved, run.checkpoints.torn, run.checkpoints.restored


# --- by a timer


def saves_by_hand(batches: int, period: float) -> int:
    """The timer is looked at before every tile and every write-back."""
    saves, since = 0, 0.0
    for unit_s in itertools.chain.from_iterable([(TILE_S, WRITE_S)] * batches):
        if since >= period:
            saves, since = saves + 1, 0.0
        since += unit_s
    return saves


@pytest.mark.parametrize("period", [0.001, 0.01, 0.0711, 0.2, 0.7, 10.0])
def test_the_timer_saves_before_the_first_unit_of_work_after_it_has_run_out(period: float) -> None:
    run = simulated(case(STRONG, uniform(30), FULL, Timer(period)))
    saves = saves_by_hand(30, period)
    assert checkpoints(run) == (saves, 0, 0)
    assert run.energy.checkpoint == pytest.approx(saves * SAVE.energy_j)
    assert run.energy.index == pytest.approx((saves + 1) * INDEX.energy_j)  # the end of the inference is a commit too
    assert run.energy.restore == pytest.approx(INDEX.energy_j)
    overhead_s = BOOT.time_s + INDEX.time_s + saves * (SAVE.time_s + INDEX.time_s) + INDEX.time_s
    assert run.overhead_s == pytest.approx(overhead_s)
    assert run.time.useful + run.time.write_back == pytest.approx(30 * (TILE_S + WRITE_S))


def test_after_a_failure_work_goes_on_from_the_checkpoint() -> None:
    """What is lost in a power cycle is the work after its last checkpoint: less than a period and a unit of work."""
    period = 0.1
    run = simulated(case(power(1e-3), uniform(60), policy=Timer(period), harvest_while_on=False))
    assert run.verdict is Verdict.COMPLETED
    failed = [cycle for cycle in run.power_cycles if cycle.ended_by is CycleEnd.BROWN_OUT]
    saved, torn, restored = checkpoints(run)
    assert len(failed) >= 2
    assert restored == len(failed)
    assert saved > restored
    assert run.energy.restore == pytest.approx(len(run.power_cycles) * INDEX.energy_j + restored * SAVE.energy_j)
    longest_s = period + TILE_S + SAVE.time_s + INDEX.time_s
    assert run.time.lost <= len(failed) * longest_s
    assert all(cycle.tiles_lost <= math.ceil(period / (TILE_S + WRITE_S)) + 1 for cycle in failed)
    assert run.energy.compute == pytest.approx(60 * 100e-6)
    assert torn >= 0


def with_capacitance(one: Case, capacitance: float) -> Case:
    supply = one.supply
    capacitor = msgspec.structs.replace(supply.capacitor, capacitance=capacitance)
    return dataclasses.replace(one, supply=msgspec.structs.replace(supply, capacitor=capacitor))


def test_a_period_longer_than_a_power_cycle_never_commits() -> None:
    """And the capacitor named is one with which a period of work and its checkpoint do fit."""
    one = case(power(1e-3), uniform(60), policy=Timer(1.0), harvest_while_on=False)
    run = simulated(one, events=1000)
    assert run.verdict is Verdict.NONTERMINATION
    assert run.nontermination is not None
    assert run.nontermination.layer == "L0"
    until_saved_j = math.ceil(1.0 / (TILE_S + WRITE_S)) * 1.2 * 100e-6 + SAVE_J
    assert run.nontermination.needed_j == pytest.approx(BOOT.energy_j + INDEX.energy_j + until_saved_j, rel=0.02)
    enough_f = run.nontermination.smallest_capacitance
    assert simulated(with_capacitance(one, 1.01 * enough_f)).verdict is Verdict.COMPLETED
    assert simulated(with_capacitance(one, 0.99 * enough_f)).verdict is Verdict.NONTERMINATION
    assert simulated(dataclasses.replace(one, policy=Timer(0.2))).verdict is Verdict.COMPLETED


@random_runs
@given(drafts(policies=(Timer(),)))
def test_a_power_cycle_loses_no_more_than_a_period_a_unit_and_a_save(draft: Draft) -> None:
    run = simulated(draft.case())
    cost = [each for work in draft.schedule.layers for each in work.batches]
    units_s = [
        *(max(tile.fetch.time_s + tile.compute.time_s for tile in each.tiles) for each in cost),
        *(each.write_back.time_s + draft.schedule.index_write.time_s for each in cost),
        *(each.opening.time_s + each.reload.time_s for each in cost),
    ]
    tasks = (*draft.application.before, *draft.application.after)
    save_s = max(work.save.time_s for work in draft.schedule.layers) + draft.schedule.index_write.time_s
    load_s = max(work.load.time_s for work in draft.schedule.layers) + draft.schedule.index_read.time_s
    longest_s = max(draft.policy.period + max(units_s), *(task.duration_s for task in tasks), 0.0) + save_s
    start_s = draft.schedule.boot.time_s + load_s
    assert run.time.lost <= len(run.power_cycles) * (longest_s + start_s) * (1 + 1e-9)


# --- just in time


def test_the_default_threshold_lies_above_what_the_largest_save_needs() -> None:
    small, large = (layer(name, (batch(), 3)) for name in ("small", "large"))
    work = schedule(small, large)
    work = dataclasses.replace(work, layers=(dataclasses.replace(work.layers[0], save=SAVE * 0.1), work.layers[1]))
    run = simulated(case(power(1e-3), work, policy=JustInTime()))
    assert run.checkpoints is not None
    assert run.checkpoints.v_safe == pytest.approx(SAFE_V, rel=1e-9)
    assert run.checkpoints.v_checkpoint == CHECKPOINT_MARGIN * run.checkpoints.v_safe
    assert run.checkpoints.v_resume == 3.0


def test_a_save_from_the_safe_voltage_completes_and_from_below_is_torn() -> None:
    """Without harvest while on: what is left after the save is nothing, or the save is lost and all before it."""
    work, trace = uniform(60), power(1e-3)
    for share, torn in ((1 + 1e-9, False), (1 - 1e-6, True)):
        policy = JustInTime(SAFE_V * share)
        run = simulated(case(trace, work, policy=policy, harvest_while_on=False), events=1000)
        assert (checkpoints(run)[1] > 0) is torn
        assert run.verdict is (Verdict.NONTERMINATION if torn else Verdict.COMPLETED)
        assert (run.energy.lost > 0) is torn


def test_a_torn_save_leaves_the_former_checkpoint_valid() -> None:
    """In the light the save completes, in the dark it is torn; then work goes on from the first one."""
    trace = power(3e-3, 3e-3, 3e-3, 0.0, 0.0, 0.0, step_s=0.5)
    run = simulated(case(trace, uniform(80), policy=JustInTime(2.006, 2.2), initial_voltage=3.0))
    assert run.verdict is Verdict.COMPLETED
    assert checkpoints(run) == (1, 1, 1)
    first, second = run.power_cycles
    assert (first.ended_by, second.tiles_lost) == (CycleEnd.BROWN_OUT, 0)
    assert first.tiles_committed + second.tiles_committed == 80
    assert first.tiles_lost > 0
    assert run.layers[0].tiles_started == 80 + first.tiles_lost
    assert run.energy.compute == pytest.approx(80 * 100e-6)
    # Lost is what was done since the checkpoint, and the torn save.
    assert run.energy.lost == pytest.approx(first.tiles_lost * 1.2 * 100e-6, abs=1.2 * 100e-6 + SAVE_J)


def test_work_goes_on_without_a_restore_where_the_supply_recovers() -> None:
    """A constant harvest below the load: save, sleep until v_on, go on, again and again, in one power cycle."""
    run = simulated(case(power(1e-3), uniform(100), policy=JustInTime(2.2)))
    assert run.verdict is Verdict.COMPLETED
    assert len(run.power_cycles) == 1
    saved, torn, restored = checkpoints(run)
    assert saved > 0
    assert (torn, restored) == (0, 0)
    assert run.energy.lost == 0
    # Each time the capacitor went from v_on to v_checkpoint and through the save, and was charged again.
    work_j = 100 * 1.2 * 100e-6 + saved * SAVE_J + BOOT.energy_j + 2 * INDEX.energy_j
    assert run.energy.device == pytest.approx(work_j)
    asleep_j = 0.5e-3 * (3.0**2 - 2.2**2) + SAVE_J - 1e-3 * (SAVE.time_s + INDEX.time_s)
    assert run.time.sleep == pytest.approx(saved * asleep_j / 1e-3)


def test_a_tile_that_no_power_cycle_holds_is_done_in_parts() -> None:
    """8 mJ, where a charge gives 2.5 mJ: phases go on where the checkpoint was taken."""
    work, trace = uniform(1, 8e-3), power(1e-3)
    assert simulated(case(trace, work, harvest_while_on=False)).verdict is Verdict.NONTERMINATION
    run = simulated(case(trace, work, policy=JustInTime(), sleep_power_w=2e-3, harvest_while_on=False))
    assert run.verdict is Verdict.COMPLETED
    saved, torn, restored = checkpoints(run)
    assert saved == restored == len(run.power_cycles) - 1 >= 3
    assert torn == 0
    assert run.energy.compute == pytest.approx(8e-3)
    assert (run.energy.lost, run.layers[0].tiles_started, run.layers[0].tiles_lost) == (0, 1, 0)
    assert run.energy.checkpoint == pytest.approx(saved * SAVE.energy_j)
    assert run.energy.restore == pytest.approx(restored * SAVE.energy_j + len(run.power_cycles) * INDEX.energy_j)


def test_a_threshold_at_v_off_never_saves() -> None:
    """Then it is policy `none` with a record that costs nothing here."""
    work = schedule(layer("L0", (batch(), 10)), layer("L1", (batch(), 5)), index=ZERO)
    trace = power(1e-3, 6e-3, step_s=4.0)
    never, none = (simulated(case(trace, work, policy=policy)) for policy in (JustInTime(2.0), Restart()))
    assert checkpoints(never) == (0, 0, 0)
    assert len(none.power_cycles) >= 1
    assert repr(dataclasses.replace(never, checkpoints=None)) == repr(none)


def test_nothing_new_is_not_saved_again() -> None:
    """Each restore leaves the voltage below the threshold: the device sleeps at once, and nothing gets worse by it."""
    work = schedule(layer("L0", (batch(4e-3), 2)), save=Cost(300e-6, 60e-3))
    run = simulated(case(power(0.4e-3), work, policy=JustInTime(2.9)))
    assert run.verdict is Verdict.COMPLETED
    saved, torn, _ = checkpoints(run)
    assert torn == 0
    assert run.energy.compute == pytest.approx(2 * 4e-3)
    assert run.energy.checkpoint == pytest.approx(saved * 300e-6)


@random_runs
@given(drafts(policies=(JustInTime(),)))
def test_a_safe_threshold_loses_no_tile_and_tears_no_save(draft: Draft) -> None:
    run = simulated(draft.case())
    assert run.checkpoints is not None
    if run.checkpoints.v_checkpoint < run.checkpoints.v_safe * (1 + 1e-9):
        return
    assert run.checkpoints.torn == 0
    assert [each.tiles_lost for each in run.layers] == [0] * len(run.layers)
    executed = sum(tile.count for tile in tiles_of(draft.schedule)) * len(run.finished)
    if run.verdict is Verdict.COMPLETED:
        assert sum(each.tiles_started for each in run.layers) == executed


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("esr", [0.0, 20.0], ids=["no esr", "esr"])
@pytest.mark.parametrize("regulator", [None, Ldo(output_voltage=1.8)], ids=["direct", "ldo"])
def test_the_default_threshold_knows_the_losses_of_the_supply(seed: int, esr: float, regulator: Ldo | None) -> None:
    """Power that comes and goes at random: no save is torn, no tile lost, and some work is done in several parts."""
    leaky = Capacitor(capacitance=1e-3, leakage=20e3, esr=esr)
    supply = msgspec.structs.replace(boost(leaky, quiescent=20e-6), regulator=regulator)
    rng = np.random.default_rng(seed)
    trace = power(*(rng.choice([0.0, 2e-3, 12e-3], 60) * rng.uniform(0.5, 1.5, 60)), step_s=0.05)
    work = schedule(layer("L0", (batch(2e-3, power_w=8e-3), 2), (batch(60e-6, power_w=3e-3), 10)))
    workload = Workload(inferences=4)
    run = simulated(case(trace, work, supply, JustInTime(), workload, sleep_power_w=0.3e-3, duration_s=300.0))
    saved, torn, _ = checkpoints(run)
    assert saved > 0
    assert torn == 0
    assert sum(each.tiles_lost for each in run.layers) == 0
    assert run.verdict is Verdict.COMPLETED
    assert run.energy.compute == pytest.approx(4 * (2 * 2e-3 + 10 * 60e-6))


def tiles_of(work: Schedule) -> list:
    return [
        tile
        for each in work.layers
        for loop in each.program
        for _ in range(loop.count)
        for k, times in loop.body
        for _ in range(times)
        for tile in each.batches[k].tiles
    ]


@random_runs
@given(drafts(policies=(JustInTime(), Timer())))
def test_no_inference_is_faster_than_continuous_power(draft: Draft) -> None:
    run = simulated(draft.case())
    finished = run.finished  # may be a hundred thousand
    for inference in finished:
        assert inference.end_s - inference.start_s >= run.continuous_s / len(finished) * (1 - 1e-9) or (
            run.verdict is not Verdict.COMPLETED
        )


# --- refused before the run


def test_a_save_that_the_capacitor_cannot_hold_is_refused() -> None:
    work = schedule(layer("L0", (batch(), 3)), save=Cost(2.45e-3, 0.5))
    with pytest.raises(
        InfeasibleError, match=r"the largest checkpoint takes the capacitor from 2\.98\d V to `v_off` = 2 V"
    ):
        simulated(case(power(1e-3), work, policy=JustInTime()))
    with pytest.raises(InfeasibleError, match="the largest checkpoint takes the capacitor from"):
        simulated(case(power(1e-3), schedule(work.layers[0], save=Cost(3e-3, 0.5)), policy=JustInTime()))


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (JustInTime(1.9), "`v_checkpoint` must lie between `v_off` and `v_resume` .2 V to 3 V., got 1.9 V"),
        (JustInTime(3.0), "`v_checkpoint` must lie between"),
        (JustInTime(2.5, 2.4), "`v_checkpoint` must lie between `v_off` and `v_resume` .2 V to 2.4 V., got 2.5 V"),
        (JustInTime(2.5, 4.1), "`v_resume` of 4.1 V can never be reached: the supply's clamp is at 4 V"),
    ],
)
def test_voltages_that_contradict_the_supply_are_refused(policy: JustInTime, message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulated(case(power(1e-3), uniform(3), policy=policy))


def test_thresholds_that_a_series_resistance_bridges_are_refused() -> None:
    """Writing the index draws 8 mW: at 2.6 V about 3 mA, of which 100 ohm drop 0.3 V."""
    supply = boost(Capacitor(capacitance=1e-3, esr=100.0))
    with pytest.raises(InputError, match=r"policy `jit` would chatter: at `v_resume` = 2.6 V a load of 8 mW"):
        simulated(case(power(1e-3), uniform(3), supply, JustInTime(2.5, 2.6)))
    run = simulated(case(power(1e-3), uniform(100), supply, JustInTime(2.5, 2.9)))
    assert run.verdict is Verdict.COMPLETED
    assert checkpoints(run)[0] > 0
    assert run.energy.lost == 0


def test_a_low_threshold_of_one_s_own_is_allowed_and_its_torn_saves_are_counted() -> None:
    run = simulated(case(power(1e-3), uniform(30), policy=JustInTime(2.002)))
    assert run.checkpoints is not None
    assert run.checkpoints.v_checkpoint < run.checkpoints.v_safe
    assert simulated(case(power(1e-3), uniform(30), policy=Tile())).checkpoints is None
    assert simulated(case(power(1e-3), uniform(3), policy=Timer(1.0), workload=Workload(inferences=2))).checkpoints
