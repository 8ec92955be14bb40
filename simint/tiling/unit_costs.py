"""Everything one platform charges for, as two vectors of plain numbers: one in joule, one in seconds.

The formulas are written once (`formulas.py`) and evaluated with either vector. Where the two published variants or the
consistent mode differ in what an operation costs, the difference is a number here, not a branch there.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from simint.errors import InputError
from simint.hardware.platform import Affine, CostMode, Platform, UnitCosts, Variant


class CostVector(NamedTuple):
    """Unit costs, all joule or all seconds.

    A block of v elements costs per_element * v + fixed. Addressing overheads are paid once per block transfer or inner
    step (specification 2.2); the suffix _i, _w, _o is the inter-tile order. Steps are the scalar work of one output
    element, or of one product, of that operator, its addressing included.
    """

    read_element: float
    read_fixed: float
    write_element: float
    write_fixed: float
    mac_element: float
    mac_fixed: float
    accumulate: float  # adding one product, or a bias, to an output element
    input_overhead: float
    weight_overhead: float
    partial_overhead_i: float
    partial_overhead_w: float
    partial_overhead_o: float
    write_overhead_i: float
    write_overhead_w: float
    write_overhead_o: float
    conv_overhead: float  # per vector product of a convolution
    conv_tile: float  # hoisted address arithmetic, once per tile
    dw_step_i: float  # one scalar product of a depthwise convolution
    dw_step_wo: float
    dw_tile: float
    bn_step: float
    bn_step_continuous: float
    relu_step: float
    add_step: float
    pool_step: float  # per element of a pooling window
    pool_output: float  # per output of a pooling operator
    index_read: float  # the progress record, at restore
    index_write: float  # the progress record, at commit
    boot: float


class UnitCostPair(NamedTuple):
    """The same costs in joule and in seconds."""

    energy: CostVector
    time: CostVector


class _Ops(NamedTuple):
    """Address arithmetic: additions and multiplications."""

    adds: int
    muls: int


class _Overheads(NamedTuple):
    """Addressing overheads of specification 2.2, in the order of its table."""

    fetch_input: _Ops
    fetch_weight: _Ops
    fetch_partial: tuple[_Ops, _Ops, _Ops]  # orders I, W, O
    write_back: tuple[_Ops, _Ops, _Ops]
    conv: _Ops
    dw_i: _Ops = _Ops(11, 12)
    dw_wo: _Ops = _Ops(11, 10)
    bn: _Ops = _Ops(4, 2)
    add: _Ops = _Ops(4, 2)
    compare: _Ops = _Ops(2, 1)


_TINAS2024 = _Overheads(
    fetch_input=_Ops(8, 4),
    fetch_weight=_Ops(9, 9),
    fetch_partial=(_Ops(8, 5), _Ops(8, 4), _Ops(8, 4)),
    write_back=(_Ops(8, 8), _Ops(8, 9), _Ops(8, 5)),
    conv=_Ops(12, 9),
)
# The operators that iNAS lacks keep the 2024 counts; only the consistent mode can meet them.
_INAS2021_ENERGY = _Overheads(
    fetch_input=_Ops(7, 5),
    fetch_weight=_Ops(8, 9),
    fetch_partial=(_Ops(7, 5), _Ops(7, 4), _Ops(7, 4)),
    write_back=(_Ops(9, 8), _Ops(11, 9), _Ops(7, 5)),
    conv=_Ops(10, 8),
)
_INAS2021_TIME = _INAS2021_ENERGY._replace(fetch_weight=_Ops(8, 10), conv=_Ops(10, 13))  # quirk Q2

HOISTED_MULTIPLICATIONS = 5  # address arithmetic once per tile (specification 7.3, quirk Q21)
POOL_ADDITIONS = 6  # per element of a pooling window, `tinas2024` (specification 7.3)


@functools.lru_cache(maxsize=64)
def unit_costs(platform: Platform) -> UnitCostPair:
    """The cost vectors of a platform in joule and seconds (cycles divided by the clock).

    Raises InputError where the numbers are not finite.
    """
    cycle_s = 1.0 / platform.clock
    energy = platform.energy
    time = UnitCosts(
        read=_scaled(platform.cycles.read, cycle_s),
        write=_scaled(platform.cycles.write, cycle_s),
        mac=_scaled(platform.cycles.mac, cycle_s),
        add=platform.cycles.add * cycle_s,
        mul=platform.cycles.mul * cycle_s,
        div=platform.cycles.div * cycle_s,
        compare=platform.cycles.compare * cycle_s,
    )
    published = platform.mode is CostMode.PUBLISHED
    inas = platform.variant is Variant.INAS2021
    energy_counts = _INAS2021_ENERGY if inas else _TINAS2024
    # Q1: iNAS priced six latency overheads with energy constants. Q2: some operations were counted differently in time.
    time_counts = _INAS2021_TIME if inas and published else energy_counts
    partial_time = energy if inas and published else time
    pair = UnitCostPair(
        energy=_cost_vector(platform, energy, energy, energy_counts, platform.boot_energy, bn_adds=3),
        # Q10: intermittent BN latency was published with two additions, its energy with three.
        time=_cost_vector(platform, time, partial_time, time_counts, platform.boot_time, bn_adds=2 if published else 3),
    )
    for name in CostVector._fields:
        if not 0 <= getattr(pair.energy, name) < float("inf") or not 0 <= getattr(pair.time, name) < float("inf"):
            raise InputError(f"platform {platform.name!r}: the cost `{name}` is not a finite, non-negative number")
    return pair


def _cost_vector(
    platform: Platform, costs: UnitCosts, partial: UnitCosts, counts: _Overheads, boot: float, bn_adds: int
) -> CostVector:
    """One vector; `partial` prices the overheads of partial-sum fetch and output write-back (quirk Q1)."""
    published = platform.mode is CostMode.PUBLISHED
    inas = platform.variant is Variant.INAS2021
    add, mul = costs.add, costs.mul
    hoisted = HOISTED_MULTIPLICATIONS * mul
    bn_rest = 2 * mul + _price(counts.bn, costs)
    pool_step, pool_output = _pooling(costs, counts, published, inas)
    index_read, index_write = _index_record(platform, costs, counts, published)
    return CostVector(
        read_element=costs.read.per_element,
        read_fixed=costs.read.fixed,
        write_element=costs.write.per_element,
        write_fixed=costs.write.fixed,
        mac_element=costs.mac.per_element,
        mac_fixed=costs.mac.fixed,
        accumulate=add,
        input_overhead=_price(counts.fetch_input, costs),
        weight_overhead=_price(counts.fetch_weight, costs),
        partial_overhead_i=_price(counts.fetch_partial[0], partial),
        partial_overhead_w=_price(counts.fetch_partial[1], partial),
        partial_overhead_o=_price(counts.fetch_partial[2], partial),
        write_overhead_i=_price(counts.write_back[0], partial),
        write_overhead_w=_price(counts.write_back[1], partial),
        write_overhead_o=_price(counts.write_back[2], partial),
        conv_overhead=_price(counts.conv, costs),
        conv_tile=0.0 if published and inas else hoisted,
        dw_step_i=mul + _price(counts.dw_i, costs),
        dw_step_wo=mul + _price(counts.dw_wo, costs),
        dw_tile=0.0 if published else hoisted,
        bn_step=bn_adds * add + bn_rest,
        bn_step_continuous=3 * add + bn_rest,
        relu_step=costs.compare + 2 * mul + 2 * add,
        add_step=add + _price(counts.add, costs),
        pool_step=pool_step,
        pool_output=pool_output,
        index_read=index_read,
        index_write=index_write,
        boot=boot,
    )


def _pooling(costs: UnitCosts, counts: _Overheads, published: bool, inas: bool) -> tuple[float, float]:
    """Cost per window element and per output (specification 7.3; quirk Q13).

    Consistent: the published 2024 element without its division, and one division per output.
    """
    if published and inas:
        return costs.compare + _price(counts.compare, costs), 0.0
    element = costs.mul + POOL_ADDITIONS * costs.add
    return (element + costs.div, 0.0) if published else (element, costs.div)


def _index_record(platform: Platform, costs: UnitCosts, counts: _Overheads, published: bool) -> tuple[float, float]:
    """Cost of reading (at restore) and writing (at commit) the progress record.

    Published: one block without addressing overhead. Consistent (quirk Q4): the overhead of an input block and of a
    write-back in order O; two versioned copies exist, a restore reads both and a commit writes one.
    """
    read = costs.read.per_element * platform.index_words + costs.read.fixed
    write = costs.write.per_element * platform.index_words + costs.write.fixed
    if published:
        return read, write
    return 2 * (read + _price(counts.fetch_input, costs)), write + _price(counts.write_back[2], costs)


def _price(ops: _Ops, costs: UnitCosts) -> float:
    return ops.adds * costs.add + ops.muls * costs.mul


def _scaled(cost: Affine, factor: float) -> Affine:
    return Affine(per_element=cost.per_element * factor, fixed=cost.fixed * factor)
