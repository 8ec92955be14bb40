"""What a replay's summary and hint must say, for whatever happened."""

from __future__ import annotations

import dataclasses
import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_cases import bench, bursts, replay_of, run_case, supply

from simint.engine.run import EnergyBook, Run, TimeBook, Verdict
from simint.engine.workload import Workload
from simint.hardware.supply import Supply
from simint.replay.case import Replay
from simint.report.hints import hint
from simint.report.limits import Limit, avoidable_j, find_limit, tiles_per_cycle
from simint.report.schema import Summary
from simint.report.shares import energy_shares, income_j, time_shares
from simint.report.summary import summary_data, summary_json

AMOUNT = st.floats(0.0, 1e3)
ENERGY_TERMS = [
    f.name for f in dataclasses.fields(EnergyBook) if f.name not in ("harvested", "available", "stored_delta")
]
TIME_TERMS = [f.name for f in dataclasses.fields(TimeBook)]


@pytest.fixture(scope="module")
def charging() -> Replay:
    """Most of the time is spent charging, and nearly all energy goes into the inferences."""
    trace, node = bench(), supply("thevenin")
    return replay_of(run_case(trace, node, workload=Workload(inferences=3)), trace, node)


def hint_of(replay: Replay) -> str:
    return hint(replay.run, replay.scenario, replay.parts.supply)


def with_book(replay: Replay, periodic: bool = False, **terms: float) -> Replay:
    """The replay with energy moved from computing to other terms."""
    energy = dataclasses.replace(replay.run.energy, **terms)
    workload = Workload(period=20.0) if periodic else replay.scenario.workload
    scenario = msgspec.structs.replace(replay.scenario, workload=workload)
    return dataclasses.replace(replay, run=dataclasses.replace(replay.run, energy=energy), scenario=scenario)


@given(uses=st.lists(AMOUNT, min_size=len(ENERGY_TERMS), max_size=len(ENERGY_TERMS)), stored=st.floats(-1e3, 1e3))
def test_energy_shares_add_up_to_all_that_came_in(uses: list[float], stored: float) -> None:
    harvested = math.fsum(uses) + stored
    if harvested < 0 or math.fsum(uses) == 0:
        return
    terms = dict(zip(ENERGY_TERMS, uses, strict=True))
    book = EnergyBook(harvested=harvested, available=harvested, stored_delta=stored, **terms)
    shares = energy_shares(book)
    assert math.fsum(share.share for share in shares) == pytest.approx(1.0, abs=1e-9)
    assert math.fsum(share.amount for share in shares) == pytest.approx(income_j(book), rel=1e-9)


@given(uses=st.lists(AMOUNT, min_size=len(TIME_TERMS), max_size=len(TIME_TERMS)))
def test_time_shares_add_up_to_the_run(uses: list[float]) -> None:
    book = TimeBook(**dict(zip(TIME_TERMS, uses, strict=True)))
    whole = math.fsum(share.share for share in time_shares(book))
    assert whole == pytest.approx(1.0 if book.total > 0 else 0.0, abs=1e-9)


def interrupted() -> Run:
    return run_case(bench(), supply("thevenin"), stop_after=40)


def never_on() -> Run:
    return run_case(bursts(1e-6), supply("boost"))


def nontermination() -> Run:
    return run_case(bench(), supply("thevenin"), policy="none", workload=Workload(inferences=1))


@pytest.mark.parametrize("make", [interrupted, never_on, nontermination])
def test_summary_survives_json_without_nan(make) -> None:
    run = make()
    summary = summary_data(replay_of(run, bench(), supply("thevenin")))

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is no JSON")

    text = summary_json(summary)
    assert json.loads(text, parse_constant=refuse)["verdict"] == run.verdict.value
    assert msgspec.json.decode(text, type=Summary) == summary
    assert summary.partial == (run.verdict is Verdict.INTERRUPTED)


