"""What a ranking study does, and the scores it compares."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from nas.supernet.path_space import PathSpace
from nas.supernet.sampling import Sampling, fair_path_count
from nas.supernet.settings import SupernetSettings, Unsampled, paths_per_step, published_supernet, trusted_supernet

STAND_ALONE = "stand-alone"
PROXY_SCORES = ("macs", "parameters", "gradient-norm", "synflow", "naswot", "jacobian-covariance", "zen")


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything the numbers of a study depend on.

    `epochs`, `seeds`: of every stand-alone training. `supernet_epochs`: passes of single paths over the data; where a
    step takes several paths, so many fewer epochs, so that all supernets cost the same.
    """

    space: str
    data: str
    width: float
    resolution: int
    networks: int
    bands: int
    epochs: int
    seeds: int
    supernet_epochs: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SupernetScore:
    """A score by a supernet: the checkpoint it reads, how that is trained, and the windows of recalibration."""

    name: str
    checkpoint: str
    settings: SupernetSettings
    windows: int
    every_setting: bool = False  # one supernet for all widths and resolutions


def supernet_scores(plan: Plan, space: PathSpace) -> tuple[SupernetScore, ...]:
    """The scores by supernets, the more important first; those of one checkpoint behind each other."""
    published = published_supernet(plan.space)
    own = trusted_supernet(plan.space)
    windows = own.recalibration_windows
    drift = msgspec.structs.replace(published, unsampled=Unsampled.DRIFT)
    sandwich = msgspec.structs.replace(own, sampling=Sampling.SANDWICH, distilled=True)
    fair = msgspec.structs.replace(own, sampling=Sampling.FAIR)

    def scheduled(settings: SupernetSettings) -> SupernetSettings:
        paths = paths_per_step(settings, fair_path_count(space))
        return _with(settings, epochs=max(1, plan.supernet_epochs // paths))

    return (
        SupernetScore("single-path", "single-path", scheduled(drift), 0),
        SupernetScore("single-path, recalibrated", "single-path", scheduled(drift), windows),
        SupernetScore("entangled", "entangled", scheduled(own), windows),
        SupernetScore("entangled, running statistics", "entangled", scheduled(own), 0),
        SupernetScore("entangled, all settings", "entangled-all", scheduled(own), windows, every_setting=True),
        SupernetScore("entangled, sandwich", "entangled-sandwich", scheduled(sandwich), windows),
        SupernetScore("single-path, resting", "single-path-resting", scheduled(published), 0),
        SupernetScore("single-path, resting, recalibrated", "single-path-resting", scheduled(published), windows),
        SupernetScore("entangled, fair", "entangled-fair", scheduled(fair), windows),
    )


def _with(settings: SupernetSettings, **changes: object) -> SupernetSettings:
    return msgspec.structs.replace(settings, training=msgspec.structs.replace(settings.training, **changes))
