"""What is at stake: on-time whose results no commit has made safe yet."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

# Ledger and clock add up the same times in another order.
_ROUNDING = 1e-9
# Batches at stake that are kept apart; a policy that never commits has all of an inference at stake.
_KEPT = 1024


@dataclass(slots=True)
class AtStake:
    """Stretches of work since the last commit, (begin, end) in s, and what was done in them, (end in s, tiles)."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    batches: list[tuple[float, int]] = field(default_factory=list)
    total_s: float = 0.0

    def ran(self, begin_s: float, end_s: float) -> None:
        """The device has worked from `begin_s` to `end_s`."""
        if self.spans and self.spans[-1][1] == begin_s:
            begin_s, self.total_s = self.spans[-1][0], self.total_s - (self.spans[-1][1] - self.spans.pop()[0])
        self.spans.append((begin_s, end_s))
        self.total_s += end_s - begin_s

    def finished(self, end_s: float, tiles: int) -> None:
        """So many tiles were done by `end_s`."""
        if not tiles:
            return
        if len(self.batches) >= _KEPT:
            tiles += self.batches.pop()[1]
        self.batches.append((end_s, tiles))

    def keep(self, pending_s: float) -> int:
        """Only the last `pending_s` seconds of work are still at stake; returns the tiles that have become safe."""
        if pending_s <= 0.0:
            safe = sum(tiles for _, tiles in self.batches)
            self.clear()
            return safe
        allowed_s = _ROUNDING * self.total_s
        if self.total_s - pending_s <= allowed_s:
            return 0
        while self.total_s - pending_s > allowed_s:
            begin_s, end_s = self.spans.pop(0)
            over_s = self.total_s - pending_s
            self.total_s -= end_s - begin_s
            if over_s < end_s - begin_s:
                self.spans.insert(0, (begin_s + over_s, end_s))
                self.total_s += end_s - begin_s - over_s
                break
        since_s = self.spans[0][0] + allowed_s if self.spans else math.inf
        safe = sum(tiles for end_s, tiles in self.batches if end_s <= since_s)
        self.batches = [batch for batch in self.batches if batch[0] > since_s]
        return safe

    def clear(self) -> None:
        """Nothing is at stake any more: it is safe, or it is lost."""
        self.spans.clear()
        self.batches.clear()
        self.total_s = 0.0
