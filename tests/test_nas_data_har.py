"""Human activities: both layouts, subjects apart, and what is said of damaged files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nas_data_files import TEST_SUBJECTS, TRAINING_SUBJECTS, har_arrays, write_har_folder, write_har_windows

from nas.data import Holdout, data_hash, load_data, open_test
from nas.data.split import known_groups
from simint.errors import InputError

DEFAULT_VALIDATION = (5, 11, 17, 23, 28)


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    """A small data set in the layout as published; read only."""
    return write_har_folder(tmp_path_factory.mktemp("har"), har_arrays())


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The same for a test that damages it."""
    return write_har_folder(tmp_path, har_arrays())


def test_both_layouts_hold_the_same(published: Path, tmp_path: Path) -> None:
    write_har_windows(tmp_path, har_arrays())
    text, windows = load_data("har", published), load_data("har", tmp_path)
    for mine, other in (
        (text.train, windows.train),
        (text.validation, windows.validation),
        (open_test(text), open_test(windows)),
    ):
        np.testing.assert_allclose(mine.x, other.x, atol=2e-6)  # text has eight digits
        np.testing.assert_array_equal(mine.y, other.y)
        np.testing.assert_array_equal(mine.groups, other.groups)
    assert text.source.startswith("UCI HAR Dataset")
    assert "har_windows.npz" in windows.source


def test_shapes_and_channels(published: Path) -> None:
    arrays = har_arrays()
    data = load_data("har", published)
    assert data.input_shape == (9, 128, 1)
    assert data.train.x.dtype == np.float32
    assert data.train.y.dtype == data.train.groups.dtype == np.int64
    stay = ~np.isin(arrays["subject_train"], DEFAULT_VALIDATION)
    raw = arrays["x_train"][stay] / 4096
    mean, deviation = raw.mean(axis=(0, 2)), raw.std(axis=(0, 2))
    np.testing.assert_allclose(data.normalisation.mean[:, 0, 0], mean, atol=1e-6)
    np.testing.assert_allclose(data.normalisation.scale[:, 0, 0], deviation, rtol=1e-5)
    # The test split by the statistics of training, whatever its own are.
    wanted = (arrays["x_test"] / 4096 - mean[:, None]) / deviation[:, None]
    np.testing.assert_allclose(open_test(data).x[..., 0], wanted, atol=1e-5)
    np.testing.assert_array_equal(data.train.y, arrays["y_train"][stay] - 1)


def test_subjects_are_apart(published: Path) -> None:
    data = load_data("har", published)
    assert known_groups(data.validation) == DEFAULT_VALIDATION
    assert known_groups(data.train) == tuple(sorted({*TRAINING_SUBJECTS} - {*DEFAULT_VALIDATION}))
    assert known_groups(open_test(data)) == TEST_SUBJECTS
    other = load_data("har", published, Holdout(subjects=(1,)))
    assert known_groups(other.validation) == (1,)
    assert data_hash(other) != data_hash(data)


