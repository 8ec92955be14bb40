"""Irradiance through a solar cell of constant efficiency: P = max(G, 0) * area * efficiency."""

from __future__ import annotations

import numpy as np

from simint.errors import InputError
from simint.trace.power_trace import PowerTrace
from simint.trace.readers.options import ReadOptions
from simint.trace.readers.timing import Timing
from simint.trace.source import FloatArray, PowerSource, check_values

# Thermal offsets make pyranometers read a few W/m2 below zero at night, tens at worst (Dutton et al., J. Atmos. Oceanic
# Technol. 18, 297, 2001). Far below that a number is a code for a missing value, such as -9999.
_LOWEST_OFFSET = -100.0


def irradiance_trace(
    irradiance: FloatArray, timing: Timing, name: str, origin: str, options: ReadOptions
) -> PowerTrace:
    """A power trace from global irradiance (n,) in W/m2; negative night values count as 0.

    Area and efficiency have no default: they decide the result, and no cell is typical.

    Raises InputError where either is missing, and for values that are no irradiance.
    """
    area, efficiency = options.cell_area_m2, options.cell_efficiency
    if area is None or efficiency is None:
        missing = "cell_area_m2" if area is None else "cell_efficiency"
        raise InputError(
            f"irradiance becomes power through a solar cell: give `cell_area_m2` and `cell_efficiency` "
            f"(`{missing}` is missing)"
        )
    values = np.asarray(irradiance, dtype=np.float64)
    if values.size and float(values.min()) < _LOWEST_OFFSET:
        row = int(np.argmin(values))
        raise InputError(f"irradiance[{row}] is {values[row]:g} W/m2: a code for a missing value? Fill the gap first")
    clipped = int(np.count_nonzero(values < 0))
    power = np.clip(values, 0.0, None) * (area * efficiency)
    check_values(power, "irradiance")
    return PowerTrace(
        name,
        PowerSource(power),
        step_s=timing.step_s,
        edges_s=timing.edges_s,
        provenance=f"{origin}; irradiance on a cell of {area * 1e4:g} cm2 at {100 * efficiency:g} % efficiency, "
        f"{clipped} values below 0 taken as 0",
    )
