"""Samples at another resolution: linear interpolation along time, area-aware bilinear scaling of images.

Square samples are images, all others run along time (their height) and keep their width: one for signals, the number
of coefficients for keyword features.

The centre of output value i lies at (i + 1/2) * n / m of n inputs and m outputs (half-pixel centres, no aligned
corners). Every output is a weighted mean of inputs near its centre, with weights that fall linearly to zero at a
distance of one input (along time; of 128 samples to 64 this is the mean of neighbouring pairs), or of n / m inputs
where an image shrinks (the "antialiased bilinear" of image libraries, which leaves no pixel out).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nas.data.split import FloatArray
from simint.errors import InputError

# More than this says nothing new about a sample; it catches a typo before it fills the memory.
LARGEST_ENLARGEMENT = 4


def resized_shape(shape: tuple[int, int, int], resolution: int) -> tuple[int, int, int]:
    """(channels, height, width) with `resolution` as height, and as width of images; InputError where out of range."""
    channels, height, width = shape
    if not 1 <= resolution <= LARGEST_ENLARGEMENT * height:
        raise InputError(
            f"resolution: 1 to {LARGEST_ENLARGEMENT * height} for samples of height {height}, got {resolution}"
        )
    return channels, resolution, resolution if width == height else width


def resized(x: FloatArray, resolution: int) -> FloatArray:
    """Samples (n, channels, height, width) at height `resolution`; the same array where that is its height."""
    height, width = x.shape[2:]
    _, new_height, new_width = resized_shape((x.shape[1], height, width), resolution)
    image = width == height
    return _along(_along(x, 2, new_height, image), 3, new_width, image)


def taps(inputs: int, outputs: int, shrinking: bool) -> tuple[NDArray[np.intp], FloatArray]:
    """Indices (outputs, k) of the inputs every output is the mean of, and their weights, which sum to 1.

    With `shrinking` the weights reach as far as one output is wide.
    """
    step = inputs / outputs
    reach = max(1.0, step) if shrinking else 1.0
    centres = (np.arange(outputs) + 0.5) * step
    first = np.floor(centres - reach).astype(np.intp)
    indices = first[:, None] + np.arange(int(np.ceil(2 * reach)) + 1)
    weights = np.maximum(0.0, 1.0 - np.abs(indices + 0.5 - centres[:, None]) / reach)
    weights[(indices < 0) | (indices >= inputs)] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    used = weights.any(axis=0)
    return np.clip(indices, 0, inputs - 1)[:, used], weights[:, used].astype(np.float32)


def _along(x: FloatArray, axis: int, outputs: int, shrinking: bool) -> FloatArray:
    if x.shape[axis] == outputs:
        return x
    indices, weights = taps(x.shape[axis], outputs, shrinking)
    shape = [1] * x.ndim
    shape[axis] = outputs
    # Tap after tap, so that the digits do not depend on a library's way to sum products.
    result = np.zeros((*x.shape[:axis], outputs, *x.shape[axis + 1 :]), dtype=np.float32)
    for column in range(indices.shape[1]):
        result += x.take(indices[:, column], axis=axis) * weights[:, column].reshape(shape)
    return result
