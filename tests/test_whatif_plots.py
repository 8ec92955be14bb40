"""Plots of studies hold what they must show: every value, every failure, the best point, labels that do not collide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_frames import grid_study, impossible, metrics

from simint.whatif.report.axis import axis_of, log_ticks
from simint.whatif.report.columns import metric_column, parameter_column, plain_number, value_text
from simint.whatif.report.curves import draw_curves
from simint.whatif.report.heatmap import draw_heatmap
from simint.whatif.report.labels import spread
from simint.whatif.report.series import layout_of, panels_of, short_name
from simint.whatif.report.study import Outcome

SIZES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12), st.floats(0.001, 0.2))
def test_labels_keep_their_distance_and_their_order_and_move_no_more_than_they_must(
    wanted: list[float], least: float
) -> None:
    places = spread(np.array(wanted), least)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(places[order]) >= least * (1 - 1e-9)).all()
    # Together they stay where they want to be; those with room enough do not move at all.
    assert np.mean(places) == pytest.approx(np.mean(wanted), abs=1e-9)
    gaps = np.diff(np.array(wanted)[order])
    if (gaps >= least).all():
        np.testing.assert_allclose(places, wanted, atol=1e-12)


def test_curves_show_every_value_and_mark_every_failure() -> None:
    def outcome(capacitor: float, policy: str) -> dict[str, Any] | str | None:
        if capacitor < 2e-4:
            return "no legal batch"
        if policy == "none" and capacitor < 2e-3:
            return impossible("FC", 1)
        return None if policy == "jit" and capacitor == 1e-2 else metrics(1e-2 / capacitor)

    study = grid_study(outcome, capacitor=SIZES, policy=("tile", "jit", "none"))
    layout = layout_of(study, study.parameter("capacitor"), study.column("latency_p95"))
    (panel,) = panels = panels_of(study, layout)
    lines = {line.label: line for line in panel.lines}
    assert set(lines) == {"tile", "jit", "none"}
    np.testing.assert_allclose(lines["tile"].y[1:], [1e-2 / c for c in SIZES[1:]])
    assert len(lines["jit"].x) == 4, "a point not computed yet is no failure"
    assert lines["none"].outcomes == (Outcome.FAILED, *[Outcome.NOTHING] * 2, *[Outcome.FINISHED] * 2)
    figure = draw_curves(panels, layout, 30.0)
    (axes,) = figure.axes
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert sum(len(line.get_xdata()) for line in crosses) == 2
    runs = [line for line in axes.lines if line.get_marker() == "2"]
    assert sum(len(line.get_xdata()) for line in runs) == 1, "what no line has is marked once"
    low, high = axes.get_ylim()
    for line in axes.lines:
        if line.get_marker() in "os^":
            known = line.get_ydata()[~np.isnan(line.get_ydata())]
            assert ((known > low) & (known < high)).all()
    assert axes.get_xlabel() == "Capacitance (mF)"
    assert axes.get_ylabel() == "Latency, 95th percentile (s)"
    assert {text.get_text() for text in axes.texts} == {"tile", "jit", "none"}


def test_many_traces_become_panels_and_what_has_no_place_is_said() -> None:
    traces = tuple(f"data/rf.npz#trace_{k:02}" for k in range(9))
    study = grid_study(
        lambda capacitor, trace, policy, v_on: metrics(v_on / capacitor),
        capacitor=SIZES, trace=traces, policy=("tile", "jit"), v_on=(3.0, 2.6),
    )  # fmt: skip
    layout = layout_of(study, study.parameter("capacitor"), study.column("latency_p95"))
    panels = panels_of(study, layout)
    assert [panel.title for panel in panels] == [f"rf#trace_{k:02}" for k in range(9)]
    # Of both thresholds the lower one is faster.
    np.testing.assert_allclose(panels[0].lines[0].y, [2.6 / c for c in SIZES])
    figure = draw_curves(panels, layout)
    assert "lowest over turn-on threshold" in figure._suptitle.get_text()


def test_what_is_given_counts_at_its_worst_and_what_is_chosen_at_its_best() -> None:
    def outcome(capacitor: float, trace: str, policy: str) -> dict[str, Any]:
        slow = {"jit": 1.0, "tile": 2.0}[policy] * (3.0 if trace == "dim" else 1.0)
        return metrics(None if policy == "jit" and trace == "dim" and capacitor > 5e-3 else slow)

    traces = ("dim", *(f"bright{k}" for k in range(24)))
    study = grid_study(outcome, capacitor=SIZES, trace=traces, policy=("tile", "jit"))
    layout = layout_of(study, study.parameter("capacitor"), study.column("latency_p95"))
    assert [parameter.name for parameter in layout.rest] == ["trace"], "too many to be drawn"
    lines = {line.label: line for panel in panels_of(study, layout) for line in panel.lines}
    assert lines["tile"].y.tolist() == [6.0] * 5
    np.testing.assert_array_equal(lines["jit"].y, [3.0] * 4 + [np.nan])
    assert lines["jit"].outcomes[-1] is Outcome.NOTHING


def test_a_heat_map_hatches_what_cannot_be_done_and_marks_the_best() -> None:
    thresholds = (2.6, 3.0, 3.4, 3.8)

    def outcome(capacitor: float, v_on: float) -> dict[str, Any] | str:
        if v_on > 3.6:
            return "above the clamp"
        return metrics(None) if capacitor > 5e-3 else metrics(1.0 + abs(v_on - 3.0) + abs(capacitor - 1e-3))

    study = grid_study(outcome, capacitor=SIZES, v_on=thresholds)
    x, y = study.parameter("capacitor"), study.parameter("v_on")
    axes = draw_heatmap(study, x, y, study.column("latency_p95")).axes[0]
    hatched = [patch for patch in axes.patches if patch.get_hatch()]
    assert len(hatched) == 5 + 3
    mesh = axes.collections[0]
    assert int(np.ma.count(mesh.get_array())) == 4 * 3
    (star,) = (line for line in axes.lines if line.get_marker() == "*")
    assert (float(star.get_xdata()[0]), float(star.get_ydata()[0])) == (1.0, 3.0)
    # Every cell lies around its value.
    low, high = axes.get_xlim()
    assert low < 0.1 < 10 < high


@given(st.floats(1e-6, 1e6), st.floats(1.5, 1e8))
def test_ticks_of_logarithmic_axes_are_few_round_and_inside(low: float, ratio: float) -> None:
    ticks = log_ticks(low, low * ratio)
    assert len(ticks) <= 9
    assert all(low * (1 - 1e-9) <= tick <= low * ratio * (1 + 1e-9) for tick in ticks)
    assert ratio < 3 or len(ticks) >= 2


@pytest.mark.parametrize(
    ("values", "unit"),
    [((50e-6, 20e-3), "mF"), ((1e-6, 9e-6), "µF"), ((1e-3, 5e-3), "mF")],
)
def test_axes_choose_a_prefix_that_reads_well(values: tuple[float, ...], unit: str) -> None:
    axis = axis_of(parameter_column("capacitor", "F"), values, values[1] > 10 * values[0])
    assert axis.label == f"Capacitance ({unit})"
    factor = {"mF": 1e3, "µF": 1e6}[unit]
    np.testing.assert_allclose(axis.at(values), np.array(values) * factor)


def test_values_read_as_people_write_them() -> None:
    assert value_text(parameter_column("capacitor", "F"), 1.2e-3) == "1.2 mF"
    assert value_text(metric_column("latency_p95_s"), 245.0) == "4 min 5 s"
    assert value_text(metric_column("finished_share"), 0.5) == "50 %"
    assert value_text(metric_column("imo_pct"), 12.34) == "12.3 %"
    assert value_text(metric_column("throughput_per_day"), 3312.4) == "3,312 per day"
    assert value_text(metric_column("latency_p95_s"), float("nan")) == ""
    assert plain_number(0.03) == "0.03"
    assert short_name("../data/rf/rf-cart.trace") == "rf-cart"
    assert short_name("a/mementos.npz#trace_01") == "mementos#trace_01"
    assert short_name("solar-day-clouds") == "solar-day-clouds"
