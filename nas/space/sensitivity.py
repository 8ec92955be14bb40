"""IMO sensitivity of a search space: how far each architecture parameter moves the IMO, and through which block.

The study of TiNAS: the widest network, one parameter varied independently in every block and the others held, no NVM
limit. Published samples are replaced by all combinations, read off the table of a small space.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import msgspec
import numpy as np

from nas.space.columns import Floats, Ints
from nas.space.mbconv_space import MbconvSpace, NetworkSetting
from nas.space.population import SettingStatistics
from nas.space.table import SpaceTable, build_table
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


def block_sensitivity(space: MbconvSpace, parameter: Parameter) -> BlockSensitivity:
    """Vary one block-level parameter at the largest width and resolution of the space.

    Raises InputError where no network of the study has a design for every layer.
    """
    imo = study_imo(space, parameter)
    return BlockSensitivity(parameter, float(imo.min()), float(imo.max()), _main_effects(imo))


def study_imo(space: MbconvSpace, parameter: Parameter) -> Floats:
    """IMO in percent of all networks of a study: an axis for each block, along it the values of `VARIED`."""
    study = msgspec.structs.asdict(BASE) | {parameter.value: getattr(VARIED, parameter.value)}
    varied = msgspec.structs.replace(space, widths=(max(space.widths),), resolutions=(max(space.resolutions),), **study)
    table = build_table(varied)
    shape = (len(varied.choices),) * varied.blocks
    choices = np.indices(shape).reshape(varied.blocks, -1).T
    imo = table.costs(np.zeros(len(choices), dtype=np.int64), choices).imo_percent
    if not np.isfinite(imo).all():
        raise InputError(f"search space {space.name!r}: the {parameter} study has networks without a feasible design")
    return imo.reshape(shape)


def silhouettes(space: MbconvSpace, parameter: Parameter = Parameter.KERNELS) -> tuple[float, ...]:
    """For each block how well its value separates the points (mean value over blocks, IMO): the study of TiNAS.

    Silhouette coefficients, -1 to 1, of all networks of a study, labelled by the value of that block: the higher, the
    more the block decides. P. J. Rousseeuw, J. Comput. Appl. Math. 20, 1987, doi:10.1016/0377-0427(87)90125-7.
    """
    from sklearn.metrics import silhouette_score

    imo = study_imo(space, parameter)
    places = np.indices(imo.shape).reshape(imo.ndim, -1)
    values = np.array(getattr(VARIED, parameter.value), dtype=np.float64)
    points = np.column_stack((values[places].mean(axis=0), imo.ravel()))
    return tuple(float(silhouette_score(points, labels)) for labels in places)


def network_sensitivity(statistics: tuple[SettingStatistics, ...]) -> tuple[float, float]:
    """Range of the mean IMO over widths at the largest resolution, and over resolutions at the largest width.

    In percentage points, from `population_statistics`.
    """
    width = max(entry.setting.width for entry in statistics)
    resolution = max(entry.setting.resolution for entry in statistics)
    over_width = [entry.imo_percent.mean for entry in statistics if entry.setting.resolution == resolution]
    over_resolution = [entry.imo_percent.mean for entry in statistics if entry.setting.width == width]
    return max(over_width) - min(over_width), max(over_resolution) - min(over_resolution)


@dataclass(frozen=True, slots=True)
class NetworkStudy:
    """Mean IMO in percent by width at the largest resolution, and by resolution at the largest width."""

    by_width: dict[float, float]
    by_resolution: dict[int, float]

    @property
    def range_points(self) -> tuple[float, float]:
        """Sensitivity to width and to resolution, percentage points."""
        widths, resolutions = self.by_width.values(), self.by_resolution.values()
        return max(widths) - min(widths), max(resolutions) - min(resolutions)


DRAWS = 1000  # times that as many networks as wanted are drawn, until too few of them can be built
SAME_BLOCKS, FRESH_BLOCKS = 50, 100  # networks a value in the two published studies


def sampled_network_study(
    table: SpaceTable, generator: np.random.Generator, *, fresh: bool, samples: int | None = None
) -> NetworkStudy:
    """The two network-level studies as published, from `samples` random networks a value.

    With `fresh` every value has its own random networks that fit into NVM; otherwise all share one set, drawn at the
    largest width and resolution, without NVM limit. The population has the exact means: `network_sensitivity`.
    """
    space, count = table.space, samples or (FRESH_BLOCKS if fresh else SAME_BLOCKS)
    width, resolution = max(space.widths), max(space.resolutions)
    shared = None if fresh else _random_choices(table, NetworkSetting(width, resolution), count, generator, fits=False)

    def mean(setting: NetworkSetting) -> float:
        choices = _random_choices(table, setting, count, generator, fits=True) if shared is None else shared
        where = np.full(count, space.settings.index(setting))
        return float(table.costs(where, choices).imo_percent.mean())

    return NetworkStudy(
        {value: mean(NetworkSetting(value, resolution)) for value in space.widths},
        {value: mean(NetworkSetting(width, value)) for value in space.resolutions},
    )


def _random_choices(
    table: SpaceTable, setting: NetworkSetting, count: int, generator: np.random.Generator, *, fits: bool
) -> Ints:
    """Random networks (count, blocks) that have a design for every layer, and fit into NVM where asked."""
    space = table.space
    found = np.empty((0, space.blocks), dtype=np.int64)
    for _ in range(DRAWS):
        drawn = generator.integers(0, len(space.choices), (count, space.blocks))
        costs = table.costs(np.full(count, space.settings.index(setting)), drawn)
        kept = table.buildable(costs) if fits else np.isfinite(costs.latency_s)
        found = np.concatenate((found, drawn[kept]))[:count]
        if len(found) == count:
            return found
    raise InputError(f"search space {space.name!r}: hardly any network of {setting} can be built")


def _main_effects(values: Floats) -> tuple[float, ...]:
    """Share of the variance of `values` that each axis explains on its own."""
    whole = values.var()
    axes = range(values.ndim)
    means = (values.mean(axis=tuple(other for other in axes if other != axis)) for axis in axes)
    return tuple(float(mean.var() / whole) if whole > 0 else float("nan") for mean in means)
