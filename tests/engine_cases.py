"""Small schedules, supplies and traces for the engine's tests, and a way to run them that always ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from simint.engine.application import Application
from simint.engine.compose import NO_TASKS
from simint.engine.event import Case, simulate
from simint.engine.observer import Observer
from simint.engine.policy import RecoveryPolicy, Tile
from simint.engine.run import Run
from simint.engine.workload import Workload
from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Boost, Direct
from simint.hardware.supply import Supply
from simint.physics.front_end import compile_source
from simint.tiling.design import ExecutionDesign
from simint.tiling.schedule import ZERO, Batch, Cost, LayerSchedule, Loop, Schedule, TileRun, Traffic
from simint.trace.power_trace import PowerSource, PowerTrace, TheveninSource, TraceEnd

BOOT = Cost(80e-6, 0.02)
INDEX = Cost(0.4e-6, 50e-6)
FOOTPRINT = Cost(0.2e-6, 25e-6)
SAVE = Cost(20e-6, 4e-3)
ONE_MF = Capacitor(capacitance=1e-3)


def bounded(events: int) -> Callable[[], bool]:
    """A `stop_requested` that never asks to stop but fails a run which goes on for ever."""
    left = events

    def stop_requested() -> bool:
        nonlocal left
        left -= 1
        assert left > 0, f"the run has not ended after {events} events"
        return False

    return stop_requested


def simulated(case: Case, observers: Sequence[Observer] = (), events: int = 200_000) -> Run:
    """`simulate`, with an upper bound on the number of events."""
    return simulate(case, observers, bounded(events))


def batch(
    compute_j: float = 100e-6,
    power_w: float = 5e-3,
    tiles: int = 1,
    opening: Cost = ZERO,
    reload: Cost = ZERO,
    preserve: Cost = ZERO,
) -> Batch:
    """A batch of equal tiles whose computation draws `power_w`; a tenth of its energy goes to fetching and writing."""
    small = Cost(0.1 * compute_j, 0.1 * compute_j / power_w)
    run = TileRun(tiles, small, Cost(compute_j, compute_j / power_w))
    write_back = ZERO if preserve != ZERO else small
    traffic = Traffic(tiles, tiles, 0, tiles, 1)
    reload_traffic = Traffic(0, 0 if reload == ZERO else 1, 0, 0, 0)
    return Batch(0, opening, reload, (run,), write_back, preserve, traffic, reload_traffic)


def layer(name: str, *runs: tuple[Batch, int], repeat: int = 1) -> LayerSchedule:
    """A layer of several batches in a row, each so many times, the whole `repeat` times."""
    body = tuple((k, times) for k, (_, times) in enumerate(runs))
    return LayerSchedule(
        name, ExecutionDesign(tr=1, tc=1, tm=1), tuple(each for each, _ in runs), (Loop(body, repeat),)
    )


def schedule(*layers: LayerSchedule, boot: Cost = BOOT, index: Cost = INDEX, save: Cost = SAVE) -> Schedule:
    """An inference of these layers; a checkpoint and its restore take `save` each."""
    saved = tuple(replace(each, vm_bytes=1024, save=save, load=save) for each in layers)
    return Schedule(
        layers=saved,
        boot=boot,
        index_read=index,
        index_write=index,
        vm_bytes=1024,
        footprint_read=FOOTPRINT,
        footprint_write=FOOTPRINT,
    )


def uniform(batches: int, compute_j: float = 100e-6, **cost: float) -> Schedule:
    """One layer of equal batches of one tile."""
    return schedule(layer("L0", (batch(compute_j, **cost), batches)))


def boost(
    capacitor: Capacitor = ONE_MF,
    v_on: float = 3.0,
    v_off: float = 2.0,
    v_max: float = 4.0,
    quiescent: float = 0.0,
    efficiency: float = 1.0,
) -> Supply:
    """A boost supply, without losses and with 2.5 mJ between the thresholds by default."""
    return Supply(
        name="boost",
        source="test",
        converter=Boost(efficiency=efficiency),
        capacitor=capacitor,
        v_on=v_on,
        v_off=v_off,
        v_max=v_max,
        quiescent=quiescent,
    )


def direct(capacitor: Capacitor = ONE_MF, v_on: float = 3.0, v_off: float = 2.0) -> Supply:
    """A capacitor straight behind a Thevenin source."""
    return Supply(name="direct", source="test", converter=Direct(), capacitor=capacitor, v_on=v_on, v_off=v_off)


def power(*watt: float, step_s: float = 1.0, end: TraceEnd = TraceEnd.LOOP) -> PowerTrace:
    """A power trace of equal segments."""
    return PowerTrace("power", PowerSource(np.array(watt)), step_s=step_s, end=end)


def thevenin(*volt: float, ohm: float = 2000.0, step_s: float = 1.0, end: TraceEnd = TraceEnd.LOOP) -> PowerTrace:
    """A Thevenin trace of equal segments."""
    return PowerTrace("thevenin", TheveninSource(np.array(volt), ohm), step_s=step_s, end=end)


def case(
    trace: PowerTrace,
    work: Schedule,
    supply: Supply | None = None,
    policy: RecoveryPolicy | None = None,
    workload: Workload | None = None,
    initial_voltage: float | None = None,
    application: Application = NO_TASKS,
    **options: float,
) -> Case:
    """One inference on a boost supply under policy `tile` from `v_off`, unless said otherwise."""
    supply = supply or boost()
    return Case(
        supply=supply,
        source=compile_source(trace, supply),
        schedule=work,
        policy=policy or Tile(),
        workload=workload or Workload(inferences=1),
        initial_voltage=supply.v_off if initial_voltage is None else initial_voltage,
        application=application,
        **options,
    )
