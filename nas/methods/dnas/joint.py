"""The joint phase: weights and masks descend on the same batches, and the best network within the limit is kept."""

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
import torch
from torch import Tensor
from torch.nn import functional

from nas.channels.masked_module import MaskedModule
from nas.channels.masks import FIRST_ALPHA
from nas.methods.dnas.config import DnasConfig
from nas.methods.dnas.constraint import CostTerms, Strengths, first_strengths, penalty
from nas.methods.dnas.costs import SearchCosts
from nas.methods.dnas.fitting import filled, within_limit
from nas.methods.dnas.joint_epoch import JointEpoch
from nas.modules.batch_norm import BATCH, WINDOWS, recalibrate
from nas.train.augment import augmented
from nas.train.checkpoint import State, read_tensors, write_tensors
from nas.train.device import chosen_device, torch_threads
from nas.train.diverged import DivergedError
from nas.train.evaluate import loss_and_accuracy
from nas.train.seeds import stream_seed
from simint.config import struct_hash
from simint.errors import InputError

if TYPE_CHECKING:
    from nas.data.data_set import DataSet

_FORMAT = "simint-dnas-search/1"
_STREAM = 7  # of a seed's random numbers; training has 0 and 1 (`nas.train.loop`)


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """The result: weights and masks of the best candidate are in the module that was searched.

    `projected`: no epoch ended within the limit, so the last network was cut down to it.
    """

    history: tuple[JointEpoch, ...]
    best_epoch: int
    projected: bool


