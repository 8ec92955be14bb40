"""How a supernet is made, trained and read; the published settings as data."""

from __future__ import annotations

import enum

import msgspec

from nas.modules.kinds import Initialisation
from nas.supernet.sampling import SANDWICH_RANDOM, Sampling
from nas.train.published import Recipe, recipe_settings
from nas.train.settings import Optimiser, TrainSettings
from simint.errors import InputError


class Sharing(enum.StrEnum):
    """What paths share: modules of equal choices (`single-path`, as published), or parts of one bank (`entangled`)."""

    SINGLE_PATH = "single-path"
    ENTANGLED = "entangled"


class Unsampled(enum.StrEnum):
    """What becomes of weights that a step does not use.

    `keep`: nothing, as in today's PyTorch. `drift`: momentum and weight decay go on, once they have been used for the
    first time: PyTorch 1.13, which the artefact of TiNAS pins, fills gradients with zeros instead of dropping them.
    """

    KEEP = "keep"
    DRIFT = "drift"


class SupernetSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one supernet.

    `training.epochs` are passes over the data; a step of several paths (`sampling`) takes them all on the same batch.
    `distilled`: the other paths of a sandwich learn the answers of the largest one instead of the labels.
    Gradients of the paths of one batch are averaged, weight by weight, over the paths that use it.
    `batches_per_update`: gradients of so many batches, each with a path of its own, are summed.
    `skipped_share`: of the batches, at random.
    `recalibration_windows`: training windows from which a path's batch-norm statistics are taken before it is scored;
    0 for the running statistics of the supernet.
    `keep_best`: keep the weights of the epoch with the best mean accuracy of random paths, else those of the last one.
    """

    training: TrainSettings
    sharing: Sharing = Sharing.ENTANGLED
    sampling: Sampling = Sampling.UNIFORM
    distilled: bool = False
    unsampled: Unsampled = Unsampled.KEEP
    batches_per_update: int = 1
    skipped_share: float = 0.0
    recalibration_windows: int = 1000
    keep_best: bool = False

    def __post_init__(self) -> None:
        if self.training.optimiser is not Optimiser.SGD:
            raise InputError(f"a supernet is trained with {Optimiser.SGD}, got {self.training.optimiser}")
        if self.distilled and self.sampling is not Sampling.SANDWICH:
            raise InputError(f"`distilled` needs sampling {Sampling.SANDWICH}, which always takes the largest path")
        if self.batches_per_update < 1:
            raise InputError(f"`batches_per_update` must be at least 1, got {self.batches_per_update}")
        if self.batches_per_update > 1 and self.sampling is not Sampling.UNIFORM:
            raise InputError(f"`batches_per_update` above 1 needs sampling {Sampling.UNIFORM}, got {self.sampling}")
        if not 0 <= self.skipped_share < 1:
            raise InputError(f"`skipped_share` must be at least 0 and below 1, got {self.skipped_share:g}")
        if self.recalibration_windows < 0 or self.recalibration_windows == 1:
            raise InputError(f"`recalibration_windows` must be 0 or at least 2, got {self.recalibration_windows}")


# TiNAS on MSWC: 1000 epochs at 0.01; gradients of 16 batches of 100 are summed, 60 % of the batches skipped. There an
# update that falls on a skipped batch is put off; here it always comes after 16 batches that were not skipped.
_MSWC = {"epochs": 1000, "batch": 100, "learning_rate": 0.01}
_MSWC_SUMMED, _MSWC_SKIPPED = 16, 0.6


def published_supernet(dataset: str) -> SupernetSettings:
    """The settings of TiNAS (artefact github.com/EMCLab-Sinica/TiNAS); other data sets are trained as HAR is.

    The momentum of unsampled weights is today's; the published one is `unsampled=Unsampled.DRIFT`.
    """
    training = recipe_settings(Recipe.SUPERNET, "har" if dataset == "mswc" else dataset)
    mswc = dataset == "mswc"
    return SupernetSettings(
        training=msgspec.structs.replace(training, **_MSWC) if mswc else training,
        sharing=Sharing.SINGLE_PATH,
        batches_per_update=_MSWC_SUMMED if mswc else 1,
        skipped_share=_MSWC_SKIPPED if mswc else 0.0,
        recalibration_windows=0,
        keep_best=True,
    )


_TRUSTED_EPOCHS = 50


def trusted_supernet(dataset: str) -> SupernetSettings:
    """What a search uses unless told otherwise: entangled weights, batch-norm statistics of each path's own.

    First weights as PyTorch draws them: with the published ones, large for depthwise kernels, paths learn more slowly
    (HAR, width 1, 64 samples, 20 epochs: mean accuracy of 12 paths 87.0 % against 91.5 %). Fifty epochs at most:
    entangled weights see every batch, and HAR's accuracy levels off after 25; with the published 200 epochs at the
    published rate of 0.05 the supernet of all widths and resolutions diverged in epoch 61.
    """
    training = recipe_settings(Recipe.SUPERNET, dataset)
    epochs = min(training.epochs, _TRUSTED_EPOCHS)
    return SupernetSettings(
        training=msgspec.structs.replace(training, initialisation=Initialisation.TORCH, epochs=epochs)
    )


def paths_per_step(settings: SupernetSettings, fair_paths: int) -> int:
    """Paths trained on each batch; `fair_paths` is their number under the fair rule of the space."""
    return {Sampling.UNIFORM: 1, Sampling.FAIR: fair_paths, Sampling.SANDWICH: 2 + SANDWICH_RANDOM}[settings.sampling]
