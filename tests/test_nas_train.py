"""Training learns, keeps its best epoch, repeats itself to the bit, and goes on after an interruption."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from nas_training import wave_network, waves

from nas.data.catalogue import load_data
from nas.data.split import Split, no_groups
from nas.modules.kinds import Activations, Initialisation
from nas.train.history import EpochRecord
from nas.train.published import Recipe, published_inas, published_tinas, recipe_settings
from nas.train.settings import Augmentation, Optimiser, Schedule, TrainSettings
from simint.errors import InputError
from simint.network.builder import LayerBuilder
from simint.network.catalogue import load_network
from simint.network.network import Network

torch = pytest.importorskip("torch")

from nas.modules.network_module import NetworkModule, build_module  # noqa: E402
from nas.train.augment import augmented  # noqa: E402
from nas.train.device import chosen_device, torch_threads  # noqa: E402
from nas.train.evaluate import accuracy_percent  # noqa: E402
from nas.train.loop import train, weights_generator  # noqa: E402

torch.set_num_threads(1)

QUICK = TrainSettings(epochs=5, batch=32, learning_rate=0.05)


def fresh(seed: int = 0) -> NetworkModule:
    return build_module(wave_network(), weights_generator(seed))


def same_numbers(left: tuple[EpochRecord, ...], right: tuple[EpochRecord, ...]) -> bool:
    return [msgspec.structs.replace(r, seconds=0) for r in left] == [
        msgspec.structs.replace(r, seconds=0) for r in right
    ]


def same_weights(left: torch.nn.Module, right: torch.nn.Module) -> bool:
    a, b = left.state_dict(), right.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("optimiser", list(Optimiser))
def test_a_network_learns_what_distinguishes_the_classes(optimiser: Optimiser) -> None:
    rate = {Optimiser.SGD: 0.05, Optimiser.ADAM: 0.01}[optimiser]
    settings = TrainSettings(epochs=6, batch=32, learning_rate=rate, optimiser=optimiser, label_smoothing=0.05)
    module = fresh()
    before = accuracy_percent(module, waves(300, 9))
    result = train(module, waves(600, 1), waves(200, 2), settings)
    assert before < 60 < 90 < accuracy_percent(module, waves(300, 9))
    assert result.history[-1].train_loss < result.history[0].train_loss


def test_digits_are_learnt() -> None:
    data = load_data("digits")
    builder = LayerBuilder(data.input_shape)
    x = builder.relu(builder.batch_norm(builder.conv(builder.input, 12, (3, 3), (2, 2), (1, 1, 1, 1))))
    x = builder.relu(builder.batch_norm(builder.conv(x, 24, (3, 3), (2, 2), (1, 1, 1, 1))))
    builder.fully_connected(builder.global_average_pool(x), 10, bias=True)
    module = build_module(Network(name="d", layers=tuple(builder.layers)), weights_generator(0))
    result = train(module, data.train, data.validation, TrainSettings(epochs=4, batch=32))
    assert result.validation_accuracy_percent > 80


def test_the_first_best_validation_epoch_is_kept() -> None:
    module, validation = fresh(), waves(150, 2)
    settings = msgspec.structs.replace(QUICK, epochs=8, schedule=Schedule.CONSTANT, learning_rate=0.2)
    result = train(module, waves(300, 1), validation, settings)
    accuracies = [record.validation_accuracy_percent for record in result.history]
    assert result.validation_accuracy_percent == max(accuracies)
    assert result.best.epoch == accuracies.index(max(accuracies)) + 1
    assert accuracy_percent(module, validation) == result.validation_accuracy_percent
    assert [record.epoch for record in result.history] == list(range(1, 9))


class Interruption(Exception):
    pass


@pytest.mark.parametrize("augmentation", [Augmentation.NONE, Augmentation.SHIFT])
@pytest.mark.parametrize("optimiser", list(Optimiser))
def test_interrupted_and_resumed_is_uninterrupted_to_the_bit(
    tmp_path: Path, optimiser: Optimiser, augmentation: Augmentation
) -> None:
    settings = msgspec.structs.replace(QUICK, optimiser=optimiser, augmentation=augmentation)
    whole, split, validation = fresh(), waves(200, 1), waves(100, 2)
    expected = train(whole, split, validation, settings)

    def stop_after(epoch: int) -> None:
        def watch(record: EpochRecord) -> None:
            if record.epoch == epoch:
                raise Interruption

        with pytest.raises(Interruption):
            train(fresh(), split, validation, settings, tmp_path / "c.pt", watch)

    stop_after(1)
    stop_after(3)
    resumed = fresh()
    result = train(resumed, split, validation, settings, tmp_path / "c.pt")
    assert same_numbers(result.history, expected.history)
    assert same_weights(resumed, whole)
    again = fresh()
    assert same_numbers(train(again, split, validation, settings, tmp_path / "c.pt").history, expected.history)
    assert same_weights(again, whole)


def test_seeds_differ_and_repeat_and_leave_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    results = []
    for seed in (0, 0, 1):
        module = fresh()
        train(module, waves(100, 1), waves(50, 2), msgspec.structs.replace(QUICK, epochs=1, seed=seed))
        results.append(module)
    assert same_weights(results[0], results[1])
    assert not same_weights(results[0], results[2])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    file, split, validation = tmp_path / "c.pt", waves(64, 1), waves(32, 2)
    one = msgspec.structs.replace(QUICK, epochs=1)
    train(fresh(), split, validation, one, file)
    others = (
        (fresh(1), split, one),
        (fresh(), waves(64, 3), one),
        (fresh(), split, msgspec.structs.replace(one, learning_rate=0.1)),
    )
    for module, other, settings in others:
        with pytest.raises(InputError, match=r"c\.pt: belongs to a training with another network"):
            train(module, other, validation, settings, file)
    for content in (b"", b"not torch", file.read_bytes()[:300]):
        file.write_bytes(content)
        with pytest.raises(InputError, match=r"c\.pt: not a training checkpoint"):
            train(fresh(), split, validation, one, file)


def test_cosine_rates_fall_from_the_given_one_towards_zero() -> None:
    settings = TrainSettings(epochs=10, learning_rate=0.4)
    rates = [settings.rate(epoch) for epoch in range(10)]
    assert rates[0] == 0.4
    assert rates[5] == pytest.approx(0.2)
    assert sorted(rates, reverse=True) == rates
    assert rates[9] > 0 == pytest.approx(settings.rate(10))
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], 0.4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 10)
    for rate in rates:
        assert optimiser.param_groups[0]["lr"] == pytest.approx(rate, rel=1e-9)
        optimiser.step()
        scheduler.step()
    assert {msgspec.structs.replace(settings, schedule=Schedule.CONSTANT).rate(epoch) for epoch in range(10)} == {0.4}


def test_every_epoch_sees_every_sample_once_in_an_order_of_its_own() -> None:
    split = waves(70, 1)
    split.x[:, 0, 0, 0] = np.arange(70)  # marks the samples
    module, orders = fresh(), []

    def note(_: torch.nn.Module, inputs: tuple[torch.Tensor]) -> None:
        if module.training:
            orders.append(inputs[0][:, 0, 0, 0].tolist())

    with module.register_forward_pre_hook(note):
        train(module, split, waves(20, 2), msgspec.structs.replace(QUICK, epochs=2, batch=32))
    assert [len(order) for order in orders] == [32, 32, 6] * 2
    first, second = ([value for order in part for value in order] for part in (orders[:3], orders[3:]))
    assert sorted(first) == sorted(second) == list(range(70))
    assert list(range(70)) != first != second


def test_one_sgd_epoch_is_the_textbook_update() -> None:
    """One batch, one step: w - rate * (gradient + decay * w)."""
    split = waves(20, 1)
    module, reference = fresh(), fresh()
    settings = TrainSettings(epochs=1, batch=20, learning_rate=0.1, momentum=0.9, weight_decay=0.01)
    train(module, split, waves(20, 2), settings)
    loss = torch.nn.functional.cross_entropy(reference.train()(torch.from_numpy(split.x)), torch.from_numpy(split.y))
    loss.backward()
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter -= 0.1 * (parameter.grad + 0.01 * parameter)
    for got, wanted in zip(module.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-6)


def test_a_last_single_sample_joins_the_batch_before() -> None:
    """33 samples in batches of 32: behind global pooling a single one has one value a channel, and no variance."""
    builder = LayerBuilder((2, 16, 1))
    x = builder.global_average_pool(builder.conv(builder.input, 6, (3, 1)))
    builder.fully_connected(builder.batch_norm(x), 3)
    module = build_module(Network(name="n", layers=tuple(builder.layers)), weights_generator(0))
    result = train(module, waves(33, 1), waves(10, 2), msgspec.structs.replace(QUICK, epochs=1))
    assert np.isfinite(result.history[0].train_loss)


def test_published_settings_are_those_published() -> None:
    supernet = published_tinas("har", Recipe.SUPERNET)
    assert (supernet.epochs, supernet.batch, supernet.learning_rate, supernet.momentum) == (200, 64, 0.05, 0.9)
    assert supernet.weight_decay == 5e-5
    assert published_tinas("cifar10", Recipe.FINE_TUNE).epochs == 20
    assert published_tinas("mswc", Recipe.FINE_TUNE).learning_rate == 0.01
    assert published_tinas("har", Recipe.STAND_ALONE).schedule is Schedule.CONSTANT
    assert published_inas("har").batch == 512
    assert published_inas("kws").initialisation is Initialisation.GLOROT
    assert recipe_settings(Recipe.SCRATCH, "har") == TrainSettings()
    assert recipe_settings(Recipe.SCRATCH, "digits") == TrainSettings()
    with pytest.raises(InputError, match="no supernet settings for 'mswc'; it has them for cifar10, har"):
        published_tinas("mswc", Recipe.SUPERNET)
    with pytest.raises(InputError, match="no settings for 'mswc'"):
        published_inas("mswc")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("batch", 1),
        ("learning_rate", 0.0),
        ("momentum", 1.0),
        ("weight_decay", -1.0),
        ("label_smoothing", 1.0),
        ("seed", -1),
    ],
)
def test_settings_out_of_range_are_refused(field: str, value: float) -> None:
    with pytest.raises(InputError, match=f"`{field}` must be"):
        msgspec.structs.replace(TrainSettings(), **{field: value})


def test_data_that_do_not_suit_are_refused() -> None:
    split = waves(40, 1)
    with pytest.raises(InputError, match=r"reads maps of 9 x 64 x 1, the data have 2 x 16 x 1"):
        train(build_module(load_network("tinas-har-l25"), weights_generator(0)), split, split, QUICK)
    with pytest.raises(InputError, match="4 classes, the network has 3 outputs"):
        train(fresh(), waves(200, 1, classes=4), split, QUICK)
    with pytest.raises(InputError, match="at least 2 samples, got 1"):
        train(fresh(), waves(1, 1), split, QUICK)
    with pytest.raises(InputError, match="validation samples"):
        train(fresh(), split, waves(0, 1), QUICK)


def test_a_diverging_training_says_so() -> None:
    module = build_module(wave_network(), weights_generator(0), Activations.LISTED)
    with pytest.raises(InputError, match=r"diverged in epoch \d+: the loss is .*; lower the learning rate of 1e\+18"):
        train(module, waves(64, 1), waves(32, 2), msgspec.structs.replace(QUICK, learning_rate=1e18))


def test_augmentation_moves_and_mirrors_but_invents_nothing() -> None:
    image = torch.arange(1.0, 65.0).view(1, 1, 8, 8).expand(200, 1, 8, 8)
    moved = augmented(image, Augmentation.SHIFT, torch.Generator().manual_seed(0))
    kinds = {tuple(sample.flatten().tolist()) for sample in moved}
    assert len(kinds) == 9  # a pixel up, down or not, times left, right or not
    for sample in moved:
        inside = sample[0][sample[0] > 0]
        assert len(inside) in (64, 56, 49)
        assert len(set(inside.tolist())) == len(inside)
    flipped = augmented(image, Augmentation.FLIP_SHIFT, torch.Generator().manual_seed(0))
    assert len({tuple(sample.flatten().tolist()) for sample in flipped}) == 18
    signals = torch.randn(50, 3, 16, 1)
    shifted = augmented(signals, Augmentation.SHIFT, torch.Generator().manual_seed(0))
    assert shifted.shape == signals.shape
    assert augmented(signals, Augmentation.NONE, torch.Generator()) is signals


def test_published_image_augmentation_keeps_shape_and_scale() -> None:
    image = torch.rand(64, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    varied = augmented(image, Augmentation.TINAS_CIFAR10, torch.Generator().manual_seed(0))
    again = augmented(image, Augmentation.TINAS_CIFAR10, torch.Generator().manual_seed(0))
    assert varied.shape == image.shape
    assert torch.equal(varied, again)
    assert varied.abs().max() < 2
    assert not torch.allclose(varied, image, atol=0.1)


def test_devices_and_threads() -> None:
    assert chosen_device("cpu") == torch.device("cpu")
    with pytest.raises(InputError, match="cpu, cuda, auto or cuda:N expected"):
        chosen_device("tpu")
    if not torch.cuda.is_available():
        assert chosen_device("auto") == torch.device("cpu")
        with pytest.raises(InputError, match="finds 0 GPUs; use cpu"):
            chosen_device("cuda")
    before = torch.get_num_threads()
    with torch_threads(2):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before
    with pytest.raises(InputError, match="at least 1"), torch_threads(0):
        pass


def test_accuracy_is_the_share_of_right_answers() -> None:
    class Sign(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unused = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([-x, x], dim=1).flatten(1)

    x = np.array([1.0, -1, 2, -3], dtype=np.float32).reshape(4, 1, 1, 1)
    split = Split(x, np.array([1, 0, 0, 0]), no_groups(4))
    assert accuracy_percent(Sign(), split, batch=3) == 75.0


@pytest.mark.slow
def test_the_published_har_network_learns_activities(shared: Path) -> None:
    """Ten epochs of the published rate and batch: above 90 % of the validation subjects' windows (chance is 1 in 6)."""
    network = load_network("tinas-har-l25")
    data = load_data("har", shared / "data").resized(64)
    settings = msgspec.structs.replace(recipe_settings(Recipe.SCRATCH, "har"), epochs=10)
    module = build_module(network, weights_generator(0))
    assert train(module, data.train, data.validation, settings).validation_accuracy_percent > 90
