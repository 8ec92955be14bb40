"""How a differentiable channel search is run: every number a result depends on besides seed network, data and costs."""

from __future__ import annotations

import enum
import math

import msgspec

from nas.channels.kinds import Counts, FirstAlphas
from nas.modules.kinds import Initialisation
from nas.train.settings import Augmentation, Optimiser, TrainSettings
from simint.errors import InputError


class Constraint(enum.StrEnum):
    """How the distance to the limit counts; either way the result never exceeds it.

    `hinge`: max(0, bytes - limit), so that a strong second cost may leave memory unused. `equal`: |bytes - limit|,
    draws networks of one size but different cost.
    """

    HINGE = "hinge"
    EQUAL = "equal"


def _training(epochs: int, rate: float) -> TrainSettings:
    # Adam at 1e-3 is the published choice for all phases.
    return TrainSettings(
        epochs=epochs,
        learning_rate=rate,
        optimiser=Optimiser.ADAM,
        weight_decay=0.0,
        initialisation=Initialisation.GLOROT,
    )


class DnasSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one point; those of the phases share data, batch and augmentation by default.

    `warm_up`: weights only. `fine_tune`: of the exported network. Their seeds say nothing: the point's seed counts.
    Joint search, published (DNAS): Adam at 1e-3 for weights, strengths annealed from `first_strength` 1 % to 100 % over
    the first half (`annealing_share`), check-points only in the last quarter (`checkpoint_share`), patience 20.

    Not published: `mask_rate`, with Adam about how far an alpha moves in a step; `growth`, by which the multiplier of
    the memory constraint grows in every epoch behind the annealing that ends above the limit; the `counts` a group may
    have; `fill`, whether memory that the best network leaves is filled with channels dropped last;
    `floor`, a share of an even cut that every group keeps. Bytes are products of the counts of neighbours, so
    descent starves the one whose channels are dear, down to a bottleneck, and then has no reason to cut the others.
    """

    warm_up: TrainSettings = msgspec.field(default_factory=lambda: _training(40, 1e-3))
    fine_tune: TrainSettings = msgspec.field(default_factory=lambda: _training(40, 1e-3))
    epochs: int = 60
    batch: int = 64
    weight_rate: float = 1e-3
    mask_rate: float = 3e-3
    label_smoothing: float = 0.0
    augmentation: Augmentation = Augmentation.NONE
    first_strength: float = 0.01
    annealing_share: float = 0.5
    checkpoint_share: float = 0.25
    patience: int = 20
    growth: float = 1.5
    floor: float = 0.5
    fill: bool = True
    constraint: Constraint = Constraint.HINGE
    first_alphas: FirstAlphas = FirstAlphas.RANK
    counts: Counts = Counts.SMOOTH

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.patience < 1:
            raise InputError(f"`epochs` and `patience` must be at least 1, got {self.epochs} and {self.patience}")
        if self.batch < 2:
            raise InputError(f"`batch` must be at least 2, batch normalisation needs it; got {self.batch}")
        for field in ("weight_rate", "mask_rate"):
            if not 0 < getattr(self, field) < math.inf:
                raise InputError(f"`{field}` must be positive and finite, got {getattr(self, field):g}")
        if not 0 <= self.label_smoothing < 1:
            raise InputError(f"`label_smoothing` must be at least 0 and below 1, got {self.label_smoothing:g}")
        for field in ("first_strength", "annealing_share", "checkpoint_share"):
            if not 0 < getattr(self, field) <= 1:
                raise InputError(f"`{field}` must lie in (0, 1], got {getattr(self, field):g}")
        if not 0 <= self.floor <= 1:
            raise InputError(f"`floor` must lie between 0 and 1, got {self.floor:g}")
        if not 1 <= self.growth < math.inf:
            raise InputError(f"`growth` must be at least 1 and finite, got {self.growth:g}")

    def strength(self, epoch: int) -> float:
        """Share of the full strengths in an epoch, from 0 on: linear up to 1, which it reaches with the annealing."""
        last = max(1, round(self.annealing_share * self.epochs)) - 1
        return 1.0 if epoch >= last else self.first_strength + (1.0 - self.first_strength) * epoch / last

    def annealed(self, epoch: int) -> bool:
        """Whether the strengths are full."""
        return self.strength(epoch) == 1.0

    def checkpointed(self, epoch: int) -> bool:
        """Whether an epoch's network may be the result."""
        return epoch >= self.epochs - max(1, round(self.checkpoint_share * self.epochs))
