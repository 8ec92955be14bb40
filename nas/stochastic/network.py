"""A trained network on stochastic hardware: bit for bit, or by the closed form of its noise.

Between layers numbers are binary: counters end a stream, biases, ReLU and pooling act on sums, comparators make the
streams of the next layer. Streams hold numbers from -1 to 1, so every layer has two scales: its weights are divided by
the largest of each output, its inputs by their largest magnitude over calibration samples but for a few outliers, which
saturate. Sums are multiplied by both again.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from nas.modules.network_module import NetworkModule
from nas.stochastic.array import increment_variance, stochastic_btanh, stochastic_products, uses_state_machine
from nas.stochastic.config import Accumulator, Activation, Encoding, ScConfig
from nas.stochastic.folding import Pooled, Weighted, folded, maps_of, rows_of
from nas.stochastic.noise import check_valid_for_networks, moments
from nas.stochastic.numbers import NumberTables, input_blocks, number_tables
from nas.stochastic.state_machine import btanh_states, fixed_point
from simint.errors import InputError

OUTLIERS = 1e-3  # share of the inputs of a layer that may saturate
CALIBRATION_ROWS = 64  # output positions that the spread of a state machine's increments is measured on


@dataclass(frozen=True, slots=True, eq=False)
class ScLayer:
    """A layer on its array. `weight` (outputs, inputs) is within -1 and 1; sums times `scale` (outputs) are its own.

    `states` (outputs) are those of the state machines; None where it has none.
    """

    source: Weighted
    config: ScConfig
    tables: NumberTables
    weight: Tensor
    input_scale: float
    scale: Tensor
    states: Tensor | None

    def inputs(self, x: Tensor) -> Tensor:
        """(rows, inputs) what the array reads of maps, within -1 and 1."""
        return (rows_of(x, self.source.layer) / self.input_scale).clamp(-1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class ScNetwork:
    """Steps in order; `exact` and `closed_form` give logits (n, classes) of maps (n, channels, height, width)."""

    steps: tuple[ScLayer | Pooled, ...]

    @torch.no_grad()
    def exact(self, x: Tensor) -> Tensor:
        """Every bit emulated."""
        for step in self.steps:
            x = step.operator(x) if isinstance(step, Pooled) else maps_of(exact_rows(step, x), step.source.layer)
        return x.flatten(1)

    @torch.no_grad()
    def closed_form(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Sums drawn from normal distributions of the closed form; InputError where it does not hold."""
        for step in self.steps:
            if isinstance(step, Pooled):
                x = step.operator(x)
                continue
            check_valid_for_networks(step.config)
            predicted = moments(step.inputs(x), step.weight, step.config)
            noise = torch.randn(predicted.mean.shape, generator=generator).to(x.device)
            sums = (predicted.mean + noise * predicted.variance.clamp(min=0).sqrt()) * step.scale + step.source.bias
            x = maps_of(functional.relu(sums) if step.source.activated else sums, step.source.layer)
        return x.flatten(1)


def exact_rows(layer: ScLayer, x: Tensor) -> Tensor:
    """(samples * positions, outputs) of one layer, activated if it has an activation."""
    if layer.states is not None:
        bias = fixed_point(layer.source.bias / layer.scale * _share(layer.config, layer.weight.shape[1]))
        return stochastic_btanh(layer.inputs(x), layer.weight, layer.config, layer.tables, layer.states, bias)
    sums = stochastic_products(layer.inputs(x), layer.weight, layer.config, layer.tables)
    sums = sums * layer.scale + layer.source.bias
    return functional.relu(sums) if layer.source.activated else sums


@torch.no_grad()
def stochastic_network(module: NetworkModule, config: ScConfig, calibration: Tensor, seed: int = 0) -> ScNetwork:
    """Fold, scale and map a trained module; `calibration` are samples (n, channels, height, width) of its training.

    With Btanh the module's activations must be tanh (`with_tanh`). Raises InputError for networks that are no chain,
    for unsigned encoding, as weights have signs, and for the other activation.
    """
    if config.encoding is Encoding.UNIPOLAR:
        raise InputError("a network has weights of both signs: use encoding bipolar, split or sign-magnitude")
    _check_activation(module, config)
    steps: list[ScLayer | Pooled] = []
    x = calibration
    for number, step in enumerate(folded(module)):
        if isinstance(step, Pooled):
            steps.append(step)
            x = step.operator(x)
            continue
        layer = _mapped(step, config, x, seed + number)
        steps.append(layer)
        # Scales are those of the network as it was trained, without noise.
        sums = rows_of(x, step.layer) @ step.weight.T + step.bias
        if step.activated:
            sums = torch.tanh(sums) if layer.states is not None else functional.relu(sums)
        x = maps_of(sums, step.layer)
    return ScNetwork(tuple(steps))


def with_tanh(module: NetworkModule) -> NetworkModule:
    """The module, its listed ReLUs replaced by tanh in place, to be trained for Btanh; InputError for unlisted ones."""
    if module.relu_after:
        raise InputError(f"network {module.network.name!r}: its activations must be layers of its list to become tanh")
    for place, part in enumerate(module.operators):
        if isinstance(part, torch.nn.ReLU):
            module.operators[place] = torch.nn.Tanh()
    return module


def rescaled(layer: ScLayer) -> ScLayer:
    """The layer with weight, scales of weights and sums by the weights of its source."""
    weight = layer.source.weight
    weight_scale = weight.abs().amax(1).clamp(min=torch.finfo(torch.float32).tiny)
    return dataclasses.replace(layer, weight=weight / weight_scale[:, None], scale=weight_scale * layer.input_scale)


def _mapped(step: Weighted, config: ScConfig, x: Tensor, seed: int) -> ScLayer:
    inputs = step.weight.shape[1]
    tables = number_tables(config, inputs, seed)
    layer = rescaled(ScLayer(step, config, tables, step.weight, _nearly_largest(x), step.bias, None))
    if not uses_state_machine(config, last=not step.activated):
        return layer
    rows = layer.inputs(x)
    few = rows[torch.linspace(0, len(rows) - 1, min(len(rows), CALIBRATION_ROWS)).long()]
    variance = increment_variance(few, layer.weight, config, tables)
    return dataclasses.replace(layer, states=btanh_states(layer.scale / _share(config, inputs), variance))


def _share(config: ScConfig, inputs: int) -> float:
    """Mean increment of a state machine over the dot product: 1, but that a MUX passes one input of a block."""
    return len(input_blocks(config, inputs)) / inputs if config.accumulator is Accumulator.MUX else 1.0


def _nearly_largest(x: Tensor) -> float:
    """The magnitude that all but OUTLIERS of the values keep within, positive."""
    magnitudes = x.abs().flatten()
    kept = max(1, round(len(magnitudes) * (1 - OUTLIERS)))
    return float(magnitudes.kthvalue(kept).values.clamp(min=torch.finfo(torch.float32).tiny))


def _check_activation(module: NetworkModule, config: ScConfig) -> None:
    tanh = any(isinstance(part, torch.nn.Tanh) for part in module.operators)
    relu = bool(module.relu_after) or any(isinstance(part, torch.nn.ReLU) for part in module.operators)
    if (relu and config.activation is Activation.BTANH) or (tanh and config.activation is Activation.RELU):
        trained = "ReLU" if relu else "tanh"
        raise InputError(f"network {module.network.name!r} was trained with {trained}, not for {config.activation}")
