"""How a network is trained: everything a result depends on besides network, data and first weights."""

from __future__ import annotations

import enum
import math

import msgspec

from nas.modules.kinds import Initialisation
from simint.errors import InputError


class Optimiser(enum.StrEnum):
    """`sgd` with momentum, no Nesterov; `adam` with decay rates 0.9 and 0.999 (Kingma and Ba, ICLR 2015)."""

    SGD = "sgd"
    ADAM = "adam"


class Schedule(enum.StrEnum):
    """Learning rate over the epochs: `cosine` annealing from the given rate towards 0, or `constant`."""

    COSINE = "cosine"
    CONSTANT = "constant"


class Augmentation(enum.StrEnum):
    """How training samples are varied, anew in each epoch; see `nas.train.augment`."""

    NONE = "none"
    SHIFT = "shift"
    FLIP_SHIFT = "flip-shift"
    TINAS_CIFAR10 = "tinas-cifar10"


class TrainSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one training; the loss is cross-entropy.

    The defaults are the rate, batch and optimiser of TiNAS for HAR over 100 epochs; `nas.train.published` has the
    published ones. `initialisation` is used where a network is trained from scratch.
    """

    epochs: int = 100
    batch: int = 64
    learning_rate: float = 0.05
    optimiser: Optimiser = Optimiser.SGD
    momentum: float = 0.9
    weight_decay: float = 5e-5
    schedule: Schedule = Schedule.COSINE
    label_smoothing: float = 0.0
    augmentation: Augmentation = Augmentation.NONE
    initialisation: Initialisation = Initialisation.TINAS
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise InputError(f"`epochs` must be at least 1, got {self.epochs}")
        if self.batch < 2:
            raise InputError(f"`batch` must be at least 2, batch normalisation needs it; got {self.batch}")
        if not 0 < self.learning_rate < math.inf:
            raise InputError(f"`learning_rate` must be positive and finite, got {self.learning_rate:g}")
        if not 0 <= self.momentum < 1:
            raise InputError(f"`momentum` must be at least 0 and below 1, got {self.momentum:g}")
        if not 0 <= self.weight_decay < math.inf:
            raise InputError(f"`weight_decay` must be at least 0 and finite, got {self.weight_decay:g}")
        if not 0 <= self.label_smoothing < 1:
            raise InputError(f"`label_smoothing` must be at least 0 and below 1, got {self.label_smoothing:g}")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"`seed` must be between 0 and 2^63 - 1, got {self.seed}")

    def rate(self, epoch: int) -> float:
        """Learning rate of an epoch, from 0 on."""
        if self.schedule is Schedule.CONSTANT:
            return self.learning_rate
        return 0.5 * self.learning_rate * (1 + math.cos(math.pi * epoch / self.epochs))
