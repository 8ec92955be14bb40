"""Human activity recognition with a smartphone (Anguita et al., ESANN 2013): 9 signals x 128 samples, 6 activities.

The signals are body acceleration x y z (g), body angular rate x y z (rad/s), total acceleration x y z (g), at 50 Hz.
Two forms: the folder as published (`UCI HAR Dataset`, text files), and `har_windows.npz`, windows cut from the raw
recordings of version 2.1 with slightly different offsets and without three of the nine test subjects.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.data.arrays import check_labels, read_array
from nas.data.layout import Layout
from nas.data.split import IntArray, RawSplit
from simint.errors import InputError

CLASS_NAMES = ("walking", "walking upstairs", "walking downstairs", "sitting", "standing", "laying")
# In alphabetical order, as TiNAS reads them.
SIGNALS = tuple(f"{kind}_{axis}" for kind in ("body_acc", "body_gyro", "total_acc") for axis in "xyz")
SAMPLES = 128
# Held out for validation: of the 21 published training subjects in ascending order every fourth, from the third on.
VALIDATION_SUBJECTS = (5, 11, 17, 23, 28)
WINDOWS = "har_windows.npz"


def read_text_training(place: Path) -> RawSplit:
    """The training windows of the folder as published."""
    return _read_text(place, "train", "test")


def read_text_test(place: Path) -> RawSplit:
    """The test windows of the folder as published."""
    return _read_text(place, "test", "train")


def read_windows_training(place: Path) -> RawSplit:
    """The training windows of `har_windows.npz`."""
    return _read_windows(place / WINDOWS, "train", "test")


def read_windows_test(place: Path) -> RawSplit:
    """The test windows of `har_windows.npz`."""
    return _read_windows(place / WINDOWS, "test", "train")


def _text_files(part: str) -> tuple[str, ...]:
    signals = (f"{part}/Inertial Signals/{signal}_{part}.txt" for signal in SIGNALS)
    return (*signals, f"{part}/y_{part}.txt", f"{part}/subject_{part}.txt")


LAYOUTS = (
    Layout(
        "UCI HAR Dataset, text files as published",
        "the folder UCI HAR Dataset",
        (".", "UCI HAR Dataset", "har_uci", "har_uci/UCI HAR Dataset"),
        (*_text_files("train"), *_text_files("test")),
        read_text_training,
        read_text_test,
    ),
    Layout(
        "windows cut from the raw recordings",
        WINDOWS,
        (".", "har_uci"),
        (WINDOWS,),
        read_windows_training,
        read_windows_test,
    ),
)


def _read_windows(path: Path, part: str, other: str) -> RawSplit:
    scale = float(read_array(path, "scale", "f", ()))
    x = read_array(path, f"x_{part}", "i", (None, len(SIGNALS), SAMPLES))
    y = check_labels(read_array(path, f"y_{part}", "iu", (None,)), len(x), 1, len(CLASS_NAMES), f"{path}: y_{part}")
    subjects = read_array(path, f"subject_{part}", "iu", (None,))
    groups = _subjects(subjects, len(x), f"{path}: subject_{part}")
    _check_apart(groups, read_array(path, f"subject_{other}", "iu", (None,)), str(path))
    return RawSplit((x * np.float32(scale)).astype(np.float32)[..., None], y - 1, groups)


def _read_text(place: Path, part: str, other: str) -> RawSplit:
    *signals, y_file, subject_file = _text_files(part)
    labels, subjects = _integers(place / y_file), _integers(place / subject_file)
    y = check_labels(labels, len(labels), 1, len(CLASS_NAMES), str(place / y_file))
    groups = _subjects(subjects, len(y), str(place / subject_file))
    _check_apart(groups, _integers(place / _text_files(other)[-1]), str(place))
    x = np.empty((len(y), len(SIGNALS), SAMPLES, 1), dtype=np.float32)
    for channel, file in enumerate(signals):
        rows = _table(place / file)
        if rows.shape != (len(y), SAMPLES):
            raise InputError(
                f"{place / file}: {len(y)} rows of {SAMPLES} numbers, as many rows as {y_file}, got {rows.shape}"
            )
        x[:, channel, :, 0] = rows
    return RawSplit(x, y - 1, groups)


def _table(path: Path) -> NDArray[np.float32]:
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # an empty file is found out by its shape
            rows = np.loadtxt(path, dtype=np.float32, ndmin=2)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:
        raise InputError(f"{path}: not a table of numbers: {error}") from None
    if not np.isfinite(rows).all():
        raise InputError(f"{path}: holds values that are not finite")
    return rows


def _integers(path: Path) -> IntArray:
    rows = _table(path)
    whole = rows.astype(np.int64)
    if rows.shape[1] != 1 or len(rows) == 0 or not np.array_equal(whole, rows):
        raise InputError(f"{path}: one whole number a line")
    return whole[:, 0]


def _subjects(subjects: NDArray[Any], samples: int, where: str) -> IntArray:
    if len(subjects) != samples:
        raise InputError(f"{where}: {len(subjects)} subjects for {samples} windows")
    if subjects.min(initial=1) < 1:
        raise InputError(f"{where}: subjects are numbered from 1, got {subjects.min()}")
    return subjects.astype(np.int64)


def _check_apart(mine: IntArray, others: NDArray[Any], where: str) -> None:
    both = np.intersect1d(mine, others)
    if len(both):
        raise InputError(
            f"{where}: subject {both[0]} is in the training and in the test part; no subject may be in both"
        )
