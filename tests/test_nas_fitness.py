"""Fidelities: tables are the kernel, the forced replay is the abstract model, compiled replay is SimPy's."""

from __future__ import annotations

import dataclasses
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.fitness.kernel import kernel_costs
from nas.fitness.promotion import Fidelity, promote, rank_agreement
from nas.fitness.replay import ReplayFitness, measures_of, prepare_replay
from nas.fitness.scenarios import replay_scenario, replay_supply
from nas.hardware.model import hardware_model
from nas.space.genome import random_genome
from nas.space.search_space import load_space
from nas.space.target import target_platform, target_settings
from simint.engine.engines import EngineChoice
from simint.engine.workload import Workload
from simint.errors import InfeasibleError, InputError
from simint.hardware.presets import load_platform, load_supply
from simint.network.catalogue import load_network, network_presets
from simint.network.network import Network
from simint.replay.case import chosen_designs, replay
from simint.scenario import PolicyChoice, Scenario, TraceChoice

TRACES = ("rf-walk-by", "kinetic-walk")


@pytest.mark.parametrize(("name", "count"), [("har", 1000), ("cifar10", 30), ("digits", 200), ("inas-har", 100)])
def test_tables_add_up_to_the_network_explored_directly(name: str, count: int) -> None:
    """Acceptance check I.3 of the specification."""
    space = load_space(name)
    platform, settings = target_platform(space.target), target_settings(space.target)
    generator = np.random.default_rng(3)
    genomes = [random_genome(space, generator) for _ in range(count)]
    genomes = list(dict.fromkeys(space.canonical(genome) for genome in genomes))
    feasible = 0
    for genome, summed in zip(genomes, hardware_model(space).costs(genomes), strict=True):
        direct = dataclasses.asdict(kernel_costs(space.network(genome), platform, settings))
        if math.isfinite(summed.latency_s):
            feasible += 1
            assert dataclasses.asdict(summed) == pytest.approx(direct, rel=1e-12)
    assert feasible > count / 2


def published_bench(policy: str) -> ReplayFitness:
    """The published model's assumptions, replayed: its bench, no harvest while on, a recharge after the last batch."""
    supply = load_supply("thevenin")
    return prepare_replay(
        [
            Scenario(
                trace=TraceChoice(name="thevenin-bench"),
                supply=supply,
                platform=load_platform("msp430fr5994-tinas2024"),
                policy=PolicyChoice(name=policy),
                workload=Workload(inferences=1),
                initial_voltage=supply.v_on,
                harvest_while_on=False,
                recharge_at_end=True,
            )
        ]
    )


@pytest.mark.parametrize("name", ["har", "cifar10"])
def test_a_forced_replay_is_the_abstract_model(name: str) -> None:
    """I.10. Batch normalisation takes longer as executed, 2.6 % at most of a layer (14.3)."""
    space, forced = load_space(name), published_bench("tile-shutdown")
    generator = np.random.default_rng(10)
    genomes = [random_genome(space, generator) for _ in range(12)]
    for genome, costs in zip(genomes, hardware_model(space).costs(genomes), strict=True):
        network = space.network(genome)
        designs = chosen_designs(forced.ready[0].scenario, forced.ready[0].with_network(network))
        run = forced.ready[0].run(network, designs)
        print(
            run.energy.device / costs.active_j - 1,
            run.time.on / costs.active_s - 1,
            run.duration_s / costs.latency_s - 1,
        )
        assert len(run.power_cycles) == costs.power_cycles
        assert run.energy.device == pytest.approx(costs.active_j, rel=1e-4)
        assert 0 <= run.time.on - costs.active_s < 2e-3 * costs.active_s
        assert run.duration_s == pytest.approx(costs.latency_s, rel=1e-3)


def test_running_on_is_faster_than_shutting_down_at_5_mf() -> None:
    """I.10 for the published HAR networks."""
    forced, greedy = published_bench("tile-shutdown"), published_bench("tile")
    names = [preset.name for preset in network_presets() if preset.name.startswith("tinas") and "har" in preset.name]
    assert len(names) >= 2
    for name in names:
        network = load_network(name)
        slow, fast = forced.replay(network)[0], greedy.replay(network)[0]
        assert fast.latency_s < 0.6 * slow.latency_s
        assert fast.power_cycles < 0.1 * slow.power_cycles
        assert fast.overhead_s < slow.overhead_s


def digits_networks(count: int) -> list[Network]:
    space, generator = load_space("digits"), np.random.default_rng(2)
    return [space.network(random_genome(space, generator)) for _ in range(count)]


def digits_scenarios(policy: str = "tile") -> tuple[Scenario, ...]:
    supply = replay_supply(target_settings(load_space("digits").target))
    base = replay_scenario(supply, TraceChoice(name=TRACES[0]))
    base = msgspec.structs.replace(base, policy=PolicyChoice(name=policy), duration=300.0)
    return tuple(msgspec.structs.replace(base, trace=TraceChoice(name=name)) for name in TRACES)


