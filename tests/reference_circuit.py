"""A supply and its source by general-purpose solvers: Kirchhoff's laws by root finding, time by scipy's integrator.

Slow, and sharing no code with `simint.physics`. One segment of a trace at a time; within it the integration stops at
every edge of a table and every bend of the source, so that it only ever meets smooth functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, minimize_scalar

from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Boost
from simint.hardware.efficiency import EfficiencyTable
from simint.hardware.regulator import Buck, Ldo
from simint.hardware.supply import Supply
from simint.trace.power_trace import CurrentSource, PowerSource, Source, TheveninSource

HARVESTED, FRONTEND_LOSS, SPILLED, LEAKED, ESR_LOSS, QUIESCENT, REGULATOR_LOSS = range(7)
PASSED, FELL, ROSE = range(3)
_NUDGE = 1e-9


class Collapse(Exception):
    """The load takes more than the resistance lets through."""


@dataclass
class Now:
    """Time s, capacitor voltage V, and what went where, J."""

    voltage: float
    time_s: float = 0.0
    books: np.ndarray = field(default_factory=lambda: np.zeros(7))


@dataclass(frozen=True)
class Circuit:
    """What a supply, one segment of a source and a constant-power device are while none of them changes."""

    supply: Supply
    source: Source
    segment: int
    load_w: float
    on: bool

    def edges(self) -> list[float]:
        """Capacitor voltages at which something jumps or bends."""
        capacitor, regulator, found = self.supply.capacitor, self.supply.regulator, set()
        if capacitor.derating is not None:
            found.update(capacitor.derating.voltage)
        if capacitor.leakage_table is not None:
            found.update(capacitor.leakage_table.voltage)
        if isinstance(regulator, Buck) and regulator.table is not None:
            found.update(regulator.table.voltage[1:])
        if isinstance(self.supply.converter, Boost) and self.supply.converter.cold_start is not None:
            found.add(self.supply.converter.cold_start.below)
        return sorted(found - {0.0})

    def bends(self) -> list[float]:
        """Terminal voltages at which the source's current bends, and the clamp."""
        found = [self.supply.ceiling] if math.isfinite(self.supply.ceiling) else []
        if isinstance(self.supply.converter, Boost):
            return found
        drop = self.supply.converter.diode_drop
        if isinstance(self.source, TheveninSource):
            volts = [self.source.voltage_v[self.segment]]
        elif isinstance(self.source, CurrentSource):
            volts = [self.source.compliance_v]
        else:
            volts = list(np.broadcast_to(self.source.voltage_v, self.source.current_a.shape)[self.segment])
        return found + [float(volt) - drop for volt in volts if volt > drop]

    def taken_w(self, v: float) -> tuple[float, float]:
        """Power a boost charger takes from the source and gives on, W, with the capacitor around `v`."""
        boost = self.supply.converter
        assert isinstance(boost, Boost)
        volt, amp = operating_point(self.source, self.segment, boost.source_voltage)
        if boost.cold_start is not None and v < boost.cold_start.below:
            return volt * amp, boost.cold_start.efficiency * volt * amp
        eta = boost.efficiency if boost.table is None else looked_up(boost.table, volt, amp)
        return volt * amp, eta * volt * amp

    def source_a(self, u: float, v: float) -> float:
        """Current of the source into terminals at `u`, A; a current source regardless of its compliance."""
        if isinstance(self.supply.converter, Boost):
            return self.taken_w(v)[1] / u
        before = u + self.supply.converter.diode_drop
        if isinstance(self.source, TheveninSource):
            ohm = float(np.broadcast_to(self.source.resistance_ohm, self.source.segments)[self.segment])
            return max(float(self.source.voltage_v[self.segment]) - before, 0.0) / ohm
        if isinstance(self.source, CurrentSource):
            return float(self.source.current_a[self.segment])
        volts = np.broadcast_to(self.source.voltage_v, self.source.current_a.shape)[self.segment]
        return float(np.interp(before, volts, self.source.current_a[self.segment], right=0.0))

    def load_a(self, u: float, v: float) -> float:
        """Current of the device's regulator from terminals at `u`, with the capacitor around `v`, A."""
        regulator = self.supply.regulator
        if isinstance(regulator, Ldo):
            return self.load_w / regulator.output_voltage
        eta = 1.0
        if isinstance(regulator, Buck):
            amp = self.load_w / regulator.output_voltage
            eta = regulator.efficiency if regulator.table is None else looked_up(regulator.table, v, amp)
        return self.load_w / eta / u

    def quiescent_a(self) -> float:
        """Quiescent current, A."""
        return self.supply.on_current if self.on else self.supply.quiescent

    def terminals(self, v: float, side: float) -> tuple[float, float, float]:
        """Terminal voltage, current of the source, and current the clamp takes, with tables read at `side`."""
        current_source = isinstance(self.source, CurrentSource) and not isinstance(self.supply.converter, Boost)
        cut = math.inf
        if current_source:
            cut = self.source.compliance_v - self.supply.converter.diode_drop  # type: ignore[union-attr]
        drawn = self.quiescent_a()

        def outside(u: float, with_source: bool) -> float:
            return (self.source_a(u, side) if with_source else 0.0) - self.load_a(u, side) - drawn

        u = self._balance(v, lambda u: outside(u, True))
        gives = True
        if u > cut:
            u, gives = self._balance(v, lambda u: outside(u, False)), False
            if u < cut:
                u = min(cut, self.supply.ceiling)
                amp = self._inflow(u, v) + self.load_a(u, side) + drawn
                return u, amp, 0.0
        ceiling = self.supply.ceiling
        spilled = 0.0
        if u > ceiling:
            u = ceiling
            spilled = outside(u, gives) - self._inflow(u, v)
        return u, self.source_a(u, side) if gives else 0.0, spilled

    def _inflow(self, u: float, v: float) -> float:
        return (u - v) / self.supply.capacitor.esr

    def _balance(self, v: float, outside: Callable[[float], float]) -> float:
        """The highest terminal voltage at which the current through the series resistance is the one outside."""
        esr = self.supply.capacitor.esr
        if esr == 0.0:
            return v

        def miss(u: float) -> float:
            return u - v - esr * outside(u)

        high = max(v, 1e-6)
        while miss(high) < 0.0:
            high *= 2.0
        low = high
        while miss(low) > 0.0:
            if low < 1e-9 and self.load_w > 0.0:
                raise Collapse
            # The integrator tries steps that lead below 0 V.
            low = 0.98 * low if low >= 1e-9 else min(2.0 * low, -1e-3)
        return high if high == low else float(brentq(miss, low, high, xtol=1e-15, rtol=8.9e-16))

    def rates(self, v: float, side: float) -> np.ndarray:
        """dV/dt, and the powers of the books."""
        capacitor = self.supply.capacitor
        u, source_a, clamp_a = self.terminals(v, side)
        drawn = self.quiescent_a()
        load_a, leak_a = self.load_a(u, side), leakage_a(capacitor, v)
        i = source_a - load_a - drawn - clamp_a
        if isinstance(self.supply.converter, Boost):
            taken_w, given_w = self.taken_w(side)
            harvested, lost = taken_w, taken_w - given_w
        else:
            lost = self.supply.converter.diode_drop * source_a
            harvested = u * source_a + lost
        powers = [
            harvested,
            lost,
            u * clamp_a,
            v * leak_a,
            capacitor.esr * i * i,
            u * drawn,
            u * load_a - self.load_w,
        ]
        return np.array([(i - leak_a) / capacitance(capacitor, side), *powers])


