"""The paths of a supernet: the choices of a space of the MBConv family, by block and for the whole network."""

from __future__ import annotations

import itertools

import msgspec

from nas.space.genome import WHOLE_NETWORK, Gene, Genome, Space
from simint.errors import InputError
from simint.network.mbconv import MBCONV_FAMILIES, MbconvBlock, MbconvFamily, MbconvSpec, parse_mbconv

Path = MbconvSpec  # a path is named by the network it is

_NETWORK_GENES = ("width", "resolution")
_BLOCK_GENES = ("expansion", "kernel", "repeats", "shortcut")


class BlockOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one block chooses from."""

    expansions: tuple[int, ...]
    kernels: tuple[int, ...]
    repeats: tuple[int, ...]
    shortcuts: tuple[bool, ...]

    @property
    def choices(self) -> tuple[MbconvBlock, ...]:
        """All choices in the published order: expansion, kernel, repeats, shortcut, the last one fastest."""
        lists = (self.expansions, self.kernels, self.repeats, self.shortcuts)
        return tuple(itertools.starmap(MbconvBlock, itertools.product(*lists)))

    @property
    def largest(self) -> MbconvBlock:
        """The choice with the most of everything."""
        return MbconvBlock(max(self.expansions), max(self.kernels), max(self.repeats), max(self.shortcuts))

    @property
    def smallest(self) -> MbconvBlock:
        """The choice with the least of everything."""
        return MbconvBlock(min(self.expansions), min(self.kernels), min(self.repeats), min(self.shortcuts))


class PathSpace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All paths of a supernet. `family` is a key of MBCONV_FAMILIES."""

    family: str
    widths: tuple[float, ...]
    resolutions: tuple[int, ...]
    blocks: tuple[BlockOptions, ...]

    @property
    def tables(self) -> MbconvFamily:
        """Stem, strides, base channels and classes of the family."""
        return MBCONV_FAMILIES[self.family]

    @property
    def largest(self) -> Path:
        """The path with the most of everything."""
        blocks = tuple(block.largest for block in self.blocks)
        return Path(self.family, max(self.widths), max(self.resolutions), blocks)

    @property
    def smallest(self) -> Path:
        """The path with the least of everything."""
        blocks = tuple(block.smallest for block in self.blocks)
        return Path(self.family, min(self.widths), min(self.resolutions), blocks)

    def at(self, width: float, resolution: int) -> PathSpace:
        """The paths of one network-level setting; InputError where the space has it not."""
        if width not in self.widths or resolution not in self.resolutions:
            raise InputError(
                f"no paths of width {width:g} and resolution {resolution}; widths {_list(self.widths)}, "
                f"resolutions {_list(self.resolutions)}"
            )
        return PathSpace(self.family, (width,), (resolution,), self.blocks)

    def check(self, path: Path) -> None:
        """Raises InputError where the path is not in the space."""
        inside = path.dataset == self.family and path.width in self.widths and path.resolution in self.resolutions
        if inside:
            for block, options in zip(path.blocks, self.blocks, strict=True):
                inside = inside and (
                    block.expansion in options.expansions
                    and block.kernel in options.kernels
                    and block.repeats in options.repeats
                    and block.skip in options.shortcuts
                )
        if not inside:
            raise InputError(f"network {path.word}: not a path of this supernet ({self.describe()})")

    def describe(self) -> str:
        """In one line, for messages."""
        return f"{self.family}, widths {_list(self.widths)}, resolutions {_list(self.resolutions)}"


def path_space(space: Space) -> PathSpace:
    """The paths of a search space; InputError where it is not of the MBConv family."""
    genes = space.genes
    names = {gene.name for gene in genes}
    if names != {*_NETWORK_GENES, *_BLOCK_GENES}:
        raise InputError(
            f"space {space.name!r} has no supernet: only spaces of the MBConv family have one, whose choices are "
            f"{', '.join((*_NETWORK_GENES, *_BLOCK_GENES))}"
        )
    first = path_of(space, (0,) * len(genes))
    last = max(gene.part for gene in genes)
    blocks = []
    for part in range(last + 1):
        expansions, kernels, repeats, shortcuts = (_options(genes, name, part) for name in _BLOCK_GENES)
        blocks.append(
            BlockOptions(
                tuple(map(int, expansions)),
                tuple(map(int, kernels)),
                tuple(map(int, repeats)),
                tuple(map(bool, shortcuts)),
            )
        )
    widths, resolutions = (_options(genes, name, WHOLE_NETWORK) for name in _NETWORK_GENES)
    return PathSpace(first.dataset, tuple(map(float, widths)), tuple(map(int, resolutions)), tuple(blocks))


def path_of(space: Space, genome: Genome) -> Path:
    """The path that is the network of a genome."""
    return parse_mbconv(space.word(genome))


def _options(genes: tuple[Gene, ...], name: str, part: int) -> tuple[float | int | bool, ...]:
    return next(gene.options for gene in genes if gene.name == name and gene.part == part)


def _list(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
