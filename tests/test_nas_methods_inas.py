"""iNAS: rewards, the controller, and its search against everything there is."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from nas_method_cases import Laboratory, architectures, hardware, laboratory, plain_space, problem  # noqa: E402

from nas.hardware.model import hardware_model  # noqa: E402
from nas.methods.driving import drive  # noqa: E402
from nas.methods.inas.controller import Learner, decide, new_weights  # noqa: E402
from nas.methods.inas.reward import Average, reward  # noqa: E402
from nas.methods.inas.search import best_by_accuracy, inas  # noqa: E402
from nas.methods.inas.settings import AS_PUBLISHED, MENDED, InasSettings, Quirks  # noqa: E402
from nas.problem.evaluation import HardwareCosts  # noqa: E402
from nas.problem.objectives import Requirements, objective  # noqa: E402
from nas.problem.problem import Problem  # noqa: E402
from nas.space.genome import Gene  # noqa: E402
from nas.space.layer_prices import Power  # noqa: E402
from simint.errors import InputError  # noqa: E402

torch.set_num_threads(1)
ACCURACY = objective("accuracy")

COSTS = HardwareCosts(10.0, 6.0, 4.0, 3.0, 20.0, 0.01, 5000.0, 1e5, 2e5, 4000.0)
ASKED = Requirements(latency_s=20.0, nvm_bytes=1e6)


def test_the_four_cases_of_the_reward() -> None:
    """Too large, no design, too slow, feasible: as published every miss has the least reward."""
    large = replace(COSTS, weight_bytes=1e6)
    nothing = replace(COSTS, latency_s=math.inf)
    slow = replace(COSTS, latency_s=30.0)
    for costs in (large, nothing, slow):
        assert reward(costs, ASKED, 0.9, 0.5, flat_misses=True) == -0.1
    assert reward(COSTS, ASKED, 0.52, 0.5) == pytest.approx(0.52 - 0.5 + 10 / 200)
    assert reward(COSTS, ASKED, 0.9, 0.5) == 0.1
    assert reward(COSTS, ASKED, 0.1, 0.5) == -0.1
    assert reward(COSTS, ASKED, math.nan, 0.5) == -0.1


def test_a_graded_miss_says_which_way_to_go() -> None:
    misses = [reward(replace(COSTS, latency_s=latency), ASKED, 0.9, 0.5) for latency in (20.1, 25.0, 30.0, 45.0, 90.0)]
    assert misses[0] < 0
    assert misses == sorted(misses, reverse=True)
    assert misses[2] == pytest.approx(-0.05)
    assert misses[-1] == -0.1


@given(
    latency_s=st.floats(0.1, 1e4),
    accuracy=st.floats(0, 1),
    average=st.floats(0, 1.5),
    flat=st.booleans(),
)
def test_rewards_are_bounded_and_a_miss_never_pays(
    latency_s: float, accuracy: float, average: float, flat: bool
) -> None:
    found = reward(replace(COSTS, latency_s=latency_s), ASKED, accuracy, average, flat_misses=flat)
    assert -0.1 <= found <= 0.1
    if latency_s > ASKED.latency_s:
        assert found <= 0


def test_moving_average_of_accuracy() -> None:
    first = Average(0.8).updated(0.5)
    assert first.value == 0.5
    assert first.updated(1.0).value == pytest.approx(0.6)
    assert first.raised(1.2).value == pytest.approx(0.6)


GENES = tuple(Gene(name, layer, (1, 2, 3)) for layer in range(2) for name in ("kernel", "filters"))


def learner(quirks: Quirks = MENDED, **changed: float) -> Learner:
    settings = InasSettings(**{"learning_rate": 0.01, "regularisation": 0.0} | changed)  # type: ignore[arg-type]
    return Learner(new_weights(GENES, settings, torch.Generator().manual_seed(0)), settings, quirks)


@pytest.mark.parametrize(("earned", "likelier"), [(0.1, True), (-0.1, False)])
def test_learning_follows_the_reward(earned: float, likelier: bool) -> None:
    trained = learner()
    genome = (2, 0, 1, 1)

    def likelihood() -> float:
        _, logits = decide(trained.weights, GENES, 0)
        return sum(float(torch.log_softmax(step.detach(), 0)[i]) for step, i in zip(logits, genome, strict=True))

    before = likelihood()
    _, logits = decide(trained.weights, GENES, 0)
    trained.learn(logits, genome, earned)
    assert (likelihood() > before) == likelier


def test_decisions_are_the_most_probable_ones() -> None:
    genome, logits = decide(learner().weights, GENES, 1)
    assert genome == tuple(int(step.argmax()) for step in logits)
    assert len(logits) == len(GENES)


def test_the_first_input_matters() -> None:
    """As published it is always the reserved entry."""
    weights = learner().weights
    first = [decide(weights, GENES, entry)[1][0] for entry in (0, 1)]
    assert not torch.equal(*first)


@pytest.mark.parametrize("earned", [0.1, -0.1])
def test_as_published_a_penalty_makes_weights_grow(earned: float) -> None:
    """The regulariser is multiplied by the reward; mended, it pulls weights to zero whatever was earned."""

    def norm_change(quirks: Quirks) -> float:
        trained = learner(quirks, regularisation=1e3, learning_rate=1e-4)
        before = sum(float((t.detach() ** 2).sum()) for t in trained.weights.tensors)
        trained.learn(decide(trained.weights, GENES, 0)[1], (0, 0, 0, 0), earned)
        return sum(float((t.detach() ** 2).sum()) for t in trained.weights.tensors) - before

    assert norm_change(MENDED) < 0
    assert (norm_change(Quirks(scaled_regulariser=True)) < 0) == (earned > 0)


def test_as_published_later_options_are_pushed_harder() -> None:
    def gradient(quirks: Quirks, option: int) -> float:
        trained = learner(quirks)
        trained.learn(decide(trained.weights, GENES, 0)[1], (option, 0, 0, 0), 0.1)
        offset = trained.weights.outputs[0][1]
        assert offset.grad is not None
        return float(offset.grad[option])

    for option in range(3):
        assert gradient(Quirks(scaled_targets=True), option) == pytest.approx((option + 1) * gradient(MENDED, option))


def lab_of(name: str, latency_s: float) -> Laboratory:
    return laboratory(problem(plain_space(name), latency_s, "accuracy"), 1)


@pytest.mark.parametrize(("name", "latency_s"), [("inas-har", 28.9), ("inas-kws", 16.24)])
def test_enumeration_agrees_with_the_controller_or_is_better(name: str, latency_s: float) -> None:
    """Both spaces can be enumerated (4096 and 256 networks), so the best of 100 trials has a known rank."""
    lab = lab_of(name, latency_s)
    everything = architectures(lab.problem.space)
    feasible = [g for g, meets in zip(everything, lab.problem.feasible(everything), strict=True) if meets]
    accuracies = np.sort([lab.accuracy(genome) for genome in feasible])[::-1]
    for seed in range(2):
        found = drive(inas(lab.problem, InasSettings(), np.random.default_rng(seed)), lab)
        assert len(found) == len({entry.genome for entry in found}) <= 100
        assert all(lab.problem.requirements.met_by(entry.costs) for entry in found)
        best = best_by_accuracy(found).measures.accuracy_percent
        assert best <= accuracies[0]
        # Better than the median of all feasible networks by far: what one draw would give.
        assert (accuracies > best).mean() < 0.15


def test_as_published_known_networks_are_measured_again() -> None:
    lab = lab_of("inas-kws", 16.24)
    drive(inas(lab.problem, InasSettings(), np.random.default_rng(0), AS_PUBLISHED), lab)
    assert len(lab.genomes) > len(set(lab.genomes))


@pytest.mark.parametrize("quirks", [MENDED, AS_PUBLISHED, replace(AS_PUBLISHED, zero_weights=True)])
def test_same_seed_same_search(quirks: Quirks) -> None:
    """And neither the global generator of numpy nor that of torch is touched."""
    runs = []
    for _ in range(2):
        lab = lab_of("inas-har", 28.9)
        states = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
        drive(inas(lab.problem, InasSettings(trials=40), np.random.default_rng(3), quirks), lab)
        assert (np.random.get_state()[1] == states[0]).all()  # noqa: NPY002
        assert torch.equal(torch.get_rng_state(), states[1])
        runs.append(lab.batches)
    assert runs[0] == runs[1]
    assert runs[0]


def test_nothing_feasible_is_an_error_at_the_end() -> None:
    lab = lab_of("inas-har", 0.1)
    found = drive(inas(lab.problem, InasSettings(trials=20), np.random.default_rng(0)), lab)
    assert not found
    with pytest.raises(InputError, match="no network met the requirements in any trial"):
        best_by_accuracy(found)


def test_the_baseline_is_the_same_search_under_continuous_power() -> None:
    """HW-NAS: published requirement 4.7 s. Its networks miss any such latency once power fails."""
    space = plain_space("inas-har")
    asked = Problem(space, hardware_model(space, power=Power.CONTINUOUS), Requirements(latency_s=4.7), (ACCURACY,))
    found = drive(inas(asked, InasSettings(), np.random.default_rng(0)), laboratory(asked))
    assert found
    intermittent = hardware(space).costs([entry.genome for entry in found])
    for entry, costs in zip(found, intermittent, strict=True):
        assert entry.costs.latency_s <= 4.7 < costs.latency_s
