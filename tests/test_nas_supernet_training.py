"""Training of supernets: which paths are taken, how weights move, and that it can be broken off anywhere."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from pathlib import Path as FilePath

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nas.data.catalogue import load_data  # noqa: E402
from nas.data.data_set import DataSet  # noqa: E402
from nas.data.split import Split  # noqa: E402
from nas.modules.kinds import Initialisation  # noqa: E402
from nas.modules.network_module import build_module  # noqa: E402
from nas.space.search_space import load_space  # noqa: E402
from nas.supernet.checkpoint import SupernetEpoch, read_supernet  # noqa: E402
from nas.supernet.descent import descend, descend_everywhere  # noqa: E402
from nas.supernet.maps import training_maps  # noqa: E402
from nas.supernet.path_space import BlockOptions, Path, PathSpace, path_space  # noqa: E402
from nas.supernet.path_weights import logits  # noqa: E402
from nas.supernet.sampling import Sampling, fair_choices, fair_options, sandwich_paths, uniform_path  # noqa: E402
from nas.supernet.scoring import open_scorer  # noqa: E402
from nas.supernet.settings import (  # noqa: E402
    Sharing,
    SupernetSettings,
    Unsampled,
    paths_per_step,
    published_supernet,
    trusted_supernet,
)
from nas.supernet.supernet import build_supernet  # noqa: E402
from nas.supernet.training import accumulate_gradients, train_supernet  # noqa: E402
from nas.train.evaluate import accuracy_percent  # noqa: E402
from nas.train.settings import Optimiser, TrainSettings  # noqa: E402
from simint.errors import InputError  # noqa: E402
from simint.network.mbconv import MbconvBlock, MbconvSpec, mbconv_network  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def digits() -> DataSet:
    pytest.importorskip("sklearn")
    return load_data("digits")


@pytest.fixture(scope="module")
def few(digits: DataSet) -> DataSet:
    """Enough for what does not ask how well it was learnt."""
    train, validation = digits.train, digits.validation
    return dataclasses.replace(
        digits,
        train=Split(train.x[:161], train.y[:161], train.groups[:161]),
        validation=Split(validation.x[:40], validation.y[:40], validation.groups[:40]),
    )


def paths() -> PathSpace:
    space = path_space(load_space("digits"))
    return space.at(space.widths[-1], 8)


def few_paths() -> PathSpace:
    """Small enough for each module of a choice to see some batches in seconds."""
    options = BlockOptions((2, 4), (3,), (1, 2), (True,))
    return PathSpace("digits", (1.0,), (8,), (options, options))


def short(sharing: Sharing, epochs: int = 2, **changes: object) -> SupernetSettings:
    training = TrainSettings(epochs=epochs, batch=32, learning_rate=0.1, initialisation=Initialisation.TORCH)
    return msgspec.structs.replace(SupernetSettings(training=training, sharing=sharing), **changes)


def har() -> PathSpace:
    return path_space(load_space("har"))


def test_uniform_paths_take_every_choice_alike() -> None:
    space, draws, n = har(), np.random.default_rng(0), 3000
    drawn = [uniform_path(space, draws) for _ in range(n)]
    for options, counts in (
        (space.widths, Counter(path.width for path in drawn)),
        (space.blocks[1].kernels, Counter(path.blocks[1].kernel for path in drawn)),
        (space.blocks[2].choices, Counter(path.blocks[2] for path in drawn)),
    ):
        assert set(counts) == set(options)
        expected = n / len(options)
        chi2 = sum((count - expected) ** 2 / expected for count in counts.values())
        assert chi2 < len(options) + 5 * math.sqrt(2 * len(options))


def test_fair_choices_use_each_module_once() -> None:
    space = har().at(1.0, 128)
    taken = fair_choices(space, np.random.default_rng(0))
    assert len(taken) == 96
    for block in range(3):
        assert sorted(map(str, (path.blocks[block] for path in taken))) == sorted(map(str, space.blocks[block].choices))


def test_fair_options_use_each_option_equally_often() -> None:
    space = har()
    taken = fair_options(space, np.random.default_rng(0))
    assert len(taken) == 12  # the least common multiple of 6 widths, 2 resolutions, 4, 4, 3, 2 options
    assert set(Counter(path.width for path in taken).values()) == {2}
    for block in range(3):
        for name, times in (("expansion", 3), ("kernel", 3), ("repeats", 4), ("skip", 6)):
            counts = Counter(getattr(path.blocks[block], name) for path in taken)
            assert set(counts.values()) == {times}, name


def test_a_sandwich_has_the_largest_and_the_smallest() -> None:
    largest, smallest, *between = sandwich_paths(har(), np.random.default_rng(0))
    assert largest.word == "mbconv:har:w=1.0:r=128:6.7.3.y-6.7.3.y-6.7.3.y"
    assert smallest.word == "mbconv:har:w=0.5:r=64:1.1.1.n-1.1.1.n-1.1.1.n"
    assert len(between) == 2


def test_steps_are_those_of_sgd() -> None:
    """Weights that a step leaves out keep their momentum, as torch does for parameters without gradient."""
    space = paths()
    generator = torch.Generator().manual_seed(0)
    ours = build_supernet(space, Sharing.SINGLE_PATH, Initialisation.TORCH, generator)
    theirs = build_supernet(space, Sharing.SINGLE_PATH, Initialisation.TORCH, generator.manual_seed(0))
    parameters = [theirs.store.weights[place].clone().requires_grad_() for place in theirs.store.segments]
    optimiser = torch.optim.SGD(parameters, 0.1, 0.9, weight_decay=5e-3)
    draws = np.random.default_rng(3)
    x = torch.randn(16, *space.tables.input_shape(8), generator=generator)
    y = torch.arange(16) % 10
    for _ in range(6):
        path = ours.path(uniform_path(space, draws))
        torch.nn.functional.cross_entropy(logits(path, x, training=True), y).backward()
        optimiser.zero_grad()
        for segment in path.segments:
            parameters[segment].grad = ours.store.gradients[ours.store.segments[segment]].clone()
        optimiser.step()
        descend(ours.store, dict.fromkeys(path.segments, 1), 0.1, 0.9, 5e-3)
        assert ours.store.gradients.count_nonzero() == 0
    with torch.no_grad():
        expected = torch.cat(parameters)
    assert torch.allclose(ours.store.weights, expected, rtol=1e-5, atol=1e-7)


def test_drifting_weights_move_as_with_gradients_of_zero() -> None:
    """PyTorch 1.13 filled gradients with zeros: what was once used moves on, what never was stays."""
    made = build_supernet(paths(), Sharing.SINGLE_PATH, Initialisation.TORCH, torch.Generator().manual_seed(0))
    store = made.store
    used, before = store.segments[1], store.weights.clone()
    parameter = store.weights[used].clone().requires_grad_()
    optimiser = torch.optim.SGD([parameter], 0.1, 0.9, weight_decay=5e-3)
    parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    store.gradients[used] = 1.0
    descend_everywhere(store, {1: 1}, {1}, 0.1, 0.9, 5e-3)
    for _ in range(3):
        optimiser.zero_grad(set_to_none=False)
        optimiser.step()
        descend_everywhere(store, {}, {1}, 0.1, 0.9, 5e-3)
    assert torch.allclose(store.weights[used], parameter.detach(), rtol=1e-5, atol=1e-7)
    untouched = torch.ones_like(before, dtype=torch.bool)
    untouched[used] = False
    assert torch.equal(store.weights[untouched], before[untouched])


def gradients(space: PathSpace, settings: SupernetSettings, taken: tuple[Path, ...], data: DataSet) -> torch.Tensor:
    """All gradients of one batch of a fresh supernet."""
    made = build_supernet(space, settings.sharing, Initialisation.TORCH, torch.Generator().manual_seed(0))
    maps = training_maps(data, space, torch.device("cpu"))
    accumulate_gradients(made, maps, torch.arange(48), taken, settings, torch.Generator())
    return made.store.gradients


def test_gradients_of_several_paths_add_up(few: DataSet) -> None:
    space, settings = few_paths(), short(Sharing.ENTANGLED, sampling=Sampling.FAIR)
    taken = fair_options(space, np.random.default_rng(0))
    assert len(taken) == 2
    alone = [gradients(space, settings, (path,), few) for path in taken]
    assert torch.allclose(gradients(space, settings, taken, few), alone[0] + alone[1], rtol=1e-4, atol=1e-6)


def test_distilled_paths_that_answer_as_the_largest_have_nothing_to_learn(few: DataSet) -> None:
    space = few_paths()
    one, other = space.largest, space.smallest
    distilled, plain = (short(Sharing.ENTANGLED, sampling=Sampling.SANDWICH, distilled=flag) for flag in (True, False))
    by_labels = gradients(space, plain, (one,), few)
    assert torch.allclose(gradients(space, distilled, (one, one, one), few), by_labels, rtol=1e-4, atol=1e-6)
    difference = gradients(space, distilled, (one, other), few) - by_labels
    assert difference.abs().max() > 1e-3  # another path has


class _BrokenOff(Exception):
    pass


@pytest.mark.parametrize(
    "changes",
    [
        {"sharing": Sharing.SINGLE_PATH, "unsampled": Unsampled.DRIFT, "keep_best": True, "recalibration_windows": 0},
        {"sharing": Sharing.ENTANGLED, "sampling": Sampling.SANDWICH, "distilled": True},
        {"sharing": Sharing.ENTANGLED, "batches_per_update": 3, "skipped_share": 0.3},
    ],
)
def test_broken_off_and_resumed_is_the_same_to_the_bit(tmp_path: FilePath, few: DataSet, changes: dict) -> None:
    settings = short(epochs=3, **changes)
    whole, parts = tmp_path / "whole.pt", tmp_path / "parts.pt"
    train_supernet(paths(), few, settings, whole)

    def stop(record: SupernetEpoch) -> None:
        raise _BrokenOff

    for _ in range(2):
        with pytest.raises(_BrokenOff):
            train_supernet(paths(), few, settings, parts, stop)
    train_supernet(paths(), few, settings, parts)
    first, second = read_supernet(whole), read_supernet(parts)
    assert [record.epoch for record in second.history] == [1, 2, 3]
    for name in ("weights", "momenta", "statistics", "kept_weights", "kept_statistics"):
        assert torch.equal(getattr(first, name), getattr(second, name)), name
    assert first.ever_used == second.ever_used


@pytest.mark.parametrize("sharing", list(Sharing))
def test_a_supernet_learns(tmp_path: FilePath, digits: DataSet, sharing: Sharing) -> None:
    space = few_paths()
    train_supernet(space, digits, short(sharing, 4), tmp_path / "net.pt")
    scorer = open_scorer(tmp_path / "net.pt", digits)
    draws = np.random.default_rng(0)
    drawn = [uniform_path(space, draws) for _ in range(8)]
    scores = [scorer.path_accuracy_percent(path) for path in drawn]
    assert sum(scores) / len(scores) > 60  # chance is 10
    assert [scorer.path_accuracy_percent(path) for path in reversed(drawn)] == scores[::-1]
    again = open_scorer(tmp_path / "net.pt", digits)
    assert again.path_accuracy_percent(drawn[3]) == scores[3]
    module = build_module(mbconv_network(drawn[3]), torch.Generator())
    module.load_state_dict(again.state(drawn[3]))
    assert accuracy_percent(module, digits.validation) == pytest.approx(
        scores[3], abs=0.5
    )  # a sample may sit on an edge


def test_one_supernet_serves_all_widths(tmp_path: FilePath, digits: DataSet) -> None:
    space = load_space("digits")
    options = BlockOptions((4,), (3,), (1, 2), (True,))
    every = PathSpace("digits", space.widths, (4, 8), (options, options))
    train_supernet(every, digits, short(Sharing.ENTANGLED, 6), tmp_path / "net.pt")
    scorer = open_scorer(tmp_path / "net.pt", digits)
    for width in space.widths:
        for resolution in (4, 8):
            path = MbconvSpec("digits", width, resolution, (MbconvBlock(4, 3, 2, True),) * 2)
            assert scorer.accuracy_percent(space, space.genome(path.word)) > 40  # chance is 10


def test_published_settings() -> None:
    har, cifar10, mswc = (published_supernet(name) for name in ("har", "cifar10", "mswc"))
    assert [s.training.epochs for s in (cifar10, har, mswc)] == [400, 200, 1000]
    assert [s.training.learning_rate for s in (cifar10, har, mswc)] == [0.025, 0.05, 0.01]
    assert [s.training.batch for s in (cifar10, har, mswc)] == [100, 64, 100]
    assert all(s.training.momentum == 0.9 and s.training.weight_decay == 5e-5 for s in (cifar10, har, mswc))
    assert har.sharing is Sharing.SINGLE_PATH
    assert har.sampling is Sampling.UNIFORM
    assert (mswc.batches_per_update, mswc.skipped_share) == (16, 0.6)
    assert paths_per_step(trusted_supernet("har"), 12) in (1, 4, 12)


def test_bad_input(tmp_path: FilePath, few: DataSet) -> None:
    settings, file = short(Sharing.ENTANGLED, 1), tmp_path / "net.pt"
    with pytest.raises(InputError, match="needs sampling sandwich"):
        short(Sharing.ENTANGLED, distilled=True)
    with pytest.raises(InputError, match="trained with sgd"):
        SupernetSettings(training=TrainSettings(optimiser=Optimiser.ADAM))
    with pytest.raises(InputError, match="1 to 32 for samples of height 8"):
        train_supernet(har(), few, settings, file)
    with pytest.raises(InputError, match="reads"):
        train_supernet(PathSpace("har", (1.0,), (8,), har().blocks), few, settings, file)
    train_supernet(paths(), few, settings, file)
    with pytest.raises(InputError, match="a supernet of other settings"):
        train_supernet(paths(), few, short(Sharing.ENTANGLED, 2), file)
    with pytest.raises(InputError, match="a supernet of other space"):
        train_supernet(path_space(load_space("digits")), few, settings, file)
    with pytest.raises(InputError, match="not a path of this supernet"):
        open_scorer(file, few).path_accuracy_percent(har().smallest)
    file.write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="not a supernet checkpoint"):
        open_scorer(file, few)
