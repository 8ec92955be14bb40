"""The table of a separable search space: costs of every block choice, from which every network follows by sums.

For one network-level choice the input shape of every block is fixed, and costs of layers add up (only the NVM for
feature maps is a maximum). So costs(network) = fixed[setting] + sum over blocks of blocks[setting, block, choice].
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from nas.space.block_layers import LayerBook, Numbers, setting_layers
from nas.space.columns import COLUMNS, FEATURE_BYTES, Costs, Flags, Floats, Ints
from nas.space.layer_prices import Power, fits_nvm, layer_prices
from nas.space.mbconv_space import MbconvSpace
from nas.space.target import Target, target_platform, target_settings
from simint.errors import InputError
from simint.hardware.platform import Platform


@dataclass(frozen=True, slots=True)
class SpaceTable:
    """Costs of all parts of the networks of a space.

    `fixed`: (settings, columns), stem and head. `blocks`: (settings, blocks, choices, columns). `canonical`:
    (settings, blocks, choices), the first choice with the very same layers: a shortcut has no effect in a block whose
    only layer has a stride. `platform` has the NVM that networks must fit into. `distinct_layers` were explored.
    """

    space: MbconvSpace
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
        found: Flags = fits_nvm(costs, self.platform.memory) & np.isfinite(costs.latency_s)
        return found


def build_table(space: MbconvSpace, target: Target | None = None, power: Power = Power.INTERMITTENT) -> SpaceTable:
    """Explore every distinct layer of the space once and add up those of every block choice.

    `target` replaces that of the space. A choice with a layer that has no feasible design has infinite times and
    energies. Raises InputError for an unknown platform, a capacitor without calibrated resistance, and layers outside
    the published model (a kernel larger than its input, for example).
    """
    if target is not None:
        space = msgspec.structs.replace(space, target=target)
    platform, settings = target_platform(space.target), target_settings(space.target)
    book = LayerBook()
    parts = [setting_layers(book, space, setting) for setting in range(len(space.settings))]
    try:
        prices = layer_prices(book.layers, platform, settings, power)
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


def _total(prices: Floats, layers: Numbers) -> Floats:
    """Costs of a list of layers."""
    chosen = prices[list(layers)]
    total: Floats = chosen.sum(axis=0)
    total[FEATURE_BYTES] = chosen[:, FEATURE_BYTES].max()
    return total
