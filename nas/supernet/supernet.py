"""What every supernet offers, and making one."""

from __future__ import annotations

from typing import Protocol

import torch

from nas.modules.kinds import Initialisation
from nas.supernet.entangled import build_entangled
from nas.supernet.path_space import Path, PathSpace
from nas.supernet.path_weights import PathWeights
from nas.supernet.settings import Sharing
from nas.supernet.single_path import build_single_path
from nas.supernet.weight_store import WeightStore


class Supernet(Protocol):
    """All weights, and those of every path."""

    space: PathSpace
    store: WeightStore

    def path(self, path: Path) -> PathWeights:
        """The weights of a path of the space, shared with the supernet."""


def build_supernet(
    space: PathSpace,
    sharing: Sharing,
    initialisation: Initialisation,
    generator: torch.Generator,
    device: torch.device | None = None,
) -> Supernet:
    """A supernet with freshly drawn weights, on the CPU unless said otherwise."""
    place = torch.device("cpu") if device is None else device
    if sharing is Sharing.SINGLE_PATH:
        return build_single_path(space, initialisation, generator, place)
    return build_entangled(space, initialisation, generator, place)
