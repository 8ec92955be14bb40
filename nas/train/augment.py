"""Training samples varied at random, on normalised maps (n, channels, height, width)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from nas.train.settings import Augmentation

# He et al., CVPR 2016, section 4.2: CIFAR images shifted by up to 4 of 32 pixels and mirrored.
SHIFT_SHARE = 4 / 32
# Ranges of the TiNAS artefact (github.com/EMCLab-Sinica/TiNAS) for CIFAR10.
ROTATION_DEGREES = 10.0
SHEAR_DEGREES = 10.0
SCALES = (0.8, 1.2)
COLOUR_JITTER = 0.2


def augmented(x: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """A varied copy; `generator` lives on the CPU, so that the draws do not depend on the device.

    `shift`: moved by up to an eighth of each side, zeros come in (a side of 1 stays). `flip-shift`: half of them
    mirrored besides. `tinas-cifar10`: half mirrored, all rotated, scaled and sheared with bilinear sampling, then
    recoloured: values spread about the image's mean (contrast) and about its grey (saturation) and moved together
    (brightness), which on images scaled to [-1, 1] is the published jitter to first order.
    """
    match augmentation:
        case Augmentation.NONE:
            return x
        case Augmentation.SHIFT:
            return _shifted(x, generator)
        case Augmentation.FLIP_SHIFT:
            return _shifted(_mirrored(x, generator), generator)
        case Augmentation.TINAS_CIFAR10:
            return _recoloured(_warped(_mirrored(x, generator), generator), generator)


def _uniform(count: int, low: float, high: float, generator: torch.Generator, like: Tensor) -> Tensor:
    return (low + (high - low) * torch.rand(count, generator=generator)).to(like)


def _mirrored(x: Tensor, generator: torch.Generator) -> Tensor:
    chosen = (torch.rand(len(x), generator=generator) < 0.5).to(x.device)
    return torch.where(chosen[:, None, None, None], x.flip(3), x)


def _shifted(x: Tensor, generator: torch.Generator) -> Tensor:
    n, _, height, width = x.shape
    down, right = round(height * SHIFT_SHARE), round(width * SHIFT_SHARE)
    rows = torch.randint(0, 2 * down + 1, (n, 1), generator=generator) + torch.arange(height)
    columns = torch.randint(0, 2 * right + 1, (n, 1), generator=generator) + torch.arange(width)
    padded = functional.pad(x, (right, right, down, down)).permute(0, 2, 3, 1)
    samples = torch.arange(n)[:, None, None]
    return padded[samples, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _warped(x: Tensor, generator: torch.Generator) -> Tensor:
    n = len(x)
    turn = _uniform(n, -math.radians(ROTATION_DEGREES), math.radians(ROTATION_DEGREES), generator, x)
    shear = _uniform(n, -math.radians(SHEAR_DEGREES), math.radians(SHEAR_DEGREES), generator, x).tan()
    scale = _uniform(n, *SCALES, generator, x)
    cos, sin, zero = turn.cos() / scale, turn.sin() / scale, torch.zeros_like(turn)
    # Where every output pixel comes from: rotation after a shear along the rows, both about the centre.
    rows = torch.stack([cos, cos * shear - sin, zero, sin, sin * shear + cos, zero], dim=1).view(n, 2, 3)
    grid = functional.affine_grid(rows, list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)


def _recoloured(x: Tensor, generator: torch.Generator) -> Tensor:
    n = len(x)
    contrast, saturation = (
        _uniform(n, 1 - COLOUR_JITTER, 1 + COLOUR_JITTER, generator, x)[:, None, None, None] for _ in range(2)
    )
    brightness = _uniform(n, -COLOUR_JITTER, COLOUR_JITTER, generator, x)[:, None, None, None]
    mean, grey = x.mean((1, 2, 3), keepdim=True), x.mean(1, keepdim=True)
    return mean + contrast * (grey + saturation * (x - grey) - mean) + brightness
