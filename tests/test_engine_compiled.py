"""The compiled engine tells the same as the event engine, and it is the compiled one that does."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest
from engine_agreement import RefusedByBoth, assert_agree, both
from engine_cases import batch, boost, case, direct, layer, power, schedule, thevenin, uniform
from engine_strategies import POLICIES, Draft, drafts
from hypothesis import HealthCheck, given, reject, settings

from simint.engine.application import Application, Task
from simint.engine.choose import run_case
from simint.engine.compiled.simulate import simulate_compiled
from simint.engine.engines import Engine, EngineChoice
from simint.engine.policy import Footprint, JustInTime, RecoveryPolicy, Tile, Timer
from simint.engine.run import Verdict
from simint.engine.workload import Queue, Workload
from simint.hardware.bank import Bank, Ladder
from simint.hardware.capacitor import Capacitor, Derating
from simint.hardware.regulator import Buck, Ldo
from simint.hardware.supply import Supply
from simint.tiling.schedule import Cost
from simint.trace.catalogue_entries import catalogue_names
from simint.trace.load import load_trace
from simint.trace.power_trace import CurrentSource, CurveSource, PowerTrace, Source

_FEW = settings(max_examples=100, suppress_health_check=list(HealthCheck))
_MANY = settings(max_examples=3000, suppress_health_check=list(HealthCheck))


def _agrees(draft: Draft) -> None:
    try:
        runs = both(draft.case())
    except RefusedByBoth:
        reject()
    assert_agree(*runs)


@_FEW
@given(drafts())
def test_random_cases_agree(draft: Draft) -> None:
    _agrees(draft)


@_FEW
@given(drafts(every_part=True))
def test_random_cases_of_every_part_agree(draft: Draft) -> None:
    _agrees(draft)


@pytest.mark.slow
@_MANY
@given(drafts())
def test_thousands_of_random_cases_agree(draft: Draft) -> None:
    _agrees(draft)


@pytest.mark.slow
@_MANY
@given(drafts(every_part=True))
def test_thousands_of_random_cases_of_every_part_agree(draft: Draft) -> None:
    _agrees(draft)


RELOAD = Cost(20e-6, 3e-3)
WORK = schedule(
    layer("L0", (batch(90e-6, tiles=3, opening=RELOAD, reload=RELOAD), 3), (batch(60e-6, 8e-3), 2), repeat=2),
    layer("L1", (batch(50e-6, preserve=Cost(5e-6, 1e-3), reload=RELOAD), 4)),
)
ONE_TILE = schedule(layer("L0", (batch(90e-6, opening=RELOAD, reload=RELOAD), 6)), layer("L1", (batch(60e-6, 8e-3), 4)))
LEVELS = np.array([1.0, 0.2, 0.0, 0.7, 1.5])
PARTS: dict[str, Supply] = {
    "boost": boost(),
    "clamp": boost(v_max=3.05),
    "losses": boost(Capacitor(capacitance=1e-3, leakage=30e3), quiescent=20e-6, efficiency=0.7),
    "direct": direct(),
    "esr": boost(Capacitor(capacitance=1e-3, esr=5.0)),
    "direct-esr": direct(Capacitor(capacitance=1e-3, esr=5.0)),
    "derating": boost(Capacitor(capacitance=2e-3, derating=Derating(voltage=(0.0, 2.5), share=(1.0, 0.6)))),
    "ldo": msgspec.structs.replace(boost(), regulator=Ldo(output_voltage=1.8)),
    "buck": msgspec.structs.replace(boost(), regulator=Buck(output_voltage=1.8, efficiency=0.85)),
    "quiescent-on": msgspec.structs.replace(boost(), quiescent_on=50e-6),
    "polling": msgspec.structs.replace(boost(), poll=7e-3, regulator=Buck(output_voltage=1.5)),
    "polling-on": msgspec.structs.replace(boost(), poll=7e-3, poll_turn_off=False),
    "banks": msgspec.structs.replace(
        boost(),
        ladder=Ladder(
            v_up=3.2, v_down=2.2, banks=(Bank(cells=2, capacitance=0.5e-3, leakage=1e6, series_first=False),)
        ),
    ),
}


def _trace(supply: Supply, source: Source | None = None) -> PowerTrace:
    if source is not None:
        return PowerTrace("t", source, step_s=0.4)
    return (
        thevenin(*(5.0 * LEVELS), ohm=1500.0, step_s=0.4)
        if "direct" in supply.name
        else power(*(4e-3 * LEVELS), step_s=0.4)
    )


def _same(supply: Supply, policy: RecoveryPolicy, source: Source | None = None, **options: object) -> None:
    work = ONE_TILE if isinstance(policy, Footprint) else WORK
    one, other = both(case(_trace(supply, source), work, supply, policy, duration_s=40.0, **options))
    assert_agree(one, other)
    assert one.power_cycles


@pytest.mark.parametrize("policy", [*POLICIES, Timer(0.05), JustInTime(2.3, 2.8)], ids=lambda policy: repr(policy))
@pytest.mark.parametrize("part", PARTS)
def test_every_part_under_every_policy(part: str, policy: RecoveryPolicy) -> None:
    _same(PARTS[part], policy, workload=Workload(inferences=4))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: repr(policy))
@pytest.mark.parametrize("supply", [direct(), PARTS["direct-esr"]], ids=["direct", "direct-esr"])
def test_other_sources(supply: Supply, policy: RecoveryPolicy) -> None:
    curve = CurveSource(np.array([0.0, 2.4, 3.3, 4.2]), LEVELS[:, None] * np.array([1.0, 0.9, 0.6, 0.0]) * 2e-3)
    for source in (CurrentSource(2e-3 * LEVELS, 4.0), curve):
        _same(supply, policy, source, workload=Workload(inferences=4))


@pytest.mark.parametrize(
    ("queue", "deadline", "policy"),
    list(itertools.product(Queue, [None, 1.5], [Tile(), Tile(guards=True), Timer(0.05), JustInTime(2.3, 2.8)])),
)
def test_releases(queue: Queue, deadline: float | None, policy: RecoveryPolicy) -> None:
    for period in (0.5, 0.9, 5.0):
        _same(boost(), policy, workload=Workload(period=period, deadline=deadline, queue=queue), sleep_power_w=20e-6)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: repr(policy))
def test_tasks(policy: RecoveryPolicy) -> None:
    sense, send = Task(name="sense", power=3e-3, duration=0.05), Task(name="send", power=20e-3, duration=0.04)
    for application in (
        Application(before=(sense,), after=(send,)),
        Application(after=(Task(name="beacon", power=5e-3),)),
    ):
        _same(boost(), policy, application=application, workload=Workload(inferences=4))


@pytest.mark.parametrize("harvest", [True, False])
@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: repr(policy))
def test_switches_of_the_published_comparison(policy: RecoveryPolicy, harvest: bool) -> None:
    _same(boost(), policy, harvest_while_on=harvest, recharge_at_end=True, workload=Workload(inferences=3))


@pytest.mark.parametrize(
    ("watt", "compute_j", "verdict"),
    [
        (1e-4, 100e-6, Verdict.COMPLETED),
        (0.0, 100e-6, Verdict.NEVER_ON),
        (1e-4, 10e-3, Verdict.NONTERMINATION),
    ],
)
def test_verdicts(watt: float, compute_j: float, verdict: Verdict) -> None:
    one, other = both(case(power(watt), uniform(30, compute_j), initial_voltage=1.0, duration_s=1e4))
    assert_agree(one, other)
    assert other.verdict is verdict


def test_a_guard_that_can_never_be_satisfied() -> None:
    one, other = both(case(power(1e-3), uniform(3, 10e-3), policy=Tile(guards=True), duration_s=1e4))
    assert_agree(one, other)
    assert other.verdict is Verdict.NONTERMINATION


def test_interrupted_runs_close_their_books() -> None:
    work = uniform(1000, 1e-6)
    run = simulate_compiled(case(power(5e-3), work, workload=Workload(), duration_s=1e6), lambda: True)
    assert run.verdict is Verdict.INTERRUPTED
    assert 0 < run.duration_s < 1e6
    assert run.finished


def test_the_choice_of_the_engine() -> None:
    class Looker:
        needs_events = True

        def passed(self, *_: object) -> None:
            pass

    class Glancer(Looker):
        needs_events = False

    one = case(power(1e-3), uniform(3))
    assert run_case(one).engine is Engine.COMPILED
    assert run_case(one, EngineChoice.COMPILED).engine is Engine.COMPILED
    assert run_case(one, EngineChoice.EVENT).engine is Engine.EVENT
    assert run_case(one, EngineChoice.AUTO, [Looker()]).engine is Engine.EVENT
    assert run_case(one, EngineChoice.AUTO, [Glancer()]).engine is Engine.COMPILED


@pytest.mark.parametrize("scale", [1.0, 5.0])
@pytest.mark.parametrize("name", catalogue_names())
def test_traces_of_the_catalogue(name: str, scale: float) -> None:
    trace = load_trace(name).scaled(scale)
    one = case(trace, WORK, boost(efficiency=0.8), workload=Workload(), duration_s=min(trace.duration_s, 600.0))
    assert_agree(*both(one))
