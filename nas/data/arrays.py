"""Arrays of .npz files, checked: one clear line where a file is damaged or is another one than it should be."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.data.split import IntArray
from simint.errors import InputError


def read_array(path: Path, key: str, kinds: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Array `key` of an .npz file, whose dtype is one of `kinds` (NumPy's letters) and whose shape fits (None: any)."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise InputError(f"{path}: not an .npz file")
            if key not in archive.files:
                raise InputError(f"{path}: no array {key!r}; there are {', '.join(archive.files) or 'none'}")
            array: NDArray[Any] = archive[key]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise InputError(f"{path}: not a readable .npz file ({_reason(error)})") from None
    fits = len(array.shape) == len(shape) and all(
        want in (None, got) for want, got in zip(shape, array.shape, strict=True)
    )
    if array.dtype.kind not in kinds or not fits:
        wanted = f"({', '.join('n' if side is None else str(side) for side in shape)})"
        raise InputError(f"{path}: {key} must have shape {wanted}, got {array.dtype} {array.shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(f"{path}: {key} holds values that are not finite")
    return array


def check_labels(y: NDArray[Any], samples: int, low: int, high: int, where: str) -> IntArray:
    """Labels `low` to `high` of `samples` samples, as integers."""
    if len(y) != samples:
        raise InputError(f"{where}: {len(y)} labels for {samples} samples")
    labels = y.astype(np.int64)
    strange = np.flatnonzero((labels < low) | (labels > high) | (labels != y))
    if len(strange):
        raise InputError(f"{where}: labels are {low} to {high}, got {y[strange[0]]} at sample {strange[0]}")
    return labels


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)) or type(error).__name__
