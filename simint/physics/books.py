"""What a stretch adds to the books of the supply."""

from __future__ import annotations

from typing import NamedTuple

from simint.compiled import borrowing
from simint.physics.source import CONVERTED, CompiledSource, available_w
from simint.physics.state import (
    AVAILABLE,
    FRONTEND_LOSS,
    HARVESTED,
    LEAKED,
    QUIESCENT,
    REGULATOR_LOSS,
    NodeState,
)
from simint.physics.wiring import Load, Setting


class Stretch(NamedTuple):
    """Some time under one setting: its length s, and the integrals of V and V**2 at the terminals and inside."""

    seconds: float
    j1: float
    j2: float
    inner_j1: float
    inner_j2: float


@borrowing
def book_stretch(
    source: CompiledSource, state: NodeState, setting: Setting, load: Load, segment: int, alive: bool, done: Stretch
) -> None:
    """Add every term of the stretch, each from its own integral."""
    books = state.supply_j
    books[LEAKED] += setting.leak_a * done.inner_j1 + setting.leak_s * done.inner_j2
    books[QUIESCENT] += setting.quiescent_a * done.j1
    if load.power_w > 0.0:
        books[REGULATOR_LOSS] += (setting.load_a - load.power_w) * done.seconds + setting.load_b * done.j1
    if not alive:
        return
    books[AVAILABLE] += available_w(source, segment) * done.seconds
    element = setting.source
    if source.link == CONVERTED:
        books[HARVESTED] += element.taken_w * done.seconds
        books[FRONTEND_LOSS] += (element.taken_w - element.a) * done.seconds
    else:
        charge = element.b * done.seconds - element.d * done.j1
        books[HARVESTED] += element.b * done.j1 - element.d * done.j2 + source.drop_v * charge
        books[FRONTEND_LOSS] += source.drop_v * charge
