"""The reference networks of MLPerf Tiny have the published numbers of weights and multiply-accumulates."""

from __future__ import annotations

import pytest

from simint.errors import InputError
from simint.network.catalogue import load_network
from simint.network.layer import LayerKind

# Without biases and batch normalisations (MLPerf Tiny reference models).
PUBLISHED = {
    "resnet8": (77_360, 12_501_632),
    "dscnn": (22_016, 2_656_768),
    "mobilenetv1-025": (208_112, 7_489_664),
    "autoencoder": (264_192, 264_192),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_weights_and_macs_are_the_published_ones(name: str) -> None:
    network = load_network(f"mlperf:{name}")
    weights = sum(layer.weights for layer in network.layers if layer.kind is not LayerKind.BN)
    assert (weights, network.macs) == PUBLISHED[name]


@pytest.mark.parametrize(
    ("name", "shape", "outputs"),
    [
        ("resnet8", (3, 32, 32), 10),
        ("dscnn", (1, 49, 10), 12),
        ("mobilenetv1-025", (3, 96, 96), 2),
        ("autoencoder", (640, 1, 1), 640),
    ],
)
def test_shapes(name: str, shape: tuple[int, int, int], outputs: int) -> None:
    network = load_network(f"mlperf:{name}")
    assert network.input_shape == shape
    assert network.output_shape == (outputs, 1, 1)


def test_what_padding_leaves_over_goes_below_and_to_the_right() -> None:
    stem = load_network("mlperf:dscnn").layers[0]
    assert stem.pad == (4, 5, 1, 1)
    assert stem.ofm == (64, 25, 5)


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"resnet8, dscnn, mobilenetv1-025, autoencoder"):
        load_network("mlperf:resnet9")
