"""What is written down about an epoch of the joint phase."""

from __future__ import annotations

import msgspec


class JointEpoch(msgspec.Struct, frozen=True):
    """One epoch of the joint phase; memory and second cost are those of the binarised network at its end.

    `score`: validation cross-entropy plus strength times the second cost relative to the seed's. `candidate`: whether
    the network may be the result.
    """

    epoch: int
    strength_share: float
    multiplier: float
    task_loss: float
    validation_loss: float
    validation_accuracy_percent: float
    memory_bytes: float
    second_cost: float
    score: float
    candidate: bool
    seconds: float
