"""Runs depend on the energy a trace brings, not on how finely it is sampled; and they are reproducible to the bit."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from engine_cases import batch, case, layer, schedule, simulated
from source_kinds import INFERENCES, KIND_NAMES, SEGMENT_S, V_START, source, supply, work

from simint.engine.policy import RecoveryPolicy, Restart, Tile, TileShutdown
from simint.engine.run import CycleEnd, Run, Verdict
from simint.engine.workload import Workload
from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Boost
from simint.hardware.supply import Supply
from simint.tiling.schedule import Cost
from simint.trace.power_trace import CurveSource, PowerSource, PowerTrace, Source, TheveninSource, TraceEnd

PARTS = 100


def counts(run: Run) -> list[object]:
    """Everything about the work done that is a whole number."""
    cycles = [(cycle.tiles_committed, cycle.tiles_lost, cycle.ended_by) for cycle in run.power_cycles]
    return [run.verdict, run.layers, cycles, [done.power_cycles for done in run.finished]]


def times(run: Run) -> np.ndarray:
    """Every turn-on, end of a power cycle and completion, and the terms of the books of time."""
    cycles = [time for cycle in run.power_cycles for time in (cycle.on_s, cycle.off_s)]
    return np.array([*cycles, *(done.end_s for done in run.finished), *dataclasses.astuple(run.time)])


def energies(run: Run) -> np.ndarray:
    return np.array(dataclasses.astuple(run.energy))


# --- Parts of equal value ---


def split_equally(given: Source) -> Source:
    if isinstance(given, PowerSource):
        return PowerSource(np.repeat(given.power_w, PARTS))
    if isinstance(given, TheveninSource):
        return TheveninSource(np.repeat(given.voltage_v, PARTS), given.resistance_ohm)
    return CurveSource(given.voltage_v, np.repeat(given.current_a, PARTS, axis=0))


@pytest.mark.parametrize("policy", [Tile(), Tile(guards=True), TileShutdown(), Restart()], ids=lambda p: p.name)
@pytest.mark.parametrize("kind", range(3), ids=KIND_NAMES)
def test_segments_in_equal_parts_change_nothing(kind: int, policy: RecoveryPolicy) -> None:
    """With every kind of source, loss, clamp and policy; what is left is rounding, and the bound of a crossing."""

    def run_on(trace: PowerTrace) -> Run:
        workload = Workload(inferences=INFERENCES)
        return simulated(case(trace, work(), supply(kind), policy, workload, initial_voltage=V_START))

    whole = run_on(PowerTrace("whole", source(kind), SEGMENT_S))
    split = run_on(PowerTrace("split", split_equally(source(kind)), SEGMENT_S / PARTS))
    assert whole.verdict is Verdict.COMPLETED
    assert counts(split) == counts(whole)
    assert times(split) == pytest.approx(times(whole), rel=1e-9)
    assert energies(split) == pytest.approx(energies(whole), abs=1e-9 * whole.energy.turnover_j)


# --- Parts that fluctuate, each segment keeping its energy ---

STEP_S, SEGMENTS = 0.02, 2000
EFFICIENCY, LOWEST_W, HIGHEST_W = 0.8, 0.5e-3, 2e-3
# The least the device draws while it is on: the boot, 80 uJ in 20 ms. More than twice the best harvest.
LEAST_LOAD_W = 4e-3


def boost_without_quiescent(leakage_ohm: float) -> Supply:
    return Supply(
        name="s",
        source="test",
        converter=Boost(efficiency=EFFICIENCY),
        capacitor=Capacitor(capacitance=1e-3, leakage=leakage_ohm),
        v_on=3.0,
        v_off=2.0,
        v_max=4.0,
    )


def run_on_power(power_w: np.ndarray, step_s: float, leakage_ohm: float) -> Run:
    trace = PowerTrace("power", PowerSource(power_w), step_s, end=TraceEnd.STOP)
    plan = schedule(layer("L0", (batch(150e-6, 5e-3, tiles=3, reload=Cost(30e-6, 5e-3)), 8)))
    chosen = boost_without_quiescent(leakage_ohm)
    return simulated(case(trace, plan, chosen, workload=Workload(inferences=5), initial_voltage=1.0))


def quiet_segments(run: Run) -> np.ndarray:
    """Segments in which no threshold can fall however their energy is spread.

    Off, the voltage only rises, so it meets `v_on` in no segment that does not end above it. On, a segment takes more
    from the store than its harvest is worth, so a dip below `v_off` is possible in the segment of the brown-out and the
    one before at most. One more on each side leaves room for the shift of events by leakage.
    """
    quiet = np.ones(SEGMENTS, dtype=bool)
    events = [time for cycle in run.power_cycles for time in (cycle.on_s, cycle.off_s)]
    for time in events:
        segment = int(time / STEP_S)
        quiet[max(segment - 2, 0) : segment + 2] = False
    return quiet


def fluctuating(power_w: np.ndarray, where: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every segment in parts; bursts and gaps in those of `where`, with the same mean."""
    weights = rng.exponential(1.0, (SEGMENTS, PARTS)) * (rng.random((SEGMENTS, PARTS)) < 0.3)
    weights[:, 0] += 1e-3
    weights[~where] = 1.0
    return (power_w[:, None] * weights / weights.mean(axis=1, keepdims=True)).ravel()


