"""The 12 published TiNAS solutions, whole, in the two limits of specification 14."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from golden_rows import layer_from_row, read_json
from limit_runs import (
    bench,
    expected_recharge_s,
    recharge_s,
    run_with_a_shutdown_after_every_batch,
    run_without_failures,
)
from published_limits import (
    COSTS,
    PLATFORMS,
    GoldenRow,
    continuous_deviation,
    cycle_groups,
    intermittent_deviation,
)
from schedule_reference import Layers

from simint.engine.policy import Tile
from simint.network.layer import LayerKind
from simint.tiling.design import ExecutionDesign, Order
from simint.tiling.loop_nest.build import build_schedule

# Rounding of a run of some thousand steps; recharge times from a voltage close to v_on lose a few digits more.
TOLERANCE = 1e-12
RECHARGE_TOLERANCE = 1e-10


def network_rows(golden: dict[str, Any]) -> Iterator[GoldenRow]:
    """The chosen designs of a published network, with the names of the design table."""
    electrical = {name: golden["platform"][name] for name in ("ccap", "rehm", "vsup", "von", "voff", "margin")}
    for layer, design in zip(golden["layers"], golden["designs"], strict=True):
        values = dict(zip(golden["designs_columns"], design, strict=True)) | electrical
        values |= {"model": golden["platform"]["variant"], "op": layer[2]}
        shape = (values[name] for name in ("Tr", "Tc", "Tm", "Tn"))
        tr, tc, tm, tn = (int(size) for size in shape)
        order = Order(values["reuse"])
        yield GoldenRow(
            values, layer_from_row(layer), ExecutionDesign(tr=tr, tc=tc, tm=tm, tn=tn, order=order, s=values["S"])
        )


def test_the_twelve_published_solutions_take_their_published_latency(shared: Path) -> None:
    """Whole networks in limit (b), apart from the BN latency and the first partial sums of the global pool."""
    files = sorted((shared / "spec/golden/networks").glob("*.json"))
    assert len(files) == 12
    for file in files:
        golden = read_json(file)
        layers = list(network_rows(golden))
        platform = PLATFORMS[golden["platform"]["variant"]]
        schedule = build_schedule(Layers(tuple(row.layer for row in layers)), [r.design for r in layers], platform)
        electrical = (float(golden["platform"][name]) for name in ("vsup", "rehm", "ccap", "von", "voff"))
        supply, trace = bench(*electrical)
        run = run_with_a_shutdown_after_every_batch(schedule, supply, trace)
        groups = [(row, cycle_groups(row)) for row in layers]
        more_s = sum(intermittent_deviation(row, COSTS[row.model].time, "L") for row in layers)
        pools = [(row, parts) for row, parts in groups if row.layer.kind is LayerKind.GAVGPOOL]
        more_recharge_s = sum(expected_recharge_s(row, parts) - row.number("L_rc_tot") for row, parts in pools)
        assert len(run.power_cycles) == golden["power_cycles"], file.name
        assert run.energy.device == pytest.approx(
            sum(count * energy for _, parts in groups for count, energy in parts), rel=TOLERANCE
        )
        assert run.time.on == pytest.approx(golden["active_s"] + more_s, rel=TOLERANCE)
        assert run.time.off == pytest.approx(golden["recharge_s"] + more_recharge_s, rel=RECHARGE_TOLERANCE)
        assert run.duration_s == pytest.approx(golden["latency_s"] + more_s + more_recharge_s, rel=RECHARGE_TOLERANCE)
        assert abs(more_s) < 0.026 * golden["active_s"]  # the largest deviation that specification 14.3 allows BN
        last = run.power_cycles[-1]
        shorter = run_with_a_shutdown_after_every_batch(schedule, supply, trace, recharge_at_end=False)
        assert shorter.duration_s == pytest.approx(last.off_s, rel=TOLERANCE)
        assert run.duration_s - last.off_s == pytest.approx(recharge_s(layers[-1], last.v_end**2), rel=1e-6)


def test_the_twelve_published_solutions_under_continuous_power(shared: Path) -> None:
    for file in sorted((shared / "spec/golden/networks").glob("*.json")):
        golden = read_json(file)
        layers = list(network_rows(golden))
        platform = PLATFORMS[golden["platform"]["variant"]]
        schedule = build_schedule(Layers(tuple(row.layer for row in layers)), [r.single for r in layers], platform)
        run = run_without_failures(schedule, Tile())
        more_j, more_s = (sum(sum(continuous_deviation(row, costs)) for row in layers) for costs in COSTS["tinas2024"])
        energy_j = sum(row.number("cont_E") for row in layers)
        assert run.energy.device == pytest.approx(energy_j + more_j, rel=TOLERANCE), file.name
        assert run.duration_s == pytest.approx(golden["cont_latency_s"] + more_s, rel=TOLERANCE), file.name
