"""Replay as fitness: a network executed on power traces, each trace and its supply compiled once for all candidates.

Execution designs of a candidate are found once and serve all traces. In consistent cost mode, the one replay is built
on (docs/models.md), they are the ones of smallest active energy that fit the capacitor's charge. The published explorer
minimises recharging through a constant resistance, which a recorded trace does not have; it is used where the platform
is in published mode, so that the published model can be replayed on its own bench.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from nas.problem.evaluation import Measures
from simint.engine.choose import run_case
from simint.engine.engines import EngineChoice
from simint.physics.front_end import compile_source
from simint.replay.case import chosen_designs, executed_designs, fitting_schedule, join_case
from simint.scenario import Parts, Scenario, load_parts, objective_of
from simint.tiling.objective import Objective

if TYPE_CHECKING:
    from simint.engine.run import Run
    from simint.network.network import Network
    from simint.physics.source import CompiledSource
    from simint.tiling.design import ExecutionDesign

DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class TraceResult:
    """What one trace made of a network.

    `inferences_per_day`: work committed, in inferences by the day; 0 where none was completed. `latency_s`: median of
    the completed ones from release to end, infinite where there is none. `overhead_s` and `imo_percent`: working time
    beyond what continuous power needs, by inference and as a share; infinite and NaN where nothing was committed.
    """

    trace: str
    verdict: str
    inferences: int
    inferences_per_day: float
    latency_s: float
    overhead_s: float
    imo_percent: float
    power_cycles: int


@dataclass(frozen=True, slots=True)
class Ready:
    """One scenario with its trace and supply loaded and compiled; the network in `parts` is a stand-in."""

    scenario: Scenario
    parts: Parts
    source: CompiledSource

    def run(self, network: Network, designs: tuple[ExecutionDesign, ...]) -> Run:
        """Replay a network with these designs; InfeasibleError where memories do not hold it."""
        parts = self.with_network(network)
        schedule = fitting_schedule(parts, designs, self.scenario.policy.policy())
        return run_case(join_case(self.scenario, parts, schedule, self.source), self.scenario.engine)

    def with_network(self, network: Network) -> Parts:
        """The parts with this network."""
        return Parts(self.parts.recorded, self.parts.trace, self.parts.supply, self.parts.platform, network)


class ReplayFitness:
    """Networks replayed under every scenario of a list; one object per process keeps what is compiled."""

    def __init__(self, ready: Sequence[Ready]) -> None:
        self.ready = tuple(ready)

    def replay(self, network: Network) -> tuple[TraceResult, ...]:
        """What every trace makes of a network.

        Raises InfeasibleError where a layer has no design on this supply, InputError as a replay does.
        """
        found: list[TraceResult] = []
        designs: dict[object, tuple[ExecutionDesign, ...]] = {}
        for ready in self.ready:
            key = _design_key(ready)
            if key not in designs:
                designs[key] = chosen_designs(ready.scenario, ready.with_network(network))
            run = ready.run(network, executed_designs(ready.scenario, designs[key]))
            found.append(_result(ready.scenario.trace.name, run))
        return tuple(found)

    def measures(self, network: Network) -> Measures:
        """Median over traces, and the worst of them; raises as `replay`."""
        return measures_of(self.replay(network))


def measures_of(results: Sequence[TraceResult]) -> Measures:
    """Median and worst over traces."""
    return over_traces([result.inferences_per_day for result in results], [result.latency_s for result in results])


def over_traces(rates: Sequence[float], latencies: Sequence[float]) -> Measures:
    """Median and worst of inferences per day and of latencies (s), one of each a trace."""
    return Measures(
        inferences_per_day=statistics.median(rates),
        worst_inferences_per_day=min(rates),
        replay_latency_s=statistics.median(latencies),
        worst_replay_latency_s=max(latencies),
    )


def prepare_replay(scenarios: Sequence[Scenario], engine: EngineChoice | None = None) -> ReplayFitness:
    """Load and compile what the scenarios name; `engine` in place of theirs.

    The network and designs of a scenario are a stand-in for the candidates'. Raises InputError naming the file and
    field.
    """
    ready = []
    for scenario in scenarios:
        used = scenario if engine is None else msgspec.structs.replace(scenario, engine=engine)
        parts = load_parts(used)
        ready.append(Ready(used, parts, compile_source(parts.trace, parts.supply)))
    return ReplayFitness(ready)


def _design_key(ready: Ready) -> object:
    """What the choice of designs looks at beside the network."""
    parts, scenario = ready.parts, ready.scenario
    published = objective_of(scenario, parts.platform) == Objective.PUBLISHED
    return (scenario.design, parts.platform, parts.supply, scenario.trace if published else None)


def _result(trace: str, run: Run) -> TraceResult:
    latencies = [inference.latency_s for inference in run.finished]
    progress = run.progress
    return TraceResult(
        trace=trace,
        verdict=run.verdict.value,
        inferences=len(latencies),
        inferences_per_day=progress * DAY_S / run.duration_s if latencies and run.duration_s > 0 else 0.0,
        latency_s=statistics.median(latencies) if latencies else math.inf,
        overhead_s=run.overhead_s / progress if progress > 0 else math.inf,
        imo_percent=run.imo_pct if progress > 0 else math.nan,
        power_cycles=len(run.power_cycles),
    )
