"""What the report says of recovery policies, checkpoints and tasks."""

from __future__ import annotations

import dataclasses
import tomllib
from typing import Any

import msgspec
import pytest
from engine_cases import boost, case, power, simulated, uniform

from simint.engine.application import Application, Task
from simint.engine.event import Case
from simint.engine.run import Run, Verdict
from simint.report.hints import hint
from simint.report.shares import energy_shares, time_shares
from simint.scenario import PolicyChoice, Scenario, TraceChoice, scenario_toml

WEAK, SUPPLY = power(1e-3), boost()


def told(choice: PolicyChoice, one: Case) -> tuple[Run, str]:
    run = simulated(dataclasses.replace(one, policy=choice.policy()), events=5000)
    return run, hint(run, Scenario(trace=TraceChoice(name="x"), policy=choice), SUPPLY)


@pytest.mark.parametrize(
    ("choice", "parts"),
    [
        (PolicyChoice(name="timer", period=1.0), ["a period of work", "layer L0", "a shorter period of the timer"]),
        (PolicyChoice(name="layer"), ["layer L0 as a whole", "policy tile, which commits inside it"]),
        (PolicyChoice(name="none"), ["layer L0", "preserve progress (policy tile)"]),
    ],
)
def test_work_that_cannot_be_done_is_named_as_the_policy_sees_it(choice: PolicyChoice, parts: list[str]) -> None:
    run, words = told(choice, case(WEAK, uniform(60), SUPPLY, harvest_while_on=False))
    assert run.verdict is Verdict.NONTERMINATION
    for part in [*parts, "a full charge gives 2.5 mJ", "a capacitor of"]:
        assert part in words


def test_a_task_that_cannot_be_done_is_named() -> None:
    node = Application(before=(Task(name="sense", power=30e-3, duration=0.2),))
    run, words = told(PolicyChoice(), case(WEAK, uniform(3), SUPPLY, application=node))
    assert run.verdict is Verdict.NONTERMINATION
    assert words.startswith("task sense needs 6.08 mJ")
    assert "a shorter task" in words


def test_torn_checkpoints_are_blamed_on_their_threshold() -> None:
    choice = PolicyChoice(name="jit", v_checkpoint=2.004)
    run, words = told(choice, case(WEAK, uniform(60), SUPPLY, harvest_while_on=False))
    assert run.verdict is Verdict.NONTERMINATION
    assert "2 saves were torn, because v_checkpoint = 2.004 V lies below the 2.01 V" in words


def test_the_shares_show_checkpoints_and_tasks() -> None:
    node = Application(before=(Task(name="sense", power=3e-3, duration=0.1),))
    run, _ = told(PolicyChoice(name="timer", period=0.1), case(WEAK, uniform(30), SUPPLY, application=node))
    joule = {share.label: share.amount for share in energy_shares(run.energy)}
    second = {share.label: share.amount for share in time_shares(run.time)}
    assert joule["peripheral tasks"] == run.energy.peripheral > 0
    assert joule["checkpoint"] == run.energy.checkpoint > 0
    assert second["peripheral tasks"] == run.time.peripheral > 0
    assert sum(share.share for share in energy_shares(run.energy)) == pytest.approx(1.0)


def test_a_scenario_keeps_policy_options_and_tasks() -> None:
    node = Application(before=(Task(name="sense", power=3e-3, duration=0.1),), after=(Task(name="log", power=1e-3),))
    scenario = Scenario(
        trace=TraceChoice(name="x"), policy=PolicyChoice(name="jit", v_checkpoint=2.5, v_resume=2.8), application=node
    )
    data: dict[str, Any] = tomllib.loads(scenario_toml(scenario))
    assert msgspec.convert(data, Scenario) == scenario
    assert data["application"]["before"] == [{"name": "sense", "power": 3e-3, "duration": 0.1}]
