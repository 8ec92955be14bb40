"""Random small networks of every layer kind, and an independent forward pass of them in plain numpy loops."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from simint.network.layer import Layer, LayerKind, Shape
from simint.network.network import Network

Array = NDArray[np.float64]


@st.composite
def networks(draw: st.DrawFn, classifier: bool = False) -> Network:
    """One to seven layers after each other or across, 1-D or 2-D, all kinds, asymmetric padding, groups."""
    flat = draw(st.booleans())
    shape: Shape = (draw(st.integers(1, 6)), draw(st.integers(1, 9)), 1 if flat else draw(st.integers(1, 6)))
    layers: list[Layer] = []
    maps: dict[str, Shape] = {"INPUT": shape}
    last = "INPUT"
    for number in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(list(LayerKind)))
        if kind is LayerKind.ADD:
            # The addition keeps its first operand read; the second is any map of the same shape.
            other = draw(st.sampled_from([name for name, other in maps.items() if other == maps[last]]))
            layer = Layer(name=f"l{number}", kind=kind, ifm=maps[last], ofm=maps[last], inputs=(last, other))
        else:
            layer = _layer(draw, f"l{number}", kind, maps[last], flat)
        layers.append(layer)
        maps[layer.name] = layer.ofm
        last = layer.name
    if classifier:
        channels, height, width = maps[last]
        layers.append(Layer(name="pool", kind=LayerKind.GAVGPOOL, ifm=(channels, height, width), ofm=(channels, 1, 1)))
        layers.append(Layer(name="classes", kind=LayerKind.FC, ifm=(channels, 1, 1), ofm=(3, 1, 1), bias=True))
    return Network(name="random", layers=tuple(layers))


def _layer(draw: st.DrawFn, name: str, kind: LayerKind, ifm: Shape, flat: bool) -> Layer:
    channels, height, width = ifm
    if kind in (LayerKind.BN, LayerKind.RELU):
        return Layer(name=name, kind=kind, ifm=ifm, ofm=ifm)
    if kind is LayerKind.GAVGPOOL:
        return Layer(name=name, kind=kind, ifm=ifm, ofm=(channels, 1, 1))
    if kind is LayerKind.FC:
        units = draw(st.integers(1, 5))
        return Layer(name=name, kind=kind, ifm=ifm, ofm=(units, 1, 1), kernel=(height, width), bias=draw(st.booleans()))
    pad = (draw(st.integers(0, 3)), draw(st.integers(0, 3)), *((0, 0) if flat else _pair(draw, 0, 2)))
    kernel = (
        draw(st.integers(1, min(5, height + pad[0] + pad[1]))),
        1 if flat else draw(st.integers(1, min(4, width + pad[2] + pad[3]))),
    )
    stride = (draw(st.integers(1, 3)), 1 if flat else draw(st.integers(1, 3)))
    rows = (height + pad[0] + pad[1] - kernel[0]) // stride[0] + 1
    columns = (width + pad[2] + pad[3] - kernel[1]) // stride[1] + 1
    groups, filters = 1, channels
    if kind is LayerKind.CONV:
        groups = draw(st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0]))
        filters = groups * draw(st.integers(1, 3))
    return Layer(
        name=name,
        kind=kind,
        ifm=ifm,
        ofm=(filters, rows, columns),
        kernel=kernel,
        stride=stride,
        pad=pad,
        groups=groups,
        bias=kind is not LayerKind.POOL and draw(st.booleans()),
    )


def _pair(draw: st.DrawFn, low: int, high: int) -> tuple[int, int]:
    return draw(st.integers(low, high)), draw(st.integers(low, high))


def reference_maps(
    network: Network, weights: list[dict[str, Array]], x: Array, relu_after: frozenset[int] = frozenset()
) -> list[Array]:
    """Every layer's map of one sample x (channels, height, width), by the definition of each operator.

    `weights`: for every layer `weight` and `bias` as torch shapes them, for BN also `mean` and `variance`.
    """
    found: list[Array] = []
    for position, (layer, sources) in enumerate(zip(network.layers, network.producers(), strict=True)):
        inputs = [x if source < 0 else found[source] for source in sources]
        y = _apply(layer, weights[position], inputs)
        found.append(np.maximum(y, 0) if position in relu_after else y)
    return found


def padded(layer: Layer, x: NDArray[Any]) -> NDArray[Any]:
    """A map (channels, height, width) with the zeros of the layer around it."""
    top, bottom, left, right = layer.pad
    return np.pad(x, ((0, 0), (top, bottom), (left, right)))


def _apply(layer: Layer, own: dict[str, Any], inputs: list[Array]) -> Array:
    x = inputs[0]
    if layer.kind is LayerKind.RELU:
        return np.maximum(x, 0)
    if layer.kind is LayerKind.ADD:
        return x + inputs[1]
    if layer.kind is LayerKind.BN:
        per_channel = (slice(None), None, None)
        normal = (x - own["mean"][per_channel]) / np.sqrt(own["variance"][per_channel] + 1e-5)
        return normal * own["weight"][per_channel] + own["bias"][per_channel]
    if layer.kind is LayerKind.GAVGPOOL:
        return x.sum(axis=(1, 2), keepdims=True) / (x.shape[1] * x.shape[2])
    if layer.kind is LayerKind.FC:
        return (own["weight"] @ x.reshape(-1) + own.get("bias", 0))[:, None, None]
    y, around = np.zeros(layer.ofm), padded(layer, x)
    for m, r, c in np.ndindex(*layer.ofm):
        row, column = r * layer.stride[0], c * layer.stride[1]
        window = around[:, row : row + layer.kernel[0], column : column + layer.kernel[1]]
        if layer.kind is LayerKind.POOL:
            y[m, r, c] = window[m].mean()
            continue
        groups = layer.ofm[0] if layer.kind is LayerKind.DW else layer.groups
        inside = layer.ifm[0] // groups
        first = m // (layer.ofm[0] // groups) * inside
        y[m, r, c] = (window[first : first + inside] * own["weight"][m]).sum()
        if "bias" in own:
            y[m, r, c] += own["bias"][m]
    return y
