"""A supply, its source and its load as an ngspice netlist, written from the parts alone (no code of simint's physics).

Node `t`: the terminals; node `c`: the capacitor behind its series resistance. Steps of tables are smoothed over
`soft_v`, because a circuit simulator needs continuous currents; the clamp is a steep conductance.
"""

from __future__ import annotations

import math
import re
import subprocess
from dataclasses import dataclass

import numpy as np

from simint.hardware.capacitor import Capacitor, capacitance_steps
from simint.hardware.converter import Boost, Direct
from simint.hardware.regulator import Buck, Ldo
from simint.hardware.supply import Supply
from simint.trace.power_trace import PowerTrace
from simint.trace.source import CurrentSource, CurveSource, PowerSource, TheveninSource

_EDGE_S = 1e-9  # a segment of the trace changes within this time
_CLAMP_S = 1e4
_LOWEST_V = 1e-3  # constant power over less than this voltage would be an infinite current


@dataclass(frozen=True)
class Circuit:
    """One experiment: from `start_v` on the capacitor until the terminals cross `threshold_v`."""

    kind: str
    supply: Supply
    trace: PowerTrace
    load_w: float
    start_v: float
    threshold_v: float
    rising: bool


def netlist(circuit: Circuit, stop_s: float, steps: int, soft_v: float) -> str:
    """The deck: a transient of `stop_s` with steps of at most `stop_s / steps`, and one measurement, `crossing`."""
    supply, inner = circuit.supply, "c" if circuit.supply.capacitor.esr else "t"
    lines = [f"* {circuit.kind}", *_capacitor(supply.capacitor, inner, circuit.start_v)]
    lines += _leakage(supply.capacitor, inner)
    lines += _source(circuit, inner, soft_v)
    lines += _load(circuit, inner, soft_v)
    lines.append(f"Iq t 0 DC {supply.on_current!r}")
    if supply.ceiling < math.inf:
        lines.append(f"Bclamp t 0 I=max(0, V(t) - {supply.ceiling!r}) * {_CLAMP_S!r}")
    direction = "rise" if circuit.rising else "fall"
    lines += [
        ".options reltol=1e-7 abstol=1e-16 vntol=1e-10 chgtol=1e-20 method=trap maxord=2 numdgt=12",
        f".tran {stop_s / steps!r} {stop_s!r} 0 {stop_s / steps!r} uic",
        f".meas tran crossing when v(t)={circuit.threshold_v!r} {direction}=1",
        ".end",
    ]
    return "\n".join(lines) + "\n"


