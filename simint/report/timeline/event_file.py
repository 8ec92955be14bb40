"""The file of a timeline: written event by event, of bounded size, complete or absent."""

from __future__ import annotations

import gzip
import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO, cast

from simint.errors import InputError
from simint.files import replacing
from simint.report.timeline.trace_event import compact, name_events, to_ns

# What Perfetto opens in a browser without trouble; 900 MB of JSON broke it (google/perfetto issue 99).
BUDGET_BYTES = 200_000_000
_FIRST_NS = 1000
# When the first half of the room is used up, slices are merged until about so many times fewer are left; when half of
# the rest is, at least `_COARSER` times more is merged. So a file of any run fits, its beginning in full detail.
_FEWER, _COARSER = 16, 4
_COMPRESSION = 6
_HEAD = '{"displayTimeUnit":"ms","traceEvents":[\n'


class EventFile:
    """Takes events as text, one after the other.

    `resolution_ns`: slices shorter than this are to be merged by who makes them. Without a resolution of the user's it
    is 0 at first and grows as the room is used up. `busy_ns` is on-time so far, as who makes the events knows it.
    """

    def __init__(self, stream: IO[str], resolution_ns: int | None, budget_bytes: int) -> None:
        self._stream = stream
        self._bounded = resolution_ns is None
        self._room = budget_bytes
        self._limit = budget_bytes // 2
        self._section = (0, 0)  # events and busy time when the present resolution began
        self.resolution_ns = resolution_ns or 0
        self.bytes = 0
        self.events = 0
        self.merged = 0
        self.merged_from_ns = 0
        self.busy_ns = 0

    def write(self, event: str) -> None:
        """One event more."""
        text = (",\n" if self.events else _HEAD) + event
        self._stream.write(text)
        self.bytes += len(text)
        self.events += 1
        if self._bounded and self.bytes > self._limit:
            self._coarsen()

    def note_merged(self, slices: int, from_ns: int) -> None:
        """So many slices became one, which begins at `from_ns`."""
        if not self.merged or from_ns < self.merged_from_ns:
            self.merged_from_ns = from_ns
        self.merged += slices

    def end(self, title: str, facts: Mapping[str, object]) -> None:
        """The names of the rows, and after all events `facts` about the run: anything that JSON can say."""
        for event in name_events(title):
            self.write(event)
        text = ("\n]" if self.events else _HEAD + "]") + ',"otherData":' + compact(facts) + "}"
        self._stream.write(text)
        self.bytes += len(text)

    def _coarsen(self) -> None:
        events, busy_ns = self.events - self._section[0], self.busy_ns - self._section[1]
        self.resolution_ns = max(_COARSER * self.resolution_ns, _FEWER * busy_ns // max(events, 1), _FIRST_NS)
        self._section = self.events, self.busy_ns
        self._limit += (self._room - self._limit) // 2


@contextmanager
def open_event_file(
    path: Path, resolution_s: float | None = None, budget_bytes: int = BUDGET_BYTES
) -> Iterator[EventFile]:
    """A file of events that appears at `path` when the block ends well; compressed where the name ends in `.gz`.

    Raises InputError, before anything is run, where the name is not one of JSON or nothing can be written there.
    """
    if not path.name.endswith((".json", ".json.gz")):
        raise InputError(f"--timeline {path}: the name must end in .json or .json.gz")
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"--timeline {path}: {'is a folder' if path.is_dir() else 'its folder does not exist'}")
    if resolution_s is not None and not 0.0 <= resolution_s < math.inf:
        raise InputError(f"--timeline-resolution: must be a time of 0 s or more, got {resolution_s:g} s")
    resolution_ns = None if resolution_s is None else to_ns(resolution_s)
    with replacing(path) as draft, open(draft, "wb", buffering=1 << 20) as file:
        if path.suffix == ".gz":
            # Without name and time of the draft, equal runs make equal files.
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=_COMPRESSION, mtime=0)
            with packed, _text(packed) as stream:
                yield EventFile(stream, resolution_ns, budget_bytes)
        else:
            with _text(file) as stream:
                yield EventFile(stream, resolution_ns, budget_bytes)


def _text(binary: object) -> TextIO:
    return io.TextIOWrapper(cast(IO[bytes], binary), encoding="utf-8", newline="\n")
