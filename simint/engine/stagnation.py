"""Noticing that nothing will ever be finished, from the states a run passes through."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simint.compiled import borrowing
from simint.engine.storage import Storage
from simint.physics.source import LOOP

# Passes of a looped trace without any commit after which a run is given up even if no state repeats exactly.
_FRUITLESS_PASSES = 100
# Two power failures at one place of the trace (to this share of its length), the same work pending, are one state.
_SAME_PLACE = 1e-9
_FIRST_ROOM = 64


@borrowing
def comes_back(places: NDArray[np.float64], count: int, place_s: float, trace_s: float, fruitless_s: float) -> bool:
    """Whether a power failure at `place_s` of a trace of `trace_s` brings back a state, after `count` at `places`.

    `fruitless_s`: time without a commit on a looped trace.
    """
    for k in range(count):
        if abs(place_s - places[k]) <= _SAME_PLACE * trace_s:
            return True
    return fruitless_s > _FRUITLESS_PASSES * trace_s and count >= _FRUITLESS_PASSES


@dataclass(slots=True)
class Stagnation:
    """Power failures since the last commit: where in the trace the `count` of them fell."""

    places: NDArray[np.float64] = field(default_factory=lambda: np.empty(_FIRST_ROOM))
    count: int = 0
    last_failure_s: float = 0.0

    def repeats_after_failure(self, storage: Storage, last_commit_s: float) -> bool:
        """Note a power failure; whether a state has come back, so that everything after it will come back too.

        At a power failure the voltage is `v_off` and volatile memory is empty, so the state is the place in the trace
        and the pending work, which only a commit changes.
        """
        if last_commit_s > self.last_failure_s:
            self.count = 0
        self.last_failure_s = storage.now_s
        if self.count == self.places.size:
            self.places = np.concatenate((self.places, np.empty_like(self.places)))
        place_s, source = storage.trace_place_s, storage.source
        fruitless_s = storage.now_s - last_commit_s if source.end == LOOP else 0.0
        repeated = comes_back(self.places, self.count, place_s, source.duration_s, fruitless_s)
        self.places[self.count] = place_s
        self.count += 1
        return bool(repeated)

    def forget(self) -> None:
        """What comes next does not depend on these failures alone."""
        self.count = 0


@dataclass(slots=True)
class Climb:
    """A wait for a voltage on a looped trace; asked after 1, 2, 4, ... passes whether it can ever end."""

    passes: int = 0
    next_check: int = 1

    def hopeless(self, storage: Storage, before_v: float, high_v: float, load_w: float, on: bool) -> bool:
        """Note a whole pass that began at `before_v`; whether the capacitor provably stays below `high_v`."""
        self.passes += 1
        if self.passes < self.next_check:
            return False
        self.next_check *= 2
        now = storage.voltage
        if now <= before_v:
            return True
        # Wherever the climb ends, one of these levels is likely to bound it; any that does is a proof.
        levels = (now + share * (high_v - now) for share in (0.01, 0.2, 0.6, 0.9))
        return any(storage.climbs_for_ever_below(high_v, level, load_w, on) for level in levels)
