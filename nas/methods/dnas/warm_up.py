"""The phase before the masks: the seed network trained with all its channels, once for all points of a sweep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch

from nas.data.data_set import DataSet
from nas.methods.dnas.config import DnasConfig
from nas.modules.network_module import NetworkModule, build_module
from nas.train.checkpoint import read_tensors, write_tensors
from nas.train.device import chosen_device, torch_threads
from nas.train.evaluate import loss_and_accuracy
from nas.train.history import EpochRecord
from nas.train.loop import train, training_fingerprint, weights_generator
from simint.errors import InputError
from simint.network.network import Network

_FORMAT = "simint-dnas-warm-up/1"


@dataclass(frozen=True, slots=True, eq=False)
class WarmUp:
    """The trained seed; `validation_loss` (cross-entropy) is the task loss that strengths refer to."""

    module: NetworkModule
    validation_loss: float
    validation_accuracy_percent: float


def warmed_up(
    config: DnasConfig,
    network: Network,
    data: DataSet,
    folder: Path,
    progress: Callable[[EpochRecord], None] | None = None,
    device: str = "cpu",
    threads: int = 1,
) -> WarmUp:
    """Train the seed, or read what another point trained: it depends on network, data, settings and seed alone.

    `folder` holds `seed-N.pt`; a training that was killed goes on at its last epoch. Raises InputError where the file
    belongs to another warm-up.
    """
    settings = msgspec.structs.replace(config.settings.warm_up, seed=config.seed)
    module = build_module(network, weights_generator(config.seed), initialisation=settings.initialisation)
    fingerprint = training_fingerprint(module, data.train, data.validation, settings)
    folder.mkdir(parents=True, exist_ok=True)
    file, checkpoint = folder / f"seed-{config.seed}.pt", folder / f"seed-{config.seed}-checkpoint.pt"
    if file.exists():
        past = read_tensors(file, _FORMAT, "warm-up of a channel search")
        if past["fingerprint"] != fingerprint:
            raise InputError(f"{file}: belongs to a warm-up with another network, other data, settings or seed")
        module.load_state_dict(past["state"])
        module.to(chosen_device(device))
        return WarmUp(module, past["loss"], past["accuracy"])
    train(module, data.train, data.validation, settings, checkpoint, progress, device, threads)
    place = chosen_device(device)
    with torch_threads(threads):
        x, y = torch.from_numpy(data.validation.x).to(place), torch.from_numpy(data.validation.y).to(place)
        loss, accuracy = loss_and_accuracy(module, x, y)
    state = {name: value.cpu() for name, value in module.state_dict().items()}
    record = {"format": _FORMAT, "fingerprint": fingerprint, "state": state, "loss": loss, "accuracy": accuracy}
    write_tensors(file, record)
    checkpoint.unlink(missing_ok=True)
    return WarmUp(module, loss, accuracy)
