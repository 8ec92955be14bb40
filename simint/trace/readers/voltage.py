"""A recorded voltage as a source: power into the resistor it was measured across, or a Thevenin equivalent."""

from __future__ import annotations

import numpy as np

from simint.errors import InputError
from simint.trace.source import FloatArray, PowerSource, SourceKind, TheveninSource


def source_from_voltage(
    voltage_v: FloatArray, kind: SourceKind, load_ohm: float | None, source_ohm: float | None
) -> PowerSource | TheveninSource:
    """What a voltage (n,) says about the harvester.

    power: V^2 / R_load, what the recording's load took; the voltage is kept beside it. thevenin: the harvester is an
    open-circuit voltage behind `source_ohm`, found from the voltage divider, Voc = V (1 + R_source / R_load); without
    a load the recorded voltage is the open-circuit voltage itself.

    The maximum power of the Thevenin form, V^2 (1 + R_source/R_load)^2 / (4 R_source), is smallest at
    R_source = R_load, where it equals V^2 / R_load: both forms then bound from below what the harvester could give.

    Raises InputError where a resistance that the form needs is missing, and for curves and currents, which a voltage
    alone cannot give.
    """
    if kind is SourceKind.POWER:
        if load_ohm is None:
            raise InputError("a voltage becomes power only through `load_ohm`, the resistor it was measured across")
        power = np.square(voltage_v, dtype=np.float64) / load_ohm
        return PowerSource(power, voltage_v)
    if kind is SourceKind.THEVENIN:
        if source_ohm is None:
            raise InputError("a voltage becomes a Thevenin source only with `source_ohm`, the harvester's resistance")
        divider = 1.0 if load_ohm is None else 1.0 + source_ohm / load_ohm
        return TheveninSource(voltage_v * divider, source_ohm)
    raise InputError(f"`as_source`: a recorded voltage gives power or thevenin, not {kind}")


def describe_voltage(kind: SourceKind, load_ohm: float | None, source_ohm: float | None) -> str:
    """The assumption in words, for the provenance."""
    if kind is SourceKind.POWER:
        return f"power V^2/R into the load of {load_ohm:g} ohm, a lower bound of what the harvester could give"
    if load_ohm is None:
        return f"recorded voltage taken as open-circuit voltage behind an assumed {source_ohm:g} ohm"
    return (
        f"open-circuit voltage from the divider of an assumed source resistance of {source_ohm:g} ohm "
        f"and the load of {load_ohm:g} ohm"
    )
