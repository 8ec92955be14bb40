"""Where the seconds of a search go."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from nas.problem.evaluation import HardwareCosts
from nas.problem.problem import HardwareModel
from nas.space.genome import Genome


@dataclass(slots=True)
class Seconds:
    """Seconds of a search: what was counted until now.

    `hardware`: asking the cost model, `networks` of them (by the method too). `measures`: the workers' time, added up;
    of which `again` were taken from the store instead. `preparing`: data, tables, supernet. `wall`: by the clock.
    """

    hardware: float = 0.0
    networks: int = 0
    measures: float = 0.0
    again: float = 0.0
    preparing: float = 0.0
    wall: float = 0.0

    @property
    def hardware_share(self) -> float:
        """Hardware evaluation over everything that was computed, the same without regard to how many workers."""
        whole = self.hardware + self.measures + self.again + self.preparing
        return self.hardware / whole if whole > 0 else 0.0


class TimedHardware:
    """A hardware model whose time is counted."""

    def __init__(self, model: HardwareModel, seconds: Seconds) -> None:
        self._model, self._seconds = model, seconds

    def costs(self, genomes: Sequence[Genome]) -> list[HardwareCosts]:
        """As the model."""
        began = time.perf_counter()
        found = self._model.costs(genomes)
        self._seconds.hardware += time.perf_counter() - began
        self._seconds.networks += len(genomes)
        return found
