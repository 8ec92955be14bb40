"""What one tile costs: transfers and computations, one formula each.

Every function takes a cost vector (joule or seconds) first and returns the same unit. Both cost modes and the literal
loop nest call these functions: the published closed forms with full-size tiles, the consistent mode with the sizes
really moved (clipped patches, valid products). Sizes are elements of 16 bits. Source: specification sections 6 and 7.
"""

from __future__ import annotations

from simint.compiled import compiled
from simint.tiling.geometry import BN, CONV, DW, ORDER_I, ORDER_W
from simint.tiling.unit_costs import CostVector


@compiled
def fetch_input(costs: CostVector, positions: int, channels: int) -> float:
    """Read `positions` blocks of `channels` elements of the input map (for ADD the positions of both operands)."""
    return positions * (costs.read_element * channels + costs.read_fixed + costs.input_overhead)


@compiled
def fetch_weight(costs: CostVector, blocks: int, length: int) -> float:
    """Read `blocks` weight blocks of `length` elements (CONV: Kh*Kw*Tm of Tn; BN: 4 of Tm; see `weight_blocks`)."""
    return blocks * (costs.read_element * length + costs.read_fixed + costs.weight_overhead)


@compiled
def fetch_partial(costs: CostVector, order: int, positions: int, channels: int) -> float:
    """Read a partial sum of `positions` blocks of `channels` elements back from NVM."""
    if order == ORDER_I:
        overhead = costs.partial_overhead_i
    elif order == ORDER_W:
        overhead = costs.partial_overhead_w
    else:
        overhead = costs.partial_overhead_o
    return positions * (costs.read_element * channels + costs.read_fixed + overhead)


@compiled
def write_back(costs: CostVector, order: int, blocks: int, length: int) -> float:
    """Write `blocks` output blocks of `length` elements to NVM."""
    if order == ORDER_I:
        overhead = costs.write_overhead_i
    elif order == ORDER_W:
        overhead = costs.write_overhead_w
    else:
        overhead = costs.write_overhead_o
    return blocks * (costs.write_element * length + costs.write_fixed + overhead)


@compiled
def conv_products(costs: CostVector, products: int, tn: int, additions: int) -> float:
    """`products` vector products over `tn` channels, `additions` of one to an output element."""
    return products * (costs.mac_element * tn + costs.mac_fixed + costs.conv_overhead) + additions * costs.accumulate


@compiled
def dw_products(costs: CostVector, order: int, products: int, additions: int) -> float:
    """`products` scalar products of a depthwise convolution, `additions` of one to an output element."""
    step = costs.dw_step_i if order == ORDER_I else costs.dw_step_wo
    return products * step + additions * costs.accumulate


@compiled
def compute_conv(costs: CostVector, products: int, tn: int, additions: int) -> float:
    """One convolution tile, the hoisted address arithmetic included.

    Published: products = additions = Kh*Kw*Tr*Tc*Tm. Consistent: valid (output, tap) pairs, and see `accumulations`.
    """
    return conv_products(costs, products, tn, additions) + costs.conv_tile


@compiled
def compute_dw(costs: CostVector, order: int, products: int, additions: int) -> float:
    """One depthwise tile, the hoisted address arithmetic included (published: no additions, quirk Q21)."""
    return dw_products(costs, order, products, additions) + costs.dw_tile


@compiled
def accumulations(products: int, outputs: int, first: bool, last: bool, bias: int) -> int:
    """Additions of a tile in consistent mode (quirk Q23).

    The first product of an output is stored, not added, so the tile with the first input channels has one addition less
    per output; a bias (0 or 1) is one addition per output in the tile with the last input channels. DW has one tile
    that is both.
    """
    return products - (outputs if first else 0) + (bias * outputs if last else 0)


@compiled
def compute_bn(costs: CostVector, elements: int) -> float:
    """Batch normalisation of `elements` (published continuous power: `compute_bn_continuous`)."""
    return elements * costs.bn_step


@compiled
def compute_bn_continuous(costs: CostVector, elements: int) -> float:
    """Batch normalisation as published for continuous power: three additions in energy and in time (quirk Q10)."""
    return elements * costs.bn_step_continuous


@compiled
def compute_relu(costs: CostVector, elements: int) -> float:
    """ReLU of `elements`."""
    return elements * costs.relu_step


@compiled
def compute_add(costs: CostVector, elements: int) -> float:
    """Sum of two maps, `elements` results."""
    return elements * costs.add_step


@compiled
def compute_pool(costs: CostVector, window_elements: int, outputs: int) -> float:
    """Pooling of `window_elements` elements in all, finishing `outputs` results.

    Published: window_elements = Tr*Tc*Tm for POOL and GAVGPOOL, the division included per element (quirk Q13).
    Consistent: every element inside the windows (GAVGPOOL: of the input tile); outputs are those this tile completes.
    """
    return window_elements * costs.pool_step + outputs * costs.pool_output


@compiled
def weight_blocks(op: int, kh: int, kw: int, tm: int, tn: int, channels_last: bool) -> tuple[int, int]:
    """Number of weight blocks of one tile and their length (specification 6); (0, 0) where there are no weights.

    `channels_last`: depthwise weights of consecutive channels lie side by side, as in consistent mode; published was
    one element a block (quirk Q7).
    """
    if op == CONV:
        return kh * kw * tm, tn
    if op == DW:
        return (kh * kw, tm) if channels_last else (kh * kw * tm, 1)
    return (4, tm) if op == BN else (0, 0)
