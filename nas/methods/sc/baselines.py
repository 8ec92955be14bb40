"""Spaces of the baselines: networks without a choice of hardware, and all hardware there is."""

from __future__ import annotations

import msgspec

from nas.methods.sc.options import LOSSLESS, ScOptions
from nas.methods.sc.space import ScSpace
from nas.space.genome import Genome
from nas.stochastic.config import Activation


class FloatSpace(ScSpace, frozen=True, kw_only=True, dict=True, forbid_unknown_fields=True):
    """Networks in floating point: words name no hardware."""

    def word(self, genome: Genome) -> str:
        """That of the network."""
        return self.network_word(genome)


def floating_space(space: ScSpace) -> FloatSpace:
    """The same networks without a choice of hardware, ReLU as their activation."""
    options = space.options
    first = ScOptions(
        options.lengths[:1], options.arrays[:1], options.generators[:1], options.sharings[:1], (Activation.RELU,)
    )
    fields = {name: getattr(space, name) for name in space.__struct_fields__}
    return FloatSpace(**fields | {"hardware": first})


def whole_space(space: ScSpace) -> ScSpace:
    """The space with all hardware but what cannot be built or has the sums of another, bit for bit."""
    return msgspec.structs.replace(space, rules=LOSSLESS, hardware=None)
