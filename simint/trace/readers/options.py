"""ReadOptions: everything a file may leave unsaid, written down so that a scenario can store it."""

from __future__ import annotations

import enum

import msgspec

from simint.config import Ohm, Ratio, Second, SquareMetre, Volt
from simint.errors import InputError
from simint.trace.source import SourceKind
from simint.units import unit_scale


class TraceFormat(enum.StrEnum):
    """The file layouts that can be read."""

    CSV = "csv"  # columns named in a header: time with power, voltage and current, irradiance, a voltage or a current
    NPZ = "npz"  # the layout of `write_npz`
    ARRAY = "array"  # one array of any other npz file, evenly sampled
    MEMENTOS = "mementos"  # text, milliseconds and volts across a load resistor
    REACT = "react"  # text, seconds and milliwatts
    SHEPHERD = "shepherd"  # HDF5 recordings of the shepherd testbed
    WEATHER = "weather"  # CSV of a weather station, time of day and irradiance
    ADC = "adc"  # npz with converter counts `adc` and `volts_per_lsb`
    CURVES = "curves"  # JSON of measured current-voltage curves, {"0": {"<volt>": <ampere>, ...}}
    DIODE = "diode"  # npz with coefficients a, b, c of I(V) = a - b (exp(c V) - 1) per time


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to assume where a trace file does not say it; a field left out takes the format's documented default.

    `format`: instead of the one found by looking at the file. `column`: header of the column to take.
    `time_unit`, `power_unit`, `voltage_unit`, `current_unit`, `irradiance_unit`: units of columns whose header names
    none. `step_s`: sampling interval, instead of a column of times. `as_source`: what the values become.
    `load_ohm`: the resistor a recorded voltage was measured across. `source_ohm`: the harvester's resistance.
    `compliance_v`: the voltage up to which a recorded current flows.
    `cell_area_m2`, `cell_efficiency`: the solar cell that turns irradiance into power; or `cell`: preset or TOML file
    of one that turns it into curves, at `cell_temperature_c` or the temperatures of `temperature_column` (both in
    degree Celsius). `fill_factor`: maximum power over short-circuit current times open-circuit voltage.
    `curve_points`: points kept per current-voltage curve.

    Raises InputError naming the field for a value that makes no sense.
    """

    format: TraceFormat | None = None
    column: str = ""
    time_unit: str = ""
    power_unit: str = ""
    voltage_unit: str = ""
    current_unit: str = ""
    irradiance_unit: str = ""
    step_s: Second | None = None
    as_source: SourceKind | None = None
    load_ohm: Ohm | None = None
    source_ohm: Ohm | None = None
    compliance_v: Volt | None = None
    cell_area_m2: SquareMetre | None = None
    cell_efficiency: Ratio | None = None
    cell: str = ""
    cell_temperature_c: float | None = None
    temperature_column: str = ""
    fill_factor: Ratio | None = None
    curve_points: int | None = None

    def __post_init__(self) -> None:
        for field, unit, dimension in (
            ("time_unit", self.time_unit, "s"),
            ("power_unit", self.power_unit, "W"),
            ("voltage_unit", self.voltage_unit, "V"),
            ("current_unit", self.current_unit, "A"),
            ("irradiance_unit", self.irradiance_unit, "W/m2"),
        ):
            if unit_scale(unit, dimension) is None:
                raise InputError(
                    f"`{field}`: unknown unit {unit!r}, expected one of {dimension} (for example m{dimension})"
                )
        for field, value in (
            ("step_s", self.step_s),
            ("load_ohm", self.load_ohm),
            ("source_ohm", self.source_ohm),
            ("compliance_v", self.compliance_v),
            ("cell_area_m2", self.cell_area_m2),
        ):
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"`{field}` must be positive and finite, got {value:g}")
        if self.cell_efficiency is not None and not 0 < self.cell_efficiency <= 1:
            raise InputError(f"`cell_efficiency` must lie in (0, 1], got {self.cell_efficiency:g}")
        if self.cell and (self.cell_area_m2 is not None or self.cell_efficiency is not None):
            raise InputError("`cell` says all of the solar cell: leave out `cell_area_m2` and `cell_efficiency`")
        if not self.cell and (self.cell_temperature_c is not None or self.temperature_column):
            raise InputError("a temperature of the solar cell matters only with `cell`")
        if self.cell_temperature_c is not None and self.temperature_column:
            raise InputError("`cell_temperature_c` and `temperature_column` say the same thing: give one of them")
        if self.fill_factor is not None and not 0.25 < self.fill_factor < 1:
            # A straight line between the two end points, the flattest curve of a source, has 1/4.
            raise InputError(f"`fill_factor` must lie in (0.25, 1), got {self.fill_factor:g}")
        if self.curve_points is not None and not 4 <= self.curve_points <= 100_000:
            raise InputError(f"`curve_points` must lie in 4 to 100000, got {self.curve_points}")


# Nothing said: every format's documented defaults.
NO_OPTIONS = ReadOptions()

# Which fields each format looks at; any other that is set would be ignored in silence, so it is refused.
_COLUMNS = {"column", "time_unit", "power_unit", "voltage_unit", "current_unit", "irradiance_unit", "step_s"}
_VOLTAGE = {"as_source", "load_ohm", "source_ohm"}
_CELL = {"cell_area_m2", "cell_efficiency", "cell", "cell_temperature_c", "curve_points"}
_USED = {
    TraceFormat.CSV: _COLUMNS | _VOLTAGE | _CELL | {"compliance_v", "temperature_column"},
    TraceFormat.NPZ: set[str](),
    TraceFormat.ARRAY: (_COLUMNS - {"column", "time_unit"}) | _VOLTAGE | _CELL | {"compliance_v"},
    TraceFormat.MEMENTOS: {"step_s"} | _VOLTAGE,
    TraceFormat.REACT: {"step_s"},
    TraceFormat.SHEPHERD: {"step_s", "as_source", "fill_factor", "curve_points"},
    TraceFormat.WEATHER: {"column", "irradiance_unit", "step_s", "temperature_column"} | _CELL,
    TraceFormat.ADC: {"step_s"} | _VOLTAGE,
    TraceFormat.CURVES: {"step_s", "as_source"},
    TraceFormat.DIODE: {"step_s", "curve_points"},
}


def refuse_unused(options: ReadOptions, used_format: TraceFormat) -> None:
    """Raise InputError naming the first field that is set but means nothing for the format."""
    for field, value in msgspec.structs.asdict(options).items():
        if value not in (None, "") and field != "format" and field not in _USED[used_format]:
            raise InputError(f"`{field}` has no meaning for a file of format {used_format.value}")
