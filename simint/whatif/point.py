"""One point of a study: from its values to its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from simint.engine.application import Application
from simint.engine.compose import build_program
from simint.engine.policy import RecoveryPolicy
from simint.engine.program import Program
from simint.hardware.platform import Platform
from simint.network.network import Network
from simint.physics.front_end import compile_source
from simint.physics.source import CompiledSource
from simint.replay.case import chosen_designs, executed_designs, fitting_schedule, join_case
from simint.scenario import DesignChoice, Parts, Scenario, TraceChoice, objective_of
from simint.tiling.design import ExecutionDesign
from simint.tiling.objective import Objective
from simint.tiling.schedule import Schedule
from simint.trace.power_trace import PowerTrace
from simint.whatif.assign import scenario_at, wants_held
from simint.whatif.metrics import MetricValue, metrics_of
from simint.whatif.recent import Recent
from simint.whatif.resolve import Resolved
from simint.whatif.study import Study
from simint.whatif.traces import shared_source, used_choice, used_trace
from simint.whatif.variation import Value

if TYPE_CHECKING:
    from simint.engine.case import Case
    from simint.hardware.converter import Converter
    from simint.hardware.supply import Supply

Designs = tuple[ExecutionDesign, ...]
_WorkKey = tuple[Network, Platform, Designs, RecoveryPolicy, Application]
_DesignKey = tuple[DesignChoice, Network, Platform, float, object]


@dataclass(frozen=True)
class Base:
    """What all points of a study share; `shared`: the folder of its traces."""

    study: Study
    resolved: Resolved
    shared: Path


@dataclass(frozen=True)
class _Source:
    """A compiled source, with the highest turn-on threshold that it is known to reach."""

    trace: PowerTrace
    compiled: CompiledSource
    v_on: float


class Workshop:
    """A base with what its points have in common, so that each makes only what its own values change."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._sources: Recent[tuple[TraceChoice, Converter], _Source] = Recent(4)
        self._work: Recent[_WorkKey, tuple[Schedule, Program]] = Recent(64)
        self._designs: Recent[_DesignKey, Designs] = Recent(1024)

    def source(self, scenario: Scenario, supply: Supply) -> CompiledSource:
        """The compiled source of the trace as it is used; InputError as `compile_source`."""
        known = self._source(scenario, supply)
        if supply.v_on > known.v_on:
            # A threshold may lie beyond the source; asking again is the one way to know.
            known = _Source(known.trace, compile_source(known.trace, supply), supply.v_on)
            self._sources.put((used_choice(scenario.trace), supply.converter), known)
        return known.compiled

    def _source(self, scenario: Scenario, supply: Supply) -> _Source:
        """The source, perhaps for a lower turn-on threshold."""
        key = (used_choice(scenario.trace), supply.converter)
        return self._sources.get(key, lambda: self._new_source(scenario, supply))

    def _new_source(self, scenario: Scenario, supply: Supply) -> _Source:
        shared = shared_source(scenario, self.base.shared)
        if shared is not None:
            trace, compiled, v_on = shared
            return _Source(trace, compiled, v_on)
        trace = used_trace(scenario, self.base.shared)
        return _Source(trace, compile_source(trace, supply), supply.v_on)

    def designs(self, scenario: Scenario, parts: Parts) -> Designs:
        """The designs of a point as its policy executes them."""
        if scenario.design.layers:
            return executed_designs(scenario, chosen_designs(scenario, parts))
        from simint.hardware.usable import usable_j

        # The published objective looks at source and supply, the others at the energy of a power cycle.
        published = objective_of(scenario, parts.platform) == Objective.PUBLISHED
        electrical = (used_choice(scenario.trace), parts.supply) if published else None
        key = (scenario.design, parts.network, parts.platform, usable_j(parts.supply), electrical)
        return executed_designs(scenario, self._designs.get(key, lambda: chosen_designs(scenario, parts)))

    def case(self, values: Mapping[str, Value]) -> tuple[Scenario, Case]:
        """The scenario of a point, and the engine's view of it; errors as those of a replay."""
        study, resolved = self.base.study, self.base.resolved
        scenario = scenario_at(study, resolved, values)
        parts = self._parts(scenario)
        if wants_held(study, values):
            # Of the base scenario only what the designs belong to may differ.
            kept = {name: values[name] for name in ("network", "platform", "trace") if name in values}
            held = scenario_at(study, resolved, {**kept, **({"design": "best"} if "design" in values else {})})
            designs = executed_designs(scenario, self.designs(_committing_batches(held), self._parts(held)))
        else:
            designs = self.designs(scenario, parts)
        schedule, program = self._work_of(scenario, parts, designs)
        case = join_case(scenario, parts, schedule, self.source(scenario, parts.supply))
        return scenario, replace(case, program=program)

    def _work_of(self, scenario: Scenario, parts: Parts, designs: Designs) -> tuple[Schedule, Program]:
        policy, application = scenario.policy.policy(), scenario.application

        def make() -> tuple[Schedule, Program]:
            schedule = fitting_schedule(parts, designs, policy)
            return schedule, build_program(schedule, policy, application)

        return self._work.get((parts.network, parts.platform, designs, policy, application), make)

    def _parts(self, scenario: Scenario) -> Parts:
        supply, platform, network = scenario.supply, scenario.platform, scenario.network
        assert not isinstance(supply, str)
        assert not isinstance(platform, str)
        assert not isinstance(network, str)
        trace = self._source(scenario, supply).trace
        return Parts(trace, trace, supply, platform, network)


def _committing_batches(scenario: Scenario) -> Scenario:
    """The scenario under policy `tile`, which executes designs as they are."""
    from simint.scenario import PolicyChoice

    return msgspec.structs.replace(scenario, policy=PolicyChoice())


def run_point(workshop: Workshop, values: Mapping[str, Value]) -> dict[str, MetricValue]:
    """The metrics of one point: those of a replay of its scenario.

    Raises InputError and InfeasibleError as a replay does.
    """
    from simint.engine.choose import run_case

    scenario, case = workshop.case(values)
    return metrics_of(run_case(case, scenario.engine), scenario, case.supply)
