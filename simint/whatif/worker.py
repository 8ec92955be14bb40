"""What a worker process does: one handful of points after the other, whatever becomes of each."""

from __future__ import annotations

import functools
import gc
import multiprocessing
import pickle
import time
from collections.abc import Mapping

from simint.errors import SimintError
from simint.whatif.metrics import MetricValue
from simint.whatif.outcome import Outcome, Task
from simint.whatif.point import Base, Workshop, run_point
from simint.whatif.variation import Value


def run_tasks(base: bytes, tasks: tuple[Task, ...]) -> list[Outcome]:
    """The outcome of every task; `base`: a pickled `Base`, the same bytes for all tasks of a study.

    An error of a point, also one that is a defect of the simulator, is its outcome.
    """
    workshop, names = _workshop(base)
    return [_outcome(workshop, task, dict(zip(names, task.values, strict=True))) for task in tasks]


def packed(base: Base) -> bytes:
    """A base on its way to the workers."""
    return pickle.dumps(base, protocol=pickle.HIGHEST_PROTOCOL)


@functools.lru_cache(maxsize=2)
def _workshop(base: bytes) -> tuple[Workshop, tuple[str, ...]]:
    """What a process has made so far serves all points it is asked for."""
    content: Base = pickle.loads(base)
    if multiprocessing.parent_process() is not None:
        _settle()
    return Workshop(content), content.study.names


def _settle() -> None:
    """Let the collector of a worker process pass over what has been loaded, which takes it 80 ms each time."""
    import simint.engine.compiled.simulate
    import simint.report.hints  # noqa: F401

    gc.collect()
    gc.freeze()


def _outcome(workshop: Workshop, task: Task, values: Mapping[str, Value]) -> Outcome:
    began = time.perf_counter()
    metrics: dict[str, MetricValue] | None = None
    reason = ""
    try:
        metrics = run_point(workshop, values)
    except SimintError as error:
        reason = " ".join(str(error).split())
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return Outcome(task.point, time.perf_counter() - began, metrics, reason)
