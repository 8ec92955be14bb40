"""What a training needs to go on where it was: written after every epoch, whole or not at all.

Random draws depend on seed and epoch alone, so there is no state of a generator to keep.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from nas.train.history import EpochRecord
from simint.errors import InputError
from simint.files import replacing

CHECKPOINT_FORMAT = "simint-training/1"

State = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`fingerprint`: of everything the training depends on. `best`: weights of the best epoch so far."""

    fingerprint: str
    history: tuple[EpochRecord, ...]
    module: State
    optimiser: dict[str, Any]
    best: State


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint; InputError where it cannot be written."""
    data = {
        "format": CHECKPOINT_FORMAT,
        "fingerprint": checkpoint.fingerprint,
        "history": msgspec.json.encode(checkpoint.history).decode(),
        "module": checkpoint.module,
        "optimiser": checkpoint.optimiser,
        "best": checkpoint.best,
    }
    write_tensors(path, data)


def read_checkpoint(path: Path, fingerprint: str) -> Checkpoint:
    """Read a checkpoint of this very training; InputError for another's, or for what is no checkpoint."""
    data = read_tensors(path, CHECKPOINT_FORMAT, "training checkpoint")
    if data["fingerprint"] != fingerprint:
        raise InputError(
            f"{path}: belongs to a training with another network, other data, settings or first weights; "
            "remove it or choose another folder"
        )
    history = msgspec.json.decode(data["history"], type=tuple[EpochRecord, ...])
    return Checkpoint(fingerprint, history, data["module"], data["optimiser"], data["best"])


def write_tensors(path: Path, data: dict[str, Any]) -> None:
    """Write tensors, numbers and texts as one file, whole or not at all; InputError where it cannot be written."""
    with replacing(path) as draft:
        try:
            torch.save(data, draft)
        except RuntimeError as error:  # what torch makes of a full disk or a missing folder
            raise InputError(f"{path}: cannot be written ({str(error).splitlines()[0]})") from None


def read_tensors(path: Path, form: str, kind: str) -> dict[str, Any]:
    """Read what `write_tensors` wrote, onto the CPU, if its `format` is `form`; no code in the file is run.

    Raises InputError in one line for anything that is not a `kind`.
    """
    try:
        with open(path, "rb"):  # of a file cut short torch says the same as of one that is not there
            pass
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    try:
        data = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError, AttributeError):
        raise InputError(f"{path}: not a {kind}") from None
    if not isinstance(data, dict) or data.get("format") != form:
        raise InputError(f"{path}: not a {kind}")
    return data
