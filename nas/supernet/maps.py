"""A split as the maps a supernet reads: on its device, channels last, one copy for every resolution it serves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nas.data.data_set import DataSet
from nas.data.split import Split
from nas.supernet.path_space import PathSpace
from simint.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """`by_resolution`: (n, height, width, channels), the same samples at each resolution; `y` (n,)."""

    by_resolution: dict[int, Tensor]
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def batch(self, resolution: int, rows: Tensor | slice) -> Tensor:
        """(rows, channels, height, width) in the channels-last format."""
        return self.by_resolution[resolution][rows].permute(0, 3, 1, 2)


def training_maps(data: DataSet, space: PathSpace, device: torch.device) -> Maps:
    """The training split; InputError where the data do not suit the paths."""
    return _maps([(r, data.resized(r).train) for r in space.resolutions], data, space, device)


def validation_maps(data: DataSet, space: PathSpace, device: torch.device) -> Maps:
    """The validation split; InputError where the data do not suit the paths."""
    return _maps([(r, data.resized(r).validation) for r in space.resolutions], data, space, device)


def _maps(splits: list[tuple[int, Split]], data: DataSet, space: PathSpace, device: torch.device) -> Maps:
    for resolution, split in splits:
        wanted = space.tables.input_shape(resolution)
        if tuple(split.x.shape[1:]) != wanted:
            raise InputError(
                f"data set {data.name} gives maps of {tuple(split.x.shape[1:])} (channels, height, width), "
                f"{space.describe()} reads {wanted}"
            )
    if data.classes > space.tables.classes:
        raise InputError(
            f"data set {data.name} has {data.classes} classes, {space.family} tells {space.tables.classes}"
        )
    tensors = {r: torch.from_numpy(np.ascontiguousarray(split.x.transpose(0, 2, 3, 1))) for r, split in splits}
    y = torch.from_numpy(splits[0][1].y)
    return Maps({r: tensor.to(device) for r, tensor in tensors.items()}, y.to(device))
