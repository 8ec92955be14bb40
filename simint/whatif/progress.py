"""How far a study is: points done, rate and remaining time, on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from simint.units import format_duration

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_PATIENCE_S = 1.0  # before anything is shown
_REFRESH_S = 0.1  # between two pictures of the bar
_LINE_S = 10.0  # between two lines where stderr is a file


class StudyProgress:
    """A context manager around a study; on a terminal a bar that vanishes at the end, else a line now and then.

    `total`: all points of the study, of which `done` were there before. `shown`: false for silence.
    """

    def __init__(self, total: int, done: int, shown: bool = True) -> None:
        self._total, self._before, self._shown = total, done, shown
        self._done, self._errors = done, 0
        self._began_s = self._next_s = 0.0
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> StudyProgress:
        """Start the clock."""
        self._began_s = time.monotonic()
        self._next_s = self._began_s + (_PATIENCE_S if sys.stderr.isatty() else _LINE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away, however the study ended."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def passed(self, done: int, errors: int) -> None:
        """So many more points are in the study file, so many of them errors."""
        self._done += done
        self._errors += errors
        now_s = time.monotonic()
        if not self._shown or now_s < self._next_s:
            return
        line = progress_line(self._done, self._total, self._before, self._errors, now_s - self._began_s)
        if sys.stderr.isatty():
            self._next_s = now_s + _REFRESH_S
            self._draw(line)
        else:
            self._next_s = now_s + _LINE_S
            print(line, file=sys.stderr, flush=True)

    def _draw(self, line: str) -> None:
        if self._bar is None or self._task is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as RichProgress

            columns = (TextColumn("{task.description}"), BarColumn(bar_width=24))
            self._bar = RichProgress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
            self._task = self._bar.add_task(line, total=self._total)
            self._bar.start()
        self._bar.update(self._task, completed=self._done, description=line)
        self._bar.refresh()


def progress_line(done: int, total: int, before: int, errors: int, wall_s: float) -> str:
    """`120 of 1,000 points, 3 errors, 14.2 points/s, 1 min 2 s left`; `before`: done before the clock started."""
    rate = (done - before) / wall_s if wall_s > 0 else 0.0
    text = f"{done:,} of {total:,} points"
    if errors:
        text += f", {errors:,} error{'s' if errors > 1 else ''}"
    if rate > 0:
        text += f", {rate:.3g} points/s, {format_duration(round((total - done) / rate))} left"
    return text
