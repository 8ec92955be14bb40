"""PowerTrace and its sources: maximum power, crop, scale, end behaviour, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simint.errors import InputError
from simint.trace.power_trace import (
    CurveSource,
    PowerSource,
    PowerTrace,
    TheveninSource,
    TraceEnd,
    content_hash,
    max_power_w,
)
from simint.trace.source import scale_source

POWERS = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30)
SECONDS = st.floats(1e-3, 10.0)


def energy_j(trace: PowerTrace) -> float:
    return float(np.dot(max_power_w(trace.source), np.diff(trace.edge_times())))


@given(POWERS, SECONDS, st.floats(0.01, 0.99))
@settings(deadline=None)
def test_cutting_a_trace_in_two_loses_no_energy_and_no_time(powers: list[float], step: float, share: float) -> None:
    trace = PowerTrace("t", PowerSource(np.array(powers)), step_s=step)
    cut = share * trace.duration_s
    left, right = trace.crop(0.0, cut), trace.crop(cut)
    assert left.duration_s + right.duration_s == pytest.approx(trace.duration_s, rel=1e-12)
    assert energy_j(left) + energy_j(right) == pytest.approx(energy_j(trace), rel=1e-9, abs=1e-15)


@given(st.lists(SECONDS, min_size=1, max_size=20), st.floats(0.01, 0.99))
@settings(deadline=None)
def test_cutting_a_trace_with_edges_loses_no_energy(widths: list[float], share: float) -> None:
    edges = np.concatenate(([0.0], np.cumsum(widths)))
    trace = PowerTrace("t", PowerSource(np.arange(1.0, len(widths) + 1)), edges_s=edges)
    cut = share * trace.duration_s
    assert energy_j(trace.crop(0.0, cut)) + energy_j(trace.crop(cut)) == pytest.approx(energy_j(trace), rel=1e-9)


def test_a_crop_on_the_sampling_grid_stays_uniform_and_shares_memory() -> None:
    power = np.arange(1000.0)
    trace = PowerTrace("t", PowerSource(power), step_s=1e-5)
    part = trace.crop(1e-3, 3e-3)
    assert part.step_s == 1e-5
    assert part.edges_s is None
    assert part.segments == 200
    assert isinstance(part.source, PowerSource)
    assert np.shares_memory(part.source.power_w, power)


@given(st.floats(0.01, 20.0), st.floats(1.0, 1e5))
def test_maximum_power_of_a_thevenin_source_is_what_a_matched_load_takes(volts: float, ohm: float) -> None:
    loads = ohm * np.geomspace(0.01, 100, 2001)
    into_load = (volts / (ohm + loads)) ** 2 * loads
    assert max_power_w(TheveninSource(np.array([volts]), ohm))[0] == pytest.approx(into_load.max(), rel=1e-6)


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=8), st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8))
@settings(deadline=None)
def test_maximum_power_of_a_curve_agrees_with_a_fine_search(rises: list[float], falls: list[float]) -> None:
    voltage = np.concatenate(([0.0], np.cumsum(rises)))
    current = np.cumsum([*falls[: len(rises)], 0.0])[::-1] * np.r_[np.ones(len(rises)), 0.0]
    grid = np.linspace(0.0, voltage[-1], 20001)
    fine = (grid * np.interp(grid, voltage, current)).max()
    best = max_power_w(CurveSource(voltage, current[None, :]))[0]
    assert best >= fine * (1 - 1e-12)
    assert best == pytest.approx(fine, rel=1e-3, abs=1e-12)


@given(st.floats(0.0, 100.0))
def test_scaling_multiplies_the_maximum_power_of_every_kind(factor: float) -> None:
    sources = (
        PowerSource(np.array([0.0, 2.0])),
        TheveninSource(np.array([0.0, 2.0]), 50.0),
        CurveSource(np.array([0.0, 1.0, 2.0]), np.array([[1.0, 0.9, 0.0], [0.5, 0.5, 0.0]])),
    )
    for source in sources:
        np.testing.assert_allclose(max_power_w(scale_source(source, factor)), factor * max_power_w(source), rtol=1e-12)


def test_the_hash_depends_on_values_and_timing_only() -> None:
    trace = PowerTrace("a", PowerSource(np.array([1.0, 2.0])), step_s=1.0, provenance="x")
    renamed = PowerTrace("b", PowerSource(np.array([1.0, 2.0])), step_s=1.0, end=TraceEnd.STOP)
    assert content_hash(trace) == content_hash(renamed)
    others = [
        PowerTrace("a", PowerSource(np.array([1.0, 3.0])), step_s=1.0),
        PowerTrace("a", PowerSource(np.array([1.0, 2.0])), step_s=2.0),
        PowerTrace("a", PowerSource(np.array([1.0, 2.0])), edges_s=np.array([0.0, 1.0, 2.0])),
        PowerTrace("a", TheveninSource(np.array([1.0, 2.0]), 1.0), step_s=1.0),
    ]
    assert len({content_hash(other) for other in [trace, *others]}) == 5


def test_values_cannot_be_changed_from_outside() -> None:
    trace = PowerTrace("t", PowerSource(np.ones(3)), edges_s=np.arange(4.0))
    assert isinstance(trace.source, PowerSource)
    for array in (trace.source.power_w, trace.edges_s):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5.0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: PowerSource(np.array([])), "empty"),
        (lambda: PowerSource(np.array([1.0, np.nan])), r"power_w\[1\] is nan"),
        (lambda: PowerSource(np.array([1.0, 2.0, -1e-9])), r"power_w\[2\] is -1e-09"),
        (lambda: PowerSource(np.array([np.inf])), r"power_w\[0\] is inf"),
        (lambda: PowerSource(np.array(["x"])), "numbers"),
        (lambda: PowerSource(np.ones((2, 2))), "dimension"),
        (lambda: PowerSource(np.ones(2), np.ones(3)), "3 values for 2 segments"),
        (lambda: TheveninSource(np.ones(2), 0.0), "positive"),
        (lambda: TheveninSource(np.ones(2), np.array([1.0, 0.0])), r"resistance_ohm\[1\]"),
        (lambda: CurveSource(np.array([0.0, 1.0]), np.array([[1.0, 0.5]])), "end at 0 A"),
        (lambda: CurveSource(np.array([0.1, 1.0]), np.array([[1.0, 0.0]])), "start at 0 V"),
        (lambda: CurveSource(np.array([0.0, 1.0, 1.0]), np.array([[1.0, 0.5, 0.0]])), "rise strictly"),
        (lambda: CurveSource(np.array([0.0, 1.0, 2.0]), np.array([[0.5, 1.0, 0.0]])), "must not rise"),
        (lambda: PowerTrace("t", PowerSource(np.ones(2))), "either"),
        (lambda: PowerTrace("t", PowerSource(np.ones(2)), 1.0, np.arange(3.0)), "not both"),
        (lambda: PowerTrace("t", PowerSource(np.ones(2)), step_s=0.0), "positive"),
        (lambda: PowerTrace("t", PowerSource(np.ones(2)), edges_s=np.array([0.0, 2.0, 1.0])), r"edges_s\[2\]"),
        (lambda: PowerTrace("t", PowerSource(np.ones(2)), edges_s=np.array([1.0, 2.0, 3.0])), "starts at 0"),
        (lambda: PowerTrace("t", PowerSource(np.ones(2)), edges_s=np.array([0.0, 1.0])), "2 segments need"),
        (lambda: PowerTrace("t", PowerSource(np.ones(2)), step_s=1.0).crop(1.0, 1.0), "cannot crop"),
        (lambda: PowerTrace("t", PowerSource(np.ones(2)), step_s=1.0).crop(0.0, 2.1), "cannot crop"),
        (lambda: PowerTrace("t", PowerSource(np.ones(2)), step_s=1.0).scaled(-1.0), "scale factor"),
    ],
)
def test_nonsense_is_refused_by_name(build, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build()
