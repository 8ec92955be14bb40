"""What a run says: verdict, inferences, power cycles and the books of energy and time."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import msgspec

from simint.engine.engines import Engine
from simint.tiling.schedule import Traffic


class Verdict(enum.StrEnum):
    """How a run ended (definitions: `docs/architecture.md`)."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    NEVER_ON = "never-on"
    NONTERMINATION = "nontermination"
    INTERRUPTED = "interrupted"


class CycleEnd(enum.StrEnum):
    """Why a power cycle ended."""

    BROWN_OUT = "brown-out"
    SHUTDOWN = "shutdown"
    END_OF_RUN = "end-of-run"


# A day has thousands of these two: structs are made in a tenth of the time of a dataclass.
class Inference(msgspec.Struct, frozen=True, gc=False):
    """One inference; times in s from the start of the run, NaN for what did not happen.

    `start_s`: when the device turned to it. `power_cycles`: power cycles it took part in. `deadline_met` is None where
    the workload has no deadline.
    """

    number: int
    release_s: float
    start_s: float
    end_s: float
    power_cycles: int
    deadline_met: bool | None

    @property
    def latency_s(self) -> float:
        """Completion minus release."""
        return self.end_s - self.release_s

    @property
    def completed(self) -> bool:
        """Whether it was finished."""
        return not math.isnan(self.end_s)


class PowerCycle(msgspec.Struct, frozen=True, gc=False):
    """Turn-on to turn-off; `v_end` is the capacitor voltage at its end, `energy_j` what the device drew."""

    on_s: float
    off_s: float
    v_end: float
    energy_j: float
    tiles_committed: int
    tiles_lost: int
    ended_by: CycleEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyBook:
    """Where the energy went, J. Every term is integrated on its own; `imbalance_j` says how well they close.

    `available` is what the source offered at its maximum power point, for information.
    """

    harvested: float
    available: float
    frontend_loss: float
    spilled: float
    leaked: float
    esr_loss: float
    switch_loss: float
    quiescent: float
    regulator_loss: float
    boot: float
    restore: float
    fetch: float
    compute: float
    write_back: float
    index: float
    checkpoint: float
    sleep: float
    peripheral: float
    lost: float
    stored_delta: float

    @property
    def device(self) -> float:
        """What the microcontroller drew."""
        work = self.fetch + self.compute + self.write_back + self.index + self.checkpoint + self.peripheral
        return self.boot + self.restore + work + self.sleep + self.lost

    @property
    def losses(self) -> float:
        """What the supply took for itself."""
        stored = self.spilled + self.leaked + self.esr_loss + self.switch_loss
        return self.frontend_loss + stored + self.quiescent + self.regulator_loss

    @property
    def imbalance_j(self) -> float:
        """Harvested minus every use minus the change in store; zero but for rounding."""
        return self.harvested - self.losses - self.device - self.stored_delta

    @property
    def turnover_j(self) -> float:
        """The larger of what came in and what was drawn: the scale against which the books must close."""
        return max(self.harvested, self.losses + self.device, abs(self.stored_delta))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBook:
    """Where the time went, s. `useful` is fetching and computing that was not lost."""

    off: float
    boot: float
    restore: float
    useful: float
    write_back: float
    index: float
    checkpoint: float
    sleep: float
    peripheral: float
    lost: float

    @property
    def on(self) -> float:
        """Time the device was powered."""
        return self.total - self.off

    @property
    def total(self) -> float:
        """All of it."""
        work = self.useful + self.write_back + self.index + self.checkpoint + self.peripheral
        return self.off + self.boot + self.restore + work + self.sleep + self.lost


@dataclass(frozen=True, slots=True)
class LayerCounts:
    """What one layer's tiles did over the whole run.

    Tiles started and neither committed nor lost were in progress when the run ended. `batches_done` and `traffic` count
    batches that ran through, whether or not they were lost before a commit.
    """

    name: str
    batches_done: int
    batches_committed: int
    tiles_started: int
    tiles_committed: int
    tiles_lost: int
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """What one peripheral task did: run through, run through for good, and cut by power failures."""

    name: str
    done: int
    committed: int
    cut: int


@dataclass(frozen=True, slots=True)
class CheckpointCounts:
    """Checkpoints of volatile memory: completed, torn by a brown-out, and restored after one.

    Voltages in V, NaN where the policy has none: `v_checkpoint` and `v_resume` as they were used; `v_safe`, the lowest
    from which the largest checkpoint completes without harvest.
    """

    saved: int
    torn: int
    restored: int
    v_checkpoint: float = math.nan
    v_resume: float = math.nan
    v_safe: float = math.nan


@dataclass(frozen=True, slots=True)
class Nontermination:
    """A batch that cannot complete: where, what it needs, what a power cycle gives, and what capacitor would do.

    `smallest_capacitance` is infinite where no capacitor helps (the thresholds or the source are at fault).
    """

    layer: str
    tile: int
    needed_j: float
    given_j: float
    smallest_capacitance: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The result of one replay.

    `continuous_s`: time the committed work would have taken under continuous power without preservation. `loops`:
    passes of the trace that were begun. `progress`: committed tiles in units of one inference, or completed
    applications where there is no network. `checkpoints`: None under a policy that takes none. `dropped`: releases that
    a newer one replaced before they were begun. `note`: what the verdict rests on, in words. `engine`: which engine
    made it.
    """

    verdict: Verdict
    duration_s: float
    first_turn_on_s: float
    inferences: tuple[Inference, ...]
    dropped: int
    power_cycles: tuple[PowerCycle, ...]
    energy: EnergyBook
    time: TimeBook
    layers: tuple[LayerCounts, ...]
    continuous_s: float
    progress: float
    loops: int
    initial_voltage: float
    final_voltage: float
    nontermination: Nontermination | None
    tasks: tuple[TaskCounts, ...] = ()
    checkpoints: CheckpointCounts | None = None
    note: str = ""
    engine: Engine = Engine.EVENT

    @property
    def finished(self) -> tuple[Inference, ...]:
        """The inferences that were completed."""
        return tuple(inference for inference in self.inferences if inference.completed)

    @property
    def deadlines_missed(self) -> int:
        """Inferences whose deadline passed before they were done."""
        return sum(inference.deadline_met is False for inference in self.inferences)

    @property
    def working_s(self) -> float:
        """On-time without sleep and idle waiting."""
        return self.time.on - self.time.sleep

    @property
    def overhead_s(self) -> float:
        """Working time that continuous power would not have needed."""
        return self.working_s - self.continuous_s

    @property
    def imo_pct(self) -> float:
        """Intermittency management overhead: share of the working time that is overhead, percent."""
        return 100.0 * self.overhead_s / self.working_s if self.working_s > 0 else 0.0
