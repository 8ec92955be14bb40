"""Settings of the iNAS controller, and the defects of its artefact.

The artefact is github.com/EMCLab-Sinica/Intermittent-aware-NAS.
"""

from __future__ import annotations

from dataclasses import dataclass

from simint.errors import InputError


@dataclass(frozen=True, slots=True)
class InasSettings:
    """What the published search uses (specification F.2, F.3).

    `sampled` is ours: options are drawn by their probabilities, as the policy gradient assumes; published is the most
    probable one (what that costs: `docs/nas/inas_controller.py`). With it `exploration` may be 0.
    """

    trials: int = 100
    hidden: int = 32
    embedding: int = 20
    exploration: float = 0.1
    exploration_decay: float = 0.99  # per trial; ours, as the published decay never acts
    learning_rate: float = 0.1
    rate_decay: float = 0.95
    rate_steps: int = 500
    regularisation: float = 0.001
    memory: float = 0.8
    repeat_factor: float = 1.2
    sampled: bool = False

    def __post_init__(self) -> None:
        if self.trials < 1 or self.hidden < 1 or self.embedding < 1 or self.rate_steps < 1:
            raise InputError("iNAS: trials, hidden, embedding and rate_steps must be at least 1")
        if not (0 <= self.exploration <= 1 and 0 < self.exploration_decay <= 1 and 0 <= self.memory < 1):
            raise InputError("iNAS: exploration and its decay must be 0 to 1, the memory of the average below 1")


@dataclass(frozen=True, slots=True)
class Quirks:
    """Defects of the published search; all off is the search as mended.

    `scaled_targets`: the target of a decision is its number from 1 instead of 1, so later options are pushed harder.
    `scaled_regulariser`: the reward multiplies the regulariser too, so a penalty makes weights grow. `blind_start`:
    the first input of a trial is always the reserved entry, as probabilities are cut to integers. `repeats`: a network
    proposed again is measured again. `constant_exploration`: its decay never happens. `flat_misses`: every miss of
    the latency requirement has the same reward. `zero_weights`: the artefact's option to be deterministic.
    """

    scaled_targets: bool = False
    scaled_regulariser: bool = False
    blind_start: bool = False
    repeats: bool = False
    constant_exploration: bool = False
    flat_misses: bool = False
    zero_weights: bool = False


MENDED = Quirks()
# Without `zero_weights`, which is an option there too.
AS_PUBLISHED = Quirks(
    scaled_targets=True,
    scaled_regulariser=True,
    blind_start=True,
    repeats=True,
    constant_exploration=True,
    flat_misses=True,
)
