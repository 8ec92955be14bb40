"""Small search spaces, and all their networks one by one, for tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from nas.space.columns import Costs, Ints
from nas.space.mbconv_space import MbconvSpace
from nas.space.population import Constraints
from nas.space.table import SpaceTable
from nas.space.target import Target


def some(values: list[object], most: int = 2) -> st.SearchStrategy[tuple[object, ...]]:
    """One or a few of the values, in any order."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(tuple)


@st.composite
def small_spaces(draw: st.DrawFn) -> MbconvSpace:
    """Spaces of the HAR family with at most 6,912 networks, some of which may not fit into NVM."""
    return MbconvSpace(
        name="small",
        family="har",
        widths=draw(some([0.5, 0.7, 1.0])),
        resolutions=draw(some([64, 128])),
        expansions=draw(some([1, 3, 6])),
        kernels=draw(some([1, 5])),
        repeats=draw(some([1, 2, 3], most=3)),
        shortcuts=(False, True) if draw(st.booleans()) else (False,),
        target=Target(nvm_bytes=draw(st.sampled_from([None, 40_000, 15_000, 8_000]))),
    )


def every_network(table: SpaceTable) -> tuple[Ints, Ints]:
    """Settings and choices of all networks of a space, repetitions included."""
    space = table.space
    shape = (len(space.settings), *(len(space.choices),) * space.blocks)
    columns = np.indices(shape).reshape(len(shape), -1)
    return columns[0], columns[1:].T


def meets(table: SpaceTable, costs: Costs, constraints: Constraints) -> np.ndarray:
    """Which networks can be built and meet the constraints."""
    memory = table.platform.memory
    fits = (
        (costs.feature_bytes <= memory.nvm_feature_bytes)
        & (costs.weight_bytes <= memory.nvm_weight_bytes)
        & (costs.feature_bytes + costs.weight_bytes <= memory.nvm_bytes)
    )
    built = np.isfinite(costs.latency_s) & (fits | (not constraints.storage))
    with np.errstate(invalid="ignore"):
        return built & (costs.latency_s <= constraints.latency_s) & (costs.imo_percent <= constraints.imo_percent)


def distinct(table: SpaceTable, settings: Ints, choices: Ints) -> np.ndarray:
    """Which networks are the first description of their architecture."""
    blocks = np.arange(table.space.blocks)
    return (table.canonical[settings[:, None], blocks, choices] == choices).all(axis=1)