def test_by_position_as_published(published: Path) -> None:
    data = load_data("har", published, statistics="position")
    assert data.normalisation.mean.shape == (9, 128, 1)
    np.testing.assert_allclose(data.train.x.mean(axis=0, dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(data.train.x.std(axis=0, dtype=np.float64), 1, atol=1e-5)


def test_where_it_is_looked_for(published: Path, tmp_path: Path, monkeypatch) -> None:
    inside, above = load_data("har", published), load_data("har", published.parent)
    monkeypatch.setenv("SIMINT_DATA", str(published.parent))
    named = load_data("har")
    assert data_hash(inside) == data_hash(above) == data_hash(named)
    assert inside.source == above.source == named.source
    with pytest.raises(InputError, match=r"not found: looked in .*har_uci for the folder UCI HAR Dataset or .*; get "):
        load_data("har", tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        load_data("har", tmp_path / "nothing")


def test_the_test_split_stays_closed(own: Path) -> None:
    before = load_data("har", own)
    (own / "test" / "Inertial Signals" / "total_acc_z_test.txt").write_text("broken\n")
    after = load_data("har", own)
    assert data_hash(after) == data_hash(before), "what a search sees does not depend on the test split"
    assert after.source != before.source, "the record does"
    with pytest.raises(InputError, match=r"total_acc_z_test\.txt: not a table of numbers"):
        open_test(after)


def test_another_sample_is_another_data_set(tmp_path: Path) -> None:
    arrays = har_arrays()
    write_har_windows(tmp_path, arrays)
    before = data_hash(load_data("har", tmp_path))
    held = int(np.flatnonzero(arrays["subject_train"] == DEFAULT_VALIDATION[0])[0])
    arrays["x_train"][held, 3, 17] += 1
    write_har_windows(tmp_path, arrays)
    assert data_hash(load_data("har", tmp_path)) != before


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("train/y_train.txt", "7\n" * 126, "labels are 1 to 6, got 7 at sample 0"),
        ("train/y_train.txt", "1\n" * 125, "125 labels for|126 subjects for 125 windows"),
        ("train/y_train.txt", "1 2\n", "one whole number a line"),
        ("train/y_train.txt", "", "one whole number a line"),
        ("train/y_train.txt", "1.5\n" * 126, "one whole number a line"),
        ("train/y_train.txt", "1\n" * 126, "no sample of class 'walking upstairs'"),
        ("train/subject_train.txt", "0\n" * 126, "subjects are numbered from 1, got 0"),
        ("train/subject_train.txt", "4\n" * 126, "subject 4 is in the training and in the test part"),
        ("train/subject_train.txt", "1\n" * 126, "no training subject 5; there are 1"),
        ("train/Inertial Signals/body_gyro_y_train.txt", "1 2 3\n" * 126, r"126 rows of 128 numbers.*got \(126, 3\)"),
        ("train/Inertial Signals/body_gyro_y_train.txt", "1 2\n1\n", "not a table of numbers"),
        ("train/Inertial Signals/body_gyro_y_train.txt", "nan " * 128, "not finite"),
        ("train/Inertial Signals/body_gyro_y_train.txt", "", "126 rows of 128 numbers"),
        ("train/Inertial Signals/body_gyro_y_train.txt", None, "cannot be read"),
    ],
)
def test_damaged_text_files(own: Path, file: str, content: str | None, message: str) -> None:
    if content is None:
        (own / file).unlink()
    else:
        (own / file).write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        load_data("har", own)
    assert "\n" not in str(caught.value)


def change(arrays: dict, **entries) -> dict:
    return {**arrays, **entries}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda a: {key: value for key, value in a.items() if key != "subject_train"}, "no array 'subject_train'"),
        (lambda a: change(a, x_train=a["x_train"][:, :8]), r"x_train must have shape \(n, 9, 128\)"),
        (lambda a: change(a, x_train=a["x_train"].astype(object)), "not a readable .npz file"),
        (lambda a: change(a, y_train=a["y_train"][:-1]), "125 labels for 126 samples"),
        (lambda a: change(a, y_train=a["y_train"] * 0), "labels are 1 to 6, got 0"),
        (lambda a: change(a, scale=np.float64(np.nan)), "scale holds values that are not finite"),
        (lambda a: change(a, subject_test=a["subject_train"][:1]), "in the training and in the test part"),
    ],
)
def test_damaged_windows(tmp_path: Path, damage, message: str) -> None:
    write_har_windows(tmp_path, damage(har_arrays()))
    with pytest.raises(InputError, match=message):
        load_data("har", tmp_path)


@pytest.mark.parametrize("size", [0, 100, 20_000, -100])
def test_a_file_cut_short(tmp_path: Path, size: int) -> None:
    path = write_har_windows(tmp_path, har_arrays())
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match=r"har_windows\.npz: not a") as caught:
        load_data("har", tmp_path)
    assert "\n" not in str(caught.value)


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = write_har_windows(tmp_path, har_arrays())
    content = bytearray(path.read_bytes())
    content[20_000] ^= 0x40
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"not a readable \.npz file"):
        load_data("har", tmp_path)
