"""A network as a torch module: the operators of its layer list, wired as the list says."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas.modules.activations import unlisted_relus, usual_activations
from nas.modules.initialisation import initialise
from nas.modules.kinds import Activations, Initialisation
from nas.modules.operators import operator
from simint.errors import InputError
from simint.network.network import FROM_INPUT, Network


class NetworkModule(nn.Module):
    """One operator a layer, in the order of `network.layers`; gives the last map flattened, (n, classes) logits.

    `relu_after`: layers whose output passes a ReLU that is no layer of the list.
    """

    def __init__(self, network: Network, activations: Activations) -> None:
        super().__init__()
        self.network = network
        self.activations = activations
        self.relu_after = unlisted_relus(network, activations)
        self.operators = nn.ModuleList(operator(layer) for layer in network.layers)
        self._producers = network.producers()
        self._last_use = {source: reader for reader, sources in enumerate(self._producers) for source in sources}

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, height, width) to (n, classes); InputError for maps of another shape than the network's."""
        last = x
        for _, y in self.maps(x):
            last = y
        return last.flatten(1)

    def maps(self, x: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Every layer's index and output (n, channels, height, width), its unlisted ReLU included."""
        if tuple(x.shape[1:]) != self.network.input_shape:
            raise InputError(
                f"network {self.network.name!r} reads maps of {_text(self.network.input_shape)}, "
                f"the data have {_text(tuple(x.shape[1:]))} (channels x height x width)"
            )
        alive = {FROM_INPUT: x.contiguous(memory_format=torch.channels_last)}
        for position, (part, sources) in enumerate(zip(self.operators, self._producers, strict=True)):
            y = part(*[alive[source] for source in sources])
            alive[position] = functional.relu(y) if position in self.relu_after else y
            yield position, alive[position]
            for source in set(sources):
                if self._last_use[source] == position:
                    del alive[source]


def build_module(
    network: Network,
    generator: torch.Generator,
    activations: Activations | None = None,
    initialisation: Initialisation = Initialisation.TINAS,
) -> NetworkModule:
    """A module with freshly drawn weights; `activations` None: `usual_activations`."""
    module = NetworkModule(network, usual_activations(network) if activations is None else activations)
    initialise(module, initialisation, generator)
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # unknown to the stubs
    return module


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
