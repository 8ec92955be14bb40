"""Random supplies, sources and loads for table 2: every kind of part, alone and behind a series resistance."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from netlist import Circuit

from simint.hardware.capacitor import Capacitor, Derating, LeakageTable
from simint.hardware.converter import Boost, ColdStart, Converter, Direct
from simint.hardware.efficiency import EfficiencyTable
from simint.hardware.regulator import Buck, Ldo, Regulator
from simint.hardware.supply import Supply
from simint.trace.power_trace import PowerTrace, TraceEnd
from simint.trace.source import CurrentSource, CurveSource, PowerSource, Source, TheveninSource

V_ON, V_OFF = 3.0, 2.0
Random = np.random.Generator
Draw = Callable[[Random], Circuit]


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
    return _held_current("held at the compliance, then off", random, 0.0)


def _held_current(kind: str, random: Random, esr: float) -> Circuit:
    current = _scale(random, 1e-3, 5e-3)
    source = CurrentSource(np.array([current, 0.0]), 2.7)
    supply = _supply(random, Direct(), v_on=2.5, esr=esr)
    until_s = (1.2 if esr else 2.0) * supply.capacitor.capacitance / current
    trace = _trace(source, [0.0, until_s, 2.0 * until_s])
    return Circuit(kind, supply, trace, 0.3 * current * 2.7, 2.2, V_OFF, False)


def _curve(random: Random) -> Circuit:
    supply = _supply(random, Direct(diode_drop=0.15))
    return _rise("IV curve", supply, _trace(_cell(random)))


def _cell(random: Random) -> CurveSource:
    voltage = np.array([0.0, 1.5, 2.4, 2.9, 3.3, 3.6, 3.8])
    current = _scale(random, 5e-4, 5e-3) * np.array([1.0, 0.98, 0.93, 0.8, 0.55, 0.25, 0.0])
    return CurveSource(voltage, current[None, :])


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
    return _held_at_edge("sliding at a table edge, then dusk", random, 0.0)


def _held_at_edge(kind: str, random: Random, esr: float) -> Circuit:
    buck = _bins(random, 0.95, 0.6)
    supply = _supply(random, Boost(), regulator=buck, esr=esr)
    load = _scale(random, 2e-3, 1e-2)
    source = PowerSource(load * np.array([1.0 / 0.78, 0.4]))
    assert buck.table is not None
    edge, size = buck.table.voltage[1], supply.capacitor.capacitance
    until_s = 3.0 * size * (V_ON**2 - edge**2) / (load / 0.6 - float(source.power_w[0]))
    trace = _trace(source, [0.0, until_s, 2.0 * until_s])
    return _fall(kind, supply, trace, load)


def _derated(random: Random) -> Circuit:
    derating = Derating(voltage=(0.0, 1.0, 2.2, 2.6, 2.9), share=(1.0, 0.8, 0.6, 0.5, 0.4))
    return _rise("capacitance over voltage", _supply(random, derating=derating), _trace(_powers(random, 1.0)))


def _leaking(random: Random) -> Circuit:
    scale = _scale(random, 1e-5, 1e-4)
    table = LeakageTable(voltage=(0.0, 1.0, 2.4, 3.0), current=(0.0, scale, 4 * scale, 12 * scale))
    return _rise("leakage by table", _supply(random, leakage_table=table), _trace(_powers(random, 1.0)))


def _clamped(random: Random) -> Circuit:
    """Charged up to the clamp, then darkness under a load."""
    return _filled("clamped, then dark", random, 3.0, 0.0)


def _filled(kind: str, random: Random, fills: float, esr: float) -> Circuit:
    supply = _supply(random, v_max=3.2, esr=esr)
    source = _powers(random, 1.0, 0.0)
    fill_s = supply.capacitor.capacitance / 2 * (3.2**2 - V_ON**2) / (0.4 * float(source.power_w[0]))
    trace = _trace(source, [0.0, fills * fill_s, 6.0 * fill_s])
    return _fall(kind, supply, trace, 0.1 * float(source.power_w[0]))


def _cold(random: Random) -> Circuit:
    cold = ColdStart(below=float(random.uniform(2.3, 2.7)), efficiency=float(random.uniform(0.05, 0.4)))
    return _rise("cold start", _supply(random, Boost(efficiency=0.85, cold_start=cold)), _trace(_powers(random, 1.0)))


def _esr_compliance(random: Random) -> Circuit:
    """The current falls while the capacitor behind its resistance fills up to the compliance voltage."""
    return _held_current("series resistance, compliance", random, _scale(random, 20.0, 200.0))


def _esr_sliding(random: Random) -> Circuit:
    return _held_at_edge("series resistance, sliding", random, _scale(random, 0.5, 20.0))


def _esr_clamped(random: Random) -> Circuit:
    """Dark before the capacitor behind its resistance is full."""
    return _filled("series resistance, clamped", random, 1.2, _scale(random, 20.0, 200.0))


def _esr_tables(random: Random) -> Circuit:
    derating = Derating(voltage=(0.0, 1.0, 2.2, 2.6, 2.9), share=(1.0, 0.8, 0.6, 0.5, 0.4))
    supply = _supply(random, Direct(diode_drop=0.15), esr=_scale(random, 5.0, 300.0), derating=derating)
    return _rise("series resistance, IV curve, C(V)", supply, _trace(_cell(random)))


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
    _cold,
    _esr_compliance,
    _esr_sliding,
    _esr_clamped,
    _esr_tables,
)