def test_summary_says_what_the_run_says(charging: Replay) -> None:
    run, summary = charging.run, summary_data(charging)
    latencies = sorted(inference.latency_s for inference in run.finished)
    assert summary.inferences.completed == summary.inferences.progress == 3
    assert summary.inferences.latency is not None
    assert summary.inferences.latency.median_s == latencies[1]
    assert (summary.inferences.latency.min_s, summary.inferences.latency.max_s) == (latencies[0], latencies[-1])
    assert latencies[1] < summary.inferences.latency.p95_s < latencies[2]
    book = summary.energy
    losses = book.frontend_loss_j + book.spilled_j + book.leaked_j + book.quiescent_j
    assert book.harvested_j == pytest.approx(losses + book.device_j + book.stored_delta_j, rel=1e-9)
    assert math.fsum(msgspec.structs.astuple(summary.time)) == pytest.approx(summary.duration_s, rel=1e-9)
    assert summary.tiles.started == summary.tiles.committed + summary.tiles.lost
    assert summary.overhead.overhead_s == pytest.approx(summary.overhead.working_s - summary.overhead.continuous_s)
    assert summary.inferences.energy_per_inference_j == pytest.approx(book.device_j / 3)
    assert summary.power_cycles.count == summary.power_cycles.boots == len(run.power_cycles)


def test_without_a_completed_inference_there_is_no_latency() -> None:
    summary = summary_data(replay_of(never_on(), bench(), supply("boost")))
    assert summary.inferences.latency is None
    assert summary.first_turn_on_s is None
    assert summary.power_cycles.mean_on_s is None
    assert summary.inferences.energy_per_inference_j is None


def test_hint_at_charging(charging: Replay) -> None:
    assert find_limit(charging.run, False) is Limit.CHARGING
    assert "mean harvest" in hint_of(charging)


@pytest.mark.parametrize(
    ("term", "limit", "remedy"),
    [
        ("frontend_loss", Limit.FRONT_END, "drop"),
        ("spilled", Limit.SPILLED, "larger capacitor"),
        ("leaked", Limit.LEAKAGE, "leaks less"),
        ("quiescent", Limit.QUIESCENT, "draw less"),
        ("boot", Limit.BOOTS, "larger capacitor"),
        ("restore", Limit.BOOTS, "larger capacitor"),
        ("lost", Limit.LOST_WORK, "smaller batches"),
        ("index", Limit.PRESERVATION, "longer batches"),
        ("checkpoint", Limit.PRESERVATION, "longer batches"),
        ("sleep", Limit.SLEEP, "sleep power"),
    ],
)
def test_hint_names_the_largest_waste_and_a_remedy(charging: Replay, term: str, limit: Limit, remedy: str) -> None:
    compute = charging.run.energy.compute
    replay = with_book(
        charging, compute=0.4 * compute, **{term: 0.6 * compute}, available=charging.run.energy.harvested
    )
    assert find_limit(replay.run, False) is limit
    assert remedy in hint_of(replay)
    slight = with_book(charging, compute=0.98 * compute, **{term: 0.02 * compute})
    assert find_limit(slight.run, False) is Limit.CHARGING


def test_hint_at_a_source_off_its_maximum_power_point(charging: Replay) -> None:
    replay = with_book(charging, available=3.0 * charging.run.energy.harvested)
    assert find_limit(replay.run, False) is Limit.MISMATCH
    assert "maximum power point" in hint_of(replay)


def test_hint_at_one_tile_too_large_for_the_capacitor() -> None:
    """A capacitor that holds energy for one tile and most of a second one loses nearly half of its work."""
    trace = bench()
    node = supply("thevenin", 0.18e-3)
    run = run_case(trace, node, workload=Workload(inferences=1))
    assert 1.0 <= tiles_per_cycle(run) < 2.0
    assert find_limit(run, False) is Limit.ONE_TILE
    assert "smaller tiles" in hint_of(replay_of(run, trace, node))


