"""The parts both kinds of supernet are made of; shapes as in `simint.network.mbconv`."""

from __future__ import annotations

from nas.supernet.path_weights import Bottleneck, ConvBn
from nas.supernet.weight_store import Draft
from simint.network.mbconv import STEM_KERNEL, MbconvFamily


def drawn_stem(draft: Draft, tables: MbconvFamily) -> ConvBn:
    """The first convolution."""
    window, pad = tables.window(STEM_KERNEL), tables.padding(STEM_KERNEL)
    return draft.conv_bn(tables.stem_channels, tables.input_channels, window, padding=pad[::2])


def drawn_bottleneck(
    draft: Draft, tables: MbconvFamily, inputs: int, hidden: int, outputs: int, kernel: int, stride: int, *, added: bool
) -> Bottleneck:
    """Expansion to `hidden` channels, filter of each, projection; no shortcut yet, see `drawn_shortcut`."""
    strides = (stride, stride if tables.dimensions == 2 else 1)
    expand = draft.conv_bn(hidden, inputs, (1, 1))
    depthwise = draft.conv_bn(hidden, 1, tables.window(kernel), strides, tables.padding(kernel)[::2], groups=hidden)
    return Bottleneck(expand, depthwise, draft.conv_bn(outputs, hidden, (1, 1)), None, added)


def drawn_shortcut(draft: Draft, inputs: int, outputs: int) -> ConvBn:
    """The projection of a shortcut between maps of different channels."""
    return draft.conv_bn(outputs, inputs, (1, 1))
