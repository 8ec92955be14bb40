"""When inferences are asked for."""

from __future__ import annotations

import enum
import math

import msgspec

from simint.config import Second
from simint.errors import InputError


class Queue(enum.StrEnum):
    """What happens to releases that wait: the newest replaces an older one, or all are kept in order."""

    NEWEST = "newest"
    FIFO = "fifo"


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Back to back (`period` absent) or released every `period`; ends after `inferences` completions if given.

    `deadline` counts from the release. Raises InputError for values without meaning.
    """

    inferences: int | None = None
    period: Second | None = None
    deadline: Second | None = None
    queue: Queue = Queue.NEWEST

    def __post_init__(self) -> None:
        if self.inferences is not None and self.inferences < 1:
            raise InputError(f"`inferences` must be at least 1, got {self.inferences}")
        for field in ("period", "deadline"):
            value = getattr(self, field)
            if value is not None and not 0 < value < math.inf:
                raise InputError(f"`{field}` must be positive and finite, got {value:g} s")

    def met(self, release_s: float, end_s: float) -> bool | None:
        """Whether an inference was in time; None where there is no deadline."""
        return None if self.deadline is None else end_s <= release_s + self.deadline


class Release(msgspec.Struct, frozen=True, gc=False):
    """One inference that was asked for."""

    number: int
    release_s: float


class ReleaseQueue:
    """The releases that wait for the device; one object per run.

    Back to back, the first is released at the first turn-on and the next when the previous one completes. Periodic
    releases are made by a clock process that calls `release`.
    """

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.dropped: list[Release] = []
        self.released = 0
        self.next_release_s = math.inf
        self._waiting: list[Release] = []

    def first_turn_on(self, now_s: float) -> None:
        """The device is on for the first time."""
        if self.workload.period is None:
            self.release(now_s)

    def completed(self, now_s: float) -> None:
        """An inference was completed."""
        if self.workload.period is None:
            self.release(now_s)

    def release(self, now_s: float) -> None:
        """Put a new release in line; with `newest`, one that waits already is dropped."""
        if self.workload.queue is Queue.NEWEST:
            self.dropped.extend(self._waiting)
            self._waiting.clear()
        self.push(Release(self.released, now_s))
        self.released += 1

    def push(self, release: Release) -> None:
        """Put a release that was counted already at the end of the line."""
        self._waiting.append(release)

    def take(self) -> Release | None:
        """The next inference to work on, or None where the device has to wait."""
        return self._waiting.pop(0) if self._waiting else None

    @property
    def waiting(self) -> tuple[Release, ...]:
        """Releases not begun yet."""
        return tuple(self._waiting)
