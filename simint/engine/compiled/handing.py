"""Between the arrays of the loop and the objects of the reference engine: job, tally and queue as they stand."""

from __future__ import annotations

import numpy as np

from simint.engine.compiled.counting import end_cycle
from simint.engine.compiled.memory import (
    AT,
    BROWN_OUT,
    CHECKPOINT,
    CHECKPOINT_WARM,
    CYCLE_COMMITTED,
    CYCLE_END,
    CYCLE_J,
    CYCLE_LOST,
    CYCLE_OFF,
    CYCLE_ON,
    CYCLE_V,
    CYCLES,
    DONE_CYCLES,
    DONE_END,
    DONE_NUMBER,
    DONE_RELEASE,
    DONE_START,
    DROPPED,
    END_OF_RUN,
    ENDLESS_S,
    ENV_S,
    FAILURES,
    FIRST_ON_S,
    INFERENCES,
    JOB,
    JOB_CYCLES,
    JUDGE,
    NUMBER,
    OFF_S,
    ORDINAL,
    PART_S,
    PART_SECTION,
    PART_TILES,
    POWERED,
    RELEASE_S,
    RELEASED,
    RESTORES,
    SAVES,
    SHUTDOWN,
    STAGNATE,
    START_S,
    TILES_COMMITTED,
    TILES_LOST,
    TORN,
    UNCOMMITTED,
    WAITING,
    WAITING_S,
    WARM,
    Memory,
)
from simint.engine.compiled.releases import follow
from simint.engine.compiled.tables import Rules, Tables
from simint.engine.device import Checkpoint, Device, Job
from simint.engine.run import CycleEnd, Inference, PowerCycle
from simint.engine.tally import Part
from simint.engine.workload import Release

_ENDS = {BROWN_OUT: CycleEnd.BROWN_OUT, SHUTDOWN: CycleEnd.SHUTDOWN, END_OF_RUN: CycleEnd.END_OF_RUN}


def make_room(device: Device, memory: Memory) -> Memory:
    """Take the records so far over into the tally, and let the list of power failures grow where it is full."""
    whole, tally = memory.whole, device.tally
    cycles, done = (
        records.T.tolist() for records in (memory.cycles[: whole[CYCLES]], memory.inferences[: whole[INFERENCES]])
    )
    tally.power_cycles += map(
        PowerCycle,
        cycles[CYCLE_ON],
        cycles[CYCLE_OFF],
        cycles[CYCLE_V],
        cycles[CYCLE_J],
        map(int, cycles[CYCLE_COMMITTED]),
        map(int, cycles[CYCLE_LOST]),
        map(_ENDS.__getitem__, cycles[CYCLE_END]),
    )
    tally.inferences += map(
        Inference,
        map(int, done[DONE_NUMBER]),
        done[DONE_RELEASE],
        done[DONE_START],
        done[DONE_END],
        map(int, done[DONE_CYCLES]),
        map(device.queue.workload.met, done[DONE_RELEASE], done[DONE_END]),
    )
    whole[CYCLES] = whole[INFERENCES] = 0
    if whole[FAILURES] < len(memory.failures):
        return memory
    return memory._replace(failures=np.concatenate((memory.failures, np.empty_like(memory.failures))))


def show_job(device: Device, memory: Memory) -> None:
    """Give the device the inference in progress as it stands."""
    whole, real, program = memory.whole, memory.real, device.program
    device.vm_warm = bool(whole[WARM])
    if not whole[JOB]:
        device.job = None
        return
    ordinal = int(whole[ORDINAL])
    steps = program.steps(ordinal)
    checkpoint = Checkpoint(memory.place.copy(), bool(whole[CHECKPOINT_WARM])) if whole[CHECKPOINT] else None
    device.job = Job(
        release=Release(int(whole[NUMBER]), float(real[RELEASE_S])),
        start_s=float(real[START_S]),
        steps=steps,
        step=next(steps),
        ordinal=ordinal,
        uncommitted=int(whole[UNCOMMITTED]),
        checkpoint=checkpoint,
        power_cycles=int(whole[JOB_CYCLES]),
    )


def hand_back(device: Device, tables: Tables, rules: Rules, memory: Memory) -> None:
    """Give the device everything that the loop has counted; the run is over."""
    whole, real, tally, storage = memory.whole, memory.real, device.tally, device.storage
    if whole[POWERED]:
        memory = make_room(device, memory)
        ended_by = BROWN_OUT if whole[AT] in (JUDGE, STAGNATE) else END_OF_RUN  # a failure may end the run
        end_cycle(memory, storage.ledger, storage.now_s, storage.voltage, storage.v_off, ended_by)
    make_room(device, memory)
    show_job(device, memory)
    first = int(whole[ORDINAL] - whole[UNCOMMITTED])
    tally.pending = [device.program.all_steps[k] for k in tables.step_at[first : int(whole[ORDINAL])]]
    for counters, array in (
        (tally.warm_runs, memory.warm_runs),
        (tally.cold_runs, memory.cold_runs),
        (tally.lost_runs, memory.lost_runs),
        (tally.cuts, memory.cuts),
        (tally.loose, memory.loose),
        (tally.lost_loose, memory.lost_loose),
    ):
        counters[:] = array.tolist()
    tally.tiles_committed, tally.tiles_lost = int(whole[TILES_COMMITTED]), int(whole[TILES_LOST])
    tally.part = Part(int(whole[PART_SECTION]), int(whole[PART_TILES]), float(real[PART_S]))
    tally.saves, tally.torn_saves, tally.restores = (int(whole[k]) for k in (SAVES, TORN, RESTORES))
    tally.off_s, tally.first_turn_on_s = float(real[OFF_S]), float(real[FIRST_ON_S])
    tally.endless_s = float(real[ENDLESS_S])
    follow(rules, memory, float(real[ENV_S]))
    _fill_queue(device, rules, memory)


def _fill_queue(device: Device, rules: Rules, memory: Memory) -> None:
    """The releases that were never begun."""
    whole, queue = memory.whole, device.queue
    released, waiting = int(whole[RELEASED]), int(whole[WAITING])
    queue.released = released
    if rules.release_s <= 0.0:
        for _ in range(waiting):
            queue.push(Release(released - 1, float(memory.real[WAITING_S])))
        return
    begun = {inference.number for inference in device.tally.inferences}
    if device.job is not None:
        begun.add(device.job.release.number)
    for number in range(released - waiting):
        if number not in begun:
            queue.dropped.append(Release(number, number * rules.release_s))
    for number in range(released - waiting, released):
        queue.push(Release(number, number * rules.release_s))
    assert len(queue.dropped) == whole[DROPPED]
