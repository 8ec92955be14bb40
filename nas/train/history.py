"""What is noted of every epoch of a training."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class EpochRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One epoch, from 1 on: losses are mean cross-entropies (the training one with label smoothing)."""

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy_percent: float
    validation_loss: float
    validation_accuracy_percent: float
    seconds: float


def best_epoch(history: Sequence[EpochRecord]) -> EpochRecord:
    """The first epoch of the best validation accuracy."""
    return max(history, key=lambda record: record.validation_accuracy_percent)
