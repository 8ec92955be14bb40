"""The accuracy of a path with the weights it has in a supernet: what a search goes by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath

import numpy as np
import torch
from torch import Tensor

from nas.data.data_set import DataSet
from nas.modules.batch_norm import BATCH as CALIBRATION_BATCH
from nas.space.genome import Genome, Space
from nas.supernet.checkpoint import loaded_supernet, read_supernet
from nas.supernet.inherit import inherited
from nas.supernet.maps import Maps, training_maps, validation_maps
from nas.supernet.path_space import Path, path_of
from nas.supernet.path_weights import PathWeights, logits, recalibrated
from nas.supernet.settings import SupernetSettings
from nas.supernet.supernet import Supernet
from nas.train.device import chosen_device, torch_threads
from nas.train.evaluate import EVALUATION_BATCH
from simint.network.mbconv import mbconv_network

_CALIBRATION = 3  # stream of random numbers, beside those of `nas.supernet.training`


@dataclass(frozen=True, slots=True, eq=False)
class SupernetScorer:
    """Scores paths of one supernet; `open_scorer` loads it. A score depends on nothing but the path."""

    supernet: Supernet
    train: Maps
    validation: Maps
    calibration: Tensor | None
    threads: int = 1

    def accuracy_percent(self, space: Space, genome: Genome) -> float:
        """On the validation split, of the network that a genome of `space` is."""
        return self.path_accuracy_percent(path_of(space, genome))

    def path_accuracy_percent(self, path: Path) -> float:
        """On the validation split; InputError where the supernet has no such path."""
        self.supernet.space.check(path)
        with torch_threads(self.threads):
            return path_accuracy_percent(self.supernet, path, self.validation, None, self.train, self.calibration)

    def state(self, path: Path) -> dict[str, Tensor]:
        """What `build_module` of the path's network loads to be the network that is scored."""
        self.supernet.space.check(path)
        with torch_threads(self.threads):
            weights = scored_weights(self.supernet, path, self.train, self.calibration)
        return inherited(weights, mbconv_network(path))


def open_scorer(
    checkpoint: FilePath,
    data: DataSet,
    *,
    recalibration_windows: int | None = None,
    device: str = "cpu",
    threads: int = 1,
) -> SupernetScorer:
    """Load a supernet and the data it was trained on, once a process.

    `recalibration_windows`: instead of what the settings of the supernet say, 0 for its running statistics.
    """
    place = chosen_device(device)
    state = read_supernet(checkpoint)
    train = training_maps(data, state.space, place)
    rows = calibration_rows(train, state.settings, recalibration_windows)
    return SupernetScorer(
        loaded_supernet(state, place), train, validation_maps(data, state.space, place), rows, threads
    )


def calibration_rows(train: Maps, settings: SupernetSettings, windows: int | None = None) -> Tensor | None:
    """The training windows that batch-norm statistics come from, the same for every path; None for running ones."""
    wanted = settings.recalibration_windows if windows is None else windows
    if wanted == 0:
        return None
    draws = np.random.default_rng([settings.training.seed, _CALIBRATION])
    return torch.from_numpy(draws.permutation(len(train))[:wanted]).to(train.y.device)


def scored_weights(supernet: Supernet, path: Path, train: Maps, calibration: Tensor | None) -> PathWeights:
    """The weights and statistics a score is made with: the supernet's, or statistics of its own if recalibrated."""
    weights = supernet.path(path)
    if calibration is None:
        return weights
    return recalibrated(weights, train.batch(path.resolution, calibration), CALIBRATION_BATCH)


@torch.no_grad()
def path_accuracy_percent(
    supernet: Supernet, path: Path, validation: Maps, rows: Tensor | None, train: Maps, calibration: Tensor | None
) -> float:
    """Percent of right answers on the samples at `rows`, all of them where it is None."""
    weights = scored_weights(supernet, path, train, calibration)
    samples = torch.arange(len(validation), device=validation.y.device) if rows is None else rows
    right = 0
    for part in torch.split(samples, EVALUATION_BATCH):
        answers = logits(weights, validation.batch(path.resolution, part), training=False)
        right += int((answers.argmax(1) == validation.y[part]).sum())
    return 100.0 * right / len(samples)
