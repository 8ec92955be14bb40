"""Which paths a training step takes."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nas.supernet.path_space import BlockOptions, Path, PathSpace
from simint.network.mbconv import MbconvBlock


class Sampling(enum.StrEnum):
    """The paths of a step.

    `uniform`: one, every choice drawn uniformly and independently (TiNAS).
    `fair`: as many as there must be so that every option of every choice is used equally often, in random
    combinations (strict fairness: Chu et al., "FairNAS", ICCV 2021, doi 10.1109/ICCV48922.2021.01202).
    `sandwich`: the largest, the smallest and two random ones (Yu and Huang, ICCV 2019, doi 10.1109/ICCV.2019.00189).
    """

    UNIFORM = "uniform"
    FAIR = "fair"
    SANDWICH = "sandwich"


SANDWICH_RANDOM = 2  # Yu and Huang train two random widths between the largest and the smallest


def uniform_path(space: PathSpace, generator: np.random.Generator) -> Path:
    """Every choice drawn uniformly and independently."""
    width, resolution, *rest = generator.integers(0, _option_counts(space)).tolist()
    return _path(space, width, resolution, rest)


def sandwich_paths(space: PathSpace, generator: np.random.Generator) -> tuple[Path, ...]:
    """The largest path, the smallest, and random ones."""
    between = tuple(uniform_path(space, generator) for _ in range(SANDWICH_RANDOM))
    return (space.largest, space.smallest, *between)


def fair_options(space: PathSpace, generator: np.random.Generator) -> tuple[Path, ...]:
    """Paths that together use every option of every choice (expansion, kernel, ..) equally often: the least number.

    For supernets whose weights are shared by options.
    """
    columns = _decks(_option_counts(space), generator)
    return tuple(_path(space, width, resolution, rest) for width, resolution, *rest in columns.T.tolist())


def fair_choices(space: PathSpace, generator: np.random.Generator) -> tuple[Path, ...]:
    """Paths that together use every choice (of all four values) of a block equally often: the least number.

    For supernets with a module a choice; where all blocks have n choices these are n paths, each module is used once.
    """
    choices = [block.choices for block in space.blocks]
    columns = _decks([len(space.widths), len(space.resolutions), *map(len, choices)], generator)
    return tuple(
        Path(
            space.family,
            space.widths[width],
            space.resolutions[resolution],
            tuple(block[index] for block, index in zip(choices, chosen, strict=True)),
        )
        for width, resolution, *chosen in columns.T.tolist()
    )


def fair_path_count(space: PathSpace) -> int:
    """Number of paths of `fair_options`."""
    return math.lcm(*_option_counts(space))


def endless(
    sampling: Sampling, space: PathSpace, generator: np.random.Generator, *, by_choice: bool
) -> Iterator[tuple[Path, ...]]:
    """The paths of step after step; `by_choice` says which of the two fair rules."""
    while True:
        match sampling:
            case Sampling.UNIFORM:
                yield (uniform_path(space, generator),)
            case Sampling.SANDWICH:
                yield sandwich_paths(space, generator)
            case Sampling.FAIR:
                yield fair_choices(space, generator) if by_choice else fair_options(space, generator)


def _option_counts(space: PathSpace) -> list[int]:
    counts = [len(space.widths), len(space.resolutions)]
    for block in space.blocks:
        counts += [len(block.expansions), len(block.kernels), len(block.repeats), len(block.shortcuts)]
    return counts


def _decks(counts: Sequence[int], generator: np.random.Generator) -> NDArray[np.int64]:
    """(choices, paths): in each row every option equally often, in random order within each round of all of them."""
    paths = math.lcm(*counts)
    return np.stack([np.concatenate([generator.permutation(n) for _ in range(paths // n)]) for n in counts])


def _path(space: PathSpace, width: int, resolution: int, rest: Sequence[int]) -> Path:
    blocks = tuple(_block(options, rest[4 * n : 4 * n + 4]) for n, options in enumerate(space.blocks))
    return Path(space.family, space.widths[width], space.resolutions[resolution], blocks)


def _block(options: BlockOptions, picks: Sequence[int]) -> MbconvBlock:
    expansion, kernel, repeats, shortcut = picks
    return MbconvBlock(
        options.expansions[expansion], options.kernels[kernel], options.repeats[repeats], options.shortcuts[shortcut]
    )
