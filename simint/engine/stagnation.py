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

        At a power failure the voltage is `v_off` and volatile memory is empty, so the state is the place in the trace and
        the pending work, which only a commit changes.
        """
        source = storage.source
        if last_commit_s > self.last_failure_s:
            self.places.clear()
        self.last_failure_s = storage.now_s
        if source.end != LOOP:
            return False
        place = 0.0 if source.segments == 1 else storage.trace_phase_s
        repeated = any(abs(place - earlier) <= _SAME_PLACE * source.duration_s for earlier in self.places)
        self.places.append(place)
        return repeated or (fruitless(storage, last_commit_s) and len(self.places) > _FRUITLESS_PASSES)


def fruitless(storage: Storage, last_commit_s: float) -> bool:
    """Whether the run has gone on for many passes of its trace without a commit."""
    return storage.now_s - last_commit_s > _FRUITLESS_PASSES * storage.source.duration_s


def stuck_below(storage: Storage, before_v: float, high_v: float) -> bool:
    """Whether a capacitor that rose from `before_v` during one pass of the looped trace provably stays below `high_v`."""
    now = storage.voltage
    if now <= before_v:
        return True
    # Wherever the climb ends, one of these levels is likely to bound it; any that does is a proof.
    return any(storage.climbs_for_ever_below(high_v, now + share * (high_v - now)) for share in (0.01, 0.2, 0.6, 0.9))
