"""What worker processes are asked for in tests; light to import, for a pool starts it again and again."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def squares(offset: int, tasks: tuple[int, ...]) -> list[tuple[int, int]]:
    """Every task with its square, moved by `offset`."""
    return [(task, task * task + offset) for task in tasks]


def refuse(tasks: tuple[int, ...]) -> list[tuple[int, int]]:
    """Raises what the caller must see."""
    raise ValueError(f"no {tasks[0]}")


def die_at(victim: int, folder: str, often: int, tasks: tuple[int, ...]) -> list[tuple[int, int]]:
    """As `squares`, but task `victim` ends its process the first `often` times."""
    marks = Path(folder)
    if victim in tasks and len(list(marks.iterdir())) < often:
        (marks / str(len(list(marks.iterdir())))).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return squares(0, tasks)
