"""Small replays for the tests of the report room: a hand-made schedule on the bench or on a random harvest."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import msgspec
import numpy as np

from simint.engine.event import Case, simulate
from simint.engine.observer import Observer
from simint.engine.policy import policy_by_name
from simint.engine.run import Run
from simint.engine.workload import Workload
from simint.hardware.presets import load_supply
from simint.hardware.supply import Supply
from simint.physics.front_end import compile_source
from simint.replay.case import Replay
from simint.scenario import DesignChoice, Parts, PolicyChoice, Scenario, TraceChoice, load_parts
from simint.tiling.design import ExecutionDesign
from simint.tiling.schedule import ZERO, Batch, Cost, LayerSchedule, Loop, Schedule, TileRun, Traffic
from simint.trace.power_trace import PowerSource, PowerTrace, TheveninSource

DESIGN = ExecutionDesign(tr=1, tc=1, tm=1)
TILES = 80
V_SOURCE, R_SOURCE = 5.892, 2800.0  # the published bench


def schedule(tile_j: float = 8e-4) -> Schedule:
    """One layer of 80 one-tile batches of 0.15 s."""
    batch = Batch(
        layer=0,
        opening=Cost(1e-5, 1e-3),
        reload=ZERO,
        tiles=(TileRun(1, Cost(7e-5, 0.01), Cost(tile_j, 0.14)),),
        write_back=Cost(3e-5, 0.005),
        preserve=ZERO,
        traffic=Traffic(1, 1, 0, 1, 1),
        reload_traffic=Traffic(0, 0, 0, 0, 0),
    )
    return Schedule(
        layers=(LayerSchedule("L0", DESIGN, (batch,), (Loop(((0, TILES),), 1),)),),
        boot=Cost(7.788e-5, 0.055),
        index_read=Cost(3.1e-7, 4.7e-5),
        index_write=Cost(3.1e-7, 4.6e-5),
        vm_bytes=1,
    )


def bench() -> PowerTrace:
    """The constant source of the published bench, one minute, looped."""
    return PowerTrace("bench", TheveninSource(np.array([V_SOURCE]), R_SOURCE), step_s=60.0)


def bursts(mean_w: float = 1e-3) -> PowerTrace:
    """100 s of random harvest at 1 kHz, looped."""
    power = np.random.default_rng(0).exponential(mean_w, 100_000)
    return PowerTrace("bursts", PowerSource(power), step_s=1e-3)


def supply(name: str, capacitance: float | None = None) -> Supply:
    """A preset, with another capacitor if given."""
    preset = load_supply(name)
    if capacitance is None:
        return preset
    capacitor = msgspec.structs.replace(preset.capacitor, capacitance=capacitance)
    return msgspec.structs.replace(preset, capacitor=capacitor)


def run_case(
    trace: PowerTrace,
    node: Supply,
    *,
    policy: str = "tile",
    workload: Workload | None = None,
    duration_s: float = math.inf,
    tile_j: float = 8e-4,
    observers: Sequence[Observer] = (),
    stop_after: int | None = None,
) -> Run:
    """Run the schedule from `v_off`; `stop_after` events it is interrupted."""
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return stop_after is not None and asked > stop_after

    case = Case(
        supply=node,
        source=compile_source(trace, node),
        schedule=schedule(tile_j),
        policy=policy_by_name(policy),
        workload=workload or Workload(inferences=None if math.isfinite(duration_s) else 1_000_000),
        initial_voltage=node.v_off,
        duration_s=duration_s,
    )
    return simulate(case, observers, stop)


def replay_of(
    run: Run, trace: PowerTrace, node: Supply, policy: str = "tile", workload: Workload | None = None
) -> Replay:
    """The run with a scenario around it, as `simint.replay.replay` returns it."""
    scenario = Scenario(
        trace=TraceChoice(name="constant-1mw"),
        supply=node,
        network="plain:har:3x8",
        policy=PolicyChoice(name=policy),
        workload=workload or Workload(),
        design=DesignChoice(objective="energy", layers=(DESIGN,)),
    )
    parts = _parts()
    return Replay(run, scenario, Parts(trace, trace, node, parts.platform, parts.network), (DESIGN,))


@functools.cache
def _parts() -> Parts:
    return load_parts(Scenario(trace=TraceChoice(name="constant-1mw"), network="plain:har:3x8"))
