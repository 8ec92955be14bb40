"""Limits (a) and (b) of specification 14, through the engine: power never fails, and it fails after every batch."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from limit_runs import (
    bench,
    expected_recharge_s,
    margin_inside,
    recharge_s,
    run_with_a_shutdown_after_every_batch,
    run_without_failures,
)
from published_limits import (
    COSTS,
    PLATFORMS,
    CycleGroup,
    GoldenRow,
    continuous_deviation,
    continuous_traffic,
    cycle_groups,
    intermittent_deviation,
    read_golden_rows,
    unpreserved_write_backs,
)
from schedule_reference import Layers

from simint.engine.policy import RecoveryPolicy, Restart, Tile
from simint.engine.run import CycleEnd, PowerCycle, Run, Verdict
from simint.network.layer import LayerKind
from simint.tiling.design import Order
from simint.tiling.loop_nest.build import build_schedule
from simint.tiling.published.evaluate import evaluate_design

# Rounding of a run of some thousand steps; recharge times from a voltage close to v_on lose a few digits more.
TOLERANCE = 1e-12
RECHARGE_TOLERANCE = 1e-10
PER_STRATUM = 3
# A row with more tiles than this takes longer than a hundred others and checks nothing more.
SHORT, LONG = 400, 20_000
SIZES = [
    pytest.param(PER_STRATUM, SHORT, id="sample"),
    pytest.param(10_000, LONG, id="all", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def rows(shared: Path) -> list[GoldenRow]:
    return read_golden_rows(shared)


def sample(rows: list[GoldenRow], per_stratum: int, most_cycles: int) -> list[GoldenRow]:
    """Feasible designs, evenly from every operator, order, variant, capacitor and batch size of one or more tiles."""
    strata: defaultdict[tuple[object, ...], list[GoldenRow]] = defaultdict(list)
    for row in rows:
        feasible = row.values["reason"] == "OK" and row.number("num_tiles") <= most_cycles
        if feasible and not row.straddles:
            key = row.model, row.values["op"], row.design.order, row.design.s > 1, row.values["ccap"]
            strata[key].append(row)
    return [row for members in strata.values() for row in members[:: -(-len(members) // per_stratum)]]


def run_continuously(row: GoldenRow, policy: RecoveryPolicy, strong_source: bool = False) -> Run:
    schedule = build_schedule(Layers((row.layer,)), [row.single], PLATFORMS[row.model])
    run = run_without_failures(schedule, policy, strong_source)
    assert run.verdict is Verdict.COMPLETED
    assert [cycle.ended_by for cycle in run.power_cycles] == [CycleEnd.END_OF_RUN]
    return run


@pytest.mark.parametrize("strong_source", [False, True], ids=["a huge capacitor", "a strong source"])
@pytest.mark.parametrize(("per_stratum", "most_cycles"), SIZES)
def test_power_that_never_fails_gives_the_continuous_totals(
    rows: list[GoldenRow], per_stratum: int, most_cycles: int, strong_source: bool
) -> None:
    """Energy and time by activity, loads, computations and write-backs of specification 9."""
    seen = set()
    for row in sample(rows, per_stratum, most_cycles)[strong_source::2]:
        run = run_continuously(row, Tile(), strong_source)
        cost = evaluate_design(row.layer, row.single, PLATFORMS[row.model])
        costs = COSTS[row.model]
        more_j, more_s = continuous_deviation(row, costs.energy), continuous_deviation(row, costs.time)
        closed = cost.continuous_energy
        assert closed.total == pytest.approx(row.number("cont_E"), rel=1e-12)
        assert (run.energy.fetch, run.energy.compute, run.energy.write_back) == pytest.approx(
            (closed.fetch + more_j.fetch, closed.compute, closed.write_back + more_j.write_back), rel=TOLERANCE
        ), row.values
        assert run.energy.device == pytest.approx(row.number("cont_E") + sum(more_j), rel=TOLERANCE)
        closed = cost.continuous_time
        assert (run.time.useful, run.time.write_back) == pytest.approx(
            (closed.fetch + more_s.fetch + closed.compute, closed.write_back + more_s.write_back), rel=TOLERANCE
        ), row.values
        assert run.duration_s == pytest.approx(row.number("cont_L") + sum(more_s), rel=TOLERANCE)
        assert (run.time.off, run.time.boot, run.time.restore, run.time.index, run.time.lost) == (0, 0, 0, 0, 0)
        assert run.layers[0].traffic == continuous_traffic(row), row.values
        assert run.layers[0].tiles_committed == row.number("num_tiles")
        seen.add((row.model, row.values["op"], row.design.order))
    assert len(seen) == len({(row.model, row.values["op"], row.design.order) for row in rows})


def test_without_preservation_only_complete_outputs_are_written(rows: list[GoldenRow]) -> None:
    """Orders and operators that accumulate in volatile memory write each output tile once (specification 14.2)."""
    spared = set()
    for row in sample(rows, 1, SHORT):
        run, kept = run_continuously(row, Restart()), run_continuously(row, Tile())
        traffic = run.layers[0].traffic
        assert traffic == replace(continuous_traffic(row), write_backs=unpreserved_write_backs(row)), row.values
        share = traffic.write_backs / kept.layers[0].traffic.write_backs
        if row.layer.kind is not LayerKind.GAVGPOOL and row.design.order is not Order.INPUT:
            assert run.energy.write_back == pytest.approx(share * kept.energy.write_back, rel=TOLERANCE)
        assert run.imo_pct == pytest.approx(0.0, abs=1e-7)
        if share < 1:
            spared.add(row.layer.kind)
    assert spared == {LayerKind.CONV, LayerKind.FC, LayerKind.GAVGPOOL}


def fits_the_swing(row: GoldenRow, groups: list[CycleGroup]) -> bool:
    """The deviations may lift a batch above the energy between the thresholds, or the published budget."""
    swing_j = 0.5 * row.number("ccap") * (row.number("von") ** 2 - row.number("voff") ** 2)
    budget_j = row.number("margin") * swing_j if row.model == "inas2021" else swing_j
    return max(group.energy_j for group in groups if group.count) < budget_j * (1 - 1e-9)


def published_recharge_s(row: GoldenRow, cycles: tuple[PowerCycle, ...]) -> float:
    """Recharges as the published variant counts them, from the voltages at which the engine's cycles ended."""
    return math.fsum(recharge_s(row, cycle.v_end**2 - margin_inside(row)) for cycle in cycles)


