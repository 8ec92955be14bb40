"""From a case to a device that is ready to run; the same for both engines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import simpy

from simint.engine.case import Case
from simint.engine.compose import build_program
from simint.engine.device import Device
from simint.engine.observer import Observer, WorkObserver
from simint.engine.policy import JustInTime
from simint.engine.ratings import require_boot, require_current
from simint.engine.storage import open_storage
from simint.engine.tally import new_tally
from simint.engine.voltage_budget import checkpoint_thresholds
from simint.engine.workload import ReleaseQueue
from simint.errors import InputError


def open_device(case: Case, observers: Sequence[Observer], stop_requested: Callable[[], bool]) -> Device:
    """The device at the start of the run.

    Raises InputError for a case without an end or with parts that contradict each other, and InfeasibleError where a
    checkpoint does not fit the capacitor.
    """
    if case.workload.inferences is None and case.duration_s == math.inf:
        raise InputError("a run needs an end: a number of inferences, or a duration")
    if case.application.endless and case.duration_s == math.inf:
        raise InputError("a task without end goes on for as long as power lasts: the run needs a duration")
    program = case.program or build_program(case.schedule, case.policy, case.application)
    require_current(case.supply, program, case.sleep_power_w)
    require_boot(case.supply, program)
    storage = open_storage(case.supply, case.source, case.initial_voltage, case.start_s, case.harvest_while_on)
    device = Device(
        env=simpy.Environment(),
        storage=storage,
        program=program,
        policy=case.policy,
        queue=ReleaseQueue(case.workload),
        tally=new_tally(program),
        observers=observers,
        followers=[observer for observer in observers if isinstance(observer, WorkObserver)],
        sleep_power_w=case.sleep_power_w,
        horizon_s=case.duration_s,
        recharge_at_end=case.recharge_at_end,
        stop_requested=stop_requested,
    )
    if isinstance(case.policy, JustInTime):
        device.thresholds = checkpoint_thresholds(storage, program, case.policy)
    return device
