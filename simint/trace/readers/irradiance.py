"""Irradiance on a solar cell: power by area and efficiency, or current-voltage curves of a named cell."""

from __future__ import annotations

import numpy as np

from simint.errors import InputError
from simint.trace.power_trace import PowerTrace
from simint.trace.readers.options import ReadOptions
from simint.trace.readers.text_table import TextTable
from simint.trace.readers.timing import Timing
from simint.trace.source import FloatArray, PowerSource, Source, SourceKind, check_values

# Thermal offsets make pyranometers read a few W/m2 below zero at night, tens at worst (Dutton et al., J. Atmos. Oceanic
# Technol. 18, 297, 2001). Far below that a number is a code for a missing value, such as -9999.
_LOWEST_OFFSET = -100.0
# Temperature of a cell where nobody says it: that of the standard test conditions (IEC 60904-3).
CELL_C = 25.0


def irradiance_trace(
    irradiance: FloatArray,
    timing: Timing,
    name: str,
    origin: str,
    options: ReadOptions,
    temperature_c: FloatArray | None = None,
) -> PowerTrace:
    """A trace from global irradiance (n,) in W/m2; negative night values count as 0.

    With `options.cell`: its current-voltage curves, at `temperature_c` (n,), else the options' temperature, else 25 C;
    the light is taken as falling on the cell as it fell on the instrument. Else power, irradiance times area times
    efficiency. None of the three has a default: they decide the result, and no cell is typical.

    Raises InputError where both or neither is described, and for values that are no irradiance.
    """
    values = np.asarray(irradiance, dtype=np.float64)
    if values.size and float(values.min()) < _LOWEST_OFFSET:
        row = int(np.argmin(values))
        raise InputError(f"irradiance[{row}] is {values[row]:g} W/m2: a code for a missing value? Fill the gap first")
    clipped = int(np.count_nonzero(values < 0))
    values = np.clip(values, 0.0, None)
    check_values(values, "irradiance")
    source, said = _on_cell(values, temperature_c, options) if options.cell else _on_area(values, options)
    provenance = f"{origin}; irradiance on {said}, {clipped} values below 0 taken as 0"
    return PowerTrace(name, source, timing.step_s, timing.edges_s, provenance=provenance)


def cell_temperature(table: TextTable, options: ReadOptions) -> FloatArray | None:
    """The column of cell temperatures (n,) in degree Celsius that the options name, None where they name none."""
    if not options.temperature_column:
        return None
    if options.temperature_column not in table.headers:
        raise InputError(f"no column {options.temperature_column!r}; the file has {', '.join(table.headers)}")
    return table.numbers(table.headers.index(options.temperature_column))


def _on_area(irradiance: FloatArray, options: ReadOptions) -> tuple[Source, str]:
    area, efficiency = options.cell_area_m2, options.cell_efficiency
    if area is None or efficiency is None:
        missing = "cell_area_m2" if area is None else "cell_efficiency"
        raise InputError(
            f"irradiance becomes power through a solar cell: give `cell`, or `cell_area_m2` and `cell_efficiency` "
            f"(`{missing}` is missing)"
        )
    if options.as_source not in (None, SourceKind.POWER):
        raise InputError(f"`as_source`: area and efficiency give power, not {options.as_source}; name a `cell`")
    return PowerSource(irradiance * (area * efficiency)), f"a cell of {area * 1e4:g} cm2 at {100 * efficiency:g} %"


def _on_cell(irradiance: FloatArray, temperature_c: FloatArray | None, options: ReadOptions) -> tuple[Source, str]:
    from simint.trace.readers.photovoltaic import CURVE_POINTS, cell_curves
    from simint.trace.solar_cell import find_cell, fit_diode

    if options.as_source not in (None, SourceKind.IV):
        raise InputError(f"`as_source`: a `cell` gives current-voltage curves (iv), not {options.as_source}")
    cell = find_cell(options.cell)
    fixed = CELL_C if options.cell_temperature_c is None else options.cell_temperature_c
    warmth = (
        f"at the temperatures of {options.temperature_column!r}" if temperature_c is not None else f"at {fixed:g} C"
    )
    curves = cell_curves(
        fit_diode(cell),
        irradiance,
        fixed if temperature_c is None else temperature_c,
        options.curve_points or CURVE_POINTS,
    )
    return curves, f"cell {cell.name} {warmth} (single diode, De Soto)"
