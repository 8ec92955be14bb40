"""A data set brought to the resolution a network reads."""

from __future__ import annotations

from nas.data.data_set import DataSet
from nas.data.resize import resized_shape
from simint.errors import InputError
from simint.network.network import Network


def suited_data(data: DataSet, network: Network) -> DataSet:
    """The data set at the network's resolution; InputError as `require_suited`."""
    require_suited(data, network)
    return data.resized(network.input_shape[1])


def require_suited(data: DataSet, network: Network) -> None:
    """InputError naming both shapes where the data set fits the network at no resolution, and for too many classes."""
    channels, height, width = network.input_shape
    if not _reaches(data, network):
        raise InputError(
            f"network {network.name!r} reads maps of {channels} x {height} x {width}, data set {data.name!r} offers "
            f"{' x '.join(map(str, data.input_shape))} (channels x height x width)"
        )
    outputs = network.output_shape[0] * network.output_shape[1] * network.output_shape[2]
    if outputs < data.classes:
        raise InputError(
            f"network {network.name!r} has {outputs} outputs, data set {data.name!r} {data.classes} classes"
        )


def _reaches(data: DataSet, network: Network) -> bool:
    try:
        return resized_shape(data.input_shape, network.input_shape[1]) == network.input_shape
    except InputError:
        return False
