"""What is remembered of a run: the thinned voltage curve, and what a picture reads from it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_cases import R_SOURCE, V_SOURCE, bench, bursts, run_case, supply

from simint.engine.run import Run
from simint.engine.storage import Storage
from simint.engine.workload import Workload
from simint.physics.state import NodeState
from simint.report.recorder import OPENING_CYCLES, Curve, VoltageRecorder
from simint.report.stretches import mean_power, powered_share, progress_at, voltage_band
from simint.report.thinning import Point, ThinCurve


class Log:
    """Every event of a run: time, voltage and state."""

    def __init__(self) -> None:
        self.events: list[tuple[float, float, str]] = []

    def passed(self, storage: Storage, state: str, since: NodeState | None, load_w: float) -> None:
        self.events.append((storage.now_s, storage.voltage, state))


@given(
    steps=st.lists(st.floats(1e-6, 10.0), min_size=1, max_size=300),
    seed=st.integers(0, 1000),
    capacity=st.integers(4, 40),
)
def test_thinned_curve_keeps_every_extreme_in_bounded_memory(steps: list[float], seed: int, capacity: int) -> None:
    times = np.cumsum(steps)
    volts = np.random.default_rng(seed).uniform(0.0, 5.0, times.size)
    curve = ThinCurve(capacity)
    for time_s, voltage in zip(times, volts, strict=True):
        curve.add(Point(float(time_s), float(voltage), 0.0, 0.0, 0.0))
    kept = curve.points()
    kept_times, kept_volts = np.array([p.time_s for p in kept]), np.array([p.voltage for p in kept])
    assert len(kept) <= 4 * capacity
    assert np.all(np.diff(kept_times) >= 0)
    assert (kept_times[0], kept_times[-1]) == (times[0], times[-1])
    buckets, kept_buckets = (times // curve.width_s).astype(int), (kept_times // curve.width_s).astype(int)
    for bucket in np.unique(buckets):
        here, left = volts[buckets == bucket], kept_volts[kept_buckets == bucket]
        assert (left.min(), left.max()) == (here.min(), here.max())


def test_recorded_points_lie_on_the_voltages_of_the_engine() -> None:
    recorder, log = VoltageRecorder(), Log()
    run = run_case(bench(), supply("thevenin"), workload=Workload(inferences=2), observers=[recorder, log])
    curve = recorder.whole()
    at_events = {time_s: voltage for time_s, voltage, _ in log.events}
    on_event = [k for k, time_s in enumerate(curve.time_s) if time_s in at_events]
    assert [curve.voltage[k] for k in on_event] == [at_events[curve.time_s[k]] for k in on_event]
    assert len(on_event) > len(at_events) / 2
    # Between events the capacitor charges as an RC circuit does: an independent closed form for the retraced points.
    tau, charging = R_SOURCE * 5e-3, 0
    starts = [0.0, *(cycle.off_s for cycle in run.power_cycles)]
    for start_s, stop_s in zip(starts, (cycle.on_s for cycle in run.power_cycles), strict=False):
        inside = (curve.time_s > start_s) & (curve.time_s < stop_s)
        expected = V_SOURCE + (3.290 - V_SOURCE) * np.exp(-(curve.time_s[inside] - start_s) / tau)
        np.testing.assert_allclose(curve.voltage[inside], expected, rtol=1e-9)
        charging += int(inside.sum())
    assert charging > 50


def test_turn_on_and_turn_off_are_kept_in_a_short_run() -> None:
    recorder = VoltageRecorder()
    node = supply("thevenin")
    run = run_case(bench(), node, workload=Workload(inferences=3), observers=[recorder])
    curve = recorder.whole()
    for cycle in run.power_cycles:
        assert curve.voltage[curve.time_s == cycle.on_s].max() == pytest.approx(node.v_on, rel=1e-12)
        assert curve.voltage[curve.time_s == cycle.off_s].min() == pytest.approx(cycle.v_end, rel=1e-12)


@pytest.fixture(scope="module")
def long_run() -> tuple[VoltageRecorder, Run]:
    recorder = VoltageRecorder()
    run = run_case(bench(), supply("thevenin", 400e-6), duration_s=3600.0, observers=[recorder])
    return recorder, run


def test_memory_stays_bounded_and_the_opening_detailed_in_a_long_run(long_run: tuple[VoltageRecorder, Run]) -> None:
    recorder, run = long_run
    whole, opening = recorder.whole(), recorder.opening()
    assert len(run.power_cycles) > 1000
    assert 5_000 < whole.time_s.size + opening.time_s.size <= 17_000
    assert opening.time_s[-1] == pytest.approx(run.power_cycles[OPENING_CYCLES].on_s, rel=1e-12)
    assert opening.time_s.size > 20 * OPENING_CYCLES
    assert whole.time_s[-1] == run.duration_s
    assert np.all(np.diff(whole.time_s) >= 0)


def test_pictured_quantities_add_up_to_the_books(long_run: tuple[VoltageRecorder, Run]) -> None:
    recorder, run = long_run
    curve, edges = recorder.whole(), np.linspace(0.0, run.duration_s, 301)
    width_s = run.duration_s / 300
    assert mean_power(curve, edges).sum() * width_s == pytest.approx(run.energy.harvested, rel=1e-9)
    share = powered_share(run.power_cycles, edges)
    assert share.sum() * width_s == pytest.approx(run.time.on, rel=1e-9)
    assert np.all((share >= -1e-12) & (share <= 1 + 1e-12))
    band = voltage_band(curve, edges)
    assert np.all((band.lowest - 1e-9 <= band.mean) & (band.mean <= band.highest + 1e-9))
    assert band.lowest.min() == pytest.approx(3.290)
    done = progress_at(curve, run)
    assert np.all(np.diff(done) >= 0)
    assert done[-1] == pytest.approx(run.progress, abs=1.5 / 80)


def test_band_of_a_known_curve() -> None:
    """A triangle 0-2-0 V over two seconds: each half covers 0 to 2 V with mean 1 V."""
    time_s = np.array([0.0, 1.0, 2.0])
    curve = Curve(time_s, np.array([0.0, 2.0, 0.0]), np.array([0.0, 1.0, 2.0]), np.zeros(3), np.zeros(3))
    band = voltage_band(curve, time_s)
    assert list(band.lowest) == [0.0, 0.0]
    assert list(band.highest) == [2.0, 2.0]
    assert list(band.mean) == [1.0, 1.0]


def test_recorder_does_not_change_the_run() -> None:
    trace, node = bursts(), supply("boost")
    assert run_case(trace, node, duration_s=60.0) == run_case(
        trace, node, duration_s=60.0, observers=[VoltageRecorder()]
    )


def test_no_power_cycle_means_never_powered() -> None:
    assert math.fsum(powered_share((), np.linspace(0.0, 1.0, 5))) == 0.0
