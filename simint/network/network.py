"""A network: layers in execution order and which feature maps each one reads."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from simint.errors import InputError
from simint.network.layer import Layer, LayerKind, Shape

NETWORK_INPUT = "INPUT"  # what a layer names in `inputs` to read the map the network is given
FROM_INPUT = -1  # the same in `Network.producers`, where every other map is the index of its layer


class Network(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Layers in execution order; the first reads the network's input, the last writes its output.

    A layer reads the output of the layer before it, or of the earlier layers its `inputs` name (`INPUT` is the map
    the network is given). `notes` says where the network comes from.
    Raises InputError naming the layer where names repeat, shapes do not chain, or an output is never read.
    """

    name: str
    layers: tuple[Layer, ...]
    notes: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InputError("a network needs a name")
        if not self.layers:
            raise InputError(f"network {self.name!r}: at least one layer is needed")
        try:
            _refuse_unread(self.layers, _wired(self.layers))
        except InputError as error:
            raise InputError(f"network {self.name!r}: {error}") from None

    @property
    def input_shape(self) -> Shape:
        """Channels, height and width of the map the network is given."""
        return self.layers[0].ifm

    @property
    def output_shape(self) -> Shape:
        """Channels, height and width of the result."""
        return self.layers[-1].ofm

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(layer.macs for layer in self.layers)

    @property
    def flops(self) -> int:
        """Floating-point operations of one inference, counted as in `Layer.flops`."""
        return sum(layer.flops for layer in self.layers)

    @property
    def weight_elements(self) -> int:
        """Weight elements without biases, as the published tables count them (`Layer.weights`)."""
        return sum(layer.weights for layer in self.layers)

    def producers(self) -> tuple[tuple[int, ...], ...]:
        """For every layer the indices of the layers whose outputs it reads; FROM_INPUT is the network's input."""
        return _wired(self.layers)


def _wired(layers: Sequence[Layer]) -> tuple[tuple[int, ...], ...]:
    """`Network.producers`, checking names and shapes on the way."""
    index = {NETWORK_INPUT: FROM_INPUT}
    shapes = [layer.ofm for layer in layers] + [layers[0].ifm]  # FROM_INPUT is the last one
    wired = []
    for position, layer in enumerate(layers):
        needed = 2 if layer.kind is LayerKind.ADD else 1
        if layer.inputs and len(layer.inputs) != needed:
            raise InputError(f"layer {layer.name!r}: {layer.kind} reads {needed} map(s), {len(layer.inputs)} named")
        if needed == 2 and not layer.inputs:
            raise InputError(f"layer {layer.name!r}: ADD must name its two inputs")
        unknown = [name for name in layer.inputs if name not in index]
        if unknown:
            raise InputError(f"layer {layer.name!r}: input {unknown[0]!r} is no earlier layer (nor {NETWORK_INPUT})")
        sources = tuple(index[name] for name in layer.inputs) or (position - 1,)
        for source in sources:
            if shapes[source] != layer.ifm:
                origin = "the network's input" if source == FROM_INPUT else f"layer {layers[source].name!r}"
                raise InputError(f"layer {layer.name!r}: reads {layer.ifm}, but {origin} gives {shapes[source]}")
        if layer.name in index:
            taken = "is kept for the network's input" if layer.name == NETWORK_INPUT else "is used by two layers"
            raise InputError(f"layer {layer.name!r}: the name {taken}")
        index[layer.name] = position
        wired.append(sources)
    return tuple(wired)


def _refuse_unread(layers: Sequence[Layer], producers: tuple[tuple[int, ...], ...]) -> None:
    read = {source for sources in producers for source in sources}
    for position, layer in enumerate(layers[:-1]):
        if position not in read:
            raise InputError(f"layer {layer.name!r}: its output is never read; only the last layer gives the result")
