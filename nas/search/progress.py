"""How far a search is: evaluations, rate and the best so far, on stderr."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from itertools import chain

from nas.problem.evaluation import Evaluation
from nas.problem.objectives import Objective
from simint.report.status import StatusLine


class SearchProgress(StatusLine):
    """A context manager around a search; on a terminal a bar that vanishes at the end, else a line now and then.

    `total`: evaluations that the method may ask for. `shown`: false for silence. `name`: of the fidelity, where a
    search has several.
    """

    def __init__(self, objective: Objective, total: int | None, shown: bool = True, name: str = "") -> None:
        super().__init__()
        self._objective, self._total, self._shown = objective, total, shown
        self._name = f"{name}: " if name else ""
        self._computed = 0

    def passed(self, known: Collection[Evaluation], more: Collection[Evaluation] = (), computed: int = 0) -> None:
        """These evaluations are complete, and more of those asked for at present, so many of them computed just now."""
        self._computed += computed
        if self._shown and self.due():
            rate = self._computed / self.wall_s if self.wall_s > 0 else 0.0
            done = len(known) + len(more)
            line = progress_line(done, self._total, self._objective, chain(known, more), rate)
            self.show(self._name + line, done, self._total)


def progress_line(done: int, total: int | None, objective: Objective, known: Iterable[Evaluation], rate: float) -> str:
    """`40 of 128 evaluations, best accuracy 97.2 %, 3.1 measured/s`."""
    text = f"{done:,} of {total:,} evaluations" if total else f"{done:,} evaluations"
    best = min(known, key=objective.loss, default=None)
    if best is not None and math.isfinite(objective.loss(best)):
        text += f", best {objective.name} {objective.value(best):.4g} {objective.unit}".rstrip()
    return text + (f", {rate:.3g} measured/s" if rate > 0 else "")
