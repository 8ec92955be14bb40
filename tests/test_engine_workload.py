"""When inferences are released, begun, finished, dropped and late."""

from __future__ import annotations

import itertools
import math

import pytest
from engine_cases import BOOT, boost, case, power, simulated, uniform
from engine_strategies import Draft, drafts
from hypothesis import HealthCheck, assume, given, settings

from simint.engine.event import Case, simulate
from simint.engine.policy import Tile
from simint.engine.run import Verdict
from simint.engine.workload import Queue, Workload
from simint.errors import InputError

# One inference of ten batches takes 0.24 s of computing and a little for the progress records.
WORK = uniform(10)
INFERENCE_S = 10 * (1.2 * 100e-6 / 5e-3 + 50e-6)
STRONG = power(1.0)
FULL = boost(v_max=3.0)
random_runs = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def strong(workload: Workload, **options: float) -> Case:
    """A device that never browns out and turns on after 2.5 ms."""
    return case(STRONG, WORK, FULL, workload=workload, **options)


READY_S = 2.5e-3 + BOOT.time_s + 50e-6


def test_back_to_back_starts_at_the_first_turn_on_and_goes_on_at_each_completion() -> None:
    run = simulated(strong(Workload(inferences=3)))
    first, second, third = run.inferences
    assert first.release_s == run.first_turn_on_s == pytest.approx(2.5e-3)
    assert first.start_s == pytest.approx(READY_S)
    assert (second.release_s, third.release_s) == (first.end_s, second.end_s)
    assert second.latency_s == pytest.approx(INFERENCE_S)
    assert first.latency_s == pytest.approx(INFERENCE_S + BOOT.time_s + 50e-6)
    assert run.duration_s == third.end_s
    assert run.time.sleep == 0
    assert all(inference.deadline_met is None for inference in run.inferences)


def test_back_to_back_until_the_time_is_over_reports_the_one_in_progress() -> None:
    run = simulated(strong(Workload(), duration_s=1.0))
    assert run.verdict is Verdict.STOPPED
    assert run.duration_s == pytest.approx(1.0)
    assert [inference.completed for inference in run.inferences] == [True] * 4 + [False]
    assert run.progress == pytest.approx((1.0 - READY_S) / INFERENCE_S, abs=0.1)


def test_periodic_releases_come_whether_or_not_the_device_is_free() -> None:
    run = simulated(strong(Workload(inferences=4, period=1.0)))
    assert [inference.release_s for inference in run.inferences] == pytest.approx([0.0, 1.0, 2.0, 3.0])
    assert run.inferences[0].start_s == pytest.approx(READY_S)
    assert [inference.start_s for inference in run.inferences[1:]] == pytest.approx([1.0, 2.0, 3.0])
    assert [inference.latency_s for inference in run.inferences[1:]] == pytest.approx([INFERENCE_S] * 3)
    assert run.time.sleep == pytest.approx(run.duration_s - READY_S - 4 * INFERENCE_S)


def test_a_release_while_the_device_is_off_waits_for_power() -> None:
    """2.5 mJ at 1 mW: the device turns on at 2.5 s; of the releases at 0, 1 and 2 s the newest is taken."""
    run = simulated(case(power(1e-3), uniform(3), workload=Workload(inferences=1, period=1.0)))
    assert run.first_turn_on_s == pytest.approx(2.5)
    (done,) = run.finished
    assert (done.number, done.release_s) == (2, pytest.approx(2.0))
    assert done.latency_s == pytest.approx(run.duration_s - 2.0)
    assert run.dropped == 2
    kept = simulated(case(power(1e-3), uniform(3), workload=Workload(inferences=1, period=1.0, queue=Queue.FIFO)))
    (done,) = kept.finished
    assert (done.number, done.release_s, kept.dropped) == (0, 0.0, 0)


def test_newest_replaces_what_waits_and_fifo_keeps_the_order() -> None:
    """An inference takes 2.4 periods."""
    period = INFERENCE_S / 2.4
    newest = simulated(strong(Workload(inferences=5, period=period)))
    numbers = [inference.number for inference in newest.finished]
    # Released meanwhile are 2 or 3 others; all but the last are dropped.
    assert all(step in (2, 3) for step in (b - a for a, b in itertools.pairwise(numbers)))
    unfinished = [inference for inference in newest.inferences if not inference.completed]
    assert all(math.isnan(inference.start_s) for inference in unfinished)
    assert newest.dropped == len(newest.inferences) - len(newest.finished) - 1
    assert all(inference.latency_s < INFERENCE_S + period * 1.01 for inference in newest.finished[1:])
    fifo = simulated(strong(Workload(inferences=5, period=period, queue=Queue.FIFO)))
    assert [inference.number for inference in fifo.finished] == [0, 1, 2, 3, 4]
    assert fifo.dropped == 0
    latencies = [inference.latency_s for inference in fifo.finished]
    assert [b - a for a, b in itertools.pairwise(latencies)] == pytest.approx([INFERENCE_S - period] * 4)
    waiting = [inference for inference in fifo.inferences if not inference.completed]
    assert len(waiting) == math.floor(fifo.duration_s / period) + 1 - 5