def random_power(seed: int) -> tuple[np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return rng.uniform(LOWEST_W, HIGHEST_W, SEGMENTS), rng


def assert_eventful(run: Run) -> None:
    assert run.verdict is Verdict.COMPLETED
    assert run.duration_s < STEP_S * SEGMENTS
    assert sum(cycle.ended_by is CycleEnd.BROWN_OUT for cycle in run.power_cycles) >= 4
    assert sum(cycle.tiles_lost for cycle in run.power_cycles) > 0


@pytest.mark.parametrize("seed", range(5))
def test_without_leakage_only_the_energy_of_quiet_segments_counts(seed: int) -> None:
    """With no loss that depends on the voltage, the energy at the end of a segment is the same however it came."""
    power_w, rng = random_power(seed)
    coarse = run_on_power(power_w, STEP_S, np.inf)
    quiet = quiet_segments(coarse)
    fine = run_on_power(fluctuating(power_w, quiet, rng), STEP_S / PARTS, np.inf)
    assert_eventful(coarse)
    assert quiet[: int(coarse.duration_s / STEP_S)].mean() > 0.8
    assert counts(fine) == counts(coarse)
    assert times(fine) == pytest.approx(times(coarse), rel=1e-11)
    assert energies(fine) == pytest.approx(energies(coarse), abs=1e-11 * coarse.energy.turnover_j)
    assert fine.final_voltage == pytest.approx(coarse.final_voltage, rel=1e-11)


@pytest.mark.parametrize("seed", range(5))
def test_with_leakage_the_difference_is_what_the_shifted_energy_can_leak(seed: int) -> None:
    """Inside a segment the energy differs by at most what the segment brings, and leaks with 2/(R C) of that."""
    power_w, rng = random_power(seed)
    leakage_ohm = 1e6
    coarse = run_on_power(power_w, STEP_S, leakage_ohm)
    fine = run_on_power(fluctuating(power_w, quiet_segments(coarse), rng), STEP_S / PARTS, leakage_ohm)
    assert_eventful(coarse)
    assert counts(fine) == counts(coarse)
    leak_shift_j = 2.0 / (leakage_ohm * 1e-3) * STEP_S * EFFICIENCY * coarse.energy.harvested
    # Thresholds are met where the energy is right again: later by the shift over the least net power, off or on.
    least_net_w = min(EFFICIENCY * LOWEST_W - 3.0**2 / leakage_ohm, LEAST_LOAD_W - EFFICIENCY * HIGHEST_W)
    latest_s = leak_shift_j / least_net_w
    assert latest_s < STEP_S
    on, off = ([getattr(cycle, at) for cycle in coarse.power_cycles] for at in ("on_s", "off_s"))
    assert [cycle.on_s for cycle in fine.power_cycles] == pytest.approx(on, abs=latest_s)
    assert [cycle.off_s for cycle in fine.power_cycles] == pytest.approx(off, abs=2.0 * latest_s)
    # Besides, leakage goes on for as long as an event is late.
    assert abs(fine.energy.leaked - coarse.energy.leaked) <= leak_shift_j + 3.0**2 / leakage_ohm * latest_s
    assert fine.energy.leaked != coarse.energy.leaked


def test_a_threshold_inside_a_fluctuating_segment_moves() -> None:
    """The reason for leaving out the segments of events: there the order of the energy counts."""
    power_w, rng = random_power(0)
    coarse = run_on_power(power_w, STEP_S, np.inf)
    everywhere = np.ones(SEGMENTS, dtype=bool)
    fine = run_on_power(fluctuating(power_w, everywhere, rng), STEP_S / PARTS, np.inf)
    shift_s = abs(fine.power_cycles[0].on_s - coarse.power_cycles[0].on_s)
    assert 1e-9 < shift_s < STEP_S


# --- Twice the same ---


@pytest.mark.parametrize("kind", range(3), ids=KIND_NAMES)
def test_two_runs_of_one_case_are_identical_to_the_bit(kind: int) -> None:
    trace = PowerTrace("random", source(kind), SEGMENT_S)

    def run() -> Run:
        workload = Workload(period=0.9, deadline=1.5)
        return simulated(case(trace, work(), supply(kind), workload=workload, initial_voltage=V_START, duration_s=40.0))

    # repr spells every float exactly, and NaN as equal to itself.
    assert repr(run()) == repr(run())
    assert run().power_cycles
