"""One network explored on many platforms at once: what does not depend on supply and memory is computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simint.errors import InputError
from simint.hardware.platform import Platform, Variant
from simint.network.layer import Layer
from simint.tiling.published.electrical import ElectricalSettings
from simint.tiling.published.evaluate import OK, exploration_geometries
from simint.tiling.search.exploration import (
    ACTIVE_J,
    CONTINUOUS_S,
    LATENCY_S,
    POWER_CYCLES,
    RECHARGE_S,
    VERDICT,
    Explored,
    explore_rows,
    survey_rows,
)
from simint.tiling.search.explorer import NetworkDesigns, fits_nvm, network_designs, shape_results, storage_failure
from simint.tiling.search.goal import PublishedObjective
from simint.tiling.search.request import BatchRule, benches_of, search_of
from simint.tiling.search.shapes import Shapes, distinct_shapes, geometry_rows, occurrences

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlatformGrid:
    """The best designs of one network on many platforms; the arrays have one number per platform, in the given order.

    `explored` has a result per shape; `nvm_*_bytes` are the same on all platforms, and `fits` says whether they fit.
    """

    shapes: Shapes
    explored: Explored
    nvm_feature_bytes: int
    nvm_weight_bytes: int
    fits: bool

    @property
    def feasible(self) -> NDArray[np.bool_]:
        """Whether every layer has a design and the network fits into NVM."""
        explored: NDArray[np.bool_] = (self.explored.counts[:, :, VERDICT] == OK).all(axis=1)
        return explored & self.fits

    @property
    def latency_s(self) -> Numbers:
        """End-to-end latency of one inference; infinite where the network is infeasible, as are the other totals."""
        return self._total(LATENCY_S)

    @property
    def recharge_s(self) -> Numbers:
        """Time spent recharging."""
        return self._total(RECHARGE_S)

    @property
    def active_j(self) -> Numbers:
        """Energy of all power cycles."""
        return self._total(ACTIVE_J)

    @property
    def continuous_s(self) -> Numbers:
        """Latency of the same designs under continuous power."""
        return self._total(CONTINUOUS_S)

    @property
    def power_cycles(self) -> Numbers:
        """Number of power cycles."""
        return self._total(POWER_CYCLES)

    @property
    def imo_percent(self) -> Numbers:
        """Published intermittency management overhead; NaN where the network is infeasible."""
        values = self.explored.values
        active = (values[:, :, LATENCY_S] - values[:, :, RECHARGE_S]) @ self._times
        imo = 100.0 * (active - values[:, :, CONTINUOUS_S] @ self._times) / active
        return np.where(self.feasible, imo, np.nan)

    def network(self, platform: int) -> NetworkDesigns:
        """The designs for one platform, as `explore_network_published` returns them."""
        if not self.fits:
            return storage_failure(self.nvm_feature_bytes, self.nvm_weight_bytes)
        results = shape_results(self.explored, platform)
        return network_designs(self.shapes, results, self.nvm_feature_bytes, self.nvm_weight_bytes)

    @property
    def _times(self) -> Numbers:
        return occurrences(self.shapes).astype(np.float64)

    def _total(self, column: int) -> Numbers:
        totals = self.explored.values[:, :, column] @ self._times
        return np.where(self.feasible, totals, np.inf)


def explore_grid(
    layers: Sequence[Layer],
    platform: Platform,
    settings: Sequence[ElectricalSettings],
    vm_bytes: Sequence[int] | None = None,
    objective: str = PublishedObjective.LATENCY,
    batches: str = BatchRule.VARIANT,
) -> PlatformGrid:
    """Explore a network for many supplies (capacitor, thresholds, source) and sizes of volatile memory.

    Entry k of the result belongs to `settings[k]` and `vm_bytes[k]`, by default the platform's memory; neighbours with
    equal memory are explored faster. Otherwise as `explorer.explore_network_published`. Raises InputError also where
    the two lists differ in length or are empty, or a memory is not positive.
    """
    sizes = [platform.memory.vm_bytes] * len(settings) if vm_bytes is None else vm_bytes
    if not settings or len(sizes) != len(settings) or min(sizes) < 1:
        raise InputError(
            f"a positive VM size for every one of at least one electrical settings expected, got {len(settings)} "
            f"settings and VM of {', '.join(map(str, sizes)) or 'no'} bytes"
        )
    shapes, memory = distinct_shapes(layers), platform.memory
    rows = geometry_rows(exploration_geometries(shapes.layers, platform))
    survey = survey_rows(rows, occurrences(shapes))
    features, weights = survey.feature_elements * memory.element_bytes, survey.weight_elements * memory.element_bytes
    search = search_of(platform, objective, batches, survey.largest_loop)
    fits = platform.variant is not Variant.TINAS2024 or fits_nvm(features, weights, memory)
    explored = explore_rows(search, rows, *benches_of(platform, settings, sizes), memory.element_bytes, True)
    return PlatformGrid(shapes, explored, features, weights, fits)
