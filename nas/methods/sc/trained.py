"""Floating-point networks trained once each, for whatever hardware they are to run on."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nas.stochastic.config import Activation
from nas.train.seeds import seed_of
from simint.errors import InputError

if TYPE_CHECKING:
    from nas.data.data_set import DataSet
    from nas.modules.network_module import NetworkModule
    from nas.train.settings import TrainSettings
    from simint.network.network import Network

_FORMAT = "simint-sc-trained/1"


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A module in evaluation mode, and its validation accuracy in floating point."""

    module: NetworkModule
    accuracy_percent: float


@dataclass(frozen=True, slots=True)
class Trainer:
    """Trains on one data set with fixed settings; weights are drawn by seed and network.

    `folder` keeps what was trained, for other processes and later searches; None trains anew each time.
    """

    data: DataSet
    data_sha256: str
    settings: TrainSettings
    folder: Path | None

    def trained(self, network: Network, activation: Activation) -> Trained:
        """The network, trained with ReLU, or with tanh for Btanh; InputError where it does not suit the data."""
        from nas.modules.network_module import build_module
        from nas.stochastic.network import with_tanh
        from nas.train.checkpoint import read_tensors, write_tensors
        from nas.train.fitting import suited_data
        from nas.train.loop import train, weights_generator

        settings = msgspec.structs.replace(self.settings, seed=seed_of(network.name, self.settings.seed))
        module = build_module(network, weights_generator(settings.seed), None, settings.initialisation)
        if activation is Activation.BTANH:
            with_tanh(module)
        file = None if self.folder is None else self.folder / f"{self._key(network, activation)}.pt"
        if file is not None and file.exists():
            # A file that is not whole, as after a power failure, is trained and written again: to the same weights.
            with contextlib.suppress(InputError):
                data = read_tensors(file, _FORMAT, "trained network of SC-NAS")
                module.load_state_dict(data["state"])
                return Trained(module.eval(), float(data["accuracy_percent"]))
        data_set = suited_data(self.data, network)
        result = train(module, data_set.train, data_set.validation, settings)
        accuracy = result.validation_accuracy_percent
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_tensors(file, {"format": _FORMAT, "state": module.state_dict(), "accuracy_percent": accuracy})
        return Trained(module.eval(), accuracy)

    def _key(self, network: Network, activation: Activation) -> str:
        """Hash of everything that a training depends on."""
        parts = (msgspec.json.encode(network), activation.encode(), msgspec.json.encode(self.settings))
        return hashlib.sha256(b"\0".join((*parts, self.data_sha256.encode()))).hexdigest()[:32]
