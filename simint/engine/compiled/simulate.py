"""The compiled engine: one call from case to run."""

from __future__ import annotations

from collections.abc import Callable

from simint.engine.case import Case
from simint.engine.closing import close_run
from simint.engine.compiled.deciding import decide
from simint.engine.compiled.handing import hand_back
from simint.engine.compiled.machine import run_machine
from simint.engine.compiled.memory import BUDGET, new_memory
from simint.engine.compiled.releases import start_clock
from simint.engine.compiled.tables import build_tables, rules_of
from simint.engine.device import RunOver
from simint.engine.opening import open_device
from simint.engine.run import Engine, Run

# Turns of the loop between two questions whether to stop: about 50 ms of work.
_TURNS = 20_000


def simulate_compiled(case: Case, stop_requested: Callable[[], bool] = lambda: False) -> Run:
    """Run one case to its verdict, as `event.simulate` does without observers.

    `stop_requested` is asked some twenty times a second. Raises as `event.simulate` does.
    """
    device = open_device(case, (), stop_requested)
    tables, rules = build_tables(device.program), rules_of(device)
    memory = new_memory(tables)
    start_clock(rules, memory)
    try:
        while True:
            memory.whole[BUDGET] = _TURNS
            code = run_machine(device.storage.plant, tables, rules, memory)
            memory = decide(device, memory, code)
    except RunOver as over:
        device.ending = over
    hand_back(device, tables, rules, memory)
    return close_run(case, device, Engine.COMPILED)
