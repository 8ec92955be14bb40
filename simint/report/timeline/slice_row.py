"""A row of slices: short ones are merged, so that the events stay countable; and slices that go on are one."""

from __future__ import annotations

from collections.abc import Mapping

from simint.report.timeline.event_file import EventFile
from simint.report.timeline.trace_event import NS_PER_S, Args, Row, slice_event

_NOTHING: Args = {}
# A merged slice is named after so many of the kinds in it.
_NAMES = 3


class SliceRow:
    """Writes the slices of one row, which come in the order of time and never overlap.

    Slices shorter than the resolution of the file are gathered until together they are about as long; a merged slice
    says how many they were and how many seconds each kind took, so that no sum changes.
    """

    def __init__(self, file: EventFile, row: Row) -> None:
        self._file = file
        self._row = row
        self._slices = 0
        self._begin_ns = self._end_ns = 0
        self._seconds: dict[str, float] = {}
        self._only: tuple[str, str, Args] = ("", "", _NOTHING)

    def add(
        self,
        name: str,
        begin_ns: int,
        end_ns: int,
        category: str = "",
        args: Args = _NOTHING,
    ) -> None:
        """One slice; `category`: its kind, by which merged ones are told apart (its name where there is none)."""
        category = category or name
        if end_ns - begin_ns >= self._file.resolution_ns:
            self.flush()
            if end_ns > begin_ns:
                self._file.write(slice_event(self._row, name, category, begin_ns, end_ns, args))
            return
        self.add_many(1, {category: (end_ns - begin_ns) / NS_PER_S}, begin_ns, end_ns)
        if self._slices == 1:
            self._only = name, category, args

    def add_many(self, slices: int, seconds: Mapping[str, float], begin_ns: int, end_ns: int) -> None:
        """So many short slices at once, with the time that each kind took."""
        if self._slices and end_ns - self._begin_ns > self._file.resolution_ns:
            self.flush()
        if not self._slices:
            self._begin_ns = begin_ns
            kind = next(iter(seconds))
            self._only = kind, kind, _NOTHING
        self._slices += slices
        self._end_ns = end_ns
        for category, spent_s in seconds.items():
            self._seconds[category] = self._seconds.get(category, 0.0) + spent_s

    def flush(self) -> None:
        """Write what has been gathered."""
        if not self._slices:
            return
        slices, seconds = self._slices, self._seconds
        self._slices, self._seconds = 0, {}
        if self._end_ns == self._begin_ns:
            return
        if slices == 1:
            name, category, args = self._only
        else:
            name = _merged_name(seconds)
            category = "merged"
            args = {"slices": slices} | {f"{kind}_s": spent_s for kind, spent_s in seconds.items()}
            self._file.note_merged(slices, self._begin_ns)
        self._file.write(slice_event(self._row, name, category, self._begin_ns, self._end_ns, args))


class JoinedRow:
    """A row on which slices of one name that adjoin are one slice."""

    def __init__(self, file: EventFile, row: Row) -> None:
        self._row = SliceRow(file, row)
        self._name = ""
        self._begin_ns = self._end_ns = 0

    def add(self, name: str, begin_ns: int, end_ns: int) -> None:
        """One slice, or more of the last one."""
        if name != self._name or begin_ns != self._end_ns:
            self._close()
            self._name, self._begin_ns = name, begin_ns
        self._end_ns = end_ns

    def flush(self) -> None:
        """Write what has been gathered."""
        self._close()
        self._row.flush()

    def _close(self) -> None:
        if self._name:
            self._row.add(self._name, self._begin_ns, self._end_ns)
            self._name = ""


def _merged_name(seconds: Mapping[str, float]) -> str:
    """The kinds that took most of the time, longest first."""
    kinds = sorted(seconds, key=lambda kind: (-seconds[kind], kind))
    return " + ".join(kinds if len(kinds) <= _NAMES else [*kinds[:_NAMES], "..."])
