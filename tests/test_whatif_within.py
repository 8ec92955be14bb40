"""The time within which a share of the inferences finished, against its definition."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simint.engine.run import Inference, Verdict
from simint.whatif.within import WITHIN_PERCENTS, times_within, within_name


def run_of(inferences: list[Inference], dropped: int = 0, verdict: Verdict = Verdict.STOPPED) -> Any:
    finished = tuple(inference for inference in inferences if inference.completed)
    return SimpleNamespace(
        inferences=tuple(inferences), finished=finished, dropped=dropped, verdict=verdict, duration_s=100.0
    )


def inference(number: int, release_s: float, latency_s: float | None, begun: bool = True) -> Inference:
    end_s = math.nan if latency_s is None else release_s + latency_s
    return Inference(number, release_s, release_s if begun else math.nan, end_s, 1, None)


def test_the_share_counts_what_was_late_and_leaves_out_what_was_cut() -> None:
    done = [inference(k, 0.0, float(k + 1)) for k in range(9)]
    # Cut after 50 s: later than all others, so it counts.
    late = times_within(run_of([*done, inference(9, 50.0, None)]))
    assert late["within_p90_s"] == 9.0
    assert late["within_p95_s"] is None
    # Cut after 2 s: nobody knows.
    cut = times_within(run_of([*done, inference(9, 98.0, None)]))
    assert cut["within_p100_s"] == 9.0


def test_what_was_dropped_or_can_never_finish_is_late_always() -> None:
    done = [inference(k, 0.0, 1.0) for k in range(9)]
    dropped, waiting = (inference(9 + k, 99.5 + 0.4 * k, None, begun=False) for k in range(2))
    found = times_within(run_of([*done, dropped, waiting], dropped=1))
    assert found["within_p90_s"] == 1.0
    assert found["within_p95_s"] is None
    stuck = times_within(run_of([*done, inference(9, 99.9, None)], verdict=Verdict.NONTERMINATION))
    assert stuck["within_p90_s"] == 1.0
    assert stuck["within_p95_s"] is None


@given(
    st.lists(st.floats(0.1, 60.0), max_size=30),
    st.lists(st.floats(0.1, 60.0), max_size=4),
)
def test_it_is_the_first_latency_by_which_the_share_was_finished(latencies: list[float], ages: list[float]) -> None:
    inferences = [inference(k, 10.0, latency) for k, latency in enumerate(latencies)]
    inferences += [inference(len(latencies) + k, 100.0 - age, None) for k, age in enumerate(ages)]
    found = times_within(run_of(inferences))
    true = [one.latency_s for one in inferences if one.completed]
    waited = [100.0 - one.release_s for one in inferences if not one.completed]

    def share(time_s: float) -> float:
        on_time = sum(latency <= time_s for latency in true)
        late = sum(latency > time_s for latency in true) + sum(age > time_s for age in waited)
        return on_time / (on_time + late)

    for percent in WITHIN_PERCENTS:
        enough = [time_s for time_s in sorted(true) if share(time_s) >= percent / 100 - 1e-12]
        value = found[within_name(percent)]
        assert value == (pytest.approx(enough[0]) if enough else None)