def search_jointly(
    masked: MaskedModule,
    data: DataSet,
    config: DnasConfig,
    costs: SearchCosts,
    limit: float,
    task_loss: float,
    checkpoint: Path | None = None,
    progress: Callable[[JointEpoch], None] | None = None,
    device: str = "cpu",
    threads: int = 1,
) -> Joint:
    """Search from the weights and alphas that the module has.

    `limit` in bytes; `task_loss`: of the warmed-up seed. `checkpoint` is written after every epoch; if it is there, the
    search goes on behind it. Raises InputError for a checkpoint of another search and for a loss that is no number.
    """
    place = chosen_device(device)
    settings = config.settings
    full = first_strengths(costs, limit, task_loss, config.strength)
    with torch_threads(threads):
        masked.to(place)
        x, y = torch.from_numpy(data.train.x).to(place), torch.from_numpy(data.train.y).to(place)
        validation = torch.from_numpy(data.validation.x).to(place), torch.from_numpy(data.validation.y).to(place)
        optimiser = joint_optimiser(masked, config)
        fingerprint = _fingerprint(masked, config, limit)
        history: list[JointEpoch] = []
        best: State = {}
        if checkpoint is not None and checkpoint.exists():
            history, best = _restored(checkpoint, fingerprint, masked, optimiser)
        while len(history) < settings.epochs and not _out_of_patience(history, settings.patience):
            began_s, epoch = time.perf_counter(), len(history)
            multiplier = _multiplier(history, settings.growth, config, limit)
            share = settings.strength(epoch)
            strengths = Strengths(full.memory * share * multiplier, full.second * share)
            terms = CostTerms(costs, limit, strengths, settings.constraint)
            task = _epoch(masked, optimiser, x, y, config, terms, epoch)
            # Masks change faster than running averages follow.
            recalibrate(masked, x[: WINDOWS // 2], BATCH)
            loss, accuracy = loss_and_accuracy(masked, *validation)
            counts = costs.counts(masked.masks.kept())
            memory, second = costs.memory.priced(counts)[0], costs.second.priced(counts)[0]
            record = JointEpoch(
                epoch=epoch + 1,
                strength_share=share,
                multiplier=multiplier,
                task_loss=task,
                validation_loss=loss,
                validation_accuracy_percent=accuracy,
                memory_bytes=memory,
                second_cost=second,
                score=loss + full.second * second / costs.seed_second,
                candidate=memory <= limit and settings.checkpointed(epoch),
                seconds=time.perf_counter() - began_s,
            )
            if record.candidate and record.score < _best_score(history):
                best = copy.deepcopy(masked.state_dict())
            history.append(record)
            if checkpoint is not None:
                _save(checkpoint, fingerprint, history, masked, optimiser, best)
            if progress is not None:
                progress(record)
        _bring_to_limit(masked, best, config, costs, limit)
    found = [record for record in history if record.candidate]
    chosen = min(found, key=lambda record: record.score).epoch if found else len(history)
    return Joint(tuple(history), chosen, projected=not best)


def _bring_to_limit(masked: MaskedModule, best: State, config: DnasConfig, costs: SearchCosts, limit: float) -> None:
    """Take the best candidate, or cut down the network as it is where there is none; then fill up what is left."""
    if best:
        masked.load_state_dict(best)
    else:
        masked.masks.keep(within_limit(masked.masks, costs, limit))
    if config.settings.fill:
        masked.masks.keep(filled(masked.masks, costs, limit, config.strength))


def joint_optimiser(masked: MaskedModule, config: DnasConfig) -> torch.optim.Optimizer:
    """Adam on the weights and, with a rate of its own, on the alphas."""
    groups = [
        {"params": list(masked.plain.parameters()), "lr": config.settings.weight_rate},
        {"params": [masked.masks.alpha], "lr": config.settings.mask_rate},
    ]
    return torch.optim.Adam(groups)


def joint_step(
    masked: MaskedModule,
    optimiser: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
    terms: CostTerms,
    label_smoothing: float = 0.0,
) -> Tensor:
    """One step on one batch; the task's loss, detached.

    Alphas stay within [0, 1]: cross-entropy falls by ever larger features alone, and would push them out of reach.
    """
    theta = masked.masks()
    task = functional.cross_entropy(masked.masked(x, theta), y, label_smoothing=label_smoothing)
    loss = task + penalty(theta, terms)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    with torch.no_grad():
        masked.masks.alpha.clamp_(0.0, FIRST_ALPHA)
    return task.detach()


def _epoch(
    masked: MaskedModule,
    optimiser: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
    config: DnasConfig,
    terms: CostTerms,
    epoch: int,
) -> float:
    """One pass over shuffled batches; the mean task loss while the weights changed."""
    settings = config.settings
    generator = torch.Generator().manual_seed(stream_seed(config.seed, _STREAM, epoch))
    masked.train()
    total = torch.zeros((), device=x.device)
    for rows in _batches(len(y), settings.batch, generator):
        rows = rows.to(x.device)
        batch = augmented(x[rows], settings.augmentation, generator)
        total += joint_step(masked, optimiser, batch, y[rows], terms, settings.label_smoothing) * len(rows)
    mean = total.item() / len(y)
    if not math.isfinite(mean):
        raise DivergedError(
            f"search diverged in epoch {epoch + 1}: the task loss is {mean:g}; "
            f"lower the rates of {settings.weight_rate:g} and {settings.mask_rate:g}"
        )
    return mean


def _batches(samples: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Rows in random order; a last single one is left out of the epoch, as it has no statistics of its own."""
    for rows in torch.split(torch.randperm(samples, generator=generator), batch):
        if len(rows) > 1:
            yield rows


def _multiplier(history: list[JointEpoch], growth: float, config: DnasConfig, limit: float) -> float:
    """What the constraint's strength is multiplied with: it grows by every epoch at full strength above the limit."""
    violated = sum(record.memory_bytes > limit and config.settings.annealed(record.epoch - 1) for record in history)
    return growth**violated


def _best_score(history: list[JointEpoch]) -> float:
    return min((record.score for record in history if record.candidate), default=math.inf)


def _out_of_patience(history: list[JointEpoch], patience: int) -> bool:
    """Whether there was a best candidate, and nothing better for so many epochs."""
    best = _best_score(history)
    places = [place for place, record in enumerate(history) if record.candidate and record.score == best]
    return bool(places) and len(history) - 1 - places[0] >= patience


def _fingerprint(masked: MaskedModule, config: DnasConfig, limit: float) -> str:
    digest = hashlib.sha256(f"{struct_hash(config)} {limit!r}".encode())
    for value in masked.state_dict().values():
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _save(
    path: Path,
    fingerprint: str,
    history: list[JointEpoch],
    masked: MaskedModule,
    optimiser: torch.optim.Optimizer,
    best: State,
) -> None:
    data = {
        "format": _FORMAT,
        "fingerprint": fingerprint,
        "history": msgspec.json.encode(history).decode(),
        "module": masked.state_dict(),
        "optimiser": optimiser.state_dict(),
        "best": best,
    }
    write_tensors(path, data)


def _restored(
    path: Path, fingerprint: str, masked: MaskedModule, optimiser: torch.optim.Optimizer
) -> tuple[list[JointEpoch], State]:
    data = read_tensors(path, _FORMAT, "checkpoint of a channel search")
    if data["fingerprint"] != fingerprint:
        raise InputError(f"{path}: belongs to another channel search; remove it or choose another folder")
    masked.load_state_dict(data["module"])
    optimiser.load_state_dict(data["optimiser"])
    return msgspec.json.decode(data["history"], type=list[JointEpoch]), data["best"]
