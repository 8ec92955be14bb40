"""Recommendations on studies whose answer is known: by construction, or by trying every design."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_frames import grid_study, impossible, metrics

from simint.errors import InputError
from simint.whatif.report.answers import Recommendation, recommendations
from simint.whatif.report.goal import parse_goal
from simint.whatif.report.overview import NONE, overview_of
from simint.whatif.report.recommend import preferred_size
from simint.whatif.report.study import Study
from simint.whatif.report.wording import study_cautions

GOAL = "finished>=95% within 30s"
SIZES = (1e-3, 2e-3, 3e-3, 4e-3, 5e-3, 6e-3)


def ask(study: Study, goal: str | None = GOAL) -> tuple[Recommendation, ...]:
    wanted = None if goal is None else parse_goal(goal, study)
    return recommendations(study, wanted, study.column("latency_p95"), preferred_size(study))


def all_text(recommendation: Recommendation) -> str:
    advice = recommendation.advice
    return " ".join((advice.headline, *advice.because, *advice.cautions))


def test_the_smallest_that_does_and_the_tile_that_limits_it() -> None:
    study = grid_study(
        lambda capacitor: metrics(20.0) if capacitor > 2.5e-3 else impossible("CONV_0", 14), capacitor=SIZES
    )
    (one,) = ask(study)
    assert one.finding.chosen is not None
    assert one.finding.chosen.design == {"capacitor": 3e-3}
    assert one.advice.headline == (
        "Smallest capacitance that finishes 95 % of the inferences within 30 s: 3 mF; limited by tile 14 of CONV_0."
    )
    assert "needs 90 µJ where a full charge gives 70 µJ" in one.advice.because[0]
    assert not one.advice.cautions


def test_the_worst_trace_decides_for_all_of_them() -> None:
    def outcome(capacitor: float, trace: str) -> dict[str, Any]:
        return metrics(20.0 if capacitor >= {"dim": 5e-3, "bright": 2e-3}[trace] else 40.0)

    both, dim, bright = ask(grid_study(outcome, capacitor=SIZES, trace=("dim", "bright")))
    assert "on every trace: 5 mF" in both.advice.headline
    assert "on trace dim" in both.advice.because[0]
    assert "on trace dim: 5 mF" in dim.advice.headline
    assert "on trace bright: 2 mF" in bright.advice.headline


def test_of_equal_sizes_the_faster_design_is_taken() -> None:
    def outcome(capacitor: float, policy: str) -> dict[str, Any]:
        return metrics({"tile": 25.0, "jit": 15.0, "layer": 20.0}[policy])

    (one,) = ask(grid_study(outcome, capacitor=SIZES, policy=("tile", "jit", "layer")))
    assert "1 mF (policy jit)" in one.advice.headline


@pytest.mark.parametrize(
    ("better", "edge"), [(lambda c: 10.0, "lower"), (lambda c: 10.0 if c > 5e-3 else 99.0, "upper")]
)
def test_an_answer_at_the_edge_says_so(better: Any, edge: str) -> None:
    (one,) = ask(grid_study(lambda capacitor: metrics(better(capacitor)), capacitor=SIZES))
    assert any(f"lies at the {edge} edge of the studied range" in caution for caution in one.advice.cautions)


def test_an_answer_inside_says_up_to_where_it_holds_and_nothing_of_edges() -> None:
    (one,) = ask(grid_study(lambda capacitor: metrics(20.0 if 2e-3 <= capacitor <= 4e-3 else 50.0), capacitor=SIZES))
    assert ": 2 mF" in one.advice.headline
    assert any("holds up to 4 mF; at 5 mF" in sentence for sentence in one.advice.because)
    assert not one.advice.cautions


def test_no_design_does_and_the_nearest_is_named() -> None:
    (one,) = ask(grid_study(lambda capacitor: metrics(35.0 + 1e4 * abs(capacitor - 4e-3)), capacitor=SIZES))
    assert one.finding.chosen is None
    assert one.advice.headline.startswith("No studied design (of 6) finishes 95 % of the inferences within 30 s")
    assert "capacitor 4 mF" in one.advice.because[0]
    assert "35 s" in one.advice.because[0]
    assert "charging" in one.advice.because[0]


def test_nothing_finishes_anywhere() -> None:
    (one,) = ask(grid_study(lambda capacitor: metrics(None), capacitor=SIZES))
    assert one.finding.chosen is None
    assert "turn-on threshold" in one.advice.because[0]
    (one,) = ask(grid_study(lambda capacitor: "no legal batch", capacitor=SIZES), None)
    assert one.finding.chosen is None
    assert "no legal batch" in all_text(one)


def test_a_goal_that_is_lost_and_met_again_is_called_not_monotone() -> None:
    (one,) = ask(grid_study(lambda capacitor: metrics(50.0 if capacitor == 3e-3 else 20.0), capacitor=SIZES))
    assert any("Not monotone" in caution and "3 mF" in caution for caution in one.advice.cautions)
    (one,) = ask(grid_study(lambda capacitor: metrics(50.0 if capacitor < 3e-3 else 20.0), capacitor=SIZES))
    assert not any("monotone" in caution for caution in one.advice.cautions)


def test_points_not_computed_yet_weaken_the_answer() -> None:
    def outcome(capacitor: float, trace: str) -> dict[str, Any] | None:
        return None if capacitor == 1e-3 and trace == "b" else metrics(20.0)

    study = grid_study(outcome, capacitor=SIZES, trace=("a", "b"))
    both, first, second = ask(study)
    assert "on every trace: 2 mF" in both.advice.headline
    assert any("might qualify" in caution for caution in both.advice.cautions)
    assert "on trace a: 1 mF" in first.advice.headline
    assert "on trace b: 2 mF" in second.advice.headline
    assert "1 of 12 points are not computed yet." in study_cautions(study)


def test_points_that_cannot_be_run_do_not_qualify_and_are_counted() -> None:
    def outcome(capacitor: float) -> dict[str, Any] | str:
        return f"v_max of {capacitor:g} is too small" if capacitor < 2.5e-3 else metrics(20.0)

    study = grid_study(outcome, capacitor=SIZES)
    (one,) = ask(study)
    assert ": 3 mF" in one.advice.headline
    assert "cannot be run: v_max of 0.002 is too small" in one.advice.because[0]
    assert study_cautions(study)[0].startswith("2 of 6 points cannot be run: v_max of 0.001")


def test_without_a_goal_the_smallest_near_the_best() -> None:
    latencies = dict(zip(SIZES, (90.0, 43.0, 41.0, 40.0, 45.0, 60.0), strict=True))
    (one,) = ask(grid_study(lambda capacitor: metrics(latencies[capacitor]), capacitor=SIZES), None)
    assert "within 10 % of the best latency, 95th percentile (40 s): 2 mF" in one.advice.headline


def test_without_a_size_the_best_value_decides() -> None:
    latencies = {"tile": 9.0, "jit": 7.0, "none": None}
    (one,) = ask(grid_study(lambda policy: metrics(latencies[policy]), policy=tuple(latencies)), None)
    assert one.advice.headline == "Lowest latency, 95th percentile: 7 s (policy jit)."


LATENCY = st.one_of(st.none(), st.just("error"), st.floats(1.0, 100.0))


@settings(max_examples=30)
@given(st.lists(LATENCY, min_size=24, max_size=24), st.floats(0.5, 120.0))
def test_the_recommended_design_is_the_smallest_of_all_that_qualify_everywhere(found: list[Any], limit: float) -> None:
    traces, policies = ("a", "b"), ("tile", "jit")
    keys = [(c, t, p) for c in SIZES for t in traces for p in policies]
    table = dict(zip(keys, found, strict=True))

    def outcome(capacitor: float, trace: str, policy: str) -> dict[str, Any] | str:
        value = table[capacitor, trace, policy]
        return "broken" if value == "error" else metrics(value)

    study = grid_study(outcome, capacitor=SIZES, trace=traces, policy=policies)
    answers = ask(study, f"latency_p95<={limit!r}s")
    for one, asked in zip(answers, (traces, ("a",), ("b",)), strict=True):
        fits = [
            (capacitor, policy)
            for capacitor in SIZES
            for policy in policies
            if all(
                isinstance(table[capacitor, t, policy], float) and table[capacitor, t, policy] <= limit for t in asked
            )
        ]
        if not fits:
            assert one.finding.chosen is None
            continue
        assert one.finding.chosen is not None
        chosen = one.finding.chosen.design
        assert chosen["capacitor"] == min(fits)[0]
        assert (chosen["capacitor"], chosen["policy"]) in fits
        # The overview says the same for the policies one by one.
    overview = overview_of(study, answers[0].finding)
    assert overview is not None
    assert [cells.count(NONE) == 2 for _, cells in overview.rows] == [one.finding.chosen is None for one in answers]


@pytest.mark.parametrize(
    ("text", "column", "bound"),
    [
        ("finished>=95% within 30s", "within_p95_s", 30.0),
        ("finished >= 50 % within 2min", "within_p50_s", 120.0),
        ("finished>=80%", "finished_share", 0.8),
        ("latency_p95<=1.5min", "latency_p95_s", 90.0),
        ("imo<=20%", "imo_pct", 20.0),
        ("capacitor<=2mF", "capacitor", 2e-3),
        ("throughput>=100", "throughput_per_day", 100.0),
    ],
)
def test_goals_are_read_with_their_units(text: str, column: str, bound: float) -> None:
    study = grid_study(lambda capacitor: metrics(1.0), capacitor=SIZES)
    (condition,) = parse_goal(text, study).conditions
    assert condition.column.name == column
    assert condition.bound == pytest.approx(bound, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "write conditions"),
        ("latency_p95<30s", "no condition"),
        ("latency_p95<=30V", "expected s"),
        ("nonsense<=3", "no metric 'nonsense'"),
        ("finished>=93% within 30s", "50 %, 90 %, 95 %"),
        ("finished>=0%", "above 0 %"),
        ("finished>=95% within 30s and", "write conditions"),
    ],
)
def test_a_goal_that_is_none_is_refused(text: str, complaint: str) -> None:
    study = grid_study(lambda capacitor: metrics(1.0), capacitor=SIZES)
    with pytest.raises(InputError, match=complaint):
        parse_goal(text, study)
