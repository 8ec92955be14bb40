"""A voltage curve in bounded memory: M4 aggregation with buckets that grow with the run.

M4 (Jugel, Jerzak, Hackenbroich, Markl: M4, a visualization-oriented time series data aggregation, PVLDB 7(10), 2014)
keeps of every time bucket the first, lowest, highest and last point: a line through these is drawn exactly as the line
through all points, as long as a bucket is no wider than a pixel.
"""

from __future__ import annotations

from typing import NamedTuple

# A power of two, so that bucket borders stay exact when widths double; about a microsecond, below any phase of a run.
_FIRST_WIDTH_S = 2.0**-20
# A coarsening goes on until so many of the buckets are left, so that there is room before the next one.
_LEFT_OVER = 0.75


class Point(NamedTuple):
    """One point of a run: time, capacitor voltage, and what has added up until then.

    `volt_s`: integral of the voltage over time. `harvested_j`: energy harvested. `work_s`: fetching and computing time
    whose results were committed.
    """

    time_s: float
    voltage: float
    volt_s: float
    harvested_j: float
    work_s: float


class _Bucket:
    """First, lowest, highest and last point of one stretch of time."""

    __slots__ = ("first", "highest", "last", "lowest", "number")

    def __init__(self, number: int, point: Point) -> None:
        self.number = number
        self.first = self.lowest = self.highest = self.last = point

    def add(self, point: Point) -> None:
        """Take in a later point."""
        self.last = point
        if point.voltage < self.lowest.voltage:
            self.lowest = point
        elif point.voltage > self.highest.voltage:
            self.highest = point

    def absorb(self, later: _Bucket) -> None:
        """Take in the bucket that follows."""
        self.last = later.last
        if later.lowest.voltage < self.lowest.voltage:
            self.lowest = later.lowest
        if later.highest.voltage > self.highest.voltage:
            self.highest = later.highest

    def points(self) -> list[Point]:
        """Its points in the order of time, each once."""
        kept = {id(point): point for point in (self.first, self.lowest, self.highest, self.last)}
        return sorted(kept.values(), key=lambda point: point.time_s)


class ThinCurve:
    """A curve whose points arrive in the order of time, kept in at most `capacity` buckets of up to four points."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.width_s = _FIRST_WIDTH_S
        self._buckets: list[_Bucket] = []

    def add(self, point: Point) -> None:
        """Add a point at or after the last one."""
        number = int(point.time_s / self.width_s)
        if self._buckets and self._buckets[-1].number == number:
            self._buckets[-1].add(point)
            return
        self._buckets.append(_Bucket(number, point))
        if len(self._buckets) > self.capacity:
            self._coarsen()

    def points(self) -> list[Point]:
        """All points kept, in the order of time."""
        return [point for bucket in self._buckets for point in bucket.points()]

    def _coarsen(self) -> None:
        """Double the width of the buckets until there is room again."""
        while len(self._buckets) > _LEFT_OVER * self.capacity:
            self.width_s *= 2.0
            merged: list[_Bucket] = []
            for bucket in self._buckets:
                bucket.number //= 2
                if merged and merged[-1].number == bucket.number:
                    merged[-1].absorb(bucket)
                else:
                    merged.append(bucket)
            self._buckets = merged
