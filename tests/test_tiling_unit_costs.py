from __future__ import annotations

import msgspec
import pytest

from simint.errors import InputError
from simint.hardware.platform import CostMode, Variant
from simint.hardware.presets import load_platform
from simint.tiling.unit_costs import unit_costs

INAS = load_platform("msp430fr5994-inas2021")
TINAS = load_platform("msp430fr5994-tinas2024")
CONSISTENT = load_platform("msp430fr5994")


def test_time_is_cycles_over_clock() -> None:
    time = unit_costs(TINAS).time
    assert time.read_fixed == pytest.approx(430 / 16e6)
    assert time.input_overhead == pytest.approx((8 * 12 + 4 * 45) / 16e6)
    assert time.conv_overhead == pytest.approx((12 * 12 + 9 * 45) / 16e6)


def test_inas_prices_partial_sums_and_write_backs_with_joule_in_both_vectors() -> None:
    """Quirk Q1: seven additions and five multiplications, in joule taken for seconds."""
    energy, time = unit_costs(INAS)
    assert time.partial_overhead_i == pytest.approx(1.2381549999999999e-07, rel=1e-15)
    for name in ("partial_overhead_i", "partial_overhead_w", "partial_overhead_o", "write_overhead_i"):
        assert getattr(time, name) == getattr(energy, name)


def test_consistent_mode_prices_them_in_seconds() -> None:
    mended = msgspec.structs.replace(INAS, mode=CostMode.CONSISTENT)
    assert unit_costs(mended).time.write_overhead_w == pytest.approx((11 * 12 + 9 * 44) / 16e6)


def test_inas_counts_more_multiplications_in_time_than_in_energy() -> None:
    """Quirk Q2; in consistent mode both vectors count the same operations."""

    def multiplications(cost: float, adds: int, unit: tuple[float, float]) -> float:
        return (cost - adds * unit[0]) / unit[1]

    for mode, expected in ((CostMode.PUBLISHED, (8, 13)), (CostMode.CONSISTENT, (8, 8))):
        energy, time = unit_costs(msgspec.structs.replace(INAS, mode=mode))
        counts = (
            multiplications(energy.conv_overhead, 10, (INAS.energy.add, INAS.energy.mul)),
            multiplications(time.conv_overhead, 10, (12 / 16e6, 44 / 16e6)),
        )
        assert counts == pytest.approx(expected)


def test_published_batch_normalisation_saves_an_addition_in_time_only() -> None:
    """Quirk Q10."""
    published, consistent = unit_costs(TINAS), unit_costs(CONSISTENT)
    assert published.time.bn_step == pytest.approx(consistent.time.bn_step - 12 / 16e6)
    assert published.time.bn_step_continuous == consistent.time.bn_step
    assert published.energy.bn_step == published.energy.bn_step_continuous == consistent.energy.bn_step


def test_consistent_restore_reads_two_index_copies_with_their_addressing() -> None:
    """Quirk Q4: published is one bare block."""
    published, consistent = unit_costs(TINAS).time, unit_costs(CONSISTENT).time
    assert published.index_read == pytest.approx((64 * 5 + 430) / 16e6)
    assert consistent.index_read == pytest.approx(2 * (published.index_read + (8 * 12 + 4 * 45) / 16e6))
    assert consistent.index_write == pytest.approx(published.index_write + (8 * 12 + 5 * 45) / 16e6)


def test_consistent_pooling_divides_once_per_output() -> None:
    """Quirk Q13."""
    published, consistent = unit_costs(TINAS).energy, unit_costs(CONSISTENT).energy
    assert consistent.pool_step + consistent.pool_output == pytest.approx(published.pool_step)
    assert consistent.pool_output == TINAS.energy.div
    assert published.pool_output == 0


def test_hoisted_multiplications_by_mode_and_variant() -> None:
    """Quirk Q21."""
    five = 5 * 45 / 16e6
    assert unit_costs(TINAS).time.conv_tile == pytest.approx(five)
    assert unit_costs(TINAS).time.dw_tile == 0
    assert unit_costs(INAS).time.conv_tile == 0
    assert unit_costs(CONSISTENT).time.dw_tile == pytest.approx(five)


def test_a_cost_that_overflows_is_refused() -> None:
    energy = msgspec.structs.replace(TINAS.energy, mul=float("inf"))
    with pytest.raises(InputError, match="not a finite"):
        unit_costs(msgspec.structs.replace(TINAS, energy=energy))


def test_the_consistent_preset_shares_the_measurements_of_2024() -> None:
    assert CONSISTENT.variant is Variant.TINAS2024
    assert CONSISTENT.energy == TINAS.energy
    assert CONSISTENT.cycles == TINAS.cycles
