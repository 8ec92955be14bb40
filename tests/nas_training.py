"""A small task and a small network to train on it in a second."""

from __future__ import annotations

import numpy as np

from nas.data.split import Split, no_groups
from simint.network.builder import LayerBuilder
from simint.network.network import Network


def waves(samples: int, seed: int, classes: int = 3) -> Split:
    """Noisy oscillations of two channels and 16 values, the class is their frequency; phases are random."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, classes, samples)
    phase = generator.uniform(0, 2 * np.pi, (samples, 2, 1))
    angle = 2 * np.pi * (y[:, None, None] + 1) * np.arange(16) / 16 + phase
    x = np.sin(angle) + generator.normal(0, 0.3, (samples, 2, 16))
    return Split(x[..., None].astype(np.float32), y.astype(np.int64), no_groups(samples))


def wave_network(classes: int = 3) -> Network:
    """One inverted bottleneck on 2 x 16 maps: all layer kinds of the MBConv family."""
    builder = LayerBuilder((2, 16, 1))
    x = builder.batch_norm(builder.conv(builder.input, 6, (3, 1), pad=(1, 1, 0, 0)))
    y = builder.relu(builder.batch_norm(builder.conv(x, 12)))
    y = builder.relu(builder.batch_norm(builder.depthwise(y, (3, 1), (1, 1), (1, 1, 0, 0))))
    y = builder.add(builder.batch_norm(builder.conv(y, 6)), x)
    y = builder.relu(y)
    builder.fully_connected(builder.global_average_pool(y), classes, bias=True)
    return Network(name="waves", layers=tuple(builder.layers))