def test_hint_at_nontermination_gives_a_capacitor_that_does() -> None:
    run = nontermination()
    text = hint(run, replay_of(run, bench(), supply("thevenin"), "none").scenario, supply("thevenin"))
    assert run.nontermination is not None
    size = run.nontermination.smallest_capacitance
    assert "7.98 mF" in text
    assert "policy tile" in text
    wanted = Workload(inferences=1)
    assert run_case(bench(), supply("thevenin", size), policy="none", workload=wanted).verdict is Verdict.COMPLETED
    assert run_case(bench(), supply("thevenin", 0.99 * size), policy="none", workload=wanted).finished == ()


def test_hint_where_no_capacitor_helps(charging: Replay) -> None:
    run = nontermination()
    assert run.nontermination is not None
    hopeless = dataclasses.replace(run.nontermination, smallest_capacitance=math.inf)
    run = dataclasses.replace(run, nontermination=hopeless)
    assert "no capacitor helps" in hint(run, charging.scenario, charging.parts.supply)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"harvested": 0.0}, "nothing was harvested"),
        ({"leaked": 1.0, "quiescent": 0.5, "harvested": 2.0, "frontend_loss": 0.4}, "leakage"),
        ({"leaked": 0.5, "quiescent": 1.0, "harvested": 2.0, "frontend_loss": 0.4}, "quiescent"),
        ({"leaked": 0.0, "quiescent": 0.0, "harvested": 2.0, "frontend_loss": 0.4}, "smaller capacitor"),
    ],
)
def test_hint_where_the_device_never_turns_on(changes: dict[str, float], words: str) -> None:
    node = supply("boost")
    run = never_on()
    assert run.verdict is Verdict.NEVER_ON
    run = dataclasses.replace(run, energy=dataclasses.replace(run.energy, **changes))
    text = hint(run, replay_of(run, bench(), node).scenario, node)
    assert words in text
    assert "3.3 V" in text


def test_hint_where_power_never_fails() -> None:
    """With 20 mW the bench device works all the time; released once a minute it sleeps most of it."""
    trace, node = bursts(20e-3), supply("boost")
    busy = run_case(trace, node, workload=Workload(inferences=3))
    assert find_limit(busy, False) is Limit.COMPUTING
    assert "microcontroller is the limit" in hint_of(replay_of(busy, trace, node))
    periodic = Workload(period=60.0, deadline=30.0)
    idle = run_case(trace, node, workload=periodic, duration_s=600.0)
    assert find_limit(idle, True) is Limit.IDLE
    text = hint_of(replay_of(idle, trace, node, workload=periodic))
    assert "nothing limits" in text
    assert "missed" not in text
    dark = dataclasses.replace(idle.time, off=idle.first_turn_on_s, sleep=0.0)
    cut = dataclasses.replace(idle, duration_s=idle.first_turn_on_s, time=dark)
    assert "the run ended as the device turned on" in hint_of(replay_of(cut, trace, node, workload=periodic))


def test_hint_counts_missed_deadlines_and_dropped_releases() -> None:
    trace, node = bursts(), supply("boost")
    periodic = Workload(period=30.0, deadline=60.0)
    run = run_case(trace, node, workload=periodic, duration_s=600.0)
    text = hint_of(replay_of(run, trace, node, workload=periodic))
    assert text.startswith(f"{run.deadlines_missed} of {len(run.inferences)} deadlines missed and {run.dropped} rel")


def test_every_limit_has_a_sentence(charging: Replay) -> None:
    node: Supply = charging.parts.supply
    assert set(avoidable_j(charging.run)) < set(Limit)
    from simint.report.hints import _SENTENCES

    for limit, sentence in _SENTENCES.items():
        text = sentence(charging.run, charging.scenario, node)
        assert text.endswith("."), limit
    assert set(_SENTENCES) == set(Limit)


def test_a_run_that_ends_at_its_first_turn_on_has_a_hint() -> None:
    trace, node = bursts(), supply("boost")
    run = run_case(trace, node, workload=Workload(inferences=1))
    cut = dataclasses.replace(run, verdict=Verdict.STOPPED, duration_s=run.first_turn_on_s)
    assert "longer" in summary_data(replay_of(cut, trace, node)).hint
