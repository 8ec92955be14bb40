"""Seed networks of the channel searches that are written up here."""

from __future__ import annotations

from simint.network.builder import LayerBuilder
from simint.network.network import Network

HAR_SEED = "mbconv:har:w=1.0:r=128:4.5.1.y-4.5.1.y-4.5.1.y"


def digits_cnn() -> Network:
    """Three convolutions of 16, 32 and 64 channels, 24 k weights."""
    builder = LayerBuilder((1, 8, 8))
    x = builder.input
    for filters, stride in ((16, 1), (32, 1), (64, 2)):
        x = builder.conv(x, filters, (3, 3), (stride, stride), (1, 1, 1, 1))
        x = builder.relu(builder.batch_norm(x))
    builder.fully_connected(builder.global_average_pool(x), 10, bias=True)
    return Network(name="digits-cnn", layers=tuple(builder.layers), notes="docs/nas/dnas_sweep.py")
