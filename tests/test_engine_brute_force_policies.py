"""Every recovery policy against a second reading of its rules, by small explicit time steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from brute_force_policies import Machine, Outcome
from engine_cases import BOOT, FOOTPRINT, INDEX, case, simulated
from source_kinds import KIND_NAMES, SEGMENT_S, V_OFF, V_ON, V_START, source, supply
from test_engine_brute_force import circuit

from simint.engine.application import Application, Task
from simint.engine.policy import (
    Footprint,
    JustInTime,
    PerLayer,
    RecoveryPolicy,
    Restart,
    Tile,
    TileShutdown,
    Timer,
)
from simint.engine.run import CycleEnd, Run, Verdict
from simint.engine.workload import Workload
from simint.tiling.design import ExecutionDesign
from simint.tiling.schedule import ZERO, Batch, Cost, LayerSchedule, Loop, Schedule, TileRun, Traffic
from simint.trace.power_trace import PowerTrace

STEP_S = 1e-4
INFERENCES = 12
SLEEP_W = 30e-6
POLICIES: dict[str, RecoveryPolicy] = {
    "none": Restart(),
    "layer": PerLayer(),
    "tile": Tile(),
    "guard": Tile(guards=True),
    "tile-shutdown": TileShutdown(),
    "footprint": Footprint(),
    "timer": Timer(0.0337),
    "long timer": Timer(0.0941),
    "jit": JustInTime(2.1),
    "eager jit": JustInTime(2.5, 2.6),
    "jit that browns out asleep": JustInTime(2.06, 2.95),
    "late jit": JustInTime(2.004),
    "jit that never saves": JustInTime(V_OFF),
}


def random_schedule(seed: int, one_tile: bool) -> Schedule:
    """Two or three layers of a few batches, about 2 mJ together: less than the 2.5 mJ between the thresholds."""
    rng = np.random.default_rng(seed)

    def cost(low_j: float, high_j: float) -> Cost:
        energy_j = float(rng.uniform(low_j, high_j))
        return Cost(energy_j, energy_j / float(rng.uniform(8e-3, 18e-3)))

    def maybe(low_j: float, high_j: float) -> Cost:
        return cost(low_j, high_j) if rng.random() < 0.5 else ZERO

    layers = []
    for number in range(int(rng.integers(2, 4))):
        batches = []
        for _ in range(int(rng.integers(1, 4))):
            tiles = 1 if one_tile else int(rng.integers(1, 5))
            written, keeps = cost(5e-6, 20e-6), rng.random() < 0.5
            batches.append(
                Batch(
                    layer=number,
                    opening=maybe(5e-6, 30e-6),
                    reload=maybe(5e-6, 30e-6),
                    tiles=(TileRun(tiles, maybe(5e-6, 20e-6), cost(30e-6, 80e-6)),),
                    write_back=ZERO if keeps else written,
                    preserve=written if keeps else ZERO,
                    traffic=Traffic(tiles, tiles, 0, tiles, 1),
                    reload_traffic=Traffic(0, 1, 0, 0, 0),
                )
            )
        loop = Loop(tuple((k, int(rng.integers(1, 3))) for k in range(len(batches))), int(rng.integers(1, 3)))
        save = cost(30e-6, 80e-6)
        layers.append(
            LayerSchedule(f"L{number}", ExecutionDesign(tr=1, tc=1, tm=1), tuple(batches), (loop,), 1, save, save)
        )
    return Schedule(tuple(layers), BOOT, INDEX, INDEX, 1, FOOTPRINT, FOOTPRINT)


APPLICATION = Application(
    before=(Task(name="sense", power=4e-3, duration=30e-3),), after=(Task(name="send", power=12e-3, duration=20e-3),)
)


@dataclass(frozen=True)
class Both:
    exact: Run
    stepped: Outcome


def both(policy: RecoveryPolicy, kind: int, seed: int, application: Application) -> Both:
    schedule = random_schedule(seed, policy.counts_jobs)
    trace = PowerTrace("random", source(kind), SEGMENT_S)
    run = simulated(
        case(
            trace,
            schedule,
            supply(kind),
            policy,
            Workload(inferences=INFERENCES),
            V_START,
            application,
            sleep_power_w=SLEEP_W,
        )
    )
    used = run.checkpoints
    machine = Machine(
        circuit(kind),
        schedule,
        policy,
        application,
        (V_START, V_ON, V_OFF),
        STEP_S,
        SLEEP_W,
        used.v_checkpoint if used else 0.0,
        used.v_resume if used else 0.0,
    )
    done = INFERENCES if run.verdict is Verdict.COMPLETED else 0
    return Both(run, machine.run(done))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", range(3), ids=KIND_NAMES)
@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_does_what_its_rules_say(name: str, kind: int, seed: int) -> None:
    application = APPLICATION if seed else Application()
    found = both(POLICIES[name], kind, seed, application)
    run, stepped = found.exact, found.stepped
    assert run.verdict is Verdict.COMPLETED
    off = [cycle.off_s for cycle in run.power_cycles if cycle.ended_by is CycleEnd.BROWN_OUT]
    times = [*(cycle.on_s for cycle in run.power_cycles), *off, *(done.end_s for done in run.finished)]
    assert np.array([*stepped.on_s, *stepped.off_s, *stepped.done_s]) == pytest.approx(np.array(times), rel=1e-5)
    assert sum(layer.tiles_started for layer in run.layers) == stepped.tiles
    assert sum(layer.tiles_lost for layer in run.layers) == stepped.tiles_lost
    assert run.energy.lost == pytest.approx(stepped.lost_j, rel=1e-4, abs=1e-9)
    assert run.time.sleep == pytest.approx(stepped.slept_s, rel=1e-4, abs=1e-9)
    counted = (run.checkpoints.saved, run.checkpoints.torn, run.checkpoints.restored) if run.checkpoints else (0, 0, 0)
    assert counted == (stepped.saves, stepped.torn, stepped.restores)
