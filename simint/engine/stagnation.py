"""Noticing that nothing will ever be finished, from the states a run passes through."""

from __future__ import annotations

from dataclasses import dataclass, field

from simint.engine.storage import Storage
from simint.physics.source import LOOP

# Passes of a looped trace without any commit after which a run is given up even if no state repeats exactly.
_FRUITLESS_PASSES = 100
# Two power failures at one place of the trace (to this share of its length), the same work pending, are one state.
_SAME_PLACE = 1e-9


@dataclass(slots=True)
class Stagnation:
    """Power failures since the last commit: where in the trace they fell."""

    places: list[float] = field(default_factory=list)
    last_failure_s: float = 0.0

    def repeats_after_failure(self, storage: Storage, last_commit_s: float) -> bool:
        """Note a power failure; whether a state has come back, so that everything after it will come back too.

        At a power failure the voltage is `v_off` and volatile memory is empty, so the state is the place in the trace
        and the pending work, which only a commit changes.
        """
        if last_commit_s > self.last_failure_s:
            self.places.clear()
        self.last_failure_s = storage.now_s
        place, trace_s = storage.trace_place_s, storage.source.duration_s
        repeated = any(abs(place - earlier) <= _SAME_PLACE * trace_s for earlier in self.places)
        self.places.append(place)
        fruitless = storage.source.end == LOOP and storage.now_s - last_commit_s > _FRUITLESS_PASSES * trace_s
        return repeated or (fruitless and len(self.places) > _FRUITLESS_PASSES)

    def forget(self) -> None:
        """What comes next does not depend on these failures alone."""
        self.places.clear()


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
