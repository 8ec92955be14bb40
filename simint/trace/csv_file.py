"""A trace as CSV: one row per segment, readable by `simint.trace.load` and by any table program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simint.errors import InputError
from simint.files import replacing
from simint.trace.power_trace import FloatArray, PowerSource, PowerTrace

_ROWS = 1 << 16


def write_csv(trace: PowerTrace, path: Path) -> None:
    """Write the columns time_s and power_W (and voltage_V where the source knows it); the file appears whole or not.

    A row holds from its time to the next row's, the last one as long as the one before it. Where the last segment is
    longer or shorter than that, or is the only one, it is written as two rows of half its length.

    Raises InputError for a trace that is not of powers (a table of power would lose what the others hold), and where
    the file cannot be written.
    """
    source = trace.source
    if not isinstance(source, PowerSource):
        raise InputError(
            f"trace {trace.name!r} is of kind {trace.kind.value}; CSV holds only power: write .npz, or use --power"
        )
    header = "time_s,power_W\n" if source.voltage_v is None else "time_s,power_W,voltage_V\n"
    with replacing(path) as draft, open(draft, "w", encoding="ascii") as file:
        file.write(header)
        for lines in _lines(trace, source):
            file.write(lines)


def _lines(trace: PowerTrace, source: PowerSource) -> Iterator[str]:
    columns = [source.power_w] if source.voltage_v is None else [source.power_w, source.voltage_v]
    for first in range(0, trace.segments, _ROWS):
        last = min(first + _ROWS, trace.segments)
        yield _rows(trace.edge_times(first, last)[:-1], [column[first:last] for column in columns])
    tail = trace.edge_times(max(0, trace.segments - 2))
    if trace.segments == 1 or (trace.edges_s is not None and tail[2] - tail[1] != tail[1] - tail[0]):
        yield _rows(np.array([(tail[-2] + tail[-1]) / 2]), [column[-1:] for column in columns])


def _rows(times_s: FloatArray, columns: list[FloatArray]) -> str:
    """Times with 12 digits (k * step carries noise behind them), values so that they read back as they are."""
    texts = [[f"{time:.12g}" for time in times_s.tolist()], *([str(v) for v in column] for column in columns)]
    return "".join(f"{','.join(row)}\n" for row in zip(*texts, strict=True))
