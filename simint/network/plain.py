"""The plain family: short chains without shortcuts or normalisation, as the iNAS search spaces describe them.

Source of shapes and tables: H. R. Mendis, C.-K. Kang, P.-C. Hsiu, "Intermittent-Aware Neural Architecture Search",
ACM TECS 20(5s), article 64, 2021, and its artefact github.com/EMCLab-Sinica/Intermittent-aware-NAS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simint.errors import InputError
from simint.network.builder import LayerBuilder
from simint.network.layer import Shape
from simint.network.network import Network

PLAIN_FORM = (
    "plain:DATASET:LAYERS, for example plain:har:3x8-7x8-3x16 (kernel x filters of every convolution) "
    "or plain:kws:48-64-96-128 (units of every layer)"
)

_CONVOLUTION = re.compile(r"([0-9]{1,6})x([0-9]{1,6})")
_UNITS = re.compile(r"([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class PlainFamily:
    """What all networks of a data set share, and the widest choices of its published search space.

    `max_kernel` 0 marks a family of fully connected layers. A map of width 1 is filtered in one dimension.
    """

    input_shape: Shape
    max_layers: int
    max_kernel: int
    max_filters: int
    classes: int


PLAIN_FAMILIES = {
    "cifar10": PlainFamily((3, 32, 32), 5, 7, 24, 10),
    "har": PlainFamily((9, 128, 1), 3, 7, 24, 6),
    # 10 MFCC in 25 windows, seen as one column: the first layer is a 250 x 1 kernel over a single channel.
    "kws": PlainFamily((1, 250, 1), 4, 0, 128, 12),
}


@dataclass(frozen=True, slots=True)
class PlainSpec:
    """One network of the family: filters (or units) of every layer, and the kernels where it convolves."""

    dataset: str
    filters: tuple[int, ...]
    kernels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.dataset not in PLAIN_FAMILIES:
            raise InputError(f"no plain family {self.dataset!r}; known: {', '.join(PLAIN_FAMILIES)}")
        family = self.family
        if not 1 <= len(self.filters) <= family.max_layers:
            raise InputError(f"{self.dataset} has 1 to {family.max_layers} layers, {len(self.filters)} given")
        if len(self.kernels) != (len(self.filters) if family.max_kernel else 0):
            raise InputError(f"{self.dataset} needs {'one kernel a layer' if family.max_kernel else 'no kernels'}")
        for kernel in self.kernels:
            if not 1 <= kernel <= family.max_kernel:
                raise InputError(f"kernel {kernel}: {self.dataset} allows 1 to {family.max_kernel}")
        for filters in self.filters:
            if not 1 <= filters <= family.max_filters:
                noun = "filters" if family.max_kernel else "units"
                raise InputError(f"{filters} {noun}: {self.dataset} allows 1 to {family.max_filters}")

    @property
    def family(self) -> PlainFamily:
        """The tables of the data set."""
        return PLAIN_FAMILIES[self.dataset]

    @property
    def word(self) -> str:
        """The one-word form that `parse_plain` reads."""
        if not self.kernels:
            return f"plain:{self.dataset}:{'-'.join(map(str, self.filters))}"
        layers = zip(self.kernels, self.filters, strict=True)
        return f"plain:{self.dataset}:{'-'.join(f'{kernel}x{filters}' for kernel, filters in layers)}"


def parse_plain(word: str) -> PlainSpec:
    """Read a word such as `plain:har:3x8-7x8-3x16` or `plain:kws:48-64`; InputError says what is allowed."""
    parts = word.split(":")
    if len(parts) != 3 or parts[0] != "plain":
        raise InputError(f"network {word!r}: write {PLAIN_FORM}")
    _, dataset, layers = parts
    family = PLAIN_FAMILIES.get(dataset)
    if family is None:
        raise InputError(f"network {word!r}: no plain family {dataset!r}; known: {', '.join(PLAIN_FAMILIES)}")
    pattern, form = (_CONVOLUTION, "KERNELxFILTERS such as 3x8") if family.max_kernel else (_UNITS, "a number of units")
    numbers = []
    for text in layers.split("-"):
        match = pattern.fullmatch(text)
        if match is None:
            raise InputError(f"network {word!r}: layer {text!r} of {dataset} must be {form}")
        numbers.append([int(number) for number in match.groups()])
    try:
        return PlainSpec(
            dataset, tuple(row[-1] for row in numbers), tuple(row[0] for row in numbers) if family.max_kernel else ()
        )
    except InputError as error:
        raise InputError(f"network {word!r}: {error}") from None


def plain_network(spec: PlainSpec) -> Network:
    """The layer list: unpadded convolutions of stride 1, global average pool, classifier; or fully connected layers.

    No biases. Activations are no layers here, as in the published lists. Raises InputError where a kernel is larger
    than its map.
    """
    family = spec.family
    builder = LayerBuilder(family.input_shape)
    x = builder.input
    if spec.kernels:
        for kernel, filters in zip(spec.kernels, spec.filters, strict=True):
            if kernel > x.shape[1]:
                raise InputError(f"network {spec.word!r}: kernel {kernel} is larger than its map of {x.shape[1]}")
            x = builder.conv(x, filters, (kernel, kernel if family.input_shape[2] > 1 else 1))
        x = builder.global_average_pool(x, name="GAVGPOOL_0")  # the published lists count this kind by itself
    else:
        for units in spec.filters:
            x = builder.fully_connected(x, units)
    builder.fully_connected(x, family.classes, name="FC_END")
    return Network(name=spec.word, layers=tuple(builder.layers), notes=f"plain family of iNAS, {spec.dataset}")
