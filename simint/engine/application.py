"""What surrounds an inference: peripheral tasks before and after it, such as `sense -> infer -> send`."""

from __future__ import annotations

import math

import msgspec

from simint.config import Ampere, Second, Volt, Watt
from simint.errors import InputError


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A peripheral at constant power for `duration`: `power`, or `current` at `voltage`, drawn as the device's load.

    A task is atomic: one that a power failure cuts is done again from its start. Without a `duration` it goes on until
    power fails, which is then how it is completed. Raises InputError for values without meaning.
    """

    name: str
    power: Watt | None = None
    current: Ampere | None = None
    voltage: Volt | None = None
    duration: Second | None = None

    def __post_init__(self) -> None:
        where = f"task {self.name!r}"
        if not self.name:
            raise InputError("a task needs a `name`")
        if (self.power is None) == (self.current is None and self.voltage is None):
            raise InputError(f"{where}: give either `power`, or `current` and `voltage`")
        if (self.current is None) != (self.voltage is None):
            raise InputError(f"{where}: `current` and `voltage` belong together")
        for field in ("power", "current", "voltage"):
            value = getattr(self, field)
            if value is not None and not 0 <= value < math.inf:
                raise InputError(f"{where}: `{field}` must be a number from 0 on, got {value:g}")
        if self.duration is not None and not 0 < self.duration < math.inf:
            raise InputError(f"{where}: `duration` must be positive and finite, got {self.duration:g} s")

    @property
    def power_w(self) -> float:
        """What it draws, W."""
        if self.power is not None:
            return self.power
        assert self.current is not None
        assert self.voltage is not None
        return self.current * self.voltage

    @property
    def duration_s(self) -> float:
        """How long it takes, s; infinite where only a power failure ends it."""
        return math.inf if self.duration is None else self.duration


class Application(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tasks `before` and `after` the inference, in order; an inference is completed with the last of them.

    Only the last task of all may go on until power fails. Raises InputError where another one would.
    """

    before: tuple[Task, ...] = ()
    after: tuple[Task, ...] = ()

    def __post_init__(self) -> None:
        for task in (*self.before, *self.after)[:-1]:
            if task.duration is None:
                raise InputError(f"task {task.name!r} needs a `duration`: only the last task may go on without end")

    @property
    def endless(self) -> bool:
        """Whether its last task goes on until power fails."""
        tasks = (*self.before, *self.after)
        return bool(tasks) and tasks[-1].duration is None
