"""Runs of the engine in the two limits of specification 14, and the published recharge times."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from engine_cases import simulated
from published_limits import CycleGroup, GoldenRow

from simint.engine.event import Case
from simint.engine.policy import RecoveryPolicy, TileShutdown
from simint.engine.run import Run
from simint.engine.workload import Workload
from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Boost, Direct
from simint.hardware.supply import Supply
from simint.physics.front_end import compile_source
from simint.tiling.schedule import ZERO, Schedule
from simint.trace.power_trace import PowerSource, PowerTrace, TheveninSource


def powered_without_end(strong_source: bool) -> tuple[Supply, PowerTrace]:
    """A capacitor or a source that outlasts every golden layer (85 J at most)."""
    supply = Supply(
        name="endless",
        source="test",
        converter=Boost(),
        capacitor=Capacitor(capacitance=1e-3 if strong_source else 20.0),
        v_on=4.0,
        v_off=2.0,
        v_max=4.5,
    )
    power = 1.0 if strong_source else 1e-6
    return supply, PowerTrace("endless", PowerSource(np.array([power])), step_s=60.0)


def run_without_failures(schedule: Schedule, policy: RecoveryPolicy, strong_source: bool = False) -> Run:
    """Limit (a): one inference, boots and progress records free."""
    supply, trace = powered_without_end(strong_source)
    return simulated(
        Case(
            supply=supply,
            source=compile_source(trace, supply),
            schedule=replace(schedule, boot=ZERO, index_read=ZERO, index_write=ZERO),
            policy=policy,
            workload=Workload(inferences=1),
            initial_voltage=supply.v_on,
        )
    )


def bench(vsup: float, ohm: float, capacitance: float, v_on: float, v_off: float) -> tuple[Supply, PowerTrace]:
    """The published bench: a source behind a resistance straight into the capacitor."""
    supply = Supply(
        name="bench",
        source="test",
        converter=Direct(),
        capacitor=Capacitor(capacitance=capacitance),
        v_on=v_on,
        v_off=v_off,
    )
    return supply, PowerTrace("bench", TheveninSource(np.array([vsup]), ohm), step_s=60.0)


def run_with_a_shutdown_after_every_batch(
    schedule: Schedule, supply: Supply, trace: PowerTrace, recharge_at_end: bool = True
) -> Run:
    """Limit (b): the published abstract model's assumptions."""
    case = Case(
        supply=supply,
        source=compile_source(trace, supply),
        schedule=schedule,
        policy=TileShutdown(),
        workload=Workload(inferences=1),
        initial_voltage=supply.v_on,
        harvest_while_on=False,
        recharge_at_end=recharge_at_end,
    )
    return simulated(case)


def recharge_s(row: GoldenRow, v_end_squared: float) -> float:
    """Lrc of specification 8, from the square of the voltage at the end of a power cycle."""
    capacitance, ohm, vsup = row.number("ccap"), row.number("rehm"), row.number("vsup")
    return -ohm * capacitance * math.log((row.number("von") - vsup) / (math.sqrt(v_end_squared) - vsup))


def margin_inside(row: GoldenRow) -> float:
    """What `inas2021` takes off Vend^2 before each recharge: 2*(1 - g)*E_sw/Ccap (quirk Q12)."""
    if row.model != "inas2021":
        return 0.0
    return (1.0 - row.number("margin")) * (row.number("von") ** 2 - row.number("voff") ** 2)


def expected_recharge_s(row: GoldenRow, groups: list[CycleGroup]) -> float:
    """The same from the energies of the cycles."""
    von, capacitance = row.number("von"), row.number("ccap")
    return sum(
        count * recharge_s(row, von**2 - 2.0 * energy_j / capacitance - margin_inside(row))
        for count, energy_j in groups
        if count
    )
