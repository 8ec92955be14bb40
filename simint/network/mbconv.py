"""The MBConv family: networks of inverted-bottleneck blocks, as the TiNAS search spaces describe them.

Source of shapes and tables: H. R. Mendis, C.-H. Yen, C.-K. Kang, P.-C. Hsiu, "Intermittent-Friendly Neural
Architecture Search", IEEE TCAD 44(10), 2025, and its artefact github.com/EMCLab-Sinica/TiNAS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simint.errors import InputError
from simint.network.builder import FeatureMap, LayerBuilder, Padding, Pair
from simint.network.layer import Shape
from simint.network.network import Network

MBCONV_FORM = (
    "mbconv:DATASET:w=WIDTH:r=RESOLUTION:BLOCKS with one EXPANSION.KERNEL.REPEATS.SKIP per block, "
    "for example mbconv:har:w=1.0:r=64:1.7.3.y-4.5.2.y-6.3.1.y"
)
# The widest values of the published search spaces and of the published sensitivity study.
MAX_EXPANSION, MAX_KERNEL, MAX_REPEATS = 8, 9, 4
STEM_KERNEL = 3

_WORD = re.compile(r"mbconv:([^:]*):w=([0-9]+(?:\.[0-9]+)?):r=([0-9]{1,6}):([^:]*)")
_BLOCK = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})\.([yn])")


@dataclass(frozen=True, slots=True)
class MbconvFamily:
    """What all networks of a data set share; a 1-D family has maps of width 1.

    `resolution`: side of the input the data set offers; smaller ones are resized from it. `block_channels` are those
    of width multiplier 1.
    """

    dimensions: int
    input_channels: int
    resolution: int
    stem_channels: int
    block_channels: tuple[int, ...]
    block_strides: tuple[int, ...]
    classes: int

    def input_shape(self, resolution: int) -> Shape:
        """Channels, height and width of an input of side `resolution`."""
        return (self.input_channels, resolution, resolution if self.dimensions == 2 else 1)

    def window(self, size: int) -> Pair:
        """A kernel of that size."""
        return (size, size if self.dimensions == 2 else 1)

    def padding(self, size: int) -> Padding:
        """Padding that makes a kernel of that (odd) size keep the side of a map."""
        pad = (size - 1) // 2
        return (pad, pad, pad, pad) if self.dimensions == 2 else (pad, pad, 0, 0)


MBCONV_FAMILIES = {
    "cifar10": MbconvFamily(2, 3, 32, 16, (16, 24, 32, 64), (2, 2, 2, 2), 10),
    "har": MbconvFamily(1, 9, 128, 10, (8, 12, 16), (2, 2, 2), 6),
    "mswc": MbconvFamily(2, 1, 52, 32, (24, 24, 32, 64), (1, 2, 2, 2), 300),
    # Not published: the same blocks at the size of scikit-learn's 8 x 8 digits.
    "digits": MbconvFamily(2, 1, 8, 8, (8, 16), (1, 2), 10),
}


@dataclass(frozen=True, slots=True)
class MbconvBlock:
    """Choices of one block: expansion factor, depthwise kernel, number of layers, shortcuts or not."""

    expansion: int
    kernel: int
    repeats: int
    skip: bool

    def __post_init__(self) -> None:
        if not 1 <= self.expansion <= MAX_EXPANSION:
            raise InputError(f"block {self}: the expansion must be 1 to {MAX_EXPANSION}")
        if not 1 <= self.kernel <= MAX_KERNEL or self.kernel % 2 == 0:
            raise InputError(f"block {self}: the kernel must be odd, 1 to {MAX_KERNEL}")
        if not 1 <= self.repeats <= MAX_REPEATS:
            raise InputError(f"block {self}: the repeats must be 1 to {MAX_REPEATS}")

    def __str__(self) -> str:
        return f"{self.expansion}.{self.kernel}.{self.repeats}.{'y' if self.skip else 'n'}"


@dataclass(frozen=True, slots=True)
class MbconvSpec:
    """One network of the family: data set, width multiplier, input resolution and the choices of every block."""

    dataset: str
    width: float
    resolution: int
    blocks: tuple[MbconvBlock, ...]

    def __post_init__(self) -> None:
        if self.dataset not in MBCONV_FAMILIES:
            raise InputError(f"no MBConv family {self.dataset!r}; known: {', '.join(MBCONV_FAMILIES)}")
        family = self.family
        if not 0 < self.width <= 1 or min(self.channels) < 2:
            raise InputError(
                f"width {self.width}: between 0 and 1 expected, with at least 2 channels left in every block of "
                f"{', '.join(map(str, family.block_channels))}"
            )
        if not 1 <= self.resolution <= family.resolution:
            raise InputError(f"resolution {self.resolution}: {self.dataset} offers 1 to {family.resolution}")
        if len(self.blocks) != len(family.block_channels):
            raise InputError(f"{self.dataset} has {len(family.block_channels)} blocks, {len(self.blocks)} given")

    @property
    def family(self) -> MbconvFamily:
        """The tables of the data set."""
        return MBCONV_FAMILIES[self.dataset]

    @property
    def channels(self) -> tuple[int, ...]:
        """Output channels of every block: the nearest even number to the scaled ones."""
        return tuple(2 * round(self.width * base / 2) for base in self.family.block_channels)

    @property
    def word(self) -> str:
        """The one-word form that `parse_mbconv` reads."""
        blocks = "-".join(map(str, self.blocks))
        return f"mbconv:{self.dataset}:w={float(self.width)!r}:r={self.resolution}:{blocks}"


def parse_mbconv(word: str) -> MbconvSpec:
    """Read a word such as `mbconv:har:w=1.0:r=64:1.7.3.y-4.5.2.y-6.3.1.y`; InputError says what is allowed."""
    match = _WORD.fullmatch(word)
    if match is None:
        raise InputError(f"network {word!r}: write {MBCONV_FORM}")
    dataset, width, resolution, blocks = match.groups()
    try:
        return MbconvSpec(dataset, float(width), int(resolution), tuple(_parse_block(b) for b in blocks.split("-")))
    except InputError as error:
        raise InputError(f"network {word!r}: {error}") from None


def _parse_block(text: str) -> MbconvBlock:
    match = _BLOCK.fullmatch(text)
    if match is None:
        raise InputError(f"block {text!r}: write EXPANSION.KERNEL.REPEATS.SKIP with SKIP y or n, for example 4.5.2.y")
    expansion, kernel, repeats, skip = match.groups()
    return MbconvBlock(int(expansion), int(kernel), int(repeats), skip == "y")


def mbconv_network(spec: MbconvSpec) -> Network:
    """The layer list: stem without activation, blocks, global average pool, classifier with bias.

    Batch normalisations and activations are layers of their own, as in the published lists.
    """
    family = spec.family
    builder = LayerBuilder(family.input_shape(spec.resolution))
    x = builder.conv(builder.input, family.stem_channels, family.window(STEM_KERNEL), pad=family.padding(STEM_KERNEL))
    x = builder.batch_norm(x)
    for block, channels, stride in zip(spec.blocks, spec.channels, family.block_strides, strict=True):
        x = append_block(builder, x, family, block, channels, stride)
    builder.fully_connected(builder.global_average_pool(x), family.classes, bias=True, name="FC_END")
    return Network(name=spec.word, layers=tuple(builder.layers), notes=f"MBConv family of TiNAS, {spec.dataset}")


def append_block(
    builder: LayerBuilder, x: FeatureMap, family: MbconvFamily, block: MbconvBlock, channels: int, stride: int
) -> FeatureMap:
    """Append one block that reads `x`; only its first layer has the stride. Returns the block's output."""
    for repeat in range(block.repeats):
        x = _append_bottleneck(builder, x, family, block, channels, stride if repeat == 0 else 1)
    return x


def _append_bottleneck(
    builder: LayerBuilder, x: FeatureMap, family: MbconvFamily, block: MbconvBlock, channels: int, stride: int
) -> FeatureMap:
    """Expand (also by 1), filter each channel, project; the shortcut is projected where the channels change."""
    strides = (stride, stride if family.dimensions == 2 else 1)
    y = builder.relu(builder.batch_norm(builder.conv(x, block.expansion * x.shape[0])))
    y = builder.depthwise(y, family.window(block.kernel), strides, family.padding(block.kernel))
    y = builder.relu(builder.batch_norm(y))
    y = builder.batch_norm(builder.conv(y, channels))
    if not block.skip or stride != 1:
        return y
    shortcut = x if x.shape[0] == channels else builder.batch_norm(builder.conv(x, channels))
    return builder.add(y, shortcut)
