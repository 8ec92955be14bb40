"""The storage side of a run: capacitor, source and ledger behind a few verbs that the device process calls."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from simint.engine.execution import Ledger
from simint.engine.plant import execute_packed, ledger_of, pack, state_of
from simint.engine.program import Activity, Rows
from simint.hardware.supply import Supply
from simint.physics.best_case import best_case
from simint.physics.source import LOOP, STOP, CompiledSource
from simint.physics.state import Node, NodeState, copy_state
from simint.physics.stepping import advance


def node_of(supply: Supply, capacitance: float | None = None) -> Node:
    """The constant elements at the capacitor of `supply`, with another capacitance if given."""
    capacitor = supply.capacitor
    size = capacitor.capacitance if capacitance is None else capacitance
    return Node(size, 1.0 / capacitor.leakage, supply.quiescent, supply.ceiling)


@dataclass(frozen=True, slots=True)
class Storage:
    """Capacitor and source in motion, with the ledger of what the device drew.

    `best` bounds what the source offers; `run_rows` is the compiled inner loop, bound to this storage.
    """

    supply: Supply
    node: Node
    source: CompiledSource
    best: CompiledSource
    state: NodeState
    ledger: Ledger
    v_off: float
    harvest_while_on: bool
    run_rows: Callable[[Rows, bool, float, bool, float], tuple[int, int, float]]

    @property
    def now_s(self) -> float:
        """Time since the start of the run."""
        return float(self.state.tv[0])

    @property
    def voltage(self) -> float:
        """Capacitor voltage."""
        return float(self.state.tv[1])

    @property
    def drawn_j(self) -> float:
        """Everything the device has drawn so far."""
        return float(self.ledger.settled_j.sum() + self.ledger.pending_j.sum())

    @property
    def trace_place_s(self) -> float:
        """Place in the trace: at equal places, what is still to come from the source is equal."""
        source, trace_s = self.source, self.now_s + self.state.offset_s
        if source.segments == 1 and source.end != STOP:
            return 0.0
        return trace_s % source.duration_s if source.end == LOOP else min(trace_s, source.duration_s)

    def charge(self, high_v: float, duration_s: float) -> int:
        """Wait with the device off until `high_v` is reached or the time is over; returns a code of `stepping`."""
        code, _ = advance(self.node, self.source, self.state, 0.0, duration_s, -math.inf, high_v, True)
        return int(code)

    def rest(self, power_w: float, duration_s: float, low_v: float, high_v: float) -> int:
        """Wait with the device asleep; sleep is no work in progress, so it is settled at once."""
        started_s = self.now_s
        code, elapsed = advance(self.node, self.source, self.state, power_w, duration_s, low_v, high_v, True)
        if duration_s == math.inf:
            elapsed = self.now_s - started_s
        self.ledger.settled_j[Activity.SLEEP] += power_w * elapsed
        self.ledger.settled_s[Activity.SLEEP] += elapsed
        return int(code)

    def execute(self, rows: Rows, commits: bool, horizon_s: float) -> tuple[int, int, float]:
        """Run the rows of a step; see `execution.execute`."""
        return self.run_rows(rows, commits, self.v_off, self.harvest_while_on, horizon_s)

    def climbs_for_ever_below(self, high_v: float, bound_v: float, load_w: float) -> bool:
        """Whether the voltage, now below `bound_v` under a constant load, can never pass it on the looped trace.

        Later passes start higher than earlier ones, and a higher start never ends lower. So if a pass from `bound_v`
        stays below `high_v` and ends at or below `bound_v`, no pass from below can do more.
        """
        if not self.voltage <= bound_v < high_v or self.source.end != LOOP:
            return False
        trial = copy_state(self.state)
        trial.tv[1] = bound_v
        code, _ = advance(self.node, self.source, trial, load_w, self.source.duration_s, -math.inf, high_v, True)
        return bool(code == 0 and trial.tv[1] <= bound_v)


def open_storage(
    supply: Supply, source: CompiledSource, initial_voltage: float, offset_s: float, harvest_while_on: bool
) -> Storage:
    """A capacitor at `initial_voltage`, `offset_s` seconds into the trace, with an empty ledger."""
    node = node_of(supply)
    plant = pack(node, source, initial_voltage, offset_s)
    return Storage(
        supply=supply,
        node=node,
        source=source,
        best=best_case(source),
        state=state_of(plant),
        ledger=ledger_of(plant),
        v_off=supply.v_off,
        harvest_while_on=harvest_while_on,
        run_rows=partial(execute_packed, *plant),
    )
