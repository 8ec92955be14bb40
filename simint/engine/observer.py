"""Who looks on: a recorder of voltages, a progress bar, a timeline, a test. Observers never change a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from simint.engine.program import Place, Program, Rows, Step
from simint.engine.storage import Storage
from simint.physics.state import NodeState


class Observer(Protocol):
    """Told of every stretch of time that has passed; one that has `needs_events = False` perhaps only now and then."""

    def passed(self, storage: Storage, state: str, since: NodeState | None, load_w: float) -> None:
        """The storage has moved on to its present time, with the device in `state` (`off`, `boot`, `work`, `sleep`).

        `since` is the state before, given for waits under a constant load so that the way can be retraced.
        """


@dataclass(frozen=True, slots=True)
class Work:
    """Rows that the device turns to, from `place` on.

    `step`: what they belong to, number `ordinal` of inference `inference`; None for a boot, a checkpoint, a restore.
    """

    rows: Rows
    place: Place
    program: Program
    step: Step | None = None
    inference: int = -1
    ordinal: int = -1


@runtime_checkable
class WorkObserver(Observer, Protocol):
    """Told besides what the device turns to; the next `passed` then says how long it was at it."""

    def begins(self, work: Work) -> None:
        """The device turns to `work`."""