def crossing_s(circuit: Circuit, stop_s: float, steps: int, soft_v: float, program: str = "ngspice") -> float:
    """When ngspice says that the terminals cross the threshold; NaN where it does not see it."""
    done = subprocess.run(
        [program, "-b"],
        input=netlist(circuit, stop_s, steps, soft_v),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    found = re.search(r"^crossing\s*=\s*(\S+)", done.stdout, re.MULTILINE)
    return float(found.group(1)) if found else math.nan


def _capacitor(capacitor: Capacitor, inner: str, start_v: float) -> list[str]:
    """A capacitor; one whose capacitance depends on its voltage as a voltage that follows the charge on another."""
    lows, sizes = capacitance_steps(capacitor)
    lines = [f"Resr t c {capacitor.esr!r}", f".ic v(t)={start_v!r}"] if capacitor.esr else []
    if len(lows) == 1:
        return [*lines, f"Cstore {inner} 0 {sizes[0]!r}", f".ic v({inner})={start_v!r}"]
    unit = capacitor.capacitance
    points, charge = [(0.0, 0.0)], 0.0
    for low, high, size in zip(lows, (*lows[1:], 100.0), sizes, strict=True):
        charge += size * (high - low) / unit
        points.append((charge, high))
    volts, charges = [v for _, v in points], [q for q, _ in points]
    return [
        *lines,
        f"Bstore {inner} 0 V=pwl(V(q), {_numbers(points)})",
        "Bcharge 0 q I=I(Bstore)",
        f"Cq q 0 {unit!r}",
        f".ic v(q)={float(np.interp(start_v, volts, charges))!r}",
    ]


def _leakage(capacitor: Capacitor, inner: str) -> list[str]:
    table = capacitor.leakage_table
    if table is not None:
        (v0, v1), (i0, i1) = table.voltage[-2:], table.current[-2:]
        beyond = 10.0 * v1
        points = [*zip(table.voltage, table.current, strict=True), (beyond, i1 + (i1 - i0) / (v1 - v0) * (beyond - v1))]
        return [f"Bleak {inner} 0 I=pwl(V({inner}), {_numbers(points)})"]
    return [f"Rleak {inner} 0 {capacitor.leakage!r}"] if capacitor.leakage < math.inf else []


def _source(circuit: Circuit, inner: str, soft_v: float) -> list[str]:
    source, converter = circuit.trace.source, circuit.supply.converter
    edges = [float(t) for t in circuit.trace.edge_times(0, circuit.trace.segments)]
    if isinstance(converter, Boost):
        assert isinstance(source, PowerSource)
        eta, cold = repr(converter.efficiency), converter.cold_start
        if cold is not None:
            eta = _steps(inner, soft_v, [cold.below], [cold.efficiency, converter.efficiency])
        level = [float(p) for p in source.power_w]
        return [_level(level, edges), f"Bsource 0 t I=V(level) * ({eta}) / max(V(t), {_LOWEST_V!r})"]
    assert isinstance(converter, Direct)
    drop = converter.diode_drop
    if isinstance(source, TheveninSource):
        level = [float(v) for v in source.voltage_v]
        ohm = float(source.resistance_ohm)  # type: ignore[arg-type]
        return [_level(level, edges), f"Bsource 0 t I=max(0, V(level) - {drop!r} - V(t)) / {ohm!r}"]
    if isinstance(source, CurrentSource):
        level = [float(i) for i in source.current_a]
        left = f"({source.compliance_v - drop!r} - V(t)) / {soft_v!r}"
        return [_level(level, edges), f"Bsource 0 t I=V(level) * 0.5 * (1 + tanh({left}))"]
    assert isinstance(source, CurveSource)
    curve = list(zip(source.voltage_v.tolist(), source.current_a[0].tolist(), strict=True))
    beyond = (10.0 * curve[-1][0], 0.0)
    return [f"Bsource 0 t I=max(0, pwl(V(t) + {drop!r}, {_numbers([*curve, beyond])}))"]


def _level(values: list[float], edges_s: list[float]) -> str:
    """The course of a source over time, as the voltage of a node."""
    points = [(0.0, values[0])]
    for edge, before, after in zip(edges_s[1:-1], values, values[1:], strict=False):
        points += [(edge - _EDGE_S, before), (edge, after)]
    return f"Vlevel level 0 PWL({' '.join(f'{t!r} {v!r}' for t, v in [*points, (1e9, values[-1])])})"


def _load(circuit: Circuit, inner: str, soft_v: float) -> list[str]:
    power, regulator = circuit.load_w, circuit.supply.regulator
    if power == 0.0:
        return []
    if isinstance(regulator, Ldo):
        return [f"Iload t 0 DC {power / regulator.output_voltage!r}"]
    drawn = repr(power)
    if isinstance(regulator, Buck):
        if regulator.table is None:
            drawn = repr(power / regulator.efficiency)
        else:
            assert len(regulator.table.current) == 1
            steps = [power / row[0] for row in regulator.table.efficiency]
            drawn = _steps(inner, soft_v, list(regulator.table.voltage[1:]), steps)
    return [f"Bload t 0 I=({drawn}) / max(V(t), {_LOWEST_V!r})"]


def _steps(inner: str, soft_v: float, edges_v: list[float], values: list[float]) -> str:
    """A table over the capacitor's voltage: its first value, then a soft step at every edge."""
    return repr(values[0]) + "".join(
        f" + {after - before!r} * 0.5 * (1 + tanh((V({inner}) - {edge!r}) / {soft_v!r}))"
        for edge, before, after in zip(edges_v, values, values[1:], strict=False)
    )


def _numbers(points: list[tuple[float, float]]) -> str:
    return ", ".join(f"{x!r}, {y!r}" for x, y in points)
