"""Which engine runs a case: the compiled one where it can, the reference where somebody wants to see every event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from simint.engine.case import Case
from simint.engine.engines import EngineChoice
from simint.engine.run import Run

if TYPE_CHECKING:
    from simint.engine.observer import Observer


def run_case(
    case: Case,
    choice: EngineChoice = EngineChoice.AUTO,
    observers: Sequence[Observer] = (),
    stop_requested: Callable[[], bool] = lambda: False,
) -> Run:
    """Run one case to its verdict; `Run.engine` says which engine did.

    The compiled engine tells observers some twenty times a second how far it is. An observer that needs every event (it
    has no `needs_events = False`) asks for the event engine, and so does an inference of more steps than
    `tables.LONGEST_PROGRAM`. Raises as `event.simulate` does.
    """
    from simint.engine.compiled.simulate import fits, simulate_compiled
    from simint.engine.event import simulate

    watched = any(getattr(observer, "needs_events", True) for observer in observers)
    if choice is EngineChoice.EVENT or watched or not fits(case):
        return simulate(case, observers, stop_requested)
    return simulate_compiled(case, stop_requested, observers)
