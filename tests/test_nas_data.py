"""Normalisation, resizing, holding out, and the doors of a data set."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nas.data import Holdout, data_hash, load_data, open_test
from nas.data.holdout import by_share, held_out
from nas.data.normalisation import measured
from nas.data.resize import resized, taps
from nas.data.split import RawSplit, class_counts, no_groups
from simint.errors import InputError

pytest.importorskip("sklearn", reason="the digits come with scikit-learn")


def random_split(seed: int, samples: int, classes: int, speakers: int = 0) -> RawSplit:
    rng = np.random.default_rng(seed)
    groups = rng.integers(1, speakers + 1, samples) if speakers else no_groups(samples)
    # Few distinct values, so that some samples are copies of others.
    x = rng.integers(0, 3, (samples, 1, 2, 2)).astype(np.float32)
    return RawSplit(x, rng.integers(0, classes, samples), groups)


@pytest.mark.parametrize(
    ("statistics", "axes"),
    [("channel", (0, 2, 3)), ("feature", (0, 2)), ("position", (0,))],
    ids=lambda value: str(value),
)
@pytest.mark.parametrize("kind", [np.float32, np.uint8])
def test_training_samples_get_zero_mean_and_unit_deviation(statistics, axes, kind) -> None:
    x = (
        np.random.default_rng(3).integers(0, 200, (5000, 3, 7, 4)).astype(kind)
        + np.arange(3, dtype=kind)[:, None, None]
    )
    normalised = measured(x, statistics).apply(x)
    assert normalised.dtype == np.float32
    np.testing.assert_allclose(normalised.mean(axis=axes, dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(normalised.std(axis=axes, dtype=np.float64), 1, atol=1e-6)
    np.testing.assert_allclose(measured(x, statistics).undo(normalised), x, atol=1e-4)


def test_a_value_that_never_changes_becomes_zero() -> None:
    x = np.random.default_rng(0).normal(size=(50, 2, 3, 1)).astype(np.float32)
    x[:, 1, 2] = 7.0
    normalised = measured(x, "position").apply(x)
    assert np.all(normalised[:, 1, 2] == 0)
    assert np.isfinite(normalised).all()


def test_half_the_samples_are_means_of_neighbouring_pairs() -> None:
    x = np.random.default_rng(1).normal(size=(5, 9, 128, 1)).astype(np.float32)
    np.testing.assert_allclose(resized(x, 64), (x[:, :, 0::2] + x[:, :, 1::2]) / 2, rtol=1e-6)
    assert resized(x, 128) is x


@given(st.integers(2, 60), st.integers(1, 120))
def test_time_is_interpolated_linearly_between_half_pixel_centres(inputs: int, outputs: int) -> None:
    outputs = min(outputs, 4 * inputs)
    x = np.random.default_rng(inputs).normal(size=(2, 3, inputs, 1)).astype(np.float32)
    centres = (np.arange(outputs) + 0.5) * inputs / outputs - 0.5
    wanted = [[np.interp(centres, np.arange(inputs), x[n, c, :, 0]) for c in range(3)] for n in range(2)]
    np.testing.assert_allclose(resized(x, outputs)[..., 0], wanted, atol=1e-5)


@pytest.mark.parametrize("side", [8, 20, 27, 28, 32, 45])
def test_images_are_resized_as_pillow_does(side: int) -> None:
    x = np.random.default_rng(2).normal(size=(2, 3, 32, 32)).astype(np.float32)
    for sample, mine in zip(x, resized(x, side), strict=True):
        for channel, small in zip(sample, mine, strict=True):
            theirs = Image.fromarray(channel).resize((side, side), Image.Resampling.BILINEAR)
            np.testing.assert_allclose(small, np.asarray(theirs), atol=2e-6)


@given(st.integers(1, 70), st.integers(1, 70), st.booleans())
def test_resizing_keeps_a_constant(inputs: int, outputs: int, image: bool) -> None:
    indices, weights = taps(inputs, outputs, image)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert indices.min() >= 0
    assert indices.max() < inputs


def test_features_over_time_keep_their_coefficients() -> None:
    x = np.random.default_rng(1).normal(size=(3, 1, 49, 10)).astype(np.float32)
    small = resized(x, 25)
    assert small.shape == (3, 1, 25, 10)
    np.testing.assert_array_equal(small[..., [4]], resized(np.ascontiguousarray(x[..., [4]]), 25))


@given(st.integers(0, 99), st.floats(0.05, 0.95), st.sampled_from([0, 3]))
def test_a_share_is_drawn_by_content(seed: int, share: float, speakers: int) -> None:
    split = random_split(seed, 240, 3, speakers)
    stay, held = by_share(split, share, "validation 0", "here")
    assert sorted([*stay, *held]) == list(range(240))
    kinds = {
        part: {(split.y[r], split.groups[r], split.x[r].tobytes()) for r in part_rows}
        for part, part_rows in (("stay", stay), ("held", held))
    }
    assert not kinds["stay"] & kinds["held"], "identical samples were parted"
    # Shuffling the file changes nothing: the same samples are held out.
    order = np.random.default_rng(seed + 1).permutation(240)
    shuffled = RawSplit(split.x[order], split.y[order], split.groups[order])
    assert {int(order[row]) for row in by_share(shuffled, share, "validation 0", "here")[1]} == {int(r) for r in held}


@given(st.integers(0, 99), st.floats(0.1, 0.9))
def test_a_share_is_that_share_of_every_class_and_speaker(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    split = RawSplit(rng.normal(size=(300, 1, 2, 1)), rng.integers(0, 3, 300), rng.integers(0, 2, 300))
    _, held = by_share(split, share, "test", "here")
    for label in range(3):
        for speaker in range(2):
            cell = (split.y == label) & (split.groups == speaker)
            assert abs(cell[held].sum() - share * cell.sum()) <= 1


def test_seeds_draw_different_samples() -> None:
    split = RawSplit(np.random.default_rng(0).normal(size=(400, 1, 2, 1)), np.arange(400) % 4, no_groups(400))
    first, second = (set(held_out(split, Holdout(share=0.25, seed=seed), "here")[1]) for seed in (0, 1))
    assert len(first) == len(second) == 100
    # Independent draws share a quarter of a quarter: 25 of 100, with a deviation of about 4.
    assert 5 <= len(first & second) <= 45


def test_the_digits() -> None:
    data = load_data("digits")
    test = open_test(data)
    assert data.input_shape == (1, 8, 8)
    assert data.classes == len(data.class_names) == 10
    assert len(data.train) + len(data.validation) + len(test) == 1797
    # Counts per digit of the UCI test part.
    counts = sum(class_counts(split, 10) for split in (data.train, data.validation, test))
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert abs(len(test) / 1797 - 0.2) < 0.005
    assert abs(len(data.validation) / (1797 - len(test)) - 0.2) < 0.005
    images = [row.tobytes() for split in (data.train, data.validation, test) for row in split.x]
    assert len(set(images)) == 1797, "a sample is in two splits"
    assert abs(data.train.x.mean()) < 1e-6
    assert abs(data.train.x.std() - 1) < 1e-5


def test_the_digits_between_minus_one_and_one() -> None:
    data = load_data("digits", statistics="range")
    assert (data.train.x.min(), data.train.x.max()) == (-1, 1)


def test_loading_twice_gives_the_same_bits_and_every_choice_another_hash() -> None:
    data = load_data("digits")
    same = load_data("digits")
    assert data_hash(data) == data_hash(same)
    np.testing.assert_array_equal(open_test(data).x, open_test(same).x)
    others = [
        load_data("digits", validation=Holdout(share=0.2, seed=1)),
        load_data("digits", validation=Holdout(share=0.3)),
        load_data("digits", statistics="range"),
        data.resized(4),
    ]
    assert len({data_hash(data), *(data_hash(other) for other in others)}) == 5


def test_the_test_split_does_not_depend_on_the_validation_split() -> None:
    first = open_test(load_data("digits", statistics="range"))
    second = open_test(load_data("digits", validation=Holdout(share=0.4, seed=7), statistics="range"))
    np.testing.assert_array_equal(first.x, second.x)


def test_a_resized_data_set_resizes_its_test_split_too() -> None:
    data = load_data("digits")
    small = data.resized(4)
    assert small.input_shape == (1, 4, 4)
    np.testing.assert_array_equal(open_test(small).x, resized(open_test(data).x, 4))
    np.testing.assert_array_equal(small.validation.x, resized(data.validation.x, 4))
    assert data.resized(8) is data
    assert small.resized(4) is small
    with pytest.raises(InputError, match="already resized to 4"):
        small.resized(8)
    with pytest.raises(InputError, match="resolution: 1 to 32"):
        data.resized(33)


def test_a_data_set_travels_to_another_process() -> None:
    data = load_data("digits").resized(4)
    copy = pickle.loads(pickle.dumps(data))
    assert data_hash(copy) == data_hash(data)
    np.testing.assert_array_equal(open_test(copy).x, open_test(data).x)


@pytest.mark.parametrize(
    ("name", "holdout", "message"),
    [
        ("digit", None, "data set: digits, har, .*got 'digit'"),
        ("digits", Holdout(subjects=(1,)), "does not say who made its samples"),
        ("digits", Holdout(share=1.0), "a share above 0 and below 1, got 1"),
        ("digits", Holdout(), "a share above 0 and below 1, got 0"),
    ],
)
def test_wrong_words_are_one_line(name: str, holdout: Holdout | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_data(name, validation=holdout)


def test_the_room_loads_no_heavy_package() -> None:
    script = (
        "import sys, nas.data, nas.data.__main__; print({'torch', 'sklearn', 'matplotlib', 'pandas'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"
