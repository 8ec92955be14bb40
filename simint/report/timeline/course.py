"""The course of the capacitor voltage between two events, retraced where a straight line would hide it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from simint.engine.storage import Storage
from simint.physics.state import HARVESTED, NodeState, copy_state
from simint.physics.stepping import advance
from simint.physics.wiring import FARAD
from simint.report.timeline.phases import Phase

# A wait is looked at so many times at least, for the harvest where the voltage rests at the clamp.
_LOOKS = 16
_ROUNDING, _NEARLY = 1e-12, 0.999
# Thresholds are of the terminals; behind a series resistance a step is halved instead, until it is short enough.
_HALVINGS = 40


class Sample(NamedTuple):
    """Time, capacitor voltage, and energy harvested so far."""

    time_s: float
    voltage: float
    harvested_j: float


def sample_of(state: NodeState) -> Sample:
    """Where a state stands."""
    return Sample(float(state.tv[0]), float(state.tv[1]), float(state.supply_j[HARVESTED]))


def swing_v(storage: Storage, since: NodeState, drawn_j: float) -> float:
    """The most the voltage can have moved since `since` while `drawn_j` was drawn, whatever the order of things."""
    low_v = min(storage.voltage, float(since.tv[1]))
    moved_j = drawn_j + float(np.abs(storage.state.supply_j - since.supply_j).sum())
    return math.sqrt(low_v * low_v + 2.0 * moved_j / float(storage.node.bins[:, FARAD].min())) - low_v


class Course:
    """The way on from `since`; `on`: whether the device is, `connected`: whether it is harvested meanwhile."""

    def __init__(self, storage: Storage, since: NodeState, on: bool, connected: bool) -> None:
        self._storage = storage
        self._state = copy_state(since)
        self._on = on
        self._connected = connected
        self._stride_s = math.inf

    def samples(self, phases: Sequence[Phase], last: Sample, step_v: float, least_s: float) -> Iterator[Sample]:
        """A sample wherever the voltage has moved by `step_v` from the one before, the end of the way left out.

        Samples are exact, and at least `least_s` apart; `last` is the one before.
        """
        total_s = sum(phase.time_s for phase in phases)
        final_s = (float(self._state.tv[0]) + total_s) * (1.0 - _ROUNDING)
        look_s = max(total_s / _LOOKS, least_s) if len(phases) == 1 else math.inf
        for phase in phases:
            end_s = float(self._state.tv[0]) + phase.time_s
            while True:
                now_s = float(self._state.tv[0])
                left_s = end_s - now_s
                if left_s <= _ROUNDING * phase.time_s:
                    break
                if now_s < last.time_s + least_s:
                    self._advance(phase, min(left_s, last.time_s + least_s - now_s))
                else:
                    self._step(phase, min(left_s, look_s), last.voltage, step_v)
                here = sample_of(self._state)
                if here.time_s <= now_s:
                    break
                moved = abs(here.voltage - last.voltage) >= _NEARLY * step_v
                if (moved or here.time_s - last.time_s >= _NEARLY * look_s) and here.time_s < final_s:
                    yield here
                    last = here

    def _advance(self, phase: Phase, time_s: float, low_v: float = -math.inf, high_v: float = math.inf) -> None:
        node, source = self._storage.node, self._storage.source
        advance(node, source, self._state, phase.load_w, self._on, time_s, low_v, high_v, self._connected)

    def _step(self, phase: Phase, most_s: float, from_v: float, step_v: float) -> None:
        """On for `most_s`, or until the voltage is `step_v` away from `from_v`."""
        if self._storage.node.esr <= 0.0:
            self._advance(phase, most_s, from_v - step_v, from_v + step_v)
            return
        start, time_s = self._state, min(most_s, self._stride_s)
        for _ in range(_HALVINGS):
            self._state = copy_state(start)
            self._advance(phase, time_s)
            if abs(float(self._state.tv[1]) - from_v) <= 1.001 * step_v:
                break
            time_s *= 0.5
        self._stride_s = 2.0 * time_s
