"""Counts of a run while it goes: tiles, batches, inferences and power cycles."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from simint.engine.program import Program, Step
from simint.engine.run import Inference, LayerCounts, PowerCycle
from simint.engine.workload import Release, Workload
from simint.tiling.schedule import Traffic


@dataclass(slots=True)
class Tally:
    """Counters of one run, by step of the program and by layer.

    `warm_runs`, `cold_runs`: how often each step ran through with volatile memory warm or lost. `pending`: steps done but
    not committed yet.
    """

    warm_runs: list[int]
    cold_runs: list[int]
    committed: list[int]
    tiles_started: list[int]
    tiles_committed: list[int]
    tiles_lost: list[int]
    pending: list[Step] = field(default_factory=list)
    inferences: list[Inference] = field(default_factory=list)
    power_cycles: list[PowerCycle] = field(default_factory=list)
    off_s: float = 0.0
    first_turn_on_s: float = math.nan

    def attempted(self, step: Step, warm: bool, started: int, done: bool) -> None:
        """A step was executed up to some tile, or through to its end."""
        self.tiles_started[step.layer] += started
        if done:
            (self.warm_runs if warm else self.cold_runs)[step.number] += 1
            self.pending.append(step)

    def commit(self) -> int:
        """Everything pending is safe; returns how many tiles that makes."""
        tiles = 0
        for step in self.pending:
            self.committed[step.number] += 1
            self.tiles_committed[step.layer] += step.tiles
            tiles += step.tiles
        self.pending.clear()
        return tiles

    def lose(self, step: Step | None, started: int) -> int:
        """Everything pending, and what was started of `step`, is lost; returns how many tiles that makes."""
        tiles = started
        if step is not None:
            self.tiles_lost[step.layer] += started
        for done in self.pending:
            self.tiles_lost[done.layer] += done.tiles
            tiles += done.tiles
        self.pending.clear()
        return tiles

    def finished(self, release: Release, start_s: float, end_s: float, power_cycles: int, workload: Workload) -> None:
        """An inference was completed."""
        met = None if workload.deadline is None else end_s <= release.release_s + workload.deadline
        self.inferences.append(Inference(release.number, release.release_s, start_s, end_s, power_cycles, met))


def new_tally(program: Program) -> Tally:
    """All counters at zero."""
    steps, layers = len(program.all_steps), len(program.names)
    return Tally([0] * steps, [0] * steps, [0] * steps, [0] * layers, [0] * layers, [0] * layers)


def layer_counts(tally: Tally, program: Program) -> tuple[LayerCounts, ...]:
    """The counters by layer; the traffic is that of batches which ran through, committed or lost later."""
    traffic = [Traffic(0, 0, 0, 0, 0) for _ in program.names]
    run_through = [0] * len(program.names)
    committed = [0] * len(program.names)
    for step in program.all_steps:
        warm, cold = tally.warm_runs[step.number], tally.cold_runs[step.number]
        traffic[step.layer] += step.traffic * (warm + cold) + step.reload_traffic * cold
        run_through[step.layer] += warm + cold
        committed[step.layer] += tally.committed[step.number]
    return tuple(
        LayerCounts(
            name=name,
            batches_done=run_through[k],
            batches_committed=committed[k],
            tiles_started=tally.tiles_started[k],
            tiles_committed=tally.tiles_committed[k],
            tiles_lost=tally.tiles_lost[k],
            traffic=traffic[k],
        )
        for k, name in enumerate(program.names)
    )


def continuous_s(tally: Tally, program: Program) -> float:
    """Time the committed batches would take under continuous power without preservation."""
    return math.fsum(step.continuous_s * tally.committed[step.number] for step in program.all_steps)
