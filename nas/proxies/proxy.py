"""What a proxy is, and its mean over several initialisations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nas.data.split import Split
from nas.modules.kinds import Initialisation
from nas.modules.network_module import NetworkModule, build_module
from simint.errors import InputError
from simint.network.network import Network

# Of one mini-batch and of repetitions, as in Abdelfattah et al., ICLR 2021 (arXiv:2101.08134), and Mellor et al.
BATCH = 64
INITIALISATIONS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Training samples: maps (n, channels, height, width) and classes (n,)."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True, slots=True)
class Proxy:
    """A number of a module and a batch, larger for networks it thinks better. The module may be changed.

    `needs_weights`: whether it depends on the weights, so that a mean over initialisations is worth its time.
    """

    name: str
    source: str
    value: Callable[[NetworkModule, Batch], float]
    needs_weights: bool = True


def proxy_batch(train: Split, seed: int = 0, size: int = BATCH) -> Batch:
    """Random samples of a training split."""
    if len(train) < 2:
        raise InputError(f"a proxy needs at least 2 training samples, got {len(train)}")
    rows = np.random.default_rng(seed).permutation(len(train))[:size]
    return Batch(torch.from_numpy(train.x[rows]), torch.from_numpy(train.y[rows]))


def proxy_score(
    proxy: Proxy,
    network: Network,
    batch: Batch,
    *,
    initialisation: Initialisation = Initialisation.TORCH,
    initialisations: int = INITIALISATIONS,
    seed: int = 0,
) -> float:
    """Mean over untrained modules of the network; seeds count up from `seed`. NaN where a value is no number."""
    repeats = initialisations if proxy.needs_weights else 1
    values = []
    for number in range(repeats):
        module = build_module(network, torch.Generator().manual_seed(seed + number), initialisation=initialisation)
        values.append(proxy.value(module, batch))
    return math.fsum(values) / repeats if all(map(math.isfinite, values)) else math.nan
