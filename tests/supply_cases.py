"""Supplies with every kind of part, drawn at random, and a way through their trace with the books that belong to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from simint.hardware.capacitor import Capacitor, Derating, LeakageTable
from simint.hardware.converter import Boost, ColdStart, Direct
from simint.hardware.efficiency import EfficiencyTable
from simint.hardware.regulator import Buck, Ldo, Regulator
from simint.hardware.supply import Supply
from simint.physics.front_end import compile_source
from simint.physics.source import CompiledSource
from simint.physics.state import AVAILABLE, HARVESTED, NodeState, start_state
from simint.physics.stepping import advance
from simint.physics.wiring import Node, build_node, stored_at
from simint.trace.power_trace import (
    CurrentSource,
    CurveSource,
    PowerSource,
    PowerTrace,
    Source,
    TheveninSource,
    TraceEnd,
)

POWER, THEVENIN, CURVE, CURRENT = range(4)
V_ON, V_OFF, TOP_V = 1.9, 1.1, 4.0
OUTPUT_V = 1.0
BOOST_TABLE = EfficiencyTable(
    voltage=(0.5, 1.0, 2.0), current=(1e-5, 1e-3), efficiency=((0.3, 0.5), (0.6, 0.7), (0.8, 0.9))
)


@dataclass(frozen=True)
class Case:
    """A supply at its trace, and one stretch of time on it."""

    supply: Supply
    trace: PowerTrace
    v0: float
    load_w: float
    on: bool
    duration_s: float
    low_v: float
    high_v: float
    offset_s: float = 0.0

    def source(self) -> CompiledSource:
        return compile_source(self.trace, self.supply)

    def node(self) -> Node:
        return build_node(self.supply)

    def with_esr(self, ohm: float) -> Case:
        capacitor = msgspec.structs.replace(self.supply.capacitor, esr=ohm)
        return replace(self, supply=msgspec.structs.replace(self.supply, capacitor=capacitor))


@dataclass(frozen=True)
class Way:
    """How a stretch ended: code and seconds as `advance` said, and the state after it."""

    code: int
    seconds: float
    state: NodeState

    @property
    def voltage(self) -> float:
        return float(self.state.tv[1])

    def book(self, term: int) -> float:
        return float(self.state.supply_j[term])


def go(case: Case) -> Way:
    """The whole stretch in one call."""
    source = case.source()
    state = start_state(source, case.v0, case.offset_s)
    code, seconds = advance(
        case.node(), source, state, case.load_w, case.on, case.duration_s, case.low_v, case.high_v, True
    )
    return Way(int(code), float(seconds), state)


def go_in_parts(case: Case, shares: list[float]) -> Way:
    """The same with a call for each part of the time."""
    source, node = case.source(), case.node()
    state, code = start_state(source, case.v0, case.offset_s), 0
    for until in (*sorted(share * case.duration_s for share in shares), case.duration_s):
        left = until - state.tv[0]
        code, _ = advance(node, source, state, case.load_w, case.on, left, case.low_v, case.high_v, True)
        if code != 0:
            break
    return Way(int(code), float(state.tv[0]), state)


def moved_j(case: Case, way: Way) -> float:
    """All energy that went anywhere."""
    return float(way.state.supply_j.sum() - way.book(AVAILABLE) + case.load_w * way.seconds)


def rounding_j(case: Case, way: Way) -> float:
    """What rounding may hide: of the store, and of a source that rests at its open-circuit voltage."""
    node = case.node()
    return 1e-12 * stored_at(node, max(case.v0, way.voltage)) + 1e-14 * way.book(AVAILABLE)


def imbalance_j(case: Case, way: Way) -> float:
    """What the books leave unexplained of the change in store."""
    node, books = case.node(), way.state.supply_j
    used = books[AVAILABLE + 1 :].sum() + case.load_w * way.seconds
    return float(books[HARVESTED] - used - (stored_at(node, way.voltage) - stored_at(node, case.v0)))


def draw_case(seed: int, extreme: bool, esr: bool) -> Case:
    """Any parts joined in any way that has a meaning; `extreme`: over many orders of magnitude."""
    rng = np.random.default_rng(seed)
    kind = int(rng.integers(4))
    amps = log_uniform(rng, 1e-9, 10.0) if extreme else log_uniform(rng, 1e-4, 2e-2)
    segments = int(rng.integers(1, 12))
    trace = PowerTrace(
        "t",
        _source(rng, kind, segments, amps, extreme),
        step_s=log_uniform(rng, 1e-6, 1e3) if extreme else log_uniform(rng, 1e-2, 1.0),
        end=list(TraceEnd)[rng.integers(3)],
    )
    regulator, on = _regulator(rng), bool(rng.random() < 0.6)
    v_max = float(rng.choice([2.7, 3.6, TOP_V])) if rng.random() < 0.6 else math.inf
    supply = Supply(
        name="s",
        source="test",
        converter=_converter(rng, kind),
        capacitor=_capacitor(rng, extreme, esr),
        v_on=V_ON,
        v_off=V_OFF,
        v_max=v_max,
        regulator=regulator,
        quiescent=0.0 if rng.random() < 0.4 else log_uniform(rng, *((1e-9, 1e-3) if extreme else (1e-7, 1e-5))),
        quiescent_on=None if rng.random() < 0.5 else 2e-5,
    )
    top = min(supply.ceiling, TOP_V)
    regulated = on and regulator is not None
    v0 = float(rng.choice([V_OFF, 2.0, top]) if rng.random() < 0.3 else rng.uniform(1.2 if regulated else 0.0, top))
    return Case(
        supply=supply,
        trace=trace,
        v0=v0,
        load_w=log_uniform(rng, *((1e-9, 100.0) if extreme else (1e-4, 5e-2))) if on else 0.0,
        on=on,
        duration_s=trace.duration_s * float(rng.uniform(0.1, 2.5)),
        # Below its output no regulator works.
        low_v=V_OFF if regulated else float(rng.choice([low_v for low_v in (0.0, V_OFF, 2.0) if low_v <= v0])),
        high_v=float(rng.uniform(1.2, top)) if rng.random() < 0.5 else math.inf,
        offset_s=0.0 if rng.random() < 0.5 else trace.duration_s * float(rng.random()),
    )


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(10.0 ** rng.uniform(math.log10(low), math.log10(high)))


def _source(rng: np.random.Generator, kind: int, segments: int, amps: float, extreme: bool) -> Source:
    strength = rng.choice([0.0, 0.3, 1.0, 2.0], segments) * rng.uniform(0.8, 1.2, segments)
    strength[rng.integers(segments)] = 1.5
    if kind == POWER:
        return PowerSource(3.0 * strength * amps, np.full(segments, 2.0))
    if kind == THEVENIN:
        return TheveninSource(4.0 * strength, log_uniform(rng, *((1e-2, 1e6) if extreme else (10.0, 5e3))))
    if kind == CURVE:
        shape = np.array([1.0, 0.95, 0.9, 0.6, 0.0])
        return CurveSource(np.array([0.0, 1.0, 2.4, 3.3, 4.2]), strength[:, None] * shape * amps)
    return CurrentSource(strength * amps, float(rng.uniform(2.5, 4.5)))


def _converter(rng: np.random.Generator, kind: int) -> Boost | Direct:
    if kind != POWER and rng.random() < 0.7:
        return Direct(diode_drop=float(rng.choice([0.0, 0.3])))
    cold = ColdStart(below=1.8, efficiency=float(rng.uniform(0, 1))) if rng.random() < 0.4 else None
    if rng.random() < 0.5:
        return Boost(efficiency=0.8, cold_start=cold)
    return Boost(table=BOOST_TABLE, cold_start=cold)


def _capacitor(rng: np.random.Generator, extreme: bool, esr: bool) -> Capacitor:
    capacitance = log_uniform(rng, *((1e-9, 10.0) if extreme else (1e-5, 1e-2)))
    ohm = log_uniform(rng, *((1e-6, 1e6) if extreme else (0.05, 100.0)))
    derating = Derating(voltage=(0.0, 1.1, 2.3, 3.1), share=(1.0, 0.8, 0.5, 0.3)) if rng.random() < 0.4 else None
    leakage, table, pick = math.inf, None, rng.random()
    if pick < 0.3:
        leakage = log_uniform(rng, *((10.0, 1e9) if extreme else (1e4, 1e6)))
    elif pick < 0.6:
        leak = log_uniform(rng, *((1e-9, 1e-3) if extreme else (1e-7, 1e-5)))
        table = LeakageTable(voltage=(0.0, 1.0, 2.5, 4.0), current=(0.0, leak, 3 * leak, 10 * leak))
    return Capacitor(
        capacitance=capacitance,
        esr=ohm if esr else 0.0,
        derating=derating,
        leakage=leakage,
        leakage_table=table,
    )


def _regulator(rng: np.random.Generator) -> Regulator | None:
    pick = rng.random()
    if pick < 0.25:
        return Ldo(output_voltage=OUTPUT_V)
    if pick < 0.6:
        return Buck(output_voltage=OUTPUT_V, table=random_buck_table(rng))
    return Buck(output_voltage=OUTPUT_V, efficiency=0.8) if pick < 0.75 else None


def random_buck_table(rng: np.random.Generator) -> EfficiencyTable:
    """Efficiency that jumps up and down over the capacitor's voltage."""
    rows = tuple(tuple(float(x) for x in rng.uniform(0.4, 0.95, 3)) for _ in range(4))
    return EfficiencyTable(voltage=(1.5, 2.0, 2.6, 3.2), current=(0.0, 1e-3, 1e-2), efficiency=rows)