@pytest.mark.parametrize(("per_stratum", "most_cycles"), SIZES)
def test_power_that_fails_after_every_batch_gives_the_intermittent_totals(
    rows: list[GoldenRow], per_stratum: int, most_cycles: int
) -> None:
    """Number of cycles, active energy and time, recharge times and makespan of specification 14.3."""
    seen, exact, too_large = set(), 0, 0
    for row in sample(rows, per_stratum, most_cycles):
        groups = cycle_groups(row)
        if not fits_the_swing(row, groups):
            too_large += 1
            continue
        electrical = (row.number(name) for name in ("vsup", "rehm", "ccap", "von", "voff"))
        schedule = build_schedule(Layers((row.layer,)), [row.design], PLATFORMS[row.model])
        run = run_with_a_shutdown_after_every_batch(schedule, *bench(*electrical))
        assert run.verdict is Verdict.COMPLETED, row.values
        assert len(run.power_cycles) == row.number("npc"), row.values
        assert {cycle.ended_by for cycle in run.power_cycles} == {CycleEnd.SHUTDOWN}
        active_s = expected_active_s(row)
        assert run.energy.device == pytest.approx(sum(count * energy for count, energy in groups), rel=TOLERANCE)
        assert run.time.on == pytest.approx(active_s, rel=TOLERANCE), row.values
        recharge = expected_recharge_s(row, groups)
        assert published_recharge_s(row, run.power_cycles) == pytest.approx(recharge, rel=RECHARGE_TOLERANCE)
        own = math.fsum(recharge_s(row, cycle.v_end**2) for cycle in run.power_cycles)
        assert run.time.off == pytest.approx(own, rel=RECHARGE_TOLERANCE)
        assert_traffic(row, run)
        if all(intermittent_deviation(row, costs, q) == 0 for q, costs in zip("EL", COSTS[row.model], strict=True)):
            exact += 1
            assert recharge == pytest.approx(row.number("L_rc_tot"), rel=RECHARGE_TOLERANCE)
            assert active_s == pytest.approx(row.number("Le2e") - row.number("L_rc_tot"), rel=TOLERANCE)
            if row.model == "tinas2024":
                assert run.duration_s == pytest.approx(row.number("Le2e"), rel=RECHARGE_TOLERANCE), row.values
        seen.add((row.model, row.values["op"], row.design.order, row.design.s > 1))
    assert exact > 200
    assert too_large < 0.05 * exact
    assert {(model, op) for model, op, *_ in seen} == {(row.model, row.values["op"]) for row in rows}
    assert {several for *_, several in seen} == {False, True}


def expected_active_s(row: GoldenRow) -> float:
    closed = row.number("npc_n0") * row.number("Lpc_min") + row.number("npc_ngt0") * row.number("Lpc_max")
    return closed + intermittent_deviation(row, COSTS[row.model].time, "L")


def assert_traffic(row: GoldenRow, run: Run) -> None:
    """Loads of specification 7.2: the stationary operand once a cycle, the streamed ones once a tile."""
    traffic, order, kind = run.layers[0].traffic, row.design.order, row.layer.kind
    cycles, later, tiles = row.number("npc"), row.number("npc_ngt0"), row.number("num_tiles")
    assert traffic.computes == run.layers[0].tiles_committed == tiles
    assert run.layers[0].tiles_lost == 0
    accumulates = kind is LayerKind.GAVGPOOL
    if kind in (LayerKind.CONV, LayerKind.FC):
        accumulates = order is Order.OUTPUT
        assert traffic.input_loads == (cycles if order is Order.INPUT else tiles)
        assert traffic.weight_loads == (cycles if order is Order.WEIGHT else tiles)
        assert traffic.partial_loads == (later if accumulates else later * row.design.s)
    elif kind is LayerKind.DW:
        assert (traffic.input_loads, traffic.partial_loads) == (tiles, 0)
        assert traffic.weight_loads == (cycles if order is Order.WEIGHT else tiles)
    elif kind is LayerKind.BN:
        assert (traffic.input_loads, traffic.weight_loads, traffic.partial_loads) == (tiles, cycles, 0)
    elif kind is LayerKind.GAVGPOOL:
        assert (traffic.input_loads, traffic.partial_loads) == (tiles, cycles - row.trips[1])
    else:
        assert (traffic.input_loads, traffic.weight_loads, traffic.partial_loads) == (tiles, 0, 0)
    assert traffic.write_backs == (cycles if accumulates else tiles)
