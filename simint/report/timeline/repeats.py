"""Re-execution: work that had been done before, and was lost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Furthest:
    """How far any attempt has come in the present inference: number of the step, and seconds into it."""

    inference: int = -1
    ordinal: int = -1
    into_s: float = 0.0

    def repeated_s(self, inference: int, ordinal: int, from_s: float, to_s: float) -> float:
        """Of the work from `from_s` to `to_s` in a step, the seconds that an earlier attempt has done already.

        They are its first ones. Takes note of how far this attempt came.
        """
        if inference != self.inference:
            self.inference, self.ordinal, self.into_s = inference, -1, 0.0
        if ordinal < self.ordinal:
            return to_s - from_s
        if ordinal > self.ordinal:
            self.ordinal, self.into_s = ordinal, to_s
            return 0.0
        repeated_s = max(min(to_s, self.into_s) - from_s, 0.0)
        self.into_s = max(to_s, self.into_s)
        return repeated_s
