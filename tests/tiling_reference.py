"""The published model again, as plain and as close to the text of the specification as possible.

Slow on purpose and independent of `simint.tiling`: the section numbers are those of the tile cost model specification.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from simint.hardware.platform import Platform, Variant
from simint.network.layer import Layer, LayerKind
from simint.tiling.design import ExecutionDesign, Order
from simint.tiling.published.electrical import ElectricalSettings

CONV_LIKE = (LayerKind.CONV, LayerKind.FC)


@dataclass(frozen=True)
class Evaluated:
    vm_bytes: int
    reason: str
    latency_s: float
    recharge_s: float
    active_j: float
    npc: float
    continuous_s: float


class Vector:
    """Section 2: unit costs in joule (`energy`) or in seconds."""

    def __init__(self, platform: Platform, energy: bool) -> None:
        inas = platform.variant is Variant.INAS2021
        units, scale = (platform.energy, 1.0) if energy else (platform.cycles, 1.0 / platform.clock)
        self.rd = lambda v: (units.read.per_element * v + units.read.fixed) * scale
        self.wr = lambda v: (units.write.per_element * v + units.write.fixed) * scale
        self.mac = lambda v: (units.mac.per_element * v + units.mac.fixed) * scale
        self.add, self.mul, self.div, self.max = (
            value * scale for value in (units.add, units.mul, units.div, units.compare)
        )
        self.inas, self.energy = inas, energy
        self.boot = platform.boot_energy if energy else platform.boot_time
        self.words = platform.index_words

        def pair(adds: int, muls: int) -> float:
            return adds * self.add + muls * self.mul

        def odd(adds: int, muls: int) -> float:  # Q1: in inas2021 priced in joule, whatever the vector
            return adds * platform.energy.add + muls * platform.energy.mul if inas else pair(adds, muls)

        self.o_input = pair(7, 5) if inas else pair(8, 4)
        self.o_weight = pair(8, 9 if energy else 10) if inas else pair(9, 9)
        self.o_conv = pair(10, 8 if energy else 13) if inas else pair(12, 9)
        partial = {"I": (7, 5), "W": (7, 4), "O": (7, 4)} if inas else {"I": (8, 5), "W": (8, 4), "O": (8, 4)}
        back = {"I": (9, 8), "W": (11, 9), "O": (7, 5)} if inas else {"I": (8, 8), "W": (8, 9), "O": (8, 5)}
        self.o_partial = {order: odd(*ops) for order, ops in partial.items()}
        self.o_back = {order: odd(*ops) for order, ops in back.items()}
        self.o_dw = {"I": pair(11, 12), "W": pair(11, 10), "O": pair(11, 10)}
        self.o_bn = self.o_add = pair(4, 2)
        self.o_max = pair(2, 1)


class Shape:
    """Sections 1, 4 and 5.1: counts and buffers of a design."""

    def __init__(self, layer: Layer, d: ExecutionDesign) -> None:
        self.kind = layer.kind
        self.n, self.h, self.w = layer.ifm
        self.m, self.r, self.c = layer.ofm
        windowed = layer.kind in (LayerKind.CONV, LayerKind.FC, LayerKind.DW, LayerKind.POOL)
        self.kh, self.kw = layer.kernel if windowed else (1, 1)
        stride = layer.stride[0] if windowed else 1  # published 1-D layers use one stride for both axes
        self.d = d
        self.tri, self.tci = d.tr, d.tc
        if windowed:
            self.tri, self.tci = stride * d.tr + self.kh - stride, stride * d.tc + self.kw - stride
        rows, cols = (self.h, self.w) if self.kind is LayerKind.GAVGPOOL else (self.r, self.c)
        self.spatial = math.ceil(rows / d.tr) * math.ceil(cols / d.tc)
        self.nm, self.nn = math.ceil(self.m / d.tm), math.ceil(self.n / d.tn)
        self.tiles = self.spatial * self.nm * (self.nn if self.kind in CONV_LIKE else 1)
        self.npc = self.tiles / d.s
        divisor = 1 if d.order is Order.OUTPUT else d.s
        if self.kind in CONV_LIKE:
            self.npc_0 = self.spatial * self.nm / divisor
        elif self.kind is LayerKind.DW:
            self.npc_0 = self.spatial / divisor
        else:
            self.npc_0 = self.npc

    @property
    def buffers(self) -> tuple[int, int, int]:
        d, patch = self.d, self.tri * self.tci
        out = d.tr * d.tc * d.tm
        batch = 1 if d.order is Order.OUTPUT else d.s
        return {
            LayerKind.CONV: (patch * d.tn, self.kh * self.kw * d.tm * d.tn, out * batch),
            LayerKind.FC: (patch * d.tn, self.kh * self.kw * d.tm * d.tn, out * batch),
            LayerKind.DW: (patch * d.tm, self.kh * self.kw * d.tm, out * batch),
            LayerKind.POOL: (patch * d.tn, 0, out * d.s),
            LayerKind.GAVGPOOL: (out, 0, d.tm * d.s),
            LayerKind.BN: (patch * d.tm * d.s, 4 * d.tm, 0),
            LayerKind.RELU: (patch * d.tm * d.s, 0, 0),
            LayerKind.ADD: (2 * patch * d.tm, 0, out * d.s),
        }[self.kind]


def transfers(x: Shape, v: Vector) -> tuple[float, float, float]:
    """Section 6: FI, FW, FO."""
    d, patch = x.d, x.tri * x.tci
    loads, length = (2 if x.kind is LayerKind.ADD else 1) * patch, d.tn if x.kind in CONV_LIKE else d.tm
    blocks, block = {
        LayerKind.CONV: (x.kh * x.kw * d.tm, d.tn),
        LayerKind.FC: (x.kh * x.kw * d.tm, d.tn),
        LayerKind.DW: (x.kh * x.kw * d.tm, 1),
        LayerKind.BN: (4, d.tm),
    }.get(x.kind, (0, 0))
    sums = d.tr * d.tc if x.kind in CONV_LIKE else 1 if x.kind in (LayerKind.POOL, LayerKind.GAVGPOOL) else 0
    return (
        loads * (v.rd(length) + v.o_input),
        blocks * (v.rd(block) + v.o_weight),
        sums * (v.rd(d.tm) + v.o_partial[d.order]),
    )


def compute(x: Shape, v: Vector, continuous: bool = False) -> float:
    """Section 7.3 for S = 1."""
    d = x.d
    out, taps = d.tr * d.tc * d.tm, x.kh * x.kw
    if x.kind in CONV_LIKE:
        return taps * out * (v.mac(d.tn) + v.add + v.o_conv) + (0.0 if v.inas else 5 * v.mul)
    if x.kind is LayerKind.DW:
        return out * taps * (v.mul + v.o_dw[d.order])
    if x.kind is LayerKind.BN:
        adds = 3 if v.energy or continuous else 2
        return out * (adds * v.add + 2 * v.mul + v.o_bn)
    if x.kind is LayerKind.RELU:
        return out * (v.max + 2 * v.mul + 2 * v.add)
    if x.kind is LayerKind.ADD:
        return out * (v.add + v.o_add)
    return out * (v.max + v.o_max if v.inas else v.mul + v.div + 6 * v.add)


def write_back(x: Shape, v: Vector, s: int) -> float:
    """Section 7.4."""
    d, outputs = x.d, x.d.tr * x.d.tc
    if x.kind in (*CONV_LIKE, LayerKind.DW):
        if d.order is Order.INPUT:
            return outputs * (v.wr(s * d.tm) + v.o_back["I"])
        if d.order is Order.WEIGHT:
            return s * outputs * (v.wr(d.tm) + v.o_back["W"])
    if x.kind in (LayerKind.POOL, LayerKind.GAVGPOOL):
        outputs = 1
    return outputs * (v.wr(d.tm) + v.o_back[d.order])


def cycle(x: Shape, v: Vector) -> tuple[float, float]:
    """Sections 7.1, 7.2 and 7.5: a power cycle with n = 0 and with n > 0."""
    fi, fw, fo = transfers(x, v)
    s, order = x.d.s, x.d.order
    if x.kind in CONV_LIKE:
        first, later = {
            "I": (fi + s * fw, fi + s * (fw + fo)),
            "W": (fw + s * fi, fw + s * (fi + fo)),
            "O": (s * (fi + fw), s * (fi + fw) + fo),
        }[order]
    elif x.kind is LayerKind.DW and order is Order.INPUT:
        first = later = s * fw + s * fi
    else:
        first = later = s * fi + fw + fo
    rest = v.boot + v.rd(v.words) + s * compute(x, v) + write_back(x, v, s) + v.wr(v.words)
    return rest + first, rest + (first if x.npc == x.npc_0 else later)


def continuous(x: Shape, v: Vector) -> float:
    """Section 9."""
    fi, fw, fo = transfers(x, v)
    t, order = x.tiles, x.d.order
    t1 = t - x.spatial * x.nm
    if x.kind in CONV_LIKE:
        fetch = {
            "I": x.spatial * x.nn * fi + t * fw + t1 * fo,
            "W": t * fi + x.nm * x.nn * fw + t1 * fo,
            "O": t * fi + t * fw,
        }[order]
    elif x.kind is LayerKind.DW:
        fetch = {"I": x.spatial * x.n * fi + t * fw, "W": t * fi + x.nm * fw, "O": t * fi + t * fw}[order]
    elif x.kind is LayerKind.BN:
        fetch = t * fi + x.nm * fw
    else:
        fetch = t * (fi + fo)
    return fetch + t * compute(x, v, continuous=True) + t * write_back(x, v, 1)


def evaluate(layer: Layer, d: ExecutionDesign, platform: Platform, e: ElectricalSettings) -> Evaluated:
    """Sections 8 and 10."""
    x = Shape(layer, d)
    energy, time = Vector(platform, energy=True), Vector(platform, energy=False)
    vm = sum(x.buffers) * platform.memory.element_bytes
    e_min, e_max = cycle(x, energy)
    l_min, l_max = cycle(x, time)
    npc_1 = x.npc - x.npc_0
    active_j = x.npc_0 * e_min + npc_1 * e_max
    swing = 0.5 * e.capacitance * (e.v_on**2 - e.v_off**2)
    budget = e.margin * swing
    cont = continuous(x, time)
    if vm > platform.memory.vm_bytes:
        return Evaluated(vm, "FAILED_C0", math.nan, math.nan, active_j, x.npc, cont)
    if e_max > budget:
        return Evaluated(vm, "FAILED_C1", math.nan, math.nan, active_j, x.npc, cont)
    top = budget if platform.variant is Variant.INAS2021 else swing

    def recharge(used: float) -> float:
        v_end = math.sqrt(2 * (top - used) / e.capacitance + e.v_off**2)
        return -e.resistance * e.capacitance * math.log((e.v_on - e.v_supply) / (v_end - e.v_supply))

    waiting = x.npc_0 * recharge(e_min) + npc_1 * recharge(e_max)
    latency = x.npc_0 * (l_min + recharge(e_min)) + npc_1 * (l_max + recharge(e_max))
    return Evaluated(vm, "OK", latency, waiting, active_j, x.npc, cont)


def divisors(a: int) -> list[int]:
    return [k for k in range(1, a + 1) if a % k == 0]


def legal_designs(layer: Layer, variant: Variant, batches: str = "variant") -> Iterator[ExecutionDesign]:
    """Section 11, in enumeration order; `batches` is a rule for S: variant, one, even or consistent."""

    def even_divisors(a: int) -> list[int]:
        return [1] + [k for k in divisors(a) if k % 2 == 0]

    def even(a: int) -> list[int]:
        return [1] + [k for k in range(1, (a if a % 2 == 0 else a + 1) + 1) if k % 2 == 0]

    (n, h, w), (m, r, c) = layer.ifm, layer.ofm
    inas, kind = variant is Variant.INAS2021, layer.kind
    if batches == "variant":
        batches = "even" if inas else "one"
    if kind is LayerKind.GAVGPOOL:
        trs, tcs, tms = even_divisors(h), even_divisors(w), even_divisors(m)
    elif inas:
        trs, tcs, tms = divisors(r), divisors(c), divisors(m)
    else:
        trs, tcs, tms = even(r), even(c), even_divisors(m)
    tns = even_divisors(n) if kind in CONV_LIKE else [1]
    orders = {LayerKind.BN: "W"}.get(kind, "IWO" if kind in (*CONV_LIKE, LayerKind.DW) else "O")
    for tr in trs:
        for tc in tcs:
            for tm in tms:
                for tn in tns:
                    for order in orders:
                        d = ExecutionDesign(tr=tr, tc=tc, tm=tm, tn=tn, order=Order(order))
                        loop = batch_loop(Shape(layer, d), inas, batches == "consistent")
                        for s in {"one": [1], "even": even_divisors(loop), "consistent": divisors(loop)}[batches]:
                            yield ExecutionDesign(tr=tr, tc=tc, tm=tm, tn=tn, order=Order(order), s=s)


def batch_loop(x: Shape, inas: bool, consistent: bool) -> int:
    """Section 11.3 (quirks Q9 and Q11 for the consistent rule): trips of the loop that a batch runs along."""
    if x.kind in CONV_LIKE or (x.kind is LayerKind.DW and not consistent):
        return {"I": x.nm, "W": x.spatial, "O": x.nn}[x.d.order]
    if x.kind is LayerKind.DW:
        return x.spatial if x.d.order is Order.WEIGHT else x.nm
    spatial = (x.kind is LayerKind.GAVGPOOL and (inas or consistent)) or (x.kind is LayerKind.BN and consistent)
    return x.spatial if spatial else x.nm


def nvm_writes(layer: Layer, d: ExecutionDesign, platform: Platform) -> float:
    """Elements written: section 7.4 without its costs, and the progress record, once per power cycle."""
    x = Shape(layer, d)
    outputs = d.tr * d.tc * d.tm
    if x.kind in (*CONV_LIKE, LayerKind.DW) and d.order is not Order.OUTPUT:
        outputs *= d.s
    if x.kind in (LayerKind.POOL, LayerKind.GAVGPOOL):
        outputs = d.tm
    return x.npc * (outputs + platform.index_words)


def value_of(cost: Evaluated, objective: str) -> float:
    """What an objective makes small."""
    active_s = cost.latency_s - cost.recharge_s
    if objective == "imo":
        return active_s / cost.continuous_s
    return {"latency": cost.latency_s, "energy": cost.active_j, "continuous": cost.continuous_s}[objective]


def ranked_designs(
    layer: Layer,
    platform: Platform,
    e: ElectricalSettings,
    count: int = 1,
    objective: str = "latency",
    batches: str = "variant",
) -> tuple[list[ExecutionDesign], int, int]:
    """Section 11.4, repeatedly: the best designs, how many are feasible, and how many legal."""
    designs = list(legal_designs(layer, platform.variant, batches))
    costs = [evaluate(layer, d, platform, e) for d in designs]
    passed = [k for k, cost in enumerate(costs) if cost.reason == "OK"]
    values = {k: value_of(costs[k], objective) for k in passed}
    best = []
    waiting = list(passed)
    while waiting and len(best) < count:
        least = min(values[k] for k in waiting)
        ties = [k for k in waiting if values[k] <= least * (1 + 1e-12)]
        chosen = min(ties, key=lambda k: (costs[k].vm_bytes, k))
        waiting.remove(chosen)
        best.append(designs[chosen])
    return best, len(passed), len(designs)


def best_design(layer: Layer, platform: Platform, e: ElectricalSettings) -> tuple[ExecutionDesign | None, int, int]:
    """Section 11.4: the best design, how many are feasible, and how many legal."""
    best, feasible, legal = ranked_designs(layer, platform, e)
    return (best[0] if best else None), feasible, legal


def best_continuous(layer: Layer, platform: Platform) -> float:
    """The smallest continuous latency of a design that fits into VM, S = 1 (no Q27)."""
    shapes = [Shape(layer, d) for d in legal_designs(layer, platform.variant, "one")]
    time, memory = Vector(platform, energy=False), platform.memory
    return min(continuous(x, time) for x in shapes if sum(x.buffers) * memory.element_bytes <= memory.vm_bytes)
