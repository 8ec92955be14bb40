"""Events of the Trace Event Format as text: slices, counters, and the names of the rows they stand in.

Format: "Trace Event Format", Google 2016 (linked from https://perfetto.dev/docs/getting-started/other-formats). Times
are in microseconds. Perfetto keeps whole nanoseconds and drops a slice that overlaps the one before on its row by a
single one, so every border here is a whole number of nanoseconds, rounded once; slices that adjoin share it. Readers
hold times as doubles, so from 46 days on borders are whole microseconds.
"""

from __future__ import annotations

import enum
import functools
import json
from collections.abc import Mapping

NS_PER_S = 1e9
_US_PER_S = 1e6
FINE_S = 4e6  # in microseconds with three decimals that is 2**52
_NS_PER_US = 1000
_PROCESS = 1  # 0 is the idle process for some readers
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
Args = Mapping[str, str | int | float | bool]


class Row(enum.IntEnum):
    """The rows of slices, from the top; the number is the thread that the format wants."""

    INFERENCE = 1
    POWER_CYCLE = 2
    STATE = 3
    LAYER = 4
    BATCH = 5
    PHASE = 6
    REPEATED = 7
    LOST = 8


ROW_NAMES = {
    Row.INFERENCE: "inference",
    Row.POWER_CYCLE: "power cycle",
    Row.STATE: "device state",
    Row.LAYER: "layer",
    Row.BATCH: "batch",
    Row.PHASE: "phase",
    Row.REPEATED: "re-execution",
    Row.LOST: "lost work",
}

# Name of a counter and of its value; a viewer shows both.
VOLTAGE = ("capacitor voltage", "V")
HARVEST = ("harvested power", "W")
TILES = ("tiles committed", "tiles")


def to_ns(time_s: float) -> int:
    """Seconds to the nearest whole nanosecond, or microsecond where a double of microseconds holds no finer."""
    return round(time_s * NS_PER_S) if time_s < FINE_S else round(time_s * _US_PER_S) * _NS_PER_US


def slice_event(row: Row, name: str, category: str, begin_ns: int, end_ns: int, args: Args) -> str:
    """A complete event: something that lasted from `begin_ns` to `end_ns`."""
    text = (
        f'{{"ph":"X","pid":{_PROCESS},"tid":{int(row)},"ts":{begin_ns / _NS_PER_US},'
        f'"dur":{(end_ns - begin_ns) / _NS_PER_US},"name":{_quoted(name)},"cat":{_quoted(category)}'
    )
    return f'{text},"args":{compact(args)}}}' if args else text + "}"


def counter_event(counter: tuple[str, str], time_ns: int, value: float) -> str:
    """The value of a counter from `time_ns` on, to ten digits."""
    name, unit = counter
    return (
        f'{{"ph":"C","pid":{_PROCESS},"ts":{time_ns / _NS_PER_US},"name":{_quoted(name)},'
        f'"args":{{"{unit}":{value:.10g}}}}}'
    )


def name_events(process_name: str) -> list[str]:
    """Metadata: what the process and its rows are called, and the order of the rows."""
    events = [_metadata("process_name", 0, name=process_name)]
    for row in Row:
        events.append(_metadata("thread_name", row, name=ROW_NAMES[row]))
        events.append(_metadata("thread_sort_index", row, sort_index=row.value))
    return events


def compact(data: object) -> str:
    """JSON without spaces; raises ValueError for NaN and infinity, which JSON does not know."""
    return _ENCODER.encode(data)


def _metadata(kind: str, row: int, **args: str | int) -> str:
    thread = f'"tid":{row},' if row else ""
    return f'{{"ph":"M","pid":{_PROCESS},{thread}"name":"{kind}","args":{compact(args)}}}'


@functools.cache
def _quoted(text: str) -> str:
    return _ENCODER.encode(text)
