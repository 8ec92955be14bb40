"""A scenario replayed: its parts joined into one case for the engine, and the run that comes of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from simint.errors import InputError

if TYPE_CHECKING:
    from simint.engine.case import Case
    from simint.engine.observer import Observer
    from simint.engine.policy import RecoveryPolicy
    from simint.engine.run import Run
    from simint.physics.source import CompiledSource
    from simint.scenario import Parts, Scenario
    from simint.tiling.design import ExecutionDesign
    from simint.tiling.published.electrical import ElectricalSettings
    from simint.tiling.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Replay:
    """A finished replay: the run, and the scenario with everything it stood for, which reproduces it."""

    run: Run
    scenario: Scenario
    parts: Parts
    designs: tuple[ExecutionDesign, ...]


def replay(
    scenario: Scenario, observers: Sequence[Observer] = (), stop_requested: Callable[[], bool] = lambda: False
) -> Replay:
    """Replay one scenario with the engine that it asks for; `run.engine` says which one it was.

    `observers` look on; `stop_requested` is asked now and then and ends the run as `interrupted`.
    Raises InputError for a scenario that contradicts itself, InfeasibleError where a layer has no legal tile.
    """
    from simint.engine.choose import run_case
    from simint.engine.engines import EngineChoice
    from simint.scenario import load_parts, pinned

    parts = load_parts(scenario)
    designs = executed_designs(scenario, chosen_designs(scenario, parts))
    run = run_case(prepare_case(scenario, parts, designs), scenario.engine, observers, stop_requested)
    # The engines agree to 1e-9, not to the bit: the scenario names the one that ran.
    used = msgspec.structs.replace(pinned(scenario, parts, designs), engine=EngineChoice(run.engine))
    return Replay(run, used, parts, designs)


def prepare_case(scenario: Scenario, parts: Parts, designs: tuple[ExecutionDesign, ...]) -> Case:
    """The engine's view of a scenario: source behind the front end, schedule, policy, and when the run is over."""
    from simint.physics.front_end import compile_source

    schedule = fitting_schedule(parts, designs, scenario.policy.policy())
    return join_case(scenario, parts, schedule, compile_source(parts.trace, parts.supply))


def fitting_schedule(parts: Parts, designs: tuple[ExecutionDesign, ...], policy: RecoveryPolicy) -> Schedule:
    """The schedule of the designs; InfeasibleError where the platform's memories do not hold what the policy needs."""
    from simint.replay.memory import require_memory
    from simint.tiling.loop_nest.build import build_schedule

    schedule = build_schedule(parts.network, designs, parts.platform)
    require_memory(parts, designs, schedule, policy)
    return schedule


def join_case(scenario: Scenario, parts: Parts, schedule: Schedule, source: CompiledSource) -> Case:
    """The case of parts that are ready: `schedule` and `source` are those of `parts`."""
    from simint.engine.case import Case
    from simint.trace.power_trace import TraceEnd

    duration = math.inf if scenario.duration is None else scenario.duration
    start, whole = scenario.trace.start, parts.trace.duration_s
    if scenario.trace.end is TraceEnd.STOP:
        if start >= whole:
            raise InputError(f"`trace.start` of {start:g} s lies behind the end of the trace ({whole:g} s)")
        duration = min(duration, whole - start)
    elif scenario.duration is None and scenario.workload.inferences is None:
        duration = whole
    supply = parts.supply
    initial = supply.v_off if scenario.initial_voltage is None else scenario.initial_voltage
    if initial > supply.ceiling:
        raise InputError(f"`initial_voltage` of {initial:g} V lies above the clamp at {supply.ceiling:g} V")
    return Case(
        supply=supply,
        source=source,
        schedule=schedule,
        policy=scenario.policy.policy(),
        workload=scenario.workload,
        initial_voltage=initial,
        application=scenario.application,
        sleep_power_w=parts.platform.sleep_power,
        start_s=start,
        duration_s=duration,
        harvest_while_on=scenario.harvest_while_on,
        recharge_at_end=scenario.recharge_at_end,
    )


def executed_designs(scenario: Scenario, designs: tuple[ExecutionDesign, ...]) -> tuple[ExecutionDesign, ...]:
    """The designs as the policy executes them: one that counts jobs preserves after every tile."""
    if not scenario.policy.policy().counts_jobs:
        return designs
    return tuple(msgspec.structs.replace(design, s=1) for design in designs)


def chosen_designs(scenario: Scenario, parts: Parts) -> tuple[ExecutionDesign, ...]:
    """The designs that the scenario gives, else the best ones for its objective."""
    from simint.hardware.usable import usable_j
    from simint.scenario import objective_of
    from simint.tiling.choose import choose_designs
    from simint.tiling.objective import Objective

    given = scenario.design.layers
    if given:
        if len(given) != len(parts.network.layers):
            raise InputError(
                f"`design.layers` has {len(given)} designs, network {parts.network.name!r} has "
                f"{len(parts.network.layers)} layers"
            )
        return given
    budget_j, margin = usable_j(parts.supply), scenario.design.margin
    objective = objective_of(scenario, parts.platform)
    settings = _bench_of(parts) if objective == Objective.PUBLISHED else None
    return choose_designs(parts.network, parts.platform, objective, budget_j, margin, settings)


def _bench_of(parts: Parts) -> ElectricalSettings:
    """The electrical settings of the published model that this trace and supply amount to."""
    from simint.tiling.published.electrical import ElectricalSettings
    from simint.trace.power_trace import TheveninSource

    source, supply = parts.trace.source, parts.supply
    steady = isinstance(source, TheveninSource) and source.voltage_v.min() == source.voltage_v.max()
    if not isinstance(source, TheveninSource) or not steady or not isinstance(source.resistance_ohm, float):
        raise InputError(
            f"the objective `published` needs a constant Thevenin source, such as trace thevenin-bench; trace "
            f"{parts.trace.name!r} is none: choose --objective energy with a consistent platform, or give --design FILE"
        )
    return ElectricalSettings(
        capacitance=supply.capacitor.capacitance,
        resistance=source.resistance_ohm,
        v_supply=float(source.voltage_v[0]),
        v_on=supply.v_on,
        v_off=supply.v_off,
        margin=parts.platform.bench.margin,
    )
