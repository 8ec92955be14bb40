"""A progress bar on stderr for runs that take longer than a second."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from simint.trace.power_trace import TraceEnd
from simint.units import format_duration

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from simint.engine.storage import Storage
    from simint.physics.state import NodeState
    from simint.scenario import Scenario

# Calls between two looks at the clock: some hundred batches take a few milliseconds.
_CALLS = 256
_PATIENCE_S = 1.0  # before anything is shown
_REFRESH_S = 0.1  # between two pictures of the bar
_LINE_S = 10.0  # between two lines where stderr is a file


class Progress:
    """An observer, used as a context manager around a run, that shows simulated time, speed and what remains.

    On a terminal a bar appears after a second and vanishes at the end. Elsewhere a line is written every ten seconds.
    Where only a number of inferences is asked for, the end is not known and the bar shows motion alone.
    """

    needs_events = False  # a call now and then is enough

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._calls = 0
        self._began_s = self._next_s = 0.0
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Progress:
        """Start the clock."""
        self._began_s = time.monotonic()
        self._next_s = self._began_s + (_PATIENCE_S if sys.stderr.isatty() else _LINE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away, however the run ended."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def passed(self, storage: Storage, state: str, since: NodeState | None, load_w: float) -> None:
        """See `Observer`."""
        self._calls += 1
        if self._calls % _CALLS and since is None:
            return
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        total_s = expected_duration_s(self._scenario, storage.source.duration_s)
        if sys.stderr.isatty():
            self._next_s = now_s + _REFRESH_S
            self._draw(storage.now_s, total_s, now_s - self._began_s)
        else:
            self._next_s = now_s + _LINE_S
            print(_line(storage.now_s, total_s, now_s - self._began_s), file=sys.stderr, flush=True)

    def _draw(self, simulated_s: float, total_s: float | None, wall_s: float) -> None:
        line = _line(simulated_s, total_s, wall_s)
        if self._bar is None or self._task is None:
            self._bar = _new_bar()
            self._task = self._bar.add_task(line, total=total_s)
            self._bar.start()
        self._bar.update(self._task, completed=simulated_s, description=line)
        self._bar.refresh()


def expected_duration_s(scenario: Scenario, trace_s: float) -> float | None:
    """When the run is over at the latest, None where only a number of inferences ends it; `trace_s` is one pass."""
    left_s = trace_s - scenario.trace.start
    if scenario.trace.end is TraceEnd.STOP:
        return left_s if scenario.duration is None else min(scenario.duration, left_s)
    if scenario.duration is not None:
        return scenario.duration
    return trace_s if scenario.workload.inferences is None else None


def _new_bar() -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as RichProgress

    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
    )


def _line(simulated_s: float, total_s: float | None, wall_s: float) -> str:
    speed = simulated_s / wall_s if wall_s > 0 else 0.0
    text = f"simulated {format_duration(simulated_s)}"
    if total_s is not None:
        text += f" of {format_duration(total_s)}"
    text += f", {speed:,.0f} times real time"
    if total_s is not None and speed > 0:
        text += f", {format_duration(round(max(total_s - simulated_s, 0.0) / speed))} left"
    return text
