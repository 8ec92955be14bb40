"""Recovery policies: what is preserved when, and what the device does after a commit and before a batch.

An engine asks a policy only what `RecoveryPolicy` answers. Where progress is safe, and what a power failure costs:

| policy          | progress is safe after                          | record        | a power failure takes back       |
|-----------------|-------------------------------------------------|---------------|----------------------------------|
| `none`          | the inference                                   | -             | the inference                    |
| `layer`         | every layer                                     | index         | the layer                        |
| `tile`          | every preservation batch                        | index         | the batch                        |
| `tile-shutdown` | every preservation batch, then power down       | index         | the batch                        |
| `footprint`     | every job (one tile)                            | job counter   | the job                          |
| `timer`         | a checkpoint every `period`, the last layer     | index (+ VM)  | everything since the checkpoint  |
| `jit`           | a checkpoint at `v_checkpoint`, the last layer  | index (+ VM)  | nothing, unless a save was torn  |

Every policy but `none` also commits after each peripheral task. Outputs go to non-volatile memory under every policy;
partial sums between batches only where every batch commits.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import ClassVar

from simint.errors import InputError


class Boundary(enum.Enum):
    """Where the record of progress is written; each includes those after it, and the end of a peripheral task."""

    BATCH = enum.auto()
    LAYER = enum.auto()
    NETWORK = enum.auto()
    NEVER = enum.auto()


@dataclass(frozen=True, slots=True)
class RecoveryPolicy:
    """What an engine may ask; the answers here are those of a policy that says nothing else.

    `commits_at`: what ends with a record of progress. `counts_jobs`: the record is a job counter, written after every
    tile, instead of the progress index. `shuts_down`: the device powers down after each commit until the capacitor is
    back at `v_on`. `watches`: volatile memory is saved when the voltage falls to a threshold.
    """

    name: ClassVar[str]
    commits_at: ClassVar[Boundary] = Boundary.BATCH
    counts_jobs: ClassVar[bool] = False
    shuts_down: ClassVar[bool] = False
    watches: ClassVar[bool] = False

    @property
    def guards(self) -> bool:
        """Whether a batch starts only once the stored energy covers it."""
        return False

    @property
    def period(self) -> float:
        """Working time in s after which volatile memory is saved; infinite where no timer does."""
        return math.inf

    @property
    def checkpoints(self) -> bool:
        """Whether volatile memory is saved in the middle of the work."""
        return self.watches or self.period < math.inf


@dataclass(frozen=True, slots=True)
class Tile(RecoveryPolicy):
    """Commit the progress index after every preservation batch and run on until brown-out (iNAS 2021)."""

    guards: bool = False
    name: ClassVar[str] = "tile"


@dataclass(frozen=True, slots=True)
class TileShutdown(RecoveryPolicy):
    """As `Tile`, and power down after each batch until recharged: what the published abstract model assumes."""

    name: ClassVar[str] = "tile-shutdown"
    shuts_down: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Restart(RecoveryPolicy):
    """Preserve nothing: a power failure restarts the inference."""

    name: ClassVar[str] = "none"
    commits_at: ClassVar[Boundary] = Boundary.NEVER


@dataclass(frozen=True, slots=True)
class PerLayer(RecoveryPolicy):
    """Commit at the end of every layer, as task-atomic systems do (Alpaca, InK); a failure restarts the layer.

    That is safe without versioned copies, because a layer never overwrites its own input.
    """

    name: ClassVar[str] = "layer"
    commits_at: ClassVar[Boundary] = Boundary.LAYER


@dataclass(frozen=True, slots=True)
class Footprint(RecoveryPolicy):
    """Count jobs (HAWAII, doi:10.1109/TCAD.2020.3012217): after each, its outputs and the counter go to NVM.

    A job is one tile, so the schedule must have batches of one tile (s = 1).
    """

    name: ClassVar[str] = "footprint"
    counts_jobs: ClassVar[bool] = True


# Chosen: some thirty times what a checkpoint of the preset network's buffers takes, about the best on the default
# trace.
DEFAULT_PERIOD_S = 0.1


@dataclass(frozen=True, slots=True)
class Timer(RecoveryPolicy):
    """Save live volatile memory and index after every `period` of work (Mementos, doi:10.1145/1950365.1950386).

    Mementos' trigger points, armed by its timer, save only at a low voltage; here each armed one saves. The timer
    restarts at a restore, a checkpoint, a commit and the start of an inference. It is looked at before every unit of
    work (an opening load, a tile, a write-back), so a checkpoint comes at the first of them after it has run out.
    """

    period: float = DEFAULT_PERIOD_S
    name: ClassVar[str] = "timer"
    commits_at: ClassVar[Boundary] = Boundary.NETWORK

    def __post_init__(self) -> None:
        if not 0 < self.period < math.inf:
            raise InputError(f"`period` must be positive and finite, got {self.period:g} s")


@dataclass(frozen=True, slots=True)
class JustInTime(RecoveryPolicy):
    """Save live volatile memory and index when the voltage falls to `v_checkpoint`, then sleep.

    If the supply recovers to `v_resume` before brown-out, work goes on without a restore (Hibernus,
    doi:10.1109/LES.2014.2371494; QuickRecall, doi:10.1145/2700249, which keeps its data in FRAM). `v_checkpoint`
    absent: the lowest voltage from which the largest save completes, with a margin (`voltage_budget`). `v_resume`
    absent: the turn-on threshold.
    """

    v_checkpoint: float | None = None
    v_resume: float | None = None
    name: ClassVar[str] = "jit"
    commits_at: ClassVar[Boundary] = Boundary.NETWORK
    watches: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for field in ("v_checkpoint", "v_resume"):
            value = getattr(self, field)
            if value is not None and not 0 < value < math.inf:
                raise InputError(f"`{field}` must be positive and finite, got {value:g} V")


POLICIES: dict[str, type[RecoveryPolicy]] = {
    kind.name: kind for kind in (Tile, TileShutdown, PerLayer, Footprint, Timer, JustInTime, Restart)
}
POLICY_NAMES = tuple(POLICIES)


def policy_by_name(
    name: str,
    guard: bool = False,
    period: float | None = None,
    v_checkpoint: float | None = None,
    v_resume: float | None = None,
) -> RecoveryPolicy:
    """The policy of that name with its options: `guard` of `tile`, `period` of `timer`, the voltages of `jit`.

    Raises InputError for an unknown name, for an option that the policy does not have, and for one without meaning.
    """
    if name not in POLICIES:
        raise InputError(f"unknown policy {name!r}; known: {', '.join(POLICY_NAMES)}")
    options = {"guard": guard or None, "period": period, "v_checkpoint": v_checkpoint, "v_resume": v_resume}
    for option, owner in (("guard", "tile"), ("period", "timer"), ("v_checkpoint", "jit"), ("v_resume", "jit")):
        if options[option] is not None and name != owner:
            raise InputError(f"`{option}` is an option of policy `{owner}`, not of {name!r}")
    if name == Tile.name:
        return Tile(guards=guard)
    if name == Timer.name:
        return Timer() if period is None else Timer(period)
    if name == JustInTime.name:
        return JustInTime(v_checkpoint, v_resume)
    return POLICIES[name]()
