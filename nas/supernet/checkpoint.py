"""A supernet on disk: written after every epoch, whole or not at all; enough to go on training, and to score paths.

Random draws depend on seed and epoch alone, so there is no state of a generator to keep.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from nas.modules.kinds import Initialisation
from nas.supernet.path_space import PathSpace
from nas.supernet.settings import SupernetSettings
from nas.supernet.supernet import Supernet, build_supernet
from nas.train.checkpoint import read_tensors, write_tensors
from simint.errors import InputError

SUPERNET_FORMAT = "simint-supernet/1"


class SupernetEpoch(msgspec.Struct, frozen=True, kw_only=True):
    """One epoch, from 1 on: mean loss of the paths trained, mean validation accuracy of random paths."""

    epoch: int
    loss: float
    validation_accuracy_percent: float
    seconds: float


@dataclass(frozen=True, slots=True)
class SupernetState:
    """Everything of a training between two epochs. `kept_weights`, `kept_statistics`: those that scores use."""

    space: PathSpace
    settings: SupernetSettings
    data: str
    history: tuple[SupernetEpoch, ...]
    weights: Tensor
    momenta: Tensor
    statistics: Tensor
    ever_used: frozenset[int]
    kept_weights: Tensor
    kept_statistics: Tensor


def write_supernet(path: Path, state: SupernetState) -> None:
    """Replace the checkpoint; InputError where it cannot be written."""
    write_tensors(
        path,
        {
            "format": SUPERNET_FORMAT,
            "space": msgspec.json.encode(state.space).decode(),
            "settings": msgspec.json.encode(state.settings).decode(),
            "data": state.data,
            "history": msgspec.json.encode(state.history).decode(),
            "weights": state.weights,
            "momenta": state.momenta,
            "statistics": state.statistics,
            "ever_used": sorted(state.ever_used),
            "kept_weights": state.kept_weights,
            "kept_statistics": state.kept_statistics,
        },
    )


def read_supernet(path: Path) -> SupernetState:
    """Read a checkpoint; InputError for what is none, or one of another version."""
    data = read_tensors(path, SUPERNET_FORMAT, "supernet checkpoint of this version")
    try:
        return SupernetState(
            msgspec.json.decode(data["space"], type=PathSpace),
            msgspec.json.decode(data["settings"], type=SupernetSettings),
            data["data"],
            msgspec.json.decode(data["history"], type=tuple[SupernetEpoch, ...]),
            data["weights"],
            data["momenta"],
            data["statistics"],
            frozenset(data["ever_used"]),
            data["kept_weights"],
            data["kept_statistics"],
        )
    except (KeyError, TypeError, msgspec.DecodeError):
        raise InputError(f"{path}: not a supernet checkpoint of this version") from None


def loaded_supernet(state: SupernetState, device: torch.device | None = None) -> Supernet:
    """A supernet with the kept weights of a checkpoint."""
    supernet = build_supernet(state.space, state.settings.sharing, Initialisation.TORCH, torch.Generator(), device)
    supernet.store.weights.copy_(state.kept_weights)
    supernet.store.statistics.copy_(state.kept_statistics)
    return supernet
