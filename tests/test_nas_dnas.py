"""The differentiable channel search: limits that hold, phases, resumption, sweeps."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest

from nas.methods.dnas.config import DnasConfig, Memory, Objective, memory_limit, point_name
from nas.methods.dnas.settings import Constraint, DnasSettings
from nas.modules.kinds import Initialisation
from nas.train.settings import Optimiser, TrainSettings
from simint.errors import InputError

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from nas.channels.masked_module import MaskedModule  # noqa: E402
from nas.data.catalogue import load_data  # noqa: E402
from nas.methods.dnas.constraint import CostTerms, first_strengths, penalty, permitted_within  # noqa: E402
from nas.methods.dnas.costs import CostBook  # noqa: E402
from nas.methods.dnas.final import with_test_accuracy  # noqa: E402
from nas.methods.dnas.fitting import FULL, filled, within_limit  # noqa: E402
from nas.methods.dnas.result import DnasResult  # noqa: E402
from nas.methods.dnas.search import DnasProgress, run_dnas  # noqa: E402
from nas.methods.dnas.sweep import sweep  # noqa: E402
from nas.modules.network_module import build_module  # noqa: E402
from nas.train.loop import weights_generator  # noqa: E402
from nas.train.model_file import read_model  # noqa: E402
from simint.network.catalogue import load_network  # noqa: E402
from simint.network.json_file import write_network  # noqa: E402
from simint.network.layer import Layer, LayerKind  # noqa: E402
from simint.network.network import Network  # noqa: E402

SEED_NET = "mbconv:digits:w=1.0:r=8:2.3.1.y-2.3.1.n"


def training(epochs: int) -> TrainSettings:
    return TrainSettings(
        epochs=epochs, learning_rate=3e-3, optimiser=Optimiser.ADAM, initialisation=Initialisation.GLOROT, batch=128
    )


SETTINGS = DnasSettings(warm_up=training(2), fine_tune=training(1), epochs=4, batch=128, mask_rate=2e-2)
CONFIG = DnasConfig(seed_net=SEED_NET, data="digits", memory="50%", strength=0.3, settings=SETTINGS)


class Killed(Exception):
    """Stands for a power cut."""


def same(one: DnasResult, other: DnasResult) -> bool:
    """Equal but for wall-clock times."""

    def timeless(result: DnasResult) -> DnasResult:
        history = tuple(msgspec.structs.replace(record, seconds=0.0) for record in result.history)
        return msgspec.structs.replace(result, history=history, search_seconds=0.0)

    return timeless(one) == timeless(other)


@pytest.mark.parametrize(
    ("memory", "memory_of", "constraint", "objective"),
    [
        ("50%", Memory.NVM, Constraint.HINGE, Objective.ENERGY),
        ("20%", Memory.WEIGHTS, Constraint.EQUAL, Objective.IMO),
        ("6kB", Memory.NVM, Constraint.EQUAL, Objective.MACS),
    ],
)
def test_a_point_keeps_its_limit(
    memory: str, memory_of: Memory, constraint: Constraint, objective: Objective, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(SETTINGS, constraint=constraint)
    config = msgspec.structs.replace(CONFIG, memory=memory, memory_of=memory_of, objective=objective, settings=settings)
    seen: list[DnasProgress] = []
    result = run_dnas(config, tmp_path, seen.append)
    assert result.memory_bytes <= result.limit_bytes < result.seed_memory_bytes
    assert result.costs.active_j < result.seed_costs.active_j
    assert {each.phase for each in seen} == {"warm-up", "search", "fine-tuning"}
    # What is reported is what the exported network really has.
    model = read_model(tmp_path / "points" / point_name(config) / "model.pt")
    assert model.network == result.network
    if memory_of is Memory.WEIGHTS:
        plain = sum(layer.weights for layer in result.network.layers if layer.kind != "BN")
        assert result.memory_bytes == 2 * plain
    # Only the last quarter may be the result, and only within the limit.
    for record in result.history:
        assert record.candidate == (record.memory_bytes <= result.limit_bytes and record.epoch == 4)
    assert result.projected == (not any(record.candidate for record in result.history))


def test_a_killed_search_goes_on_to_the_same_result(tmp_path: Path) -> None:
    whole = run_dnas(CONFIG, tmp_path / "whole")
    for phase, epoch in (("warm-up", 1), ("search", 2), ("fine-tuning", 1)):

        def kill(progress: DnasProgress, phase: str = phase, epoch: int = epoch) -> None:
            if (progress.phase, progress.epoch) == (phase, epoch):
                raise Killed

        with pytest.raises(Killed):
            run_dnas(CONFIG, tmp_path / "killed", kill)
    resumed = run_dnas(CONFIG, tmp_path / "killed")
    assert same(resumed, whole)
    states = [
        read_model(tmp_path / each / "points" / point_name(CONFIG) / "model.pt").state for each in ("whole", "killed")
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not list((tmp_path / "killed").rglob("*search.pt"))


def test_a_sweep_shares_the_warm_up_and_its_points_stand_alone(tmp_path: Path) -> None:
    phases: list[str] = []
    results = sweep(CONFIG, tmp_path, ["75%", "40%"], [0.0], [0], lambda each: phases.append(each.phase))
    assert phases.count("warm-up") == SETTINGS.warm_up.epochs
    alone = run_dnas(results[1].config, tmp_path / "alone")
    assert same(alone, results[1])
    # Finished points are read, and tested once.
    assert (
        sweep(CONFIG, tmp_path, ["75%", "40%"], [0.0], [0], lambda _: pytest.fail("nothing is left to do")) == results
    )
    tested = with_test_accuracy(results[0], load_data("digits"), tmp_path)
    assert tested.test_accuracy_percent is not None
    assert 0 <= tested.test_accuracy_percent <= 100
    assert run_dnas(results[0].config, tmp_path) == tested


def test_files_of_another_search_are_refused(tmp_path: Path) -> None:
    run_dnas(CONFIG, tmp_path)
    other = msgspec.structs.replace(CONFIG, settings=msgspec.structs.replace(SETTINGS, epochs=5))
    with pytest.raises(InputError, match="other settings"):
        run_dnas(other, tmp_path)
    elsewhere = msgspec.structs.replace(
        CONFIG, memory="30%", settings=msgspec.structs.replace(SETTINGS, warm_up=training(3))
    )
    with pytest.raises(InputError, match="belongs to a warm-up"):
        run_dnas(elsewhere, tmp_path)


def test_limits_that_nothing_meets_are_refused_before_training(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="smallest needs"):
        run_dnas(msgspec.structs.replace(CONFIG, memory="100B"), tmp_path)
    assert not list(tmp_path.iterdir())
    for memory in ("0%", "120%", "-1kB", "half"):
        with pytest.raises(InputError, match="memory"):
            DnasConfig(seed_net=SEED_NET, data="digits", memory=memory)
    assert memory_limit("6.25%", 1600.0) == 100.0
    assert memory_limit("64kB", 1.0) == 64e3


@pytest.mark.parametrize("share", [0.9, 0.5, 0.2, 0.08])
def test_cutting_down_to_the_limit(share: float) -> None:
    """Whatever the alphas: the result keeps within the limit, and only loses channels, those of smaller alphas."""
    network = load_network("mlperf:dscnn")
    costs = CostBook().costs(DnasConfig(seed_net="mlperf:dscnn", data="keywords", objective=Objective.MACS), network)
    limit = share * costs.seed_memory
    permitted = permitted_within(costs, limit, DnasSettings())
    masked = MaskedModule(build_module(network, weights_generator(0)), permitted)
    with torch.no_grad():
        masked.masks.alpha.copy_(torch.rand(masked.masks.alpha.shape, generator=weights_generator(1)))
    before = masked.masks.kept()
    kept = within_limit(masked.masks, costs, limit)
    assert costs.memory.priced(costs.counts(kept))[0] <= limit
    for alpha, less, more, allowed in zip(
        masked.masks.alpha.split(costs.groups.sizes), kept, before, permitted, strict=True
    ):
        assert set(less) <= set(more)
        assert len(less) in allowed
        dropped = [alpha[place].item() for place in more if place not in less]
        assert max(dropped, default=0.0) <= min(alpha[place].item() for place in less)
    masked.masks.keep(kept)
    assert masked.masks.kept() == kept
    # Filling up adds channels until no step of any group fits any more or, with a second cost, the limit is used.
    for strength in (0.0, 1.0):
        fuller = filled(masked.masks, costs, limit, strength)
        counts = costs.counts(fuller)
        memory = costs.memory.priced(counts)[0]
        assert memory <= limit
        for group, (less, more, allowed) in enumerate(zip(kept, fuller, permitted, strict=True)):
            assert set(less) <= set(more)
            for count in [count for count in allowed if count > len(more)][:1]:
                larger = counts.copy()
                larger[group] = count
                assert costs.memory.priced(larger)[0] > limit or (strength > 0 and memory >= FULL * limit)


def test_filling_finds_the_cheapest_of_the_full_networks() -> None:
    """Against all networks that have the kept channels and use the limit."""
    network = load_network(SEED_NET)
    costs = CostBook().costs(CONFIG, network)
    masked = MaskedModule(build_module(network, weights_generator(0)))
    permitted = masked.masks.permitted
    for seed, share in itertools.product(range(4), (0.4, 0.7)):
        limit = share * costs.seed_memory
        with torch.no_grad():
            alphas = torch.rand(masked.masks.alpha.shape, generator=weights_generator(seed))
            masked.masks.alpha.copy_(0.6 * alphas)
        masked.masks.keep(within_limit(masked.masks, costs, limit))
        start = costs.counts(masked.masks.kept())
        above = [[count for count in each if count >= first] for each, first in zip(permitted, start, strict=True)]
        every = [np.array(counts, dtype=np.float64) for counts in itertools.product(*above)]
        full = [each for each in every if FULL * limit <= costs.memory.priced(each)[0] <= limit]
        found = costs.counts(filled(masked.masks, costs, limit, 1.0))
        assert full
        assert costs.second.priced(found)[0] == min(costs.second.priced(each)[0] for each in full)


def test_the_penalty_is_as_strong_as_the_task_at_the_start() -> None:
    network = load_network(SEED_NET)
    costs = CostBook().costs(CONFIG, network)
    limit, task_loss = 0.5 * costs.seed_memory, 0.7
    full = first_strengths(costs, limit, task_loss, 2.0)
    theta = torch.ones(sum(costs.groups.sizes))
    assert penalty(theta, CostTerms(costs, limit, full)).item() == pytest.approx(task_loss + 2.0 * task_loss, rel=1e-5)
    constraint_alone = dataclasses.replace(full, second=0.0)
    # Within the limit the hinge asks for nothing, the other form for more channels.
    least = torch.cat([torch.eye(size)[0] for size in costs.groups.sizes]).requires_grad_()
    hinge = penalty(least, CostTerms(costs, limit, constraint_alone))
    assert hinge.item() == 0.0
    penalty(least, CostTerms(costs, limit, constraint_alone, Constraint.EQUAL)).backward()
    assert bool((least.grad < 0).all())


def test_strengths_are_annealed_over_the_first_half() -> None:
    settings = DnasSettings(epochs=60)
    shares = [settings.strength(epoch) for epoch in range(60)]
    assert shares[0] == 0.01
    assert set(shares[29:]) == {1.0}
    assert np.all(np.diff(shares[:30]) > 0)
    assert [epoch for epoch in range(60) if settings.checkpointed(epoch)] == list(range(45, 60))
    for wrong in ({"epochs": 0}, {"mask_rate": 0.0}, {"growth": 0.5}, {"annealing_share": 2.0}, {"floor": -1.0}):
        with pytest.raises(InputError):
            DnasSettings(**wrong)


def test_a_network_without_free_channels_is_refused(tmp_path: Path) -> None:
    network = tmp_path / "one.json"
    layer = Layer(name="all", kind=LayerKind.FC, ifm=(1, 8, 8), ofm=(10, 1, 1), kernel=(8, 8))
    write_network(Network(name="one", layers=(layer,)), network)
    with pytest.raises(InputError, match="no layer has channels"):
        run_dnas(msgspec.structs.replace(CONFIG, seed_net=str(network)), tmp_path / "out")