def follow(circuit: Circuit, now: Now, seconds: float, low_v: float, high_v: float) -> int:
    """Carry `now` on for `seconds`, or until the terminals fall to `low_v` or rise to `high_v`."""
    end = now.time_s + seconds
    while end - now.time_s > 1e-13 * end:
        v = now.voltage
        rate = circuit.rates(v, v * (1 + _NUDGE))[0]
        side = v * (1 + _NUDGE)
        edge_here = any(abs(v - edge) <= 1e-12 * edge for edge in circuit.edges())
        if edge_here and rate < 0:
            side = v * (1 - _NUDGE)
            below = circuit.rates(v, side)[0]
            if below > 0:
                _take_turns(circuit, now, end - now.time_s, rate, below)
                return PASSED
            rate = below
        u = circuit.terminals(v, side)[0]
        if rate < 0 and u <= low_v * (1 + 1e-13):
            return FELL
        if u >= high_v * (1 - 1e-13):
            return ROSE
        marks: list[tuple[float, bool]] = [(edge, False) for edge in circuit.edges() if abs(v - edge) > 1e-12 * edge]
        marks += [(bend, True) for bend in circuit.bends() if abs(u - bend) > 1e-12 * bend]
        thresholds = [(level, True) for level in (low_v, high_v) if 0 < level < math.inf and abs(u - level) > 1e-12]
        events = [_mark(circuit, side, *mark) for mark in (*marks, *thresholds)]
        solved = solve_ivp(
            lambda _, y, side=side: circuit.rates(y[0], side),
            (now.time_s, end),
            np.concatenate(([v], now.books)),
            method="DOP853",
            rtol=1e-12,
            atol=np.array([1e-13, *[1e-19] * 7]),
            events=events,
            max_step=(end - now.time_s) / 3,
        )
        now.time_s, now.voltage = float(solved.t[-1]), float(solved.y[0, -1])
        now.books = solved.y[1:, -1]
        met = [k for k, times in enumerate(solved.t_events) if times.size and times[-1] == solved.t[-1]]
        if met and met[0] >= len(marks):
            return FELL if thresholds[met[0] - len(marks)][0] == low_v else ROSE
        if met and not marks[met[0]][1]:
            now.voltage = marks[met[0]][0]
    return PASSED


