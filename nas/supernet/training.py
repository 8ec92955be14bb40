"""Training of a supernet: paths on batches, a checkpoint after every epoch."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path as FilePath

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nas.data.data_set import DataSet, data_hash
from nas.supernet.checkpoint import SupernetEpoch, SupernetState, loaded_supernet, read_supernet, write_supernet
from nas.supernet.descent import descend, descend_everywhere
from nas.supernet.maps import Maps, training_maps, validation_maps
from nas.supernet.path_space import Path, PathSpace
from nas.supernet.path_weights import logits
from nas.supernet.sampling import endless, uniform_path
from nas.supernet.scoring import calibration_rows, path_accuracy_percent
from nas.supernet.settings import Sharing, SupernetSettings, Unsampled
from nas.supernet.supernet import Supernet, build_supernet
from nas.train.augment import augmented
from nas.train.device import chosen_device, torch_threads
from nas.train.diverged import DivergedError
from nas.train.seeds import stream_seed
from nas.train.settings import Augmentation
from simint.errors import InputError

_WEIGHTS, _EPOCH, _VALIDATION = 0, 1, 2  # streams of random numbers of one seed

# What tells how an epoch went need not be exact, but fast: random paths, and windows for the statistics of each.
VALIDATION_PATHS = 12
VALIDATION_WINDOWS = 64


def train_supernet(
    space: PathSpace,
    data: DataSet,
    settings: SupernetSettings,
    checkpoint: FilePath,
    progress: Callable[[SupernetEpoch], None] | None = None,
    device: str = "cpu",
    threads: int = 1,
) -> Supernet:
    """A trained supernet, with the weights its settings say to keep; `SupernetScorer` reads them from `checkpoint`.

    The checkpoint is written after every epoch. If it is there, the training goes on behind it, and on a CPU with the
    same number of threads it ends with the very bits of an uninterrupted one. Raises InputError for data that do not
    suit the space, a checkpoint of another training, and a loss that is no number.
    """
    place = chosen_device(device)
    digest = data_hash(data)
    with torch_threads(threads):
        train, validation = training_maps(data, space, place), validation_maps(data, space, place)
        if len(train) < 2 or not len(validation):
            raise InputError(f"{data.name}: a supernet needs at least 2 training samples and a validation sample")
        supernet, state = _opened(space, settings, digest, checkpoint, place)
        for epoch in range(len(state.history), settings.training.epochs):
            began_s = time.perf_counter()
            ever_used = set(state.ever_used)
            loss = _epoch(supernet, train, settings, epoch, ever_used)
            accuracy = _validated(supernet, train, validation, settings, epoch)
            best = max((past.validation_accuracy_percent for past in state.history), default=-math.inf)
            keep = accuracy > best or not settings.keep_best
            record = SupernetEpoch(
                epoch=epoch + 1,
                loss=loss,
                validation_accuracy_percent=accuracy,
                seconds=time.perf_counter() - began_s,
            )
            store = supernet.store
            state = SupernetState(
                space,
                settings,
                digest,
                (*state.history, record),
                store.weights,
                store.momenta,
                store.statistics,
                frozenset(ever_used),
                store.weights.clone() if keep else state.kept_weights,
                store.statistics.clone() if keep else state.kept_statistics,
            )
            write_supernet(checkpoint, state)
            if progress is not None:
                progress(record)
        return loaded_supernet(state, place)


def _opened(
    space: PathSpace, settings: SupernetSettings, digest: str, checkpoint: FilePath, place: torch.device
) -> tuple[Supernet, SupernetState]:
    """A supernet as the checkpoint left it, or a new one."""
    generator = torch.Generator().manual_seed(stream_seed(settings.training.seed, _WEIGHTS, 0))
    supernet = build_supernet(space, settings.sharing, settings.training.initialisation, generator, place)
    store = supernet.store
    if not checkpoint.exists():
        start = (store.weights, store.momenta, store.statistics)
        return supernet, SupernetState(
            space, settings, digest, (), *start, frozenset(), store.weights.clone(), store.statistics.clone()
        )
    state = read_supernet(checkpoint)
    if (state.space, state.settings, state.data) != (space, settings, digest):
        what = "space" if state.space != space else "settings" if state.settings != settings else "data"
        raise InputError(f"{checkpoint}: a supernet of other {what}; remove it or choose another file")
    store.weights.copy_(state.weights)
    store.momenta.copy_(state.momenta)
    store.statistics.copy_(state.statistics)
    return supernet, state


def _epoch(supernet: Supernet, train: Maps, settings: SupernetSettings, epoch: int, ever_used: set[int]) -> float:
    """One pass over the batches; the mean loss of the paths."""
    training = settings.training
    draws = np.random.default_rng([training.seed, _EPOCH, epoch])
    varying = torch.Generator().manual_seed(stream_seed(training.seed, _EPOCH, epoch))
    steps = endless(settings.sampling, supernet.space, draws, by_choice=settings.sharing is Sharing.SINGLE_PATH)
    rate = training.rate(epoch)
    total, count = torch.zeros((), device=train.y.device), 0
    batches = _batches(len(train), training.batch, settings.skipped_share, draws)
    while group := list(itertools.islice(batches, settings.batches_per_update)):
        uses: dict[int, int] = {}
        for rows in group:
            paths = next(steps)
            losses, used = accumulate_gradients(supernet, train, rows.to(train.y.device), paths, settings, varying)
            total += losses
            count += len(paths)
            for segment, times in used.items():
                uses[segment] = times
        ever_used |= uses.keys()
        if settings.unsampled is Unsampled.DRIFT:
            descend_everywhere(supernet.store, uses, ever_used, rate, training.momentum, training.weight_decay)
        else:
            descend(supernet.store, uses, rate, training.momentum, training.weight_decay)
    mean = total.item() / max(count, 1)
    if not math.isfinite(mean):
        raise DivergedError(
            f"supernet diverged in epoch {epoch + 1}: the loss is {mean:g}; "
            f"lower the learning rate of {training.learning_rate:g}"
        )
    return mean


def accumulate_gradients(
    supernet: Supernet,
    train: Maps,
    rows: Tensor,
    paths: tuple[Path, ...],
    settings: SupernetSettings,
    varying: torch.Generator,
) -> tuple[Tensor, dict[int, int]]:
    """Add the gradients of all paths on one batch; the sum of their losses, and how often every segment was used."""
    training = settings.training
    wanted = train.y[rows]
    target = wanted
    total = torch.zeros((), device=wanted.device)
    used: dict[int, int] = {}
    inputs: dict[int, Tensor] = {}
    for number, path in enumerate(paths):
        if path.resolution not in inputs:
            x = train.batch(path.resolution, rows)
            if training.augmentation is not Augmentation.NONE:
                x = augmented(x, training.augmentation, varying).contiguous(memory_format=torch.channels_last)
            inputs[path.resolution] = x
        weights = supernet.path(path)
        answers = logits(weights, inputs[path.resolution], training=True)
        smoothing = training.label_smoothing if target is wanted else 0.0
        loss = functional.cross_entropy(answers, target, label_smoothing=smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        if settings.distilled and number == 0:
            target = answers.detach().softmax(1)
        total += loss.detach()
        for segment in weights.segments:
            used[segment] = used.get(segment, 0) + 1
    return total, used


def _validated(supernet: Supernet, train: Maps, validation: Maps, settings: SupernetSettings, epoch: int) -> float:
    """Mean accuracy of random paths, each on its own share of the validation samples, as the publication does it."""
    draws = np.random.default_rng([settings.training.seed, _VALIDATION, epoch])
    right, count = 0.0, 0
    paths = min(VALIDATION_PATHS, len(validation))
    calibration = calibration_rows(train, settings, min(VALIDATION_WINDOWS, settings.recalibration_windows))
    for rows in torch.tensor_split(torch.from_numpy(draws.permutation(len(validation))), paths):
        path = uniform_path(supernet.space, draws)
        part = rows.to(validation.y.device)
        accuracy = path_accuracy_percent(supernet, path, validation, part, train, calibration)
        right += accuracy * len(part)
        count += len(part)
    return right / count


def _batches(samples: int, batch: int, skipped: float, draws: np.random.Generator) -> Iterator[Tensor]:
    """Rows in random order; a last single one joins the batch before it, as it has no statistics of its own."""
    order = torch.from_numpy(draws.permutation(samples))
    starts = list(range(0, samples, batch))
    if len(starts) > 1 and samples - starts[-1] == 1:
        starts.pop()
    skips = draws.random(len(starts)) < skipped
    for start, stop, skip in zip(starts, [*starts[1:], samples], skips, strict=True):
        if not skip:
            yield order[start:stop]
