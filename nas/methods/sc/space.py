"""The joint space of SC-NAS: depth, kernels and channels of a chain, and one stochastic hardware for all its layers."""

from __future__ import annotations

import re
from functools import cached_property
from importlib import resources
from pathlib import Path

import msgspec

from nas.methods.sc.options import RULE_NAMES, ScOptions, all_options, contracted
from nas.space.genome import WHOLE_NETWORK, Gene, Genome
from nas.stochastic.config import ScConfig
from nas.stochastic.energy import sc_energies
from simint.config import load_toml
from simint.errors import InputError
from simint.network.builder import FeatureMap, LayerBuilder
from simint.network.layer import Layer, LayerKind, Shape
from simint.network.network import Network

HARDWARE = ("length", "array", "generator", "sharing", "activation")  # names of the genes of the hardware
_LAYER = re.compile(r"([0-9]{1,3})x([0-9]{1,4})")


class ScSpace(msgspec.Struct, frozen=True, kw_only=True, dict=True, forbid_unknown_fields=True):
    """Chains of 1 to `layers` convolutions with batch norm and activation, then a classifier on the whole map.

    A convolution keeps the size of its map, cut by `stride`; behind its activation follows an average pool of `pool` by
    `pool`. 1-D maps have width 1, there both act along the height. `blocks` of sign-magnitude arrays. `rules`
    names the contraction rules that act on the choice of stochastic hardware; `hardware` replaces it.
    """

    name: str
    data_set: str
    input_shape: Shape
    classes: int
    layers: int
    kernels: tuple[int, ...]
    channels: tuple[int, ...]
    stride: int = 1
    pool: int = 1
    blocks: tuple[int, ...] = (1, 2, 4, 8)
    rules: tuple[str, ...] = RULE_NAMES
    source: str = ""
    hardware: ScOptions | None = None

    def __post_init__(self) -> None:
        if min(self.layers, self.classes, self.stride, self.pool, *self.input_shape) < 1:
            raise InputError(f"search space {self.name!r}: sizes must be at least 1")
        for field in ("kernels", "channels", "blocks"):
            values = getattr(self, field)
            if not values or len(set(values)) != len(values) or min(values) < 1:
                raise InputError(f"`{field}`: a list of different positive numbers expected, got {list(values)}")
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise InputError(f"`kernels`: odd numbers expected, got {list(self.kernels)}")
        self._chain(((self.kernels[0], self.channels[0]),) * self.layers)
        contracted(all_options(()), self.rules, sc_energies())

    @cached_property
    def options(self) -> ScOptions:
        """The hardware to choose from."""
        if self.hardware is not None:
            return self.hardware
        return contracted(all_options(self.blocks), self.rules, sc_energies())

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """Depth; stream length; array, generator, sharing and activation by number; then the layers."""
        options = self.options
        counts = (options.arrays, options.generators, options.sharings, options.activations)
        hardware = tuple(
            Gene(name, WHOLE_NETWORK, tuple(range(len(choices))))
            for name, choices in zip(HARDWARE[1:], counts, strict=True)
        )
        return (
            Gene("depth", WHOLE_NETWORK, tuple(range(1, self.layers + 1))),
            Gene(HARDWARE[0], WHOLE_NETWORK, options.lengths),
            *hardware,
            *(
                gene
                for layer in range(self.layers)
                for gene in (Gene("kernel", layer, self.kernels), Gene("channels", layer, self.channels))
            ),
        )

    @property
    def networks(self) -> int:
        """Number of networks, whatever their hardware."""
        return sum((len(self.kernels) * len(self.channels)) ** depth for depth in range(1, self.layers + 1))

    def canonical(self, genome: Genome) -> Genome:
        """The genome with the first options for layers beyond its depth."""
        used = 1 + len(HARDWARE) + 2 * (genome[0] + 1)
        return (*genome[:used], *(0 for _ in genome[used:]))

    def network(self, genome: Genome) -> Network:
        """The layer list; its RELU layers are the activations, whatever these are."""
        return self._chain(self._choices(genome))

    def config(self, genome: Genome) -> ScConfig:
        """The hardware of all layers."""
        options = self.options
        length, array_, generator, sharing, activation = genome[1 : 1 + len(HARDWARE)]
        array = options.arrays[array_]
        return ScConfig(
            options.lengths[length],
            array.encoding,
            array.blocks,
            options.generators[generator],
            options.sharings[sharing],
            array.accumulator,
            options.activations[activation],
        )

    def network_word(self, genome: Genome) -> str:
        """The network without its hardware, such as `sc:digits:3x8-5x16`, kernel x channels of every layer."""
        return f"sc:{self.name}:{'-'.join(f'{kernel}x{channels}' for kernel, channels in self._choices(genome))}"

    def word(self, genome: Genome) -> str:
        """Network and hardware in one word, `sc:digits:3x8-5x16@16-sign-magnitude-1-sobol-shared-apc-relu`."""
        return f"{self.network_word(genome)}@{self.config(genome).word}"

    def genome(self, word: str) -> Genome:
        """The canonical genome of a word; InputError where it is not in the space."""
        network, _, hardware = word.partition("@")
        prefix = f"sc:{self.name}:"
        layers = [_LAYER.fullmatch(text) for text in network.removeprefix(prefix).split("-")]
        found = {config.word: place for place, config in enumerate(self.options.configs())}
        if not network.startswith(prefix) or None in layers or len(layers) > self.layers or hardware not in found:
            raise InputError(f"{word!r} is not in search space {self.name!r}; an example is {self.word(self._first)}")
        genes = [len(layers) - 1, *self._hardware_indices(found[hardware])]
        for kernel, channels in (match.groups() for match in layers if match is not None):
            if int(kernel) not in self.kernels or int(channels) not in self.channels:
                raise InputError(
                    f"{word!r} is not in search space {self.name!r}: kernels {list(self.kernels)}, "
                    f"channels {list(self.channels)}"
                )
            genes += [self.kernels.index(int(kernel)), self.channels.index(int(channels))]
        return (*genes, *(0 for _ in range(len(self.genes) - len(genes))))

    @property
    def _first(self) -> Genome:
        return (0,) * len(self.genes)

    def _hardware_indices(self, place: int) -> list[int]:
        """Indices of the hardware genes of the configuration at `place` of `ScOptions.configs`."""
        indices = []
        for gene in reversed(self.genes[1 : 1 + len(HARDWARE)]):
            place, index = divmod(place, len(gene.options))
            indices.append(index)
        return indices[::-1]

    def _choices(self, genome: Genome) -> tuple[tuple[int, int], ...]:
        layers = genome[1 + len(HARDWARE) :]
        return tuple(
            (self.kernels[layers[2 * layer]], self.channels[layers[2 * layer + 1]]) for layer in range(genome[0] + 1)
        )

    def _chain(self, layers: tuple[tuple[int, int], ...]) -> Network:
        builder = LayerBuilder(self.input_shape)
        flat = self.input_shape[2] == 1
        x = builder.input
        for kernel, channels in layers:
            side = kernel // 2
            x = builder.conv(
                x,
                channels,
                (kernel, 1 if flat else kernel),
                (self.stride, 1 if flat else self.stride),
                (side, side, 0, 0) if flat else (side, side, side, side),
            )
            x = builder.relu(builder.batch_norm(x))
            if self.pool > 1:
                x = _average_pool(builder, x, (self.pool, 1 if flat else self.pool))
        builder.fully_connected(x, self.classes, bias=True)
        word = "-".join(f"{kernel}x{channels}" for kernel, channels in layers)
        return Network(name=f"sc:{self.name}:{word}", layers=tuple(builder.layers), notes="chain of SC-NAS")