def _take_turns(circuit: Circuit, now: Now, seconds: float, falling: float, rising: float) -> None:
    """Driven to an edge from both sides: as long on each side as the charge to and fro cancels."""
    v, capacitor = now.voltage, circuit.supply.capacitor
    above, below = v * (1 + _NUDGE), v * (1 - _NUDGE)
    down, up = -falling * capacitance(capacitor, above), rising * capacitance(capacitor, below)
    share = down / (down + up)
    mean = share * circuit.rates(v, below) + (1 - share) * circuit.rates(v, above)
    now.books = now.books + seconds * mean[1:]
    now.time_s += seconds


def _mark(circuit: Circuit, side: float, level: float, at_terminals: bool) -> Callable[[float, np.ndarray], float]:
    def distance(_: float, y: np.ndarray) -> float:
        v = float(y[0])
        return (circuit.terminals(v, side)[0] if at_terminals else v) - level

    distance.terminal = True  # type: ignore[attr-defined]
    return distance


def operating_point(source: Source, segment: int, voltage: float | None) -> tuple[float, float]:
    """Voltage and current at the maximum power point."""
    if isinstance(source, PowerSource):
        volt = float(source.voltage_v[segment]) if source.voltage_v is not None else (voltage or 1.0)
        return volt, float(source.power_w[segment]) / volt
    if isinstance(source, TheveninSource):
        volt = float(source.voltage_v[segment]) / 2
        return volt, volt / float(np.broadcast_to(source.resistance_ohm, source.segments)[segment])
    if isinstance(source, CurrentSource):
        return source.compliance_v, float(source.current_a[segment])
    volts, amps = np.broadcast_to(source.voltage_v, source.current_a.shape)[segment], source.current_a[segment]
    points = [_best_of_piece(volts, amps, k) for k in range(volts.size - 1)]
    return max(points, key=lambda point: point[0] * point[1])


def _best_of_piece(volts: np.ndarray, amps: np.ndarray, k: int) -> tuple[float, float]:
    found = minimize_scalar(
        lambda volt: -volt * np.interp(volt, volts, amps), bounds=volts[k : k + 2], options={"xatol": 1e-11}
    )
    inside = [(float(volt), float(np.interp(volt, volts, amps))) for volt in (*volts[k : k + 2], found.x)]
    return max(inside, key=lambda point: point[0] * point[1])


def looked_up(table: EfficiencyTable, volt: float, amp: float) -> float:
    """The last row and column that begin at or below."""
    row = max([k for k, edge in enumerate(table.voltage) if edge <= volt], default=0)
    column = max([k for k, edge in enumerate(table.current) if edge <= amp], default=0)
    return table.efficiency[row][column]


def leakage_a(capacitor: Capacitor, v: float) -> float:
    """Leakage current, A."""
    table = capacitor.leakage_table
    return v / capacitor.leakage if table is None else float(np.interp(v, table.voltage, table.current))


def capacitance(capacitor: Capacitor, v: float) -> float:
    """dQ/dV at `v`, F."""
    if capacitor.derating is None:
        return capacitor.capacitance
    shares = zip(capacitor.derating.voltage, capacitor.derating.share, strict=True)
    return capacitor.capacitance * [share for volt, share in shares if volt <= v][-1]
