"""Published training settings, by data set.

TiNAS: H. R. Mendis, C.-H. Yen, C.-K. Kang, P.-C. Hsiu, IEEE TCAD 44(10), 2025, artefact github.com/EMCLab-Sinica/TiNAS.
iNAS: H. R. Mendis, C.-K. Kang, P.-C. Hsiu, ACM TECS 20(5s), article 64, 2021, artefact
github.com/EMCLab-Sinica/Intermittent-aware-NAS.
"""

from __future__ import annotations

import enum

import msgspec

from nas.modules.kinds import Initialisation
from nas.train.settings import Augmentation, Optimiser, Schedule, TrainSettings
from simint.errors import InputError


class Recipe(enum.StrEnum):
    """What a training is for.

    `scratch`: 100 epochs at the supernet's rate and batch (our choice: the publication trains nothing from scratch).
    `supernet`, `fine-tune`, `stand-alone` (of a network in the sensitivity study): as TiNAS. `inas`: children of iNAS.
    """

    SCRATCH = "scratch"
    SUPERNET = "supernet"
    FINE_TUNE = "fine-tune"
    STAND_ALONE = "stand-alone"
    INAS = "inas"


SCRATCH_EPOCHS = 100
_FALLBACK = "har"  # for data sets that the publications do not have

_TINAS = {
    # epochs, batch, learning rate
    Recipe.SUPERNET: {"cifar10": (400, 100, 0.025), "har": (200, 64, 0.05)},
    Recipe.FINE_TUNE: {"cifar10": (20, 100, 0.025), "har": (15, 64, 0.025), "mswc": (25, 100, 0.01)},
    # The optimiser is made anew every epoch, so its rate never falls; it starts from the supernet's.
    Recipe.STAND_ALONE: {"cifar10": (20, 100, 0.025), "har": (10, 64, 0.05)},
}
_INAS_BATCH = {"cifar10": 256, "har": 512, "kws": 100}


def published_tinas(dataset: str, recipe: Recipe) -> TrainSettings:
    """TiNAS's settings for `cifar10`, `har` or, fine-tuning only, `mswc`; InputError for what was not published.

    The supernet of MSWC sums gradients over 16 of its batches and skips batches at random: not a plain training.
    """
    rows = _TINAS.get(recipe)
    if rows is None:
        raise InputError(f"TiNAS has no recipe {recipe!r}; there are {', '.join(_TINAS)}")
    if dataset not in rows:
        raise InputError(f"TiNAS has no {recipe} settings for {dataset!r}; it has them for {', '.join(rows)}")
    epochs, batch, rate = rows[dataset]
    return TrainSettings(
        epochs=epochs,
        batch=batch,
        learning_rate=rate,
        optimiser=Optimiser.SGD,
        momentum=0.9,
        weight_decay=5e-5,
        schedule=Schedule.CONSTANT if recipe is Recipe.STAND_ALONE else Schedule.COSINE,
        augmentation=Augmentation.TINAS_CIFAR10 if dataset == "cifar10" else Augmentation.NONE,
        initialisation=Initialisation.TINAS,
    )


def published_inas(dataset: str) -> TrainSettings:
    """How iNAS trains a child network on `cifar10`, `har` or `kws`; InputError for another data set."""
    if dataset not in _INAS_BATCH:
        raise InputError(f"iNAS has no settings for {dataset!r}; it has them for {', '.join(_INAS_BATCH)}")
    return TrainSettings(
        epochs=25,
        batch=_INAS_BATCH[dataset],
        learning_rate=0.001,
        optimiser=Optimiser.ADAM,
        momentum=0.0,
        weight_decay=0.0,
        schedule=Schedule.CONSTANT,
        initialisation=Initialisation.GLOROT,
    )


def recipe_settings(recipe: Recipe, dataset: str) -> TrainSettings:
    """The settings of a recipe; a data set that the publications do not have is trained as HAR is."""
    if recipe is Recipe.INAS:
        return published_inas(dataset if dataset in _INAS_BATCH else _FALLBACK)
    if recipe is Recipe.SCRATCH:
        settings = recipe_settings(Recipe.SUPERNET, dataset)
        return msgspec.structs.replace(settings, epochs=SCRATCH_EPOCHS)
    return published_tinas(dataset if dataset in _TINAS[recipe] else _FALLBACK, recipe)
