"""Everything one run needs, for either engine."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simint.engine.application import Application
from simint.engine.compose import NO_TASKS
from simint.engine.policy import RecoveryPolicy
from simint.engine.program import Program
from simint.engine.workload import Workload
from simint.hardware.supply import Supply
from simint.physics.source import CompiledSource
from simint.tiling.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything one run needs.

    `start_s`: trace time at the start. `duration_s`: when the run is over at the latest (infinite: by the workload).
    `harvest_while_on` and `recharge_at_end` exist for the comparison with the published abstract model, which credits
    no harvest while the device is on and counts a recharge after the last batch. `program`: what `build_program` makes
    of schedule, policy and application, given by who runs many cases of the same; None: it is made.
    """

    supply: Supply
    source: CompiledSource
    schedule: Schedule
    policy: RecoveryPolicy
    workload: Workload
    initial_voltage: float
    application: Application = NO_TASKS
    sleep_power_w: float = 0.0
    start_s: float = 0.0
    duration_s: float = math.inf
    harvest_while_on: bool = True
    recharge_at_end: bool = False
    program: Program | None = None
