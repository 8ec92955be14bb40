"""A progress bar on stderr for runs that take longer than a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simint.report.status import StatusLine
from simint.trace.power_trace import TraceEnd
from simint.units import format_duration

if TYPE_CHECKING:
    from simint.engine.storage import Storage
    from simint.physics.state import NodeState
    from simint.scenario import Scenario

# Calls between two looks at the clock: some hundred batches take a few milliseconds.
_CALLS = 256


class Progress(StatusLine):
    """An observer, used as a context manager around a run, that shows simulated time, speed and what remains.

    On a terminal a bar appears after a second and vanishes at the end. Elsewhere a line is written every ten seconds.
    Where only a number of inferences is asked for, the end is not known and the bar shows motion alone.
    """

    needs_events = False  # a call now and then is enough

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        self._scenario = scenario
        self._calls = 0

    def passed(self, storage: Storage, state: str, since: NodeState | None, load_w: float) -> None:
        """See `Observer`."""
        self._calls += 1
        if self._calls % _CALLS and since is None:
            return
        if self.due():
            total_s = expected_duration_s(self._scenario, storage.source.duration_s)
            self.show(_line(storage.now_s, total_s, self.wall_s), storage.now_s, total_s)


def expected_duration_s(scenario: Scenario, trace_s: float) -> float | None:
    """When the run is over at the latest, None where only a number of inferences ends it; `trace_s` is one pass."""
    left_s = trace_s - scenario.trace.start
    if scenario.trace.end is TraceEnd.STOP:
        return left_s if scenario.duration is None else min(scenario.duration, left_s)
    if scenario.duration is not None:
        return scenario.duration
    return trace_s if scenario.workload.inferences is None else None


def _line(simulated_s: float, total_s: float | None, wall_s: float) -> str:
    speed = simulated_s / wall_s if wall_s > 0 else 0.0
    text = f"simulated {format_duration(simulated_s)}"
    if total_s is not None:
        text += f" of {format_duration(total_s)}"
    text += f", {speed:,.0f} times real time"
    if total_s is not None and speed > 0:
        text += f", {format_duration(round(max(total_s - simulated_s, 0.0) / speed))} left"
    return text
