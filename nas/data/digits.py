"""Handwritten digits, 8 x 8 pixels of 0 to 16: 1,797 images that come with scikit-learn.

They are the test part of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, UCI repository, 1998), by 13
writers; the copy does not say who wrote which.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np

from nas.data.holdout import by_share
from nas.data.layout import Layout
from nas.data.split import RawSplit, no_groups, take
from simint.errors import InputError

CLASS_NAMES = tuple("0123456789")
DARKEST = 16
TEST_SHARE = 0.2


def read_training(place: Path) -> RawSplit:
    """The images that are not for testing; `place` plays no part."""
    return _read(test=False)


def read_test(place: Path) -> RawSplit:
    """A fixed fifth of every class; `place` plays no part."""
    return _read(test=True)


LAYOUTS = (Layout("scikit-learn load_digits", "scikit-learn", (), (), read_training, read_test),)


def _read(test: bool) -> RawSplit:
    try:
        data_sets = importlib.import_module("sklearn.datasets")
    except ImportError:
        raise InputError("data set digits needs scikit-learn: install simint[nas]") from None
    images, y = data_sets.load_digits(return_X_y=True)
    x = np.asarray(images, dtype=np.float32).reshape(-1, 1, 8, 8)
    samples = RawSplit(x, np.asarray(y, dtype=np.int64), no_groups(len(x)))
    return take(samples, by_share(samples, TEST_SHARE, "test", "digits")[test])
