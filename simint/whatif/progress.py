"""How far a study is: points done, rate and remaining time, on stderr."""

from __future__ import annotations

from simint.report.status import StatusLine
from simint.units import format_duration


class StudyProgress(StatusLine):
    """A context manager around a study; on a terminal a bar that vanishes at the end, else a line now and then.

    `total`: all points of the study, of which `done` were there before. `shown`: false for silence.
    """

    def __init__(self, total: int, done: int, shown: bool = True) -> None:
        super().__init__()
        self._total, self._before, self._shown = total, done, shown
        self._done, self._errors = done, 0

    def passed(self, done: int, errors: int) -> None:
        """So many more points are in the study file, so many of them errors."""
        self._done += done
        self._errors += errors
        if self._shown and self.due():
            line = progress_line(self._done, self._total, self._before, self._errors, self.wall_s)
            self.show(line, self._done, self._total)


def progress_line(done: int, total: int, before: int, errors: int, wall_s: float) -> str:
    """`120 of 1,000 points, 3 errors, 14.2 points/s, 1 min 2 s left`; `before`: done before the clock started."""
    rate = (done - before) / wall_s if wall_s > 0 else 0.0
    text = f"{done:,} of {total:,} points"
    if errors:
        text += f", {errors:,} error{'s' if errors > 1 else ''}"
    if rate > 0:
        text += f", {rate:.3g} points/s, {format_duration(round((total - done) / rate))} left"
    return text
