"""Where a network has its rectified linear units: as layers of its list, or left unsaid behind the hidden layers."""

from __future__ import annotations

from nas.modules.kinds import Activations
from simint.network.layer import WEIGHTED, LayerKind
from simint.network.network import Network


def usual_activations(network: Network) -> Activations:
    """`listed` for a list that has RELU layers, else `hidden`."""
    listed = any(layer.kind is LayerKind.RELU for layer in network.layers)
    return Activations.LISTED if listed else Activations.HIDDEN


def unlisted_relus(network: Network, activations: Activations) -> frozenset[int]:
    """Indices of the layers whose output passes a ReLU that is no layer of the list."""
    if activations is Activations.LISTED:
        return frozenset()
    kinds = [layer.kind for layer in network.layers]
    readers: dict[int, list[int]] = {}
    for position, sources in enumerate(network.producers()):
        for source in sources:
            readers.setdefault(source, []).append(position)
    weighted = [position for position, kind in enumerate(kinds) if kind in WEIGHTED]
    places = set()
    for position in weighted[:-1]:
        read_by = [kinds[reader] for reader in readers[position]]
        if LayerKind.RELU in read_by:
            continue
        place = readers[position][0] if read_by == [LayerKind.BN] else position
        if LayerKind.RELU not in [kinds[reader] for reader in readers.get(place, [])]:
            places.add(place)
    return frozenset(places)
