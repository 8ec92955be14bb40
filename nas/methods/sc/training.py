"""How candidate networks of the spaces that come with the program are trained: ours, chosen for short searches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nas.train.settings import TrainSettings

_EPOCHS = {"digits": 15, "har": 12}
_USUAL_EPOCHS = 10


def candidate_training(data_set: str, seed: int = 0, epochs: int | None = None) -> TrainSettings:
    """Settings for the candidates of a data set; a seed of their own, and `epochs` in place of the usual number."""
    from nas.modules.kinds import Initialisation
    from nas.train.settings import Optimiser, TrainSettings

    return TrainSettings(
        epochs=_EPOCHS.get(data_set, _USUAL_EPOCHS) if epochs is None else epochs,
        batch=64,
        learning_rate=0.01,
        optimiser=Optimiser.ADAM,
        weight_decay=0.0,
        initialisation=Initialisation.TORCH,
        seed=seed,
    )
