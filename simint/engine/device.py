"""The microcontroller as a SimPy process: off, boot, restore, batch after batch, sleep.

The physics of a wait or of a batch is solved before its time is spent: nothing else acts on the capacitor meanwhile, so
the outcome is known, and the process then lets exactly that much time pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

import simpy

from simint.engine.execution import BROWNED_OUT, DONE, OUT_OF_TIME, lose, settle
from simint.engine.nontermination import can_complete, capacitance_to_hold, diagnose, smallest_capacitance
from simint.engine.observer import Observer
from simint.engine.policy import RecoveryPolicy
from simint.engine.program import Program, Rows, Step
from simint.engine.run import CycleEnd, Nontermination, PowerCycle, Verdict
from simint.engine.stagnation import Climb, Stagnation
from simint.engine.storage import Storage
from simint.engine.tally import Tally
from simint.engine.workload import Release, ReleaseQueue
from simint.physics.source import LOOP, STOP
from simint.physics.state import NodeState, copy_state
from simint.physics.stepping import HIGH, LOW, NEVER

Wait = Generator[simpy.Event, None, None]
Attempt = Generator[simpy.Event, None, bool]  # whether it ended without a power failure

# A batch's phases round the voltage at each of their ends; a guard that counts on every digit would lose batches.
_ROUNDING = 1e-12


class RunOver(Exception):
    """The run has its verdict; raised inside the device process, which keeps it as its ending."""

    def __init__(self, verdict: Verdict, note: str = "", cause: Nontermination | None = None) -> None:
        super().__init__(verdict)
        self.verdict = verdict
        self.note = note
        self.cause = cause


@dataclass(slots=True)
class Job:
    """The inference in progress: the step to do next, the steps after it, tiles done in the present layer."""

    release: Release
    start_s: float
    steps: Iterator[Step]
    step: Step
    power_cycles: int = 1
    tiles_done: int = 0


@dataclass(slots=True)
class Device:
    """The device in motion; `run` is its process."""

    env: simpy.Environment
    storage: Storage
    program: Program
    policy: RecoveryPolicy
    queue: ReleaseQueue
    tally: Tally
    observers: Sequence[Observer]
    sleep_power_w: float
    horizon_s: float
    recharge_at_end: bool
    stop_requested: Callable[[], bool]
    job: Job | None = None
    vm_warm: bool = False
    stagnation: Stagnation = field(default_factory=Stagnation)
    known_possible: set[int] = field(default_factory=set)
    last_commit_s: float = 0.0
    cut_at_end: tuple[int, int] | None = None
    ending: RunOver | None = None

    def run(self) -> Wait:
        """The life of the device; `ending` says how it ended."""
        try:
            while not self._all_done():
                yield from self._recharge()
                yield from self._power_cycle()
            if self.recharge_at_end:
                yield from self._recharge()
            self.ending = RunOver(Verdict.COMPLETED)
        except RunOver as over:
            self.ending = over

    def _recharge(self) -> Wait:
        """Off, until the capacitor is at `v_on`."""
        storage, v_on = self.storage, self.storage.supply.v_on
        looped = storage.source.end == LOOP
        climb = Climb()
        while True:
            before, since = storage.voltage, self._remember()
            left = self._time_left()
            piece = min(left, storage.source.duration_s) if looped else left
            started_s = storage.now_s
            code = storage.charge(v_on, piece)
            self.tally.off_s += storage.now_s - started_s
            yield self._passed("off", storage.now_s, since)
            if code == HIGH:
                return
            if self._time_is_over():
                if self.tally.power_cycles:
                    raise RunOver(Verdict.STOPPED)
                raise RunOver(Verdict.NEVER_ON, f"the capacitor was at {storage.voltage:.3g} V when the time was over")
            if code == NEVER or climb.hopeless(storage, before, v_on, 0.0):
                note = f"the capacitor stays near {storage.voltage:.3g} V, below v_on = {v_on:g} V"
                # A source that has ended may have lifted the capacitor before; a looped one would do it again.
                died = self.tally.power_cycles and not looped
                raise RunOver(Verdict.STOPPED if died else Verdict.NEVER_ON, note)

    def _power_cycle(self) -> Wait:
        """From turn-on to turn-off."""
        storage, tally = self.storage, self.tally
        on_s, drawn_j = storage.now_s, storage.drawn_j
        committed, lost = tally.tiles_committed, tally.tiles_lost
        if math.isnan(tally.first_turn_on_s):
            tally.first_turn_on_s = on_s
            self.queue.first_turn_on(on_s)
        if self.job is not None:
            self.job.power_cycles += 1
        self.vm_warm = False
        ended_by = CycleEnd.END_OF_RUN
        try:
            ended_by = yield from self._powered()
        finally:
            if storage.voltage <= storage.v_off:
                ended_by = CycleEnd.BROWN_OUT  # also the one that ended the run
            tally.power_cycles.append(
                PowerCycle(
                    on_s=on_s,
                    off_s=storage.now_s,
                    v_end=storage.voltage,
                    energy_j=storage.drawn_j - drawn_j,
                    tiles_committed=tally.tiles_committed - committed,
                    tiles_lost=tally.tiles_lost - lost,
                    ended_by=ended_by,
                )
            )

    def _powered(self) -> Generator[simpy.Event, None, CycleEnd]:
        """Boot, then batches and sleep; says why the power cycle ended."""
        if not (yield from self._boot()):
            return CycleEnd.BROWN_OUT
        while True:
            if self.job is None and not (yield from self._next_job()):
                return CycleEnd.BROWN_OUT
            ended_by = yield from self._work()
            if ended_by is not None:
                return ended_by

    def _boot(self) -> Attempt:
        code, _, now_s = self.storage.execute(self.program.start, False, self.horizon_s)
        yield self._passed("boot", now_s)
        if code == OUT_OF_TIME:
            raise RunOver(Verdict.STOPPED)
        if code == BROWNED_OUT:
            self._power_failed(None, 0)
        return code == DONE

    def _next_job(self) -> Attempt:
        """Take the next release, asleep until there is one."""
        while True:
            release = self.queue.take()
            if release is not None:
                steps = self.program.steps()
                self.job = Job(release, self.storage.now_s, steps, next(steps))
                return True
            if not (yield from self._sleep(self.queue.next_release_s - self.storage.now_s, math.inf)):
                return False

    def _admitted(self, step: Step) -> Attempt:
        """Sleep until the stored energy covers the batch and the losses meanwhile."""
        storage, v_off = self.storage, self.storage.supply.v_off
        energy = step.warm_energy_j if self.vm_warm else step.cold_energy_j
        needed_v = v_off
        for _ in range(3):  # the losses depend weakly on the voltage that has to cover them
            drain_w = (storage.node.quiescent_a + storage.node.leakage_s * needed_v) * needed_v
            needed_j = energy + drain_w * (step.warm_time_s if self.vm_warm else step.cold_time_s)
            needed_v = math.sqrt(v_off * v_off + 2.0 * needed_j / storage.node.capacitance)
        needed_v *= 1.0 + _ROUNDING
        if needed_v > storage.node.ceiling_v:
            enough = capacitance_to_hold(storage, needed_v, storage.node.ceiling_v)
            raise self._impossible(step, "the guard waits for a voltage above the clamp", enough)
        if storage.voltage >= needed_v:
            return True
        return (yield from self._sleep(math.inf, needed_v))

    def _work(self) -> Generator[simpy.Event, None, CycleEnd | None]:
        """Batch after batch of one inference; says what ended the power cycle, None where only the inference ended."""
        storage, policy, horizon_s = self.storage, self.policy, self.horizon_s
        while self.job is not None:
            step, warm = self.job.step, self.vm_warm
            if policy.guards and not (yield from self._admitted(step)):
                return CycleEnd.BROWN_OUT
            code, started, now_s = storage.execute(step.warm if warm else step.cold, step.commits, horizon_s)
            if code == DONE:
                self.tally.done(step, warm)
            else:
                self.cut_at_end = step.layer, started
            yield self._passed("work", now_s)
            if code == BROWNED_OUT:
                self.cut_at_end = None
                self._power_failed(step, started)
                return CycleEnd.BROWN_OUT
            if code == OUT_OF_TIME:
                raise RunOver(Verdict.STOPPED)
            self.vm_warm = True
            self._move_on(step, now_s)
            if policy.shuts_down and step.commits:
                return CycleEnd.SHUTDOWN
        return CycleEnd.END_OF_RUN if self._all_done() else None

    def _move_on(self, step: Step, now_s: float) -> None:
        """Move the inference on; a commit was part of the step, and the end of an inference counts as one."""
        job = self.job
        assert job is not None
        following = next(job.steps, None)
        if following is None:
            settle(self.storage.ledger)
            self.tally.commit()
            workload = self.queue.workload
            self.tally.finished(job.release, job.start_s, now_s, job.power_cycles, workload)
            self.job = None
            self.queue.completed(now_s)
        else:
            job.tiles_done = job.tiles_done + step.tiles if following.layer == step.layer else 0
            job.step = following
        if step.commits or following is None:
            self.last_commit_s = now_s

    def _power_failed(self, step: Step | None, started: int, asleep: bool = False) -> None:
        """Everything since the last commit is lost; work that can never be done ends the run."""
        lose(self.storage.ledger)
        self.tally.lose(step, started)
        self.vm_warm = False
        job = self.job
        pending = next(self.program.steps()) if job is None else job.step
        # A guarded device may sleep after its boot, so its batch may start from a fuller capacitor than `v_on`.
        if (step is None or not self.policy.guards) and not self._possible(step):
            # After its boot a guarded device gathers energy; any other goes straight on with the pending batch.
            work = self._attempt(step if self.policy.guards else step or pending)
            enough = smallest_capacitance(self.storage, work, self.storage.harvest_while_on)
            raise self._impossible(step, "it does not complete from a full charge at the best of the trace", enough)
        if job is None and asleep:
            self.stagnation.forget()  # the next release will change the course of things
        elif self.stagnation.repeats_after_failure(self.storage, self.last_commit_s):
            enough = smallest_capacitance(self.storage, self._attempt(pending), harvest=False)
            failed = None if job is None else pending
            raise self._impossible(failed, "the same state comes back without a commit in between", enough)
        if job is not None and step is not None and not step.commits:
            job.steps = self.program.steps()
            job.step, job.tiles_done = next(job.steps), 0

    def _possible(self, step: Step | None) -> bool:
        """Whether some power cycle could bring the device past a failure in `step`; asked once for each step."""
        key = -1 if step is None else step.number
        if key not in self.known_possible:
            if not can_complete(self.storage, self._attempt(step)):
                return False
            self.known_possible.add(key)
        return True

    def _attempt(self, step: Step | None) -> list[Rows]:
        """What has to run through in one power cycle after a failure in `step`."""
        if step is None:
            return [self.program.start]
        if step.commits:
            return [self.program.start, step.cold]
        return [self.program.start, *(piece.warm for piece in self.program.steps())]

    def _impossible(self, step: Step | None, reason: str, enough_f: float) -> RunOver:
        layer = "boot" if step is None else self.program.names[step.layer]
        tile = self.job.tiles_done if self.job is not None else 0
        cause = diagnose(self.storage, self._attempt(step), layer, tile, reason, enough_f)
        return RunOver(Verdict.NONTERMINATION, cause=cause)

    def _sleep(self, wait_s: float, until_v: float) -> Attempt:
        """Asleep for `wait_s`, or until the capacitor is at `until_v`."""
        storage, climb = self.storage, Climb()
        looped = storage.source.end == LOOP
        end_s = storage.now_s + wait_s
        while True:
            before, since = storage.voltage, self._remember()
            wait_left = max(end_s - storage.now_s, 0.0)
            piece = min(wait_left, self._time_left(), storage.source.duration_s if looped else math.inf)
            code = storage.rest(self.sleep_power_w, piece, storage.supply.v_off, until_v)
            yield self._passed("sleep", storage.now_s, since, self.sleep_power_w)
            if code == LOW:
                self._power_failed(None, 0, asleep=True)
                return False
            if code == HIGH or (piece == wait_left and code != NEVER):
                return True
            if self._time_is_over():
                raise RunOver(Verdict.STOPPED)
            if code == NEVER and storage.source.end == STOP:
                raise RunOver(Verdict.STOPPED, "the source ended while the guard waited")
            job = self.job
            if job is not None and (code == NEVER or climb.hopeless(storage, before, until_v, self.sleep_power_w)):
                enough = capacitance_to_hold(storage, until_v, storage.voltage)
                raise self._impossible(job.step, "the guard never finds enough energy for it", enough)

    def _all_done(self) -> bool:
        wanted = self.queue.workload.inferences
        return wanted is not None and len(self.tally.inferences) >= wanted

    def _time_left(self) -> float:
        return max(self.horizon_s - self.storage.now_s, 0.0)

    def _time_is_over(self) -> bool:
        return self.storage.now_s >= self.horizon_s * (1.0 - 1e-15)

    def _remember(self) -> NodeState | None:
        return copy_state(self.storage.state) if self.observers else None

    def _passed(self, state: str, now_s: float, since: NodeState | None = None, load_w: float = 0.0) -> simpy.Event:
        """Tell the observers, and let the simulation clock follow the storage clock to `now_s`."""
        for observer in self.observers:
            observer.passed(self.storage, state, since, load_w)
        if self.stop_requested():
            raise RunOver(Verdict.INTERRUPTED)
        delay = now_s - self.env.now
        return self.env.timeout(delay if delay > 0.0 else 0.0)
