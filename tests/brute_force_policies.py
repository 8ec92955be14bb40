"""Recovery policies by small explicit time steps: a second, slow reading of their rules that shares no code with the
engine.

What is still to be done of a batch is a list of units of work, each a list of phases (W, s left); a checkpoint is a
copy of that list.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import numpy as np
from brute_force import DRAWN, FELL, Circuit, pass_time

from simint.engine.application import Application
from simint.engine.policy import JustInTime, RecoveryPolicy
from simint.tiling.schedule import Batch, Cost, Schedule


@dataclass
class Unit:
    """A load, a tile, a write-back or a task: phases still to be done."""

    phases: list[list[float]]
    tile: bool = False
    touched: bool = False


@dataclass
class Piece:
    """A batch or a task: what it takes warm, what is read besides when volatile memory was lost, and its place."""

    units: list[Unit]
    reload: list[Unit]
    layer: int
    commits: bool
    task: bool = False


@dataclass
class Outcome:
    """Times in s, energies in J; what happened how often."""

    on_s: list[float] = field(default_factory=list)
    off_s: list[float] = field(default_factory=list)
    done_s: list[float] = field(default_factory=list)
    saves: int = 0
    torn: int = 0
    restores: int = 0
    tiles: int = 0
    tiles_lost: int = 0
    lost_j: float = 0.0
    slept_s: float = 0.0


class _PowerFailure(Exception):
    pass


class _ShutDown(Exception):
    pass


class Machine:
    """One device under one policy; `run` is its life until so many inferences are done."""

    def __init__(
        self,
        circuit: Circuit,
        schedule: Schedule,
        policy: RecoveryPolicy,
        application: Application,
        thresholds: tuple[float, float, float],
        step_s: float,
        sleep_w: float = 0.0,
        v_checkpoint: float = 0.0,
        v_resume: float = 0.0,
    ) -> None:
        self.circuit, self.schedule, self.policy, self.step_s = circuit, schedule, policy, step_s
        self.v_start, self.v_on, self.v_off = thresholds
        self.sleep_w, self.v_checkpoint, self.v_resume = sleep_w, v_checkpoint, v_resume
        self.record = schedule.footprint_write if policy.name == "footprint" else schedule.index_write
        self.pieces = self._pieces(application)
        self.now, self.books = np.array([0.0, self.v_start]), np.zeros(5)
        self.out = Outcome()
        self.at, self.todo, self.cold = 0, self._units(0, True), True
        self.image: tuple[list[Unit], bool] | None = None
        self.safe_at, self.safe_j, self.begun, self.progress = 0, 0.0, 0, False
        self.timer_s = 0.0

    def _pieces(self, application: Application) -> list[Piece]:
        name, keeps = self.policy.name, self.policy.name != "none"
        written = [_phase(self.record)] if keeps else []

        def task(power_w: float, time_s: float) -> Piece:
            return Piece([Unit([[power_w, time_s], *written])], [], -1, keeps, True)

        found = [task(each.power_w, each.duration_s) for each in application.before]
        for number, layer in enumerate(self.schedule.layers):
            batches = [
                layer.batches[k]
                for loop in layer.program
                for _ in range(loop.count)
                for k, n in loop.body
                for _ in range(n)
            ]
            for batch in batches:
                every = name in ("tile", "tile-shutdown", "footprint")
                found.append(self._piece(batch, number, every, every))
            ends = name == "layer" or (name in ("timer", "jit") and number == len(self.schedule.layers) - 1)
            if ends:
                found[-1] = self._piece(batches[-1], number, False, True)
        return found + [task(each.power_w, each.duration_s) for each in application.after]

    def _piece(self, batch: Batch, layer: int, keeps_sums: bool, commits: bool) -> Piece:
        units = [Unit([_phase(batch.opening)])]
        for run in batch.tiles:
            units += [Unit([_phase(run.fetch), _phase(run.compute)], tile=True) for _ in range(run.count)]
        last = [_phase(batch.write_back), _phase(batch.preserve) if keeps_sums else [0.0, 0.0]]
        units.append(Unit([*last, _phase(self.record) if commits else [0.0, 0.0]]))
        return Piece(units, [Unit([_phase(batch.reload)])], layer, commits)

    def _units(self, at: int, cold: bool) -> list[Unit]:
        piece = self.pieces[at]
        return copy.deepcopy((piece.reload if cold else []) + piece.units)

    def run(self, inferences: int) -> Outcome:
        """Until so many inferences are done."""
        while len(self.out.done_s) < inferences:
            if self.now[1] < self.v_on:
                self._pass(0.0, np.inf, -1.0, self.v_on)
            self.out.on_s.append(self.now[0])
            try:
                self._power_up()
                while len(self.out.done_s) < inferences:
                    self._go_on()
            except _PowerFailure:
                self._failed()
            except _ShutDown:
                self.cold, self.todo = True, self._units(self.at, True)
        return self.out

    def _spend(self, cost: Cost) -> None:
        if cost.time_s > 0 and self._pass(cost.energy_j / cost.time_s, cost.time_s, self.v_off) == FELL:
            raise _PowerFailure

    def _pass(self, load_w: float, time_s: float, low_v: float, high_v: float = np.inf) -> int:
        return pass_time(self.circuit, self.now, self.books, load_w, time_s, low_v, high_v, self.step_s)

    def _power_up(self) -> None:
        self._spend(self.schedule.boot)
        if self.policy.name == "footprint":
            self._spend(self.schedule.footprint_read)
        elif self.policy.name != "none":
            self._spend(self.schedule.index_read)
        if self.image is not None:
            self._spend(self.schedule.layers[self.pieces[self.at].layer].load)
            self.out.restores += 1
            self.todo, self.cold = copy.deepcopy(self.image[0]), self.image[1]
        self.timer_s = self.now[0]

    def _failed(self) -> None:
        self.out.off_s.append(self.now[0])
        self.out.lost_j += self.books[DRAWN] - self.safe_j
        self.out.tiles_lost += self.begun
        self.safe_j, self.begun, self.progress = self.books[DRAWN], 0, False
        self.at, self.cold = self.safe_at, True
        self.todo = self._units(self.at, True)

    def _safe(self, at: int) -> None:
        self.safe_at, self.safe_j, self.begun, self.progress = at, self.books[DRAWN], 0, False
        self.timer_s = self.now[0]

    def _go_on(self) -> None:
        """The next unit of work, or what has to be done before it."""
        piece = self.pieces[self.at]
        if isinstance(self.policy, JustInTime) and self.now[1] <= self.v_checkpoint and self._interruptible(piece):
            self._hibernate(piece)
            return
        if self.policy.guards and self.todo and len(self.todo) == len(self._units(self.at, self.cold)):
            self._wait_for_energy()
        between = self.todo and not self.todo[0].touched and not piece.task
        if between and self.now[0] - self.timer_s >= self.policy.period - 1e-12:
            self._save(piece)
        if self.todo:
            self._work(piece)
            return
        following = (self.at + 1) % len(self.pieces)
        if piece.commits or following == 0:
            self.image = None
            self._safe(following)
        self.at, self.cold = following, False
        self.todo = self._units(following, False)
        if following == 0:
            self.out.done_s.append(self.now[0])
            self.timer_s = self.now[0]
        if piece.commits and self.policy.name == "tile-shutdown":
            raise _ShutDown

    def _interruptible(self, piece: Piece) -> bool:
        """A task that was begun is not interrupted, and nothing happens between the last phase and what follows it."""
        return bool(self.todo) and not (piece.task and self.todo[0].touched)

    def _work(self, piece: Piece) -> None:
        unit = self.todo[0]
        if not unit.touched and unit.tile:
            self.out.tiles += 1
            self.begun += 1
        unit.touched = self.progress = True
        low_v = self.v_checkpoint if isinstance(self.policy, JustInTime) and not piece.task else self.v_off
        while unit.phases:
            power_w, left_s = unit.phases[0]
            before_s = self.now[0]
            if left_s > 0 and self._pass(power_w, left_s, low_v) == FELL:
                unit.phases[0][1] = left_s - (self.now[0] - before_s)
                if low_v == self.v_off:
                    raise _PowerFailure
                return
            unit.phases.pop(0)
        self.todo.pop(0)

    def _save(self, piece: Piece) -> None:
        layer = self.schedule.layers[piece.layer]
        try:
            self._spend(layer.save)
            self._spend(self.record)
        except _PowerFailure:
            self.out.torn += 1
            raise
        self.out.saves += 1
        self.image = copy.deepcopy(self.todo), self.cold
        self._safe(self.at)

    def _hibernate(self, piece: Piece) -> None:
        if self.progress:
            self._save(piece)
        self._sleep(self.v_resume)

    def _sleep(self, until_v: float) -> None:
        before_s, before_j = self.now[0], self.books[DRAWN]
        code = self._pass(self.sleep_w, np.inf, self.v_off, until_v)
        self.out.slept_s += self.now[0] - before_s
        self.safe_j += self.books[DRAWN] - before_j
        if code == FELL:
            raise _PowerFailure

    def _wait_for_energy(self) -> None:
        """Sleep until the whole batch would complete without harvest: found by trying, voltage after voltage."""
        dark = self.circuit._replace(level=np.zeros_like(self.circuit.level), knee_i=np.zeros_like(self.circuit.knee_i))
        phases = [phase for unit in self.todo for phase in unit.phases if phase[1] > 0]

        def enough(volt: float) -> bool:
            now, books = np.array([0.0, volt]), np.zeros(5)
            return all(pass_time(dark, now, books, w, s, self.v_off, np.inf, self.step_s) != FELL for w, s in phases)

        low, high = self.v_off, 3.0 * self.v_on
        for _ in range(45):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if enough(middle) else (middle, high)
        if self.now[1] < high:
            self._sleep(high)


def _phase(cost: Cost) -> list[float]:
    return [cost.energy_j / cost.time_s if cost.time_s > 0 else 0.0, cost.time_s]
