"""The storage side of a run: capacitor, source and ledger behind a few verbs that the device process calls."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from simint.engine.execution import Ledger
from simint.engine.plant import execute_packed, ledger_of, pack, place_of, state_of
from simint.engine.program import Activity, Place, Rows
from simint.hardware.supply import Supply
from simint.physics.best_case import best_case
from simint.physics.polling import advance_on, advance_polled
from simint.physics.source import LOOP, STOP, CompiledSource
from simint.physics.state import LOW, NodeState, copy_state
from simint.physics.stepping import advance
from simint.physics.wiring import Node, build_node

# Too short for a voltage to move, long enough for the terminals to be judged under a load.
INSTANT_S = 1e-12


@dataclass(frozen=True, slots=True)
class Storage:
    """Capacitor and source in motion, with the ledger of what the device drew.

    `best` bounds what the source offers. `place`: where the rows in progress were left. `run_rows`: the compiled inner
    loop, bound to this storage.
    """

    supply: Supply
    node: Node
    source: CompiledSource
    best: CompiledSource
    state: NodeState
    ledger: Ledger
    place: Place
    v_off: float
    harvest_while_on: bool
    run_rows: Callable[[Rows, bool, float, bool, float, float], tuple[int, int, float]]

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
        node, source, state, poll_s = self.node, self.source, self.state, self.supply.poll
        if poll_s > 0.0:
            code, _ = advance_polled(node, source, state, 0.0, False, duration_s, -math.inf, high_v, True, poll_s)
        else:
            code, _ = advance(node, source, state, 0.0, False, duration_s, -math.inf, high_v, True)
        return int(code)

    def rest(self, power_w: float, duration_s: float, low_v: float, high_v: float) -> int:
        """Wait with the device asleep; sleep is no work in progress, so it is settled at once."""
        started_s = self.now_s
        code, elapsed = advance_on(self.node, self.source, self.state, power_w, duration_s, low_v, high_v, True)
        if duration_s == math.inf:
            elapsed = self.now_s - started_s
        self.ledger.settled_j[Activity.SLEEP] += power_w * elapsed
        self.ledger.settled_s[Activity.SLEEP] += elapsed
        return int(code)

    def execute(self, rows: Rows, commits: bool, horizon_s: float) -> tuple[int, int, float]:
        """Run the rows of a step until brown-out; see `execution.execute`."""
        return self.run_rows(rows, commits, self.v_off, self.harvest_while_on, horizon_s, math.inf)

    def execute_watching(
        self, rows: Rows, commits: bool, horizon_s: float, low_v: float, due_s: float
    ) -> tuple[int, int, float]:
        """The same, but it also stops at a voltage above `v_off`, or before the first unit of work from `due_s` on."""
        return self.run_rows(rows, commits, low_v, self.harvest_while_on, horizon_s, due_s)

    def sustains(self, load_w: float) -> bool:
        """Whether the device stays on under a load that begins now."""
        trial, connected = copy_state(self.state), self.harvest_while_on
        code, _ = advance_on(self.node, self.source, trial, load_w, INSTANT_S, self.v_off, math.inf, connected)
        return bool(code != LOW)

    def climbs_for_ever_below(self, high_v: float, bound_v: float, load_w: float, on: bool) -> bool:
        """Whether the voltage, now below `bound_v` under a constant load, can never pass it on the looped trace.

        Later passes start higher than earlier ones, and a higher start never ends lower. So if a pass from `bound_v`
        stays below `high_v` and ends at or below `bound_v`, no pass from below can do more.
        """
        if not self.voltage <= bound_v < high_v or self.source.end != LOOP:
            return False
        trial = copy_state(self.state)
        trial.tv[1] = bound_v
        code, _ = advance(self.node, self.source, trial, load_w, on, self.source.duration_s, -math.inf, high_v, True)
        return bool(code == 0 and trial.tv[1] <= bound_v)


def open_storage(
    supply: Supply, source: CompiledSource, initial_voltage: float, offset_s: float, harvest_while_on: bool
) -> Storage:
    """A capacitor at `initial_voltage`, `offset_s` seconds into the trace, with an empty ledger."""
    node = build_node(supply)
    plant = pack(node, source, initial_voltage, offset_s)
    return Storage(
        supply=supply,
        node=node,
        source=source,
        best=best_case(source),
        state=state_of(plant),
        ledger=ledger_of(plant),
        place=place_of(plant),
        v_off=supply.v_off,
        harvest_while_on=harvest_while_on,
        run_rows=partial(execute_packed, *plant),
    )
