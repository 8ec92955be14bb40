"""Table 2: ngspice on random supplies and loads against simint's closed forms.

Needs the program `ngspice` (Debian package of that name). `--seed` draws other circuits, `--each` more of every kind.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import Report, Table, error_percent, parser, run
from netlist import SMOOTH_V, Circuit, crossing_s

from simint.errors import InputError
from simint.hardware.capacitor import Capacitor, Derating, LeakageTable
from simint.hardware.converter import Boost, Converter, Direct
from simint.hardware.efficiency import EfficiencyTable
from simint.hardware.regulator import Buck, Ldo, Regulator
from simint.hardware.supply import Supply
from simint.physics.front_end import compile_source
from simint.physics.state import HIGH, LOW, start_state
from simint.physics.stepping import advance
from simint.physics.wiring import build_node
from simint.trace.power_trace import PowerTrace, TraceEnd
from simint.trace.source import CurrentSource, CurveSource, PowerSource, Source, TheveninSource
from simint.units import format_quantity

V_ON, V_OFF = 3.0, 2.0
STEPS = 20_000
Random = np.random.Generator
Draw = Callable[[Random], Circuit]


def simint_s(circuit: Circuit) -> float:
    """When simint says that the terminals cross the threshold; NaN where they never do."""
    node, source = build_node(circuit.supply), compile_source(circuit.trace, circuit.supply)
    state = start_state(source, circuit.start_v, 0.0)
    low, high = (-math.inf, circuit.threshold_v) if circuit.rising else (circuit.threshold_v, math.inf)
    code, _ = advance(node, source, state, circuit.load_w, True, 1e7, low, high, True)
    return float(state.tv[0]) if code == (HIGH if circuit.rising else LOW) else math.nan


def _scale(random: Random, low: float, high: float) -> float:
    return float(10.0 ** random.uniform(math.log10(low), math.log10(high)))


def _supply(
    random: Random,
    converter: Converter | None = None,
    regulator: Regulator | None = None,
    esr: float = 0.0,
    leakage_table: LeakageTable | None = None,
    derating: Derating | None = None,
    v_max: float = math.inf,
    v_on: float = V_ON,
) -> Supply:
    capacitor = Capacitor(
        capacitance=_scale(random, 50e-6, 5e-3),
        leakage=math.inf if leakage_table else _scale(random, 1e4, 1e6),
        leakage_table=leakage_table,
        esr=esr,
        derating=derating,
    )
    return Supply(
        name="random",
        source="drawn",
        converter=converter or Boost(efficiency=float(random.uniform(0.5, 1.0))),
        capacitor=capacitor,
        v_on=v_on,
        v_off=V_OFF,
        v_max=v_max,
        regulator=regulator,
        quiescent=_scale(random, 1e-7, 1e-5),
    )


def _trace(source: Source, edges_s: list[float] | None = None) -> PowerTrace:
    if edges_s is None:
        return PowerTrace("random", source, 1.0, end=TraceEnd.HOLD)
    return PowerTrace("random", source, edges_s=np.array(edges_s), end=TraceEnd.HOLD)


def _powers(random: Random, *share: float) -> PowerSource:
    return PowerSource(_scale(random, 1e-3, 1e-2) * np.array(share))


def _rise(kind: str, supply: Supply, trace: PowerTrace, load_w: float = 0.0) -> Circuit:
    return Circuit(kind, supply, trace, load_w, V_OFF, V_ON, True)


def _fall(kind: str, supply: Supply, trace: PowerTrace, load_w: float) -> Circuit:
    return Circuit(kind, supply, trace, load_w, V_ON, V_OFF, False)


def _charging(random: Random) -> Circuit:
    return _rise("constant power, charging", _supply(random), _trace(_powers(random, 1.0)))


def _discharging(random: Random) -> Circuit:
    source = _powers(random, 1.0)
    load = float(source.power_w[0]) * random.uniform(1.5, 5.0)
    return _fall("constant power, discharging", _supply(random), _trace(source), load)


def _thevenin(random: Random) -> Circuit:
    source = TheveninSource(np.array([random.uniform(4.0, 6.0)]), _scale(random, 300.0, 5e3))
    return _rise("Thevenin through a diode", _supply(random, Direct(diode_drop=0.3)), _trace(source))


def _thevenin_load(random: Random) -> Circuit:
    source = TheveninSource(np.array([random.uniform(4.0, 6.0)]), _scale(random, 1e3, 5e3))
    load = float(source.voltage_v[0]) ** 2 / (4 * float(source.resistance_ohm)) * random.uniform(1.1, 3.0)  # type: ignore[arg-type]
    return _fall("Thevenin under a load", _supply(random, Direct()), _trace(source), load)


def _current(random: Random) -> Circuit:
    source = CurrentSource(np.array([_scale(random, 2e-4, 5e-3)]), 4.0)
    return _rise("constant current", _supply(random, Direct(diode_drop=0.2)), _trace(source))


def _compliance(random: Random) -> Circuit:
    """Held at the compliance voltage until the current breaks off."""
    current = _scale(random, 1e-3, 5e-3)
    source = CurrentSource(np.array([current, 0.0]), 2.7)
    supply = _supply(random, Direct(), v_on=2.5)
    until_s = 2.0 * supply.capacitor.capacitance / current
    trace = _trace(source, [0.0, until_s, 2.0 * until_s])
    load = 0.3 * current * 2.7
    return Circuit("held at the compliance, then off", supply, trace, load, 2.2, V_OFF, False)


def _curve(random: Random) -> Circuit:
    voltage = np.array([0.0, 1.5, 2.4, 2.9, 3.3, 3.6, 3.8])
    current = _scale(random, 5e-4, 5e-3) * np.array([1.0, 0.98, 0.93, 0.8, 0.55, 0.25, 0.0])
    supply = _supply(random, Direct(diode_drop=0.15))
    return _rise("IV curve", supply, _trace(CurveSource(voltage, current[None, :])))


def _esr_charging(random: Random) -> Circuit:
    supply = _supply(random, esr=_scale(random, 0.5, 50.0))
    return _rise("series resistance, charging", supply, _trace(_powers(random, 1.0)))


def _esr_load(random: Random) -> Circuit:
    source = _powers(random, 1.0)
    load = float(source.power_w[0]) * random.uniform(1.5, 4.0)
    supply = _supply(random, esr=_scale(random, 0.5, 0.3 / (load / 2.0)))
    return _fall("series resistance under a load", supply, _trace(source), load)


def _esr_thevenin(random: Random) -> Circuit:
    source = TheveninSource(np.array([random.uniform(4.0, 6.0)]), _scale(random, 300.0, 5e3))
    supply = _supply(random, Direct(diode_drop=0.3), esr=_scale(random, 1.0, 100.0))
    return _rise("series resistance, Thevenin", supply, _trace(source))


def _linear(random: Random) -> Circuit:
    supply = _supply(random, regulator=Ldo(output_voltage=1.8))
    return _fall("linear regulator", supply, _trace(_powers(random, 0.5)), _scale(random, 8e-3, 3e-2))


def _bins(random: Random, first: float, second: float) -> Buck:
    edge = float(random.uniform(2.3, 2.7))
    table = EfficiencyTable(voltage=(0.0, edge), current=(0.0,), efficiency=((first,), (second,)))
    return Buck(output_voltage=1.8, table=table)


def _buck(random: Random) -> Circuit:
    supply = _supply(random, regulator=_bins(random, 0.7, 0.95))
    return _fall("buck by table", supply, _trace(_powers(random, 0.5)), _scale(random, 8e-3, 3e-2))


def _sliding(random: Random) -> Circuit:
    """Below the edge the load is light enough for the harvest, above too heavy: the voltage stays, until dusk."""
    buck = _bins(random, 0.95, 0.6)
    supply = _supply(random, Boost(), regulator=buck)
    load = _scale(random, 2e-3, 1e-2)
    source = PowerSource(load * np.array([1.0 / 0.78, 0.4]))
    assert buck.table is not None
    edge, size = buck.table.voltage[1], supply.capacitor.capacitance
    until_s = 3.0 * size * (V_ON**2 - edge**2) / (load / 0.6 - float(source.power_w[0]))
    trace = _trace(source, [0.0, until_s, 2.0 * until_s])
    return _fall("sliding at a table edge, then dusk", supply, trace, load)


def _derated(random: Random) -> Circuit:
    derating = Derating(voltage=(0.0, 1.0, 2.2, 2.6, 2.9), share=(1.0, 0.8, 0.6, 0.5, 0.4))
    return _rise("capacitance over voltage", _supply(random, derating=derating), _trace(_powers(random, 1.0)))


def _leaking(random: Random) -> Circuit:
    scale = _scale(random, 1e-5, 1e-4)
    table = LeakageTable(voltage=(0.0, 1.0, 2.4, 3.0), current=(0.0, scale, 4 * scale, 12 * scale))
    return _rise("leakage by table", _supply(random, leakage_table=table), _trace(_powers(random, 1.0)))


def _clamped(random: Random) -> Circuit:
    """Charged up to the clamp, then darkness under a load."""
    supply = _supply(random, v_max=3.2)
    source = _powers(random, 1.0, 0.0)
    fill_s = supply.capacitor.capacitance / 2 * (3.2**2 - V_ON**2) / (0.4 * float(source.power_w[0]))
    trace = _trace(source, [0.0, 3.0 * fill_s, 6.0 * fill_s])
    return _fall("clamped, then dark", supply, trace, 0.1 * float(source.power_w[0]))


KINDS: tuple[Draw, ...] = (
    _charging,
    _discharging,
    _thevenin,
    _thevenin_load,
    _current,
    _compliance,
    _curve,
    _esr_charging,
    _esr_load,
    _esr_thevenin,
    _linear,
    _buck,
    _sliding,
    _derated,
    _leaking,
    _clamped,
)


def drawn(seed: int, each: int) -> list[Circuit]:
    """`each` circuits of every kind whose threshold is met; one that never meets it is drawn again."""
    circuits = []
    for place, draw in enumerate(KINDS):
        random = np.random.default_rng([seed, place])
        found: list[Circuit] = []
        while len(found) < each:
            circuit = draw(random)
            if math.isfinite(simint_s(circuit)):
                found.append(circuit)
        circuits += found
    return circuits


def compared(circuit: Circuit, steps: int = STEPS) -> tuple[float, float]:
    """When the threshold is crossed, s: by simint and by ngspice."""
    ours = simint_s(circuit)
    return ours, crossing_s(circuit, 1.05 * ours, steps)


def make(data: Path, options: argparse.Namespace) -> Report:
    """The table over all kinds; see the module."""
    if shutil.which("ngspice") is None:
        raise InputError("ngspice is not installed (Debian package `ngspice`)")
    rows, worst = [], 0.0
    for circuit in drawn(options.seed, options.each):
        ours, theirs = compared(circuit)
        finer = compared(circuit, 4 * STEPS)[1]
        worst = max(worst, abs(error_percent(ours, finer)), math.inf if math.isnan(finer) else 0.0)
        capacitor = circuit.supply.capacitor
        rows.append(
            [
                circuit.kind,
                format_quantity(capacitor.capacitance, "F", 3),
                format_quantity(capacitor.esr, "ohm", 3) if capacitor.esr else "",
                format_quantity(circuit.load_w, "W", 3) if circuit.load_w else "",
                f"{ours:.6g}",
                f"{error_percent(ours, theirs):+.5f}",
                f"{error_percent(ours, finer):+.5f}",
            ]
        )
    header = ["circuit", "C", "ESR", "load", "crossing, s", "difference, %", "with a quarter of the step, %"]
    summary = (
        f"{len(rows)} random circuits of {len(KINDS)} kinds: the largest difference is {worst:.4f} % (aim: 0.1 %). "
        f"Table edges are {SMOOTH_V * 1e6:.0f} uV wide in ngspice."
    )
    return Report(summary, [Table(header, rows, "**2. Times to a threshold against ngspice**")])


if __name__ == "__main__":
    made = parser(__doc__)
    made.add_argument("--seed", type=int, default=1, help="of the random circuits (default: %(default)s)")
    made.add_argument("--each", type=int, default=3, metavar="N", help="circuits of every kind (default: %(default)s)")
    sys.exit(run(made, make))
