"""The hardware model of plain spaces: every distinct layer is explored once, when a network first needs it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nas.hardware.plain_layers import PlainLayers, layer_of
from nas.hardware.refusal import refusal
from nas.problem.evaluation import HardwareCosts
from nas.space.columns import COLUMNS, FEATURE_BYTES, Costs, Floats, Ints
from nas.space.genome import Genome, as_rows
from nas.space.layer_prices import Power, layer_prices, without_unbuildable
from nas.space.plain_space import PlainSpace
from nas.space.target import Target, target_platform, target_settings
from simint.errors import InputError
from simint.hardware.platform import Platform
from simint.tiling.legality import published_problem
from simint.tiling.published.electrical import ElectricalSettings


@dataclass(slots=True)
class PlainModel:
    """Exact costs of any genome of `space` priced for `target` under `power`; `plain_model` makes one.

    Layers that are known have their code in `known` (sorted) and a row of costs in `prices`.
    """

    space: PlainSpace
    target: Target
    power: Power
    platform: Platform
    settings: ElectricalSettings
    known: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    prices: Floats = field(default_factory=lambda: np.empty((0, COLUMNS)))

    def rows(self, genomes: Sequence[Genome] | Ints) -> Costs:
        """Costs as an array; all infinite where a kernel is larger than its map, times where NVM does not do."""
        layers = PlainLayers.of(self.space, as_rows(genomes) if not isinstance(genomes, np.ndarray) else genomes)
        self._learn(np.unique(layers.codes[layers.legal]))
        total = np.zeros((len(layers.codes), COLUMNS))
        for codes in layers.codes[layers.legal].T:
            part = self.prices[np.searchsorted(self.known, codes)]
            features = np.maximum(total[layers.legal, FEATURE_BYTES], part[:, FEATURE_BYTES])
            total[layers.legal] += part
            total[layers.legal, FEATURE_BYTES] = features
        total[~layers.legal] = math.inf
        return without_unbuildable(Costs(total), self.platform.memory)

    def costs(self, genomes: Sequence[Genome]) -> list[HardwareCosts]:
        """Costs of every genome."""
        return [HardwareCosts(*row) for row in self.rows(genomes).rows.tolist()] if genomes else []

    def reason(self, genome: Genome) -> str:
        """Why the network cannot be built; empty where it can."""
        try:
            network = self.space.network(genome)
        except InputError as error:
            return str(error)
        return refusal(network, self.target, self.power)

    def _learn(self, codes: Ints) -> None:
        """Explore the layers that are not known yet."""
        new = np.setdiff1d(codes, self.known, assume_unique=True)
        if not len(new):
            return
        layers = [layer_of(self.space, code) for code in new.tolist()]
        inside = [not published_problem(layer, self.platform.variant) for layer in layers]
        rows = np.full((len(new), COLUMNS), math.inf)
        priced = [layer for layer, fits in zip(layers, inside, strict=True) if fits]
        rows[inside] = layer_prices(priced, self.platform, self.settings, self.power)
        known, prices = np.concatenate((self.known, new)), np.concatenate((self.prices, rows))
        order = np.argsort(known)
        self.known, self.prices = known[order], prices[order]


def plain_model(space: PlainSpace, target: Target | None = None, power: Power = Power.INTERMITTENT) -> PlainModel:
    """A model that knows no layer yet; `target` replaces that of the space.

    Raises InputError for an unknown platform, and a capacitor without calibrated resistance.
    """
    chosen = target or space.target
    return PlainModel(space, chosen, power, target_platform(chosen), target_settings(chosen))
