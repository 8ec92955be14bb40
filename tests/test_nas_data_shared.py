"""The real data sets: published counts, and splits that share neither subjects nor samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nas.data import data_hash, load_data, open_test
from nas.data.split import class_counts, known_groups

HAR_TRAINING = {1, 3, 5, 6, 7, 8, 11, 14, 15, 16, 17, 19, 21, 22, 23, 25, 26, 27, 28, 29, 30}


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    if not (shared / "data").is_dir():
        pytest.skip(f"no data sets at {shared / 'data'}")
    return shared / "data"


def test_har_counts_and_subjects(folder: Path) -> None:
    data = load_data("har", folder)
    test = open_test(data)
    counts = class_counts(data.train, 6) + class_counts(data.validation, 6)
    assert counts.tolist() == [1226, 1073, 987, 1293, 1423, 1413]
    assert class_counts(test, 6).tolist() == [330, 305, 268, 323, 357, 347]
    train, validation, testing = (set(known_groups(split)) for split in (data.train, data.validation, test))
    assert train | validation == HAR_TRAINING
    assert not train & validation
    assert testing == {2, 4, 10, 12, 13, 20}
    assert len(validation) == 5
    np.testing.assert_allclose(data.train.x.mean(axis=(0, 2, 3), dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(data.train.x.std(axis=(0, 2, 3), dtype=np.float64), 1, atol=1e-5)


def test_har_splits_share_no_recording(folder: Path) -> None:
    data = load_data("har", folder)
    with np.load(folder / "har_uci" / "har_windows.npz") as arrays:
        experiments = arrays["origin_train"][:, 0]
        held = np.isin(arrays["subject_train"], known_groups(data.validation))
        test = set(arrays["origin_test"][:, 0])
    assert len(data.validation) == held.sum()
    assert not set(experiments[held]) & set(experiments[~held])
    assert not set(experiments) & test


def test_har_total_acceleration_holds_gravity(folder: Path) -> None:
    # Body acceleration has none, and the phone hangs upright: about 1 g along its x axis (channel 6) when standing.
    data = load_data("har", folder)
    standing = data.normalisation.undo(data.train.x[data.train.y == 4]).mean(axis=(0, 2, 3))
    np.testing.assert_allclose(standing[:3], 0, atol=0.02)
    assert 0.9 < standing[6] < 1.1
    lying = data.normalisation.undo(data.train.x[data.train.y == 5]).mean(axis=(0, 2, 3))
    assert abs(lying[6]) < 0.4


def test_cifar10_counts(folder: Path) -> None:
    data = load_data("cifar10", folder)
    test = open_test(data)
    assert (class_counts(data.train, 10) + class_counts(data.validation, 10)).tolist() == [2000] * 10
    assert class_counts(data.validation, 10).tolist() == [200] * 10
    assert class_counts(test, 10).tolist() == [500] * 10
    assert (data.train.x.min(), data.train.x.max()) == (-1, 1)
    held = {image.tobytes() for image in data.validation.x}
    assert not any(image.tobytes() in held for image in data.train.x)


def test_cifar10_lossless(folder: Path) -> None:
    data = load_data("cifar10-lossless", folder)
    splits = (data.train, data.validation, open_test(data))
    counts = sum(class_counts(split, 10) for split in splits)
    assert counts.tolist() == [396, 366, 420, 384, 422, 393, 414, 385, 407, 413]
    assert len({image.tobytes() for split in splits for image in split.x}) == 4000
    mean = sum(split.x.mean(axis=(2, 3), dtype=np.float64).sum(axis=0) for split in splits) / 4000
    np.testing.assert_allclose((mean + 1) / 2, [0.4916, 0.4818, 0.4447], atol=1e-4)


def test_keywords(folder: Path) -> None:
    data = load_data("keywords", folder)
    splits = (data.train, data.validation, open_test(data))
    counts = sum(class_counts(split, 12) for split in splits)
    assert dict(zip(data.class_names, counts.tolist(), strict=True)) == {
        "down": 92, "go": 92, "left": 81, "no": 89, "off": 70, "on": 84, "right": 75, "stop": 78, "up": 84, "yes": 89,
        "silence": 80, "unknown": 86,
    }  # fmt: skip
    assert data.input_shape == (1, 49, 10)
    seen = [{sample.tobytes() for sample in split.x} for split in splits]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]
    raw = data.normalisation.undo(data.train.x)
    np.testing.assert_allclose(raw / 0.5847029, np.rint(raw / 0.5847029), atol=1e-3)


def test_spoken_digits_by_speaker(folder: Path) -> None:
    data = load_data("spoken-digits", folder)
    splits = (data.train, data.validation, open_test(data))
    assert [known_groups(split) for split in splits] == [(0, 1, 2, 3), (4,), (5,)]
    assert [len(split) for split in splits] == [2000, 500, 500]
    assert all((class_counts(split, 10) == len(split) // 10).all() for split in splits)
    np.testing.assert_allclose(data.train.x.std(axis=(0, 1, 2), dtype=np.float64), 1, atol=1e-5)


def test_spoken_digits_as_their_authors_split(folder: Path) -> None:
    data = load_data("spoken-digits-authors", folder)
    test = open_test(data)
    assert class_counts(test, 10).tolist() == [30] * 10
    assert (class_counts(data.train, 10) + class_counts(data.validation, 10)).tolist() == [270] * 10
    # A tenth of the 45 recordings of every digit and speaker.
    cells = np.unique(np.stack([data.validation.y, data.validation.groups]), axis=1, return_counts=True)[1]
    assert cells.tolist() == [4] * 60


@pytest.mark.parametrize("name", ["har", "keywords", "spoken-digits", "cifar10-lossless"])
def test_loading_is_deterministic(folder: Path, name: str) -> None:
    assert data_hash(load_data(name, folder)) == data_hash(load_data(name, folder))
