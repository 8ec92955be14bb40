"""Non-volatile memory a network needs: weights for good, feature maps while somebody still reads them."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from simint.errors import InputError
from simint.network.network import FROM_INPUT, Network


@dataclass(frozen=True, slots=True)
class NvmDemand:
    """Bytes of non-volatile memory: feature maps at their peak, and all weights with biases."""

    feature_bytes: int
    weight_bytes: int

    @property
    def total_bytes(self) -> int:
        """Feature maps and weights together."""
        return self.feature_bytes + self.weight_bytes


def live_feature_elements(network: Network, versioned_layers: Collection[str] = ()) -> tuple[int, ...]:
    """Feature-map elements in NVM while each layer runs, one number a layer; the maximum is what must fit.

    A map lives from the layer that writes it to the last layer that reads it, both included, so a residual input
    counts all along its detour; the network's input lives from the start. Input and output of a layer never share
    memory: a layer re-executed after a power failure must find its input unharmed. A layer in `versioned_layers`
    keeps two copies of its output while it runs (partial sums continued over several commits); afterwards one is left.
    Raises InputError for a name in `versioned_layers` that is no layer.
    """
    unknown = sorted(set(versioned_layers) - {layer.name for layer in network.layers})
    if unknown:
        raise InputError(f"network {network.name!r}: no layer is called {unknown[0]!r}")
    last_reader = {FROM_INPUT: 0}
    for position, sources in enumerate(network.producers()):
        last_reader.update(dict.fromkeys(sources, position))
    outputs = [math.prod(layer.ofm) for layer in network.layers]
    live = {FROM_INPUT: math.prod(network.input_shape)}
    totals = []
    for position, layer in enumerate(network.layers):
        live[position] = outputs[position]
        second_copy = outputs[position] if layer.name in versioned_layers else 0
        totals.append(sum(live.values()) + second_copy)
        live = {source: size for source, size in live.items() if last_reader.get(source, position + 1) > position}
    return tuple(totals)


def nvm_demand(network: Network, element_bytes: int, versioned_layers: Collection[str] = ()) -> NvmDemand:
    """NVM demand of a network whose elements take `element_bytes` each; see `live_feature_elements`.

    Unlike the published count (`Layer.weights`) it includes biases, which a device must store like any weight.
    """
    if element_bytes < 1:
        raise InputError(f"element_bytes must be at least 1, got {element_bytes}")
    biases = sum(layer.ofm[0] for layer in network.layers if layer.bias)
    return NvmDemand(
        feature_bytes=max(live_feature_elements(network, versioned_layers)) * element_bytes,
        weight_bytes=(network.weight_elements + biases) * element_bytes,
    )
