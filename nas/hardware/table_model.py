"""The hardware model of MBConv spaces: sums of the table of the space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nas.hardware.refusal import refusal
from nas.problem.evaluation import HardwareCosts
from nas.space.columns import Costs
from nas.space.genome import Genome
from nas.space.layer_prices import Power, without_unbuildable
from nas.space.mbconv_space import MbconvSpace
from nas.space.table import SpaceTable


@dataclass(frozen=True, slots=True)
class TableModel:
    """Exact costs of any genome: `table` was built for `power` and the target of its space."""

    table: SpaceTable
    power: Power

    @property
    def space(self) -> MbconvSpace:
        """The space of its genomes."""
        return self.table.space

    def rows(self, genomes: Sequence[Genome]) -> Costs:
        """Costs as an array, times and energies infinite where a network cannot be built."""
        return without_unbuildable(self.table.costs(*self.space.indices(genomes)), self.table.platform.memory)

    def costs(self, genomes: Sequence[Genome]) -> list[HardwareCosts]:
        """Costs of every genome."""
        return [HardwareCosts(*row) for row in self.rows(genomes).rows.tolist()] if genomes else []

    def reason(self, genome: Genome) -> str:
        """Why the network cannot be built; empty where it can."""
        return refusal(self.space.network(genome), self.space.target, self.power)
