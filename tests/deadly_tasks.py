"""Tasks that bring their worker down; light to import, for a pool starts it again and again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from simint.whatif.outcome import Outcome, Task


def deadly(folder: str, tasks: tuple[Task, ...]) -> list[Outcome]:
    """Tasks for a pool: the value `always` kills the worker each time, `once` the first time, others are done."""
    for task in tasks:
        mark = Path(folder) / f"{task.point}"
        if task.values[0] == "always" or (task.values[0] == "once" and not mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return [Outcome(task.point, 0.001, {}) for task in tasks]
