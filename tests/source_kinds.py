"""One lossy supply and one eventful trace for every kind of source, with work that browns out on them."""

from __future__ import annotations

import numpy as np
from engine_cases import batch, layer, schedule

from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Boost, Direct
from simint.hardware.supply import Supply
from simint.tiling.schedule import Cost, Schedule
from simint.trace.power_trace import CurveSource, PowerSource, Source, TheveninSource

POWER, THEVENIN, CURVE = range(3)
KIND_NAMES = ("power-boost", "thevenin-direct", "curve-direct")

V_ON, V_OFF, V_MAX, V_START = 3.0, 2.0, 3.3, 1.0
CAPACITANCE, LEAKAGE_OHM, QUIESCENT_A = 1e-3, 20e3, 20e-6
EFFICIENCY, DROP_V, OHM = 0.8, 0.3, 1000.0
SEGMENT_S, SEGMENTS = 0.37, 40
KNEE_V = np.array([0.0, 2.4, 3.3, 4.2])
SHAPE_I = np.array([1.0, 0.9, 0.6, 0.0])
RELOAD = Cost(30e-6, 4e-3)
INFERENCES = 15


def source(kind: int) -> Source:
    """Segments of too little power and of more than the device draws, in random order."""
    rng = np.random.default_rng(7 + kind)
    strength = rng.choice([0.0, 0.15, 0.5, 1.2], SEGMENTS) * rng.uniform(0.8, 1.2, SEGMENTS)
    if kind == POWER:
        return PowerSource(strength * 12e-3)
    if kind == THEVENIN:
        return TheveninSource(1.5 + 6.0 * strength, OHM)
    return CurveSource(KNEE_V, strength[:, None] * SHAPE_I * 5e-3)


def supply(kind: int) -> Supply:
    """With leakage, quiescent current and clamp; power goes through a boost converter, the others through a diode."""
    boost = kind == POWER
    return Supply(
        name="s",
        source="test",
        converter=Boost(efficiency=EFFICIENCY) if boost else Direct(diode_drop=DROP_V),
        capacitor=Capacitor(capacitance=CAPACITANCE, leakage=LEAKAGE_OHM),
        v_on=V_ON,
        v_off=V_OFF,
        v_max=V_MAX,
        quiescent=QUIESCENT_A,
    )


def work() -> Schedule:
    """Batches of 3 and 1 tiles, the second kind drawing more, both with something to re-load."""
    first = batch(150e-6, 4e-3, tiles=3, reload=RELOAD)
    second = batch(250e-6, 9e-3, reload=RELOAD)
    return schedule(layer("L0", (first, 4), (second, 3)))
