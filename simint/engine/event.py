"""The reference engine: SimPy processes for the workload's clock and the device, on a storage solved exactly."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import simpy

from simint.engine.case import Case
from simint.engine.closing import close_run
from simint.engine.engines import Engine
from simint.engine.life import live
from simint.engine.observer import Observer
from simint.engine.opening import open_device
from simint.engine.run import Run
from simint.engine.workload import ReleaseQueue

__all__ = ["Case", "simulate"]


def simulate(case: Case, observers: Sequence[Observer] = (), stop_requested: Callable[[], bool] = lambda: False) -> Run:
    """Run one case to its verdict.

    `stop_requested` is asked between events; when it says yes, the run ends as `interrupted` with what was done.
    Raises InputError for a case without an end or with parts that contradict each other, InfeasibleError where a
    checkpoint does not fit the capacitor, and LedgerError where the books do not close.
    """
    device = open_device(case, observers, stop_requested)
    env = device.env
    if case.workload.period is not None:
        env.process(_release_clock(env, device.queue, case.workload.period))
    env.run(until=env.process(live(device)))
    return close_run(case, device, Engine.EVENT)


def _release_clock(env: simpy.Environment, queue: ReleaseQueue, period_s: float) -> Generator[simpy.Event, None, None]:
    """Release an inference at every multiple of the period, whether or not there is power."""
    while True:
        queue.next_release_s = (queue.released + 1) * period_s
        queue.release(env.now)
        yield env.timeout(max(queue.next_release_s - env.now, 0.0))
