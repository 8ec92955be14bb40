"""An observer that keeps the course of the capacitor voltage, for plots, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simint.engine.program import Activity
from simint.engine.storage import Storage
from simint.physics.state import HARVESTED, NodeState, copy_state
from simint.physics.stepping import advance
from simint.report.thinning import Point, ThinCurve

# Power cycles kept in detail from the first turn-on, for a close-up of a long run.
OPENING_CYCLES = 4
# Buckets of up to four points: 17,000 points at most, several for each pixel of a wide figure.
_WHOLE_BUCKETS, _OPENING_BUCKETS = 3500, 750
# A wait is retraced at this many places at most, however long it is compared with the buckets.
_RETRACED = 64

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """The course of a run at (n,) times, which never go back; the columns are those of `Point`."""

    time_s: FloatArray
    voltage: FloatArray
    volt_s: FloatArray
    harvested_j: FloatArray
    work_s: FloatArray


class VoltageRecorder:
    """Keeps the whole run thinned to the width of a picture, and its first power cycles in detail.

    Turn-on and turn-off are kept as points wherever a bucket is shorter than a power cycle; otherwise the lowest and
    highest voltage of every bucket is.
    """

    def __init__(self) -> None:
        self._whole = ThinCurve(_WHOLE_BUCKETS)
        self._opening = ThinCurve(_OPENING_BUCKETS)
        self._boots = 0
        self._last_s = self._last_v = self._volt_s = 0.0

    def passed(self, storage: Storage, state: str, since: NodeState | None, load_w: float) -> None:
        """See `Observer`; a wait is retraced so that its curve has as many points as the plot can show."""
        if state == "boot":
            self._boots += 1
        settled = storage.ledger.settled_s
        work_s = float(settled[Activity.FETCH] + settled[Activity.COMPUTE])
        in_opening = self._boots <= OPENING_CYCLES
        if since is not None:
            width_s = self._opening.width_s if in_opening else self._whole.width_s
            for earlier in retrace(storage, since, load_w, state != "off", width_s):
                self._add(earlier, work_s, in_opening)
        self._add(storage.state, work_s, in_opening)

    def whole(self) -> Curve:
        """The whole run."""
        return _curve(self._whole.points())

    def opening(self) -> Curve:
        """The start of the run, to the end of the recharge after the first `OPENING_CYCLES` power cycles."""
        return _curve(self._opening.points())

    def _add(self, state: NodeState, work_s: float, in_opening: bool) -> None:
        time_s, voltage = float(state.tv[0]), float(state.tv[1])
        # The voltage bends little between two points, so its integral may be that of straight lines.
        self._volt_s += 0.5 * (voltage + self._last_v) * (time_s - self._last_s)
        self._last_s, self._last_v = time_s, voltage
        point = Point(time_s, voltage, self._volt_s, float(state.supply_j[HARVESTED]), work_s)
        self._whole.add(point)
        if in_opening:
            self._opening.add(point)


def retrace(storage: Storage, since: NodeState, load_w: float, on: bool, width_s: float) -> list[NodeState]:
    """The way from the state `since` to now: its start, and states about `width_s` apart short of its end."""
    begin_s, wait_s = float(since.tv[0]), storage.now_s - float(since.tv[0])
    pieces = max(min(math.ceil(wait_s / width_s), _RETRACED), 1)
    states = [since]
    for k in range(1, pieces):
        trial = copy_state(states[-1])
        step_s = begin_s + wait_s * k / pieces - trial.tv[0]
        advance(storage.node, storage.source, trial, load_w, on, step_s, -math.inf, math.inf, True)
        states.append(trial)
    return states


def _curve(points: Sequence[Point]) -> Curve:
    columns = np.array(points, dtype=np.float64).reshape(-1, len(Point._fields)).T
    return Curve(*columns)
