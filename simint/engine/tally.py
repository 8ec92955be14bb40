"""Counts of a run while it goes: tiles, batches, inferences and power cycles."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from simint.engine.program import Program, Step
from simint.engine.run import Inference, LayerCounts, PowerCycle
from simint.engine.workload import Release, Workload
from simint.tiling.schedule import NO_TRAFFIC


@dataclass(slots=True)
class Tally:
    """Counters of one run, by step of the program (runs) and by layer (tiles of a step that was cut).

    `warm_runs`, `cold_runs`: how often each step ran through with volatile memory warm or lost; `lost_runs`: how often
    that was lost before a commit. `pending`: steps done but not committed yet.
    """

    warm_runs: list[int]
    cold_runs: list[int]
    lost_runs: list[int]
    cut_tiles: list[int]
    tiles_committed: int = 0
    tiles_lost: int = 0
    pending: list[Step] = field(default_factory=list)
    inferences: list[Inference] = field(default_factory=list)
    power_cycles: list[PowerCycle] = field(default_factory=list)
    off_s: float = 0.0
    first_turn_on_s: float = math.nan

    def done(self, step: Step, warm: bool) -> None:
        """A step ran through, which may have been a commit."""
        (self.warm_runs if warm else self.cold_runs)[step.number] += 1
        if step.commits:
            self.tiles_committed += step.tiles
        else:
            self.pending.append(step)

    def commit(self) -> None:
        """Everything pending is safe."""
        self.tiles_committed += sum(step.tiles for step in self.pending)
        self.pending.clear()

    def lose(self, step: Step | None, started: int) -> None:
        """Everything pending, and the tiles started of `step`, which was cut, are lost."""
        if step is not None:
            self.cut_tiles[step.layer] += started
        self.tiles_lost += started + sum(done.tiles for done in self.pending)
        for done in self.pending:
            self.lost_runs[done.number] += 1
        self.pending.clear()

    def finished(self, release: Release, start_s: float, end_s: float, power_cycles: int, workload: Workload) -> None:
        """An inference was completed."""
        met = None if workload.deadline is None else end_s <= release.release_s + workload.deadline
        self.inferences.append(Inference(release.number, release.release_s, start_s, end_s, power_cycles, met))


def new_tally(program: Program) -> Tally:
    """All counters at zero."""
    steps, layers = len(program.all_steps), len(program.names)
    return Tally([0] * steps, [0] * steps, [0] * steps, [0] * layers)


def layer_counts(tally: Tally, program: Program, cut: tuple[int, int] | None) -> tuple[LayerCounts, ...]:
    """The counters by layer; `cut`: layer and started tiles of the step in which the run ended, if it did in one.

    The traffic is that of batches which ran through, committed or lost later.
    """
    layers = len(program.names)
    traffic = [NO_TRAFFIC] * layers
    done, committed, tiles_done, safe, lost = ([0] * layers for _ in range(5))
    pending = Counter(step.number for step in tally.pending)
    for step in program.all_steps:
        k, warm, cold = step.layer, tally.warm_runs[step.number], tally.cold_runs[step.number]
        lost_runs = tally.lost_runs[step.number]
        safe_runs = warm + cold - lost_runs - pending[step.number]
        traffic[k] += step.traffic * (warm + cold) + step.reload_traffic * cold
        done[k] += warm + cold
        committed[k] += safe_runs
        tiles_done[k] += (warm + cold) * step.tiles
        safe[k] += safe_runs * step.tiles
        lost[k] += lost_runs * step.tiles
    in_progress = [0] * layers
    if cut is not None:
        in_progress[cut[0]] = cut[1]
    return tuple(
        LayerCounts(
            name=name,
            batches_done=done[k],
            batches_committed=committed[k],
            tiles_started=tiles_done[k] + tally.cut_tiles[k] + in_progress[k],
            tiles_committed=safe[k],
            tiles_lost=lost[k] + tally.cut_tiles[k],
            traffic=traffic[k],
        )
        for k, name in enumerate(program.names)
    )


def continuous_s(tally: Tally, program: Program) -> float:
    """Time the committed batches would take under continuous power without preservation."""
    pending = Counter(step.number for step in tally.pending)
    return math.fsum(
        step.continuous_s * (tally.warm_runs[k] + tally.cold_runs[k] - tally.lost_runs[k] - pending[k])
        for k, step in enumerate(program.all_steps)
    )
