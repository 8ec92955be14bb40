"""Finely sampled traces behind a converter, crossed many segments at a time, with tables over the voltage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stepping_cases import Drive, Journey, in_one_call, segment_by_segment
from supply_cases import BOOST_TABLE, OUTPUT_V, V_OFF, V_ON, log_uniform, random_buck_table

from simint.hardware.capacitor import Capacitor, Derating, LeakageTable
from simint.hardware.converter import Boost, ColdStart
from simint.hardware.regulator import Buck, Ldo
from simint.hardware.supply import Supply
from simint.physics.crossing import walk_blocks
from simint.physics.front_end import compile_source
from simint.physics.source import CompiledSource
from simint.physics.state import AVAILABLE, FRONTEND_LOSS, HARVESTED, TIME, start_state
from simint.physics.wiring import Node, build_node, load_of, stored_at
from simint.trace.power_trace import PowerSource, PowerTrace, TraceEnd

EXAMPLES = settings(max_examples=120, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32)
# What a crossing may neglect because V is not linear in the energy: `crossing` states the bound.
SPREAD = 1e-8


def fine_trace(rng: np.random.Generator) -> PowerTrace:
    """Noise with dark times, at two voltages of the source; uniform or with edges."""
    count, step = int(rng.integers(20, 4000)), log_uniform(rng, 1e-5, 1e-2)
    power = rng.exponential(log_uniform(rng, 1e-4, 2e-2), count) * (rng.random(count) < rng.choice([0.4, 1.0]))
    power[count // 3 : count // 2] = power[count // 3]
    edges = np.append(0.0, np.cumsum(step * rng.uniform(0.1, 2.0, count))) if rng.random() < 0.4 else None
    source = PowerSource(power, rng.choice([0.7, 2.5], count))
    return PowerTrace("t", source, None if edges is not None else step, edges, list(TraceEnd)[rng.integers(3)])


def binned_supply(rng: np.random.Generator) -> Supply:
    """Derating, a leakage table, a regulator and cold start, each or none of them."""
    cold = ColdStart(below=1.8, efficiency=float(rng.uniform(0, 1))) if rng.random() < 0.5 else None
    boost = Boost(table=BOOST_TABLE, cold_start=cold) if rng.random() < 0.7 else Boost(efficiency=0.7, cold_start=cold)
    leak, pick = log_uniform(rng, 1e-7, 1e-3), rng.random()
    regulator = Buck(output_voltage=OUTPUT_V, table=random_buck_table(rng)) if pick < 0.5 else None
    return Supply(
        name="s",
        source="test",
        converter=boost,
        capacitor=Capacitor(
            capacitance=log_uniform(rng, 2e-5, 2e-2),
            leakage_table=LeakageTable(voltage=(0.0, 1.0, 2.5, 4.0), current=(0.0, leak, 3 * leak, 10 * leak)),
            derating=Derating(voltage=(0.0, 1.1, 2.3, 3.1), share=(1.0, 0.8, 0.5, 0.3)) if rng.random() < 0.5 else None,
        ),
        v_on=V_ON,
        v_off=V_OFF,
        v_max=float(rng.choice([2.7, 3.6, math.inf])),
        regulator=Ldo(output_voltage=OUTPUT_V) if pick > 0.7 else regulator,
        quiescent=float(rng.choice([0.0, 1e-6, 1e-4])),
    )


def both_ways(seed: int) -> tuple[Node, CompiledSource, float, Drive, Journey, Journey]:
    rng = np.random.default_rng(seed)
    supply, trace = binned_supply(rng), fine_trace(rng)
    node, source = build_node(supply), compile_source(trace, supply)
    load_w = log_uniform(rng, 1e-4, 2e-2) if rng.random() < 0.6 else 0.0
    seconds, v0 = trace.duration_s * float(rng.uniform(0.1, 2.5)), float(rng.uniform(1.2, 2.6))
    drive = Drive(load_w, seconds, V_OFF) if load_w else Drive(0.0, seconds, high_v=float(rng.choice([3.0, math.inf])))
    one, other = (run(node, source, v0, drive) for run in (in_one_call, segment_by_segment))
    return node, source, v0, drive, one, other


@EXAMPLES
@given(SEEDS)
def test_crossing_blocks_between_the_edges_of_tables_equals_walking_each_segment(seed: int) -> None:
    node, _, v0, drive, one, other = both_ways(seed)
    moved = float(other.state.supply_j.sum() + drive.load_w * other.time_s)
    assert one.code == other.code
    stored = [stored_at(node, journey.voltage) for journey in (one, other)]
    assert stored[0] == pytest.approx(stored[1], abs=SPREAD * moved)
    if one.code == TIME:
        assert one.state.supply_j == pytest.approx(other.state.supply_j, abs=SPREAD * moved)
    else:
        assert one.time_s == pytest.approx(other.time_s, rel=1e-6)
    used = float(one.state.supply_j[AVAILABLE + 1 :].sum() + drive.load_w * one.time_s)
    unexplained = one.book(HARVESTED) - used - (stored[0] - stored_at(node, v0))
    assert abs(unexplained) <= 1e-11 * moved + 1e-13 * stored[0]


def test_blocks_are_crossed_at_all() -> None:
    """Otherwise the comparison above would compare a thing with itself."""
    rng = np.random.default_rng(1)
    supply = Supply(
        name="s",
        source="test",
        converter=Boost(),
        capacitor=Capacitor(capacitance=1.0, derating=Derating(voltage=(0.0, 1.5, 2.5), share=(1.0, 0.8, 0.6))),
        v_on=V_ON,
        v_off=V_OFF,
    )
    source = compile_source(PowerTrace("t", PowerSource(rng.exponential(1e-3, 4096)), step_s=2.0**-10), supply)
    state = start_state(source, 2.0, 0.0)
    load = load_of(build_node(supply), 1e-3, True)
    walked = walk_blocks(build_node(supply), source, state, load, 4000 * 2.0**-10, V_OFF, math.inf)
    assert walked == 4000 * 2.0**-10
    assert state.at[0] == 4000


@EXAMPLES
@given(SEEDS)
def test_energy_taken_offered_and_lost_at_the_converter_are_sums_over_the_trace(seed: int) -> None:
    """Above cold start, whatever the capacitor does meanwhile: exactly what the table makes of every segment."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(20, 3000))
    power, volts = rng.exponential(3e-3, count), rng.choice([0.7, 1.2, 2.5], count)
    made = binned_supply(rng)
    supply = Supply(
        name="s", source="test", converter=Boost(table=BOOST_TABLE), capacitor=made.capacitor, v_on=V_ON, v_off=V_OFF
    )
    trace = PowerTrace("t", PowerSource(power, volts), step_s=2.0**-12)
    passes = int(rng.integers(1, 3))
    drive = Drive(0.0, passes * trace.duration_s)
    journey = in_one_call(build_node(supply), compile_source(trace, supply), 2.0, drive)
    table = np.array(BOOST_TABLE.efficiency)
    rows, columns = (np.array(edges)[None, :] for edges in (BOOST_TABLE.voltage, BOOST_TABLE.current))
    row = np.maximum((volts[:, None] >= rows).sum(axis=1) - 1, 0)
    column = np.maximum(((power / volts)[:, None] >= columns).sum(axis=1) - 1, 0)
    given_j = passes * math.fsum(table[row, column] * power * trace.step_s)
    taken_j = passes * math.fsum(power * trace.step_s)
    assert journey.book(HARVESTED) == pytest.approx(taken_j, rel=1e-12)
    assert journey.book(AVAILABLE) == pytest.approx(taken_j, rel=1e-12)
    assert journey.book(FRONTEND_LOSS) == pytest.approx(taken_j - given_j, rel=1e-11)
