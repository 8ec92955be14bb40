"""Pareto fronts against their definition, tried on every pair of points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_frames import grid_study, metrics

from simint.whatif.report.designs import worst_of
from simint.whatif.report.fronts import fronts_of
from simint.whatif.report.pareto import costs_of, front_rows

# Few distinct values, so that ties and equal points are frequent.
COST = st.one_of(st.integers(0, 5).map(float), st.just(float("nan")))


def beats(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a <= b).all() and (a < b).any())


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(COST, min_size=width, max_size=width), max_size=40)))
def test_a_front_is_complete_and_nothing_in_it_is_beaten(rows: list[list[float]]) -> None:
    table = np.array(rows, dtype=float).reshape(len(rows), -1 if rows else 1)
    valid = [k for k in range(len(table)) if not np.isnan(table[k]).any()]
    expected = {k for k in valid if not any(beats(table[other], table[k]) for other in valid)}
    front = front_rows(table)
    assert set(front.tolist()) == expected
    assert len(front) == len(expected)
    assert (np.diff(table[front, 0]) >= 0).all()


def test_directions_turn_with_the_metric() -> None:
    study = grid_study(lambda capacitor: metrics(10.0 / (1 + capacitor)), capacitor=(1e-3, 2e-3, 3e-3))
    size, latency, rate = (study.column(name) for name in ("capacitor", "latency_p95", "throughput"))
    # Larger is faster here: each size buys something, in both metrics.
    assert len(front_rows(costs_of(study.frame, (size, latency)))) == 3
    assert len(front_rows(costs_of(study.frame, (size, rate)))) == 3
    # Rounding is no progress.
    flat = grid_study(lambda capacitor: metrics(10.0 * (1 - 1e-13 * capacitor)), capacitor=(1.0, 2.0, 3.0))
    assert front_rows(costs_of(flat.frame, (size, latency))).tolist() == [0]


def test_the_front_of_all_traces_holds_the_worst_of_them() -> None:
    latency = {("a", 1e-3): 30.0, ("a", 2e-3): 10.0, ("b", 1e-3): 20.0, ("b", 2e-3): None}
    study = grid_study(
        lambda capacitor, trace: metrics(latency[trace, capacitor]), capacitor=(1e-3, 2e-3), trace=("a", "b")
    )
    size, metric = study.column("capacitor"), study.column("latency_p95")
    worst = worst_of(study, (size, metric)).set_index("capacitor")[metric.name]
    assert worst[1e-3] == 30.0
    assert np.isnan(worst[2e-3]), "a design that finishes nothing on one trace has no worst latency"
    every, first, second = fronts_of(study, size, metric)
    assert [len(front.rows) for front in (every, first, second)] == [1, 2, 1]


@pytest.mark.parametrize("known", [1, 2])
def test_a_design_without_all_of_its_traces_is_left_out(known: int) -> None:
    traces = ("a", "b")
    study = grid_study(
        lambda capacitor, trace: metrics(5.0) if trace in traces[:known] else None, capacitor=(1e-3,), trace=traces
    )
    assert len(worst_of(study, (study.column("latency_p95"),))) == (known == 2)
