"""Limits (a) and (b) of specification 14, through the engine: power never fails, and it fails after every batch."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_cases import simulated
from golden_rows import layer_from_row, read_json
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

from simint.engine.event import Case
from simint.engine.policy import RecoveryPolicy, Restart, Tile, TileShutdown
from simint.engine.run import CycleEnd, PowerCycle, Run, Verdict
from simint.engine.workload import Workload
from simint.hardware.supply import Capacitor, FrontEnd, Supply
from simint.network.layer import LayerKind
from simint.physics.source import compile_source
from simint.tiling.design import ExecutionDesign, Order
from simint.tiling.loop_nest.build import build_schedule
from simint.tiling.published.evaluate import evaluate_design
from simint.tiling.schedule import ZERO, Schedule
from simint.trace.power_trace import PowerSource, PowerTrace, TheveninSource

# Rounding of a run of some thousand steps; recharge times from a voltage close to v_on lose a few digits more.
TOLERANCE = 1e-12
RECHARGE_TOLERANCE = 1e-10
PER_STRATUM = 3
# A row with more power cycles than this takes longer than a hundred others and checks nothing more.
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


def bench(vsup: float, ohm: float, capacitance: float, v_on: float, v_off: float) -> tuple[Supply, PowerTrace]:
    """The published bench: a source behind a resistance straight into the capacitor."""
    supply = Supply(
        name="bench",
        source="test",
        front_end=FrontEnd.DIRECT,
        capacitor=Capacitor(capacitance=capacitance),
        v_on=v_on,
        v_off=v_off,
    )
    return supply, PowerTrace("bench", TheveninSource(np.array([vsup]), ohm), step_s=60.0)


# --- limit (a): power never fails


def powered_without_end(strong_source: bool) -> tuple[Supply, PowerTrace]:
    """A capacitor or a source that outlasts every golden layer (85 J at most)."""
    supply = Supply(
        name="endless",
        source="test",
        front_end=FrontEnd.BOOST,
        capacitor=Capacitor(capacitance=1e-3 if strong_source else 20.0),
        v_on=4.0,
        v_off=2.0,
        v_max=4.5,
    )
    power = 1.0 if strong_source else 1e-6
    return supply, PowerTrace("endless", PowerSource(np.array([power])), step_s=60.0)


def without_boots(schedule: Schedule) -> Schedule:
    return replace(schedule, boot=ZERO, index_read=ZERO, index_write=ZERO)


def run_continuously(row: GoldenRow, policy: RecoveryPolicy, strong_source: bool = False) -> Run:
    schedule = build_schedule(Layers((row.layer,)), [row.single], PLATFORMS[row.model])
    supply, trace = powered_without_end(strong_source)
    case = Case(
        supply=supply,
        source=compile_source(trace, supply),
        schedule=without_boots(schedule),
        policy=policy,
        workload=Workload(inferences=1),
        initial_voltage=supply.v_on,
    )
    run = simulated(case)
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


# --- limit (b): one batch per power cycle


def run_with_a_shutdown_after_every_batch(
    schedule: Schedule, supply: Supply, trace: PowerTrace, recharge_at_end: bool = True
) -> Run:
    case = Case(
        supply=supply,
        source=compile_source(trace, supply),
        schedule=schedule,
        policy=TileShutdown(),
        workload=Workload(inferences=1),
        initial_voltage=supply.v_on,
        harvest_while_on=False,
        recharge_at_end=recharge_at_end,
    )
    return simulated(case)


def recharge_s(row: GoldenRow, v_end_squared: float) -> float:
    """Lrc of specification 8, from the square of the voltage at the end of a power cycle."""
    capacitance, ohm, vsup = row.number("ccap"), row.number("rehm"), row.number("vsup")
    return -ohm * capacitance * math.log((row.number("von") - vsup) / (math.sqrt(v_end_squared) - vsup))


def margin_inside(row: GoldenRow) -> float:
    """What `inas2021` takes off Vend^2 before each recharge: 2*(1 - g)*E_sw/Ccap (quirk Q12)."""
    if row.model != "inas2021":
        return 0.0
    return (1.0 - row.number("margin")) * (row.number("von") ** 2 - row.number("voff") ** 2)


def fits_the_swing(row: GoldenRow, groups: list[CycleGroup]) -> bool:
    """The deviations may lift a batch above the energy between the thresholds, or the published budget."""
    swing_j = 0.5 * row.number("ccap") * (row.number("von") ** 2 - row.number("voff") ** 2)
    budget_j = row.number("margin") * swing_j if row.model == "inas2021" else swing_j
    return max(group.energy_j for group in groups if group.count) < budget_j * (1 - 1e-9)


def published_recharge_s(row: GoldenRow, cycles: tuple[PowerCycle, ...]) -> float:
    """Recharges as the published variant counts them, from the voltages at which the engine's cycles ended."""
    return math.fsum(recharge_s(row, cycle.v_end**2 - margin_inside(row)) for cycle in cycles)


def expected_recharge_s(row: GoldenRow, groups: list[CycleGroup]) -> float:
    """The same from the energies of the cycles."""
    von, capacitance = row.number("von"), row.number("ccap")
    return sum(
        count * recharge_s(row, von**2 - 2.0 * energy_j / capacitance - margin_inside(row))
        for count, energy_j in groups
        if count
    )


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


# --- whole published networks


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
        supply, trace = powered_without_end(strong_source=False)
        case = Case(
            supply=supply,
            source=compile_source(trace, supply),
            schedule=without_boots(schedule),
            policy=Tile(),
            workload=Workload(inferences=1),
            initial_voltage=supply.v_on,
        )
        run = simulated(case)
        more_j, more_s = (sum(sum(continuous_deviation(row, costs)) for row in layers) for costs in COSTS["tinas2024"])
        energy_j = sum(row.number("cont_E") for row in layers)
        assert run.energy.device == pytest.approx(energy_j + more_j, rel=TOLERANCE), file.name
        assert run.duration_s == pytest.approx(golden["cont_latency_s"] + more_s, rel=TOLERANCE), file.name
