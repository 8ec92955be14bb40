"""A trained network as one file: layer list, weights, normalisation, and what it was trained on and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor

from nas.data.data_set import DataSet, data_hash
from nas.data.normalisation import Normalisation
from nas.modules.kinds import Activations
from nas.modules.network_module import NetworkModule
from nas.train.checkpoint import read_tensors, write_tensors
from nas.train.fitting import suited_data
from nas.train.loop import TrainResult
from nas.train.settings import TrainSettings
from simint.errors import InputError
from simint.network.network import Network

MODEL_FORMAT = "simint-model/1"


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a model file says besides network and numbers.

    `data_sha256`: of the training and validation samples (`nas.data.data_hash`), `data_source` of their files.
    `start`: `scratch`, or the file and validation accuracy that training started from.
    """

    data: str
    data_sha256: str
    data_source: str
    class_names: tuple[str, ...]
    settings: TrainSettings
    activations: Activations
    start: str
    best_epoch: int
    validation_accuracy_percent: float


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained network. `normalisation` is applied to raw samples at the resolution of the data set's files."""

    network: Network
    state: dict[str, Tensor]
    normalisation: Normalisation
    record: ModelRecord

    def module(self) -> NetworkModule:
        """The network with these weights, in evaluation mode."""
        module = NetworkModule(self.network, self.record.activations)
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # unknown to the stubs
        module.load_state_dict(self.state)
        return module.eval()


def trained_model(
    name: str, data: DataSet, settings: TrainSettings, module: NetworkModule, start: str, result: TrainResult
) -> Model:
    """What a training gave: `module` with the weights it ended with, trained on `data`, the data set called `name`."""
    record = ModelRecord(
        data=name,
        data_sha256=data_hash(data),
        data_source=data.source,
        class_names=data.class_names,
        settings=settings,
        activations=module.activations,
        start=start,
        best_epoch=result.best.epoch,
        validation_accuracy_percent=result.validation_accuracy_percent,
    )
    return Model(module.network, module.state_dict(), data.normalisation, record)


def write_model(path: Path, model: Model) -> None:
    """Write a model file, whole or not at all; InputError where it cannot be written."""
    data = {
        "format": MODEL_FORMAT,
        "network": msgspec.json.encode(model.network).decode(),
        "state": {name: value.detach().cpu() for name, value in model.state.items()},
        "mean": torch.from_numpy(model.normalisation.mean),
        "scale": torch.from_numpy(model.normalisation.scale),
        "record": msgspec.json.encode(model.record).decode(),
    }
    write_tensors(path, data)


def read_model(path: Path) -> Model:
    """Read a model file; InputError in one line where it is missing, no model, or not whole."""
    data = read_tensors(path, MODEL_FORMAT, "model file of nas.train")
    try:
        model = Model(
            network=msgspec.json.decode(data["network"], type=Network),
            state=data["state"],
            normalisation=Normalisation(
                data["mean"].numpy().astype(np.float32), data["scale"].numpy().astype(np.float32)
            ),
            record=msgspec.json.decode(data["record"], type=ModelRecord),
        )
        model.module()
    except (KeyError, AttributeError, TypeError, RuntimeError, msgspec.MsgspecError) as error:
        raise InputError(f"{path}: a damaged model file ({str(error).splitlines()[0]})") from None
    return model


def data_of(model: Model, data: DataSet, path: Path) -> DataSet:
    """The data set at the model's resolution, if its samples are those the model was trained on; else InputError."""
    suited = suited_data(data, model.network)
    if data_hash(suited) != model.record.data_sha256:
        raise InputError(
            f"{path}: was trained on other samples of {model.record.data!r} ({model.record.data_source}) "
            f"than those found ({data.source})"
        )
    return suited
