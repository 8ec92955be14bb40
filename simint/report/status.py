"""One line on stderr about work in progress: a bar that vanishes on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_PATIENCE_S = 1.0  # before a bar is shown
_REFRESH_S = 0.1  # between two pictures of the bar
_LINE_S = 10.0  # between two lines where stderr is a file


class StatusLine:
    """A context manager around the work; what the line says is the caller's, when it is due is decided here."""

    def __init__(self) -> None:
        self._began_s = self._next_s = self._now_s = 0.0
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Start the clock."""
        self._began_s = time.monotonic()
        self._next_s = self._began_s + (_PATIENCE_S if sys.stderr.isatty() else _LINE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away, however the work ended."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def due(self) -> bool:
        """Whether it is time for a new line."""
        self._now_s = time.monotonic()
        return self._now_s >= self._next_s

    @property
    def wall_s(self) -> float:
        """Seconds from the start to when the line was last due."""
        return self._now_s - self._began_s

    def show(self, line: str, done: float, total: float | None) -> None:
        """Draw the bar with the line beside it, or write the line; `total` None: only motion is shown."""
        if sys.stderr.isatty():
            self._next_s = self._now_s + _REFRESH_S
            self._draw(line, done, total)
        else:
            self._next_s = self._now_s + _LINE_S
            print(line, file=sys.stderr, flush=True)

    def _draw(self, line: str, done: float, total: float | None) -> None:
        if self._bar is None or self._task is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as RichProgress

            columns = (TextColumn("{task.description}"), BarColumn(bar_width=24))
            self._bar = RichProgress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
            self._task = self._bar.add_task(line, total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done, description=line)
        self._bar.refresh()