@pytest.mark.parametrize("policy", ["tile", "tile-shutdown", "jit"])
def test_compiled_replay_is_the_replay_of_simpy(policy: str) -> None:
    scenarios = digits_scenarios(policy)
    fast, slow = (prepare_replay(scenarios, engine) for engine in (EngineChoice.COMPILED, EngineChoice.EVENT))
    for network in digits_networks(3):
        for one, other in zip(fast.replay(network), slow.replay(network), strict=True):
            assert (one.verdict, one.inferences, one.power_cycles) == (
                other.verdict,
                other.inferences,
                other.power_cycles,
            )
            assert one.inferences_per_day == pytest.approx(other.inferences_per_day, rel=1e-9)
            assert one.latency_s == pytest.approx(other.latency_s, rel=1e-9)
            assert one.overhead_s == pytest.approx(other.overhead_s, rel=1e-9)


def test_what_is_shared_between_candidates_changes_nothing() -> None:
    """A candidate after others gets what a replay of its own gives."""
    scenarios = digits_scenarios()
    fitness = prepare_replay(scenarios)
    for network in digits_networks(3):
        for scenario, found in zip(scenarios, fitness.replay(network), strict=True):
            run = replay(msgspec.structs.replace(scenario, network=network)).run
            latencies = [inference.latency_s for inference in run.finished]
            assert found.inferences == len(latencies)
            assert found.latency_s == float(np.median(latencies))
            assert abs(found.inferences_per_day - len(latencies) * 86400 / run.duration_s) < 86400 / run.duration_s
            assert found.overhead_s == run.overhead_s / run.progress


def test_median_and_worst_are_over_traces() -> None:
    results = prepare_replay(digits_scenarios()).replay(digits_networks(1)[0])
    measures = measures_of(results)
    rates, latencies = ([getattr(r, f) for r in results] for f in ("inferences_per_day", "latency_s"))
    assert measures.inferences_per_day == sum(rates) / 2
    assert measures.worst_inferences_per_day == min(rates)
    assert measures.replay_latency_s == sum(latencies) / 2
    assert measures.worst_replay_latency_s == max(latencies)
    assert math.isnan(measures.accuracy_percent)


def test_a_trace_too_weak_to_turn_on_gives_no_inference() -> None:
    scenarios = [
        msgspec.structs.replace(each, trace=msgspec.structs.replace(each.trace, scale=1e-6))
        for each in digits_scenarios()
    ]
    measures = prepare_replay(scenarios).measures(digits_networks(1)[0])
    assert dataclasses.astuple(measures)[1:] == (0.0, 0.0, math.inf, math.inf)


def test_a_capacitor_too_small_for_any_tile_is_infeasible() -> None:
    supply = replay_supply(target_settings(load_space("digits").target))
    tiny = msgspec.structs.replace(supply, capacitor=msgspec.structs.replace(supply.capacitor, capacitance=1e-7))
    fitness = prepare_replay([replay_scenario(tiny, TraceChoice(name=TRACES[0]))])
    with pytest.raises(InfeasibleError):
        fitness.measures(digits_networks(1)[0])


GENOMES = [(k,) for k in range(20)]


def fidelity(name: str, seen: list[int], sign: float = 1.0) -> Fidelity:
    def scores(genomes: object) -> list[float]:
        listed = [genome[0] for genome in genomes]  # type: ignore[attr-defined]
        seen.append(len(listed))
        return [sign * number for number in listed]

    return Fidelity(name, scores)


def test_promotion_hands_on_the_best_and_tells_how_far_fidelities_agree() -> None:
    seen: list[int] = []
    same, opposite = fidelity("cheap", seen), fidelity("dear", seen, -1.0)
    rounds = promote(GENOMES, (same, same, opposite), (8, 5))
    assert seen == [20, 8, 5]
    assert [stage.genomes[0] for stage in rounds] == [(0,), (0,), (4,)]
    assert math.isnan(rounds[0].agreement)
    assert rounds[1].agreement == pytest.approx(1.0)
    assert rounds[2].agreement == pytest.approx(-1.0)


def test_what_cannot_run_is_promoted_last() -> None:
    scores = {genome: math.inf if genome[0] < 18 else 1.0 for genome in GENOMES}
    judged = Fidelity("some", lambda genomes: [scores[genome] for genome in genomes])
    assert promote(GENOMES, (judged, judged), (2,))[1].genomes == ((18,), (19,))


@pytest.mark.parametrize("keep", [(), (1, 1), (0,)])
def test_promotion_needs_a_number_between_each_two(keep: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="keep"):
        promote(GENOMES, (fidelity("a", []), fidelity("b", [])), keep)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=30, unique=True))
def test_rank_agreement_sees_order_alone(values: list[int]) -> None:
    assert rank_agreement(values, [value**3 for value in values]) == pytest.approx(1.0)
    assert rank_agreement(values, [-value for value in values]) == pytest.approx(-1.0)
    assert math.isnan(rank_agreement(values, [1.0 for _ in values]))
