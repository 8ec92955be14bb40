"""CSV files of weather stations and typical years: irradiance with the time of day in one of several layouts.

Layouts known: `HH:MM` text (`MST`, `Time (HH:MM)`), `MST` as hour*100 + minute, `hour` or `hour_utc` as a number. They
are those of NREL's MIDC, NOAA's SURFRAD and the TMY2/TMY3 typical years, as shipped with pvlib.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simint.errors import InputError
from simint.trace.power_trace import PowerTrace
from simint.trace.readers.headers import Header, Quantity, parse_header, scale_of
from simint.trace.readers.irradiance import cell_temperature, irradiance_trace
from simint.trace.readers.options import ReadOptions
from simint.trace.readers.text_table import TextTable, first_line, read_table, separator_of
from simint.trace.readers.timing import timing_of
from simint.trace.source import FloatArray

_HOUR_NAMES = ("hour", "hour_utc")
# MIDC names its clock after the station's standard time zone.
_CLOCK_NAMES = ("mst", "pst", "cst", "est", "hst", "akst", "time (hh:mm)", "hh:mm")
# A clock that falls back passes midnight. Read so, rows in the wrong order make a gap of nearly a day; the
# recordings of daylight only have gaps of a winter's night.
_LONGEST_GAP_H = 20.0


def is_weather_header(line: str) -> bool:
    """Whether a header line has a column with the time of day in one of the known layouts."""
    names = [cell.strip().lower() for cell in line.split(separator_of(line))]
    return any(name in _HOUR_NAMES + _CLOCK_NAMES for name in names)


def read_weather(path: Path, name: str, options: ReadOptions) -> PowerTrace:
    """Read a weather file as irradiance on a solar cell.

    The column is the one whose header starts with GHI, Global or irradiance, or `options.column`. Only the time of day
    is looked at, not the date: a typical year joins months of different years, so its dates jump.

    Raises InputError for no or several such columns and for a clock that stands still.
    """
    table = read_table(path, separator_of(first_line(path)), header=True)
    column, header = pick_irradiance(table, options)
    scale = scale_of(header, Quantity.IRRADIANCE, options)
    clock, seconds_per_unit = _time_of_day(table)
    timing = timing_of(_over_midnights(clock, 86400.0 / seconds_per_unit), seconds_per_unit, options.step_s)
    origin = f"{path.name}, column {header.text!r}, dates not used"
    irradiance = table.numbers(column) * scale
    return irradiance_trace(irradiance, timing, name, origin, options, cell_temperature(table, options))


def pick_irradiance(table: TextTable, options: ReadOptions) -> tuple[int, Header]:
    """Index and header of the irradiance column."""
    if options.column:
        if options.column not in table.headers:
            raise InputError(f"no column {options.column!r}; the file has {', '.join(table.headers)}")
        # The user has said what it is, whatever its name: direct and diffuse irradiance are fair choices.
        index = table.headers.index(options.column)
        words = parse_header("irradiance " + options.column)
        return index, Header(options.column, Quantity.IRRADIANCE, words.unit)
    found = [(i, h) for i, h in enumerate(map(parse_header, table.headers)) if h.quantity is Quantity.IRRADIANCE]
    if len(found) != 1:
        what = "several columns of global irradiance" if found else "no column of global irradiance"
        raise InputError(f"{what}; choose one with `column`: {', '.join(table.headers)}")
    return found[0]


def _over_midnights(clock: FloatArray, day: float) -> FloatArray:
    """Time of day (n,) without its falls at midnight; `day` is a day's length in its unit."""
    steps = np.diff(clock) % day
    bad = (steps == 0) | (steps > day * _LONGEST_GAP_H / 24)
    if bad.any():
        raise InputError(f"data row {int(np.argmax(bad)) + 2}: the time of day goes back, or does not go on")
    return np.asarray(clock + day * np.concatenate(([0], np.cumsum(np.diff(clock) < 0))))


def _time_of_day(table: TextTable) -> tuple[FloatArray, float]:
    """Time of day (n,) in the unit it is printed in, so that its last digit tells the rounding, and that unit in s."""
    for index, header in enumerate(table.headers):
        if header.lower() in _HOUR_NAMES:
            return table.numbers(index), 3600.0
        if header.lower() in _CLOCK_NAMES:
            if table.is_text(index):
                return table.seconds_of_day(index), 1.0
            hours, minutes = np.divmod(table.numbers(index), 100)
            return np.asarray(hours * 60.0 + minutes), 60.0
    raise InputError(f"no column with a time of day ({', '.join(_HOUR_NAMES + _CLOCK_NAMES)} expected)")
