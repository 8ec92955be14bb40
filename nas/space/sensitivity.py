"""IMO sensitivity of a search space: how far each architecture parameter moves the IMO, and through which block.

The study of TiNAS: the widest network, one parameter varied independently in every block and the others held, no NVM
limit. Published samples are replaced by all combinations, read off the table of a small space.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import msgspec
import numpy as np

from nas.space.columns import Floats
from nas.space.population import SettingStatistics
from nas.space.search_space import SearchSpace
from nas.space.table import build_table
from simint.errors import InputError


class Parameter(enum.StrEnum):
    """The block-level parameters, named as the lists of a space."""

    EXPANSIONS = "expansions"
    KERNELS = "kernels"
    REPEATS = "repeats"
    SHORTCUTS = "shortcuts"


class Study(msgspec.Struct, frozen=True):
    """Choices of every block in a study; one list is varied at a time, the others keep the values of `BASE`."""

    expansions: tuple[int, ...]
    kernels: tuple[int, ...]
    repeats: tuple[int, ...]
    shortcuts: tuple[bool, ...]


# The published study (artefact of TiNAS); its lists are wider than those of the search spaces.
BASE = Study(expansions=(3,), kernels=(3,), repeats=(2,), shortcuts=(True,))
VARIED = Study(expansions=(1, 2, 3, 4, 6, 8), kernels=(1, 3, 5, 7, 9), repeats=(1, 2, 3, 4), shortcuts=(False, True))


@dataclass(frozen=True, slots=True)
class BlockSensitivity:
    """Smallest and largest IMO (percent) over all combinations, and the share of its variance each block explains.

    The shares are main effects: the variance of the mean IMO given the choice of one block over the whole variance.
    What they lack to 1 is interaction between blocks. They are NaN where the IMO does not vary.
    """

    parameter: Parameter
    low: float
    high: float
    block_shares: tuple[float, ...]

    @property
    def range_points(self) -> float:
        """The sensitivity: percentage points between smallest and largest IMO."""
        return self.high - self.low


def block_sensitivity(space: SearchSpace, parameter: Parameter) -> BlockSensitivity:
    """Vary one block-level parameter at the largest width and resolution of the space.

    Raises InputError where no network of the study has a design for every layer.
    """
    study = msgspec.structs.asdict(BASE) | {parameter.value: getattr(VARIED, parameter.value)}
    varied = msgspec.structs.replace(space, widths=(max(space.widths),), resolutions=(max(space.resolutions),), **study)
    table = build_table(varied)
    values = len(varied.choices)
    choices = np.indices((values,) * varied.blocks).reshape(varied.blocks, -1).T
    imo = table.costs(np.zeros(len(choices), dtype=np.int64), choices).imo_percent
    if not np.isfinite(imo).all():
        raise InputError(f"search space {space.name!r}: the {parameter} study has networks without a feasible design")
    return BlockSensitivity(
        parameter, float(imo.min()), float(imo.max()), _main_effects(imo.reshape((values,) * varied.blocks))
    )


def network_sensitivity(statistics: tuple[SettingStatistics, ...]) -> tuple[float, float]:
    """Range of the mean IMO over widths at the largest resolution, and over resolutions at the largest width.

    In percentage points, from `population_statistics`.
    """
    width = max(entry.setting.width for entry in statistics)
    resolution = max(entry.setting.resolution for entry in statistics)
    over_width = [entry.imo_percent.mean for entry in statistics if entry.setting.resolution == resolution]
    over_resolution = [entry.imo_percent.mean for entry in statistics if entry.setting.width == width]
    return max(over_width) - min(over_width), max(over_resolution) - min(over_resolution)


def _main_effects(values: Floats) -> tuple[float, ...]:
    """Share of the variance of `values` that each axis explains on its own."""
    whole = values.var()
    axes = range(values.ndim)
    means = (values.mean(axis=tuple(other for other in axes if other != axis)) for axis in axes)
    return tuple(float(mean.var() / whole) if whole > 0 else float("nan") for mean in means)
