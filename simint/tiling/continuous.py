"""Exploration under continuous power (specification 9 and 11.4): S = 1, no boot, no index, only VM limits a design."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from simint.compiled import compiled
from simint.errors import InfeasibleError
from simint.hardware.platform import Platform, Variant
from simint.network.layer import Layer
from simint.tiling.design import ExecutionDesign
from simint.tiling.evaluate import continuous_cost, exploration_geometry
from simint.tiling.geometry import GAVGPOOL, DesignCodes, LayerGeometry, Trips, design_of, trips
from simint.tiling.legality import design_space, rule_set
from simint.tiling.published import continuous_planes, plane_at, tile_cost
from simint.tiling.rates import rates_at, vm_rates
from simint.tiling.selection import Choice, choose, design_number, design_of_number, tile_axis
from simint.tiling.unit_costs import CostVector, unit_costs


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
    costs, rules, memory = unit_costs(platform), rule_set(platform), platform.memory
    found = []
    for layer in layers:
        g = exploration_geometry(layer, platform)
        if g.op == GAVGPOOL and platform.variant is Variant.INAS2021:
            g = g._replace(kh=g.h, kw=g.w)
        best = _sweep(costs.time, g, rules, memory.vm_bytes // memory.element_bytes)
        if best.s == 0:
            raise InfeasibleError(f"layer {layer.name!r}: no legal tile fits into {memory.vm_bytes} bytes of VM")
        t = trips(g, best)
        found.append(
            ContinuousDesign(
                layer.name,
                design_of(best),
                continuous_cost(costs.energy, g, best, t).total,
                continuous_cost(costs.time, g, best, t).total,
            )
        )
    return tuple(found)


@compiled
def _sweep(time: CostVector, g: LayerGeometry, rules: int, vm_elements: int) -> DesignCodes:
    """The design with the smallest continuous latency (all zero where none fits into VM)."""
    space = design_space(g, rules)
    rows, cols = (g.h, g.w) if g.op == GAVGPOOL else (g.r, g.c)
    ys, xs = tile_axis(space.tr, rows, g.kh, g.sh), tile_axis(space.tc, cols, g.kw, g.sw)
    best = Choice(math.inf, math.inf, math.inf, -1, True)
    while best.unsure:
        best = Choice(best.least, math.inf, math.inf, -1, False)
        for i in range(len(space.tm)):
            for j in range(len(space.tn)):
                tm, tn = space.tm[i], space.tn[j]
                t = Trips(1, 1, -(-g.m // tm), -(-g.n // tn))
                for order in space.orders:
                    vm = vm_rates(g.op, g.kh * g.kw, tm, tn, order, 1)
                    planes = continuous_planes(tile_cost(time, g, tm, tn, order), g.op, order, t.m, t.n)
                    for a in range(len(ys.trips)):
                        for b in range(len(xs.trips)):
                            positions, outputs = ys.inputs[a] * xs.inputs[b], ys.outputs[a] * xs.outputs[b]
                            elements = rates_at(vm, positions, outputs)
                            if elements > vm_elements:
                                break
                            latency_s = planes.once + ys.trips[a] * xs.trips[b] * (
                                plane_at(planes.fetch, positions, outputs)
                                + plane_at(planes.compute, positions, outputs)
                                + plane_at(planes.write_back, positions, outputs)
                            )
                            best = choose(best, latency_s, elements, design_number(space, a, b, i, j, order, 1))
    return design_of_number(best.number, space)
