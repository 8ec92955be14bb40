"""Limits (a) and (b) of specification 14: the summed loop nest is the published closed form, but for listed cases."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from published_limits import (
    CONVOLUTIONS,
    COSTS,
    PLATFORMS,
    GoldenRow,
    continuous_deviation,
    continuous_traffic,
    intermittent_deviation,
    read_golden_rows,
    unpreserved_write_backs,
)
from schedule_reference import Layers

from simint.errors import InputError
from simint.network.layer import LayerKind
from simint.tiling.design import Order
from simint.tiling.loop_nest.build import build_schedule
from simint.tiling.schedule import totals

TOLERANCE = 1e-12


@pytest.fixture(scope="module")
def rows(shared: Path) -> list[GoldenRow]:
    return read_golden_rows(shared)


EVERY = [pytest.param(7, id="every seventh"), pytest.param(1, id="all", marks=pytest.mark.slow)]


@pytest.mark.parametrize("step", EVERY)
def test_power_never_fails_gives_the_continuous_totals(rows: list[GoldenRow], step: int) -> None:
    """Limit (a): energy, time and the numbers of loads and write-backs of specification 9, S = 1."""
    seen = Counter()
    for row in rows[::step]:
        total = totals(build_schedule(Layers((row.layer,)), [row.single], PLATFORMS[row.model]))
        costs = COSTS[row.model]
        found = total.with_preservation
        energy = row.number("cont_E") + sum(continuous_deviation(row, costs.energy))
        time = row.number("cont_L") + sum(continuous_deviation(row, costs.time))
        assert (found.energy_j, found.time_s) == pytest.approx((energy, time), rel=TOLERANCE), row.values
        assert total.traffic == continuous_traffic(row), row.values
        assert total.traffic.write_backs - total.preserved_batches == unpreserved_write_backs(row), row.values
        seen[row.layer.kind] += 1
    assert set(seen) == set(LayerKind)


@pytest.mark.parametrize("step", EVERY)
def test_power_failing_after_every_batch_gives_the_intermittent_totals(rows: list[GoldenRow], step: int) -> None:
    """Limit (b): npc cycles, npc_0 * min + npc_1 * max in energy and time, every legal S."""
    seen = Counter()
    for row in rows[::step]:
        model, kind, s = row.model, row.layer.kind, row.design.s
        if row.straddles:
            continue
        schedule = build_schedule(Layers((row.layer,)), [row.design], PLATFORMS[model])
        total = totals(schedule)
        each = schedule.boot + schedule.index_read + schedule.index_write
        found = total.with_preservation + total.reload + each * total.batches
        cycles = row.number("npc_n0"), row.number("npc_ngt0")
        expected = [
            cycles[0] * row.number(f"{q}pc_min")
            + cycles[1] * row.number(f"{q}pc_max")
            + intermittent_deviation(row, c, q)
            for q, c in (("E", COSTS[model].energy), ("L", COSTS[model].time))
        ]
        assert total.batches == row.number("npc"), row.values
        assert (found.energy_j, found.time_s) == pytest.approx(tuple(expected), rel=TOLERANCE), row.values
        if kind in CONVOLUTIONS:
            if row.design.order is Order.OUTPUT:
                assert total.reload_traffic.partial_loads == cycles[1], row.values
            else:
                assert total.traffic.partial_loads == cycles[1] * s, row.values
        assert schedule.vm_bytes == 2 * sum(int(row.values[b]) for b in ("B_in", "B_w", "B_out"))
        seen[kind, s > 1] += 1
    assert {kind for kind, _ in seen} == set(LayerKind)
    assert {kind for kind, several in seen if several} >= set(LayerKind) - {LayerKind.GAVGPOOL}


def test_a_batch_that_straddles_an_outer_loop_is_refused_with_the_legal_ones(rows: list[GoldenRow]) -> None:
    for row in rows:
        spatial = row.trips[0]
        if row.layer.kind is LayerKind.BN and spatial % row.design.s:
            with pytest.raises(InputError, match=rf"s={row.design.s} .*legal: 1"):
                build_schedule(Layers((row.layer,)), [row.design], PLATFORMS[row.model])
            return
    pytest.fail("no such golden design")
