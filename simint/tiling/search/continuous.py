"""Exploration under continuous power (specification 9 and 11.4): S = 1, no boot, no index, only VM limits a design."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from simint.errors import InfeasibleError
from simint.hardware.platform import Platform, Variant
from simint.network.layer import Layer
from simint.tiling.design import ExecutionDesign
from simint.tiling.geometry import GAVGPOOL, LayerGeometry
from simint.tiling.published.electrical import Recharge
from simint.tiling.published.evaluate import exploration_geometries
from simint.tiling.search.exploration import CONTINUOUS_J, explore_rows, survey_rows
from simint.tiling.search.explorer import shape_results
from simint.tiling.search.goal import PublishedObjective
from simint.tiling.search.request import BatchRule, search_of
from simint.tiling.search.shapes import distinct_shapes, geometry_rows

# No power cycle is too large; the other numbers of a supply do not matter.
_UNLIMITED = Recharge(budget_j=math.inf, top_j=math.inf, capacitance=1.0, tau_s=1.0, v_off=1.0, v_on=2.0, v_supply=3.0)


class ContinuousDesign(msgspec.Struct, frozen=True):
    """The fastest design of one layer when power never fails; energy in joule, latency in seconds."""

    layer: str
    design: ExecutionDesign
    energy_j: float
    latency_s: float


def explore_continuous(layers: Sequence[Layer], platform: Platform) -> tuple[ContinuousDesign, ...]:
    """The design with the smallest published continuous latency of every layer; ties as for intermittent power.

    `inas2021` explores GAVGPOOL with the input tile of a convolution whose kernel is the whole map (quirk Q27). Raises
    InputError for layers outside the published model, InfeasibleError where no design fits into VM.
    """
    shapes, memory = distinct_shapes(layers), platform.memory
    rows = geometry_rows([_flat(g, platform.variant) for g in exploration_geometries(shapes.layers, platform)])
    loop = survey_rows(rows, np.ones(len(rows), dtype=np.int64)).largest_loop
    search = search_of(platform, PublishedObjective.CONTINUOUS, BatchRule.ONE, loop)
    found = explore_rows(search, rows, np.array([_UNLIMITED]), np.array([memory.vm_bytes]), memory.element_bytes, False)
    results = shape_results(found, 0)
    designs = []
    for name, k in zip(shapes.names, shapes.which, strict=True):
        design = results[k][3]
        if design is None:
            raise InfeasibleError(f"layer {name!r}: no legal tile fits into {memory.vm_bytes} bytes of VM")
        energy_j, latency_s = found.values[0, k, CONTINUOUS_J:].tolist()
        designs.append(ContinuousDesign(name, design, energy_j, latency_s))
    return tuple(designs)


def _flat(g: LayerGeometry, variant: Variant) -> LayerGeometry:
    quirk = g.op == GAVGPOOL and variant is Variant.INAS2021
    return g._replace(kh=g.h, kw=g.w) if quirk else g
