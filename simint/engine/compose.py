"""From a schedule, a policy and the tasks around the inference to the program that an engine runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from simint.engine.application import Application, Task
from simint.engine.policy import Boundary, RecoveryPolicy
from simint.engine.program import Activity, Body, Program, Step
from simint.errors import InputError
from simint.tiling.schedule import NO_TRAFFIC, ZERO, Batch, Cost, LayerSchedule, Schedule

NO_TASKS = Application()


def build_program(schedule: Schedule, policy: RecoveryPolicy, application: Application = NO_TASKS) -> Program:
    """Fix what the policy leaves open: where the record of progress is written, and whether partial sums are.

    After turn-on the device boots and, if anything is preserved, reads the record. A schedule without layers makes an
    application of tasks alone. Raises InputError where there is nothing to do, where a task without end is not the
    last, or where a policy that counts jobs meets batches of several tiles.
    """
    sections: list[tuple[Body, ...]] = []
    steps: list[Step] = []
    keeps = policy.commits_at is not Boundary.NEVER
    read, write = _record(schedule, policy)
    before, after = application.before, application.after
    if application.endless and not after and schedule.layers:
        raise InputError(f"task {before[-1].name!r} needs a `duration`: the inference follows it")
    for task in before:
        sections.append(_task(task, len(sections), steps, write, keeps))
    for number, layer in enumerate(schedule.layers):
        if policy.counts_jobs and any(sum(run.count for run in batch.tiles) > 1 for batch in layer.batches):
            raise InputError(f"layer {layer.name!r}: policy {policy.name!r} needs batches of one tile (s = 1)")
        last = number == len(schedule.layers) - 1
        commits = policy.commits_at is Boundary.LAYER or (policy.commits_at is Boundary.NETWORK and last)
        sections.append(_layer(layer, len(sections), steps, write, policy.commits_at is Boundary.BATCH, commits))
    for task in after:
        sections.append(_task(task, len(sections), steps, write, keeps))
    if not sections:
        raise InputError("nothing to run: a schedule without layers needs at least one task")
    start = [row(1, False, Activity.BOOT, schedule.boot)]
    if keeps:
        start.append(row(1, False, Activity.RESTORE, read))
    nothing = np.zeros((0, 8))
    saves = [
        np.array([row(1, False, Activity.CHECKPOINT, layer.save, Activity.INDEX, write)]) for layer in schedule.layers
    ]
    loads = [np.array([row(1, False, Activity.RESTORE, layer.load)]) for layer in schedule.layers]
    return Program(
        sections=tuple(sections),
        names=(*_names(before), *(layer.name for layer in schedule.layers), *_names(after)),
        first_layer=len(before),
        layers=len(schedule.layers),
        first_steps=tuple(_first_steps(sections)),
        all_steps=tuple(steps),
        start=np.array(start),
        saves=(*[nothing] * len(before), *saves, *[nothing] * len(after)),
        loads=(*[nothing] * len(before), *loads, *[nothing] * len(after)),
        tiles=sum(_length(section, tiles=True) for section in sections),
        endless=application.endless,
    )


def tasks_alone(boot: Cost, index_read: Cost = ZERO, index_write: Cost = ZERO) -> Schedule:
    """The schedule of a device that runs no network: give its work as tasks of an `Application`."""
    return Schedule(layers=(), boot=boot, index_read=index_read, index_write=index_write, vm_bytes=0)


def row(
    count: int, is_tile: bool, first: Activity, cost: Cost, second: Activity = Activity.BOOT, then: Cost = ZERO
) -> list[float]:
    """A row of two phases; see the columns in `program`. Raises InputError for energy that takes no time."""
    return [count, is_tile, *_phase(first, cost), *_phase(second, then)]


def _phase(activity: Activity, cost: Cost) -> tuple[float, float, float]:
    if cost.time_s > 0.0:
        return activity, cost.energy_j / cost.time_s, cost.time_s
    if cost.energy_j > 0.0:
        raise InputError(f"{activity.name.lower()} takes {cost.energy_j:g} J but no time: an infinite power")
    return activity, 0.0, 0.0


def _record(schedule: Schedule, policy: RecoveryPolicy) -> tuple[Cost, Cost]:
    """Reading and writing the record of progress."""
    if policy.commits_at is Boundary.NEVER:
        return ZERO, ZERO
    if policy.counts_jobs:
        return schedule.footprint_read, schedule.footprint_write
    return schedule.index_read, schedule.index_write


def _task(task: Task, section: int, steps: list[Step], write: Cost, commits: bool) -> tuple[Body, ...]:
    phase = (float(Activity.PERIPHERAL), task.power_w, task.duration_s)
    rows = np.array([[1, False, *phase, *_phase(Activity.INDEX, write)]])
    # What a task without end takes is counted as it goes.
    continuous_s = 0.0 if task.duration is None else task.duration
    step = Step(len(steps), section, 0, rows, rows, continuous_s, NO_TRAFFIC, NO_TRAFFIC, commits, atomic=True)
    steps.append(step)
    return (Body(((step, 1),), 1),)


def _layer(
    layer: LayerSchedule, section: int, steps: list[Step], write: Cost, every_batch: bool, at_end: bool
) -> tuple[Body, ...]:
    """A layer that commits after every batch, at its end, or not at all."""
    first = len(steps)
    for batch in layer.batches:
        steps.append(_step(len(steps), section, batch, write if every_batch else None, every_batch))
    bodies = [Body(tuple((steps[first + k], n) for k, n in loop.body), loop.count) for loop in layer.program]
    if not at_end:
        return tuple(bodies)
    # The last batch of all is another step: it writes the record.
    *others, last = bodies
    *leading, (final, times) = last.steps
    committing = _step(len(steps), section, layer.batches[final.number - first], write, False)
    steps.append(committing)
    if last.count > 1:
        others.append(Body(last.steps, last.count - 1))
    return (*others, Body((*leading, *(((final, times - 1),) if times > 1 else ()), (committing, 1)), 1))


def _step(number: int, section: int, batch: Batch, write: Cost | None, keeps_sums: bool) -> Step:
    """A batch that ends with writing the record, if there is one; `keeps_sums`: partial sums go to NVM before it."""
    # A partial sum that nobody preserves stays in volatile memory: the only write of such a batch is left out.
    traffic = batch.traffic if keeps_sums or batch.preserve == ZERO else replace(batch.traffic, write_backs=0)
    rows = [row(1, False, Activity.FETCH, batch.opening)] if batch.opening != ZERO else []
    for run in batch.tiles:
        rows.append(row(run.count, True, Activity.FETCH, run.fetch, Activity.COMPUTE, run.compute))
    written = batch.write_back + batch.preserve if keeps_sums else batch.write_back
    rows.append(row(1, False, Activity.WRITE_BACK, written, Activity.INDEX, write or ZERO))
    reload = [row(1, False, Activity.RESTORE, batch.reload)] if batch.reload != ZERO else []
    cold = np.array(reload + rows)
    continuous = batch.opening.time_s + batch.write_back.time_s
    continuous += sum(run.count * (run.fetch.time_s + run.compute.time_s) for run in batch.tiles)
    return Step(
        number=number,
        section=section,
        tiles=sum(run.count for run in batch.tiles),
        warm=cold[1:] if reload else cold,
        cold=cold,
        continuous_s=continuous,
        traffic=traffic,
        reload_traffic=batch.reload_traffic,
        commits=write is not None,
    )


def _names(tasks: tuple[Task, ...]) -> tuple[str, ...]:
    return tuple(task.name for task in tasks)


def _length(section: tuple[Body, ...], tiles: bool = False) -> int:
    """Steps of a section, or the tiles of all of them."""
    return sum(body.count * sum(n * (step.tiles if tiles else 1) for step, n in body.steps) for body in section)


def _first_steps(sections: list[tuple[Body, ...]]) -> Iterator[int]:
    total = 0
    for section in sections:
        yield total
        total += _length(section)
