"""The microcontroller of one run: its state, and how it lets time pass.

The verbs that move it are in `life` (off, boot, restore), `working` (batch after batch), `sleeping`, `checkpointing`
and `failure`. Each solves the physics of a wait or of a batch before its time is spent: nothing else acts on the
capacitor meanwhile, so the outcome is known, and the process then lets exactly that much time pass.

All that decides what happens next, besides capacitor and trace:

| state                                   | set by                                     | at a power failure            |
|-----------------------------------------|--------------------------------------------|-------------------------------|
| step in progress (`Job.ordinal`)        | the end of the step before                 | back by `Job.uncommitted`     |
| place inside it (`Storage.place`)       | brown-out, timer, low voltage              | its beginning                 |
| `Job.uncommitted`: steps since a commit | + 1 a step; 0 at a commit or checkpoint    | 0                             |
| `Job.checkpoint`: place, warm or cold   | a save that completed; none at a commit    | kept, restored after the boot |
| `vm_warm`                               | the end of a step; a restore               | no                            |
| `due_s` of the timer                    | start, restore, save or commit, + `period` | set again after the boot      |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import simpy

from simint.engine.observer import Observer, Work, WorkObserver
from simint.engine.policy import RecoveryPolicy
from simint.engine.program import PLACE, Place, Program, Rows, Step
from simint.engine.run import Nontermination, Verdict
from simint.engine.stagnation import Stagnation
from simint.engine.storage import Storage
from simint.engine.tally import Tally
from simint.engine.voltage_budget import Thresholds
from simint.engine.workload import Release, ReleaseQueue
from simint.physics.state import NodeState, copy_state

Wait = Generator[simpy.Event, None, None]
Attempt = Generator[simpy.Event, None, bool]  # whether it ended without a power failure


class RunOver(Exception):
    """The run has its verdict; raised inside the device process, which keeps it as its ending."""

    def __init__(self, verdict: Verdict, note: str = "", cause: Nontermination | None = None) -> None:
        super().__init__(verdict)
        self.verdict = verdict
        self.note = note
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An image of volatile memory in NVM: where work was, and whether in the step's warm or its cold rows."""

    place: Place
    warm: bool


@dataclass(slots=True)
class Job:
    """The inference in progress.

    `step`: to be done next, or in progress; `ordinal`: its number in the inference; `steps`: those after it.
    `uncommitted`: steps done since the last commit, so a power failure goes back to step `ordinal - uncommitted`; to
    its beginning, or into it where a `checkpoint` was taken there.
    """

    release: Release
    start_s: float
    steps: Iterator[Step]
    step: Step
    ordinal: int = 0
    uncommitted: int = 0
    checkpoint: Checkpoint | None = None
    power_cycles: int = 1


@dataclass(slots=True)
class Device:
    """The device in motion.

    `vm_warm`: volatile memory holds what the next step expects. `resumed`: the step in progress was begun before.
    `failed`: power has failed, and the power cycle is about to end. `due_s`: when the policy's timer runs out.
    `thresholds`: of a policy that watches the voltage. `known_possible`, `needed_v`: work known to fit a power cycle,
    and the voltages a guard waits for.
    """

    env: simpy.Environment
    storage: Storage
    program: Program
    policy: RecoveryPolicy
    queue: ReleaseQueue
    tally: Tally
    observers: Sequence[Observer]
    followers: Sequence[WorkObserver]
    sleep_power_w: float
    horizon_s: float
    recharge_at_end: bool
    stop_requested: Callable[[], bool]
    thresholds: Thresholds | None = None
    job: Job | None = None
    vm_warm: bool = False
    resumed: bool = False
    failed: bool = False
    due_s: float = math.inf
    stagnation: Stagnation = field(default_factory=Stagnation)
    known_possible: set[tuple[object, ...]] = field(default_factory=set)
    needed_v: dict[tuple[int, bool], float] = field(default_factory=dict)
    last_commit_s: float = 0.0
    ending: RunOver | None = None

    def rows(self, step: Step) -> Rows:
        """What the step takes with volatile memory as it is."""
        return step.warm if self.vm_warm else step.cold

    @property
    def low_v(self) -> float:
        """The voltage at which work is interrupted."""
        return self.storage.v_off if self.thresholds is None else self.thresholds.v_checkpoint

    def restart_timer(self) -> None:
        """The policy's timer, where it has one, starts to run now."""
        self.due_s = self.storage.now_s + self.policy.period

    def all_done(self) -> bool:
        """Whether the inferences asked for are done."""
        wanted = self.queue.workload.inferences
        return wanted is not None and len(self.tally.inferences) >= wanted

    def time_left(self) -> float:
        """Until the run is over, s."""
        return max(self.horizon_s - self.storage.now_s, 0.0)

    def time_is_over(self) -> bool:
        """Whether the run is over, to rounding."""
        return self.storage.now_s >= self.horizon_s * (1.0 - 1e-15)

    def remember(self) -> NodeState | None:
        """The state before a wait, where somebody looks on."""
        return copy_state(self.storage.state) if self.observers else None

    def begins(self, rows: Rows, step: Step | None = None) -> None:
        """Tell those who follow the work which rows run next, from where they were left."""
        for follower in self.followers:
            work = Work(rows, self.storage.place.copy(), self.program)
            if step is not None and self.job is not None:
                work = replace(work, step=step, inference=self.job.release.number, ordinal=self.job.ordinal)
            follower.begins(work)

    def passed(self, state: str, now_s: float, since: NodeState | None = None, load_w: float = 0.0) -> simpy.Event:
        """Tell the observers, and let the simulation clock follow the storage clock to `now_s`."""
        for observer in self.observers:
            observer.passed(self.storage, state, since, load_w)
        if self.stop_requested():
            raise RunOver(Verdict.INTERRUPTED)
        delay = now_s - self.env.now
        return self.env.timeout(delay if delay > 0.0 else 0.0)


def beginning() -> Place:
    """The place at which a step begins."""
    return np.zeros(PLACE)
