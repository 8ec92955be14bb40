"""RF power recordings of REACT: one header line `sec RSSI,mW`, then tab-separated seconds and milliwatts.

Source: github.com/FoRTE-Research/REACT-Artifact, traces/ (H. Williams, M. Hicks, "Energy-adaptive Buffering for
Efficient, Responsive, and Persistent Batteryless Systems", ASPLOS 2024). The values are received RF power as the
P2110B reports it, before conversion: the supply's efficiency applies to them.
"""

from __future__ import annotations

from pathlib import Path

from simint.errors import InputError
from simint.trace.power_trace import PowerTrace
from simint.trace.readers.options import ReadOptions
from simint.trace.readers.text_table import first_line, read_table
from simint.trace.readers.timing import timing_of
from simint.trace.source import PowerSource

HEADER = "sec RSSI,mW"


def read_react(path: Path, name: str, options: ReadOptions) -> PowerTrace:
    """Read a REACT trace as received power; InputError for another header, other columns and times that go back."""
    if first_line(path) != HEADER:
        raise InputError(f"the first line of a REACT trace is {HEADER!r}, found {first_line(path)[:60]!r}")
    # The header is comma separated, the rows are tab separated.
    table = read_table(path, "\t", header=False, skip_lines=1)
    if len(table.headers) != 2:
        raise InputError("two tab-separated columns expected (seconds, milliwatts)")
    timing = timing_of(table.numbers(0), 1.0, options.step_s)
    return PowerTrace(
        name,
        PowerSource(table.numbers(1) * 1e-3),
        step_s=timing.step_s,
        edges_s=timing.edges_s,
        provenance=f"{path.name}; REACT received RF power before conversion",
    )
