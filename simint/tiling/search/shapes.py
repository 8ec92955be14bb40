"""The layers of a network as flat numbers, equal shapes only once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.errors import InputError
from simint.network.layer import Layer
from simint.tiling.geometry import LayerGeometry

LayerKey = tuple[object, ...]  # all that the cost of a layer depends on, its name left out


class Shapes(NamedTuple):
    """The distinct shapes of a network: `keys` and one layer of each, in order of appearance.

    `names`: of all layers. `which`: for each of them the place of its shape.
    """

    names: list[str]
    which: list[int]
    keys: list[LayerKey]
    layers: list[Layer]


def distinct_shapes(layers: Sequence[Layer]) -> Shapes:
    """The distinct shapes of a network; InputError for an empty one."""
    if not layers:
        raise InputError("a network without layers has nothing to explore")
    place: dict[LayerKey, int] = {}
    names: list[str] = []
    which: list[int] = []
    distinct: list[Layer] = []
    for layer in layers:
        key = (layer.kind, layer.ifm, layer.ofm, layer.kernel, layer.stride, layer.pad, layer.groups)
        row = place.get(key)
        if row is None:
            row = place[key] = len(distinct)
            distinct.append(layer)
        names.append(layer.name)
        which.append(row)
    return Shapes(names, which, list(place), distinct)


def occurrences(shapes: Shapes) -> NDArray[np.int64]:
    """How often each distinct shape occurs in the network."""
    return np.bincount(np.array(shapes.which))


def geometry_rows(geometries: Sequence[LayerGeometry]) -> NDArray[np.int64]:
    """The flat forms of layers as an array, a row per layer."""
    width = len(LayerGeometry._fields)
    return np.fromiter(chain.from_iterable(geometries), np.int64, len(geometries) * width).reshape(-1, width)
