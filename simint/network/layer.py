"""One operator of a network: its kind and shapes."""

from __future__ import annotations

import enum
import math

import msgspec

from simint.errors import InputError

Shape = tuple[int, int, int]  # channels, height, width

# Compiled code computes in 64-bit integers and doubles: below these every size, product and count is exact there.
LARGEST_SIZE = 2**31 - 1
LARGEST_COUNT = 2**53


class LayerKind(enum.StrEnum):
    """Operators of the cost model; a 1-D layer has width 1, a pointwise convolution is a CONV with a 1x1 kernel."""

    CONV = "CONV"
    DW = "DW"
    FC = "FC"
    BN = "BN"
    RELU = "RELU"
    ADD = "ADD"
    POOL = "POOL"
    GAVGPOOL = "GAVGPOOL"


WEIGHTED = frozenset({LayerKind.CONV, LayerKind.DW, LayerKind.FC})
ELEMENTWISE = frozenset({LayerKind.BN, LayerKind.RELU, LayerKind.ADD})


class Layer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shapes of one operator, in elements.

    `ifm`, `ofm`: channels, height, width of the input and output feature map. `pad`: top, bottom, left, right.
    `inputs`: names of the producing layers (`INPUT`: what the network is given); empty means the layer before. An ADD
    names two.
    Raises InputError where the shapes contradict each other.
    """

    name: str
    kind: LayerKind
    ifm: Shape
    ofm: Shape
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1
    bias: bool = False
    inputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problem = _contradiction(self)
        if problem:
            raise InputError(f"layer {self.name!r}: {problem}")

    @property
    def macs(self) -> int:
        """Multiply-accumulates (source: cost model specification 12.1, layer based)."""
        m, r, c = self.ofm
        kh, kw = self.kernel
        if self.kind in (LayerKind.CONV, LayerKind.FC):
            return kh * kw * r * c * m * (self.ifm[0] // self.groups)
        if self.kind is LayerKind.DW:
            return kh * kw * r * c * m
        return 0

    @property
    def flops(self) -> int:
        """Floating-point operations as the published search counts them (specification 12.1, layer based)."""
        m, r, c = self.ofm
        per_element = {LayerKind.BN: 4, LayerKind.ADD: 1, LayerKind.GAVGPOOL: 2}
        return 2 * self.macs + per_element.get(self.kind, 0) * m * r * c

    @property
    def weights(self) -> int:
        """Weight elements; a bias is not counted, as in the published tables (specification 5.2)."""
        kh, kw = self.kernel
        if self.kind in (LayerKind.CONV, LayerKind.FC):
            return self.ofm[0] * (self.ifm[0] // self.groups) * kh * kw
        if self.kind is LayerKind.DW:
            return self.ofm[0] * kh * kw
        return 4 * self.ofm[0] if self.kind is LayerKind.BN else 0


def _contradiction(layer: Layer) -> str | None:
    if min(*layer.ifm, *layer.ofm, *layer.kernel, *layer.stride, layer.groups) < 1 or min(layer.pad) < 0:
        return "sizes, strides and groups must be at least 1 and padding at least 0"
    if max(*layer.ifm, *layer.ofm, *layer.kernel, *layer.stride, *layer.pad, layer.groups) > LARGEST_SIZE:
        return f"no size may exceed {LARGEST_SIZE}"
    if max(math.prod(layer.ifm), math.prod(layer.ofm), layer.flops) > LARGEST_COUNT:
        return f"more than {LARGEST_COUNT} elements or operations"
    kind, (n, h, w), (m, r, c) = layer.kind, layer.ifm, layer.ofm
    if kind not in (LayerKind.CONV, LayerKind.DW) and layer.groups != 1:
        return f"{kind} has no groups"
    if kind in (LayerKind.CONV, LayerKind.FC) and (n % layer.groups or m % layer.groups):
        return f"groups={layer.groups} must divide {n} input and {m} output channels"
    if kind in ELEMENTWISE and layer.ifm != layer.ofm:
        return f"{kind} needs equal input and output shapes, got {layer.ifm} and {layer.ofm}"
    if kind in (LayerKind.DW, LayerKind.POOL, LayerKind.GAVGPOOL) and n != m:
        return f"{kind} keeps the number of channels, got {n} and {m}"
    if kind is LayerKind.GAVGPOOL and (r, c) != (1, 1):
        return f"GAVGPOOL has a 1x1 output, got {r}x{c}"
    if kind is LayerKind.FC and ((r, c) != (1, 1) or layer.kernel != (h, w) or any(layer.pad)):
        return f"FC covers its whole input: kernel {(h, w)}, output 1x1 and no padding expected"
    if kind in (LayerKind.CONV, LayerKind.DW, LayerKind.POOL):
        top, bottom, left, right = layer.pad
        expected = (
            (h + top + bottom - layer.kernel[0]) // layer.stride[0] + 1,
            (w + left + right - layer.kernel[1]) // layer.stride[1] + 1,
        )
        if min(expected) < 1:
            return f"a {h}x{w} input with this kernel, stride and padding is empty"
        if expected != (r, c):
            return (
                f"a {h}x{w} input with this kernel, stride and padding gives {expected[0]}x{expected[1]}, not {r}x{c}"
            )
    return None
