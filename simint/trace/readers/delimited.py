"""CSV and other delimited text: time with power, voltage and current, irradiance, a voltage or a current."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from simint.errors import InputError
from simint.trace.power_trace import PowerTrace
from simint.trace.readers.current import describe_current, source_from_current
from simint.trace.readers.headers import Header, Quantity, parse_header, quantity_by_unit, scale_of
from simint.trace.readers.irradiance import cell_temperature, irradiance_trace
from simint.trace.readers.options import ReadOptions
from simint.trace.readers.text_table import TextTable, first_line, is_numeric_line, read_table, separator_of
from simint.trace.readers.timing import Timing, timing_of
from simint.trace.readers.voltage import describe_voltage, source_from_voltage
from simint.trace.source import FloatArray, PowerSource, SourceKind


def read_delimited(path: Path, name: str, options: ReadOptions) -> PowerTrace:
    """Read a table whose header names the columns, such as `time_ms,power_uW` or `time (s); power [mW]`.

    Columns count by their first word: time, power, voltage, current, irradiance (also t, p, v, i, ghi). Power is
    taken first, then voltage times current, irradiance, a voltage alone (see `source_from_voltage`) and a current
    alone, or the one named by `as_source = "current"` (see `source_from_current`); a voltage beside a power is kept as
    the source's voltage. A file without a header has time, power or time, voltage, current. With `options.column`
    that column is the only one taken beside the times. Bare numbers are SI. The last sample lasts as long as the one
    before it (`timing_of`).

    Raises InputError for missing or doubled columns, unknown units, values that are no numbers and times that go back.
    """
    line = first_line(path)
    headless = is_numeric_line(line)
    table = read_table(path, separator_of(line), header=not headless)
    headers = _assumed_headers(table, options) if headless else tuple(parse_header(text) for text in table.headers)
    headers = _only_column(headers, options) if options.column else headers
    timing = _timing(table, headers, options)
    origin = f"{path.name}, columns {', '.join(h.text for h in headers)}"
    irradiance = _column(table, headers, Quantity.IRRADIANCE, options)
    power = _column(table, headers, Quantity.POWER, options)
    voltage = _column(table, headers, Quantity.VOLTAGE, options)
    current = _column(table, headers, Quantity.CURRENT, options)
    as_current = (voltage is None and irradiance is None) or options.as_source is SourceKind.CURRENT
    if power is None and current is not None and as_current:
        flow = source_from_current(current, options.as_source, options.compliance_v)
        origin += f"; {describe_current(flow.compliance_v)}"
        return PowerTrace(name, flow, timing.step_s, timing.edges_s, provenance=origin)
    if options.compliance_v is not None:
        raise InputError("`compliance_v` belongs to a current source; take one with `as_source` or `column`")
    if power is None and voltage is not None and current is not None:
        power = voltage * current
    if power is None and irradiance is not None:
        return irradiance_trace(irradiance, timing, name, origin, options, cell_temperature(table, options))
    kind = options.as_source or SourceKind.POWER
    if power is None and voltage is not None:
        source = source_from_voltage(voltage, kind, options.load_ohm, options.source_ohm)
        origin += f"; {describe_voltage(kind, options.load_ohm, options.source_ohm)}"
        return PowerTrace(name, source, timing.step_s, timing.edges_s, provenance=origin)
    if power is None:
        raise InputError(
            f"no column of power, voltage, current or irradiance among {', '.join(table.headers)}; "
            f"name it in the header, for example `time_s,power_mW`"
        )
    if kind is not SourceKind.POWER:
        raise InputError(f"`as_source`: a column of power cannot become {kind.value}")
    return PowerTrace(name, PowerSource(power, voltage), timing.step_s, timing.edges_s, provenance=origin)


def _assumed_headers(table: TextTable, options: ReadOptions) -> tuple[Header, ...]:
    # Of two columns the second is a power, unless exactly one unit is given and says something else.
    second = (quantity_by_unit(options) if len(table.headers) == 2 else None) or Quantity.POWER
    shapes = {
        2: (Quantity.TIME, second),
        3: (Quantity.TIME, Quantity.VOLTAGE, Quantity.CURRENT),
    }
    if len(table.headers) not in shapes:
        raise InputError(
            f"no header and {len(table.headers)} column(s); without a header time, power or time, voltage, current "
            f"are expected"
        )
    return tuple(Header(quantity.name.lower(), quantity, "") for quantity in shapes[len(table.headers)])


def _only_column(headers: tuple[Header, ...], options: ReadOptions) -> tuple[Header, ...]:
    """The headers with only the times and the column that the options name; its unit option may say what it holds."""
    if options.column not in [header.text for header in headers]:
        raise InputError(f"no column {options.column!r}; the file has {', '.join(h.text for h in headers)}")
    chosen = next(header for header in headers if header.text == options.column)
    quantity = chosen.quantity or quantity_by_unit(options)
    if quantity is None or quantity is Quantity.TIME:
        raise InputError(
            f"column {options.column!r}: give its unit (`power_unit`, `voltage_unit`, `current_unit`, ...)"
        )
    return tuple(
        dataclasses.replace(header, quantity=quantity)
        if header is chosen
        else (header if header.quantity is Quantity.TIME else dataclasses.replace(header, quantity=None))
        for header in headers
    )


def _timing(table: TextTable, headers: tuple[Header, ...], options: ReadOptions) -> Timing:
    index = _index(headers, Quantity.TIME)
    if options.step_s is not None:
        return Timing(step_s=options.step_s)
    if index is None:
        raise InputError(f"no column of times among {', '.join(table.headers)}; name it `time`, or give `step_s`")
    return timing_of(table.numbers(index), scale_of(headers[index], Quantity.TIME, options))


def _column(
    table: TextTable, headers: tuple[Header, ...], quantity: Quantity, options: ReadOptions
) -> FloatArray | None:
    index = _index(headers, quantity)
    if index is None:
        return None
    return np.asarray(table.numbers(index) * scale_of(headers[index], quantity, options))


def _index(headers: tuple[Header, ...], quantity: Quantity) -> int | None:
    """Index of the only column of a quantity; None where there is none."""
    found = [index for index, header in enumerate(headers) if header.quantity is quantity]
    if len(found) > 1:
        names = ", ".join(headers[index].text for index in found)
        raise InputError(f"several columns of {quantity.name.lower()}; choose one with `column`: {names}")
    return found[0] if found else None
