"""CIFAR-10 (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009): 32 x 32 colour images.

Three sources: the original Python batches; .npz files of images that went through JPEG (`cifar10_train_a`, `_b`,
`_test`); and `cifar10_lossless_4000.npz`, the first 4,000 original images. The last two share images, so `cifar10`
never reads the lossless file and `cifar10-lossless` nothing else, with a test part of its own.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from nas.data.arrays import check_labels, read_array
from nas.data.holdout import by_share
from nas.data.layout import Layout
from nas.data.split import RawSplit, joined, no_groups, take
from simint.errors import InputError

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SIDE = 32
# 5,000 of the 50,000 original training images.
VALIDATION_SHARE = 0.1
LOSSLESS_TEST_SHARE = 0.2

_TRAINING_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
_TEST_BATCH = "test_batch"
_TRAINING_FILES = ("cifar10_train_a.npz", "cifar10_train_b.npz")
_TEST_FILE = "cifar10_test.npz"
_LOSSLESS_FILE = "cifar10_lossless_4000.npz"
# Keys are byte strings: the batches were written by Python 2.
_DATA, _LABELS = b"data", b"labels"


def read_batches_training(place: Path) -> RawSplit:
    """The five training batches as published."""
    return joined([_read_batch(place / name) for name in _TRAINING_BATCHES])


def read_batches_test(place: Path) -> RawSplit:
    """The test batch as published."""
    return _read_batch(place / _TEST_BATCH)


def read_images_training(place: Path) -> RawSplit:
    """The training images of the .npz files."""
    return joined([_read_images(place / name) for name in _TRAINING_FILES])


def read_images_test(place: Path) -> RawSplit:
    """The test images of the .npz file."""
    return _read_images(place / _TEST_FILE)


def read_lossless_training(place: Path) -> RawSplit:
    """The lossless images that are not for testing."""
    return _read_lossless(place, test=False)


def read_lossless_test(place: Path) -> RawSplit:
    """A fixed fifth of every class of the lossless images."""
    return _read_lossless(place, test=True)


LAYOUTS = (
    Layout(
        "CIFAR-10 Python batches as published",
        "the folder cifar-10-batches-py",
        (".", "cifar-10-batches-py", "cifar10", "cifar10/cifar-10-batches-py"),
        (*_TRAINING_BATCHES, _TEST_BATCH),
        read_batches_training,
        read_batches_test,
    ),
    Layout(
        "CIFAR-10 through JPEG",
        "cifar10_train_a.npz, cifar10_train_b.npz and cifar10_test.npz",
        (".", "cifar10"),
        (*_TRAINING_FILES, _TEST_FILE),
        read_images_training,
        read_images_test,
    ),
)
LOSSLESS_LAYOUTS = (
    Layout(
        "the first 4,000 images of CIFAR-10",
        _LOSSLESS_FILE,
        (".", "cifar10"),
        (_LOSSLESS_FILE,),
        read_lossless_training,
        read_lossless_test,
    ),
)


def _read_images(path: Path) -> RawSplit:
    x = read_array(path, "x", "u", (None, SIDE, SIDE, 3))
    y = check_labels(read_array(path, "y", "iu", (None,)), len(x), 0, len(CLASS_NAMES) - 1, f"{path}: y")
    return RawSplit(np.ascontiguousarray(x.transpose(0, 3, 1, 2)), y, no_groups(len(x)))


def _read_lossless(place: Path, test: bool) -> RawSplit:
    path = place / _LOSSLESS_FILE
    images = _read_images(path)
    return take(images, by_share(images, LOSSLESS_TEST_SHARE, "test", str(path))[test])


def _read_batch(path: Path) -> RawSplit:
    batch = _unpickled(path)
    data = batch.get(_DATA)
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (3 * SIDE * SIDE,):
        raise InputError(f"{path}: data must be bytes of shape (n, {3 * SIDE * SIDE})")
    labels = batch.get(_LABELS)
    if not isinstance(labels, list) or not all(isinstance(label, int) for label in labels):
        raise InputError(f"{path}: labels must be a list of whole numbers")
    y = check_labels(np.array(labels, dtype=np.int64), len(data), 0, len(CLASS_NAMES) - 1, f"{path}: labels")
    return RawSplit(data.reshape(-1, 3, SIDE, SIDE), y, no_groups(len(data)))


def _unpickled(path: Path) -> dict[Any, Any]:
    try:
        batch = _BatchReader(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except Exception as error:  # a damaged pickle can fail in any way
        raise InputError(f"{path}: not a CIFAR-10 batch ({error or type(error).__name__})") from None
    if not isinstance(batch, dict):
        raise InputError(f"{path}: not a CIFAR-10 batch (a dictionary of data and labels)")
    return batch


class _BatchReader(pickle.Unpickler):
    """Makes arrays and nothing else: a pickle could call any function, and these files come from elsewhere."""

    def find_class(self, module: str, name: str) -> Any:
        """The few names that arrays need, under their old and new homes."""
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        if name == "_reconstruct" and module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            return _empty_array
        if (module, name) == ("_codecs", "encode"):
            return _encoded
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def _empty_array(kind: Any, shape: Any, letter: Any) -> Any:
    return np.ndarray.__new__(np.ndarray, (0,), np.uint8)


def _encoded(text: str, encoding: str | bytes = "latin1") -> bytes:
    return text.encode("latin1")
