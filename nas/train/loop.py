"""Training of one module: epochs, the best of them kept, a checkpoint after each."""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nas.train.augment import augmented
from nas.train.checkpoint import Checkpoint, State, read_checkpoint, write_checkpoint
from nas.train.device import chosen_device, torch_threads
from nas.train.diverged import DivergedError
from nas.train.evaluate import loss_and_accuracy
from nas.train.history import EpochRecord, best_epoch
from nas.train.seeds import stream_seed
from nas.train.settings import Optimiser, TrainSettings
from simint.errors import InputError

if TYPE_CHECKING:
    from nas.data.split import Split

_WEIGHTS, _EPOCH = 0, 1  # streams of random numbers of one seed


@dataclass(frozen=True, slots=True)
class TrainResult:
    """Every epoch, and the one whose weights were kept: the first with the best validation accuracy."""

    history: tuple[EpochRecord, ...]
    best: EpochRecord

    @property
    def validation_accuracy_percent(self) -> float:
        """Of the kept weights."""
        return self.best.validation_accuracy_percent


def train(
    module: nn.Module,
    train: Split,
    validation: Split,
    settings: TrainSettings,
    checkpoint: Path | None = None,
    progress: Callable[[EpochRecord], None] | None = None,
    device: str = "cpu",
    threads: int = 1,
) -> TrainResult:
    """Train a module from the weights it has; it ends with those of the best validation epoch.

    `checkpoint`: written after every epoch; if it is there, the training goes on behind it, and on a CPU with the
    same number of threads ends with the very bits of an uninterrupted one. `progress` is called after every epoch.
    Raises InputError for data that do not suit the module, a checkpoint of another training, a loss that is no number.
    """
    place = chosen_device(device)
    with torch_threads(threads):
        module.to(place)
        x, y = _tensors(train, place)
        validation_x, validation_y = _tensors(validation, place)
        _check_data(module, x, y, validation_y)
        optimiser = _optimiser(module, settings)
        fingerprint = training_fingerprint(module, train, validation, settings) if checkpoint is not None else ""
        history: list[EpochRecord] = []
        best: State = {}
        if checkpoint is not None and checkpoint.exists():
            past = read_checkpoint(checkpoint, fingerprint)
            module.load_state_dict(past.module)
            optimiser.load_state_dict(past.optimiser)
            history, best = list(past.history), past.best
        for epoch in range(len(history), settings.epochs):
            began_s = time.perf_counter()
            train_loss, train_accuracy = _epoch(module, optimiser, x, y, settings, epoch)
            validation_loss, accuracy = loss_and_accuracy(module, validation_x, validation_y)
            record = EpochRecord(
                epoch=epoch + 1,
                learning_rate=settings.rate(epoch),
                train_loss=train_loss,
                train_accuracy_percent=train_accuracy,
                validation_loss=validation_loss,
                validation_accuracy_percent=accuracy,
                seconds=time.perf_counter() - began_s,
            )
            if not history or accuracy > best_epoch(history).validation_accuracy_percent:
                best = copy.deepcopy(module.state_dict())
            history.append(record)
            if checkpoint is not None:
                state = Checkpoint(fingerprint, tuple(history), module.state_dict(), optimiser.state_dict(), best)
                write_checkpoint(checkpoint, state)
            if progress is not None:
                progress(record)
        module.load_state_dict(best)
    return TrainResult(tuple(history), best_epoch(history))


def weights_generator(seed: int) -> torch.Generator:
    """The generator of a seed's first weights."""
    return torch.Generator().manual_seed(stream_seed(seed, _WEIGHTS, 0))


def training_fingerprint(module: nn.Module, train: Split, validation: Split, settings: TrainSettings) -> str:
    """SHA-256 (hex) of first weights, data and settings; the network is in the names and shapes of the weights."""
    digest = hashlib.sha256(msgspec.json.encode(settings))
    for name, value in module.state_dict().items():
        digest.update(f"{name} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    for split in (train, validation):
        for array in (split.x, split.y):
            digest.update(str(array.shape).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _epoch(
    module: nn.Module, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor, settings: TrainSettings, epoch: int
) -> tuple[float, float]:
    """One pass over shuffled batches; mean loss and percent right, as they were while the weights changed."""
    generator = torch.Generator().manual_seed(stream_seed(settings.seed, _EPOCH, epoch))
    for group in optimiser.param_groups:
        group["lr"] = settings.rate(epoch)
    module.train()
    loss_sum, right = torch.zeros((), device=x.device), torch.zeros((), device=x.device)
    for rows in _batches(len(y), settings.batch, generator):
        rows = rows.to(x.device)
        wanted = y[rows]
        logits = module(augmented(x[rows], settings.augmentation, generator))
        loss = functional.cross_entropy(logits, wanted, label_smoothing=settings.label_smoothing)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        loss_sum += loss.detach() * len(rows)
        right += (logits.detach().argmax(1) == wanted).sum()
    mean_loss = loss_sum.item() / len(y)
    if not math.isfinite(mean_loss):
        raise DivergedError(
            f"training diverged in epoch {epoch + 1}: the loss is {mean_loss:g}; "
            f"lower the learning rate of {settings.learning_rate:g}"
        )
    return mean_loss, 100.0 * right.item() / len(y)


def _batches(samples: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Rows in random order; a last single one joins the batch before it, as it has no statistics of its own."""
    order = torch.randperm(samples, generator=generator)
    starts = list(range(0, samples, batch))
    if len(starts) > 1 and samples - starts[-1] == 1:
        starts.pop()
    for start, stop in zip(starts, [*starts[1:], samples], strict=True):
        yield order[start:stop]


def _optimiser(module: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimiser is Optimiser.ADAM:
        return torch.optim.Adam(module.parameters(), rate, weight_decay=decay)
    return torch.optim.SGD(module.parameters(), rate, settings.momentum, weight_decay=decay)


def _tensors(split: Split, device: torch.device) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(split.x).to(device), torch.from_numpy(split.y).to(device)


def _check_data(module: nn.Module, x: Tensor, y: Tensor, validation_y: Tensor) -> None:
    if len(y) < 2:
        raise InputError(f"training needs at least 2 samples, got {len(y)}")
    if not len(validation_y):
        raise InputError("training needs validation samples to keep its best epoch by, got none")
    was_training = module.training
    with torch.no_grad():
        outputs = module.eval()(x[:1]).shape[1]
    module.train(was_training)
    classes = int(max(y.max(), validation_y.max())) + 1
    if classes > outputs:
        raise InputError(f"the data have {classes} classes, the network has {outputs} outputs")
