"""The storage side of a run: capacitor, source and ledger behind a few verbs that the device process calls."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from simint.engine.execution import Ledger
from simint.engine.plant import Plant, execute_packed, ledger_of, pack, place_of, state_of
from simint.engine.program import Place, Rows
from simint.engine.waiting import charge, rest, sustains
from simint.hardware.supply import Supply
from simint.physics.best_case import best_case
from simint.physics.source import LOOP, CompiledSource
from simint.physics.state import TIME, NodeState, copy_state
from simint.physics.stepping import advance
from simint.physics.wiring import Node, build_node


@dataclass(frozen=True, slots=True)
class Storage:
    """Capacitor and source in motion, with the ledger of what the device drew.

    `best` bounds what the source offers. `place`: where the rows in progress were left. `plant`: all of it packed.
    `run_rows`: the compiled inner loop, bound to this storage.
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
    plant: Plant
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

    def charge(self, high_v: float, duration_s: float) -> int:
        """Wait with the device off until `high_v` is reached or the time is over; returns a code of `stepping`."""
        return int(charge(self.node, self.source, self.state, high_v, duration_s, self.supply.poll))

    def rest(self, power_w: float, duration_s: float, low_v: float, high_v: float) -> int:
        """Wait with the device asleep; sleep is no work in progress, so it is settled at once."""
        return int(rest(self.node, self.source, self.state, self.ledger, power_w, duration_s, low_v, high_v))

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
        return bool(sustains(self.node, self.source, self.state, load_w, self.v_off, self.harvest_while_on))

    def climbs_for_ever_below(self, high_v: float, bound_v: float, load_w: float, on: bool) -> bool:
        """Whether the voltage, now below `bound_v` under a constant load, can never pass it on the looped trace.

        Later passes start higher than earlier ones, and a higher start never ends lower. So if a pass from `bound_v`
        stays below `high_v` and ends at or below `bound_v`, no pass from below can do more.
        """
        if not self.voltage <= bound_v < high_v or self.source.end != LOOP:
            return False
        code, end_v = self._pass_from(bound_v, load_w, on, -math.inf, high_v)
        return code == TIME and end_v <= bound_v

    def sinks_never_below(self, bound_v: float, load_w: float) -> bool:
        """Whether a device that is on, now above `bound_v`, stays above it and above `v_off` on the looped trace.

        As in `climbs_for_ever_below`: a pass from `bound_v` that ends no lower is a bound to all from above.
        """
        if not self.v_off < bound_v <= self.voltage or self.source.end != LOOP:
            return False
        code, end_v = self._pass_from(bound_v, load_w, True, self.v_off, math.inf)
        return code == TIME and end_v >= bound_v

    def _pass_from(self, start_v: float, load_w: float, on: bool, low_v: float, high_v: float) -> tuple[int, float]:
        """How a pass of the trace from here ends that begins at `start_v`, and at which voltage.

        It ends too where the next bank would join: then a higher start is no longer a higher way.
        """
        trial, high_v = copy_state(self.state), min(high_v, self.node.v_up)
        trial.tv[1] = start_v
        duration_s = self.source.duration_s
        code, _ = advance(self.node, self.source, trial, load_w, on, duration_s, low_v, high_v, True)
        return int(code), float(trial.tv[1])


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
        plant=plant,
        run_rows=partial(execute_packed, *plant),
    )
