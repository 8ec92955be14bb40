"""The counters of a timeline: capacitor voltage, harvested power, tiles committed.

A viewer draws a counter as a staircase. Where points come closer than the resolution of the file, the first, lowest,
highest and last voltage of each stretch that long are kept (M4; source in `report/thinning.py`).
"""

from __future__ import annotations

from simint.report.timeline.event_file import EventFile
from simint.report.timeline.trace_event import HARVEST, NS_PER_S, TILES, VOLTAGE, counter_event

# The mean over a short time is a difference of large sums, and a steady source shall look steady.
_POWER_DIGITS = 6
# Less than this share of all that was harvested before is rounding.
_ROUNDING = 1e-14

_Point = tuple[int, float]


class Counters:
    """Writes points that come in the order of time."""

    def __init__(self, file: EventFile) -> None:
        self._file = file
        self._last_ns = self._window_ns = -1  # the last point that came, and the end of its window
        self._extremes: list[_Point] = []  # lowest, highest and last of the window, but for its first
        self._power_from: _Point | None = None
        self._power_w = -1.0
        self._tiles: _Point = (-1, -1.0)
        self._tiles_written: _Point = (-1, -1.0)

    def storage(self, time_ns: int, voltage: float, harvested_j: float) -> None:
        """Capacitor voltage, and all that was harvested so far."""
        if time_ns <= self._last_ns:
            return
        self._last_ns = time_ns
        if time_ns < self._window_ns:
            self._widen((time_ns, voltage))
            return
        self._close_window()
        self._file.write(counter_event(VOLTAGE, time_ns, voltage))
        self._window_ns = time_ns + self._file.resolution_ns
        self._harvest(time_ns, harvested_j)

    def committed(self, time_ns: int, tiles: int) -> None:
        """Tiles whose results are safe from `time_ns` on."""
        if tiles == self._tiles[1]:
            return
        written_ns = self._tiles_written[0]
        if time_ns > written_ns + self._file.resolution_ns:
            if self._tiles[0] < time_ns:
                self._write_tiles()
            self._tiles = time_ns, float(tiles)
            self._write_tiles()
        else:
            self._tiles = max(time_ns, written_ns + 1), float(tiles)

    def end(self, time_ns: int, voltage: float, harvested_j: float) -> None:
        """The last point of all."""
        self._write_tiles()
        self._window_ns = 0
        self.storage(time_ns, voltage, harvested_j)
        self._close_window()

    def _widen(self, point: _Point) -> None:
        extremes = [*self._extremes, point]
        lowest, highest = min(extremes, key=_voltage), max(extremes, key=_voltage)
        self._extremes = sorted({lowest, highest, point})

    def _close_window(self) -> None:
        for time_ns, voltage in self._extremes:
            self._file.write(counter_event(VOLTAGE, time_ns, voltage))
        self._extremes = []

    def _harvest(self, time_ns: int, harvested_j: float) -> None:
        """The mean power since the last point, which holds from there on."""
        if self._power_from is not None:
            since_ns, before_j = self._power_from
            gained_j = harvested_j - before_j
            if gained_j <= _ROUNDING * harvested_j:
                gained_j = 0.0
            power_w = float(f"{gained_j * NS_PER_S / (time_ns - since_ns):.{_POWER_DIGITS}g}")
            if power_w != self._power_w:
                self._file.write(counter_event(HARVEST, since_ns, power_w))
                self._power_w = power_w
        self._power_from = time_ns, harvested_j

    def _write_tiles(self) -> None:
        if self._tiles != self._tiles_written:
            self._file.write(counter_event(TILES, *self._tiles))
        self._tiles_written = self._tiles


def _voltage(point: _Point) -> float:
    return point[1]
