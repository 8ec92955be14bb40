"""Sources, nodes and two ways through a trace for the tests of stepping: many segments at a time, and one by one."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Boost, Converter, Direct
from simint.hardware.supply import Supply
from simint.physics.front_end import compile_source
from simint.physics.source import CompiledSource
from simint.physics.state import (
    FRONTEND_LOSS,
    HARVESTED,
    LEAKED,
    QUIESCENT,
    SPILLED,
    TIME,
    NodeState,
    segment_stop,
    start_state,
)
from simint.physics.stepping import advance
from simint.physics.wiring import BIN_COLUMNS, FARAD, LEAK_S, Node
from simint.trace.power_trace import CurveSource, PowerSource, PowerTrace, TheveninSource, TraceEnd


class Drive(NamedTuple):
    """One call of `advance`: load, duration, lower and upper threshold."""

    load_w: float
    duration_s: float
    low_v: float = -math.inf
    high_v: float = math.inf


def simple_node(
    capacitance: float, leakage_s: float = 0.0, quiescent_a: float = 0.0, ceiling_v: float = math.inf
) -> Node:
    """A constant capacitor with linear leakage, the device straight at its terminals."""
    bins = np.zeros((1, BIN_COLUMNS))
    bins[0, FARAD], bins[0, LEAK_S] = capacitance, leakage_s
    device = (0.0, False, quiescent_a, quiescent_a)
    no_banks = (np.zeros((0, 3)), np.zeros((0, 0)), math.inf, -math.inf, 0.0, 0.0)
    return Node(bins, np.ones((1, 1)), np.zeros(1), *device, 0.0, ceiling_v, *no_banks)


def size_of(node: Node) -> float:
    """Capacitance of a simple node, F."""
    return float(node.bins[0, FARAD])


def stored_j(capacitance: float, voltage: float) -> float:
    """Energy in a constant capacitor, J."""
    return 0.5 * capacitance * voltage * voltage


def _supply(converter: Converter) -> Supply:
    """Only its front end counts here: the tests give capacitor and thresholds to `advance` themselves."""
    return Supply(
        name="s",
        source="test",
        converter=converter,
        capacitor=Capacitor(capacitance=1.0),
        v_on=0.02,
        v_off=0.01,
    )


def converted(
    power_w: ArrayLike,
    step_s: float | None = None,
    edges_s: ArrayLike | None = None,
    efficiency: float = 0.8,
    end: TraceEnd = TraceEnd.LOOP,
) -> CompiledSource:
    """A power trace behind a boost converter, uniform (`step_s`) or with edges."""
    edges = None if edges_s is None else np.asarray(edges_s, dtype=np.float64)
    trace = PowerTrace("t", PowerSource(np.asarray(power_w, dtype=np.float64)), step_s, edges, end)
    return compile_source(trace, _supply(Boost(efficiency=efficiency)))


def direct(
    voltage_v: ArrayLike,
    resistance_ohm: float,
    step_s: float,
    drop_v: float = 0.0,
    end: TraceEnd = TraceEnd.LOOP,
) -> CompiledSource:
    """A Thevenin trace behind a diode, uniformly sampled."""
    trace = PowerTrace("t", TheveninSource(np.asarray(voltage_v, dtype=np.float64), resistance_ohm), step_s, end=end)
    return compile_source(trace, _supply(Direct(diode_drop=drop_v)))


def curve(
    knee_v: ArrayLike, knee_i: ArrayLike, step_s: float, drop_v: float = 0.0, end: TraceEnd = TraceEnd.LOOP
) -> CompiledSource:
    """A trace of current-voltage curves behind a diode, uniformly sampled."""
    volts, amps = (np.asarray(knee, dtype=np.float64) for knee in (knee_v, knee_i))
    return compile_source(
        PowerTrace("t", CurveSource(volts, amps), step_s, end=end), _supply(Direct(diode_drop=drop_v))
    )


class Journey(NamedTuple):
    """Why a way through the trace ended, and the state it ended in."""

    code: int
    state: NodeState

    @property
    def time_s(self) -> float:
        return float(self.state.tv[0])

    @property
    def voltage(self) -> float:
        return float(self.state.tv[1])

    def book(self, term: int) -> float:
        return float(self.state.supply_j[term])


def in_one_call(node: Node, source: CompiledSource, v0: float, drive: Drive, offset_s: float = 0.0) -> Journey:
    """All of it in one call, which may cross many segments in a step."""
    state = start_state(source, v0, offset_s)
    code, _ = advance(node, source, state, drive.load_w, True, drive.duration_s, drive.low_v, drive.high_v, True)
    return Journey(int(code), state)


def segment_by_segment(node: Node, source: CompiledSource, v0: float, drive: Drive, offset_s: float = 0.0) -> Journey:
    """The same with a call for every segment, so that none can be skipped."""
    state = start_state(source, v0, offset_s)
    while True:
        rest = drive.duration_s - state.tv[0]
        if rest <= 0.0:
            return Journey(TIME, state)
        piece = min(rest, segment_stop(source, state) - state.tv[0])
        code, _ = advance(node, source, state, drive.load_w, True, piece, drive.low_v, drive.high_v, True)
        if code != TIME or piece == rest:
            return Journey(int(code), state)


def moved_j(journey: Journey, drive: Drive) -> float:
    """All energy that went anywhere: the scale of the books."""
    return float(journey.state.supply_j.sum() + drive.load_w * journey.time_s)


def imbalance_j(journey: Journey, node: Node, v0: float, drive: Drive) -> float:
    """What the books of the supply and the load leave unexplained of the change in store."""
    book = journey.book
    used = book(FRONTEND_LOSS) + book(SPILLED) + book(LEAKED) + book(QUIESCENT) + drive.load_w * journey.time_s
    stored = stored_j(size_of(node), journey.voltage) - stored_j(size_of(node), v0)
    return book(HARVESTED) - used - stored