def sc_spaces() -> list[str]:
    """Names of the spaces that come with the program."""
    return sorted(entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))


def load_sc_space(name_or_file: str) -> ScSpace:
    """A space by name, or a TOML file (anything that ends in `.toml`); InputError names those there are."""
    if name_or_file.endswith(".toml"):
        return load_toml(Path(name_or_file), ScSpace)
    if name_or_file not in sc_spaces():
        raise InputError(
            f"unknown SC-NAS space {name_or_file!r}; known: {', '.join(sc_spaces())}; or a path to a .toml file"
        )
    with resources.as_file(_folder() / f"{name_or_file}.toml") as file:
        return load_toml(file, ScSpace)


def _average_pool(builder: LayerBuilder, x: FeatureMap, window: tuple[int, int]) -> FeatureMap:
    channels, height, width = x.shape
    ofm = (channels, (height - window[0]) // window[0] + 1, (width - window[1]) // window[1] + 1)
    layer = Layer(
        name=f"POOL_{len(builder.layers)}", kind=LayerKind.POOL, ifm=x.shape, ofm=ofm, kernel=window, stride=window
    )
    builder.layers.append(layer)
    return FeatureMap(layer.name, ofm)


def _folder() -> resources.abc.Traversable:
    return resources.files("nas.methods.sc") / "spaces"
