"""The summary of a replay as data, and as JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from simint.engine.run import CheckpointCounts, CycleEnd, Inference, Nontermination, Run, Verdict
from simint.report.hints import hint
from simint.report.limits import find_limit
from simint.report.schema import (
    FORMAT,
    CheckpointSummary,
    EnergySummary,
    InferenceSummary,
    Inputs,
    Latency,
    NonterminationSummary,
    Overhead,
    PowerCycleSummary,
    Summary,
    TaskSummary,
    TileSummary,
    TimeSummary,
)
from simint.trace.catalogue_entries import catalogue_names

if TYPE_CHECKING:
    from simint.replay.case import Replay


def summary_data(replay: Replay) -> Summary:
    """What `summary.json` holds; see `schema`."""
    run, scenario = replay.run, replay.scenario
    return Summary(
        format=FORMAT,
        simint=metadata.version("simint"),
        verdict=run.verdict.value,
        partial=run.verdict is Verdict.INTERRUPTED,
        engine=run.engine.value,
        note=run.note,
        limit=find_limit(run, scenario.workload.period is not None).value,
        hint=hint(run, scenario, replay.parts.supply),
        inputs=_inputs(replay),
        duration_s=run.duration_s,
        first_turn_on_s=_finite(run.first_turn_on_s),
        trace_passes=run.loops,
        initial_v=run.initial_voltage,
        final_v=run.final_voltage,
        inferences=_inferences(run, scenario.workload.inferences),
        power_cycles=_power_cycles(run),
        tiles=_tiles(run),
        energy=_energy(run),
        time=TimeSummary(**{f"{term}_s": amount for term, amount in dataclasses.asdict(run.time).items()}),
        overhead=Overhead(
            imo_pct=run.imo_pct, overhead_s=run.overhead_s, working_s=run.working_s, continuous_s=run.continuous_s
        ),
        nontermination=None if run.nontermination is None else _nontermination(run.nontermination),
        tasks=tuple(TaskSummary(**dataclasses.asdict(task)) for task in run.tasks),
        checkpoints=None if run.checkpoints is None else _checkpoints(run.checkpoints),
    )


def summary_json(summary: Summary) -> str:
    """The summary as indented JSON text; `msgspec.json.decode(text, type=Summary)` gives it back."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2).decode()


def latency_of(inferences: Sequence[Inference]) -> Latency | None:
    """Statistics of the latencies of completed inferences; None where there is none."""
    if not inferences:
        return None
    latencies = np.array([inference.latency_s for inference in inferences])
    return Latency(
        median_s=float(np.median(latencies)),
        p95_s=float(np.percentile(latencies, 95)),
        mean_s=float(latencies.mean()),
        min_s=float(latencies.min()),
        max_s=float(latencies.max()),
    )


def _inputs(replay: Replay) -> Inputs:
    scenario, parts = replay.scenario, replay.parts
    return Inputs(
        trace=parts.trace.name,
        trace_provenance=None if scenario.trace.name in catalogue_names() else parts.trace.provenance,
        trace_end=scenario.trace.end.value,
        trace_duration_s=parts.trace.duration_s,
        seed=scenario.trace.seed,
        supply=parts.supply.name,
        capacitance_f=parts.supply.capacitor.capacitance,
        v_on_v=parts.supply.v_on,
        v_off_v=parts.supply.v_off,
        platform=parts.platform.name,
        network=parts.network.name,
        objective=scenario.design.objective,
        policy=scenario.policy.name,
        guard=scenario.policy.guard,
        period_s=scenario.workload.period,
        deadline_s=scenario.workload.deadline,
        checkpoint_period_s=_finite(scenario.policy.policy().period),
        tasks=len(scenario.application.before) + len(scenario.application.after),
    )


def _inferences(run: Run, requested: int | None) -> InferenceSummary:
    completed = len(run.finished)
    return InferenceSummary(
        requested=requested,
        completed=completed,
        progress=run.progress,
        deadlines_missed=run.deadlines_missed,
        dropped=run.dropped,
        latency=latency_of(run.finished),
        energy_per_inference_j=_ratio(run.energy.device, run.progress),
        throughput_per_s=_ratio(completed, run.duration_s),
    )


def _power_cycles(run: Run) -> PowerCycleSummary:
    cycles = run.power_cycles
    return PowerCycleSummary(
        count=len(cycles),
        boots=len(cycles),
        brown_outs=sum(cycle.ended_by is CycleEnd.BROWN_OUT for cycle in cycles),
        per_inference=_ratio(len(cycles), run.progress),
        mean_on_s=_ratio(math.fsum(cycle.off_s - cycle.on_s for cycle in cycles), len(cycles)),
        mean_energy_j=_ratio(math.fsum(cycle.energy_j for cycle in cycles), len(cycles)),
    )


def _tiles(run: Run) -> TileSummary:
    committed = sum(layer.tiles_committed for layer in run.layers)
    lost = sum(layer.tiles_lost for layer in run.layers)
    return TileSummary(
        started=sum(layer.tiles_started for layer in run.layers),
        committed=committed,
        lost=lost,
        re_executed_pct=100.0 * lost / (committed + lost) if lost else 0.0,
    )


def _energy(run: Run) -> EnergySummary:
    book = run.energy
    terms = {f"{term}_j": amount for term, amount in dataclasses.asdict(book).items()}
    return EnergySummary(**terms, device_j=book.device, imbalance_j=book.imbalance_j)


def _nontermination(cause: Nontermination) -> NonterminationSummary:
    return NonterminationSummary(
        layer=cause.layer,
        tile=cause.tile,
        needed_j=cause.needed_j,
        given_j=cause.given_j,
        smallest_capacitance_f=_finite(cause.smallest_capacitance),
        reason=cause.reason,
    )


def _checkpoints(counts: CheckpointCounts) -> CheckpointSummary:
    return CheckpointSummary(
        saved=counts.saved,
        torn=counts.torn,
        restored=counts.restored,
        v_checkpoint_v=_finite(counts.v_checkpoint),
        v_resume_v=_finite(counts.v_resume),
        v_safe_v=_finite(counts.v_safe),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _ratio(amount: float, unit: float) -> float | None:
    return amount / unit if unit > 0 else None
