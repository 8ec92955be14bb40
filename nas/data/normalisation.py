"""Normalisation by statistics of the training split, kept with a model so that a device can do the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nas.data.split import FloatArray
from simint.errors import InputError

Statistics = Literal["channel", "feature", "position", "range"]

# The axes of (n, channels, height, width) that one mean and one scale cover.
_AXES: dict[str, tuple[int, ...]] = {"channel": (0, 2, 3), "feature": (0, 2), "position": (0,)}


@dataclass(frozen=True, slots=True, eq=False)
class Normalisation:
    """`(x - mean) / scale` of samples at the resolution of their files.

    Both arrays broadcast against (channels, height, width) and carry the unit of the raw samples. They come from the
    training split alone (or are constants of the file format), so validation and test samples, and a deployed device,
    are treated alike.
    """

    mean: FloatArray
    scale: FloatArray

    def apply(self, x: NDArray[Any]) -> FloatArray:
        """Normalised copy of raw samples (..., channels, height, width)."""
        result = x.astype(np.float32)
        result -= self.mean
        result /= self.scale
        return result

    def undo(self, x: FloatArray) -> FloatArray:
        """Samples in the unit of their files again, of normalised ones."""
        return x * self.scale + self.mean


def check_statistics(text: str, where: str) -> Statistics:
    """`text` as the name of a normalisation; InputError names the choices."""
    for name in get_args(Statistics):
        if text == name:
            return name  # type: ignore[no-any-return]
    raise InputError(f"{where}: {' or '.join(get_args(Statistics))}, got {text!r}")


def measured(x: NDArray[Any], statistics: Statistics) -> Normalisation:
    """Zero mean and unit standard deviation over the training samples `x` (n, channels, height, width).

    `channel`: one mean and deviation a channel. `feature`: one a channel and column, over samples and time; for signals
    the same as `channel`, for MFCC one a coefficient. `position`: one for every value of a sample, as
    TiNAS does for HAR (per channel and time index). A value that never changes in training is
    only shifted, its scale is 1.
    """
    axes = _AXES[statistics]
    mean = x.mean(axis=axes, dtype=np.float64, keepdims=True)
    scale = _deviation(x, mean, axes)
    scale[scale == 0] = 1.0
    return Normalisation(mean[0].astype(np.float32), scale[0].astype(np.float32))


def ranged(low: float, high: float) -> Normalisation:
    """Values between `low` and `high` to [-1, 1]; for bytes the published mean 0.5 and deviation 0.5 of x/255."""
    return Normalisation(
        np.full((1, 1, 1), (high + low) / 2, dtype=np.float32), np.full((1, 1, 1), (high - low) / 2, dtype=np.float32)
    )


def _deviation(x: NDArray[Any], mean: NDArray[np.float64], axes: tuple[int, ...]) -> NDArray[np.float64]:
    # In slices: the squares of a whole set in double precision would take eight times the memory of its bytes.
    total = np.zeros(mean.shape)
    for start in range(0, len(x), 4096):
        total += np.square(x[start : start + 4096] - mean).sum(axis=axes, keepdims=True)
    samples = np.prod([x.shape[axis] for axis in axes])
    return np.asarray(np.sqrt(total / samples))
