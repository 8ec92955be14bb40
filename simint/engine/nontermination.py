"""Can this piece of work ever be finished? Judged after it failed, on the best supply the trace ever offers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from simint.engine.execution import DONE, execute, new_ledger
from simint.engine.program import PLACE, Rows, energy_of
from simint.engine.run import Nontermination
from simint.engine.storage import Storage
from simint.physics.best_case import no_source
from simint.physics.source import CompiledSource
from simint.physics.state import start_state
from simint.physics.stepping import advance
from simint.physics.wiring import Node, build_node, stored_at

# Search range for the smallest capacitor that would do: a factor of 10^5 covers ceramic chip to supercapacitor.
_LARGEST_FACTOR = 1e5
_PRECISION = 1e-3


def completes(
    storage: Storage,
    source: CompiledSource,
    node: Node,
    rows: Sequence[Rows],
    v_start: float,
    low_v: float | None = None,
) -> bool:
    """Whether the rows run through in one power cycle that starts at `v_start`, on `node` and a constant source.

    `low_v`: where power fails, `v_off` unless given.
    """
    state, ledger, place = start_state(source, v_start, 0.0, node.banks.shape[0]), new_ledger(), np.zeros(PLACE)
    low_v, connected = storage.v_off if low_v is None else low_v, storage.harvest_while_on
    return all(
        execute(node, source, state, ledger, place, piece, False, low_v, connected, math.inf, math.inf)[0] == DONE
        for piece in rows
    )


def can_complete(storage: Storage, rows: Sequence[Rows], v_start: float) -> bool:
    """Whether the rows may run through from `v_start` at the best supply of the trace; a "no" is final.

    What banks hold from earlier power cycles is unbounded here: they always get a "yes". A supervisor that looks only
    so often turns on as late as a period above its threshold, and off as late as the regulator lets it.
    """
    node, supply, low_v = storage.node, storage.supply, storage.v_off
    if node.banks.size > 0:
        return True
    if supply.poll > 0.0:
        state = start_state(storage.best, v_start, 0.0)
        advance(node, storage.best, state, 0.0, False, supply.poll, -math.inf, math.inf, True)
        v_start = max(v_start, float(state.tv[1]))
    if node.poll_s > 0.0:
        node, low_v = node._replace(poll_s=0.0), node.floor_v
    return completes(storage, storage.best, node, rows, v_start, low_v)


def diagnose(
    storage: Storage, rows: Sequence[Rows], layer: str, tile: int, reason: str, enough_f: float
) -> Nontermination:
    """What the impossible piece of work needs, what a power cycle gives, and which capacitor would do."""
    node, supply = storage.node, storage.supply
    return Nontermination(
        layer=layer,
        tile=tile,
        needed_j=sum(energy_of(piece) for piece in rows),
        given_j=stored_at(node, supply.v_on) - stored_at(node, supply.v_off),
        smallest_capacitance=enough_f,
        reason=reason,
    )


def smallest_capacitance(storage: Storage, rows: Sequence[Rows], harvest: bool) -> float:
    """The smallest capacitor (to 0.1 %) with which the rows run through from `v_on`, in F.

    With `harvest` at the best supply of the trace, which is what it takes at least; without, from the stored energy
    alone, which will do whatever the trace brings. Infinite where a 10^5 times larger one would not do. More
    capacitance never hurts here, so bisection is exact.
    """
    supply, source = storage.supply, storage.best if harvest else no_source(storage.source)
    size = supply.capacitor.capacitance
    low, high = size, size * 2.0

    def enough(capacitance: float) -> bool:
        return completes(storage, source, build_node(supply, capacitance), rows, supply.v_on)

    while not enough(high):
        low, high = high, high * 2.0
        if high > size * _LARGEST_FACTOR:
            return math.inf
    while high > low * (1.0 + _PRECISION):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def capacitance_to_hold(storage: Storage, needed_v: float, top_v: float) -> float:
    """The capacitor that holds at `top_v` what the present one holds at `needed_v`, above `v_off`, in F."""
    node, size = storage.node, storage.supply.capacitor.capacitance
    empty_j = stored_at(node, storage.supply.v_off)
    held_j, needed_j = stored_at(node, top_v) - empty_j, stored_at(node, needed_v) - empty_j
    return size * needed_j / held_j if held_j > 0.0 else math.inf
