"""Thresholds by bisection: against closed forms, and where bisection would be wrong."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from replay_runs import SMALL_NETWORK
from whatif_cases import tiny_scenario

from simint.errors import InputError
from simint.hardware.converter import Boost
from simint.hardware.presets import load_supply
from simint.scenario import Scenario, TraceChoice
from simint.whatif import bisect, whatif
from simint.whatif.__main__ import main

POWER_W, EFFICIENCY, V_OFF, V_ON = 1e-3, 0.8, 2.4, 3.3


def lossless(**changes: Any) -> Scenario:
    """One constant milliwatt into a capacitor that loses nothing, from `V_OFF` on."""
    supply = load_supply("boost")
    replaced = msgspec.structs.replace
    capacitor = replaced(supply.capacitor, leakage=float("inf"))
    supply = replaced(supply, quiescent=0.0, capacitor=capacitor, converter=Boost(efficiency=EFFICIENCY))
    return tiny_scenario(supply=supply, duration=5.0, **changes)


def capacitance_charged_in(time_s: float, power_w: float = POWER_W) -> float:
    """From the energy balance: efficiency times power times time is what the capacitor gains."""
    return 2 * EFFICIENCY * power_w * time_s / (V_ON**2 - V_OFF**2)


def test_the_largest_capacitor_that_turns_on_in_time() -> None:
    (found,) = bisect(
        lossless(), {"capacitor": "50uF:5mF"}, "first_turn_on<=1.5s", largest=True, tolerance=1e-6, design="held"
    )
    expected = capacitance_charged_in(1.5)
    assert found.value == pytest.approx(expected, rel=2e-6)
    assert found.misses is not None
    assert found.value <= expected * (1 + 1e-12) < found.misses * (1 + 1e-9)
    assert found.monotone


def test_the_smallest_power_for_it_by_group() -> None:
    vary = {"trace.scale": "0.1:10", "capacitor": ["1mF", "2mF"]}
    found = bisect(lossless(), vary, "first_turn_on_s<=1s", tolerance=1e-4, design="held")
    assert [threshold.group for threshold in found] == [(1e-3,), (2e-3,)]
    for threshold, capacitance in zip(found, (1e-3, 2e-3), strict=True):
        expected = capacitance / capacitance_charged_in(1.0)
        assert threshold.value == pytest.approx(expected, rel=2e-4)
        assert threshold.value >= expected * (1 - 1e-9)


def test_a_tolerance_is_kept_and_costs_no_more_runs_than_it_must() -> None:
    (found,) = bisect(lossless(), {"capacitor": "50uF:5mF:lin"}, "first_turn_on<=1.5s", largest=True, tolerance=0.05)
    assert found.value is not None
    assert found.misses is not None
    assert found.value < found.misses <= found.value / 0.95
    # Nine of the scan, then halvings of one of its eight linear pieces.
    assert found.evaluations <= 9 + 5


def test_what_no_value_meets_and_what_every_value_meets() -> None:
    (none,) = bisect(lossless(), {"capacitor": "1mF:5mF"}, "first_turn_on<=0.1s", largest=True)
    assert none.value is None
    assert none.misses is None
    assert none.evaluations == 9
    (every,) = bisect(lossless(), {"capacitor": "1mF:1.5mF"}, "first_turn_on<=5s", largest=True)
    assert (every.value, every.misses) == (1.5e-3, None)


def test_a_goal_that_is_lost_again_is_reported() -> None:
    """Between 0.5 s and 1 s: too small a capacitor turns on too early, too large a one too late."""
    goal = "first_turn_on>=0.5s and first_turn_on<=1s"
    (found,) = bisect(lossless(), {"capacitor": "50uF:5mF"}, goal, tolerance=1e-4, scan=17)
    assert found.value == pytest.approx(capacitance_charged_in(0.5), rel=2e-4)
    assert not found.monotone
    assert all(value > capacitance_charged_in(1.0) for value in found.lost_at)
    assert max(found.lost_at) == 5e-3


def test_whole_numbers_are_searched_to_the_last_one() -> None:
    scenario = lossless(capacitance=1e-4)
    (found,) = bisect(scenario, {"parallel": "1:40"}, "first_turn_on<=1.5s", largest=True, design="held", scan=4)
    expected = int(capacitance_charged_in(1.5) / 1e-4)
    assert (found.value, found.misses) == (expected, expected + 1)


def test_a_point_that_cannot_run_does_not_meet_the_goal_and_says_why() -> None:
    (found,) = bisect(tiny_scenario(duration=5.0), {"capacitor": "1uF:1mF"}, "duration<=1min", tolerance=1e-3)
    assert found.value is not None
    assert found.misses is not None
    assert "its cheapest batch" in found.reason
    frame = whatif(tiny_scenario(duration=5.0), {"capacitor": [found.misses, found.value]}, jobs=1).frame
    assert list(frame["status"]) == ["error", "done"]


@pytest.mark.parametrize(
    ("vary", "goal", "more", "said"),
    [
        ({"capacitor": ["1mF", "2mF"]}, "imo<=10%", {}, "bisect searches a range"),
        ({"capacitor": "1mF:2mF"}, "nonsense<=1", {}, "no metric 'nonsense'"),
        ({"capacitor": "1mF:2mF"}, "latency_p95<=1V", {}, "expected s"),
        ({"capacitor": "1mF:2mF"}, "imo<=10%", {"scan": 1}, "at least both ends"),
        ({"capacitor": "1mF:2mF"}, "imo<=10%", {"tolerance": 0.0}, "between 0 and 1"),
        ({"capacitor": "1mF:2mF", "v_on": "3V:4V"}, "imo<=10%", {}, "say how many values 3.0:4.0 has"),
    ],
)
def test_searches_that_are_none(vary: dict[str, Any], goal: str, more: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        bisect(tiny_scenario(), vary, goal, **more)


def test_the_command_prints_a_threshold_for_each_and_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bisect", "--network", SMALL_NETWORK, "--trace", "constant-1mw", "--duration", "5s", "--jobs", "1"]
    vary = ["--vary", "capacitor=50uF:5mF", "--vary", "trace.scale=1,2", "--design", "held"]
    goal = ["--until", "first_turn_on<=1s", "--largest"]
    assert main([*words, *vary, *goal]) == 0
    said = capsys.readouterr().out
    assert said.startswith("largest capacitor that meets: first_turn_on<=1s")
    assert main([*words, *vary, *goal, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["parameter"], data["unit"], data["largest"]) == ("capacitor", "F", True)
    values = {group["group"]["trace.scale"]: group["value"] for group in data["groups"]}
    assert values[1.0] == pytest.approx(capacitance_charged_in(1.0), rel=0.05)
    assert values[2.0] == pytest.approx(capacitance_charged_in(1.0, 2e-3), rel=0.05)
    assert f"largest for all of them: {1e6 * values[1.0]:.4g}"[:30] in said


def test_traces_are_those_of_the_search(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bisect", "--vary", "capacitor=1mF:2mF", "--vary", "trace=nope", "--until", "imo<=10%"]
    assert main(words) == 2
    assert "no file and no catalogue trace 'nope'" in capsys.readouterr().err
    assert TraceChoice(name="constant-1mw") == tiny_scenario().trace
