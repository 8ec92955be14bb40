"""A path as a network of its own: the state of a module of `nas.modules`, for fine-tuning and export."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from nas.supernet.path_weights import ConvBn, PathWeights, norms
from simint.network.layer import LayerKind
from simint.network.network import Network


def inherited(weights: PathWeights, network: Network) -> dict[str, Tensor]:
    """The state that `build_module(network, ..)` loads, to compute what the path computes; copies, on the CPU.

    `network` is that of the path. Batch-norm statistics are those in `weights`: `scored_weights` gives a path's own.
    """
    state: dict[str, Tensor] = {}
    layers = norms(weights)
    current: ConvBn | None = None
    for position, layer in enumerate(network.layers):
        name = f"operators.{position}"
        if layer.kind in (LayerKind.CONV, LayerKind.DW):
            current = next(layers)
            state[f"{name}.weight"] = current.weight
        elif layer.kind is LayerKind.BN:
            assert current is not None, "a batch norm without a convolution before it"
            state |= {f"{name}.{key}": value for key, value in _norm_state(current)}
        elif layer.kind is LayerKind.FC:
            state |= {f"{name}.weight": weights.classifier, f"{name}.bias": weights.bias}
    return {key: value.detach().cpu().clone() for key, value in state.items()}


def _norm_state(layer: ConvBn) -> Iterator[tuple[str, Tensor]]:
    yield "weight", layer.scale
    yield "bias", layer.shift
    yield "running_mean", layer.mean
    yield "running_var", layer.var
    yield "num_batches_tracked", torch.tensor(0)
