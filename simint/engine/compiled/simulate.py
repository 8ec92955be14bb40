"""The compiled engine: one call from case to run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simint.engine.case import Case
from simint.engine.closing import close_run
from simint.engine.compiled.deciding import decide
from simint.engine.compiled.handing import hand_back
from simint.engine.compiled.machine import run_machine
from simint.engine.compiled.memory import BUDGET, PAUSED, new_memory
from simint.engine.compiled.releases import start_clock
from simint.engine.compiled.tables import LONGEST_PROGRAM, build_tables, rules_of
from simint.engine.device import RunOver
from simint.engine.engines import Engine
from simint.engine.observer import Observer
from simint.engine.opening import open_device
from simint.engine.run import Run

# Turns of the loop between two questions whether to stop: about 50 ms of work.
_TURNS = 20_000


def fits(case: Case) -> bool:
    """Whether an inference is short enough for the tables of the compiled engine."""
    loops = (loop for layer in case.schedule.layers for loop in layer.program)
    return sum(loop.count * sum(times for _, times in loop.body) for loop in loops) <= LONGEST_PROGRAM


def simulate_compiled(
    case: Case, stop_requested: Callable[[], bool] = lambda: False, observers: Sequence[Observer] = ()
) -> Run:
    """Run one case to its verdict, as `event.simulate` does.

    `stop_requested` is asked, and `observers` are told how far the run is, some twenty times a second. Raises as
    `event.simulate` does.
    """
    device = open_device(case, (), stop_requested)
    storage = device.storage
    tables, rules = build_tables(device.program), rules_of(device)
    memory = new_memory(tables, storage.node)
    start_clock(rules, memory)
    try:
        while True:
            memory.whole[BUDGET] = _TURNS
            code = run_machine(storage.plant, tables, rules, memory)
            if code == PAUSED:
                for observer in observers:
                    observer.passed(storage, "work", storage.state, 0.0)
            memory = decide(device, memory, code)
    except RunOver as over:
        device.ending = over
    hand_back(device, tables, rules, memory)
    return close_run(case, device, Engine.COMPILED)
