"""Counts of a run while it goes: tiles, batches, tasks, inferences, checkpoints and power cycles."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from simint.engine.program import Program, Step
from simint.engine.run import Inference, LayerCounts, PowerCycle, TaskCounts
from simint.engine.workload import Release, Workload
from simint.tiling.schedule import NO_TRAFFIC


@dataclass(slots=True)
class Part:
    """What the last checkpoint holds of the step in which it was taken: tiles, and time of continuous power."""

    section: int = 0
    tiles: int = 0
    continuous_s: float = 0.0


@dataclass(slots=True)
class Tally:
    """Counters of one run, by step of the program (runs) and by section (tiles).

    `warm_runs`, `cold_runs`: how often each step ran through with volatile memory warm or lost; `lost_runs`: how often
    that was lost before a commit; `cuts`: how often a task was cut by a power failure. `loose`: tiles begun besides
    those of steps that ran through in one go, `lost_loose`: how many of them were lost. `pending`, `pieces`: steps and
    loose tiles since the last commit. `part`: of the step in which the last checkpoint was taken.
    """

    warm_runs: list[int]
    cold_runs: list[int]
    lost_runs: list[int]
    cuts: list[int]
    loose: list[int]
    lost_loose: list[int]
    tiles_committed: int = 0
    tiles_lost: int = 0
    pending: list[Step] = field(default_factory=list)
    pieces: list[tuple[int, int]] = field(default_factory=list)
    part: Part = field(default_factory=Part)
    endless_s: float = 0.0
    saves: int = 0
    torn_saves: int = 0
    restores: int = 0
    inferences: list[Inference] = field(default_factory=list)
    power_cycles: list[PowerCycle] = field(default_factory=list)
    off_s: float = 0.0
    first_turn_on_s: float = math.nan

    def done(self, step: Step, warm: bool) -> None:
        """A step ran through, which may have been a commit."""
        (self.warm_runs if warm else self.cold_runs)[step.number] += 1
        if not step.commits:
            self.pending.append(step)
            return
        self.tiles_committed += step.tiles
        if self.pending or self.pieces:
            self.commit()

    def piece(self, step: Step, tiles: int) -> None:
        """An execution that left off inside `step`, or took it up again, began so many tiles besides a whole step's."""
        self.loose[step.section] += tiles
        self.pieces.append((step.section, tiles))

    def commit(self, part: Part | None = None) -> None:
        """Everything pending is safe; of the step in progress, `part` of it."""
        part = part or Part()
        self.tiles_committed += sum(step.tiles for step in self.pending) + part.tiles - self.part.tiles
        self.part = part
        self.pending.clear()
        self.pieces.clear()

    def lose(self) -> None:
        """Everything since the last commit is lost."""
        for step in self.pending:
            self.lost_runs[step.number] += 1
            self.tiles_lost += step.tiles
        for section, tiles in self.pieces:
            self.lost_loose[section] += tiles
            self.tiles_lost += tiles
        self.pending.clear()
        self.pieces.clear()

    def finished(self, release: Release, start_s: float, end_s: float, power_cycles: int, workload: Workload) -> None:
        """An inference was completed."""
        met = workload.met(release.release_s, end_s)
        self.inferences.append(Inference(release.number, release.release_s, start_s, end_s, power_cycles, met))

    def runs(self, step: Step) -> int:
        """How often a step ran through."""
        return self.warm_runs[step.number] + self.cold_runs[step.number]


def new_tally(program: Program) -> Tally:
    """All counters at zero."""
    steps, sections = [0] * len(program.all_steps), [0] * len(program.sections)
    return Tally(steps.copy(), steps.copy(), steps.copy(), steps.copy(), sections.copy(), sections.copy())


def layer_counts(tally: Tally, program: Program) -> tuple[LayerCounts, ...]:
    """The counters by layer. The traffic is that of batches which ran through, committed or lost later."""
    size = len(program.sections)
    traffic = [NO_TRAFFIC] * size
    done, committed, begun, safe, lost = ([0] * size for _ in range(5))
    pending = Counter(step.number for step in tally.pending)
    for step in program.all_steps:
        k, runs, lost_runs = step.section, tally.runs(step), tally.lost_runs[step.number]
        safe_runs = runs - lost_runs - pending[step.number]
        traffic[k] += step.traffic * runs + step.reload_traffic * tally.cold_runs[step.number]
        done[k] += runs
        committed[k] += safe_runs
        begun[k] += runs * step.tiles
        safe[k] += safe_runs * step.tiles
        lost[k] += lost_runs * step.tiles
    safe[tally.part.section] += tally.part.tiles
    first = program.first_layer
    return tuple(
        LayerCounts(
            name=program.names[k],
            batches_done=done[k],
            batches_committed=committed[k],
            tiles_started=begun[k] + tally.loose[k],
            tiles_committed=safe[k],
            tiles_lost=lost[k] + tally.lost_loose[k],
            traffic=traffic[k],
        )
        for k in range(first, first + program.layers)
    )


def task_counts(tally: Tally, program: Program) -> tuple[TaskCounts, ...]:
    """The counters of the tasks, in order."""
    pending = Counter(step.number for step in tally.pending)
    return tuple(
        TaskCounts(
            name=program.names[step.section],
            done=tally.runs(step),
            committed=tally.runs(step) - tally.lost_runs[step.number] - pending[step.number],
            cut=tally.cuts[step.number],
        )
        for step in program.all_steps
        if step.atomic
    )


def continuous_s(tally: Tally, program: Program) -> float:
    """Time the committed work would take under continuous power without preservation."""
    pending = Counter(step.number for step in tally.pending)
    whole = math.fsum(
        step.continuous_s * (tally.runs(step) - tally.lost_runs[step.number] - pending[step.number])
        for step in program.all_steps
    )
    return whole + tally.part.continuous_s + tally.endless_s