def test_a_deadline_counts_from_the_release() -> None:
    late = simulated(strong(Workload(inferences=3, period=1.0, deadline=0.9 * INFERENCE_S)))
    assert [inference.deadline_met for inference in late.inferences] == [False] * 3
    assert late.deadlines_missed == 3
    first_late = simulated(strong(Workload(inferences=3, period=1.0, deadline=INFERENCE_S + 0.5 * READY_S)))
    assert [inference.deadline_met for inference in first_late.inferences] == [False, True, True]
    back_to_back = simulated(strong(Workload(inferences=2, deadline=1.01 * INFERENCE_S)))
    assert [inference.deadline_met for inference in back_to_back.inferences] == [False, True]


def test_a_deadline_is_missed_when_it_passes_not_later() -> None:
    """Off all the time: releases at 0, 1, ..., 4 s, deadline 1.5 s after each, the run ends at 4.2 s."""
    run = simulated(case(power(0.1e-3), WORK, workload=Workload(period=1.0, deadline=1.5), duration_s=4.2))
    assert run.verdict is Verdict.NEVER_ON
    assert [inference.deadline_met for inference in run.inferences] == [False, False, False, None, None]
    assert run.deadlines_missed == 3
    assert run.dropped == 4


def test_a_deadline_of_the_inference_in_progress_is_missed_when_it_passes() -> None:
    early, late = (simulated(strong(Workload(period=10.0, deadline=0.1), duration_s=end)) for end in (0.09, 0.11))
    assert [inference.deadline_met for inference in early.inferences] == [None]
    assert [inference.deadline_met for inference in late.inferences] == [False]


def test_the_run_ends_with_the_last_inference_wanted() -> None:
    run = simulated(strong(Workload(inferences=2, period=1.0), duration_s=100.0))
    assert run.verdict is Verdict.COMPLETED
    assert run.duration_s == run.finished[-1].end_s < 2.0


@random_runs
@given(drafts())
def test_every_release_is_reported_once(draft: Draft) -> None:
    period = draft.workload.period
    run = simulated(draft.case())
    finished = run.finished
    for inference in finished:
        assert inference.release_s <= inference.start_s < inference.end_s <= run.duration_s
        assert inference.power_cycles >= 1
        if draft.workload.deadline is not None:
            assert inference.deadline_met == (inference.end_s <= inference.release_s + draft.workload.deadline)
    assert all(later.start_s >= earlier.end_s for earlier, later in itertools.pairwise(finished))
    if period is None:
        assert [inference.number for inference in run.inferences] == list(range(len(run.inferences)))
        assert sum(not inference.completed for inference in run.inferences) <= 1
        assert run.dropped == 0
        return
    numbers = [inference.number for inference in run.inferences]
    assert numbers == list(range(len(numbers)))
    assert [inference.release_s for inference in run.inferences] == pytest.approx([n * period for n in numbers])
    assert (len(numbers) - 1) * period <= run.duration_s * (1 + 1e-9)
    assert run.duration_s <= len(numbers) * period * (1 + 1e-9)
    if draft.workload.queue is Queue.FIFO:
        begun = [not math.isnan(inference.start_s) for inference in run.inferences]
        assert begun == sorted(begun, reverse=True)
        assert run.dropped == 0
    else:
        idle = sum(math.isnan(inference.start_s) for inference in run.inferences)
        assert idle - 1 <= run.dropped <= idle


@random_runs
@given(drafts(policies=(Tile(),)))
def test_latencies_under_newest_never_exceed_those_under_fifo(draft: Draft) -> None:
    """The same releases on the same supply: who drops old ones never makes the ones it takes wait longer."""
    assume(draft.workload.period is not None)
    common = {"inferences": 1, "period": draft.workload.period}
    runs = []
    for queue in (Queue.NEWEST, Queue.FIFO):
        workload = Workload(queue=queue, **common)
        one = draft.case()
        runs.append(
            simulated(Case(**{name: getattr(one, name) for name in one.__dataclass_fields__} | {"workload": workload}))
        )
    newest, fifo = runs
    assert newest.verdict == fifo.verdict
    if newest.finished:
        assert newest.finished[0].latency_s <= fifo.finished[0].latency_s


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("inferences", 0, "`inferences` must be at least 1, got 0"),
        ("period", 0.0, "`period` must be positive and finite, got 0 s"),
        ("period", math.inf, "`period` must be positive and finite, got inf s"),
        ("deadline", -1.0, "`deadline` must be positive and finite, got -1 s"),
    ],
)
def test_a_workload_without_meaning_is_refused(field: str, value: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Workload(**{field: value})


def test_a_run_without_an_end_is_refused() -> None:
    with pytest.raises(InputError, match="a run needs an end: a number of inferences, or a duration"):
        simulate(strong(Workload(period=1.0)))
