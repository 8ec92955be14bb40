"""The published exploration: the best legal design of every layer, and what the layers add up to.

Selection (specification 11.4): the smallest end-to-end latency (or another objective), where values within 1e-12 are
equal, then the smallest VM, then the first in enumeration order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from simint.hardware.platform import Memory, Platform, Variant
from simint.network.layer import Layer, LayerKind
from simint.tiling.design import ExecutionDesign
from simint.tiling.geometry import ORDERS
from simint.tiling.published.electrical import ElectricalSettings, bench_settings
from simint.tiling.published.evaluate import OK, REASONS, exploration_geometries
from simint.tiling.search.exploration import UNEXPLORED, Explored, explore_rows, survey_rows
from simint.tiling.search.goal import PublishedObjective
from simint.tiling.search.memo import ExplorationMemo, Question, ShapeResult
from simint.tiling.search.request import BatchRule, benches_of, search_of
from simint.tiling.search.shapes import Shapes, distinct_shapes, geometry_rows, occurrences

_UNEXPLORED = "UNEXPLORED"  # of a shape that comes after one without a feasible design
FAILED_STORAGE = "FAILED_STORAGE"  # feature maps or weights exceed NVM (published error 13)


class LayerDesign(msgspec.Struct, frozen=True):
    """The best design of one layer; `design` is None, and the numbers are NaN, where no legal one is feasible.

    `legal`, `feasible`: how many designs there are. `failure`: OK, FAILED_C0 (none fits into VM) or FAILED_C1 (none
    fits into the energy budget). `cycle_j`: the most a power cycle uses. `continuous_*`: the same design when power
    never fails. Times in seconds, energies in joule; `power_cycles_first` start at the first input channels.
    """

    layer: str
    failure: str
    legal: int
    feasible: int
    design: ExecutionDesign | None
    vm_bytes: int
    power_cycles: float
    power_cycles_first: float
    cycle_j: float
    active_j: float
    latency_s: float
    recharge_s: float
    continuous_j: float
    continuous_s: float


class NetworkDesigns(msgspec.Struct, frozen=True):
    """The best designs of a network, in layer order; exploration ends at the first layer without a feasible design.

    `failure`: OK, FAILED_STORAGE, or the failure of `failed_layer`. NVM in bytes.
    """

    layers: tuple[LayerDesign, ...]
    failure: str
    failed_layer: str | None
    nvm_feature_bytes: int
    nvm_weight_bytes: int

    @property
    def feasible(self) -> bool:
        """Whether every layer has a design and the network fits into NVM."""
        return self.failure == REASONS[OK]

    @property
    def latency_s(self) -> float:
        """End-to-end latency of one inference; infinite where the network is infeasible."""
        return self._total("latency_s")

    @property
    def recharge_s(self) -> float:
        """Time spent recharging."""
        return self._total("recharge_s")

    @property
    def active_s(self) -> float:
        """Time with the processor on."""
        return self.latency_s - self.recharge_s if self.feasible else math.inf

    @property
    def active_j(self) -> float:
        """Energy of all power cycles."""
        return self._total("active_j")

    @property
    def continuous_s(self) -> float:
        """Latency of the same designs under continuous power."""
        return self._total("continuous_s")

    @property
    def power_cycles(self) -> float:
        """Number of power cycles."""
        return self._total("power_cycles")

    @property
    def imo_percent(self) -> float:
        """Published intermittency management overhead: share of the active time beyond the continuous latency."""
        return 100.0 * (self.active_s - self.continuous_s) / self.active_s if self.feasible else math.nan

    def _total(self, field: str) -> float:
        if not self.feasible:
            return math.inf
        return math.fsum(getattr(layer, field) for layer in self.layers)


def explore_layer_published(
    layer: Layer,
    platform: Platform,
    settings: ElectricalSettings | None = None,
    objective: str = PublishedObjective.LATENCY,
    batches: str = BatchRule.VARIANT,
    memo: ExplorationMemo | None = None,
) -> LayerDesign:
    """The best design of one layer; see `explore_network_published`."""
    return explore_layers_published([layer], platform, settings, objective, batches, memo)[0]


def explore_layers_published(
    layers: Sequence[Layer],
    platform: Platform,
    settings: ElectricalSettings | None = None,
    objective: str = PublishedObjective.LATENCY,
    batches: str = BatchRule.VARIANT,
    memo: ExplorationMemo | None = None,
) -> tuple[LayerDesign, ...]:
    """As `explore_network_published` for layers that need not form a network: all are explored, NVM plays no part."""
    shapes = distinct_shapes(layers)
    rows = geometry_rows(exploration_geometries(shapes.layers, platform))
    loop = survey_rows(rows, occurrences(shapes)).largest_loop
    question = Question(platform, settings or bench_settings(platform), objective, batches)
    found = _shape_results(question, shapes, rows, loop, False, memo)
    return tuple([LayerDesign(name, *found[k]) for name, k in zip(shapes.names, shapes.which, strict=True)])


def explore_network_published(
    layers: Sequence[Layer],
    platform: Platform,
    settings: ElectricalSettings | None = None,
    objective: str = PublishedObjective.LATENCY,
    batches: str = BatchRule.VARIANT,
    memo: ExplorationMemo | None = None,
) -> NetworkDesigns:
    """The best design of every layer in the published model; layers of equal shape are explored once.

    `settings` defaults to the platform's bench. `objective` says what is made small, a `PublishedObjective`; `batches`
    which S are searched, a `BatchRule`. With a `memo` shapes that it knows are not explored again.

    `tinas2024` checks NVM before it explores, `inas2021` has no such check. Raises InputError for layers outside the
    published model (specification 10) and for unknown objectives and batch rules.
    """
    shapes, memory = distinct_shapes(layers), platform.memory
    rows = geometry_rows(exploration_geometries(shapes.layers, platform))
    survey = survey_rows(rows, occurrences(shapes))
    features, weights = survey.feature_elements * memory.element_bytes, survey.weight_elements * memory.element_bytes
    if platform.variant is Variant.TINAS2024 and not fits_nvm(features, weights, memory):
        return storage_failure(features, weights)
    question = Question(platform, settings or bench_settings(platform), objective, batches)
    results = _shape_results(question, shapes, rows, survey.largest_loop, True, memo)
    return network_designs(shapes, results, features, weights)


def network_designs(
    shapes: Shapes, results: Sequence[ShapeResult], feature_bytes: int, weight_bytes: int
) -> NetworkDesigns:
    """A network from the results of its shapes, up to the first layer without a design."""
    found = []
    for name, k in zip(shapes.names, shapes.which, strict=True):
        found.append(LayerDesign(name, *results[k]))
        if found[-1].design is None:
            return NetworkDesigns(tuple(found), found[-1].failure, name, feature_bytes, weight_bytes)
    return NetworkDesigns(tuple(found), REASONS[OK], None, feature_bytes, weight_bytes)


def shape_results(explored: Explored, platform: int) -> list[ShapeResult]:
    """What was found on one platform, a result per shape."""
    counts, designs, values = explored
    results: list[ShapeResult] = []
    for (verdict, legal, feasible, vm_bytes), d, numbers in zip(
        counts[platform].tolist(), designs[platform].tolist(), values[platform].tolist(), strict=True
    ):
        design = None
        if verdict == OK:
            design = ExecutionDesign(tr=d[0], tc=d[1], tm=d[2], tn=d[3], order=ORDERS[d[4]], s=d[5])
        failure = _UNEXPLORED if verdict == UNEXPLORED else REASONS[verdict]
        results.append((failure, legal, feasible, design, vm_bytes, *numbers))
    return results


def _shape_results(
    question: Question, shapes: Shapes, rows: NDArray[np.int64], loop: int, stop: bool, memo: ExplorationMemo | None
) -> list[ShapeResult]:
    """A result per shape; those that the memo knows are not explored."""
    platform = question.platform
    search = search_of(platform, question.objective, question.batches, loop)
    benches = benches_of(platform, [question.settings], [platform.memory.vm_bytes])
    if memo is None:
        return shape_results(explore_rows(search, rows, *benches, platform.memory.element_bytes, stop), 0)
    found = memo.recall(question, shapes.keys)
    missing = [k for k in range(len(shapes.keys)) if k not in found]
    if missing:
        explored = explore_rows(search, rows[missing], *benches, platform.memory.element_bytes, stop)
        for k, result in zip(missing, shape_results(explored, 0), strict=True):
            found[k] = result
            if result[0] != _UNEXPLORED:
                memo.store(question, shapes.keys[k], result)
    return [found[k] for k in range(len(shapes.keys))]


def storage_failure(feature_bytes: int, weight_bytes: int) -> NetworkDesigns:
    """A network that exceeds NVM and is not explored."""
    return NetworkDesigns((), FAILED_STORAGE, None, feature_bytes, weight_bytes)


def layer_features(layer: Layer) -> int:
    """Elements of NVM the published model reserves for feature maps of a layer (specification 5.2, quirk Q24)."""
    (n, h, w), (m, r, c) = layer.ifm, layer.ofm
    return (3 if layer.kind is LayerKind.ADD else 2) * max(n * h * w, m * r * c)


def fits_nvm(feature_bytes: int, weight_bytes: int, memory: Memory) -> bool:
    """The published storage constraint (specification 10)."""
    return (
        feature_bytes <= memory.nvm_feature_bytes
        and weight_bytes <= memory.nvm_weight_bytes
        and feature_bytes + weight_bytes <= memory.nvm_bytes
    )
