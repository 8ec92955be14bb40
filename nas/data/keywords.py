"""Spoken words as mel-frequency cepstral coefficients (MFCC): 49 frames of one second x 10 coefficients.

`keywords`: 12 classes of Google Speech Commands v2 (Warden, 2018), the 1,000 samples with which MLPerf Tiny evaluates
keyword spotting; few for training. `spoken-digits`: 3,000 recordings of ten digits by six speakers (FSDD).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nas.data.arrays import check_labels, read_array
from nas.data.holdout import by_share, by_subject
from nas.data.layout import Layout
from nas.data.split import RawSplit, joined, no_groups, take
from simint.errors import InputError

KEYWORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes", "silence", "unknown")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FRAMES, COEFFICIENTS = 49, 10
KEYWORDS_TEST_SHARE = 0.25
# Index into the file's speakers, which are in alphabetical order: the last one tests, the one before validates.
TEST_SPEAKER, VALIDATION_SPEAKER = 5, 4

_KEYWORDS_FILE = "kws01_mfcc_int8.npz"
_DIGITS_FILE = "fsdd_mfcc_f16.npz"


def read_keywords_training(place: Path) -> RawSplit:
    """The keywords that are not for testing."""
    return _read_keywords(place, test=False)


def read_keywords_test(place: Path) -> RawSplit:
    """A fixed quarter of every class."""
    return _read_keywords(place, test=True)


def read_speakers_training(place: Path) -> RawSplit:
    """All recordings of all speakers but the one for testing."""
    return _read_speakers(place, test=False)


def read_speakers_test(place: Path) -> RawSplit:
    """All recordings of the speaker for testing."""
    return _read_speakers(place, test=True)


def read_recordings_training(place: Path) -> RawSplit:
    """Recordings 5 and up of every digit and speaker: the training part of the authors."""
    return _read_digits(place / _DIGITS_FILE, "train")


def read_recordings_test(place: Path) -> RawSplit:
    """Recordings 0 to 4 of every digit and speaker: the test part of the authors."""
    return _read_digits(place / _DIGITS_FILE, "test")


_DIGITS_PLACES = (".", "kws_spoken_digits")
LAYOUTS = (
    Layout(
        "MLPerf Tiny keyword features",
        _KEYWORDS_FILE,
        (".", "kws_mlperf_tiny"),
        (_KEYWORDS_FILE,),
        read_keywords_training,
        read_keywords_test,
    ),
)
SPEAKER_LAYOUTS = (
    Layout(
        "FSDD features, split by speaker",
        _DIGITS_FILE,
        _DIGITS_PLACES,
        (_DIGITS_FILE,),
        read_speakers_training,
        read_speakers_test,
    ),
)
RECORDING_LAYOUTS = (
    Layout(
        "FSDD features, split by recording",
        _DIGITS_FILE,
        _DIGITS_PLACES,
        (_DIGITS_FILE,),
        read_recordings_training,
        read_recordings_test,
    ),
)


def _read_keywords(place: Path, test: bool) -> RawSplit:
    path = place / _KEYWORDS_FILE
    codes = read_array(path, "x", "i", (None, FRAMES, COEFFICIENTS))
    y = check_labels(read_array(path, "y", "iu", (None,)), len(codes), 0, len(KEYWORDS) - 1, f"{path}: y")
    names = tuple(str(name) for name in read_array(path, "class_names", "U", (None,)))
    if names != KEYWORDS:
        raise InputError(f"{path}: class_names must be {', '.join(KEYWORDS)}, got {', '.join(names)}")
    scale = np.float32(read_array(path, "input_scale", "f", ()))
    zero = int(read_array(path, "input_zero_point", "iu", ()))
    x = (codes.astype(np.float32) - np.float32(zero)) * scale
    samples = RawSplit(x[:, None], y, no_groups(len(x)))
    return take(samples, by_share(samples, KEYWORDS_TEST_SHARE, "test", str(path))[test])


def _read_speakers(place: Path, test: bool) -> RawSplit:
    path = place / _DIGITS_FILE
    samples = joined([_read_digits(path, "train"), _read_digits(path, "test")])
    return take(samples, by_subject(samples, (TEST_SPEAKER,), str(path))[test])


def _read_digits(path: Path, part: str) -> RawSplit:
    x = read_array(path, f"x_{part}", "f", (None, FRAMES, COEFFICIENTS)).astype(np.float32)
    y = check_labels(read_array(path, f"y_{part}", "iu", (None,)), len(x), 0, len(DIGITS) - 1, f"{path}: y_{part}")
    last = len(read_array(path, "speakers", "U", (None,))) - 1
    speakers = read_array(path, f"speaker_{part}", "iu", (None,))
    return RawSplit(x[:, None], y, check_labels(speakers, len(x), 0, last, f"{path}: speaker_{part}"))
