"""Who looks on: a recorder of voltages, a progress bar, a test. Observers never change a run."""

from __future__ import annotations

from typing import Protocol

from simint.engine.storage import Storage
from simint.physics.state import NodeState


class Observer(Protocol):
    """Told of every stretch of time that has passed."""

    def passed(self, storage: Storage, state: str, since: NodeState | None, load_w: float) -> None:
        """The storage has moved on to its present time, with the device in `state` (`off`, `boot`, `work`, `sleep`).

        `since` is the state before, given for waits under a constant load so that the way can be retraced.
        """
