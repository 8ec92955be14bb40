"""The table of a separable search space: costs of every block choice, from which every network follows by sums.

For one network-level choice the input shape of every block is fixed, and costs of layers add up (only the NVM for
feature maps is a maximum). So costs(network) = fixed[setting] + sum over blocks of blocks[setting, block, choice].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from nas.space.block_layers import LayerBook, Numbers, setting_layers
from nas.space.columns import COLUMNS, FEATURE_BYTES, Costs, Flags, Floats, Ints
from nas.space.search_space import SearchSpace
from simint.errors import InputError
from simint.hardware.platform import Platform
from simint.hardware.presets import load_platform
from simint.network.layer import Layer
from simint.tiling.published.electrical import ElectricalSettings, bench_settings
from simint.tiling.search.explorer import explore_layer_published, layer_features


@dataclass(frozen=True, slots=True)
class SpaceTable:
    """Costs of all parts of the networks of a space.

    `fixed`: (settings, columns), stem and head. `blocks`: (settings, blocks, choices, columns). `canonical`:
    (settings, blocks, choices), the first choice with the very same layers: a shortcut has no effect in a block whose
    only layer has a stride. `platform` has the NVM that networks must fit into. `distinct_layers` were explored.
    """

    space: SearchSpace
    platform: Platform
    fixed: Floats
    blocks: Floats
    canonical: Ints
    distinct_layers: int

    def costs(self, settings: Ints, choices: Ints) -> Costs:
        """Costs of networks: `settings` (n,) and `choices` (n, blocks) are indices into those of the space."""
        parts = [self.fixed[settings]]
        parts += [self.blocks[settings, block, choices[:, block]] for block in range(self.space.blocks)]
        rows = np.sum(parts, axis=0)
        rows[:, FEATURE_BYTES] = np.max([part[:, FEATURE_BYTES] for part in parts], axis=0)
        return Costs(rows)

    def buildable(self, costs: Costs) -> Flags:
        """Which networks have a feasible design for every layer and fit into NVM."""
        memory = self.platform.memory
        features, weights = costs.feature_bytes, costs.weight_bytes
        fits = (
            (features <= memory.nvm_feature_bytes)
            & (weights <= memory.nvm_weight_bytes)
            & (features + weights <= memory.nvm_bytes)
        )
        found: Flags = fits & np.isfinite(costs.latency_s)
        return found


def build_table(space: SearchSpace) -> SpaceTable:
    """Explore every distinct layer of the space once and add up those of every block choice.

    A choice with a layer that has no feasible design has infinite times and energies. Raises InputError for an unknown
    platform, a capacitor without calibrated resistance, and layers outside the published model (a kernel larger than
    its input, for example).
    """
    platform, settings = space_platform(space), space_settings(space)
    book = LayerBook()
    parts = [setting_layers(book, space, setting) for setting in range(len(space.settings))]
    try:
        prices = _price(book.layers, platform, settings)
    except InputError as error:
        raise InputError(f"search space {space.name!r}: {error}") from None
    shape = (len(parts), space.blocks, len(space.choices))
    blocks = np.empty((*shape, COLUMNS))
    canonical = np.empty(shape, dtype=np.int64)
    known: dict[Numbers, Floats] = {}
    for setting, part in enumerate(parts):
        for block, members in enumerate(part.blocks):
            first: dict[Numbers, int] = {}
            for choice, layers in enumerate(members):
                if layers not in known:
                    known[layers] = _total(prices, layers)
                blocks[setting, block, choice] = known[layers]
                canonical[setting, block, choice] = first.setdefault(layers, choice)
    fixed = np.array([_total(prices, part.fixed) for part in parts])
    return SpaceTable(space, platform, fixed, blocks, canonical, len(book.layers))


def space_platform(space: SearchSpace) -> Platform:
    """The platform of a space, with the NVM the space asks for."""
    platform = load_platform(space.platform)
    if space.nvm_bytes is None:
        return platform
    nvm = space.nvm_bytes
    memory = msgspec.structs.replace(platform.memory, nvm_bytes=nvm, nvm_feature_bytes=nvm, nvm_weight_bytes=nvm)
    return msgspec.structs.replace(platform, memory=memory)


def space_settings(space: SearchSpace) -> ElectricalSettings:
    """Capacitor and source that the networks of a space are priced for."""
    return bench_settings(load_platform(space.platform), space.capacitance, space.resistance)


def _price(layers: Sequence[Layer], platform: Platform, settings: ElectricalSettings) -> Floats:
    """One row of costs for each layer."""
    element_bytes = platform.memory.element_bytes
    rows = np.empty((len(layers), COLUMNS))
    for row, layer in zip(rows, layers, strict=True):
        best = explore_layer_published(layer, platform, settings)
        exists = best.design is not None
        times = (best.latency_s, best.recharge_s, best.latency_s - best.recharge_s, best.continuous_s)
        row[:] = (
            *(times if exists else (math.inf,) * len(times)),
            best.power_cycles if exists else math.inf,
            best.active_j if exists else math.inf,
            layer.weights * element_bytes,
            layer.macs,
            layer.flops,
            layer_features(layer) * element_bytes,
        )
    return rows


def _total(prices: Floats, layers: Numbers) -> Floats:
    """Costs of a list of layers."""
    chosen = prices[list(layers)]
    total: Floats = chosen.sum(axis=0)
    total[FEATURE_BYTES] = chosen[:, FEATURE_BYTES].max()
    return total
