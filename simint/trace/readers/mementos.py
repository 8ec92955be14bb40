"""RF voltage recordings made for Mementos: text lines `milliseconds<tab>volts` across a load resistor.

Source: github.com/ransford/mspsim, branch mementos, traces/ (B. Ransford, J. Sorber, K. Fu, "Mementos: System Support
for Long-Running Computation on RFID-Scale Devices", ASPLOS 2011). Its notes give the load: the analog front end of a
WISP 4.1 with 30 kohm in the place of the digital half.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simint.errors import InputError
from simint.trace.power_trace import PowerTrace
from simint.trace.readers.options import ReadOptions
from simint.trace.readers.text_table import first_line, read_table, separator_of
from simint.trace.readers.voltage import describe_voltage, source_from_voltage
from simint.trace.source import FloatArray, SourceKind

LOAD_OHM = 30e3  # the recording's resistor, traces/README of the source
STEP_S = 1e-3  # recorded at 1 kHz by a data acquisition card, same README

# The millisecond column has single jumps (at most 5 in 39,460 rows, the voltage runs on across every one), so the
# samples count as evenly spaced. A file with more than one odd step in a hundred is no such recording.
_ODD_STEPS = 0.01


def read_mementos(path: Path, name: str, options: ReadOptions) -> PowerTrace:
    """Read a Mementos text file.

    Defaults: the load of 30 kohm, and power into it. As a Thevenin source the resistance defaults to the load's: no
    measurement of it exists, and a matched source is the weakest one that explains the voltage (see
    `source_from_voltage`).

    Raises InputError for other than two columns, values that are no numbers and an uneven column of times.
    """
    line = first_line(path)
    table = read_table(path, separator_of(line), header=False)
    if len(table.headers) != 2:
        raise InputError(f"two columns expected (milliseconds, volts), found {len(table.headers)}")
    note = "" if options.step_s is not None else _check_steps(table.numbers(0))
    return mementos_trace(table.numbers(1), name, f"{path.name}{note}", options)


def mementos_trace(voltage_v: FloatArray, name: str, origin: str, options: ReadOptions) -> PowerTrace:
    """A trace from voltages (n,) across the Mementos load, 1 ms apart; see `read_mementos` for the defaults."""
    kind = options.as_source or SourceKind.POWER
    load = options.load_ohm or LOAD_OHM
    source_ohm = options.source_ohm or load
    return PowerTrace(
        name,
        source_from_voltage(voltage_v, kind, load, source_ohm),
        step_s=options.step_s or STEP_S,
        provenance=f"{origin}; Mementos RF voltage; {describe_voltage(kind, load, source_ohm)}",
    )


def _check_steps(milliseconds: FloatArray) -> str:
    odd = int(np.count_nonzero(np.diff(milliseconds) != 1.0))
    if odd > _ODD_STEPS * milliseconds.size:
        raise InputError(
            f"{odd} of {milliseconds.size} time steps are not 1 ms as in a Mementos recording; "
            f'give `step_s`, or `format = "csv"` with a header'
        )
    return f" ({odd} glitches of the millisecond column ignored)" if odd else ""
