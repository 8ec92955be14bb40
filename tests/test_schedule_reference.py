"""The run-length encoded schedule and a slow per-tile loop nest agree batch by batch, in consistent mode."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schedule_reference import Layers, ReferenceNest
from schedule_strategies import designs, layers

from simint.hardware.presets import load_platform
from simint.tiling.loop_nest.build import build_schedule
from simint.tiling.schedule import Batch, Cost, iterate_batches
from simint.tiling.unit_costs import unit_costs

PLATFORM = load_platform("msp430fr5994")


def summed(batch: Batch, phase: str) -> tuple[float, float]:
    costs: list[Cost] = [getattr(run, phase) * run.count for run in batch.tiles]
    return sum(cost.energy_j for cost in costs), sum(cost.time_s for cost in costs)


def pair(cost: Cost) -> tuple[float, float]:
    return cost.energy_j, cost.time_s


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_every_batch_is_that_of_the_per_tile_loop_nest(data: st.DataObject) -> None:
    layer = data.draw(layers())
    design = data.draw(designs(layer))
    schedule = build_schedule(Layers((layer,)), [design], PLATFORM)
    expected = list(ReferenceNest(layer, design, unit_costs(PLATFORM)).batches())
    found = list(iterate_batches(schedule.layers[0]))
    assert len(found) == len(expected)
    for batch, reference in zip(found, expected, strict=True):
        assert batch.traffic == reference.traffic
        assert batch.reload_traffic == reference.reload_traffic
        for phase in ("opening", "reload", "write_back", "preserve"):
            assert pair(getattr(batch, phase)) == pytest.approx(pair(getattr(reference, phase)), rel=1e-12, abs=0.0)
        for phase in ("fetch", "compute"):
            assert summed(batch, phase) == pytest.approx(pair(getattr(reference, phase)), rel=1e-12, abs=0.0)
        assert sum(run.count for run in batch.tiles) == design.s
