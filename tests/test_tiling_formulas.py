from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simint.hardware.presets import load_platform
from simint.tiling import formulas
from simint.tiling.buffers import (
    BufferRates,
    aligned_vm_bytes,
    buffer_rates,
    buffers_at,
    consistent_buffers,
    vm_bytes,
)
from simint.tiling.geometry import (
    ADD,
    BN,
    CONV,
    DW,
    GAVGPOOL,
    ORDER_I,
    ORDER_O,
    ORDER_W,
    POOL,
    RELU,
    DesignCodes,
    LayerGeometry,
)
from simint.tiling.unit_costs import unit_costs

COSTS = unit_costs(load_platform("msp430fr5994-tinas2024"))
SIZES = st.integers(1, 64)


def test_stem_convolution_by_hand() -> None:
    """Specification 16, example 1: FI, FW and FO of the 2024 stem convolution with 8x8x8 tiles of one channel."""
    time = COSTS.time
    assert formulas.fetch_input(time, 10 * 10, 1) == pytest.approx(4.8125e-3)
    assert formulas.fetch_weight(time, 3 * 3 * 8, 1) == pytest.approx(4.5315e-3)
    assert formulas.fetch_partial(time, ORDER_O, 8 * 8, 8) == pytest.approx(4.872e-3)
    assert formulas.compute_conv(time, 9 * 64 * 8, 1, 9 * 64 * 8) == pytest.approx(0.3411500625)
    assert formulas.write_back(time, ORDER_O, 8 * 8, 8) == pytest.approx(0.005016)


@settings(deadline=None)  # the first call compiles
@given(positions=SIZES, blocks=SIZES, channels=SIZES)
def test_one_wide_block_costs_less_than_many_narrow_ones(positions: int, blocks: int, channels: int) -> None:
    wide = formulas.fetch_input(COSTS.energy, positions, blocks * channels)
    narrow = formulas.fetch_input(COSTS.energy, positions * blocks, channels)
    assert wide <= narrow * (1 + 1e-12)


@settings(deadline=None)  # the first call compiles
@given(products=SIZES, outputs=SIZES, tiles=st.integers(1, 5), bias=st.booleans())
def test_a_reduction_stores_its_first_product_and_adds_its_bias_once(
    products: int, outputs: int, tiles: int, bias: bool
) -> None:
    """Quirk Q23: over all tiles of a reduction, one addition less than products per output, one more for a bias."""
    additions = sum(
        formulas.accumulations(products * outputs, outputs, k == 0, k == tiles - 1, int(bias)) for k in range(tiles)
    )
    assert additions == outputs * (tiles * products - 1 + bias)


@pytest.mark.parametrize("order", [ORDER_I, ORDER_W, ORDER_O])
def test_depthwise_weights_side_by_side_are_fewer_elements_per_block_but_no_fewer_elements(order: int) -> None:
    """Quirk Q7."""
    published = formulas.weight_blocks(DW, 3, 3, 16, 1, False)
    consistent = formulas.weight_blocks(DW, 3, 3, 16, 1, True)
    assert published == (144, 1)
    assert consistent == (9, 16)
    assert formulas.fetch_weight(COSTS.time, *consistent) < formulas.fetch_weight(COSTS.time, *published)
    assert formulas.compute_dw(COSTS.time, order, 9, 0) >= formulas.compute_dw(COSTS.time, ORDER_O, 9, 0)


def layer(op: int, n: int = 8, m: int = 8, size: int = 16, kernel: int = 1) -> LayerGeometry:
    return LayerGeometry(op, n, size, size, m, size, size, kernel, kernel, 1, 1, 0, 0, 0, 0, 1, 0)


@settings(deadline=None)  # the first call compiles
@given(tr=st.integers(1, 8), tm=st.sampled_from([1, 2, 4, 8]), s=st.integers(1, 4))
def test_only_batches_that_keep_their_outputs_need_memory_for_them(tr: int, tm: int, s: int) -> None:
    """A convolution in order O accumulates a batch in one tile, other orders hold S tiles."""
    held = {
        order: buffers_at(buffer_rates(CONV, 9, tm, 2, order, s), (tr + 2) ** 2, tr * tr).output
        for order in (ORDER_I, ORDER_W, ORDER_O)
    }
    assert held[ORDER_O] == tr * tr * tm
    assert held[ORDER_I] == held[ORDER_W] == s * held[ORDER_O]


@settings(deadline=None)  # the first call compiles
@given(tr=st.integers(1, 8), tc=st.integers(1, 8), tm=st.integers(1, 8), s=st.integers(1, 4))
def test_published_buffers_never_exceed_the_consistent_ones(tr: int, tc: int, tm: int, s: int) -> None:
    """Quirks Q11, Q13, Q20: what the published model leaves out of VM. A global pool alone reserves too much."""
    for op, order in itertools.product((CONV, DW, BN, RELU, ADD, POOL), (ORDER_I, ORDER_W, ORDER_O)):
        g = layer(op)
        rates: BufferRates = buffer_rates(op, 1, tm, 1, order, s)
        published = vm_bytes(buffers_at(rates, tr * tc, tr * tc), 2)
        assert published <= aligned_vm_bytes(consistent_buffers(g, DesignCodes(tr, tc, tm, 1, order, s)), 2)
    pooled = buffers_at(buffer_rates(GAVGPOOL, 1, tm, 1, ORDER_O, s), tr * tc, tr * tc)
    assert pooled.output == s * consistent_buffers(layer(GAVGPOOL), DesignCodes(tr, tc, tm, 1, ORDER_O, s)).output


def test_a_patch_is_never_larger_than_the_map() -> None:
    g = layer(CONV, size=8, kernel=5)._replace(top=2, bottom=2, left=2, right=2)
    assert consistent_buffers(g, DesignCodes(8, 8, 1, 1, ORDER_O, 1)).input == 8 * 8


def test_buffers_start_at_words() -> None:
    g = layer(RELU)
    assert aligned_vm_bytes(consistent_buffers(g, DesignCodes(1, 1, 3, 1, ORDER_O, 1)), 2) == 8
